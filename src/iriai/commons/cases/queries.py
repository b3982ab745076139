"""What can be seen of cases: the parties, stewards and the panel see all, everybody a summary."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.commons.cases import rules
from iriai.commons.cases.bench import SeatState, Sitting
from iriai.commons.cases.reach import as_seen
from iriai.commons.cases.rules import Concern, Last, State
from iriai.commons.cases.tables import (
    CaseAct,
    CaseRow,
    HoldRow,
    PanelRow,
    PanelSeat,
    SanctionRow,
)
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries as membership
from iriai.commons.membership.reach import as_in_office
from iriai.commons.membership.rules import STEWARD, Elector, Kind
from iriai.commons.queries import HUB_NAME, lock
from iriai.commons.tables import Commons
from iriai.commons.tlog.tables import Checkpoint
from iriai.identity.rules import Actor
from iriai.identity.tables import Account

PAGE_LENGTH = 50
ACTS_MAX = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as somebody may see it. Where `is_whole` is false only the summary is to be shown."""

    row: CaseRow
    is_whole: bool
    is_concerned: bool
    is_steward: bool
    sanction: SanctionRow | None
    panel: PanelRow | None

    @property
    def state(self) -> State:
        """Where it stands."""
        return State(self.row.state)


def name_of(tx: Tx, commons_id: int) -> str:
    """What a commons is called."""
    asked = select(Account.name).join(Commons, Commons.account_id == Account.id)
    found = tx.connection.execute(asked.where(Commons.id == commons_id)).scalar_one_or_none()
    return found or HUB_NAME


def row(tx: Tx, commons_id: int, number: int) -> CaseRow:
    """The case of this number, whoever asks: for actions, never for doors."""
    asked = select(CaseRow).where(CaseRow.commons_id == commons_id, CaseRow.number == number)
    found = tx.session.scalars(asked).one_or_none()
    if found is None:
        raise rules.unknown_case()
    return found


def case(tx: Tx, viewer: Actor, commons_id: int, number: int) -> Seen:
    """A case, as `viewer` may see it."""
    found = row(tx, commons_id, number)
    require_known(tx, viewer, found)
    return seen(tx, viewer, found)


def seen(tx: Tx, viewer: Actor, found: CaseRow) -> Seen:
    """A case, as `viewer` may see it; who is concerned sees no more of it for being a steward."""
    officer = as_in_office(tx, viewer, found.commons_id)
    is_about = viewer.id is not None and found.account_id == viewer.id
    viewer, panel = as_seen(viewer), panel_of_case(tx, found)
    concerned = is_about and viewer.id is not None
    steward = not is_about and acts_as_steward(tx, found.commons_id, officer)
    reports = viewer.id is not None and found.reporter_id == viewer.id
    sits = panel is not None and seat_of(tx, panel, officer) is not None
    knows = concerned and (found.charged_at is not None or found.state == State.REFERRED)
    return Seen(
        found, steward or knows or sits or reports, knows, steward, sanction_of(tx, found.id), panel
    )


def cases(tx: Tx, viewer: Actor, commons_id: int, *, page: int = 0) -> Sequence[Seen]:
    """Cases, the newest first; those only reported yet are for those who deal with them."""
    asked = select(CaseRow).where(CaseRow.commons_id == commons_id)
    if not acts_as_steward(tx, commons_id, as_in_office(tx, viewer, commons_id)):
        public = CaseRow.state.not_in([State.REPORTED, State.TRIAGED])
        own = CaseRow.reporter_id == as_seen(viewer).id if as_seen(viewer).id else None
        asked = asked.where(public if own is None else or_(public, own))
    asked = asked.order_by(CaseRow.number.desc())
    found = tx.session.scalars(asked.offset(page * PAGE_LENGTH).limit(PAGE_LENGTH))
    return [seen(tx, viewer, each) for each in found]


def acts(tx: Tx, case_id: int) -> Sequence[CaseAct]:
    """What was done in a case, in order."""
    asked = select(CaseAct).where(CaseAct.case_id == case_id).order_by(CaseAct.id).limit(ACTS_MAX)
    return list(tx.session.scalars(asked))


