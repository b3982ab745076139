"""Which files are large, and how git stands in for them: pointers, .gitattributes, samples. Pure.

A pointer is a small text in the tree that names a large file by its SHA-256. It is a *reference*
and grants nothing: what a repository may read is decided by the rows of `blobs`. `.gitattributes`
is matched as git does (`wildmatch` with path names, the last match wins, a deeper file wins).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pathspec import GitIgnoreSpec

from iriai.base.errors import Invalid
from iriai.repos.git.entries import Lfs
from iriai.repos.git.pointers import pointer, pointer_text

__all__ = ["pointer", "pointer_text"]

REGULAR_BYTES_MAX = 10_000_000
SAMPLE_LENGTH = 512
ATTRIBUTES_LENGTH_MAX = 100_000
PATTERNS_MAX = 2_000
IGNORE_LENGTH_MAX = 100_000


def is_binary(sample: bytes) -> bool:
    """Whether the first bytes of a file are something other than UTF-8 text."""
    if b"\0" in sample:
        return True
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start < len(sample) - 3 or error.reason != "unexpected end of data"
    return False


@dataclass(frozen=True, slots=True)
class _Pattern:
    matches: re.Pattern[str]
    on_name: bool
    is_large: bool


class Attributes:
    """What `.gitattributes` files say about large files. Keys are folders, "" the root."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._folders = {folder: _patterns(text) for folder, text in texts.items()}

    def is_large(self, path: str) -> bool:
        """Whether `filter=lfs` holds for this path."""
        large = False
        for folder, patterns in sorted(self._folders.items(), key=lambda each: len(each[0])):
            if folder and not path.startswith(folder + "/"):
                continue
            inner = path[len(folder) + 1 :] if folder else path
            name = inner.rpartition("/")[2]
            for each in patterns:
                if each.matches.fullmatch(name if each.on_name else inner):
                    large = each.is_large
        return large


@lru_cache(maxsize=256)
def _patterns(text: str) -> tuple[_Pattern, ...]:
    """The lines that set or unset the filter, in order."""
    found: list[_Pattern] = []
    for line in text[:ATTRIBUTES_LENGTH_MAX].splitlines():
        pattern, words = _split(line.strip())
        if not pattern or pattern[0] in "#!" or pattern.startswith("[attr]"):
            continue
        states = [word for word in words if word.lstrip("-!").partition("=")[0] == "filter"]
        if not states or pattern.endswith("/"):
            continue
        on_name = "/" not in pattern
        regex = re.compile(wildmatch(pattern.removeprefix("/")), re.DOTALL)
        found.append(_Pattern(regex, on_name, states[-1] == "filter=lfs"))
        if len(found) >= PATTERNS_MAX:
            break
    return tuple(found)


def _split(line: str) -> tuple[str, list[str]]:
    """A line's pattern, which may be quoted as in C, and its attributes."""
    if not line.startswith('"'):
        words = line.split()
        return (words[0], words[1:]) if words else ("", [])
    closing = re.match(r'"((?:[^"\\]|\\.)*)"', line)
    if closing is None:
        return "", []
    return re.sub(r"\\(.)", r"\1", closing[1]), line[closing.end() :].split()


def wildmatch(pattern: str) -> str:
    """Git's pattern as a regular expression: `*` and `?` stop at slashes, `**` does not."""
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            piece, at = _stars(pattern, at)
        elif char == "[":
            piece, at = _bracket(pattern, at)
        elif char == "\\" and at + 1 < len(pattern):
            piece, at = re.escape(pattern[at + 1]), at + 2
        else:
            piece, at = {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char), at + 1
        out.append(piece)
    return "".join(out)


