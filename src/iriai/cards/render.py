"""A card's Markdown as HTML that is safe on our own origin.

GitHub-flavoured: tables, task lists, footnotes, strike-through, bare links, heading anchors, code
highlighted by classes. Raw HTML is kept where harmless and is text otherwise (`raw.py`). All of it
then goes through nh3 with a list of what may stay. Links and images inside the repository lead to
its own URLs; an image from elsewhere becomes a link, for loading it would tell its host who reads
this page.
"""

import math
import re
import time
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import linkify
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

from iriai.cards import raw, rules

TEXT_LENGTH_MAX = 250_000
CODE_LENGTH_MAX = 32_000
CODE_BLOCKS_MAX = 200
CACHED_CARDS = 32
SECONDS_MAX = 2.0
"""Of a processor: what is laid out once is kept, and must not tell how busy the machine was."""
RAW_TAGS_MAX = 4_000
HEADINGS_MAX = 1_000
LINKED_LENGTH_MAX = 20_000
WORD_LENGTH_MAX = 1_000
ID_PREFIX = "card-"

LANGUAGES = {
    "bash": "bash", "sh": "bash", "shell": "bash", "zsh": "bash", "console": "console",
    "python": "python", "py": "python", "python3": "python", "pycon": "pycon", "json": "json",
    "jsonl": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml", "ini": "ini", "c": "c",
    "cpp": "cpp", "c++": "cpp", "rust": "rust", "go": "go", "java": "java", "js": "javascript",
    "javascript": "javascript", "ts": "typescript", "typescript": "typescript", "html": "html",
    "css": "css", "sql": "sql", "diff": "diff", "r": "r", "julia": "julia", "swift": "swift",
    "dockerfile": "docker", "docker": "docker", "makefile": "make", "xml": "xml",
}  # fmt: skip
"""The names a code block may carry, and the highlighter for each."""