def next_number(tx: Tx, table: type[CaseRow | HoldRow | PanelRow], commons_id: int) -> int:
    """The next number of a commons' cases, holds or panels."""
    tx.flush()
    lock(tx, commons_id)
    asked = select(func.max(table.number)).where(table.commons_id == commons_id)
    return int(tx.connection.execute(asked).scalar() or 0) + 1


def require_known(tx: Tx, viewer: Actor, found: CaseRow) -> None:
    """A case that was only reported is not there for those it is none of their business."""
    early = found.state in (State.REPORTED, State.TRIAGED)
    if early and not seen(tx, viewer, found).is_whole:
        raise rules.unknown_case()


# -- who may act ---------------------------------------------------------------------------------


def stewards(tx: Tx, commons_id: int) -> set[int]:
    """Who is steward of a commons now."""
    return {seat.holder_id for seat in membership.stewards(tx, commons_id)}


def acts_as_steward(tx: Tx, commons_id: int, actor: Actor) -> bool:
    """Whether somebody deals with the cases of a commons."""
    if actor.id is None:
        return False
    return membership.standing(tx, commons_id, actor.id).holds(STEWARD)


def parties(found: CaseRow) -> set[int]:
    """Whom a case is between: whoever it concerns, and who reported it, unless of office."""
    named = {found.account_id}
    if not found.is_of_office:
        named.add(found.reporter_id)
    return {each for each in named if each is not None}


def deciders(tx: Tx, case_id: int) -> set[int]:
    """Who has acted in a case; they cannot judge it again."""
    asked = select(CaseAct.actor_id).where(
        CaseAct.case_id == case_id, CaseAct.actor_id.is_not(None)
    )
    tx.flush()
    return {each for each in tx.connection.execute(asked).scalars() if each is not None}


def names(tx: Tx, ids: set[int]) -> dict[int, str]:
    """What accounts are called."""
    asked = select(Account.id, Account.name).where(Account.id.in_(sorted(ids)))
    return {row_.id: row_.name for row_ in tx.connection.execute(asked)}


def institutions_of(tx: Tx, commons_id: int, people: set[int]) -> set[int]:
    """The institutions of these people in a commons, and those that stand for themselves."""
    found = set(people)
    for each in membership.rows(tx, commons_id):
        if each.account_id in people and each.institution_id is not None:
            found.add(each.institution_id)
    return found


def sits_as(tx: Tx, actor: Actor, account_id: int) -> bool:
    """Whether somebody speaks on a seat: it is theirs, or their institution's."""
    if actor.id is None:
        return False
    return actor.id == account_id or membership.represents(tx, actor.id, account_id)


def parent_of(tx: Tx, commons_id: int) -> int | None:
    """The commons above: the one that the charter names, else the hub's; the hub's has none."""
    if commons_id == HUB:
        return None
    parent = charters.in_force(tx, commons_id).parent
    if parent is None:
        return HUB
    asked = select(Commons.id).join(Account, Account.id == Commons.account_id)
    found = tx.connection.execute(asked.where(Account.name == parent.commons)).scalar_one_or_none()
    return HUB if found is None else int(found)


def person_electors(tx: Tx, commons_id: int) -> list[Elector]:
    """Who has a vote: people, or where only institutions have one, those."""
    found = membership.electors(tx, commons_id)
    people = [each for each in found if each.kind is Kind.PERSON and each.votes > 0]
    return people or [each for each in found if each.votes > 0]


# -- sanctions -----------------------------------------------------------------------------------


def sanction_of(tx: Tx, case_id: int) -> SanctionRow | None:
    """The sanction that a case ended with."""
    asked = select(SanctionRow).where(SanctionRow.case_id == case_id)
    return tx.session.scalars(asked).one_or_none()


def last(tx: Tx, found: CaseRow) -> Last | None:
    """The last sanction, in this commons, against whoever or whatever a case is about."""
    asked = select(SanctionRow.level, SanctionRow.starts_at).where(
        SanctionRow.commons_id == found.commons_id,
        or_(SanctionRow.ended_by.is_(None), SanctionRow.ended_by.not_in(["overturned"])),
    )
    if Concern(found.concern).is_thing:
        asked = asked.where(SanctionRow.repo_id == found.repo_id)
    else:
        asked = asked.where(
            SanctionRow.account_id == found.account_id, SanctionRow.repo_id.is_(None)
        )
    asked = asked.order_by(SanctionRow.starts_at.desc(), SanctionRow.id.desc()).limit(1)
    tx.flush()
    row_ = tx.connection.execute(asked).one_or_none()
    return None if row_ is None else Last(row_.level, row_.starts_at)


