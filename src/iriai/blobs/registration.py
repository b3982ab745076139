"""A shard comes in: files are registered, once everything it claims has been found true.

What it names must be in reach of its repository (`queries.xorbs_in_reach`); what is not is answered
as if it did not exist. The chunks must hash to the file's name, and the file's bytes to its
SHA-256, which costs reading them: the hub takes nobody's word for the name git will know them by.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, delete, select, update

from iriai.base.batches import batches
from iriai.base.errors import Invalid
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions, content, queries, rules
from iriai.blobs.queries import ChunkTables, Readable
from iriai.blobs.receiving import Room, anywhere
from iriai.blobs.rules import BlobState, Origin, XorbState
from iriai.blobs.tables import DedupChunk, FileXorb, Shard, ShardXorb, StoredBytes, XetFile, Xorb
from iriai.blobs.xet import shard as shards
from iriai.blobs.xet.hashes import to_hex
from iriai.blobs.xet.shard import ClaimedFile

Progress = Callable[[int, int], None]
"""Called with how many bytes are verified, of how many."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Whose shard it is. `readable`: what its sender may read; `own`: what is theirs.

    `room` is asked in the transaction that registers it; `fits`, before anything is hashed, about
    so many new bytes.
    """

    repo_id: int
    account_id: int | None
    readable: Readable
    own: Readable | None = None
    room: Room = anywhere
    fits: Callable[[Tx, int], None] = lambda _tx, _more: None


def register_shard(
    ground: Ground, upload: Upload, data: bytes, *, progress: Progress | None = None
) -> bool:
    """Register the files of a shard. Returns whether any was new to its repository."""
    shard = _with_content(shards.parse(data))
    with ground.read() as tx:
        _require_in_reach(tx, upload, shard)
        known = _verified_before(tx, shard)
        _require_fits(tx, upload, [file for file in shard.files if to_hex(file.hash) not in known])
        tables = ChunkTables.of(tx)
        for xorb in shard.xorbs:
            rules.require_xorb_as_claimed(xorb, tables[xorb.hash])
        for file in shard.files:
            rules.require_file_as_claimed(file, tables)
        found_by = rules.dedup_candidates(shard.files, shard.xorbs, tables)
    digests = _verified(ground, shard, known, progress)
    shard_id = secrets.token_hex(16)
    key = rules.shard_key(shard_id, ground.clock())
    ground.store.put(key, data)
    try:
        with ground.write() as tx:
            _assert_xorbs(tx, shard)
            _require_in_reach(tx, upload, shard)
            new = _keep_files(tx, upload, shard, digests)
            if new:
                upload.room(tx)
            row = {"id": shard_id, "repo_id": upload.repo_id, "account_id": upload.account_id}
            _keep_shard(tx, shard, {**row, "key": key, "size": len(data)}, found_by)
    except BaseException:
        ground.store.delete(key)
        raise
    return new


def _with_content(shard: shards.Shard) -> shards.Shard:
    """A shard without its empty files, which have no chunks: clients of buckets name them too."""
    return replace(shard, files=[each for each in shard.files if not _is_empty(each)])


def _is_empty(file: ClaimedFile) -> bool:
    """Whether a file is said to have no bytes, and nothing else is said of it."""
    nameless = not file.terms and not any(file.hash)
    return nameless and file.sha256 in (None, hashlib.sha256().hexdigest())


def _require_in_reach(tx: Tx, upload: Upload, shard: shards.Shard) -> None:
    named = shard.xorb_hashes()
    reached = queries.xorbs_in_reach(tx, upload.repo_id, named, upload.readable, upload.own)
    for xorb in sorted(named):
        if reached.get(xorb) != XorbState.LIVE:
            raise rules.missing_xorb(to_hex(xorb))


def _require_fits(tx: Tx, upload: Upload, unknown: Sequence[ClaimedFile]) -> None:
    """Refuse files that are not known yet before hashing them, where there is no room for them."""
    rules.require_hashable(sum(file.size for file in unknown))
    named = [file.sha256 for file in unknown if file.sha256 is not None]
    held = queries.objects(tx, upload.repo_id, named)
    upload.fits(tx, sum(file.size for file in unknown if file.sha256 not in held))


def _verified_before(tx: Tx, shard: shards.Shard) -> dict[str, str]:
    """The SHA-256 of those files of a shard that are registered and sound."""
    known: dict[str, str] = {}
    for some in batches((to_hex(file.hash) for file in shard.files), actions.BATCH):
        asked = select(XetFile.hash, XetFile.sha256).where(XetFile.hash.in_(some), ~XetFile.damaged)
        known.update((row.hash, row.sha256) for row in tx.connection.execute(asked))
    return known


def _verified(
    ground: Ground, shard: shards.Shard, known: Mapping[str, str], progress: Progress | None
) -> dict[str, str]:
    """The SHA-256 of each file of a shard, found out here; `Invalid` where it says another."""
    unknown = [file for file in shard.files if to_hex(file.hash) not in known]
    total = sum(file.size for file in unknown)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    digests = dict(known)
    for file in shard.files:
        name = to_hex(file.hash)
        if name not in digests:
            digests[name] = content.sha256(ground, file.terms, progress=advance)
        if file.sha256 is not None and file.sha256 != digests[name]:
            _explain_mismatch(ground, file)
    return digests


def _explain_mismatch(ground: Ground, file: ClaimedFile) -> None:
    """Raise what is wrong: the store, if a chunk is not what it was; else the shard."""
    content.sha256(ground, file.terms, verify=True)
    raise Invalid(
        f"File {to_hex(file.hash)} does not have the SHA-256 that the shard says.",
        code="HashMismatch",
    )


# -- in one transaction --------------------------------------------------------------------------


def _assert_xorbs(tx: Tx, shard: shards.Shard) -> None:
    """Lock the xorbs against the sweep, and begin their grace anew."""
    for some in batches(sorted(map(to_hex, shard.xorb_hashes())), actions.BATCH):
        tx.connection.execute(update(Xorb).where(Xorb.hash.in_(some)).values(asserted_at=tx.now))


def _keep_files(tx: Tx, upload: Upload, shard: shards.Shard, digests: Mapping[str, str]) -> bool:
    """Write files, their edges, their objects, and that the repository holds them.

    Always in the same order, so that two shards with the same files do not wait for each other.
    """
    named = {to_hex(file.hash): file for file in shard.files}
    files = {name: named[name] for name in sorted(named)}
    actions.assert_objects(tx, set(digests.values()))  # first, so that the sweep waits for us
    sizes = {digests[name]: file.size for name, file in files.items()}
    objects = (
        {
            "sha256": digest,
            "size": size,
            "blob_state": BlobState.NONE,
            "created_at": tx.now,
            "asserted_at": tx.now,
        }
        for digest, size in sorted(sizes.items())
    )
    actions.insert_new(tx, StoredBytes, objects)
    known = _verified_before(tx, shard)  # after that: the sweep may have been faster
    fresh = {name: file for name, file in files.items() if name not in known}
    _keep_terms(tx, fresh, digests)
    _point_objects(tx, {name: digests[name] for name in files})
    held = queries.objects(tx, upload.repo_id, list(digests.values()))
    actions.hold(tx, upload.repo_id, set(digests.values()), Origin.SENT)
    return len(held) < len(set(digests.values()))


def _keep_terms(tx: Tx, fresh: Mapping[str, ClaimedFile], digests: Mapping[str, str]) -> None:
    """Write files that are new, or were damaged and came anew, with their edges.

    Another may write the same file at the same moment, from other xorbs: it keeps its own then,
    and its edges are none of ours.
    """
    rows = [
        {
            "hash": name,
            "sha256": digests[name],
            "size": file.size,
            "damaged": False,
            "created_at": tx.now,
            "terms": queries.packed_terms(file.terms),
        }
        for name, file in fresh.items()
    ]
    ours: list[str] = []
    for some in batches(rows, actions.BATCH):
        new = tx.insert(XetFile).values(some)
        written = new.on_conflict_do_update(
            index_elements=[XetFile.hash],
            set_={"terms": new.excluded.terms, "damaged": False},
            where=XetFile.damaged.is_(True),
        ).returning(XetFile.hash)
        ours += tx.connection.execute(written).scalars()
    for mine in batches(ours, actions.BATCH):
        before = FileXorb.file_hash.in_(mine)
        tx.connection.execute(delete(FileXorb).where(before))
    edges = (
        {"file_hash": name, "xorb_hash": xorb}
        for name in sorted(ours)
        for xorb in sorted({to_hex(term.xorb) for term in fresh[name].terms})
    )
    actions.insert_new(tx, FileXorb, edges)


def _point_objects(tx: Tx, digests: Mapping[str, str]) -> None:
    """Read objects from these Xet files, where they have no sound one already."""
    sound = select(XetFile.hash).where(~XetFile.damaged)
    unserved = StoredBytes.xet_hash.is_(None) | StoredBytes.xet_hash.not_in(sound)
    pointed = update(StoredBytes).where(StoredBytes.sha256 == bindparam("digest"), unserved)
    if digests:
        tx.connection.execute(
            pointed.values(xet_hash=bindparam("name")),
            [{"digest": digest, "name": name} for name, digest in digests.items()],
        )


def _keep_shard(
    tx: Tx, shard: shards.Shard, row: Mapping[str, object], found_by: list[bytes]
) -> None:
    """Write the upload, its xorbs in order, and the chunks by which it can be found."""
    actions.insert_new(tx, Shard, [{**row, "created_at": tx.now}])
    shard_id = row["id"]
    places = dict.fromkeys(to_hex(xorb.hash) for xorb in shard.xorbs)
    for file in shard.files:
        places.update(dict.fromkeys(to_hex(term.xorb) for term in file.terms))
    actions.insert_new(
        tx,
        ShardXorb,
        (
            {"shard_id": shard_id, "place": place, "xorb_hash": xorb}
            for place, xorb in enumerate(places)
        ),
    )
    actions.insert_new(
        tx,
        DedupChunk,
        ({"chunk_hash": to_hex(chunk), "shard_id": shard_id} for chunk in found_by),
    )
