"""Which files are large, and how git stands in for them: pointers, .gitattributes, samples. Pure.

A pointer is a small text in the tree that names a large file by its SHA-256. It is a *reference*
and grants nothing: what a repository may read is decided by the rows of `blobs`. `.gitattributes`
is matched as git does (`wildmatch` with path names, the last match wins, a deeper file wins).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from iriai.base.errors import Invalid
from iriai.repos.git.entries import Lfs
from iriai.repos.git.pointers import pointer, pointer_text
from iriai.repos.wildmatch import Pattern

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
class _Line:
    pattern: Pattern
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
            for each in patterns:
                if each.pattern.matches(inner):
                    large = each.is_large
        return large


@lru_cache(maxsize=256)
def _patterns(text: str) -> tuple[_Line, ...]:
    """The lines that set or unset the filter, in order."""
    found: list[_Line] = []
    for line in text[:ATTRIBUTES_LENGTH_MAX].splitlines():
        pattern, words = _split(line.strip())
        if not pattern or pattern[0] in "#!" or pattern.startswith("[attr]"):
            continue
        states = [word for word in words if word.lstrip("-!").partition("=")[0] == "filter"]
        if not states or pattern.endswith("/"):
            continue
        found.append(_Line(Pattern(pattern), states[-1] == "filter=lfs"))
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


class Ignored:
    """What a `.gitignore` leaves out: the last matching line decides, a folder takes all in it."""

    def __init__(self, text: str | None) -> None:
        lines = (text or "")[:IGNORE_LENGTH_MAX].splitlines()
        found = (_ignore_line(line) for line in lines)
        self._lines = [line for line in found if line is not None][:PATTERNS_MAX]

    def __contains__(self, path: str) -> bool:
        names = path.split("/")
        return bool(self._lines) and any(
            self._decides("/".join(names[:depth]), is_folder=depth < len(names))
            for depth in range(1, len(names) + 1)
        )

    def _decides(self, path: str, *, is_folder: bool) -> bool:
        for line in reversed(self._lines):
            if (is_folder or not line.folders_only) and line.pattern.matches(path):
                return line.leaves_out
        return False


@dataclass(frozen=True, slots=True)
class _IgnoreLine:
    pattern: Pattern
    leaves_out: bool
    folders_only: bool


def _ignore_line(line: str) -> _IgnoreLine | None:
    """A line of a `.gitignore`; None for comments and blanks."""
    while line.endswith((" ", "\t")) and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    leaves_out = not line.startswith("!")
    pattern = line.removeprefix("!")
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    return _IgnoreLine(Pattern(pattern), leaves_out, folders_only) if pattern else None


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
    "dataset": (_ALWAYS + _OF_MODELS + _OF_DATASETS).split(),
    "space": (_ALWAYS + _OF_MODELS).split(),
}
"""File name endings that are large files from the first commit on, per kind of repository."""


def gitattributes(kind: str) -> bytes:
    """The `.gitattributes` of a new repository."""
    patterns = [f"*.{ending}" for ending in ENDINGS[kind]]
    patterns += ["*.lfs.*", "*.tar.*", "saved_model/**/*", "*tfevents*"]
    lines = [f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in sorted(patterns)]
    return "".join(lines).encode()


def missing(path: str, sha256: str) -> Invalid:
    """Bytes that a commit names, and nobody sent there."""
    return Invalid(
        f"{path[:200]!r}: the bytes of {sha256} were not sent to this repository. Upload the file "
        "first, then commit it.",
        code="LargeFileMissing",
    )
