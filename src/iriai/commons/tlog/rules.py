"""Signed notes, checkpoints and tiles, as C2SP writes them. Pure.

A *note* is text, a blank line, and lines that sign the text: `— name base64(key hash || signature)`
(c2sp.org/signed-note). A *checkpoint* is a note whose text is three lines: the log's origin, its
size, and its root in base64 (c2sp.org/tlog-checkpoint). *Tiles* are runs of 256 hashes of one level
of the tree, so that anyone can follow a log with plain downloads that caches may keep for ever
(c2sp.org/tlog-tiles). A key is given away as `name+hash+base64(algorithm || public key)`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iriai.base.errors import Invalid
from iriai.base.numbers import whole

ED25519 = b"\x01"
KEY_BYTES = 32
SIGNATURE_BYTES = 64
HASH_BYTES = 32
KEY_HASH_BYTES = 4
DASH = "\N{EM DASH} "
SIGNATURES_MAX = 16
NOTE_BYTES_MAX = 16 * 1024
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVEL_MAX = 6
"""Tiles of this level span 2^56 entries; no log has more."""
ENTRY_PREFIX_BYTES = 2
DIGITS = 3
TILE = re.compile(r"((?:x[0-9]{3}/){0,5})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signs: the name in the note, and 32 bytes of Ed25519."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """Four bytes by which a signature says which key it is of."""
        named = self.name.encode() + b"\n" + ED25519 + self.public
        return hashlib.sha256(named).digest()[:KEY_HASH_BYTES]

    @property
    def text(self) -> str:
        """The key as verifiers are told it."""
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.hash.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note."""

    name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text (which ends with a new line) and its signatures, none of them believed yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Tile:
    """`width` hashes of the tree's level `level * 8`, from `index * 256` on."""

    index: int
    width: int

    @property
    def start(self) -> int:
        """The first of its hashes, or entries."""
        return self.index * TILE_WIDTH

    @property
    def is_full(self) -> bool:
        """Whether it will never change."""
        return self.width == TILE_WIDTH


def clean_origin(name: str) -> str:
    """A name for a log or a key: no spaces and no plus."""
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise Invalid(f"{name!r} cannot name a log: it may hold neither spaces nor a plus.")
    return name


def read_key(text: str) -> PublicKey:
    """A verifier's key; its hash has to be right."""
    name, _, rest = text.strip().partition("+")
    claimed, _, encoded = rest.partition("+")
    raw = _decoded(encoded)
    if raw is None or raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES:
        raise Invalid("This is not a key of a log: NAME+HASH+KEY, of Ed25519.")
    key = PublicKey(clean_origin(name), raw[1:])
    if key.hash.hex() != claimed:
        raise Invalid("The key's hash does not belong to it.")
    return key


def read_note(text: str) -> Note:
    """The parts of a note."""
    body, blank, signed = text.rpartition("\n\n")
    if len(text.encode()) > NOTE_BYTES_MAX or not blank or not signed.endswith("\n"):
        raise Invalid("This is not a signed note: text, an empty line, and signatures.")
    lines = signed.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise Invalid("This note has too many signatures.")
    return Note(body + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    raw = _decoded(encoded)
    if not line.startswith(DASH) or not name or raw is None or len(raw) <= KEY_HASH_BYTES:
        raise Invalid("A signature line of this note is not one.")
    return Signature(name, raw[:KEY_HASH_BYTES], raw[KEY_HASH_BYTES:])


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; further lines are allowed and mean nothing to us."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1]:  # noqa: PLR2004 - three lines and what follows the last
        raise Invalid("This is not a checkpoint: origin, size and root, each on a line.")
    origin, size, root = lines[0], lines[1], _decoded(lines[2])
    count = whole(size)
    if not origin or count is None or str(count) != size or root is None or len(root) != HASH_BYTES:
        raise Invalid("This is not a checkpoint: origin, size and root, each on a line.")
    return Checkpoint(origin, count, root)


def signed(text: str, key: PublicKey, seed: bytes) -> str:
    """The note of a text, signed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - 3 MB
        Ed25519PrivateKey,
    )

    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    return f"{text}\n{DASH}{key.name} {base64.b64encode(key.hash + signature).decode()}\n"


def public_of(seed: bytes) -> bytes:
    """The public half of a private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def signers(note: Note, keys: Sequence[PublicKey]) -> list[PublicKey]:
    """Which of these keys have signed the note. A signature that claims a key and lies is none."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    found = []
    for each in note.signatures:
        for key in keys:
            if (each.name, each.key_hash) != (key.name, key.hash):
                continue
            try:
                public = Ed25519PublicKey.from_public_bytes(key.public)
                public.verify(each.signature, note.text.encode())
            except InvalidSignature:
                continue
            found.append(key)
    return found


def tile_path(tile: Tile) -> str:
    """A tile's place below its level: `x001/x234/067`, and `.p/W` where it is not full."""
    digits = str(tile.index)
    digits = digits.zfill(-(-len(digits) // DIGITS) * DIGITS)
    groups = [digits[at : at + DIGITS] for at in range(0, len(digits), DIGITS)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if tile.is_full else f"{path}.p/{tile.width}"


def read_tile_path(path: str) -> Tile:
    """The tile that a path names, in its one accepted form."""
    found = TILE.fullmatch(path)
    if found is None:
        raise Invalid("This is not the path of a tile, such as x001/234 or 000.p/17.")
    index = int(found[1].replace("x", "").replace("/", "") + found[2])
    tile = Tile(index, int(found[3]) if found[3] else TILE_WIDTH)
    if tile.width > TILE_WIDTH or tile_path(tile) != path:
        raise Invalid("This is not the path of a tile, such as x001/234 or 000.p/17.")
    return tile


def tiles(size: int) -> Iterator[Tile]:
    """The tiles over `size` hashes; the last may be partial."""
    for index in range(-(-size // TILE_WIDTH)):
        yield Tile(index, min(TILE_WIDTH, size - index * TILE_WIDTH))


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as an entry tile holds them: each behind its length, two bytes, big end first."""
    return b"".join(len(each).to_bytes(ENTRY_PREFIX_BYTES, "big") + each for each in entries)


def unbundled(raw: bytes) -> list[bytes]:
    """The entries in an entry tile."""
    found, at = [], 0
    while at < len(raw):
        start = at + ENTRY_PREFIX_BYTES
        at = start + int.from_bytes(raw[at:start], "big")
        if at > len(raw) or start > len(raw):
            raise Invalid("A tile of entries breaks off.")
        found.append(raw[start:at])
    return found


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
