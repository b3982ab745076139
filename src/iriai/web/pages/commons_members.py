"""The members of a commons, and its offices: who, until when, and what each may do about it."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.charter import phrases
from iriai.commons.charter.rules import Preset
from iriai.commons.enactment import people
from iriai.commons.membership import actions, offices, speaking
from iriai.commons.membership import queries as membership
from iriai.commons.membership.overview import Office, Overview, office, overview
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.texts import gettext as _

DUTIES = {
    "steward": _(
        "A steward looks after the day: reads reports, deals with cases and with requests to "
        "remove data, stops what cannot wait together with another, and does at once what the "
        "charter leaves to stewards."
    ),
    "maintainer": _(
        "A maintainer looks after one repository: merges what others contribute, and answers who "
        "asks for access."
    ),
    "secretary": _(
        "A secretary watches over the votes, which open and close by themselves, and has no power "
        "of their own."
    ),
}
"""What one does in the offices of the presets; another's name says it."""

ALL_REST = _(
    "All members rest, and nobody decides here until one of them returns, which takes one click. "
    "The commons above can decide to take it into custody, by a vote of its own."
)
SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
NUMBER_DIGITS_MAX = 15

Deed = Callable[[Tx, Ask, int], object]


def members(ask: Ask) -> Response:
    """Who belongs, who has a vote and from when, who applies, who holds which office."""
    return _members(ask)


def act(ask: Ask) -> Response:
    """Apply, vouch, rest, return or leave."""
    deed = MEMBER_DEEDS.get(ask.form.get("do"))
    if deed is None:
        raise Invalid("Choose what you want to do.")
    fault = _do(ask, deed)
    return _members(ask, fault=fault) if fault else see(links.commons(ask.part("name"), "members"))


def seats(ask: Ask) -> Response:
    """One office: who holds it, its election, and petitions to ask a seat back."""
    return _seats(ask)


def act_on_seats(ask: Ask) -> Response:
    """Call an election, nominate, accept, stand down, resign, ask a seat back, sign."""
    deed = SEAT_DEEDS.get(ask.form.get("do"))
    if deed is None:
        raise Invalid("Choose what you want to do.")
    fault = _do(ask, deed)
    if fault:
        return _seats(ask, fault=fault)
    return see(links.commons(ask.part("name"), "seats", ask.part("role")))


def _do(ask: Ask, deed: Deed) -> HubError | None:
    try:
        with ask.ground.write() as tx:
            deed(tx, ask, queries.commons(tx, ask.part("name")).id)
    except SAID_IN_THE_FORM as error:
        return error
    return None


