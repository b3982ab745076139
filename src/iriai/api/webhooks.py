"""Webhooks, in the words of `hf_api.py: create_webhook` and its neighbours.

One's own are at `/api/settings/webhooks`, an organisation's, for who administers it, at
`/api/organizations/{name}/settings/webhooks`, in the same words.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import door
from iriai.api.bodies import Body, text_field
from iriai.base.errors import Invalid
from iriai.base.outbound import URL_LENGTH_MAX
from iriai.base.routing import Access, DeclaredRoute, route, unquoted
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.rules import Actor, require_signed_in
from iriai.webhooks import actions, queries, rules
from iriai.webhooks.rules import Webhook

Shape = dict[str, Any]


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """All of one's webhooks, a bare array. Called by `list_webhooks`."""
    actor = door.actor_of(request)
    found = queries.webhooks_of(tx, actor, owner_of(tx, request))
    return door.json_answer([shape(each, actor) for each in found])


@door.reading
def details(request: Request, tx: Tx) -> Response:
    """One webhook. Called by `get_webhook`."""
    actor = door.actor_of(request)
    return answered(named(tx, request), actor)


@door.with_json
def create(request: Request, body: Body) -> Response:
    """A new webhook. Called by `create_webhook`."""
    refuse_jobs(body)
    actor = door.actor_of(request)
    with door.ground_of(request).write() as tx:
        made = actions.create(
            tx,
            actor,
            owner_of(tx, request),
            url=text_field(body, "url", length_max=URL_LENGTH_MAX),
            watched=watched_in(body) or [],
            domains=domains_in(body) or tuple(rules.Domain),
            secret=text_field(body, "secret", default=""),
        )
    return answered(made, actor)


@door.with_json
def change(request: Request, body: Body) -> Response:
    """What is given is changed. Called by `update_webhook`, which sends `watched: []` for none."""
    refuse_jobs(body)
    actor = door.actor_of(request)
    with door.ground_of(request).write() as tx:
        url = text_field(body, "url", default="", length_max=URL_LENGTH_MAX)
        made = actions.change(
            tx,
            actor,
            named(tx, request),
            url=url or None,
            watched=watched_in(body) or None,
            domains=domains_in(body),
            secret=None if body.get("secret") is None else text_field(body, "secret"),
        )
    return answered(made, actor)


@door.with_json
def delete(request: Request, _body: Body) -> Response:
    """Delete a webhook. Called by `delete_webhook`."""
    with door.ground_of(request).write() as tx:
        actions.delete(tx, door.actor_of(request), named(tx, request))
    return door.json_answer({})


def switching(act: Callable[[Tx, Actor, Webhook], Webhook]) -> Callable[[Request], Response]:
    """Enable or disable a webhook. Called by `enable_webhook` and `disable_webhook`."""

    def switch(request: Request) -> Response:
        """Turn a webhook on or off."""
        actor = door.actor_of(request)
        with door.ground_of(request).write() as tx:
            made = act(tx, actor, named(tx, request))
        return answered(made, actor)

    return switch


def owner_of(tx: Tx, request: Request) -> int:
    """Whose webhooks these are: the organisation's in the address, else one's own."""
    mine = require_signed_in(door.actor_of(request))
    if "name" not in request.path_params:
        return mine
    return identity.organisation(tx, unquoted(request, "name")).id


def named(tx: Tx, request: Request) -> Webhook:
    """The webhook of this address."""
    actor = door.actor_of(request)
    return queries.webhook(tx, actor, owner_of(tx, request), unquoted(request, "key"))


def answered(found: Webhook, actor: Actor) -> Response:
    """A webhook, as answers about one hold it."""
    return door.json_answer({"webhook": shape(found, actor)})


def shape(found: Webhook, actor: Actor) -> Shape:
    """A webhook. Read by `hf_api.WebhookInfo`; its secret is for those who may change it."""
    return {
        "id": found.key,
        "url": found.url,
        "watched": [{"type": each.kind, "name": each.name} for each in found.watched],
        "domains": list(found.domains),
        "secret": found.secret if rules.may_see_secret(actor, found.owner_id) else None,
        "disabled": found.is_disabled,
    }


def refuse_jobs(body: Body) -> None:
    """Say that there are no jobs to start here."""
    if body.get("jobSourceId") is not None or body.get("secrets") is not None:
        raise rules.no_jobs()


def watched_in(body: Body) -> Sequence[tuple[str, str]] | None:
    """What is to be watched; None where nothing is said of it."""
    given = body.get("watched")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Invalid('"watched" must be a list of objects with a type and a name.')
    return [(text_field(each, "type"), text_field(each, "name")) for each in given]


def domains_in(body: Body) -> list[str] | None:
    """What a webhook is told about; None where nothing is said of it."""
    given = body.get("domains")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise Invalid('"domains" must be a list of strings.')
    return given


def _routes() -> Iterator[DeclaredRoute]:
    look, post = ["GET", "HEAD"], ["POST"]
    for where, access in (
        ("/api/settings/webhooks", Access.SIGNED_IN),
        ("/api/organizations/{name}/settings/webhooks", Access.ORG_ADMIN),
    ):
        one = where + "/{key}"
        yield route(where, listed, methods=look, access=access)
        yield route(where, create, methods=post, access=access)
        yield route(one, details, methods=look, access=access)
        yield route(one, change, methods=post, access=access)
        yield route(one, delete, methods=["DELETE"], access=access)
        yield route(f"{one}/enable", switching(actions.enable), methods=post, access=access)
        yield route(f"{one}/disable", switching(actions.disable), methods=post, access=access)


ROUTES = list(_routes())
