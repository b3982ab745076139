"""The record of a draw: all of it for who may see the matter, what they can check for the others.

Electors who could not be drawn are parties, or stand near one. In a small commons the list of those
who could be, and even the names of those who sit, would say who reported, who decided and who is
charged. So the list is for the parties, the stewards and the panel; the names are for everybody
where enough electors are left who were not asked.
"""

from collections.abc import Sequence
from typing import Any

from iriai.base.tx import Tx
from iriai.commons.cases import bench, lot, queries
from iriai.commons.cases.bench import Form
from iriai.commons.cases.reach import as_seen
from iriai.commons.cases.tables import PanelRow, PanelSeat
from iriai.commons.membership.reach import as_in_office
from iriai.identity.rules import Actor

Pool = list[lot.Named]


def pool_of(found: PanelRow) -> Pool | None:
    """Who could be drawn, in the order of the lot; None where that is not known here."""
    known = found.drawn_from if found.drawn_from is not None else found.eligible
    return None if known is None else [(str(each["id"]), str(each["name"])) for each in known]


def record_of(tx: Tx, viewer: Actor, found: PanelRow) -> dict[str, Any]:
    """What it takes to draw this panel again, as far as `viewer` may know; see `lot.verify`."""
    pool, seats = pool_of(found), queries.seats(tx, found.id)
    knows = may_know(tx, viewer, found)
    is_named = knows or is_for_everybody(tx, found)
    made: dict[str, Any] = {
        "commons": queries.name_of(tx, found.commons_id),
        "panel": found.number,
        "matter": found.matter,
        "form": found.form,
        "bench": None if found.bench_id is None else queries.name_of(tx, found.bench_id),
        "size": found.size,
        "window_closed_at": found.closes_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "checkpoint": {"size": found.checkpoint_size, "root": found.checkpoint_root},
        "strings": {"appellant": found.appellant_string, "decider": found.decider_string},
        "beacon": found.beacon,
        "seed": found.seed,
        "eligible_root": found.eligible_root,
        "asked": _seats(tx, found, pool, seats)
        if is_named
        else [{"state": each.state} for each in seats],
        "verdict": found.verdict,
    }
    if knows:
        listed = sorted(pool or [], key=lambda each: int(each[0]))
        made["eligible"] = [{"id": member, "name": name} for member, name in listed]
        made["salt"] = found.draw_salt
    return made


def is_for_everybody(tx: Tx, found: PanelRow) -> bool:
    """Whether everybody may know who was asked to sit."""
    form = None if found.form is None else Form(found.form)
    return bench.may_name(form, _others(tx, found, queries.seats(tx, found.id)))


def may_know(tx: Tx, viewer: Actor, found: PanelRow) -> bool:
    """Whether somebody may know who could be drawn: a party, a steward, or the panel itself."""
    officer, own = as_in_office(tx, viewer, found.commons_id), as_seen(viewer)
    case = queries.case_of_panel(tx, found)
    if case is not None:
        return queries.seen(tx, viewer, case).is_whole or _sits(tx, found, officer)
    if own.id is not None and own.id == found.appellant_id:
        return True
    return queries.acts_as_steward(tx, found.commons_id, officer) or _sits(tx, found, officer)


def _sits(tx: Tx, found: PanelRow, officer: Actor) -> bool:
    return queries.seat_of(tx, found, officer) is not None


def _others(tx: Tx, found: PanelRow, seats: Sequence[PanelSeat]) -> int:
    """How many electors of the bench were not asked."""
    if found.bench_id is None:
        return 0
    asked = {each.account_id for each in seats}
    return sum(each.account_id not in asked for each in queries.person_electors(tx, found.bench_id))


def _seats(
    tx: Tx, found: PanelRow, pool: Pool | None, seats: Sequence[PanelSeat]
) -> list[dict[str, Any]]:
    """Those who were asked; of a lot with what proves their places."""
    named = dict(pool or ())
    named |= {
        str(member): name
        for member, name in queries.names(tx, {each.account_id for each in seats}).items()
        if str(member) not in named
    }
    made: list[dict[str, Any]] = [
        {"id": str(each.account_id), "name": named[str(each.account_id)], "state": each.state}
        for each in seats
    ]
    secret = found.draw_salt
    if pool is not None and secret is not None and found.form == Form.LOT:
        proven = lot.proofs(secret, pool, [each.place for each in seats])
        for seat, each in zip(seats, made, strict=True):
            each |= {"salt": lot.salt(secret, seat.place), "proof": proven[seat.place]}
    return made
