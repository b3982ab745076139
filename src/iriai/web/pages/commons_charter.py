"""The charter of a commons in words, who may do what by it, and how it is changed or begun anew.

Every page is made of the charter in force. The form and the choice of a preset write a file, show
what it changes in words, and open a pull request with it; only a decision merges that.
"""

from typing import Any

from starlette.responses import PlainTextResponse, Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import enactment, queries
from iriai.commons.charter import (
    amending,
    differences,
    editing,
    narrowing,
    rights,
    words,
    writing,
)
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import FILE_NAME, Action, Charter
from iriai.commons.membership import queries as membership
from iriai.commons.queries import Named
from iriai.identity.rules import Actor
from iriai.repos.actions import Add
from iriai.repos.rules import Repo
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
NUMBER_MAX = 1 << 31
NUMBER_DIGITS_MAX = 9
TITLE = _("Change the charter")


def charter(ask: Ask) -> Response:
    """What a commons has agreed on, in plain words."""
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = charters.in_force(tx, named.id)
        version = charters.version(tx, named.id)
        history = charters.history(tx, named.id, limit=50)
        repo = _repository(tx, named)
        above = _above(tx, found)
        votes = membership.votes(tx, named.id)
    return ask.page(
        "commons/charter.html",
        twin=links.commons_twin(named.name, "charter"),
        tab="charter",
        commons=named,
        charter=found,
        story=writing.story(found),
        sections=words.sections(found, electors=votes),
        is_open=bool(ask.query("all")),
        opened=ask.query("open"),
        version=version,
        history=history,
        repo=repo,
        above=above,
        next_step=_next(found, version, votes, ask),
    )


def text(ask: Ask) -> Response:
    """A version of the file, word for word."""
    number = whole(ask.part("number"))
    if number is None or number > NUMBER_MAX:
        raise Unknown("There is no such version of this charter.", code="CharterNotFound")
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = charters.text(tx, named.id, number)
    return PlainTextResponse(found, headers={"X-Content-Type-Options": "nosniff"})


def who_may(ask: Ask) -> Response:
    """Who may do what with what the commons holds."""
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = charters.in_force(tx, named.id)
        votes = membership.votes(tx, named.id)
    proposes = "/commons/{name}/proposals/new" in ask.request.app.paths
    return ask.page(
        "commons/rights.html",
        twin=links.commons_twin(named.name, "rights"),
        tab="rights",
        commons=named,
        rows=rights.table(found, electors=votes),
        standings=rights.standings(found),
        ways=words.ways(found, electors=votes),
        deleting=rights.who(found, Action.RESOURCE_DELETE, electors=votes),
        proposes=proposes and found.is_collective,
        next_step=_(
            "This page follows the charter: it changes on the day when another one comes into "
            "force. Whoever thinks that the hub does otherwise finds what was done in the log, and "
            "reports it."
        ),
    )


def edit(ask: Ask) -> Response:
    """The form that changes a charter."""
    return _form(ask)


def change(ask: Ask) -> Response:
    """Show what the form changes in words; once that was seen, open the pull request."""
    form = ask.form
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        before = charters.in_force(tx, named.id)
    given = {name: form.get(name) for name in form.fields}
    try:
        after = editing.edited(before, given)
        made = writing.text(after)
        with ask.ground.read() as tx:
            faults = amending.check_text(tx, named.id, made)[1]
        if faults:
            raise Invalid(" ".join(faults[:5]))
        changes = differences.changes(before, after)
        if not changes:
            raise Invalid(_("Nothing is changed yet."))
        if form.get("act") == "open":
            number = open_pull(ask, named, made, changes, form.get("why"))
            return see(links.repo(_there(ask, named), "discussions", str(number)))
    except SAID_IN_THE_FORM as error:
        return _form(ask, error=error)
    return _form(ask, after=after, changes=changes)


def _form(
    ask: Ask,
    *,
    after: Charter | None = None,
    changes: list[str] | None = None,
    error: HubError | None = None,
) -> Response:
    with ask.ground.read() as tx:
        named = queries.commons(tx, ask.part("name"))
        found = charters.in_force(tx, named.id)
        repo = _repository(tx, named)
        votes = membership.votes(tx, named.id)
    action = amending.action_for(found, after) if after is not None else Action.CHARTER_AMEND
    return ask.page(
        "commons/charter_edit.html",
        status=problems.status(error) if error else 200,
        tab="charter",
        commons=named,
        groups=editing.groups(after or found),
        sent=ask.form,
        changes=changes or [],
        entrenched=action is Action.CHARTER_AMEND_ENTRENCHED,
        takes=words.in_short(found, found.actions[action], electors=votes),
        repo=repo,
        fault=error.message if error else "",
        next_step=_(
            "Nothing changes by this form alone: it opens a pull request, which everybody can talk "
            "about. What is proposed and decided there comes into force by itself."
        ),
    )


