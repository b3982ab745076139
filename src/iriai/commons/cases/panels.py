"""Panels: opened, drawn by lot once the window has closed, sitting, answering or replaced.

What a verdict does to the matter it is about is not done here: see `actions.concluded` and
`enactment/cases.py`.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from iriai.base.errors import Conflict, Denied
from iriai.base.tx import Tx
from iriai.commons.cases import bench, lot, queries, records, rules
from iriai.commons.cases.bench import Cast, Form, Matter, SeatState, Sitting, Verdict
from iriai.commons.cases.reach import require_reach
from iriai.commons.cases.recording import CLOCK, SOMEBODY, cited
from iriai.commons.cases.tables import PanelRow, PanelSeat
from iriai.commons.charter import queries as charters
from iriai.commons.membership.reach import require_office_reach
from iriai.identity.rules import Actor


def open_panel(
    tx: Tx,
    commons_id: int,
    matter: Matter,
    matter_id: int,
    *,
    appellant_id: int | None,
    words: str,
    closes_at: datetime,
    string: str = "",
    round_: int = 1,
) -> PanelRow:
    """Ask for a panel; it is drawn from the first checkpoint after `closes_at`."""
    made = PanelRow(
        commons_id=commons_id,
        number=queries.next_number(tx, PanelRow, commons_id),
        matter=matter,
        matter_id=matter_id,
        appellant_id=appellant_id,
        words=words,
        state=Sitting.WAITING,
        round=round_,
        opened_at=tx.now,
        closes_at=closes_at,
        appellant_string=lot.clean_string(string),
        decider_string="",
        beacon="",
    )
    tx.session.add(made)
    tx.flush()
    _tell(tx, made, SOMEBODY if appellant_id else CLOCK, "asked for", closes_at=_said(closes_at))
    tx.enqueue(
        "commons.tick", {}, key=f"panel:{made.id}", delay=max(closes_at - tx.now, timedelta())
    )
    return made


def appeal(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    matter: Matter,
    matter_id: int,
    *,
    words: str,
    closes_at: datetime,
    string: str = "",
) -> PanelRow:
    """Ask a panel to look again at what was refused to oneself."""
    mine = require_reach(actor)
    rules.require_in_window(closes_at, now=tx.now)
    cleaned = rules.clean_words(words, "Why it is wrong")
    return open_panel(
        tx,
        commons_id,
        matter,
        matter_id,
        appellant_id=mine,
        words=cleaned,
        closes_at=closes_at,
        string=string,
    )


def commit_string(tx: Tx, actor: Actor, found: PanelRow, *, string: str) -> None:
    """Give the string of one's side for the seed, as long as the window is open."""
    mine = require_reach(actor)
    if found.state != Sitting.WAITING or tx.now >= found.closes_at:
        raise Conflict("The window is closed: the strings stand as they are.")
    cleaned = lot.clean_string(string)
    if mine == found.appellant_id:
        found.appellant_string = cleaned
    elif queries.acts_as_steward(tx, found.commons_id, actor):
        require_office_reach(tx, actor, found.commons_id)
        found.decider_string = cleaned
    else:
        raise Denied("Only the two sides give a string.", code="NotAParty")
    _tell(tx, found, SOMEBODY, "gave a string for", string=cleaned)


def close(tx: Tx, found: PanelRow) -> bool:
    """Close the window; from now on the strings stand, and the next checkpoint seeds the lot."""
    if found.state != Sitting.WAITING or tx.now < found.closes_at:
        return False
    found.state = Sitting.CLOSED
    strings = {"appellant": found.appellant_string, "decider": found.decider_string}
    _tell(tx, found, CLOCK, "closed the window of", strings=strings)
    return True


def draw(tx: Tx, found: PanelRow, parties: set[int]) -> bool:
    """Draw a panel, once there is a checkpoint since its window closed. Nobody chooses."""
    checkpoint = queries.checkpoint_since(tx, found.commons_id, found.closes_at)
    if found.state != Sitting.CLOSED or checkpoint is None:
        return False
    found.checkpoint_size, found.checkpoint_root = checkpoint
    found.seed = lot.seed(
        found.checkpoint_root, found.appellant_string, found.decider_string, found.beacon
    )
    form, bench_id, size, eligible = _bench(tx, found, parties)
    found.form, found.bench_id, found.size = form, bench_id, size
    known = {str(each.id): each.name for each in eligible}
    pool = [(each, known[each]) for each in lot.order(found.seed, known)]
    found.drawn_from = [{"id": member, "name": name} for member, name in pool]
    found.draw_salt = secrets.token_hex(lot.SECRET_BYTES)
    found.eligible_root = lot.root(found.draw_salt, pool)
    found.state, found.drawn_at = Sitting.SITTING, tx.now
    days = charters.in_force(tx, found.commons_id).appeals.answer_days
    found.due_at = tx.now + timedelta(days=days)
    _ask_next(tx, found, sits=form is not Form.LOT)
    _tell(
        tx,
        found,
        CLOCK,
        "drew",
        form=form,
        size=size,
        seed=found.seed,
        root=found.checkpoint_root,
        eligible_root=found.eligible_root,
    )
    _wake(tx, found)
    return True


