r"""The one policy on paths: what a file of a repository may be called. Pure.

Git accepts names that hurt whoever downloads them: `..\x` leaves the folder on Windows, `CON` is a
device there, `a:b` a hidden stream, two names that differ by case or Unicode form are one file on
most laptops, and some characters make a name read as another. A repository is for every machine, so
every way in (API, push, copy, upload form) asks these functions and nothing else.

Let through is what only keeps a name off Windows, which refuses such a name and does nothing else:
`?`, `*` and `|`, which stand in names made from URLs and patterns, and a moment's colons, as in
`results_2026-07-19T22:26:03.json`: repositories come from elsewhere with such names (record 0043).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from iriai.base.errors import Invalid
from iriai.repos.git.entries import EXECUTABLE_MODE, FILE_MODE, FOLDER_MODE

PATH_LENGTH_MAX = 1_024
NAME_LENGTH_MAX = 255
DEPTH_MAX = 50

_MISREAD = frozenset('<>"\\')
_KEPT_OFF_WINDOWS = frozenset("?*|")
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(?:[.:].*)?", re.IGNORECASE
)
_GIT_SHORT = re.compile(r"git~[0-9]+", re.IGNORECASE)
_JOINERS = frozenset("\u200c\u200d")  # needed by scripts and emoji; never part of a reserved name
_GIT_NAMES = frozenset({".git", ".gitmodules"})
_CLIENT_FOLDERS = (".cache/huggingface", ".huggingface")
"""Where clients keep their own records beside a download; a repository must not write them."""


def clean_path(path: str) -> str:
    """The path of a file as it is kept, or `Invalid` saying which rule it breaks."""
    require_path_allowed(path)
    return path


def clean_folder(path: str) -> str:
    """The path of a folder, with or without a slash at its end; "" is the root."""
    stripped = path.strip("/")
    if stripped:
        require_path_allowed(stripped)
    return stripped


def require_path_allowed(path: str) -> None:
    """Refuse a path that is not safe on every machine."""
    try:
        length = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        raise _refused(path, "it is not valid Unicode") from None
    if not path:
        raise _refused(path, "it is empty")
    if length > PATH_LENGTH_MAX:
        raise _refused(path, f"it is longer than {PATH_LENGTH_MAX} bytes")
    names = path.split("/")
    if len(names) > DEPTH_MAX:
        raise _refused(path, f"it is deeper than {DEPTH_MAX} folders")
    for name in names:
        reason = _fault(name)
        if reason:
            raise _refused(path, reason)
    bare = _bare(path)
    if any(bare == each or bare.startswith(each + "/") for each in _CLIENT_FOLDERS):
        raise _refused(path, "clients keep their own records under that name")


def decoded(path: bytes) -> str:
    """A path out of a git tree, as text."""
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(path.decode("utf-8", "backslashreplace"), "it is not valid UTF-8") from None


def require_mode_allowed(path: str, mode: int) -> None:
    """Only files and folders: links and submodules lead outside."""
    if mode not in (FILE_MODE, EXECUTABLE_MODE, FOLDER_MODE):
        raise _refused(path, "it is a symbolic link, a submodule or another thing that is no file")


def key(name: str) -> str:
    """Equal for names that are one file on some file system: case and Unicode form folded."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", name).casefold())
    return "".join(each for each in folded if unicodedata.category(each) != "Cf")


def require_distinct(folder: str, added: Iterable[str], present: Iterable[str]) -> None:
    """No added name may be the same file as another one of its folder."""
    added = set(added)
    others = {key(name): name for name in present if name not in added}
    for name in sorted(added):
        other = others.setdefault(key(name), name)
        if other != name:
            where = f"{folder}/{name}" if folder else name
            raise _refused(where, f"{other!r} beside it is the same file on some computers")


def require_distinct_beside(folder: str, added: Sequence[str], present: Sequence[bytes]) -> None:
    """The same for names as a tree has them, without decoding a long one where all are ASCII."""
    joined = b"\0".join(present)
    keys = {key(name) for name in added}
    if joined.isascii() and len(keys) == len(added):
        folded = b"\0" + joined.lower() + b"\0"
        if not any(f"\0{each}\0".encode() in folded for each in keys):
            return
    require_distinct(folder, added, [name.decode("utf-8", "replace") for name in present])


def _fault(name: str) -> str | None:
    """What is wrong with one name of a path."""
    if name in ("", ".", ".."):
        return "each name in it must be a name, not empty, '.' or '..'"
    if len(name.encode("utf-8")) > NAME_LENGTH_MAX:
        return f"a name in it is longer than {NAME_LENGTH_MAX} bytes"
    if name.startswith("-"):
        return "a name that starts with '-' reads as an option of a command"
    if name[-1] in ". ":
        return "Windows drops a dot or space at the end of a name"
    if not name.isascii():
        reason = _unicode_fault(name)
        if reason:
            return reason
    elif not name.isprintable():
        return "it holds a control character"
    if not _MISREAD.isdisjoint(name) or _is_stream(name):
        return 'Windows takes no name with one of < > : " \\ in it'
    return _reserved_fault(name) or _reserved_fault(name.partition(":")[0])


def _is_stream(name: str) -> bool:
    """Whether Windows takes what stands before a colon for a drive or a file with streams.

    It refuses the whole name where a character before the colon, or what stands where the stream's
    type would (`a:b:$DATA`), is none that it knows.
    """
    before, colon, after = name.partition(":")
    if not colon:
        return False
    if len(before) < 2:  # noqa: PLR2004 - a drive's letter
        return True
    kind = after.partition(":")[2]
    return _KEPT_OFF_WINDOWS.isdisjoint(before) and (not kind or kind.startswith("$"))


def _unicode_fault(name: str) -> str | None:
    for char in name:
        category = unicodedata.category(char)
        if (category == "Cf" and char not in _JOINERS) or category in (
            "Cc",
            "Zl",
            "Zp",
            "Cs",
            "Cn",
        ):
            return f"it holds the invisible or control character U+{ord(char):04X}"
    if unicodedata.normalize("NFC", name) != name:
        return "its accents are not in Unicode's composed form (NFC), which other computers expect"
    if name[-1].isspace() or name[0].isspace():
        return "a name in it starts or ends with a space"
    return None


def _reserved_fault(name: str) -> str | None:
    bare = _bare(name)
    if not bare:
        return "it holds nothing that can be seen"
    if bare in _GIT_NAMES or _GIT_SHORT.fullmatch(bare):
        return "the name is git's own"
    if _DEVICE.fullmatch(bare):
        return "the name is a device on Windows"
    return None


def _bare(name: str) -> str:
    """The name as the most forgiving file system compares it."""
    return key(name).rstrip(". ")


def _refused(path: str, reason: str) -> Invalid:
    shown = ascii(path if len(path) <= 100 else path[:100] + "…")  # noqa: PLR2004
    return Invalid(f"The path {shown} cannot be used: {reason}.", code="PathRefused")
