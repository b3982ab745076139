"""Raw HTML in Markdown: tags that may stay go on to the sanitiser, all else is text.

A sanitiser reads HTML as browsers do, and for them some tags swallow what comes after: `<script>`,
`<style>`, `<title>`, a comment or a quote that nobody closes. In prose these are words that
somebody typed, as are `<unk>` and `List<int>`. So what is no allowed tag is escaped before it is
read as HTML, and begins no block of HTML; the Markdown after it is Markdown. (GitHub's tag filter
does so for nine names; here the few that may stay are known, and all others are escaped.)

This makes nothing safe, for which the sanitiser is there, after it.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.html_block import html_block
from markdown_it.token import Token

LAYOUT = frozenset(
    """
    article aside body big col colgroup font footer header hgroup html main nav nobr picture source
    strike tt wbr
    """.split()  # noqa: SIM905  a table of words
)
"""Tags that say how something looks: the sanitiser leaves them out and keeps what they hold."""

_WHITE = r"[\t\n\f\r ]"
_TAG = re.compile(
    rf"""
    </?([a-z][a-z0-9]*)(?={_WHITE}|/|>)
    (?:
        (?:{_WHITE}|/)++
      | [^\t\n\f\r /><][^\t\n\f\r /><=]*+
        (?:{_WHITE}*+={_WHITE}*+(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r "'><][^\t\n\f\r ><]*+|(?=>)))?+
    )*+
    >
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""A tag to its end, as browsers find it (HTML standard, 13.2.5): quotes count only after `=`.

They also take a `<` into it; here the tag before was never closed, and is text."""
_COMMENT = re.compile(r"<!--(?:-?>|.*?-->)", re.DOTALL)
_CODE = re.compile(r"<(style|script)\b[^>]*+>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
_BEGINNING = re.compile(r"</?([a-z][a-z0-9-]*)", re.IGNORECASE | re.ASCII)
_COMMENT_END = "-->"

Watch = Callable[[Any], None]
"""Is given a rendering's environment, and raises when its time is up."""


def install(markdown: MarkdownIt, allowed: frozenset[str], watch: Watch) -> None:
    """Let only these tags, of lower-case names, be HTML in what `markdown` renders."""
    passing = allowed | LAYOUT

    def block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
        return _begins(state, first, passing) and html_block(state, first, last, silent)

    def in_block(_self: Any, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
        return _filtered(tokens[index].content, passing, lambda: watch(env))

    def in_line(_self: Any, tokens: list[Token], index: int, _options: Any, _env: Any) -> str:
        content = tokens[index].content
        if _COMMENT.fullmatch(content):
            return ""
        tag = _TAG.fullmatch(content)
        passes = tag is not None and tag.group(1).lower() in passing
        return content if passes else escape(content, quote=False)

    also_ends: Any = {"alt": ["paragraph", "reference", "blockquote"]}
    markdown.block.ruler.at("html_block", block, also_ends)
    markdown.add_render_rule("html_block", in_block)
    markdown.add_render_rule("html_inline", in_line)


def _begins(state: StateBlock, line: int, passing: frozenset[str]) -> bool:
    """Whether a line may begin a block of HTML: by a tag that passes, or by what is closed."""
    at = state.bMarks[line] + state.tShift[line]
    if state.src.startswith("<!--", at):
        return at < _last(state, _COMMENT_END)
    begun = _BEGINNING.match(state.src, at)
    if begun is None:
        return False
    name = begun.group(1).lower()
    if name in {"style", "script", "pre"}:
        return at < _last(state, f"</{name}")
    return name in passing


def _last(state: StateBlock, text: str) -> int:
    """Where a text stands last in what is rendered; looked for once."""
    if text not in state.env:
        state.env[text] = state.src.lower().rfind(text)
    return int(state.env[text])


def _filtered(html: str, passing: frozenset[str], watch: Callable[[], None]) -> str:
    """A block of raw HTML in which only tags that pass are HTML."""
    pieces, done = [], 0
    while (at := html.find("<", done)) >= 0:
        watch()
        pieces.append(html[done:at])
        done = at + 1
        tag = _TAG.match(html, at)
        if tag is not None and tag.group(1).lower() in passing:
            pieces.append(tag.group())
            done = tag.end()
        elif comment := _COMMENT.match(html, at):
            done = comment.end()
        elif code := _CODE.match(html, at):
            pieces.append(_folded(code))
            done = code.end()
        else:
            pieces.append("&lt;")
    pieces.append(html[done:])
    return "".join(pieces)


def _folded(code: re.Match[str]) -> str:
    """What is for a browser and not for a reader: there for who unfolds it, and never run."""
    name, content = code.group(1).lower(), escape(code.group(2), quote=False)
    said = f"<summary><code>&lt;{name}&gt;</code></summary>"
    return f"<details>{said}<pre><code>{content}</code></pre></details>\n"
