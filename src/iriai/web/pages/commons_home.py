"""The first page of a commons: what waits for whoever looks, what runs, and who belongs."""

from typing import Any

from starlette.responses import Response

from iriai.base import events
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries as membership
from iriai.commons.membership import speaking
from iriai.commons.membership.overview import Overview, overview
from iriai.commons.membership.speaker import Speaker
from iriai.commons.pot import queries as pots
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals import taking_part, telling
from iriai.commons.proposals.rules import Proposal, State
from iriai.commons.queries import HUB_NAME
from iriai.commons.removal import queries as removals
from iriai.commons.removal.rules import OPEN
from iriai.web import links
from iriai.web.door import Ask, get
from iriai.web.pages.commons import PRESETS
from iriai.web.pages.commons_members import ALL_REST, choice, next_of_members
from iriai.web.pages.commons_proposing import outside

OVER_SHOWN = 5


def home(ask: Ask) -> Response:
    """What goes on in a commons, what one can do about it, and by whose rules."""
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        people = overview(tx, named.id, ask.actor.id)
        speakers = speaking.speakers(tx, named.id, ask.actor.id)
        running = [_running(tx, ask, each, speakers) for each in proposals.open_(tx, named.id)]
        owner = membership.organisation_id(tx, named.id)
        taken_over_at = None if owner is None else charters.taking_over(tx, owner)
        now = tx.now
        return ask.page(
            "commons/home.html",
            tab="home",
            twin=links.commons_twin(named.name, "proposals"),
            commons=named,
            how=PRESETS[named.preset],
            charter=charters.version(tx, named.id),
            people=people,
            running=running,
            outside=outside(tx, ask, named.id),
            over=proposals.closed(tx, named.id)[:OVER_SHOWN],
            states=telling.STATES,
            queued=pots.queued_by(tx, named.id),
            removals=[each for each in removals.removals(tx, named.id) if each.state in OPEN],
            size=events.head(tx, named.id).size,
            resources="" if named.name == HUB_NAME else links.account(named.name),
            taken_over_at=taken_over_at,
            next_step=_next_step(running, people),
            now=now,
        )


def _running(tx: Tx, ask: Ask, found: Proposal, speakers: list[Speaker]) -> dict[str, Any]:
    """One proposal, and what whoever looks could do about it."""
    is_voting = found.state is State.VOTING
    voters = proposals.voters(tx, found, ask.actor.id) if is_voting else []
    return {
        "proposal": found,
        "next": telling.next_step(found, tx.now, awaited=taking_part.awaited(tx, found)),
        "votes": bool(voters),
        "voted": bool(voters) and all(each.voted for each in voters),
        "may": telling.may(found, speakers, tx.now),
    }


def _next_step(running: list[dict[str, Any]], people: Overview) -> str:
    """What waits for whoever looks; else what happens next here at all."""
    if not running and people.choosing:
        return choice(people.choosing)
    if not running and people.resting and not people.members:
        return ALL_REST
    if not running and any(each.election is not None for each in people.offices):
        return next_of_members(people)
    if not running:
        return telling.NOTHING_RUNS
    mine = (each for each in running if each["votes"] and not each["voted"])
    first: str = next(mine, running[0])["next"]
    return first


ROUTES = [get("/commons/{name}", home, access=Access.ANYONE)]
