"""How a commons decides, chosen on one page: the presets in words, and the few numbers beside them.

The choice writes a file, opens a pull request with it and proposes that, in one go.
"""

from typing import Any

from starlette.responses import Response

from iriai.base.errors import HubError, Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.commons import enactment, queries
from iriai.commons.charter import (
    amending,
    differences,
    phrases,
    presets,
    reading,
    rights,
    words,
    writing,
)
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Charter, Preset
from iriai.commons.membership import queries as membership
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.pages.commons_charter import SAID_IN_THE_FORM, open_pull
from iriai.web.texts import gettext as _

HOURS_MAX, SEATS_MAX, DAYS_MAX = 2_160, 100, 3_650


def choose(ask: Ask) -> Response:
    """The choices with which a commons begins, or begins anew."""
    return _choices(ask)


def begin(ask: Ask) -> Response:
    """Write the file, open the pull request and propose it, in one go."""
    form = ask.form
    try:
        with ask.ground.read() as tx:
            named = queries.commons(tx, ask.part("name"))
            before = charters.in_force(tx, named.id)
        made = presets.text(chosen_preset(form.get("preset")), named.name, **choices(form))
        after = reading.read(made, commons=named.name)
        changes = differences.changes(before, after)
        if not changes:
            raise Invalid(_("This is what holds already."))
        title = _("Decide as %(preset)s") % {"preset": after.preset}
        number = open_pull(ask, named, made, changes, form.get("why"), title=title)
        with ask.ground.write() as tx:
            action = amending.action_for(before, after)
            made_proposal = enactment.propose(
                tx, ask.actor, named.id, action=action, payload={"pull": number}, title=title
            )
        enactment.carry_out(ask.ground, made_proposal.id)
    except SAID_IN_THE_FORM as error:
        return _choices(ask, error)
    if "/commons/{name}/proposals/{number}" in ask.request.app.paths:
        return see(links.commons(named.name, "proposals", str(made_proposal.number)))
    return see(links.commons(named.name, "charter"))


def _choices(ask: Ask, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = charters.in_force(tx, named.id)
        votes = membership.votes(tx, named.id)
        is_alone = found.is_collective and enactment.alone.last(tx, named.id) is not None
        together = [name for _number, name in membership.choosing(tx, named.id)]
    takes = words.in_short(found, found.actions[Action.CHARTER_AMEND], electors=votes)
    return ask.page(
        "commons/found.html",
        status=problems.status(error) if error else 200,
        tab="charter",
        commons=named,
        offered=offered(named.name, collective_only=found.is_collective, is_alone=is_alone),
        current=found.preset,
        takes="" if found.is_collective or together else takes,
        form=ask.form,
        fault=error.message if error else "",
        next_step=_next_of_choice(found, takes, together),
    )


def _next_of_choice(found: Charter, takes: str, together: list[str]) -> str:
    """What happens next on the page of presets. `together`: who chooses after `solo`."""
    if found.is_collective:
        return _(
            "It is put to the members like any change of the charter: %(takes)s. Whoever is "
            "against it says so on the page of the proposal."
        ) % {"takes": takes}
    who = _("It takes all administrators, and after that the members decide.")
    if len(together) > 1:
        who = _("It takes effect once %(names)s have all given their word for it.") % {
            "names": phrases.listed(together)
        }
    elif found.preset is Preset.SOLO:
        who = _("You decide it alone, and after that the members decide.")
    return f"{who} " + _(
        "What the organisation has already is held by the commons 14 days later; until then "
        "whoever administers it can still move or delete what they want to keep from it."
    )


def offered(name: str, *, collective_only: bool = False, is_alone: bool = False) -> list[Any]:
    """The presets that can be chosen, each with what it is for; `solo` for the last member left."""
    made = []
    for preset in (Preset.OWNERS, *(each for each in Preset if each is not Preset.OWNERS)):
        found = presets.charter(preset, name)
        if not (is_alone if preset is Preset.SOLO else found.is_collective or not collective_only):
            continue
        daily = [rights.who(found, Action.RESOURCE_DELETE)]
        said = [(_("Delete a model?"), daily[0])]
        said.append((_("Merge a change?"), rights.who(found, Action.RESOURCE_MERGE)))
        said.append((_("Change these rules?"), rights.who(found, Action.CHARTER_AMEND)))
        made.append({"preset": preset, "story": writing.story(found), "answers": said})
    return made


def chosen_preset(word: str) -> Preset:
    """The preset that a form names."""
    if word not in set(Preset):
        raise Invalid(_("Choose how you will decide."))
    return Preset(word)


def choices(form: Any) -> dict[str, Any]:
    """The few numbers that founders choose; what they left out is the preset's."""
    found: dict[str, Any] = {}
    for name, most in (
        ("hours", HOURS_MAX),
        ("stewards", SEATS_MAX),
        ("term_days", DAYS_MAX),
        ("sponsors", 10),
        ("elector_after_days", 365),
    ):
        given = form.get(name).strip()
        if not given:
            continue
        number = whole(given)
        if number is None or number > most:
            raise Invalid(
                _("“%(name)s” is a number up to %(most)s.") % {"name": name, "most": most}
            )
        found[name] = number
    licences = [each.strip() for each in form.get("licences").split(",") if each.strip()]
    if licences:
        found["licences"] = tuple(dict.fromkeys(licences))
    return found


ROUTES = [
    get("/commons/{name}/found", choose, access=Access.SIGNED_IN),
    post("/commons/{name}/found", begin, access=Access.SIGNED_IN),
]
