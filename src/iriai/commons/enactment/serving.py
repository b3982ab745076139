"""The queue of a pot is served, loans are recalled and cold allotments taken back, by the clock.

Single allotments that were decided wait in the queue, and are granted by dominant resource
fairness: next is whoever has least of what they have most of. Where the queue is empty, what of
the floor nobody uses is lent; when its members come to use it, the newest loans end after a day.
An allotment of storage whose holder wrote nothing for long is noticed, and later taken back.
Nothing that was stored is deleted by any of this.
"""

from datetime import timedelta

from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Pool as Cut
from iriai.commons.pot import drf, powers, queries, rules
from iriai.commons.pot.rules import Allotment, Slice, Source, State
from iriai.commons.pot.waiting import could_fit, held

CLOCK = "system:clock"
BY_QUEUE = {"rule": "pool.queue_rule"}
BY_FLOOR = {"rule": "pool.floor_share"}
BY_COLD = {"rule": "pool.reclaim_cold_days"}
BY_NOTICE = {"rule": "pool.notice_days"}
STORAGE = (rules.BYTES_LOGICAL, rules.BYTES_STORED)


def due(tx: Tx, commons_id: int) -> None:
    """All that the clock does to a pot."""
    granted = queries.allotments(tx, commons_id)
    if all(each.state is State.RECLAIMED for each in granted):
        return
    name = commons.named(tx, commons_id).name
    recall(tx, commons_id, name)
    cool(tx, commons_id, name)
    serve(tx, commons_id, name)


def serve(tx: Tx, commons_id: int, name: str) -> None:
    """Grant what waits, as far as there is something for it in the queue, or to be lent."""
    while _served(tx, commons_id, name):
        pass


def _served(tx: Tx, commons_id: int, name: str) -> int:
    """Grant once as much as the larger of both has room for. Returns how many were granted."""
    known = queries.allotments(tx, commons_id)
    waiting = sorted((each for each in known if _waits(each)), key=lambda each: each.id)
    if not waiting:
        return 0
    cuts, count = _cuts(tx, commons_id, known), 0
    waiting = [each for each in waiting if could_fit(each, cuts.get(each.unit))]
    lendable = {unit: _lendable(tx, commons_id, cut, known) for unit, cut in cuts.items()}
    queue = {unit: cut.queue_free for unit, cut in cuts.items()}
    requests = [drf.Request(each.holder, {each.unit: each.amount}, 1) for each in waiting]
    capacity = {unit: cut.capacity for unit, cut in cuts.items()}
    free = {unit: max(queue[unit], lendable[unit]) for unit in cuts}
    for at in drf.in_turn(capacity, free, held(known), requests):
        one = waiting[at]
        source = Source.QUEUE
        if queue[one.unit] < one.amount:
            source = Source.FLOOR
            if lendable[one.unit] < one.amount:
                continue
            lendable[one.unit] -= one.amount
        else:
            queue[one.unit] -= one.amount
        powers.grant(tx, CLOCK, commons_id, name, one=one, source=source, cited=BY_QUEUE)
        count += 1
    return count


def recall(tx: Tx, commons_id: int, name: str) -> None:
    """End loans whose floor is needed; what was recalled a day ago is back, or in the queue."""
    known = queries.allotments(tx, commons_id)
    loans = [each for each in known if _is_loan(each)]
    for unit, cut in _cuts(tx, commons_id, known).items() if loans else ():
        unused = _unused(tx, commons_id, cut)
        for each in rules.to_recall(cut, loans, unused):
            powers.recall(tx, CLOCK, commons_id, name, one=each, cited=BY_FLOOR)
        free = cut.queue_free
        for each in loans:
            if each.unit != unit or each.recalled_at is None:
                continue
            if each.amount <= free:
                free -= each.amount
                powers.grant(
                    tx, CLOCK, commons_id, name, one=each, source=Source.QUEUE, cited=BY_QUEUE
                )
            elif tx.now >= each.recalled_at + rules.RECALL:
                powers.reclaim(tx, CLOCK, commons_id, name, allotment_id=each.id, cited=BY_FLOOR)


def cool(tx: Tx, commons_id: int, name: str) -> None:
    """Notice what lies cold, and take it back when the notice has run out."""
    cut: Cut = charters.in_force(tx, commons_id).pool
    cold, notice = timedelta(days=cut.reclaim_cold_days), timedelta(days=cut.notice_days)
    known = queries.allotments(tx, commons_id)
    stored = [each for each in known if each.state is State.GRANTED and each.unit in STORAGE]
    written = queries.last_written(tx, commons_id) if stored else {}
    for each in stored:
        last = max(each.granted_at, written.get(each.holder, each.granted_at))
        if each.noticed_at is not None and last > each.noticed_at:
            powers.renew(tx, CLOCK, commons_id, name, one=each, cited=BY_COLD)
        elif each.noticed_at is not None and tx.now >= each.noticed_at + notice:
            powers.reclaim(tx, CLOCK, commons_id, name, allotment_id=each.id, cited=BY_NOTICE)
        elif each.noticed_at is None and tx.now >= last + cold:
            powers.notice(tx, CLOCK, commons_id, name, one=each, cited=BY_COLD)


def _waits(each: Allotment) -> bool:
    return each.state is State.QUEUED


def _is_loan(each: Allotment) -> bool:
    return each.state is State.GRANTED and each.source is Source.FLOOR


def _cuts(tx: Tx, commons_id: int, known: list[Allotment]) -> dict[str, Slice]:
    cut = charters.in_force(tx, commons_id).pool
    count = len(queries.members(tx, commons_id))
    return {
        each.unit: rules.slices(cut, each, known, count) for each in queries.pools(tx, commons_id)
    }


def _unused(tx: Tx, commons_id: int, cut: Slice) -> int:
    members = queries.members(tx, commons_id)
    return rules.unused_floor(cut, queries.used_of(tx, commons_id, cut.unit), members)


def _lendable(tx: Tx, commons_id: int, cut: Slice, known: list[Allotment]) -> int:
    used = queries.used_of(tx, commons_id, cut.unit)
    return rules.lendable(cut, used, queries.members(tx, commons_id), known)
