"""Webhooks of a person or an organisation: made, changed, and what became of their deliveries."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.rules import require_signed_in
from iriai.web import links, problems
from iriai.web.door import Ask, Work, get, post, see
from iriai.web.texts import gettext as _
from iriai.webhooks import actions, queries, rules
from iriai.webhooks.rules import Delivery, Watched, Webhook

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
PREFIXES = {"dataset": "datasets/", "space": "spaces/", "bucket": "buckets/"}
MINE = "/settings/webhooks"
TEXT_LENGTH_MAX = 25_000
STATES = {
    "waiting": (_("waiting"), "straw"),
    "delivered": (_("delivered"), "land"),
    "dead": (_("given up"), "grave"),
    "withheld": (_("withheld"), "grave"),
}


def listed(ask: Ask) -> Response:
    """The webhooks of somebody, and the form for another."""
    return _listed(ask)


def create(ask: Ask) -> Response:
    """Make a webhook."""
    try:
        with ask.ground.write() as tx:
            owner_id, base = _owner(tx, ask)
            made = actions.create(tx, ask.actor, owner_id, **_fields(tx, ask))
    except SAID_IN_THE_FORM as error:
        return _listed(ask, error)
    return see(f"{base}/{made.key}")


def shown(ask: Ask) -> Response:
    """One webhook, and what it was told last."""
    return _shown(ask)


def change(ask: Ask) -> Response:
    """One of the forms of that page."""
    act, done = ask.form.get("act"), _("Kept.")
    try:
        with ask.ground.write() as tx:
            owner_id, base = _owner(tx, ask)
            hook = queries.webhook(tx, ask.actor, owner_id, ask.part("key"))
            if act == "delete":
                actions.delete(tx, ask.actor, hook)
                return see(base)
            if act == "resend":
                actions.resend(tx, ask.actor, hook, ask.form.get("delivery"))
                done = _("It is on its way again; look in a moment.")
            elif act in {"enable", "disable"}:
                (actions.enable if act == "enable" else actions.disable)(tx, ask.actor, hook)
            else:
                actions.change(tx, ask.actor, hook, **_fields(tx, ask))
    except SAID_IN_THE_FORM as error:
        return _shown(ask, error=error)
    ask.form.fields = {}
    return _shown(ask, done=done)


def _owner(tx: Tx, ask: Ask) -> tuple[int, str]:
    """Whose webhooks these are, and where their pages begin."""
    if "name" not in ask.request.path_params:
        return require_signed_in(ask.actor), MINE
    found = identity.organisation(tx, ask.part("name"))
    rules.require_may_see(ask.actor, found.id)
    return found.id, f"/organizations/{links.quoted(found.name)}/settings/webhooks"


def _fields(tx: Tx, ask: Ask) -> dict[str, Any]:
    form = ask.form
    return {
        "url": form.get("url"),
        "secret": form.get("secret"),
        "domains": form.all("domain"),
        "watched": [_read(tx, each) for each in form.get("watched")[:TEXT_LENGTH_MAX].split()],
    }


def _read(tx: Tx, word: str) -> tuple[str, str]:
    """Something watched, as a person writes it: `ada`, `ada/tiny`, `datasets/ada/tiny`."""
    for kind, prefix in PREFIXES.items():
        if word.startswith(prefix):
            return kind, word.removeprefix(prefix)
    if "/" in word:
        return "model", word
    found = identity.find_account(tx, word)
    return ("org" if found is not None and found.is_organisation else "user"), word


def _written(watched: Iterable[Watched]) -> str:
    return "\n".join(PREFIXES.get(each.kind, "") + each.name for each in watched)


def _listed(ask: Ask, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        owner_id, base = _owner(tx, ask)
        found = queries.webhooks_of(tx, ask.actor, owner_id)
    return _page(
        ask,
        "settings/webhooks.html",
        base,
        error=error,
        hooks=[{"hook": each, "watched": _written(each.watched).split("\n")} for each in found],
        values=_values(ask, None),
    )


def _shown(ask: Ask, *, done: str = "", error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        owner_id, base = _owner(tx, ask)
        hook = queries.webhook(tx, ask.actor, owner_id, ask.part("key"))
        told = queries.deliveries(tx, hook)
        waiting = queries.waiting_count(tx, hook)
    return _page(
        ask,
        "settings/webhook.html",
        base,
        error=error,
        done=done,
        hook=hook,
        values=_values(ask, hook),
        deliveries=[_delivery(each) for each in told],
        waiting=waiting,
        kept_days=rules.KEPT_DAYS,
        cap=rules.DELIVERIES_PER_DAY_MAX,
    )


def _values(ask: Ask, hook: Webhook | None) -> dict[str, Any]:
    """What the form's fields hold: what was sent, else what is kept."""
    form = ask.form
    if form.has("url"):
        names = ("url", "secret", "watched")
        return {name: form.get(name) for name in names} | {"domains": form.all("domain")}
    if hook is None:
        watched = "" if "name" not in ask.request.path_params else ask.part("name")
        watched = watched or ask.actor.name
        return {"url": "", "secret": "", "watched": watched, "domains": list(rules.Domain)}
    return {
        "url": hook.url,
        "secret": hook.secret or "",
        "watched": _written(hook.watched),
        "domains": list(hook.domains),
    }


def _delivery(each: Delivery) -> dict[str, Any]:
    text, colour = STATES[each.state]
    body = orjson.dumps(orjson.loads(each.payload), option=orjson.OPT_INDENT_2).decode()
    return {
        "each": each,
        "state": text,
        "colour": colour,
        "request": body[: rules.REQUEST_LENGTH_MAX],
        "is_cut": len(body) > rules.REQUEST_LENGTH_MAX,
    }


def _page(
    ask: Ask, template: str, base: str, error: HubError | None = None, done: str = "", **facts: Any
) -> Response:
    return ask.page(
        template,
        status=problems.status(error) if error else 200,
        fault=error.message if error else "",
        done=done,
        base=base,
        group=ask.part("name") if "name" in ask.request.path_params else "",
        twin=None if base != MINE else "/api/settings/webhooks",
        headers={"Cache-Control": "no-store"},
        **facts,
    )


def _routes() -> list[Any]:
    made = []
    for base, access in (
        (MINE, Access.SIGNED_IN),
        ("/organizations/{name}/settings/webhooks", Access.ORG_ADMIN),
    ):
        pages: list[tuple[Any, str, Work]] = [
            (get, base, listed),
            (post, base, create),
            (get, f"{base}/{{key}}", shown),
            (post, f"{base}/{{key}}", change),
        ]
        made += [kind(path, work, access=access) for kind, path, work in pages]
    return made


ROUTES = _routes()
