"""The commons of this hub, and the log of each: what was done, and the proof that it stands so."""

from datetime import datetime
from functools import partial
from typing import Any

import orjson
from starlette.responses import Response

from iriai.base import events, merkle
from iriai.base.errors import Unknown
from iriai.base.events import Event
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.breakglass import queries as breakglass
from iriai.commons.breakglass.rules import NONE_YET, Act, Basis, State, following
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.charter.rules import Preset
from iriai.commons.tlog import queries as tlog
from iriai.web import links, sentences
from iriai.web.door import Ask, get
from iriai.web.texts import gettext as _

PAGE_LENGTH = 20
POSITION_MAX = 1 << 53
BASES = {
    Basis.EMERGENCY: _("in an emergency"),
    Basis.LEGAL_ORDER: _("by a legal order"),
}
STATES = {
    State.STANDING: _("in force"),
    State.RATIFIED: _("ratified"),
    State.LAPSED: _("lapsed"),
    State.TAKEN_BACK: _("taken back"),
}
ACTS = {
    Act.HOLD: _("held back"),
    Act.FREEZE: _("froze"),
    Act.DELIST: _("left out of lists"),
    Act.SUSPEND: _("suspended"),
    Act.ADMINISTER: _("named as administrator"),
}
PRESETS = {
    Preset.SOLO: _("one person decides, and what they do is logged"),
    Preset.OWNERS: _("its administrators act at once, and every act is logged"),
    Preset.CONSORTIUM: _("its institutions decide together"),
    Preset.UNIVERSITY: _("its members decide, and elect those who look after the day"),
    Preset.LANGUAGE_COMMUNITY: _("its members decide, one person, one vote"),
    Preset.AGENCY: _("its people decide, openly and with reasons"),
}


def every(ask: Ask) -> Response:
    """Every commons on this hub."""
    with ask.ground.read() as tx:
        found = [
            {
                "name": each.name,
                "fullname": each.fullname,
                "preset": each.preset,
                "founded_at": each.founded_at,
                "size": events.head(tx, each.id).size,
            }
            for each in queries.all_commons(tx)
        ]
    return ask.page("commons/list.html", twin="/api/commons", commons=found, presets=PRESETS)


def log(ask: Ask) -> Response:
    """What was done in a commons, newest first."""
    before = ask.number("before", 0, most=POSITION_MAX) or None
    with ask.ground.read() as tx:
        commons = queries.commons(tx, ask.part("name"))
        found = events.entries(tx, commons.id, before=before, limit=PAGE_LENGTH)
        head = events.head(tx, commons.id)
        waiting = events.unsealed(tx, commons.id)
        signed, key = tlog.latest(tx, commons.id), tlog.key(tx, commons.id)
        proven = _consistency(tx, commons.id, ask, head.size)
        listed = [_listed(event, commons.name) for event in found]
        acts = [_act(each, tx.now) for each in breakglass.acts(tx, commons.id)]
        orders = breakglass.legal_orders(tx, commons.id)
    here = links.commons(commons.name, "log")
    last = listed[-1]["position"] if listed else 0
    return ask.page(
        "commons/log.html",
        tab="log",
        next_step=_(
            "Whatever is done stands here within seconds and is signed within the hour; nothing is "
            "ever taken out. Whoever thinks that something was done wrongly reports it."
        ),
        twin=f"/api/commons/{commons.name}/log",
        commons=commons,
        acts=acts,
        legal_orders=orders,
        none_yet=NONE_YET,
        preset=PRESETS[commons.preset],
        entries=listed,
        head=head,
        waiting=waiting,
        signed=signed,
        key=key.key.text if key else "",
        proven=proven,
        newer=here if before else None,
        older=links.with_query(here, before=last) if last > 0 else None,
    )


def _consistency(tx: Tx, commons_id: int, ask: Ask, size: int) -> dict[str, Any] | None:
    """The proof that one size of the log begins another, where two were asked for."""
    first = ask.number("first", 0, most=POSITION_MAX)
    second = ask.number("second", size, most=POSITION_MAX) or size
    if not 0 < first <= second <= size:
        return None
    return {
        "first": first,
        "second": second,
        "roots": [
            events.proven(tx, commons_id, partial(merkle.root, each)).hex()
            for each in (first, second)
        ],
        "path": [
            each.hex()
            for each in events.proven(tx, commons_id, partial(merkle.consistency, first, second))
        ],
    }


def entry(ask: Ask) -> Response:
    """One entry, byte for byte, and the proof that it is in the log."""
    position = whole(ask.part("position"))
    if position is None:
        raise Unknown("There is no such entry.", code="EntryNotFound")
    with ask.ground.read() as tx:
        commons = queries.commons(tx, ask.part("name"))
        head = events.head(tx, commons.id)
        found = events.entries(tx, commons.id, before=position + 1, limit=1)
        if not found or found[0].position != position or position >= head.size:
            raise Unknown("There is no such entry in this log yet.", code="EntryNotFound")
        path = events.proven(tx, commons.id, partial(merkle.inclusion, position, head.size))
        event = found[0]
        shown = _listed(event, commons.name) | {
            "actor": event.actor,
            "subject": event.subject,
            "link": sentences.link(event.subject),
            "pairs": sentences.pairs(_facts(event)),
            "private": orjson.loads(event.entry).get("private", ""),
            "hidden": orjson.loads(event.entry).get("hidden", ""),
        }
        text = event.entry
    return ask.page(
        "commons/entry.html",
        tab="log",
        next_step=_(
            "An entry is never changed or taken out. Whoever thinks that what it says was wrong "
            "reports it; what follows becomes an entry of its own."
        ),
        twin=f"/api/commons/{commons.name}/log/{position}",
        commons=commons,
        entry=shown,
        head=head,
        leaf=merkle.leaf_hash(text.encode()).hex(),
        path=[each.hex() for each in path],
        text=text,
    )


def _act(row: OperatorAct, now: datetime) -> dict[str, Any]:
    """An operator's act in words."""
    reason = breakglass.reason(row, now)
    return {
        "number": row.id,
        "what": f"{ACTS[Act(row.act)]} {sentences.named(row.subject)}",
        "basis": BASES[Basis(row.basis)],
        "state": STATES[State(row.state)],
        "at": row.done_at,
        "reason": reason,
        "sealed_until": row.sealed_until if reason is None else None,
        "next": following(
            State(row.state), row.lapses_at, is_sealed=reason is None, basis=Basis(row.basis)
        ),
    }


def _listed(event: Event, here: str) -> dict[str, Any]:
    facts = _facts(event)
    return {
        "position": event.position,
        "at": event.at,
        "sentence": sentences.sentence(event.actor, event.verb, event.subject, facts, here=here),
        "facts": "",
        "digest": merkle.leaf_hash(event.entry.encode()).hex(),
    }


def _facts(event: Event) -> dict[str, Any]:
    facts = orjson.loads(event.entry).get("facts")
    return facts if isinstance(facts, dict) else {}


ROUTES = [
    get("/commons", every, access=Access.ANYONE),
    get("/commons/{name}/log", log, access=Access.ANYONE),
    get("/commons/{name}/log/{position}", entry, access=Access.ANYONE),
]
