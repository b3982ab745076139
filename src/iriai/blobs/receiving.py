"""Bytes come in: a xorb, an object, an object in parts.

Each waits in a staging file, was hashed while it was written or is read through here, and is kept
only when it is what it says. Nothing is acknowledged before its bytes and its row are durable. Of
several who send the same thing at once one at a time stores it, so that row and bytes agree.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import delete, select

from iriai.base import turns
from iriai.base.errors import Invalid, Unknown
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions, rules
from iriai.blobs.rules import Origin, XorbState
from iriai.blobs.tables import Multipart, Part
from iriai.blobs.xet import xorb as xorbs
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import to_hex

Room = Callable[[Tx], None]
"""Asked in a transaction whether there is room for what came in with it; refuses or does not."""


def anywhere(tx: Tx) -> None:
    """There always is."""
    del tx


def receive_xorb(
    ground: Ground, repo_id: int, name: str, staged: Path, table: ChunkTable | None = None
) -> bool:
    """Keep the xorb in a staging file, which is consumed, if it is the one that `name` names.

    `table` is what was read of it while it arrived; without one it is read now. Returns whether it
    is new to this repository.
    """
    try:
        table = table or _read_xorb(staged)
        _require_named(staged, table, name)
        with turns.taken(ground, rules.xorb_key(name)):
            with ground.write() as tx:
                claim = actions.claim_xorb(tx, repo_id, name, table)
            stored = _store_xorb(ground, name, staged, claim)
            with ground.write() as tx:
                return actions.keep_xorb(tx, repo_id, name, table if stored else None)
    finally:
        staged.unlink(missing_ok=True)


def _read_xorb(staged: Path) -> ChunkTable:
    with staged.open("rb", buffering=0) as source:
        return xorbs.read(source)


def _require_named(staged: Path, table: ChunkTable, name: str) -> None:
    """Refuse a xorb that is not the one named; cut off any footer."""
    if to_hex(table.root()) != name:
        raise Invalid("This xorb does not hash to its name.", code="HashMismatch")
    if table.body_bytes < staged.stat().st_size:
        os.truncate(staged, table.body_bytes)


def _store_xorb(ground: Ground, name: str, staged: Path, claim: actions.XorbClaim) -> bool:
    """Store a xorb's bytes, unless it has them: whether these are the ones that are stored now.

    The same chunks can be packed in many ways, and readers are told the places of the way that is
    stored. So what is sound stays as it is, whoever sends it packed otherwise; and what is not is
    said to be damaged before other bytes take its place. What lies there without being counted on
    (an upload died, a backup came back) goes: it may be as long, and packed otherwise.
    """
    key = rules.xorb_key(name)
    if claim.state in (XorbState.LIVE, XorbState.TOMBSTONE):
        if _is_there(ground, key, claim.body_bytes):
            return False
        with ground.write() as tx:
            actions.mark_xorb_damaged(tx, name)
    ground.store.delete(key)
    ground.store.put(key, staged)
    return True


def receive_object(  # noqa: PLR0917 - what, for whom, whether there is room
    ground: Ground,
    repo_id: int,
    sha256: str,
    size: int,
    staged: Path,
    room: Room = anywhere,
) -> None:
    """Keep the object in a staging file, which is consumed and whose SHA-256 has been checked.

    `room` is asked in the transaction that keeps it, and may refuse.
    """
    try:
        with turns.taken(ground, rules.blob_key(sha256)):
            _keep_object(ground, repo_id, sha256, size, staged, room)
    finally:
        staged.unlink(missing_ok=True)


def _keep_object(  # noqa: PLR0917 - as above
    ground: Ground, repo_id: int, sha256: str, size: int, staged: Path, room: Room
) -> None:
    with ground.write() as tx:
        claim = actions.claim_object(tx, sha256, size)
        if claim.is_sound:  # held at once: the sweep may be about to forget it
            actions.hold(tx, repo_id, [sha256], Origin.SENT)
            room(tx)
            return
    key = rules.blob_key(sha256)
    if claim.is_damaged or not _is_there(ground, key, size):
        ground.store.delete(key)
    ground.store.put(key, staged)
    with ground.write() as tx:
        actions.keep_object(tx, repo_id, sha256)
        room(tx)


def _is_there(ground: Ground, key: str, size: int) -> bool:
    """Whether bytes of this length lie under a key."""
    try:
        return ground.store.size(key) == size
    except Unknown:
        return False


# -- in parts ------------------------------------------------------------------------------------


def begin_parts(tx: Tx, repo_id: int, sha256: str, size: int) -> str:
    """Begin an upload in parts; its id."""
    multipart = secrets.token_hex(16)
    row = {
        "id": multipart,
        "repo_id": repo_id,
        "sha256": sha256,
        "size": size,
        "created_at": tx.now,
    }
    actions.insert_new(tx, Multipart, [row])
    return multipart


def receive_part(
    ground: Ground, multipart: str, number: int, staged: Path, *, size: int, etag: str
) -> None:
    """Keep one part, whose length and hash were taken while it was written."""
    try:
        with ground.read() as tx:
            upload = _upload(tx, multipart)
        expected = rules.part_size(upload.size, number)
        if size != expected:
            raise Invalid(f"Part {number} has {expected} bytes, not {size}.")
        key = rules.part_key(multipart, number)
        ground.store.delete(key)
        ground.store.put(key, staged)
        try:
            with ground.write() as tx:
                _note_part(tx, multipart, number, etag)
        except Unknown:
            ground.store.delete(key)
            raise
    finally:
        staged.unlink(missing_ok=True)


def _note_part(tx: Tx, multipart: str, number: int, etag: str) -> None:
    """A part has come, perhaps again; `Unknown` where its upload was completed meanwhile."""
    _upload(tx, multipart, stays=True)
    row = {"multipart_id": multipart, "number": number, "etag": etag}
    statement = tx.insert(Part).values(row)
    tx.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["multipart_id", "number"], set_={"etag": etag}
        )
    )


def complete_parts(
    ground: Ground,
    multipart: str,
    etags: Sequence[str],
    room_of: Callable[[Tx, int], Room] | None = None,
) -> None:
    """Join the parts in order, check the whole, and keep it as an object.

    `room_of` tells what to ask whether there is room in a repository.
    """
    with ground.read() as tx:
        upload = _upload(tx, multipart)
        room = room_of(tx, upload.repo_id) if room_of else anywhere
        sent = select(Part.etag).where(Part.multipart_id == multipart).order_by(Part.number)
        kept = list(tx.connection.execute(sent).scalars())
    if len(kept) != rules.part_count(upload.size):
        raise Invalid(f"{len(kept)} of {rules.part_count(upload.size)} parts have come so far.")
    if [etag.strip('"') for etag in etags] != kept:
        raise Invalid("The parts named are not the parts that came.")
    staged, digest = _joined(ground, multipart, len(kept))
    if digest != upload.sha256:
        staged.unlink()
        raise Invalid("The parts together do not have this SHA-256.", code="HashMismatch")
    receive_object(ground, upload.repo_id, upload.sha256, upload.size, staged, room)
    forget_parts(ground, multipart, len(kept))


def forget_parts(ground: Ground, multipart: str, count: int) -> None:
    """Remove the parts of an upload that is complete or was given up."""
    for number in range(1, count + 1):
        ground.store.delete(rules.part_key(multipart, number))
    with ground.write() as tx:
        tx.connection.execute(delete(Multipart).where(Multipart.id == multipart))


def _joined(ground: Ground, multipart: str, count: int) -> tuple[Path, str]:
    """A staging file with all parts, and its SHA-256."""
    digest = hashlib.sha256()
    with NamedTemporaryFile(dir=ground.store.staging(), prefix="join-", delete=False) as file:
        try:
            for number in range(1, count + 1):
                for piece in ground.store.stream(rules.part_key(multipart, number)):
                    digest.update(piece)
                    file.write(piece)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return Path(file.name), digest.hexdigest()


def _upload(tx: Tx, multipart: str, *, stays: bool = False) -> Multipart:
    """An upload in parts; with `stays`, one that is there until this transaction ends."""
    lock = {"read": True} if stays else None
    upload = tx.session.get(Multipart, multipart, with_for_update=lock)
    if upload is None:
        raise Unknown("There is no such upload, or it is complete already.")
    return upload
