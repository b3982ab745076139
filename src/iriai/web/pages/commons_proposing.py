"""To propose something: the list of what can be, then one small form, then its words, then it goes.

A proposal is sent only in the words that were shown: the form carries them, and whoever has changed
an answer since, or meets a changed world, sees the new words first.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.tx import Tx
from iriai.commons import enactment, queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter import rights
from iriai.commons.charter import words as words_of
from iriai.commons.charter.rules import Action, Charter, Path, Preset
from iriai.commons.enactment import offering
from iriai.commons.membership import queries as membership
from iriai.commons.membership import speaking
from iriai.commons.membership.rules import State
from iriai.commons.proposals import forms, telling
from iriai.commons.proposals.forms import Field, Shape
from iriai.commons.proposals.rules import Proposal
from iriai.repos import queries as repos
from iriai.repos.rules import Kind
from iriai.web import links, problems
from iriai.web.door import Ask, see
from iriai.web.forms import Form
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
ROWS_FREE = 3
ROWS_MAX = 200
THREAD_DIGITS_MAX = 9
PREFIX = "p_"


OUTSIDE = {
    State.EMERITUS: (
        _("You rest as a member; once you have returned you can propose."),
        _("Return"),
    ),
    State.SUSPENDED: (
        _("You are suspended, and cannot propose until that is over."),
        _("See there"),
    ),
    State.APPLICANT: (
        _("You have applied; once you are a member you can propose."),
        _("See there"),
    ),
}
VISITOR = (_("Only members propose here."), _("How to become a member"))
VISITOR_OF_OWNERS = (
    _("Only those propose here who have a role, which the owners give."),
    _("Who belongs, and how to"),
)
VISITOR_OF_ONE = (_("Only whoever decides here proposes."), _("Who decides here"))


def outside(tx: Tx, ask: Ask, commons_id: int) -> tuple[str, str] | None:
    """Why whoever looks cannot propose, and what the link to the members is called; else None."""
    if speaking.speakers(tx, commons_id, ask.actor.id):
        return None
    charter = charters.in_force(tx, commons_id)
    state = membership.standing(tx, commons_id, ask.actor.id).state
    if state in OUTSIDE:
        return OUTSIDE[state]
    if charter.is_collective:
        return VISITOR
    return VISITOR_OF_ONE if charter.preset is Preset.SOLO else VISITOR_OF_OWNERS


def new(ask: Ask) -> Response:
    """What can be proposed; or the form of what was chosen, begun by what was asked for."""
    action = _action(ask.query("action"))
    if action is None:
        return _list(ask)
    fields = forms.FORMS[action]
    given = {each.name: ask.query(each.name) for each in fields}
    if action is Action.POOL_ALLOT_SMALL and not given["name"]:
        given["name"] = ask.actor.name
    return _form(ask, action, given, thread=ask.query("thread"))


def propose(ask: Ask) -> Response:
    """Show how it will read; once it was shown so, propose it."""
    form = ask.form
    action = enactment.clean_action(form.get("action"))
    given = answers(form, forms.FORMS[action])
    words = ""
    try:
        with ask.ground.write() as tx:
            named = queries.commons(tx, ask.part("name"))
            voice = form.get("voice")
            words = offering.reads(
                tx, ask.actor, named.id, action=action, payload=given, voice=voice
            )
            if _plain(words) != _plain(form.get("shown")):
                made = None
            else:
                made = enactment.propose(
                    tx,
                    ask.actor,
                    named.id,
                    action=action,
                    payload=given,
                    title=form.get("title"),
                    text=form.get("text"),
                    discussion=thread_of(tx, ask, form.get("thread")),
                    voice=voice,
                )
    except SAID_IN_THE_FORM as error:
        return _form(ask, action, given, thread=form.get("thread"), error=error)
    if made is None:
        return _form(ask, action, given, thread=form.get("thread"), words=words)
    return see(links.commons(named.name, "proposals", str(made.number)))


def answers(form: Form, fields: tuple[Field, ...]) -> dict[str, Any]:
    """What was answered, by the names of the fields. Empty rows are left out."""
    found: dict[str, Any] = {}
    for each in fields:
        if each.shape is Shape.ROWS:
            rows = [_row(form, each, place) for place in range(ROWS_MAX)]
            found[each.name] = [row for row in rows if any(row.values())]
        elif form.has(PREFIX + each.name):
            found[each.name] = _value(each.name, form.get(PREFIX + each.name))
    return found


def _row(form: Form, field: Field, place: int) -> dict[str, str]:
    return {
        each.name: _value(each.name, form.get(f"{PREFIX}{field.name}_{place}_{each.name}"))
        for each in field.columns
    }


def _value(name: str, given: str) -> str:
    return forms.amount(given) if name == "amount" else given.strip()


def _plain(words: str) -> str:
    """Words as a browser gives them back, whose line ends are its own."""
    return words.replace("\r\n", "\n").strip()


def _action(given: str) -> Action | None:
    return Action(given) if given in list(Action) else None


def _list(ask: Ask) -> Response:
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        charter = charters.in_force(tx, named.id)
        votes = membership.votes(tx, named.id)
        kept_out = outside(tx, ask, named.id)
    return ask.page(
        "commons/propose_list.html",
        outside=kept_out,
        tab="proposals",
        commons=named,
        groups=offering.offered(charter),
        ways=words_of.ways(charter, electors=votes),
        thread=ask.query("thread"),
        next_step=_(
            "Nothing happens before you send a proposal; you see first in which words. Each line "
            "says how it will be decided, and whoever is against it says so on its page."
        ),
    )


def _form(
    ask: Ask,
    action: Action,
    given: Mapping[str, Any],
    *,
    thread: str = "",
    words: str = "",
    error: HubError | None = None,
) -> Response:
    fields = forms.FORMS[action]
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        charter = charters.in_force(tx, named.id)
        how = rights.who(charter, action, electors=membership.votes(tx, named.id))
        there = offering.choices(tx, ask.actor, named.id, fields, given)
        names = speaking.speakers(tx, named.id, ask.actor.id)
        kept_out = None if error else outside(tx, ask, named.id)
        next_step = _next(charter, action, how, membership.votes(tx, named.id))
    fields = _asked(charter, action, there)
    return ask.page(
        "commons/propose.html",
        outside=kept_out,
        status=problems.status(error) if error else 200,
        tab="proposals",
        commons=named,
        action=action,
        does=telling.ACTIONS[action],
        speakers=names,
        fields=fields,
        there=there,
        nothing=nothing_to_choose(fields, there),
        offices=_elected(charter) if action is Action.SEAT_FILL else (),
        given=given,
        rows=ROWS_FREE,
        sent=ask.form,
        thread=thread,
        words=words,
        how=how,
        fault=error,
        next_step=next_step,
    )


def _asked(
    charter: Charter, action: Action, there: Mapping[str, offering.Choices]
) -> tuple[Field, ...]:
    """The fields of an action's form, as this charter and what there is shape them."""
    fields = forms.FORMS[action]
    if action is Action.MEMBER_ADMIT and not charter.is_collective:
        fields = forms.BY_NAME
    if action is Action.SEAT_GRANT and not there["custody"]:
        fields = tuple(
            replace(each, is_optional=each.name == "repository")
            for each in fields
            if each.name != "custody"
        )
    if not charter.is_collective:  # owners decide on custody too, without a vote
        fields = tuple(replace(x, hint="") if x.name == "custody" else x for x in fields)
    return forms.shaped(fields, there)