def _bench(
    tx: Tx, found: PanelRow, parties: set[int]
) -> tuple[Form, int, int, Sequence[bench.Candidate]]:
    """Who sits: a lot here, a lot in the commons above, all who are uninvolved, or everybody."""
    here: int | None = found.commons_id
    above = found.commons_id
    for _ in range(16):  # nesting has an end
        if here is None or found.round > bench.ROUNDS_MAX:
            break
        above = here
        candidates = _pool(tx, here, parties)
        size = bench.size(charters.in_force(tx, here), len(candidates))
        if size:
            return Form.LOT, here, size, candidates
        here = queries.parent_of(tx, here)
    everybody = _candidates(tx, above)
    uninvolved = [each for each in everybody if each.id not in parties]
    if uninvolved and found.round <= bench.ROUNDS_MAX:
        return Form.ELECTORS, above, len(uninvolved), uninvolved
    voters = _candidates(tx, found.commons_id)
    return Form.VOTE, found.commons_id, len(voters), voters


def _candidates(tx: Tx, commons_id: int) -> list[bench.Candidate]:
    return [
        bench.Candidate(each.account_id, each.name, each.since, each.institution_id)
        for each in queries.person_electors(tx, commons_id)
    ]


def _pool(tx: Tx, commons_id: int, parties: set[int]) -> list[bench.Candidate]:
    return bench.pool(
        _candidates(tx, commons_id),
        charters.in_force(tx, commons_id),
        parties=parties,
        institutions=queries.institutions_of(tx, commons_id, parties),
        sat=queries.sat_last(tx, commons_id),
        now=tx.now,
    )


def respond(tx: Tx, actor: Actor, found: PanelRow, *, accepts: bool) -> None:
    """Accept or decline a seat, once."""
    require_office_reach(tx, actor, found.commons_id)
    bench.require_sitting(Sitting(found.state))
    seat = queries.seat_of(tx, found, actor)
    bench.require_seat(None if seat is None else SeatState(seat.state))
    if seat is None or seat.state != SeatState.ASKED:
        raise Conflict("You have answered already whether you sit; one answers once.")
    seat.state = SeatState.ACCEPTED if accepts else SeatState.DECLINED
    _tell(tx, found, SOMEBODY, "accepted a seat on" if accepts else "declined a seat on")
    if not accepts:
        _ask_next(tx, found)


def say(
    tx: Tx,
    actor: Actor,
    found: PanelRow,
    verdict: str,
    *,
    reasons: str,
    rung: str = "",
    level: int = 0,
) -> bool:
    """Give one's verdict with reasons; true where that made the panel's."""
    require_office_reach(tx, actor, found.commons_id)
    bench.require_sitting(Sitting(found.state))
    seat = queries.seat_of(tx, found, actor)
    bench.require_seat(None if seat is None else SeatState(seat.state))
    assert seat is not None  # noqa: S101 - `require_seat` has seen to it
    cast = bench.clean_verdict(verdict)
    matter = Matter(found.matter)
    bench.require_outcome(cast, matter, is_from_above=is_from_above(found))
    if cast is Verdict.VARIED and not level:
        raise Conflict("Say to which rung the decision is changed.")
    seat.state, seat.answered_at = SeatState.ACCEPTED, tx.now
    seat.verdict, seat.rung = cast, f"{level}:{rung}" if cast is Verdict.VARIED else None
    seat.reasons = rules.clean_words(reasons, "The reason for a verdict")
    _tell(tx, found, SOMEBODY, "gave a verdict on")
    return conclude(tx, found)


def is_from_above(found: PanelRow) -> bool:
    """Whether another commons than the one that decided hears it."""
    return found.bench_id is not None and found.bench_id != found.commons_id