def open_pull(
    ask: Ask, named: Named, made: str, changes: list[str], why: str, *, title: str = TITLE
) -> int:
    """Open a pull request with this text on the charter's repository; its number."""
    repo = _there(ask, named)
    said = "\n".join(f"- {each}" for each in changes[: amending.CHANGES_SAID_MAX])
    landed = enactment.commit(
        ask.ground,
        ask.actor,
        repo,
        operations=[Add(FILE_NAME, made.encode())],
        title=title,
        description=f"{why.strip()}\n\n{said}".strip(),
        create_pr=True,
    )
    if landed.number is None:
        raise Conflict(_("The pull request could not be opened; try again."))
    return landed.number


def _there(ask: Ask, named: Named) -> Repo:
    """The charter's repository, made now if it is not there yet."""
    with ask.ground.read() as tx:
        found = _repository(tx, named)
    found = found or enactment.publish_charter(ask.ground, named.id)
    if found is None:
        raise Unknown(_("This commons has no repository for its charter."))
    return found


def _repository(tx: Tx, named: Named) -> Repo | None:
    try:
        return amending.repository(tx, named.id)
    except Unknown:
        return None


def _above(tx: Tx, found: Charter) -> dict[str, Any] | None:
    """The parent's charter, and in which fields this one is no longer within the one in force."""
    if found.parent is None:
        return None
    try:
        parent = queries.commons(tx, found.parent.commons)
    except Unknown:
        return {"name": found.parent.commons, "newer": False, "widened": [], "gone": True}
    newest = charters.version(tx, parent.id)
    widened = narrowing.widened(found, charters.in_force(tx, parent.id))
    newer = newest.digest != found.parent.digest
    return {"name": parent.name, "newer": newer, "widened": widened, "gone": False}


def _next(found: Charter, version: charters.Version, votes: int, ask: Ask) -> str:
    amend = words.in_short(found, found.actions[Action.CHARTER_AMEND], electors=votes)
    said = _("To change it, open a pull request and propose it: %(amend)s.") % {"amend": amend}
    if version.holds_from is not None and version.holds_from > ask.ground.clock():
        on = version.holds_from.date().isoformat()
        more = _(
            "On %(on)s the commons comes to hold what the organisation had; until then, speak up "
            "in the discussions of the charter."
        ) % {"on": on}
        return f"{more} {said}"
    return said


def pull_check(tx: Tx, repo: Repo, number: int, actor: Actor) -> dict[str, Any] | None:
    """What the page of a charter's pull request shows: the check, and the change in words."""
    named = queries.commons(tx, repo.owner)
    try:
        found = amending.check(tx, named.id, number)
    except (Conflict, Invalid, Unknown):
        return None
    way = found.before.actions[found.action]
    return {
        "faults": found.faults,
        "changes": found.changes,
        "readme": found.readme_changes,
        "entrenched": found.action is Action.CHARTER_AMEND_ENTRENCHED,
        "action": found.action,
        "takes": words.in_short(found.before, way, electors=membership.votes(tx, named.id)),
        "commons": named,
        "may_propose": actor.id is not None and not found.faults,
    }


def propose(ask: Ask) -> Response:
    """Propose a pull request of the charter, from its own page."""
    given = ask.form.get("pull")
    with ask.ground.write() as tx:
        named = queries.commons(tx, ask.part("name"))
        number = whole(given, digits_max=NUMBER_DIGITS_MAX) or 0
        checked = amending.check(tx, named.id, number)
        made = enactment.propose(
            tx,
            ask.actor,
            named.id,
            action=checked.action,
            payload={"pull": number},
            title=ask.form.get("title") or TITLE,
            discussion=(amending.repository(tx, named.id).id, number),
        )
    enactment.carry_out(ask.ground, made.id)
    if "/commons/{name}/proposals/{number}" in ask.request.app.paths:
        return see(links.commons(named.name, "proposals", str(made.number)))
    return see(links.commons(named.name, "charter"))


ROUTES = [
    get("/commons/{name}/charter", charter, access=Access.ANYONE),
    get("/commons/{name}/charter/edit", edit, access=Access.SIGNED_IN),
    post("/commons/{name}/charter/edit", change, access=Access.SIGNED_IN),
    post("/commons/{name}/charter/propose", propose, access=Access.SIGNED_IN),
    get("/commons/{name}/charter/{number}", text, access=Access.ANYONE),
    get("/commons/{name}/rights", who_may, access=Access.ANYONE),
]