def _stars(pattern: str, at: int) -> tuple[str, int]:
    """`**` between slashes spans folders; elsewhere it is one `*`."""
    end = at
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    opens = at == 0 or pattern[at - 1] == "/"
    if end - at == 2 and opens and end == len(pattern):  # noqa: PLR2004
        return ".*", end
    if end - at == 2 and opens and pattern[end] == "/":  # noqa: PLR2004
        return "(?:.*/)?", end + 1
    return "[^/]*", end


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """A set like `[a-z]` or `[!0-9]`, never a slash; an unclosed one matches nothing."""
    end = at + 1
    if end < len(pattern) and pattern[end] in "!^":
        end += 1
    if end < len(pattern) and pattern[end] == "]":
        end += 1
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    if end >= len(pattern):
        return r"(?!)", len(pattern)
    inside = pattern[at + 1 : end]
    negated = inside[:1] in ("!", "^")
    body = inside[1:] if negated else inside
    body = re.sub(r"([\[\]^&~|])", r"\\\1", body.replace("\\", ""))
    candidate = f"(?!/)[{'^' if negated else ''}{body}]"
    try:
        re.compile(candidate)
    except re.error:
        return r"(?!)", end + 1
    return candidate, end + 1


class Ignored:
    """What a `.gitignore` leaves out."""

    def __init__(self, text: str | None) -> None:
        lines = (text or "")[:IGNORE_LENGTH_MAX].splitlines()[:PATTERNS_MAX]
        self._spec = GitIgnoreSpec.from_lines(lines) if lines else None

    def __contains__(self, path: str) -> bool:
        return self._spec is not None and self._spec.match_file(path)


def is_large(path: str, size: int, sample: bytes, attributes: Attributes) -> bool:
    """Whether a file is to be sent as a large one: what preupload answers."""
    if size == 0:
        return False
    return attributes.is_large(path) or size > REGULAR_BYTES_MAX or is_binary(sample)


def require_regular_size(path: str, size: int) -> None:
    """Git keeps small files only."""
    if size > REGULAR_BYTES_MAX:
        raise Invalid(
            f"{path!r} has {size:,} bytes; files above {REGULAR_BYTES_MAX:,} bytes are sent as "
            "large files: upload it with a current client, or track it with `git lfs track`.",
            code="FileTooLarge",
        )


def require_known(pointers: Iterable[tuple[str, Lfs]], known: Mapping[str, int]) -> None:
    """A pointer may only name bytes that this repository was given, at their true size."""
    for path, each in pointers:
        if each.sha256 not in known:
            raise Invalid(
                f"{path!r} points to a large file whose bytes this repository was not given: "
                f"{each.sha256}. Upload it first (`git lfs push`, or a current client).",
                code="LargeFileMissing",
            )
        if known[each.sha256] != each.size:
            raise Invalid(
                f"{path!r} says that {each.sha256} has {each.size} bytes; it has "
                f"{known[each.sha256]}.",
                code="LargeFileMismatch",
            )


_ALWAYS = """
7z arrow bin bz2 ckpt ftz gz h5 joblib lz4 msgpack npy npz onnx parquet pb pickle pkl pt pth rar tar
tgz xz zip zst
"""
_OF_MODELS = "gguf mlmodel model ot safetensors tflite wasm"
_OF_DATASETS = """
aac avi duckdb flac gif jpeg jpg mds mkv mov mp3 mp4 ogg pcm png raw sam tif tiff wav webm webp
"""
ENDINGS = {
    "model": (_ALWAYS + _OF_MODELS).split(),
    "dataset": (_ALWAYS + _OF_DATASETS).split(),
    "space": (_ALWAYS + _OF_MODELS).split(),
}
"""File name endings that are large files from the first commit on, per kind of repository."""


def gitattributes(kind: str) -> bytes:
    """The `.gitattributes` of a new repository."""
    patterns = [f"*.{ending}" for ending in ENDINGS[kind]]
    patterns += ["*.tar.*", "saved_model/**/*", "*tfevents*"]
    lines = [f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in sorted(patterns)]
    return "".join(lines).encode()
