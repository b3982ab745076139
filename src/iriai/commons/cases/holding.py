"""Emergency holds: placed by two, for listed grounds, and gone in the second they lapse."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from iriai.base.errors import Conflict, Denied
from iriai.base.tx import Tx
from iriai.commons.cases import queries, rules, subjects
from iriai.commons.cases.recording import CLOCK, cited
from iriai.commons.cases.rules import State
from iriai.commons.cases.tables import CaseRow, HoldRow
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries as membership
from iriai.commons.membership.reach import require_office_reach
from iriai.commons.membership.rules import STEWARD
from iriai.identity.rules import Actor


def hold(
    tx: Tx, actor: Actor, *, subject: str, ground: str, reason: str, commons_id: int | None = None
) -> HoldRow:
    """Ask for a hold; where one alone may place it, it is in force at once."""
    what = subjects.found(tx, actor, subject, commons_id=commons_id)
    mine = _require_may_hold(tx, actor, what.commons_id)
    rules.require_no_party(mine, {what.account_id})
    rules.require_not_again(_held_before(tx, what.commons_id, what.subject))
    charter = charters.in_force(tx, what.commons_id)
    count = len(queries.stewards(tx, what.commons_id) - {what.account_id})
    made = HoldRow(
        commons_id=what.commons_id,
        number=queries.next_number(tx, HoldRow, what.commons_id),
        concern=what.concern,
        subject=what.subject,
        account_id=what.account_id,
        repo_id=None if what.repo is None else what.repo.id,
        ground=rules.clean_ground(charter, ground),
        reason=rules.clean_words(reason, "The reason for a hold"),
        asked_by=mine,
        asked_at=tx.now,
        until=rules.hold_until(charter, count, now=tx.now),
    )
    tx.session.add(made)
    tx.flush()
    if rules.holders_needed(charter, count) > 1:
        _tell(tx, made, actor.name, "asked a second steward for", "holds.stewards")
    else:
        _place(tx, made, actor.name)
    return made


def second(tx: Tx, actor: Actor, found: HoldRow) -> None:
    """Agree to a hold that another asked for; from now on it is in force."""
    mine = _require_may_hold(tx, actor, found.commons_id)
    rules.require_no_party(mine, {found.account_id})
    if found.placed_at is not None or found.ended_at is not None or tx.now >= found.until:
        raise Conflict("This hold is placed already, or over.")
    if mine == found.asked_by:
        raise Denied("It takes another steward to place this hold.", code="SecondNeeded")
    if not _may_hold(tx, found.commons_id, found.asked_by):
        raise Conflict("Whoever asked for this hold is in no office any more; ask for it anew.")
    found.seconded_by = mine
    charter = charters.in_force(tx, found.commons_id)
    found.until = tx.now + timedelta(hours=charter.holds.max_hours)
    _place(tx, found, actor.name)


def lift(tx: Tx, actor: Actor, found: HoldRow) -> None:
    """End a hold before it lapses."""
    _require_may_hold(tx, actor, found.commons_id)
    rules.require_no_party(actor.id, {found.account_id})
    if found.ended_at is not None or tx.now >= found.until:
        raise Conflict("This hold is over already.")
    found.ended_at, found.ended_by = tx.now, "lifted"
    _tell(tx, found, actor.name, "lifted", "holds")


def require_may_keep(tx: Tx, actor: Actor, found: HoldRow) -> None:
    """Only who may place a hold makes it last by a case, and nobody in their own matter."""
    rules.require_no_party(_require_may_hold(tx, actor, found.commons_id), {found.account_id})


def keep(tx: Tx, found: HoldRow, case: CaseRow) -> None:
    """A case is opened about what is held: the hold lasts until that is decided, or 30 days."""
    if not queries.is_held(tx, found) or case.subject != found.subject:
        raise Conflict("Only what is held now can be kept by a case about it.")
    found.case_id, found.until = case.id, tx.now + timedelta(days=rules.CASE_DAYS_MAX)
    case.ground = found.ground
    _tell(tx, found, CLOCK, "kept", "holds.max_hours", case=case.number)


def end_due(tx: Tx, found: HoldRow) -> bool:
    """Write down that a hold lapsed, or that its case is decided."""
    if found.ended_at is not None:
        return False
    case = None if found.case_id is None else tx.session.get_one(CaseRow, found.case_id)
    if case is not None and State(case.state) not in rules.OPEN:
        found.ended_at, found.ended_by = tx.now, "decided"
    elif tx.now >= found.until:
        found.ended_at, found.ended_by = tx.now, "lapsed"
    else:
        return False
    _tell(tx, found, CLOCK, "lapsed" if found.ended_by == "lapsed" else "ended", "holds.max_hours")
    return True


def _place(tx: Tx, found: HoldRow, by: str) -> None:
    found.placed_at = tx.now
    until = found.until.isoformat(timespec="seconds")
    _tell(tx, found, by, "placed", "holds.grounds", ground=found.ground, until=until)
    tx.enqueue("commons.tick", {}, key=f"hold:{found.id}", delay=found.until - tx.now)


def _require_may_hold(tx: Tx, actor: Actor, commons_id: int) -> int:
    mine = require_office_reach(tx, actor, commons_id)
    if not _may_hold(tx, commons_id, mine):
        raise Denied("A hold is placed by the stewards of the commons.", code="NotASteward")
    return mine


def _may_hold(tx: Tx, commons_id: int, account_id: int) -> bool:
    """Stewards hold, and caretakers of their office; where there is neither, any one elector."""
    standing = membership.standing(tx, commons_id, account_id)
    if standing.holds(STEWARD) or standing.cares(STEWARD):
        return True
    has_any = queries.stewards(tx, commons_id) or membership.caretakers(tx, commons_id)
    return standing.is_elector and not has_any


def _held_before(tx: Tx, commons_id: int, subject: str) -> datetime | None:
    """When a hold on this ended lately about which no case was opened."""
    asked = select(func.max(HoldRow.until)).where(
        HoldRow.commons_id == commons_id,
        HoldRow.subject == subject,
        HoldRow.placed_at > tx.now - timedelta(days=rules.HOLD_AGAIN_DAYS),
        HoldRow.case_id.is_(None),
    )
    tx.flush()
    return tx.connection.execute(asked).scalar()


def _tell(tx: Tx, found: HoldRow, actor: str, verb: str, rule: str, **public: object) -> None:
    name = queries.name_of(tx, found.commons_id)
    tx.record(
        found.commons_id,
        actor,
        verb,
        f"hold/{name}/{found.number}",
        private={"about": found.subject, "reason": found.reason},
        **cited(tx, found.commons_id, rule),
        **public,
    )
