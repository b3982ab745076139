"""What a decision does to members and seats, and how what they may do on the wire follows.

Each records one event, under the name of the decision, with what it `cited`: the rule, the charter,
the decision's number. `obey` then gives the person the role in the organisation that goes with
where they stand, to its end: members contribute, stewards and maintainers of the whole commons
write, and nobody administers. Where one member is left and the commons became `solo` again, that
one does.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from iriai.base.errors import Conflict, Unknown
from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Preset
from iriai.commons.membership import electing, queries, rules
from iriai.commons.membership.rules import Ended, Kind, State
from iriai.commons.membership.tables import Activity, Member, Seat, Sponsor
from iriai.identity import powers as identity
from iriai.identity.rules import Restriction, Role
from iriai.identity.tables import Account, Membership

Cited = Mapping[str, Any]
NOTHING: Cited = {}


def found(tx: Tx, by: str, commons_id: int, *, cited: Cited = NOTHING) -> None:
    """Make an organisation's people members, as its owners leave it to them.

    Its admins found the commons: they have a vote from the first day. The others are members too.
    """
    organisation = queries.organisation_id(tx, commons_id)
    asked = (
        select(Membership.person_id, Membership.role)
        .where(Membership.organisation_id == organisation)
        .order_by(Membership.since, Membership.person_id)
    )
    for row in tx.connection.execute(asked).all():
        admit(
            tx, by, commons_id, row.person_id, is_founder=row.role == Role.ADMIN.value, cited=cited
        )


def admit(
    tx: Tx,
    by: str,
    commons_id: int,
    account_id: int,
    *,
    institution_id: int | None = None,
    is_founder: bool = False,
    cited: Cited = NOTHING,
) -> Member:
    """Make somebody a member from now on; who was one before comes back as a new one."""
    commons.lock(tx, commons_id)
    account = tx.session.get_one(Account, account_id)
    row = kept(tx, commons_id, account_id)
    if row is None:
        row = Member(commons_id=commons_id, account_id=account_id, state=State.VISITOR)
        tx.session.add(row)
    elif State(row.state) in (State.MEMBER, State.EMERITUS, State.SUSPENDED):
        raise Conflict(f"{account.name} is a member already.")
    row.kind = Kind.INSTITUTION if account.is_organisation else Kind.PERSON
    row.institution_id = institution_id or row.institution_id
    row.is_founder, row.since, row.decision = is_founder, tx.now, cited.get("decision")
    _enter(tx, row, State.MEMBER)
    for each in tx.session.scalars(
        select(Sponsor).where(Sponsor.commons_id == commons_id, Sponsor.applicant_id == account_id)
    ):
        tx.session.delete(each)
    tx.session.merge(Activity(commons_id=commons_id, account_id=account_id, active_at=tx.now))
    record(tx, by, "admitted", row, kind=row.kind, founder=is_founder, **cited)
    obey(tx, commons_id, account_id)
    return row


def suspend(
    tx: Tx,
    by: str,
    commons_id: int,
    account_id: int,
    until: datetime | None,
    *,
    appeal_at: str = "",
    cited: Cited = NOTHING,
) -> None:
    """Suspend a member: they read, appeal, export and leave, and have no vote, until a day."""
    row = _present(tx, commons_id, account_id)
    row.until = until
    _enter(tx, row, State.SUSPENDED)
    ends = {} if until is None else {"until": until.isoformat()}
    record(tx, by, "suspended", row, **ends, **cited)
    place = None if commons_id == HUB else queries.organisation_id(tx, commons_id)
    identity.restrict(tx, account_id, place, Restriction.SUSPEND, until, appeal_at=appeal_at)
    obey(tx, commons_id, account_id)


def restore(tx: Tx, by: str, commons_id: int, account_id: int, *, cited: Cited = NOTHING) -> None:
    """End a suspension: when its day has come, or before it."""
    row = _present(tx, commons_id, account_id)
    if row.state != State.SUSPENDED:
        return
    row.until = None
    _enter(tx, row, State.MEMBER)
    record(tx, by, "restored", row, **cited)
    place = None if commons_id == HUB else queries.organisation_id(tx, commons_id)
    identity.lift(tx, account_id, place)
    obey(tx, commons_id, account_id)


def expel(tx: Tx, by: str, commons_id: int, account_id: int, *, cited: Cited = NOTHING) -> None:
    """End a membership and every seat that hangs on it."""
    _depart(tx, by, commons_id, account_id, State.EXPELLED, "expelled", cited)


def part(tx: Tx, by: str, commons_id: int, account_id: int) -> None:
    """End one's own membership: what `leave` and giving up an account come to."""
    _depart(tx, by, commons_id, account_id, State.LEFT, "left", NOTHING)


