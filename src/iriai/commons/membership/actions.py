"""What people do about their own membership, and for others': apply, vouch, rest, return.

Each is one's own word and needs no decision. Admission itself is one: once an applicant has what
the charter asks for, `enactment.people` puts them to the members.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries, rules, speaking
from iriai.commons.membership.rules import Kind, State
from iriai.commons.membership.tables import Activity, Member, Sponsor
from iriai.identity import queries as people
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.identity.tables import Account

ACTIVITY_EVERY = timedelta(days=1)


def apply(
    tx: Tx, actor: Actor, commons_id: int, *, text: str = "", institution: str = ""
) -> Member:
    """Ask to become a member, oneself or (by name) as the institution that one speaks for."""
    mine = taking_part(tx, actor, commons_id)
    charter = charters.in_force(tx, commons_id)
    rules.require_collective(charter)
    who, kind = mine, Kind.PERSON
    if institution:
        account = people.organisation(tx, institution)
        if not queries.represents(tx, mine, account.id):
            raise Denied(f"Only who administers {account.name} can apply for it.", code="Forbidden")
        if account.id == queries.organisation_id(tx, commons_id):
            raise Invalid("A commons cannot be a member of itself.")
        who, kind = account.id, Kind.INSTITUTION
    rules.require_may_apply(queries.member(tx, commons_id, who), tx.now)
    row = _row(tx, commons_id, who)
    if row is None:
        row = Member(commons_id=commons_id, account_id=who)
        tx.session.add(row)
    row.kind, row.state, row.state_at = kind, State.APPLICANT, tx.now
    row.decision = None
    row.applied_at, row.text = tx.now, rules.clean_words(text)
    row.since = row.until = None
    record(tx, actor, "applied", row)
    return row


def belong_to(tx: Tx, actor: Actor, commons_id: int, *, institution: str) -> None:
    """Say which institution one is from ("" for none): its people are no more than their share."""
    row = _own(tx, actor, commons_id)
    found = None
    if institution:
        found = people.organisation(tx, institution)
        if found.id not in actor.roles:
            raise Denied(f"You have no role in {found.name}.", code="Forbidden")
    elif row.institution_id is not None and row.institution_id in actor.roles:
        raise Invalid("You still have a role in this institution.")
    row.institution_id = None if found is None else found.id
    record(tx, actor, "changed", row, institution=None if found is None else found.name)


def withdraw(tx: Tx, actor: Actor, commons_id: int) -> None:
    """Take one's application back."""
    row = _row(tx, commons_id, own_word(actor))
    if row is None or row.state != State.APPLICANT:
        raise Unknown("You have not applied.", code="MemberNotFound")
    row.state, row.state_at, row.text = State.VISITOR, tx.now, ""
    record(tx, actor, "withdrew", row)


def sponsor(tx: Tx, actor: Actor, commons_id: int, *, name: str) -> rules.Requirement:
    """Give one's word for an applicant, or one's institution's; gives what they need still."""
    mine = speaking.require(tx, commons_id, taking_part(tx, actor, commons_id)).member_id
    account = people.account(tx, name)
    row = _row(tx, commons_id, account.id)
    if row is None or row.state != State.APPLICANT:
        raise Unknown(f"{account.name} has not applied.", code="MemberNotFound")
    present = select(Sponsor).where(
        Sponsor.commons_id == commons_id,
        Sponsor.applicant_id == account.id,
        Sponsor.sponsor_id == mine,
    )
    if tx.session.scalar(present) is not None:
        raise Conflict(f"You have given your word for {account.name} already.")
    tx.session.add(
        Sponsor(commons_id=commons_id, applicant_id=account.id, sponsor_id=mine, at=tx.now)
    )
    record(tx, actor, "sponsored", row)
    note_activity(tx, commons_id, mine)
    return queries.requirement(tx, commons_id, account.id)


def return_(tx: Tx, actor: Actor, commons_id: int, *, institution: str = "") -> None:
    """Come back from rest: a member and an elector as before, at once; or an institution does."""
    commons.lock(tx, commons_id)
    row = _kept(tx, commons_id, in_whose_name(tx, actor, institution))
    if row.state != State.EMERITUS:
        raise Conflict("You do not rest.")
    row.state, row.state_at = State.MEMBER, tx.now
    record(tx, actor, "returned", row)
    note_activity(tx, commons_id, row.account_id)


def note_activity(tx: Tx, commons_id: int, account_id: int) -> None:
    """Note that a member took part; once a day is enough."""
    present = tx.session.get(Activity, (commons_id, account_id))
    if present is None:
        row = {"commons_id": commons_id, "account_id": account_id, "active_at": tx.now}
        tx.connection.execute(tx.insert(Activity).on_conflict_do_nothing(), row)
    elif tx.now - present.active_at >= ACTIVITY_EVERY:
        present.active_at = tx.now


def own_word(actor: Actor) -> int:
    """Whoever acts for themselves: signed in, or with a token that reaches so far."""
    mine = require_signed_in(actor)
    if not actor.scope.allows(Act.DECIDE, Subject(mine)):
        raise Denied("This token does not reach that far.", code="TokenScope")
    return mine


def in_whose_name(tx: Tx, actor: Actor, institution: str) -> int:
    """Oneself, or the institution of this name, for which one must speak."""
    mine = own_word(actor)
    if not institution:
        return mine
    account = people.organisation(tx, institution)
    if not queries.represents(tx, mine, account.id):
        raise Denied(f"Only its stewards speak for {account.name}.", code="Forbidden")
    return account.id


def taking_part(tx: Tx, actor: Actor, commons_id: int) -> int:
    """Whoever takes part in a commons: as before, and not restricted there."""
    mine = require_signed_in(actor)
    organisation = queries.organisation_id(tx, commons_id) or 0
    require_may(actor, Act.DECIDE, Subject(organisation, is_public=True))
    return mine


def record(tx: Tx, actor: Actor, verb: str, row: Member, **facts: Any) -> None:
    """Say what a member did about their membership."""
    tx.flush()
    named = tx.session.get_one(Account, row.account_id).name
    commons = charters.name_of(tx, row.commons_id)
    tx.record(row.commons_id, actor.name, verb, f"member/{commons}/{named}", **facts)


def _row(tx: Tx, commons_id: int, account_id: int) -> Member | None:
    tx.flush()
    asked = select(Member).where(Member.commons_id == commons_id, Member.account_id == account_id)
    fresh = asked.with_for_update().execution_options(populate_existing=True)
    return tx.session.scalar(fresh)


def _own(tx: Tx, actor: Actor, commons_id: int) -> Member:
    return _kept(tx, commons_id, own_word(actor))


def _kept(tx: Tx, commons_id: int, account_id: int) -> Member:
    row = _row(tx, commons_id, account_id)
    if row is None or row.state not in (State.MEMBER, State.EMERITUS):
        raise Unknown("You are no member here.", code="MemberNotFound")
    return row