def _members(ask: Ask, *, fault: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        commons = queries.commons(tx, ask.part("name"))
        found = overview(tx, commons.id, ask.actor.id)
        spoken = speaking.institutions(tx, commons.id, ask.actor.id)
    return ask.page(
        "commons/members.html",
        spoken=spoken,
        tab="members",
        twin=links.commons_twin(commons.name, "members"),
        commons=commons,
        found=found,
        fault=fault,
        status=problems.status(fault) if fault else 200,
        sent=ask.form,
        next_step=next_of_members(found),
    )


def _seats(ask: Ask, *, fault: HubError | None = None) -> Response:
    role = ask.part("role")
    with ask.ground.read() as tx:
        commons = queries.commons(tx, ask.part("name"))
        shown = office(tx, commons.id, role)
        found = overview(tx, commons.id, ask.actor.id)
        takes_part = bool(speaking.speakers(tx, commons.id, ask.actor.id))
        mine_to_sign = (
            [] if ask.actor.id is None else membership.voices(tx, commons.id, ask.actor.id)
        )
    mine = [each for each in shown.held + shown.to_come if each.holder == ask.actor.name]
    named = None
    if shown.election is not None:
        named = next((x for x in shown.election.candidates if x.name == ask.actor.name), None)
    return ask.page(
        "commons/seats.html",
        tab="members",
        twin=links.commons_twin(commons.name, "seats", role),
        commons=commons,
        found=found,
        office=shown,
        duty=DUTIES.get(role, ""),
        petitions=[each for each in found.petitions if each.role == role],
        recall=found.charter.roles[role].recall,
        mine=mine,
        named=named,
        takes_part=takes_part,
        voices=[each.name for each in mine_to_sign],
        fault=fault,
        status=problems.status(fault) if fault else 200,
        sent=ask.form,
        next_step=_next_of_office(shown),
    )


def next_of_members(found: Overview) -> str:
    """What happens next, when, and where to object, in a sentence."""
    charter = found.charter
    if charter.preset is Preset.SOLO:
        return _next_alone([each.name for each in found.members if each.is_elector])
    if found.choosing:
        return choice(found.choosing)
    if not charter.is_collective:
        return _(
            "The owners give roles and take them; each such act is in the log. With a charter of "
            "members, they are admitted by the members themselves."
        )
    if found.resting and not found.members:
        return ALL_REST
    if found.applicants:
        first = found.applicants[0]
        if first.decision:
            return _("%(name)s is before the members; object on the page of that proposal.") % {
                "name": first.name
            }
        return _(
            "%(name)s has applied and still needs %(words)s; then the members decide, and whoever "
            "is against it objects on the page of that proposal."
        ) % {
            "name": first.name,
            "words": first.needs.words,
        }
    running = [each for each in found.offices if each.election is not None]
    if running:
        which = ", ".join(each.role for each in running)
        said = _("An election runs: %(which)s.")
        if len(running) > 1:
            said = _("Elections run: %(which)s.")
        return f"{said % {'which': which}} {_next_of_office(running[0])}"
    ends = sorted(
        ((seat.ends_at, seat.role, seat.holder) for each in found.offices for seat in each.held),
    )
    if ends:
        moment, role, holder = ends[0]
        return _(
            "On %(day)s the term of %(holder)s as %(role)s ends, and its rights by itself."
        ) % {
            "day": f"{moment:%-d %B %Y}",
            "holder": holder,
            "role": role,
        }
    return _("Nothing ends soon. Whoever wants to belong applies on this page.")


def _next_alone(names: list[str]) -> str:
    if not names:
        return _(
            "Nobody with an account holds this yet: whoever runs the hub decides, at its command "
            "line. What they do is in the log."
        )
    return _(
        "%(names)s decides here alone, and each act is in the log. Once a second member is "
        "admitted, both choose together how they decide from then on."
    ) % {"names": ", ".join(names)}


def choice(names: Sequence[str]) -> str:
    """What waits where `solo` has ended and nobody has chosen yet how it goes on."""
    return _(
        "%(names)s choose together how they decide from now on: one proposes it, and it takes "
        "effect once all of them have given their word. Until then the owners decide."
    ) % {"names": phrases.listed(names)}


def _next_of_office(shown: Office) -> str:
    if shown.election is not None and shown.election.proposal is not None:
        return _("The election runs; the page of its ballot says until when, and counts in public.")
    if shown.election is not None:
        return _("Nominations close on %(day)s; then the ballot opens by itself.") % {
            "day": f"{shown.election.nominations_until:%-d %B %Y, %H:%M} UTC"
        }
    if shown.caring:
        return _("Until %(day)s a caretaker merges, holds and calls the election, no more.") % {
            "day": f"{shown.caring[0].caretaker_until:%-d %B %Y}"
        }
    if shown.held:
        first = min(shown.held, key=lambda seat: seat.ends_at)
        return _("On %(day)s a seat ends by itself; its election begins four weeks before.") % {
            "day": f"{first.ends_at:%-d %B %Y}"
        }
    if shown.is_elected:
        return _("Nobody holds this office. Any member can call its election.")
    return _("Nobody holds this office. It is granted by a decision: propose one.")


def _number(ask: Ask, name: str) -> int:
    number = whole(ask.form.get(name), digits_max=NUMBER_DIGITS_MAX)
    if number is None:
        raise Invalid("Choose a seat.")
    return number


MEMBER_DEEDS: dict[str, Deed] = {
    "apply": lambda tx, ask, commons: people.apply(
        tx,
        ask.actor,
        commons,
        text=ask.form.get("text"),
        institution=ask.form.get("institution").strip(),
    ),
    "withdraw": lambda tx, ask, commons: actions.withdraw(tx, ask.actor, commons),
    "sponsor": lambda tx, ask, commons: people.sponsor(
        tx, ask.actor, commons, name=ask.form.get("name")
    ),
    "belong": lambda tx, ask, commons: actions.belong_to(
        tx, ask.actor, commons, institution=ask.form.get("institution").strip()
    ),
    "rest": lambda tx, ask, commons: people.rest(
        tx, ask.actor, commons, institution=ask.form.get("institution").strip()
    ),
    "return": lambda tx, ask, commons: people.return_(
        tx, ask.actor, commons, institution=ask.form.get("institution").strip()
    ),
    "leave": lambda tx, ask, commons: people.leave(
        tx, ask.actor, commons, institution=ask.form.get("institution").strip()
    ),
}

SEAT_DEEDS: dict[str, Deed] = {
    "call": lambda tx, ask, commons: offices.call_election(
        tx, ask.actor, commons, role=ask.part("role")
    ),
    "nominate": lambda tx, ask, commons: offices.nominate(
        tx, ask.actor, commons, role=ask.part("role"), name=ask.form.get("name").strip()
    ),
    "accept": lambda tx, ask, commons: offices.accept(
        tx, ask.actor, commons, role=ask.part("role")
    ),
    "stand-down": lambda tx, ask, commons: offices.stand_down(
        tx, ask.actor, commons, role=ask.part("role")
    ),
    "resign": lambda tx, ask, commons: people.resign(
        tx, ask.actor, commons, seat_id=_number(ask, "seat")
    ),
    "petition": lambda tx, ask, commons: people.petition(
        tx, ask.actor, commons, seat_id=_number(ask, "seat"), text=ask.form.get("text")
    ),
    "sign": lambda tx, ask, commons: people.sign(
        tx, ask.actor, commons, petition_id=_number(ask, "petition")
    ),
}


ROUTES: list[Any] = [
    get("/commons/{name}/members", members, access=Access.ANYONE),
    post("/commons/{name}/members", act, access=Access.SIGNED_IN),
    get("/commons/{name}/seats/{role}", seats, access=Access.ANYONE),
    post("/commons/{name}/seats/{role}", act_on_seats, access=Access.SIGNED_IN),
]
