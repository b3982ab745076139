"""The pot of a commons: what there is, who gives, who uses, who waits, and how evenly."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.routing import Access
from iriai.commons import enactment, queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.charter.rules import Pool as Cut
from iriai.commons.membership import speaking
from iriai.commons.pot import queries as pots
from iriai.commons.pot import rules
from iriai.commons.pot.queries import Pot, Use
from iriai.commons.pot.rules import BYTES_LOGICAL, Allotment, Pool, Slice, Source, State, said
from iriai.commons.pot.waiting import Waiting, Why
from iriai.web import charts, links, problems, shown
from iriai.web.door import Ask, get, post, see
from iriai.web.pages.commons_proposing import outside
from iriai.web.texts import gettext as _

NEXT = _(
    "What is allotted, taken back or given to the pot is decided by a proposal, which members can "
    "object to until its date. A single allotment is at most {small:.0%} of what is free; larger "
    "ones wait for a round."
)
NEXT_OF_OWNERS = _(
    "An administrator decides at once what is allotted, taken back or given to the pot, and it is "
    "logged. A single allotment is at most {small:.0%} of what is free. Whoever thinks that it was "
    "done wrongly reports it."
)
EVENNESS = (
    (0.2, _("very evenly")),
    (0.4, _("rather evenly")),
    (0.6, _("unevenly")),
    (1.1, _("very unevenly")),
)
SOURCES = {
    Source.QUEUE: _("a single allotment"),
    Source.FLOOR: _("lent out of what others may use and do not"),
    Source.ROUND: _("chosen in a round"),
}
SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
PEOPLE_SHOWN = 50
ENDED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody and an amount, with its bar; `limit`: how much they may use, in words."""

    name: str
    amount: str
    bar: str
    limit: str = ""


def pot(ask: Ask) -> Response:
    """What there is to share, and who has which part of it."""
    return _pot(ask)


def account(ask: Ask) -> Response:
    """Let something that one made count for one's institution, or for oneself."""
    form = ask.form
    try:
        with ask.ground.write() as tx:
            named = queries.commons(tx, ask.part("name"))
            enactment.booking.book(
                tx, ask.actor, named.id, thing=form.get("thing"), account=form.get("account")
            )
    except SAID_IN_THE_FORM as error:
        return _pot(ask, error)
    return see(links.commons(named.name, "pot"))


