"""Proposals of a commons: what runs, what was decided, and everything one can do about either.

Each page says in one sentence what happens next, when, and what a reader can do until then. Nothing
needs a script; a ballot is one small form.
"""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import enactment, queries
from iriai.commons.charter import phrases
from iriai.commons.charter.rules import Action
from iriai.commons.membership import queries as membership
from iriai.commons.membership import speaking
from iriai.commons.pot import queries as pots
from iriai.commons.proposals import actions, forms, taking_part, telling, voting
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import Proposal, State
from iriai.repos import queries as repos
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.pages import commons_pot
from iriai.web.pages import commons_proposing as proposing
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
NUMBER_MAX = 1 << 31
VOICE_DIGITS_MAX, RANK_DIGITS_MAX = 15, 3
DROPPED = re.compile(
    r"quorum: (?P<quorum>\d+) prefer it to the default, (?P<needed>[\d.]+) are needed"
    r"|majority: (?P<votes>\d+) against (?P<against>\d+), where (?P<ratio>\d+):1 is needed"
)


def every(ask: Ask) -> Response:
    """What runs, what happens next first; then what is over."""
    before = ask.number("before", 0, most=NUMBER_MAX) or None
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        running = [] if before else proposals.open_(tx, named.id)
        over = proposals.closed(tx, named.id, before=before)
        ballots = {
            each.number: voters[0].voted
            for each in running
            if _is_voting(each) and (voters := proposals.voters(tx, each, ask.actor.id))
        }
        outside = proposing.outside(tx, ask, named.id)
        queued = pots.queued_by(tx, named.id)
        now = tx.now
    older = over[-1].number if len(over) == proposals.PAGE_LENGTH else None
    here = links.commons(named.name, "proposals")
    return ask.page(
        "commons/proposals.html",
        outside=outside,
        queued=queued,
        tab="proposals",
        twin=links.commons_twin(named.name, "proposals"),
        commons=named,
        running=[(each, telling.next_step(each, now)) for each in running],
        over=over,
        ballots=ballots,
        states=telling.STATES,
        older=links.with_query(here, before=older) if older else "",
        newer=here if before else "",
        next_step=telling.next_step(running[0], now) if running else telling.NOTHING_RUNS,
    )


def one(ask: Ask) -> Response:
    """A proposal: what it would do, who spoke, its clock, and what one can do now."""
    return _one(ask)


def act(ask: Ask) -> Response:
    """Second it, object, take it back, or give the casting vote."""
    form = ask.form
    try:
        with ask.ground.write() as tx:
            named = queries.commons(tx, ask.part("name"))
            number = _number(ask)
            verb, who = form.get("act"), (ask.actor, named.id, number)
            voice = form.get("voice")
            if verb == "second":
                actions.second(tx, *who, voice=voice)
            elif verb == "object":
                actions.object_(tx, *who, reason=form.get("reason"), voice=voice)
            elif verb == "withdraw":
                actions.withdraw(tx, *who, voice=voice)
            elif verb == "rival":
                action = enactment.clean_action(form.get("action"))
                payload = proposing.answers(form, forms.FORMS[action])
                enactment.rival(tx, *who, action=action, payload=payload, voice=voice)
            elif verb == "cast":
                place = whole(form.get("option"))
                actions.break_tie(tx, *who, place=-1 if place is None else place)
            else:
                raise Invalid(_("This form could not be read."))
    except SAID_IN_THE_FORM as error:
        return _one(ask, error=error)
    return see(links.commons(named.name, "proposals", str(number)))


def ballot(ask: Ask) -> Response:
    """The ballot: a number beside each option, or a tick."""
    return _ballot(ask)


def vote(ask: Ask) -> Response:
    """Cast it; a secret one answers with its code, this once."""
    form = ask.form
    try:
        with ask.ground.read() as tx:
            named = queries.commons(tx, ask.part("name"))
            found = proposals.proposal(tx, named.id, _number(ask))
        marks = [_mark(form.get(f"o{each.place}")) for each in found.options]
        receipt = voting.cast(
            ask.ground,
            ask.actor,
            named.id,
            found.number,
            marks=marks,
            voice=whole(form.get("voice"), digits_max=VOICE_DIGITS_MAX),
            code=form.get("code").strip() or None,
        )
    except SAID_IN_THE_FORM as error:
        return _ballot(ask, error=error)
    return ask.page(
        "commons/voted.html",
        tab="proposals",
        commons=named,
        proposal=found,
        receipt=receipt,
        marks=telling.ballot(found, receipt.marks),
        who_could_see=voting.who_could_see(ask.ground),
        next_step=_with_clock(ask, found),
    )


def count(ask: Ask) -> Response:
    """What came of the vote, with its whole working and the ballots to count again."""
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = proposals.proposal(tx, named.id, _number(ask))
        tally = proposals.tally(tx, found)
        now = tx.now
    return ask.page(
        "commons/count.html",
        tab="proposals",
        twin=links.commons_twin(named.name, "proposals", str(found.number), "count"),
        ballots=links.commons_twin(named.name, "proposals", str(found.number), "ballots"),
        commons=named,
        proposal=found,
        count=tally.count,
        dropped=[_dropped(each, tally.count) for each in tally.count.get("dropped", ())],
        sheet=tally.sheet,
        counted_at=tally.counted_at,
        who_could_see=voting.who_could_see(ask.ground) if found.is_secret else "",
        next_step=telling.next_step(found, now),
    )