def retire(tx: Tx, by: str, commons_id: int, account_id: int, *, cited: Cited = NOTHING) -> None:
    """Let a member rest who did not take part for long; one click brings them back."""
    row = _present(tx, commons_id, account_id)
    if row.state != State.MEMBER:  # suspended a moment ago
        raise Conflict("Only a member can rest.")
    _enter(tx, row, State.EMERITUS)
    record(tx, by, "retired", row, **cited)
    _give_back(tx, by, commons_id, account_id, cited)
    obey(tx, commons_id, account_id)


def seat(
    tx: Tx,
    by: str,
    commons_id: int,
    role: str,
    account_id: int,
    *,
    repo_id: int | None = None,
    cited: Cited = NOTHING,
) -> Seat:
    """Give somebody an office for its term, from now on. Whoever took care of it lays it down."""
    commons.lock(tx, commons_id)
    charter = charters.in_force(tx, commons_id)
    office = charter.roles.get(role)
    if office is None:
        raise Unknown(f"The charter knows no office called {role}.", code="RoleUnknown")
    if queries.standing(tx, commons_id, account_id).state is not State.MEMBER:
        raise Conflict("Only a member can hold an office.")
    held = queries.seats(tx, commons_id)
    starts = electing.free_from(charter, role, held, tx.now)
    if starts is None or starts > tx.now + electing.ELECTION_LEAD:
        raise Conflict(f"Every seat of the office {role} is held.")
    term = queries.terms_served(tx, commons_id, role, account_id) + 1
    electing.require_may_serve(charter, role, term)
    ends = starts + timedelta(days=office.term_days)
    cares = ends + timedelta(days=rules.CARETAKER_DAYS) if office.elected_by else None
    made = Seat(
        commons_id=commons_id,
        role=role,
        holder_id=account_id,
        repo_id=repo_id,
        starts_at=starts,
        ends_at=ends,
        caretaker_until=cares,
        term=term,
        decision=cited.get("decision"),
    )
    tx.session.add(made)
    tx.flush()
    for each in held:
        if each.role == role and each.holder_id == account_id and each.ends_at <= tx.now:
            _lay_down(tx, each.id, Ended.SUCCEEDED)
    _record_seat(tx, by, "seated", made, since=starts.isoformat(), until=ends.isoformat(), **cited)
    if repo_id is not None:
        identity.make_maintainer(tx, account_id, repo_id, ends)
    obey(tx, commons_id, account_id)
    return made


def end_seat(tx: Tx, by: str, seat_id: int, ended: Ended, *, cited: Cited = NOTHING) -> None:
    """Take a seat back, or write down that its end has come."""
    row = _lay_down(tx, seat_id, ended)
    if row is None:
        return
    _record_seat(tx, by, f"{ended.value} from", row, **cited)
    obey(tx, row.commons_id, row.holder_id)


