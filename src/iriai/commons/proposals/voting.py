"""Casting a ballot, open or secret. One voter has one ballot, however often it is sent.

An open ballot is a row under its voter's name. A secret one goes into the urn under a key that
only the voter's code gives; nothing is recorded in the log, since an entry has a time. What the
urn was before is forgotten by the database too, as far as it can: each version of it beside the
next would join a ballot to a name.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from iriai.base.db import forget, keeps_what_was
from iriai.base.errors import Conflict
from iriai.base.tx import Ground, Tx
from iriai.commons.charter import queries as charters
from iriai.commons.membership import actions as members
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import allowed, queries, rules, secrecy, steps
from iriai.commons.proposals.rules import Proposal
from iriai.commons.proposals.tables import BallotRow, ProposalRow, UrnRow
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a voter gets: their marks back; of a secret ballot its code, which nobody else has."""

    voter: str
    marks: tuple[int | None, ...]
    code: str | None = None
    receipt: str | None = None


def vote(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    number: int,
    *,
    marks: Sequence[int | None],
    voice: int | str | None = None,
    code: str | None = None,
) -> Receipt:
    """Cast a ballot, or change it. `voice` is for whom one votes, by number or name."""
    account_id = require_signed_in(actor)
    owner = membership.organisation_id(tx, commons_id) or 0
    require_may(actor, Act.DECIDE, Subject(owner, is_public=True))
    found = steps.advance(tx, queries.proposal(tx, commons_id, number).id)
    row = queries.locked(tx, found.id)
    allowed.require_may_vote(found, tx.now)
    mine = queries.voters(tx, found, account_id)
    wanted = str(account_id if voice is None else voice).casefold()
    voter = next((x for x in mine if wanted in (str(x.account_id), x.name.casefold())), None)
    if voter is None and voice is None and len(mine) == 1:
        voter = mine[0]  # who speaks for one institution alone need not say so
    name = charters.name_of(tx, commons_id)
    allowed.require_elector(0 if voter is None else voter.votes, name)
    assert voter is not None  # noqa: S101 - or it would have been refused
    clean = rules.clean_marks(found, marks)
    if found.is_secret:
        return _secretly(tx, found, voter, clean, code)
    _openly(tx, actor, row, voter, clean)
    return Receipt(voter.name, tuple(clean))


def cast(
    ground: Ground,
    actor: Actor,
    commons_id: int,
    number: int,
    *,
    marks: Sequence[int | None],
    voice: int | str | None = None,
    code: str | None = None,
) -> Receipt:
    """Cast a ballot as `vote` does, in its own transaction; after a secret one, forget what was."""
    with ground.write() as tx:
        receipt = vote(tx, actor, commons_id, number, marks=marks, voice=voice, code=code)
    if receipt.receipt is not None:
        forget_what_was(ground)
    return receipt


def forget_what_was(ground: Ground) -> bool:
    """Have the database forget what urns were; False where it must be tried again."""
    try:
        return forget(ground.engine, UrnRow.__tablename__)
    except Exception:  # the ballot is in; the clock tries again
        log.exception("What the urns held before could not be wiped.")
        return False


def keep_forgetting(ground: Ground) -> None:
    """Forget what urns were while secret votes run, for where a reader was in the way."""
    with ground.read() as tx:
        runs = tx.connection.execute(select(UrnRow.proposal_id).limit(1)).first() is not None
    if runs:
        forget_what_was(ground)


def who_could_see(ground: Ground) -> str:
    """Who could see how one votes secretly on this hub, in honest words."""
    return secrecy.who_could_see(keeps_what_was=keeps_what_was(ground.engine))


def _openly(
    tx: Tx,
    actor: Actor,
    row: ProposalRow,
    voter: queries.Voter,
    marks: list[int | None],
) -> None:
    asked = select(BallotRow).where(
        BallotRow.proposal_id == row.id, BallotRow.voter_id == voter.account_id
    )
    ballot = tx.session.scalars(asked).one_or_none()
    verb = "voted on" if ballot is None else "voted anew on"
    if ballot is None:
        ballot = BallotRow(commons_id=row.commons_id, proposal_id=row.id, voter_id=voter.account_id)
        tx.session.add(ballot)
    ballot.cast_by_id = require_signed_in(actor)
    ballot.marks, ballot.cast_at = marks, tx.now
    tx.session.flush()
    facts: dict[str, Any] = {}
    if voter.account_id != actor.id:
        facts["voter"] = voter.name
        members.note_activity(tx, row.commons_id, voter.account_id)
    steps.record(tx, actor.name, verb, row, **facts)


def _secretly(
    tx: Tx,
    found: Proposal,
    voter: queries.Voter,
    marks: list[int | None],
    code: str | None,
) -> Receipt:
    asked = select(UrnRow).where(UrnRow.proposal_id == found.id).with_for_update()
    urn = tx.session.scalars(asked.execution_options(populate_existing=True)).one_or_none()
    if urn is None:
        raise Conflict("There is no vote on this proposal now.", code="NotVoting")
    given = code.strip() if code else ""
    used = given or secrecy.new_code()
    key = secrecy.receipt(f"{found.commons}/{found.number}", used)
    urn.roll, urn.ballots = secrecy.cast(
        list(urn.roll),
        urn.ballots,
        voter_id=voter.account_id,
        key=key,
        ballot={"marks": marks, "votes": voter.votes},
        new=not given,
    )
    tx.session.flush()
    return Receipt(voter.name, tuple(marks), used, key)
