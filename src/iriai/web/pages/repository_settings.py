"""A repository's settings: who sees it, its name and owner, its end. `enactment` decides."""

from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import enactment
from iriai.identity import queries as identity
from iriai.identity.rules import may_create
from iriai.repos import queries as repos
from iriai.repos import rules
from iriai.repos.rules import Gated, Kind, Repo, Visibility
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.repository import frame, of_each_kind
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive)


def settings(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The settings of a repository."""
    return _settings(ask, kind, full_name)


def change(ask: Ask, kind: Kind, full_name: str) -> Response:
    """One of the forms of that page."""
    acts = {"change": _change, "move": _move, "delete": _delete}
    try:
        with ask.ground.write() as tx:
            repo = _administered(ask, tx, kind, full_name)
            act = acts.get(ask.form.get("act"))
            if act is None:
                raise Invalid("This form could not be read.")
            there = act(ask, tx, repo)
    except SAID_IN_THE_FORM as error:
        return _settings(ask, kind, full_name, error=error)
    return see(there)


def _change(ask: Ask, tx: Tx, repo: Repo) -> str:
    form = ask.form
    chosen: dict[str, Any] = {}
    if form.get("visibility") in list(Visibility) and form.get("visibility") != repo.visibility:
        chosen["visibility"] = Visibility(form.get("visibility"))
    gated = Gated(form.get("gated")) if form.get("gated") in list(Gated) else None
    if gated != repo.gated:
        chosen["gated"] = gated
    closed = not form.has("discussions")
    if closed != repo.discussions_disabled:
        chosen["discussions_disabled"] = closed
    if chosen:
        repo = enactment.change_settings(tx, ask.actor, repo, **chosen)
    return links.with_query(links.repo(repo, "settings"), kept="1")


def _move(ask: Ask, tx: Tx, repo: Repo) -> str:
    moved = enactment.move_repository(
        tx,
        ask.actor,
        repo,
        to_owner=ask.form.get("owner", repo.owner),
        to_name=ask.form.get("name").strip(),
    )
    return links.with_query(links.repo(moved, "settings"), kept="1")


def _delete(ask: Ask, tx: Tx, repo: Repo) -> str:
    if ask.form.get("confirm").strip() != repo.full_name:
        raise Invalid(f"Type {repo.full_name} to confirm that it shall be deleted.")
    enactment.delete_repository(tx, ask.actor, repo)
    return links.account(repo.owner)


def _administered(ask: Ask, tx: Tx, kind: Kind, full_name: str) -> Repo:
    repo = repos.repo(tx, ask.actor, kind, full_name)
    if not enactment.may_take_out(tx, ask.actor, repo):
        rules.require_administer(ask.actor, repo)
    return repo


def _settings(ask: Ask, kind: Kind, full_name: str, *, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        try:
            repo = _administered(ask, tx, kind, full_name)
        except (Denied, Unknown):
            if error is not None:
                raise error from None
            raise
        belongs = identity.whoami(tx, ask.actor).organisations
    owners = [ask.actor.name, *(each.name for each in belongs if may_create(ask.actor, each.id))]
    if repo.owner not in owners:
        owners.insert(0, repo.owner)
    return ask.page(
        "repository/settings.html",
        **frame(ask, repo),
        status=problems.status(error) if error else 200,
        twin=links.twin(repo),
        owners=owners,
        done=_("Kept.") if ask.query("kept") and error is None else "",
        fault=error.message if error else "",
    )


ROUTES = [
    *of_each_kind(get, "/settings", settings, access=Access.REPO_ADMIN),
    *of_each_kind(post, "/settings", change, access=Access.REPO_ADMIN),
]
