"""Access to gated repositories: asking, listing who asked, answering, letting in."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import Body, text_field
from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons.cases import gating
from iriai.commons.cases import queries as cases
from iriai.commons.cases.rules import WORDS_LENGTH_MAX
from iriai.commons.enactment import case_steps
from iriai.gates import actions, queries
from iriai.gates import rules as gates
from iriai.gates.rules import Status
from iriai.repos import queries as repos
from iriai.repos.rules import Repo

NAME_LENGTH_MAX = 200
NUMBER_DIGITS_MAX = 15
NUMBER = re.compile("[0-9a-f]{1,24}")
NUMBER_MAX = (1 << 63) - 1


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """Who asked, by status. Called by `list_pending_access_requests` and its two siblings."""
    repo = named(request, tx)
    wanted = request.path_params["status"]
    if wanted not in set(Status):
        raise Invalid('Ask for "pending", "accepted" or "rejected" requests.')
    after = whole(request.query_params.get("cursor", "0"), digits_max=NUMBER_DIGITS_MAX)
    if after is None:
        raise Invalid("This cursor makes no sense.")
    page = queries.requests(
        tx,
        door.actor_of(request),
        repo,
        Status(wanted),
        after=after,
        limit=gates.PAGE_LENGTH,
    )
    headers = {}
    if page.after is not None:
        headers["Link"] = door.next_page(request, cursor=page.after)
    return door.json_answer([request_shape(each) for each in page.requests], headers=headers)


@door.with_json
def handle(request: Request, body: Body) -> Response:
    """Accept, reject or put back. Called by `accept_access_request` and its siblings."""
    status = text_field(body, "status")
    reason = text_field(body, "rejectionReason", default="", length_max=gates.REASON_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        gates.require_may_answer(door.actor_of(request), repo)
        found = found_in(tx, repo, body)
        made = actions.answer(tx, door.actor_of(request), repo, found, status=status, reason=reason)
    return door.json_answer(request_shape(made))


@door.with_json
def grant(request: Request, body: Body) -> Response:
    """Let in somebody who has not asked. Called by `grant_access`."""
    name = text_field(body, "user", length_max=NAME_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        made = actions.grant(tx, door.actor_of(request), repo, name=name)
    return door.json_answer(request_shape(made))


@door.with_json
def ask(request: Request, body: Body) -> Response:
    """Ask for access without a browser: a JSON object with the answers to the card's questions."""
    given = answers_in(body)
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        made = gating.ask(tx, door.actor_of(request), repo, given=given)
    return door.json_answer(request_shape(made))


def answers_in(body: Body) -> dict[str, str]:
    """The answers of a body, in its `fields` or as they are: each a text, a number, true or false.

    What is null is not answered. `Invalid` names what is something else.
    """
    found = body.get("fields", body)
    if not isinstance(found, Mapping):
        raise Invalid('"fields" must be an object: an answer to each question of the card.')
    given = {name: value for name, value in found.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, str | bool | int | float):
            raise Invalid(f"An answer is a text, a number, true or false: {name[:NAME_LENGTH_MAX]}")
    return {name: "true" if value is True else str(value) for name, value in given.items()}


@door.with_json
def appeal(request: Request, body: Body) -> Response:
    """Appeal the refusal of access; a panel's yes opens the gate."""
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        words = text_field(body, "words", length_max=WORDS_LENGTH_MAX)
        string = text_field(body, "string", default="")
        made = case_steps.appeal_refusal(
            tx, door.actor_of(request), repo, words=words, string=string
        )
        shape = {"commons": cases.name_of(tx, made.commons_id), "panel": made.number}
    return door.json_answer(shape, status=201)


@door.reading
def own(request: Request, tx: Tx) -> Response:
    """One's own request, with the reason if it was refused."""
    repo = named(request, tx)
    door.require_signed_in(door.actor_of(request))
    found = queries.own(tx, door.actor_of(request), repo)
    if found is None:
        raise gates.unknown_request()
    return door.json_answer(request_shape(found))


def withdraw(request: Request) -> Response:
    """Take one's own request back."""
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        actions.withdraw(tx, door.actor_of(request), repo)
    return door.json_answer({})


def request_shape(found: gates.Request) -> dict[str, Any]:
    """A request. Read by `hf_api.AccessRequest`."""
    user = {"user": found.name, "fullname": found.fullname or found.name}
    if found.email:
        user["email"] = found.email
    shape: dict[str, Any] = {
        "requestId": shapes.object_id(found.id),
        "user": user,
        "status": found.status,
        "timestamp": shapes.moment(found.asked_at),
    }
    if found.fields:
        shape["fields"] = dict(found.fields)
    if found.reason:
        shape["rejectionReason"] = found.reason
    return shape


def named(request: Request, tx: Tx) -> Repo:
    """The repository of this address, as far as whoever asks may know of it."""
    kind, full_name = door.repo_named(request)
    return repos.repo(tx, door.actor_of(request), kind, full_name)


def found_in(tx: Tx, repo: Repo, body: Body) -> gates.Request:
    """The request that a body names by its person or its number."""
    number = text_field(body, "requestId", default="", length_max=24)
    if not number:
        return queries.request_of(tx, repo, text_field(body, "user", length_max=NAME_LENGTH_MAX))
    if NUMBER.fullmatch(number) is None or int(number, 16) > NUMBER_MAX:
        raise gates.unknown_request()
    return queries.request(tx, repo, int(number, 16))


def _routes() -> list[DeclaredRoute]:
    made = []
    for plural in address.PLURAL_OF_KIND.values():
        where = f"/api/{plural}/{{owner}}/{{name}}"
        requests = f"{where}/user-access-request"
        write = Access.REPO_WRITE
        made += [
            route(f"{requests}/handle", handle, methods=["POST"], access=write),
            route(f"{requests}/grant", grant, methods=["POST"], access=write),
            route(f"{requests}/{{status}}", listed, methods=["GET", "HEAD"], access=write),
            route(f"{where}/ask-access", ask, methods=["POST"], access=Access.SIGNED_IN),
            route(f"{where}/ask-access/appeal", appeal, methods=["POST"], access=Access.SIGNED_IN),
            route(f"{where}/ask-access", own, methods=["GET", "HEAD"], access=Access.SIGNED_IN),
            route(f"{where}/ask-access", withdraw, methods=["DELETE"], access=Access.SIGNED_IN),
        ]
    return made


ROUTES = _routes()