def _dropped(each: Mapping[str, Any], count: Mapping[str, Any]) -> tuple[str, str]:
    """An option that was dropped, and why, in words; the file of the count has its own."""
    found = DROPPED.match(str(each["reason"]))
    if found is None:
        return each["option"], each["reason"]
    if found["quorum"]:
        said = _("{votes} would rather have it than keep things as they are; {needed} are needed")
        return each["option"], said.format(
            votes=found["quorum"], needed=count["quorum"].get("votes", found["needed"])
        )
    said = _("{votes} would rather have it and {against} would not; it needs {margin}")
    margin = phrases.ratio(int(found["ratio"]))
    return each["option"], said.format(
        votes=found["votes"], against=found["against"], margin=margin
    )


def _one(ask: Ask, *, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = proposals.proposal(tx, named.id, _number(ask))
        speakers = speaking.speakers(tx, named.id, ask.actor.id)
        voters = proposals.voters(tx, found, ask.actor.id) if _is_voting(found) else []
        turnout = proposals.turnout(tx, found) if found.opened_at else 0
        thread = _thread_link(tx, ask, found)
        may = telling.may(found, speakers, tx.now)
        rival = proposing.rival_form(tx, ask, found) if "rival" in may else None
        votes = proposals.electors(tx, found.id).values() or (membership.votes(tx, named.id),)
        awaited = taking_part.awaited(tx, found)
        queued = _queued(tx, found)
        now = tx.now
    return ask.page(
        "commons/proposal.html",
        status=problems.status(error) if error else 200,
        tab="proposals",
        twin=links.commons_twin(named.name, "proposals", str(found.number)),
        commons=named,
        proposal=found,
        said=telling.said(found, sum(votes)),
        state=_("in the queue") if queued else telling.STATES[found.state],
        queued=queued,
        is_member=bool(speakers),
        may=may,
        rival=rival,
        voters=voters,
        turnout=turnout,
        thread=thread,
        sent=ask.form,
        fault=error,
        next_step=telling.next_step(found, now, is_here=True, awaited=awaited, queued=queued),
    )


def _queued(tx: Tx, found: Proposal) -> str:
    """What a request that was granted still waits for in the pot; else nothing."""
    if found.state is not State.ENACTED or found.action is not Action.POOL_ALLOT_SMALL:
        return ""
    waiting = pots.waiting_of(tx, found.commons_id, found.number)
    return "" if waiting is None else commons_pot.waits_for(waiting)


def _ballot(ask: Ask, *, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = proposals.proposal(tx, named.id, _number(ask))
        voters = proposals.voters(tx, found, ask.actor.id)
        now = tx.now
    first = voters[0] if voters else None
    marks = first.marks if first is not None else None
    return ask.page(
        "commons/ballot.html",
        status=problems.status(error) if error else 200,
        tab="proposals",
        commons=named,
        proposal=found,
        is_open=_is_voting(found),
        voters=voters,
        marks=marks or [None] * len(found.options),
        sent=ask.form,
        fault=error,
        who_could_see=voting.who_could_see(ask.ground) if found.is_secret else "",
        next_step=telling.next_step(found, now, is_here=True),
    )


def _is_voting(found: Proposal) -> bool:
    return found.state is State.VOTING


def _with_clock(ask: Ask, found: Proposal) -> str:
    return telling.next_step(found, ask.ground.clock())


def _mark(given: str) -> int | None:
    given = given.strip()
    if not given:
        return None
    rank = whole(given, digits_max=RANK_DIGITS_MAX)
    if rank is None:
        raise Invalid(_("A rank is a whole number."))
    return rank


def _number(ask: Ask) -> int:
    number = whole(ask.part("number"))
    if number is None or number > NUMBER_MAX:
        raise Unknown("There is no such proposal.", code="ProposalNotFound")
    return number


def _thread_link(tx: Tx, ask: Ask, found: Proposal) -> str:
    if found.repo_id is None or found.discussion is None:
        return ""
    try:
        repo = repos.by_id(tx, found.repo_id)
        seen = repos.repo(tx, ask.actor, repo.kind, repo.full_name)
    except HubError:
        return ""
    return links.repo(seen, "discussions", str(found.discussion))


def _routes() -> list[Any]:
    anyone, member = Access.ANYONE, Access.SIGNED_IN
    where = "/commons/{name}/proposals"
    return [
        get(where, every, access=anyone),
        get(f"{where}/new", proposing.new, access=member),
        post(f"{where}/new", proposing.propose, access=member),
        get(where + "/{number}", one, access=anyone),
        post(where + "/{number}", act, access=member),
        get(where + "/{number}/ballot", ballot, access=member),
        post(where + "/{number}/ballot", vote, access=member),
        get(where + "/{number}/count", count, access=anyone),
    ]


ROUTES = _routes()
