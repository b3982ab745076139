"""The pot of a commons: what there is, who gives, who uses, what is free, and how evenly."""

from starlette.responses import Response

from iriai.base.routing import Access
from iriai.commons import queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.pot import queries as pots
from iriai.commons.pot.rules import BYTES_LOGICAL, State, said
from iriai.web import charts, links
from iriai.web.door import Ask, get
from iriai.web.texts import gettext as _

NEXT = _(
    "What is allotted, taken back or given to the pot is decided by a proposal, which members can "
    "object to until its date. A single allotment is at most {small:.0%} of what is free; larger "
    "ones wait for a round."
)


def pot(ask: Ask) -> Response:
    """What there is to share, and who has which part of it."""
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        cut = charters.in_force(tx, named.id).pool
        found = pots.pot(tx, named.id)
    propose = links.commons(named.name, "proposals", "new")
    used = sorted(found.used.items(), key=lambda each: (-each[1], each[0]))
    return ask.page(
        "commons/pot.html",
        twin=links.commons_twin(named.name, "pot"),
        tab="pot",
        commons=named,
        next_step=NEXT.format(small=cut.small_share),
        pot=found,
        cut=cut,
        said=said,
        used=used,
        mine=found.limits().get(ask.actor.name, {}) if ask.actor.id else {},
        mine_used=found.used.get(ask.actor.name, 0) if ask.actor.id else 0,
        bytes_unit=BYTES_LOGICAL,
        chart=charts.bars([(name, amount) for name, amount in used[:20]]),
        granted=[each for each in found.allotments if each.state is State.GRANTED],
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


ROUTES = [get("/commons/{name}/pot", pot, access=Access.ANYONE)]