def stands_on(tx: Tx, found: CaseRow) -> int:
    """On which rung whoever or whatever a case is about stands now."""
    charter = charters.in_force(tx, found.commons_id)
    return rules.standing_level(last(tx, found), charter.sanctions.fade_days, now=tx.now)


def in_force(
    tx: Tx, commons_id: int, *, account_id: int | None = None, repo_id: int | None = None
) -> Sequence[SanctionRow]:
    """The sanctions against a person, or against a repository, that have an effect now."""
    asked = select(SanctionRow).where(
        SanctionRow.commons_id == commons_id,
        SanctionRow.ended_at.is_(None),
        SanctionRow.stayed_at.is_(None),
        or_(SanctionRow.until.is_(None), SanctionRow.until > tx.now),
    )
    if repo_id is not None:
        asked = asked.where(SanctionRow.repo_id == repo_id)
    else:
        asked = asked.where(SanctionRow.account_id == account_id, SanctionRow.repo_id.is_(None))
    tx.flush()
    return list(tx.session.scalars(asked.order_by(SanctionRow.id)))


def unended_sanctions(tx: Tx) -> Sequence[SanctionRow]:
    """Sanctions on which the clock still works: their effect ends, or they fade."""
    asked = select(SanctionRow).where(
        SanctionRow.drops < SanctionRow.level,
        or_(SanctionRow.ended_by.is_(None), SanctionRow.ended_by == "expired"),
    )
    return list(tx.session.scalars(asked))


def gating(tx: Tx, repo_id: int) -> SanctionRow | None:
    """The newest sanction that has put, or shall put, a gate before a repository."""
    asked = select(SanctionRow).where(SanctionRow.repo_id == repo_id)
    tx.flush()
    return tx.session.scalars(asked.order_by(SanctionRow.id.desc()).limit(1)).one_or_none()


# -- holds ---------------------------------------------------------------------------------------


def holds(tx: Tx, commons_id: int) -> Sequence[HoldRow]:
    """The holds of a commons that are asked for or in force now, the newest first."""
    asked = select(HoldRow).where(
        HoldRow.commons_id == commons_id, HoldRow.ended_at.is_(None), HoldRow.until > tx.now
    )
    return list(tx.session.scalars(asked.order_by(HoldRow.id.desc())))


def hold(tx: Tx, commons_id: int, number: int) -> HoldRow:
    """The hold of this number."""
    asked = select(HoldRow).where(HoldRow.commons_id == commons_id, HoldRow.number == number)
    found = tx.session.scalars(asked).one_or_none()
    if found is None:
        raise rules.unknown_case()
    return found


def unended_holds(tx: Tx) -> Sequence[HoldRow]:
    """Holds that were asked for or placed, and not written down as over."""
    return list(tx.session.scalars(select(HoldRow).where(HoldRow.ended_at.is_(None))))


def holds_of_case(tx: Tx, case_id: int) -> Sequence[HoldRow]:
    """The holds that wait for a case to be decided."""
    asked = select(HoldRow).where(HoldRow.case_id == case_id, HoldRow.ended_at.is_(None))
    return list(tx.session.scalars(asked))


def holds_in_force(
    tx: Tx, commons_id: int, *, account_id: int | None = None, repo_id: int | None = None
) -> Sequence[HoldRow]:
    """The holds on a person, or on a whole repository, that are in force now."""
    asked = select(HoldRow).where(
        HoldRow.commons_id == commons_id,
        HoldRow.placed_at.is_not(None),
        HoldRow.ended_at.is_(None),
        HoldRow.until > tx.now,
    )
    if repo_id is not None:
        asked = asked.where(HoldRow.repo_id == repo_id, HoldRow.concern == Concern.REPOSITORY)
    else:
        asked = asked.where(HoldRow.account_id == account_id, HoldRow.concern == Concern.PERSON)
    tx.flush()
    return list(tx.session.scalars(asked))


