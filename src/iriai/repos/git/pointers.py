"""Pointers: the small texts that stand in git for large files (the git-lfs specification, v1)."""

import re

from iriai.base.errors import Invalid
from iriai.repos.git.entries import Lfs

POINTER_LENGTH_MAX = 1_023
POINTER_VERSION = "version https://git-lfs.github.com/spec/v1"
_POINTER = re.compile(
    rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\r?\n"
    rb"(?:ext-\d-\w+ sha256:[0-9a-f]{64}\r?\n)*"
    rb"oid sha256:([0-9a-f]{64})\r?\nsize (\d{1,18})\s*"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def pointer_text(sha256: str, size: int) -> bytes:
    """The canonical pointer to a large file."""
    if not _SHA256.fullmatch(sha256):
        raise Invalid("A large file is named by its SHA-256: 64 lower case hex digits.")
    if size < 0:
        raise Invalid("A large file cannot have a negative size.")
    return f"{POINTER_VERSION}\noid sha256:{sha256}\nsize {size}\n".encode()


def pointer(content: bytes) -> Lfs | None:
    """What `content` says if it is a pointer, else None."""
    if len(content) > POINTER_LENGTH_MAX or not content.startswith(b"version "):
        return None
    found = _POINTER.fullmatch(content)
    if found is None:
        return None
    return Lfs(sha256=found[1].decode(), size=int(found[2]), pointer_size=len(content))
