"""Events about repositories. What is private is named in the log by its number alone."""

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from iriai.base.events import canonical
from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.repos.rules import Ref, Repo
from iriai.repos.tables import RefRow

REFS_SAID_BYTES_MAX = 32 << 10
"""Refs that one entry names; of more it has the digest."""


def record(tx: Tx, actor: Actor, verb: str, repo: Repo, **facts: Any) -> None:
    """Say what happened to a repository, in its owner's commons."""
    if repo.is_private:
        private = {"repo": repo.address, **facts}
        tx.record(repo.commons_id, actor.name, verb, repo.subject, private=private)
    else:
        tx.record(repo.commons_id, actor.name, verb, repo.subject, **facts)


def where_refs_are(tx: Tx, repo_id: int) -> dict[str, Any]:
    """What an entry says of a repository's refs where nothing before it in its log does.

    `refs_at`, by name: what each names, and the commit that it comes down to. Of many, only
    `refs_digest`: the digest of just that.
    """
    asked = select(RefRow.name, RefRow.sha, RefRow.commit_sha).where(RefRow.repo_id == repo_id)
    found = refs_at(Ref(*row) for row in tx.connection.execute(asked))
    if len(canonical(found)) > REFS_SAID_BYTES_MAX:
        return {"refs_digest": refs_digest(found)}
    return {"refs_at": found}


def refs_at(refs: Iterable[Ref]) -> dict[str, list[str]]:
    """By name, what a ref names and its commit. Pure."""
    return {each.name: [each.sha, each.commit] for each in refs}


def refs_digest(found: dict[str, list[str]]) -> str:
    """The SHA-256 of the canonical JSON of such refs. Pure."""
    return hashlib.sha256(canonical(found)).hexdigest()