def _pot(ask: Ask, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        charter = charters.in_force(tx, named.id)
        cut = charter.pool
        found = pots.pot(tx, named.id)
        made = enactment.booking.made_by(tx, ask.actor, named.id)
        kept_out = outside(tx, ask, named.id)
        accounts = [name for _number, name in speaking.accounts(tx, named.id, ask.actor.id)]
    propose = links.commons(named.name, "proposals", "new")
    limits = found.limits()
    granted = [each for each in found.allotments if each.state is State.GRANTED]
    ended = [each for each in found.allotments if each.state is State.RECLAIMED]
    return ask.page(
        "commons/pot.html",
        outside=kept_out,
        status=problems.status(error) if error else 200,
        fault=error,
        made=made,
        accounts=accounts,
        twin=links.commons_twin(named.name, "pot"),
        tab="pot",
        commons=named,
        next_step=(NEXT if charter.is_collective else NEXT_OF_OWNERS).format(small=cut.small_share),
        units=[
            _unit(pool, slice_, use, limits)
            for pool, slice_, use in zip(found.pools, found.slices, found.uses, strict=True)
        ],
        mine=[
            (name if len(accounts) > 1 or name != ask.actor.name else "", rows)
            for name in accounts
            if (rows := _mine(found, name))
        ],
        held=_rows(found.held.amounts, {}, BYTES_LOGICAL),
        held_evenness=_held_evenness(found),
        waiting=[_waits(each) for each in found.waiting],
        granted=[_granted(each, cut) for each in granted],
        ended=[_granted(each, cut) for each in ended[:ENDED_SHOWN]],
        cold=[(each.name, each.since, said(BYTES_LOGICAL, each.amount)) for each in found.cold],
        cold_days=cut.reclaim_cold_days,
        proposing={
            each: links.with_query(propose, action=str(each))
            for each in (
                Action.POOL_ALLOT_SMALL,
                Action.POOL_ALLOT_ROUND,
                Action.POOL_DECLARE,
                Action.POOL_RECLAIM,
            )
        },
    )


def _unit(pool: Pool, cut: Slice, use: Use, limits: dict[str, dict[str, int]]) -> dict[str, Any]:
    """One unit: what there is of it, who gives and who uses it."""
    mine = {name: each[pool.unit] for name, each in limits.items()}
    used = {name: amount for name, amount in use.amounts.items() if amount}
    return {
        "unit": pool.unit,
        "title": _title(pool.unit),
        "capacity": said(pool.unit, cut.capacity),
        "each": said(pool.unit, cut.floor_each),
        "members": cut.members,
        "queue_free": said(pool.unit, cut.queue_free),
        "round_free": said(pool.unit, cut.round_free),
        "givers": _rows({each.by: each.amount for each in pool.gifts}, {}, pool.unit),
        "users": _rows(used, {name: mine.get(name, 0) for name in used}, pool.unit),
        "idle": len(mine.keys() - used.keys()),
        "is_used": bool(used),
        "is_measured": pool.unit in rules.IN_BYTES,
        "at": use.at,
        "evenness": _evenness(use.evenness),
    }


def _title(unit: str) -> str:
    return _(rules.title(unit))


def _rows(amounts: dict[str, int], limits: dict[str, int], unit: str) -> list[Row]:
    """The largest amounts first, each with its bar beside the largest of all."""
    most = max([*amounts.values(), *limits.values()], default=0)
    ordered = sorted(amounts.items(), key=lambda each: (-each[1], each[0]))
    return [
        Row(
            name,
            _bare(unit, amount),
            charts.bar(amount, most, limits.get(name, 0)),
            _bare(unit, limits[name]) if name in limits else "",
        )
        for name, amount in ordered[:PEOPLE_SHOWN]
    ]


def _bare(unit: str, amount: int) -> str:
    """An amount beside others of its unit, which stands above them."""
    return said(unit, amount) if unit in rules.IN_BYTES else f"{amount:,}"


def _evenness(value: Any) -> dict[str, str]:
    """The Gini as a number, a word and a picture."""
    gini = float(value)
    word = next(word for most, word in EVENNESS if gini < most)
    return {"gini": f"{gini:.2f}", "word": word, "scale": charts.scale(gini)}


def _held_evenness(found: Pot) -> dict[str, str] | None:
    """How evenly the repositories are filled; of one who has all, nobody asks that."""
    is_one = len(found.held.amounts) < 2 and not found.held.evenness  # noqa: PLR2004
    return None if is_one else _evenness(found.held.evenness)


def _mine(found: Pot, me: str) -> list[Row]:
    """What whoever looks may use of each unit, and uses."""
    mine = found.limits().get(me, {})
    used = {each.unit: each.amounts.get(me, 0) for each in found.uses}
    return [
        Row(
            _title(unit),
            _bare(unit, used.get(unit, 0)),
            charts.bar(used.get(unit, 0), max(limit, used.get(unit, 0)), limit),
            _bare(unit, limit),
        )
        for unit, limit in mine.items()
    ]


def _waits(each: Waiting) -> dict[str, str]:
    """A request in the queue, its place in words."""
    one = each.allotment
    return {
        "name": one.holder,
        "project": one.project,
        "amount": said(one.unit, one.amount),
        "share": f"{float(each.share):.1%}",
        "why": waits_for(each),
        "since": shown.day(one.granted_at),
    }


def waits_for(each: Waiting) -> str:
    """What a request in the queue waits for, in a sentence."""
    why = {
        Why.ROOM: _("It is granted as soon as {amount} are free; now it is {free}."),
        Why.TURN: _("Another request comes before it."),
        Why.NEVER: _("So much is never free for one; propose a smaller one, or wait for a round."),
    }[each.why]
    unit = each.allotment.unit
    return why.format(amount=said(unit, each.allotment.amount), free=said(unit, each.free))


def _granted(each: Allotment, cut: Cut) -> dict[str, Any]:
    """An allotment, and what becomes of it where that is not that it goes on."""
    return {
        "id": each.id,
        "name": each.holder,
        "project": each.project,
        "amount": said(each.unit, each.amount),
        "source": SOURCES[each.source],
        "since": each.granted_at,
        "ends": _ends(each, cut) if each.state is State.GRANTED else "",
    }


def _ends(each: Allotment, cut: Cut) -> str:
    if each.recalled_at is not None:
        return _("It was lent, and is needed again by whose it is: it ends on {when}.").format(
            when=_when(each.recalled_at, rules.RECALL)
        )
    if each.noticed_at is not None:
        return _(
            "Nothing was written to it for {days} days. On {when} it goes back to the pot, unless "
            "{name} writes again before; nothing that is stored is deleted."
        ).format(
            days=cut.reclaim_cold_days,
            when=_when(each.noticed_at, timedelta(days=cut.notice_days)),
            name=each.holder,
        )
    return ""


def _when(since: datetime, after: timedelta) -> str:
    return shown.minute(since + after)


ROUTES = [
    get("/commons/{name}/pot", pot, access=Access.ANYONE),
    post("/commons/{name}/pot", account, access=Access.SIGNED_IN),
]