def obey(tx: Tx, commons_id: int, account_id: int) -> None:
    """Give a person the role in the organisation that goes with where they stand."""
    organisation = queries.organisation_id(tx, commons_id)
    charter = charters.in_force(tx, commons_id)
    if organisation is None or charter.preset is Preset.OWNERS:
        return
    row = queries.member(tx, commons_id, account_id)
    if row is None or row.kind is Kind.INSTITUTION:
        return
    if charter.preset is Preset.SOLO and row.state is State.MEMBER:
        identity.set_role_until(tx, account_id, organisation, Role.ADMIN)
        return
    if row.state not in (State.MEMBER, State.EMERITUS, State.SUSPENDED):
        identity.set_role_until(tx, account_id, organisation, None)
        return
    until = max(
        (
            each.ends_at
            for each in rules.in_office(queries.seats(tx, commons_id), tx.now)
            if each.holder_id == account_id and each.role in rules.WRITING and each.repo_id is None
        ),
        default=None,
    )
    if until is None or row.state is not State.MEMBER:
        identity.set_role_until(tx, account_id, organisation, Role.CONTRIBUTOR)
    else:
        identity.set_role_until(
            tx, account_id, organisation, Role.WRITE, until=until, role_after=Role.CONTRIBUTOR
        )


def kept(tx: Tx, commons_id: int, account_id: int) -> Member | None:
    """What is kept of a member, to be changed, and by nobody else until the transaction ends."""
    tx.flush()
    asked = select(Member).where(Member.commons_id == commons_id, Member.account_id == account_id)
    fresh = asked.with_for_update().execution_options(populate_existing=True)
    return tx.session.scalar(fresh)


def record(tx: Tx, by: str, verb: str, row: Member, **facts: Any) -> None:
    """Say what happened to a member."""
    named = tx.session.get_one(Account, row.account_id).name
    commons = charters.name_of(tx, row.commons_id)
    tx.record(row.commons_id, by, verb, f"member/{commons}/{named}", **facts)


def _present(tx: Tx, commons_id: int, account_id: int) -> Member:
    row = kept(tx, commons_id, account_id)
    if row is None or State(row.state) not in (State.MEMBER, State.EMERITUS, State.SUSPENDED):
        raise Unknown("There is no such member.", code="MemberNotFound")
    return row


def _enter(tx: Tx, row: Member, state: State) -> None:
    row.state, row.state_at = state, tx.now
    tx.flush()


def _depart(  # noqa: PLR0917 - who, whom, to what, in which words
    tx: Tx, by: str, commons_id: int, account_id: int, state: State, verb: str, cited: Cited
) -> None:
    row = _present(tx, commons_id, account_id)
    _give_back(tx, by, commons_id, account_id, cited)
    row.until = None
    _enter(tx, row, state)
    record(tx, by, verb, row, **cited)
    obey(tx, commons_id, account_id)


def _give_back(tx: Tx, by: str, commons_id: int, account_id: int, cited: Cited) -> None:
    """Every seat of somebody ends with what it hangs on."""
    for each in queries.seats(tx, commons_id):
        if each.holder_id == account_id:
            row = _lay_down(tx, each.id, Ended.WITHDRAWN)
            if row is not None:
                _record_seat(tx, by, f"{Ended.WITHDRAWN.value} from", row, **cited)


def _lay_down(tx: Tx, seat_id: int, ended: Ended) -> Seat | None:
    tx.flush()
    row = tx.session.get_one(Seat, seat_id, with_for_update=True, populate_existing=True)
    if row.ended_at is not None:
        return None
    row.ended_at, row.ended_by = tx.now, ended.value
    if row.repo_id is not None:
        identity.end_maintainer(tx, row.holder_id, row.repo_id)
    tx.flush()
    return row


def _record_seat(tx: Tx, by: str, verb: str, row: Seat, **facts: Any) -> None:
    tx.flush()
    commons = charters.name_of(tx, row.commons_id)
    holder = tx.session.get_one(Account, row.holder_id).name
    subject = f"seat/{commons}/{row.id}"
    tx.record(row.commons_id, by, verb, subject, role=row.role, holder=holder, **facts)