def _next(charter: Charter, action: Action, how: str, votes: int) -> str:
    """What becomes of it once it is sent, when, and where one objects."""
    terms = charter.procedure(action)
    if terms is None or terms.path is Path.AT_ONCE:
        return _("Nothing happens before you send this. ") + how
    way = words_of.in_short(charter, charter.actions[action], electors=votes, action=action)
    return _("Nothing happens before you send this; then {way}. One objects on its page.").format(
        way=way
    )


def nothing_to_choose(
    fields: tuple[Field, ...], there: Mapping[str, offering.Choices]
) -> dict[str, str]:
    """For each choice that has nothing to choose from: why."""
    return {
        each.name: forms.NOTHING_THERE[each.source]
        for each in fields
        if each.source is not None
        and each.source in forms.NOTHING_THERE
        and (each.shape is Shape.CHOICE or (each.shape is Shape.PICKED and not each.is_optional))
        and not there.get(each.name)
    }


def _elected(charter: Charter) -> tuple[str, ...]:
    return tuple(sorted(name for name, role in charter.roles.items() if role.elected_by))


def rival_form(tx: Tx, ask: Ask, found: Proposal) -> dict[str, Any]:
    """The form to put another option beside a proposal, begun with what was proposed."""
    fields = forms.FORMS[found.main.action or Action.STATEMENT]
    first = {**(found.main.payload or {})}
    for name, value in first.items():
        if isinstance(value, bool):
            first[name] = "yes" if value else "no"
    sent = answers(ask.form, fields)
    given = {each.name: sent.get(each.name, first.get(each.name, "")) for each in fields}
    there = offering.choices(tx, ask.actor, found.commons_id, fields, given)
    fields = forms.shaped(fields, there)
    return {"fields": fields, "there": there, "given": given, "nothing": {}, "rows": ROWS_FREE}


def thread_of(tx: Tx, ask: Ask, given: str) -> tuple[int, int] | None:
    """The discussion that a proposal comes from: `datasets/lab/speech/discussions/3`."""
    address, _slash, said = given.strip("/").rpartition("/discussions/")
    number = whole(said, digits_max=THREAD_DIGITS_MAX)
    if not address or number is None:
        return None
    kind = next((each for each in Kind if each.prefix and address.startswith(each.prefix)), None)
    kind = kind or Kind.MODEL
    found = repos.readable(tx, ask.actor, kind, address.removeprefix(kind.prefix))
    return found.id, number
