"""Organisations: found one, see to its people and its profile."""

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.routing import Access
from iriai.commons.charter.rules import Preset
from iriai.commons.enactment import found as found_commons
from iriai.identity import actions, queries
from iriai.identity.rules import Act, Role, Subject, require_may
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.pages import commons_founding
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
ROLES = (
    (Role.READ, _("reads")),
    (Role.CONTRIBUTOR, _("contributes")),
    (Role.WRITE, _("writes")),
    (Role.ADMIN, _("administers")),
)


def new(ask: Ask) -> Response:
    """The form to found an organisation."""
    return _new(ask)


def found(ask: Ask) -> Response:
    """Found it; whoever does so administers it, or is its first member."""
    form = ask.form
    try:
        preset = commons_founding.chosen_preset(form.get("preset") or Preset.OWNERS)
        name = found_commons(
            ask.ground,
            ask.actor,
            name=form.get("name"),
            fullname=form.get("fullname"),
            private_by_default=form.has("private_by_default"),
            preset=preset,
            **commons_founding.choices(form),
        )
    except SAID_IN_THE_FORM as error:
        return _new(ask, error)
    if preset is not Preset.OWNERS:  # nobody administers it: its members decide
        return see(links.commons(name))
    return see(f"/organizations/{name}/settings")


def _new(ask: Ask, error: HubError | None = None) -> Response:
    return ask.page(
        "organisation/new.html",
        status=problems.status(error) if error else 200,
        form=ask.form,
        offered=commons_founding.offered("NAME"),
        fault=error.message if error else "",
    )


def settings(ask: Ask) -> Response:
    """People, roles and profile of an organisation."""
    return _settings(ask)


def change(ask: Ask) -> Response:
    """One of the forms of that page."""
    form, name = ask.form, ask.part("name")
    try:
        with ask.ground.write() as tx:
            if form.get("act") == "role":
                role = form.get("role")
                if role not in {"", *(each.value for each in Role)}:
                    raise Invalid("Choose a role.")
                actions.set_role(
                    tx,
                    ask.actor,
                    organisation=name,
                    person=form.get("person").strip(),
                    role=Role(role) if role else None,
                )
            else:
                actions.change_profile(
                    tx,
                    ask.actor,
                    account=name,
                    fullname=form.get("fullname"),
                    bio=form.get("bio").replace("\r\n", "\n"),
                    homepage=form.get("homepage"),
                    private_by_default=form.has("private_by_default"),
                )
    except SAID_IN_THE_FORM as error:
        return _settings(ask, error=error)
    if form.get("person").strip() == ask.actor.name and form.get("role") != Role.ADMIN:
        return see(links.account(name))
    return _settings(ask, done=_("Done."))


def _settings(ask: Ask, *, done: str = "", error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        account = queries.organisation(tx, ask.part("name"))
        require_may(ask.actor, Act.GOVERN, Subject(account.id))
        members = queries.members(tx, account.id)
    return ask.page(
        "organisation/settings.html",
        status=problems.status(error) if error else 200,
        account=account,
        members=members,
        roles=[(role.value, text) for role, text in ROLES],
        action=f"/organizations/{account.name}/settings",
        form=ask.form if error else type(ask.form)(),
        done=done,
        fault=error.message if error else "",
    )


ROUTES = [
    get("/organizations/new", new, access=Access.SIGNED_IN),
    post("/organizations/new", found, access=Access.SIGNED_IN),
    get("/organizations/{name}/settings", settings, access=Access.ORG_ADMIN),
    post("/organizations/{name}/settings", change, access=Access.ORG_ADMIN),
]
