"""Letting builds elsewhere publish here, and giving their runs a token."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from iriai.base.errors import Denied, Invalid, Unknown
from iriai.base.events import HUB
from iriai.base.tx import Ground, Tx
from iriai.identity import admission
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Actor, Reach, Subject, Via, require_may, require_signed_in
from iriai.signin import issuers
from iriai.signin.issuers import Unproved
from iriai.signin.publishers import queries, rules
from iriai.signin.publishers.rules import Run
from iriai.signin.publishers.tables import Publisher, SpentAssertion

RepoOf = Callable[[Tx, Actor], int | None]
"""Which repository is meant, as far as this actor may see it; None where an account is."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A run that showed a signed token, and when that token can come again no more."""

    issuer: str
    run: Run
    digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """A token for a run. `raw` is seen here and never again."""

    raw: str = field(repr=False)
    lasts: timedelta = rules.TOKEN


def add_publisher(
    tx: Tx,
    actor: Actor,
    *,
    issuer: str,
    repository: str,
    number: str = "",
    workflow: str,
    environment: str = "",
    subject: Subject | None = None,
) -> Publisher:
    """Let runs of a build act in one's name: on a repository, or (None) to read what is gated."""
    mine = _own(actor)
    if subject is not None:
        require_may(actor, Act.WRITE, subject)
    if issuer not in rules.issuers(tx.ground.settings.publishers):
        raise Invalid("This hub does not know this build service.")
    wanted = rules.clean_wanted(
        repository=repository, number=number, workflow=workflow, environment=environment
    )
    count = select(func.count()).where(Publisher.account_id == mine)
    rules.require_room(tx.connection.execute(count.select_from(Publisher)).scalar_one())
    made = Publisher(
        account_id=mine,
        repo_id=None if subject is None else subject.repo_id,
        issuer=issuer,
        repository=wanted.repository,
        repository_key=wanted.repository.casefold(),
        repository_number=wanted.number,
        workflow=wanted.workflow,
        environment=wanted.environment,
        created_at=tx.now,
    )
    tx.session.add(made)
    tx.session.flush()
    private = {"issuer": issuer, "repository": wanted.repository, "repo": made.repo_id}
    tx.record(HUB, actor.name, "let in", f"publisher/{made.id}", private=private)
    return made


def remove_publisher(tx: Tx, actor: Actor, *, publisher_id: int) -> None:
    """Let those runs act no more. Tokens given out already last their hour at most."""
    found = tx.session.get(Publisher, publisher_id)
    if found is None or found.account_id != _own(actor):
        raise Unknown("You have no such publisher.", code="PublisherNotFound")
    tx.session.delete(found)
    tx.record(HUB, actor.name, "shut out", f"publisher/{publisher_id}")


def prove(ground: Ground, raw: str) -> Proof:
    """Which run a signed token was made for, by the keys of the service that signed it."""
    known = rules.issuers(ground.settings.publishers)
    issuer = issuers.issuer_named(raw)
    if issuer not in known:
        raise Unproved("This hub does not know who signed this token.", code="invalid_grant")
    claims = issuers.proved(ground, issuer, raw, audience=ground.settings.url, now=ground.clock())
    lasts_until = datetime.fromtimestamp(float(claims["exp"]), UTC)
    return Proof(
        issuer=issuer,
        run=rules.run(known[issuer], claims),
        digest=_once(issuer, claims, raw),
        expires_at=lasts_until + timedelta(seconds=2 * issuers.LEEWAY_SECONDS),
    )


def publish(ground: Ground, proof: Proof, *, account: str | None, repo_of: RepoOf) -> Published:
    """A token for a run, for what its publisher stands for. A signed token is taken once.

    `account` is whose gated repositories the run wants to read; else `repo_of` says which one it
    wants to publish to. Whatever does not fit gets the same answer.
    """
    with ground.write() as tx:
        found = _fitting(tx, proof, account=account, repo_of=repo_of)
        if found is None:
            raise Unproved(
                "No trusted publisher here fits this run: check the repository, the workflow and "
                "the environment in the settings of whoever let it in.",
                code="invalid_grant",
            )
        publisher, actor = found
        _spend(tx, proof)
        tx.connection.execute(
            update(Publisher)
            .where(Publisher.id == publisher.id)
            .values(
                repository_number=proof.run.number,
                repository=proof.run.repository,
                repository_key=proof.run.repository.casefold(),
                last_used_at=tx.now,
            )
        )
        minted = admission.issue_token(
            tx,
            actor.name,
            publisher.account_id,
            name=f"publisher {proof.run.repository}"[: rules.NAME_LENGTH_MAX],
            role=Reach.FINE_GRAINED,
            grants=rules.grants(publisher.repo_id),
            lasts=rules.TOKEN,
            via=Via.PUBLISHER,
        )
    return Published(minted.raw)


def _fitting(
    tx: Tx, proof: Proof, *, account: str | None, repo_of: RepoOf
) -> tuple[Publisher, Actor] | None:
    """The publisher that stands for this run and for what it wants, and in whose name."""
    for publisher in _candidates(tx, proof):
        if not rules.fits(queries.wanted(publisher), proof.run):
            continue
        try:
            actor = identity.actor(tx, publisher.account_id)
        except Denied:
            continue
        if account is not None:
            if publisher.repo_id is None and account == actor.name:
                return publisher, actor
        elif publisher.repo_id is not None and repo_of(tx, actor) == publisher.repo_id:
            return publisher, actor
    return None


def _candidates(tx: Tx, proof: Proof) -> Sequence[Publisher]:
    named = Publisher.repository_key == proof.run.repository.casefold()
    numbered = Publisher.repository_number == proof.run.number
    asked = select(Publisher).where(Publisher.issuer == proof.issuer, named | numbered)
    return tx.session.scalars(asked.order_by(Publisher.id)).all()


def _spend(tx: Tx, proof: Proof) -> None:
    """Take a signed token; two that come at once cannot both be taken."""
    row = {"digest": proof.digest, "expires_at": proof.expires_at}
    taken = tx.connection.execute(
        tx.insert(SpentAssertion)
        .values(row)
        .on_conflict_do_nothing()
        .returning(SpentAssertion.digest)
    ).first()
    if taken is None:
        raise Unproved("This token was used already; ask for a new one.", code="invalid_grant")


def _once(issuer: str, claims: Mapping[str, object], raw: str) -> bytes:
    """What makes a signed token this one and no other: its issuer and number, or all of it."""
    number = claims.get("jti")
    told = f"{issuer}\0jti\0{number}" if number else f"{issuer}\0all\0{raw.rpartition('.')[0]}"
    return hashlib.sha256(told.encode()).digest()


def _own(actor: Actor) -> int:
    mine = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(mine))
    return mine