def is_held(tx: Tx, found: HoldRow) -> bool:
    """Whether a hold is in force: in its last second it still is, in the next it is not."""
    return found.placed_at is not None and found.ended_at is None and tx.now < found.until


# -- panels --------------------------------------------------------------------------------------


def panel(tx: Tx, commons_id: int, number: int) -> PanelRow:
    """The panel of this number."""
    asked = select(PanelRow).where(PanelRow.commons_id == commons_id, PanelRow.number == number)
    found = tx.session.scalars(asked).one_or_none()
    if found is None:
        raise rules.unknown_case()
    return found


def panel_of(tx: Tx, matter: str, matter_id: int) -> PanelRow | None:
    """The newest panel on a matter."""
    asked = select(PanelRow).where(PanelRow.matter == matter, PanelRow.matter_id == matter_id)
    return tx.session.scalars(asked.order_by(PanelRow.id.desc()).limit(1)).one_or_none()


def panel_of_case(tx: Tx, found: CaseRow) -> PanelRow | None:
    """The newest panel of a case, on appeal or because it was referred."""
    return panel_of(tx, "sanction", found.id) or panel_of(tx, "case", found.id)


def case_of_panel(tx: Tx, found: PanelRow) -> CaseRow | None:
    """The case that a panel is about; None where it is about something else."""
    if found.matter not in ("sanction", "case"):
        return None
    return tx.session.get(CaseRow, found.matter_id)


def seats(tx: Tx, panel_id: int) -> Sequence[PanelSeat]:
    """Who was asked to sit, in the order of the lot."""
    asked = select(PanelSeat).where(PanelSeat.panel_id == panel_id).order_by(PanelSeat.place)
    tx.flush()
    return list(tx.session.scalars(asked))


def seat_of(tx: Tx, found: PanelRow, actor: Actor) -> PanelSeat | None:
    """The seat on which somebody speaks."""
    gone = (SeatState.DECLINED, SeatState.SILENT)
    own = [each for each in seats(tx, found.id) if each.state not in gone]
    return next((each for each in own if sits_as(tx, actor, each.account_id)), None)


def sat_last(tx: Tx, bench_id: int, *, panels: int = 2) -> set[int]:
    """Who sat on the last two panels of a commons."""
    asked = (
        select(PanelRow.id)
        .where(PanelRow.bench_id == bench_id, PanelRow.form == "lot")
        .order_by(PanelRow.drawn_at.desc(), PanelRow.id.desc())
        .limit(panels)
    )
    tx.flush()
    ids = list(tx.connection.execute(asked).scalars())
    sat = select(PanelSeat.account_id).where(
        PanelSeat.panel_id.in_(ids), PanelSeat.state == SeatState.ACCEPTED
    )
    return set(tx.connection.execute(sat).scalars())


def checkpoint_since(tx: Tx, commons_id: int, moment: datetime) -> tuple[int, str] | None:
    """Size and root of the first checkpoint of a log that was signed at `moment` or later."""
    mine = Checkpoint
    asked = select(mine.size, mine.root).where(
        mine.commons_id == commons_id, mine.signed_at >= moment
    )
    row_ = tx.connection.execute(asked.order_by(mine.size).limit(1)).one_or_none()
    return None if row_ is None else (int(row_.size), bytes(row_.root).hex())


def open_panels(tx: Tx) -> Sequence[PanelRow]:
    """Panels that wait for their draw or their answer."""
    waiting = (Sitting.WAITING, Sitting.CLOSED, Sitting.SITTING)
    asked = select(PanelRow).where(PanelRow.state.in_(waiting))
    return list(tx.session.scalars(asked.order_by(PanelRow.id)))


def reports_today(tx: Tx, actor_id: int) -> int:
    """How many reports somebody made within a day."""
    since: datetime = tx.now - timedelta(days=1)
    asked = select(func.count()).where(CaseRow.reporter_id == actor_id, CaseRow.opened_at > since)
    return int(tx.connection.execute(asked).scalar_one())
