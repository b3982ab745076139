"""Pictures and recordings that people put into what they say: `POST /uploads` of the clients.

Each is kept in the store under a random name that its address is made of: whoever reads the comment
sees the picture, and nobody finds it otherwise. What it claims to be is judged by its first bytes.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, insert, select

from iriai.base.errors import Excessive, HubError, Invalid, Unknown
from iriai.base.tx import Ground, Tx
from iriai.cards import reading
from iriai.discussions.tables import AttachmentRow
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in

KEY_BYTES = 16
HEAD_BYTES = 256 * 1024
BYTES_MAX = 10 << 20
VIDEO_BYTES_MAX = 50 << 20
A_DAY_MAX = 200
ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or recording. `name` is the last piece of its address."""

    name: str
    content_type: str
    size: int

    @property
    def key(self) -> str:
        """Where the store keeps it."""
        return store_key(self.name)


def store_key(name: str) -> str:
    """Where the store keeps the attachment of this name."""
    return f"uploads/{name[:2]}/{name}"


def clean_type(given: str) -> str:
    """A type that can be attached, or `Invalid`."""
    content_type = given.partition(";")[0].strip().lower()
    if content_type not in ENDINGS:
        raise Invalid(f"What can be attached: {', '.join(sorted(ENDINGS))}.")
    return content_type


def size_max(content_type: str) -> int:
    """How large one of this type may be."""
    return VIDEO_BYTES_MAX if content_type.startswith("video/") else BYTES_MAX


def require_may_attach(tx: Tx, actor: Actor) -> None:
    """Whoever is signed in may, so many times a day, with a token that may discuss."""
    require_may(actor, Act.DISCUSS, Subject(require_signed_in(actor), is_public=True))
    today = select(func.count(AttachmentRow.name)).where(
        AttachmentRow.account_id == actor.id, AttachmentRow.at > tx.now - timedelta(days=1)
    )
    if tx.connection.execute(today).scalar_one() >= A_DAY_MAX:
        raise Excessive(f"At most {A_DAY_MAX} files are attached in a day; try again tomorrow.")


def attach(ground: Ground, actor: Actor, path: Path, content_type: str) -> Attachment:
    """Keep a file that has come; the file is consumed."""
    size = path.stat().st_size
    with path.open("rb") as file:
        require_is(content_type, file.read(HEAD_BYTES))
    name = f"{secrets.token_hex(KEY_BYTES)}.{ENDINGS[content_type]}"
    made = Attachment(name, content_type, size)
    with ground.read() as tx:
        require_may_attach(tx, actor)
    ground.store.put(made.key, path)
    try:
        with ground.write() as tx:
            require_may_attach(tx, actor)
            row = {
                "name": name,
                "account_id": actor.id,
                "content_type": content_type,
                "size": size,
                "at": tx.now,
            }
            tx.connection.execute(insert(AttachmentRow), row)
    except HubError:
        ground.store.delete(made.key)
        raise
    return made


def attachment(tx: Tx, name: str) -> Attachment:
    """The attachment of this name."""
    asked = select(AttachmentRow.name, AttachmentRow.content_type, AttachmentRow.size).where(
        AttachmentRow.name == name
    )
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise Unknown("There is nothing at this address.", code="NotFound")
    return Attachment(*row)


def require_is(content_type: str, head: bytes) -> None:
    """The first bytes must be of what the file claims to be."""
    if content_type.startswith("image/"):
        reading.image_size(head)
    is_so = {
        "image/png": head.startswith(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg": head.startswith(b"\xff\xd8\xff"),
        "image/gif": head.startswith((b"GIF87a", b"GIF89a")),
        "image/webp": head[:4] == b"RIFF" and head[8:12] == b"WEBP",
        "video/mp4": head[4:8] == b"ftyp",
        "video/quicktime": head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"),
        "video/webm": head.startswith(b"\x1aE\xdf\xa3"),
        "audio/mpeg": head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
        "audio/wav": head[:4] == b"RIFF" and head[8:12] == b"WAVE",
    }[content_type]
    if not is_so:
        raise Invalid(f"This file is no {content_type}.")