def conclude(tx: Tx, found: PanelRow) -> bool:
    """Write the panel's verdict down, once there is one."""
    seats = [each for each in queries.seats(tx, found.id) if each.verdict is not None]
    is_over = found.due_at is not None and tx.now >= found.due_at
    casts = {each.id: Cast(Verdict(each.verdict or ""), _place(each)) for each in seats}
    size = found.size or 0
    reached = bench.conclusion(casts.values(), size, is_over=is_over)
    if reached is None and is_over and found.form != Form.LOT and casts:
        reached = bench.conclusion(casts.values(), len(casts), is_over=True)
    if reached is None:
        return False
    agreeing = [each for each in seats if casts[each.id] == reached]
    found.state, found.answered_at = Sitting.ANSWERED, tx.now
    found.verdict = reached.verdict
    found.rung = (agreeing[0].rung or "").partition(":")[2] or None
    found.reasons = "\n\n".join(str(each.reasons) for each in agreeing)
    counts = {each.value: sum(cast.verdict is each for cast in casts.values()) for each in Verdict}
    _tell(tx, found, f"panel/{found.number}", "answered on", verdict=found.verdict, counts=counts)
    return True


def _place(seat: PanelSeat) -> int:
    """How harsh a varied verdict is; rungs sort by the name's place, kept with the seat."""
    return 0 if seat.rung is None else int(seat.rung.partition(":")[0])


def overdue(tx: Tx, found: PanelRow) -> bool:
    """Let seats pass that kept silent; true where the panel as a whole did not answer in time."""
    if found.state != Sitting.SITTING or found.due_at is None:
        return False
    late = tx.now - timedelta(days=bench.ACCEPT_DAYS)
    silent = [
        each
        for each in queries.seats(tx, found.id)
        if found.form == Form.LOT and each.state == SeatState.ASKED and each.asked_at <= late
    ]
    for each in silent:
        each.state = SeatState.SILENT
    if silent:
        _tell(tx, found, CLOCK, "went on without some of", silent=len(silent))
        _ask_next(tx, found)
    return tx.now >= found.due_at


def unheard(tx: Tx, found: PanelRow) -> None:
    """Nobody at all would hear it: what nobody stands by any more does not stand."""
    found.state, found.answered_at = Sitting.ANSWERED, tx.now
    found.verdict, found.reasons = Verdict.OVERTURNED, "Nobody answered in time."
    _tell(tx, found, CLOCK, "answered on", verdict=found.verdict, heard=False)


def replace(tx: Tx, found: PanelRow) -> PanelRow:
    """Another panel instead of one that did not answer."""
    found.state = Sitting.REPLACED
    _tell(tx, found, CLOCK, "replaced")
    return open_panel(
        tx,
        found.commons_id,
        Matter(found.matter),
        found.matter_id,
        appellant_id=found.appellant_id,
        words=found.words,
        closes_at=tx.now,
        string=found.appellant_string,
        round_=found.round + 1,
    )


def _ask_next(tx: Tx, found: PanelRow, *, sits: bool = False) -> None:
    """Ask as many as are needed; where the lot is exhausted, fewer sit, or the bench changes."""
    states = {each.account_id: SeatState(each.state) for each in queries.seats(tx, found.id)}
    pool = records.pool_of(found)  # none of what came from elsewhere: then nobody is asked besides
    order = [*states] if pool is None else [int(member) for member, _ in pool]
    wanted = bench.next_asked(order, states, found.size or 0)
    places = {each: place for place, each in enumerate(order)}
    for each in wanted:
        tx.session.add(
            PanelSeat(
                commons_id=found.commons_id,
                panel_id=found.id,
                account_id=each,
                salt=secrets.token_hex(lot.SECRET_BYTES),
                place=places[each],
                state=SeatState.ACCEPTED if sits else SeatState.ASKED,
                asked_at=tx.now,
            )
        )
    gone = sum(state in (SeatState.DECLINED, SeatState.SILENT) for state in states.values())
    available = len(order) - gone
    if found.form == Form.LOT and available < (found.size or 0):
        found.size = bench.smaller(found.size or 0, available)
        if found.size == 0:
            found.due_at = tx.now


def _wake(tx: Tx, found: PanelRow) -> None:
    """Look again when seats must have been taken, and when the answer is due."""
    accept = timedelta(days=bench.ACCEPT_DAYS)
    tx.enqueue("commons.tick", {}, key=f"panel:{found.id}:seats", delay=accept)
    if found.due_at is not None:
        tx.enqueue("commons.tick", {}, key=f"panel:{found.id}:due", delay=found.due_at - tx.now)


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _tell(tx: Tx, found: PanelRow, actor: str, verb: str, **public: object) -> None:
    name = queries.name_of(tx, found.commons_id)
    about = {"matter": found.matter, "matter_id": found.matter_id}
    tx.record(
        found.commons_id,
        actor,
        verb,
        f"panel/{name}/{found.number}",
        private=about,
        **cited(tx, found.commons_id, "appeals.panel"),
        **public,
    )
