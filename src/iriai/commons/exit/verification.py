"""After an import: read it again, from this hub, and compare it with the export."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from iriai.base import events, ledger, merkle
from iriai.base.names import fold
from iriai.base.tx import Ground, Tx
from iriai.blobs import content
from iriai.blobs import queries as blobs
from iriai.blobs.rules import blob_key
from iriai.commons.exit import judging
from iriai.commons.exit.carrying import Told
from iriai.commons.exit.importing import Brought
from iriai.commons.exit.rules import Carried, Export
from iriai.commons.tlog import queries as log
from iriai.commons.tlog import replaying, verifying
from iriai.identity.tables import Account
from iriai.repos import queries as repos
from iriai.repos.tables import RepoRow


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was compared."""

    is_good: bool
    says: str


def compare(ground: Ground, folder: Path, brought: Brought, told: Told) -> Iterator[Line]:
    """Heads, large files, log and state here, beside those of the export."""
    export = judging.opened(folder)
    yield _heads(ground, export)
    yield _objects(ground, export, told)
    yield from _log(ground, export, brought.commons_id)
    done = replaying.replay(ground, brought.commons_id)
    yield Line(
        not done.differences,
        f"State: {len(done.found):,} rows are what the log says, {ledger.state_digest(done.found)}."
        if not done.differences
        else f"State: {len(done.differences):,} rows are not what the log says.",
    )


def _heads(ground: Ground, export: Export) -> Line:
    wrong, count = [], 0
    with ground.read() as tx:
        for repo in export.repos:
            found = repos.by_id(tx, _number(tx, repo))
            refs = sorted((each.name, each.sha, each.commit) for each in repos.refs(tx, found))
            count += len(refs)
            if refs != sorted(repo.refs):
                wrong.append(repo.name)
    if wrong:
        return Line(False, f"Heads: {', '.join(wrong)} differ.")
    return Line(True, f"Heads: {count:,} refs of {len(export.repos):,} repositories are the same.")


def _objects(ground: Ground, export: Export, told: Told) -> Line:
    wrong, done = [], 0
    for repo in export.repos:
        with ground.read() as tx:
            number = _number(tx, repo)
        for sha256, size in repo.objects:
            done += 1
            told("large files read again", done, None)
            if _digest(ground, number, sha256, size) != sha256:
                wrong.append(sha256)
    if wrong:
        return Line(False, f"Large files: {', '.join(wrong)} differ.")
    return Line(True, f"Large files: {done:,} have the SHA-256 they are called by.")


def _number(tx: Tx, repo: Carried) -> int:
    owner, _, name = repo.name.partition("/")
    return tx.connection.execute(
        select(RepoRow.id)
        .join(Account, Account.id == RepoRow.owner_id)
        .where(Account.name_key == fold(owner), RepoRow.name_key == fold(name))
        .where(RepoRow.kind == repo.kind, RepoRow.deleted_at.is_(None))
    ).scalar_one()


def _digest(ground: Ground, repo_id: int, sha256: str, size: int) -> str:
    digest = hashlib.sha256()
    with ground.read() as tx:
        stored = blobs.object(tx, repo_id, sha256)
        if stored is None or stored.damaged or stored.size != size:
            return ""
        terms = None
        if not stored.has_blob and stored.xet_hash is not None:
            terms = blobs.file_in(tx, repo_id, stored.xet_hash).terms
    if terms is None:
        for piece in ground.store.stream(blob_key(sha256)):
            digest.update(piece)
    elif size:
        for part in content.stream(ground, terms, 0, size - 1):
            digest.update(part)
    return digest.hexdigest()


def _log(ground: Ground, export: Export, commons_id: int) -> Iterator[Line]:
    with ground.read() as tx:
        keys = [each.key for each in log.keys(tx, commons_id)]
        notes = [each.note for each in log.checkpoints(tx, commons_id)]
        nodes = events.nodes(tx, commons_id)
        size = events.head(tx, commons_id).size
        then = merkle.root(export.size, nodes)
        proof = merkle.consistency(export.size, size, nodes)
        now = merkle.root(size, nodes)
    good = then.hex() == export.root
    good = good and merkle.verify_consistency(export.size, size, proof, then, now)
    yield Line(
        good,
        f"Proofs: the log of {size:,} entries begins with the {export.size:,} that were signed "
        f"at {export.origin}."
        if good
        else "Proofs: the log does not begin with what was signed.",
    )
    said = [
        each for note in notes if isinstance(each := verifying.said(note, keys), verifying.Said)
    ]
    with ground.read() as tx:
        found = [
            each
            for each in verifying.verify(
                lambda: log.entries(tx, commons_id), said, leaves=log.leaves(tx, commons_id)
            )
            if isinstance(each, verifying.Finding)
        ]
    whole = not found and len(said) == len(notes)
    yield Line(
        whole,
        f"Log: {size:,} entries are as {len(said):,} checkpoints say."
        if whole
        else f"Log: {found[0].message if found else 'a checkpoint is not signed.'}",
    )