TAGS = frozenset(
    """
    a abbr b blockquote br caption center cite code dd del details dfn div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q rp rt ruby s samp section
    small span strong sub summary sup table tbody td tfoot th thead tr u ul var
    """.split()  # noqa: SIM905  a table of words
)
ATTRIBUTES = {
    "*": {"id", "title", "dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
    "tr": {"align"},
    "p": {"align"},
    "div": {"align"},
    "h1": {"align"},
    "h2": {"align"},
    "h3": {"align"},
    "table": {"align"},
    "details": {"open"},
    "input": {"checked"},
}
_TOKEN_CLASSES = {short for short in STANDARD_TYPES.values() if short}
CLASSES = {
    "span": _TOKEN_CLASSES,
    "div": {"highlight"},
    "a": {"external-image", "footnote-backref", "anchor"},
    "ul": {"contains-task-list"},
    "ol": {"contains-task-list", "footnotes-list"},
    "li": {"task-list-item", "footnote-item"},
    "input": {"task-list-item-checkbox"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
FIXED = {
    "input": {"type": "checkbox", "disabled": "", "aria-label": "task"},
    "img": {"loading": "lazy", "decoding": "async"},
    "pre": {"tabindex": "0"},
}
SCHEMES = {"http", "https", "mailto"}

_ANCHORS_AND_IMAGES = re.compile(r"<a\b[^>]*>|</a>|<img\b[^>]*>")
_SOURCE = re.compile(r'\ssrc="([^"]*)"')
_ALTERNATIVE = re.compile(r'\salt="([^"]*)"')
_RAW_TAG = re.compile(r"<[A-Za-z]")
_SIZE = re.compile(r"\d{1,4}%?")


@lru_cache(CACHED_CARDS)
def html(text: str, *, resolve: str, blob: str, folder: str = "") -> str:
    """The HTML of Markdown `text` (front matter left out).

    `resolve` and `blob` are URL prefixes that end in a slash, for the repository's files as bytes
    (images) and as pages (links). `folder` is the one the text lies in.
    """
    _, body = rules.split(text)
    cut = body[:TEXT_LENGTH_MAX]
    rendered = _rendered(cut)
    if len(body) > len(cut):
        rendered += "<p><em>This text is too long to be shown whole.</em></p>"
    once = nh3.clean(
        rendered,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel=None,
    )
    return nh3.clean(
        _linked_images(once),
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        set_tag_attribute_values=FIXED,
        attribute_filter=_Addresses(resolve, blob, folder),
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer ugc",
        id_prefix=ID_PREFIX,
    )


class _TooSlow(Exception):
    """Laying this text out would take longer than a page may."""


def _rendered(text: str) -> str:
    """The HTML of Markdown as it comes, or the text as it stands where that takes too long."""
    if _RAW_TAG.subn("", text, RAW_TAGS_MAX + 1)[1] <= RAW_TAGS_MAX:
        try:
            return str(_MARKDOWN.render(text, {"until": time.thread_time() + SECONDS_MAX}))
        except _TooSlow:
            pass
    said = "This text takes too long to be laid out; it is shown as it stands."
    return f"<p><em>{said}</em></p><pre><code>{escape(text)}</code></pre>"


class _Addresses:
    """nh3's attribute filter: where links and images may lead."""

    def __init__(self, resolve: str, blob: str, folder: str) -> None:
        self.resolve, self.blob = resolve, blob
        self.folder = [part for part in folder.split("/") if part]

    def __call__(self, _tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return self._address(value, self.blob)
        if attribute == "src":
            return None if _is_elsewhere(value) else self._address(value, self.resolve)
        if attribute in {"width", "height", "colspan", "rowspan", "start"}:
            return value if _SIZE.fullmatch(value) else None
        if attribute == "align":
            return value if value in {"left", "right", "center"} else None
        return value

    def _address(self, value: str, base: str) -> str | None:
        value = re.sub(r"[\x00-\x20]+", " ", value).strip()
        if "\\" in value or value.startswith(("//", "/ ")):
            return None  # browsers read these as another host
        if value.startswith("#"):
            return f"#{ID_PREFIX}{value[1:]}" if len(value) > 1 else None
        try:
            parts = urlsplit(value)
        except ValueError:
            return None
        if parts.scheme:
            return value if parts.scheme.lower() in SCHEMES else None
        if value.startswith("/"):
            return value
        path = self._inside(parts.path)
        if path is None:
            return None
        tail = f"#{parts.fragment}" if parts.fragment else ""
        return base + quote(path, safe="/%:@!$&'()*+,;=~") + tail

    def _inside(self, path: str) -> str | None:
        """`path` from the text's own folder, as a path in the repository."""
        here = list(self.folder)
        for part in path.split("/"):
            if part == "..":
                if not here:
                    return None
                here.pop()
            elif part not in {"", "."}:
                here.append(part)
        return "/".join(here)


def _is_elsewhere(url: str) -> bool:
    url = url.strip()
    return bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]{2}", url))


def _linked_images(cleaned: str) -> str:
    """Each image from elsewhere as a link to it; inside a link, as its words.

    It works on nh3's output, where every attribute is quoted, and what it makes is cleaned again.
    """
    inside_link = False

    def replaced(found: re.Match[str]) -> str:
        nonlocal inside_link
        element = found.group()
        if not element.startswith("<img"):
            inside_link = element != "</a>"
            return element
        source = _SOURCE.search(element)
        if source is None or not _is_elsewhere(source.group(1)):
            return element
        alternative = _ALTERNATIVE.search(element)
        words = (alternative.group(1) if alternative else "").strip() or "image"
        if inside_link:
            return words
        return f'<a class="external-image" href="{source.group(1)}">{words}</a>'

    return _ANCHORS_AND_IMAGES.sub(replaced, cleaned)


def _highlighted(code: str, language: str, _attributes: str) -> str:
    name = LANGUAGES.get(language.strip().lower())
    if name is None or len(code) > CODE_LENGTH_MAX:
        return ""
    return str(highlight(code, get_lexer_by_name(name), _FORMATTER))


def _fence(_self: Any, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    """A code block, highlighted as long as there are not too many of them."""
    _require_time(env)
    token = tokens[index]
    env["blocks"] = env.get("blocks", 0) + 1
    language = token.info.strip().split(maxsplit=1)[0] if token.info.strip() else ""
    coloured = ""
    if env["blocks"] <= CODE_BLOCKS_MAX:
        coloured = _highlighted(token.content, language, "")
    inner = coloured or escape(token.content)
    return f'<div class="highlight"><pre><code>{inner}</code></pre></div>\n'


def _aligned(state: Any) -> None:
    """Table cells say how they are aligned by attribute; styles are not let through."""
    for token in state.tokens:
        if token.type in {"th_open", "td_open"} and "style" in token.attrs:
            token.attrs["align"] = str(token.attrs.pop("style")).removeprefix("text-align:")


def _require_time(env: Any) -> None:
    if time.thread_time() > env.get("until", math.inf):
        raise _TooSlow


def _few_headings(state: Any) -> None:
    """Anchors of the same name are told apart one by one, which takes the square of them."""
    if sum(token.type == "heading_open" for token in state.tokens) > HEADINGS_MAX:
        raise _TooSlow


def _clock(state: Any, *_where: Any) -> bool:
    """A rule that never fits; asked at every step, it ends what takes too long."""
    _require_time(state.env)
    return False


def _linkified(state: Any) -> None:
    """Bare links become links, one paragraph after the other, where there is time.

    What has no spaces for long, or is very long, has none: looking for them takes its square.
    """
    tokens = state.tokens
    for token in tokens:
        _require_time(state.env)
        words = token.content.split() if "://" in token.content else []
        longest = max(map(len, words), default=0)
        if 0 < longest <= WORD_LENGTH_MAX and len(token.content) <= LINKED_LENGTH_MAX:
            state.tokens = [token]
            linkify(state)
    state.tokens = tokens


def _slug(title: str) -> str:
    return "-".join(re.sub(r"[^\w\s-]", "", title.strip().lower()).split())


def _made() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True, "linkify": True, "typographer": False})
    markdown.enable(["table", "strikethrough", "linkify"])
    if markdown.linkify is not None:
        markdown.linkify.set({"fuzzy_link": False, "fuzzy_email": False})  # `model.md` is a file
    markdown.use(footnote_plugin).use(tasklists_plugin)
    markdown.use(anchors_plugin, max_level=6, slug_func=_slug, permalink=False)
    markdown.core.ruler.push("aligned", _aligned)
    markdown.core.ruler.at("linkify", _linkified)
    markdown.core.ruler.before("linkify", "few_headings", _few_headings)
    markdown.block.ruler.before("code", "clock", _clock)
    markdown.inline.ruler.before("text", "clock", _clock)
    markdown.add_render_rule("fence", _fence)
    raw.install(markdown, TAGS, _require_time)
    return markdown


_FORMATTER = HtmlFormatter(nowrap=True)
_MARKDOWN = _made()
