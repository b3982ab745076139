"""What concerns whoever asks, as JSON. This is ours: no client of Hugging Face's asks for it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import door, shapes
from iriai.api.bodies import Body
from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access, route
from iriai.base.tx import Tx
from iriai.identity.rules import Act, Subject, require_may, require_signed_in
from iriai.notifications import actions, queries, rules, wording
from iriai.notifications.queries import Noted

DIGITS_MAX = 15


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """What concerns one, the newest first; `unread=true` leaves out the rest."""
    actor = door.actor_of(request)
    mine = require_signed_in(actor)
    require_may(actor, Act.READ, Subject(mine))
    given = request.query_params.get("before", "")
    before = whole(given)
    if given and before is None:
        raise Invalid('"before" must be the id of a notification.')
    unread = request.query_params.get("unread") == "true"
    found = queries.notifications(tx, actor, unread=unread, before=before)
    headers = {}
    if len(found) == rules.PAGE_LENGTH:
        headers["Link"] = door.next_page(request, before=found[-1].notification.id)
    url = door.base_url(request)
    return door.json_answer(
        {
            "notifications": [shape(each, url) for each in found],
            "unread": queries.unread_count(tx, actor),
        },
        headers=headers,
    )


@door.with_json
def mark_read(request: Request, body: Body) -> Response:
    """Mark `ids` as read, or everything up to the id `until`."""
    ids, until = body.get("ids"), body.get("until")
    with door.ground_of(request).write() as tx:
        actor = door.actor_of(request)
        if isinstance(until, int) and not isinstance(until, bool) and 0 <= until < 10**DIGITS_MAX:
            count = actions.mark_all_read(tx, actor, until=until)
        elif isinstance(ids, list) and all(
            isinstance(each, int) and 0 <= each < 10**DIGITS_MAX for each in ids
        ):
            count = actions.mark_read(tx, actor, ids)
        else:
            raise Invalid('Give "ids", a list of numbers, or "until", a number.')
    return door.json_answer({"read": count})


def shape(each: Noted, url: str) -> dict[str, Any]:
    """One notification."""
    found = each.notification
    return {
        "id": found.id,
        "reason": found.reason,
        "actor": found.actor,
        "text": wording.sentence(each),
        "url": url + wording.path(each),
        "repo": None
        if each.repo is None
        else {"name": each.repo.full_name, "type": each.repo.kind},
        "discussion": found.number,
        "createdAt": shapes.moment(found.at),
        "read": found.read_at is not None,
    }


WHERE = "/api/notifications"
ROUTES = [
    route(WHERE, listed, methods=["GET", "HEAD"], access=Access.SIGNED_IN),
    route(f"{WHERE}/read", mark_read, methods=["POST"], access=Access.SIGNED_IN),
]
