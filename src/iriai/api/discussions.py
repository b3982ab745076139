"""Discussions and pull requests, in the words of `huggingface_hub.community`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import Body, flag_field, text_field
from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import enactment
from iriai.discussions import actions, merging, queries, rules
from iriai.discussions.queries import Filters
from iriai.discussions.rules import Discussion, Event, EventKind
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.rules import MAIN, REF_LENGTH_MAX, Repo

NUMBER_DIGITS_MAX = 9
PAGE_MAX = 100_000

Shape = dict[str, Any]


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """A page of discussions. Called by `get_repo_discussions`, page by page from 0."""
    repo = readable(request, tx)
    query = request.query_params
    page = whole(query.get("p", "0"))
    if page is None or page > PAGE_MAX:
        raise Invalid('"p" must be a page number from 0.')
    filters = Filters(
        kind=one_of(query.get("type"), ("all", "discussion", "pull_request"), "type"),
        status=one_of(query.get("status"), ("all", "open", "closed"), "status"),
        author=query.get("author") or None,
    )
    found = queries.discussions(tx, repo, filters, page=page)
    return door.json_answer(
        {
            "discussions": [summary(each, repo) for each in found.discussions],
            "count": found.count,
            "start": found.start,
        }
    )


def details(request: Request) -> Response:
    """One discussion with all its events. Called by `get_discussion_details`."""
    ground = door.ground_of(request)
    with ground.read() as tx:
        repo = readable(request, tx)
        found = queries.discussion(tx, repo, number_in(request))
        events = queries.events(tx, found.id)
        sides, brought = queries.sides(tx, found), queries.brought(tx, found.id)
        hidden = withheld.hidden(tx, repo)
    shape = summary(found, repo) | {
        "events": [event_shape(each, repo) for each in events],
        "locked": found.locked_reason is not None,
    }
    worked_out = None
    if found.is_pull_request:
        objects = repos.objects(ground, repo.id)
        worked_out = merging.proposed(objects, found, sides)
        shape |= proposed(found, worked_out)
    if worked_out is not None:
        base, alone = worked_out.base, worked_out.is_unrelated
        came = merging.commit_events(objects, base, sides.tip, brought, is_unrelated=alone)
        events += reversed(came)
        # git tells no parts of a second, and commits may be older: none stands before the opening
        events.sort(key=lambda each: max(each.at, found.created_at))
        shape["events"] = [event_shape(each, repo) for each in events]
        if request.query_params.get("diff"):
            shape["diff"] = objects.patch(worked_out.fork, worked_out.tip, hidden=hidden)
    return door.json_answer(shape)


@door.with_json
def open_one(request: Request, body: Body) -> Response:
    """A new discussion or pull request. Called by `create_discussion`.

    Our own clients may name the branch that a pull request is for, as `targetBranch`.
    """
    title = text_field(body, "title", length_max=rules.COMMENT_LENGTH_MAX)
    description = text_field(body, "description", default="", length_max=rules.COMMENT_LENGTH_MAX)
    begin: Callable[..., Discussion] = actions.open_discussion
    if flag_field(body, "pullRequest"):
        target = text_field(body, "targetBranch", default=MAIN, length_max=REF_LENGTH_MAX)
        begin = partial(actions.open_pull_request, target=target)
    with door.ground_of(request).write() as tx:
        repo = readable(request, tx)
        made = begin(tx, door.actor_of(request), repo, title=title, description=description)
    return door.json_answer(summary(made, repo))


@door.with_json
def comment(request: Request, body: Body) -> Response:
    """Something said. Called by `comment_discussion`."""
    text = text_field(body, "comment", length_max=rules.COMMENT_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = readable(request, tx)
        made = actions.comment(tx, door.actor_of(request), repo, number_in(request), text=text)
    return door.json_answer({"newMessage": event_shape(made, repo)})


@door.with_json
def rename(request: Request, body: Body) -> Response:
    """Another title. Called by `rename_discussion`."""
    title = text_field(body, "title", length_max=rules.COMMENT_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = readable(request, tx)
        made = actions.rename(tx, door.actor_of(request), repo, number_in(request), title=title)
    return door.json_answer({"newTitle": event_shape(made, repo)})


@door.with_json
def change_status(request: Request, body: Body) -> Response:
    """Open, publish or close. Called by `change_discussion_status`."""
    status = text_field(body, "status")
    text = text_field(body, "comment", default="", length_max=rules.COMMENT_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = readable(request, tx)
        made = enactment.change_status(
            tx, door.actor_of(request), repo, number_in(request), status=status, text=text
        )
    return door.json_answer({"newStatus": event_shape(made, repo)})


@door.with_json
def merge_one(request: Request, body: Body) -> Response:
    """Merge into the branch it is for, as one commit. Called by `merge_pull_request`."""
    text = text_field(body, "comment", default="", length_max=rules.COMMENT_LENGTH_MAX)
    ground = door.ground_of(request)
    with ground.read() as tx:
        repo = readable(request, tx)
    made = enactment.merge(ground, door.actor_of(request), repo, number_in(request), text=text)
    return door.json_answer({"newStatus": event_shape(made, repo)})


@door.with_json
def edit(request: Request, body: Body) -> Response:
    """Another wording. Called by `edit_discussion_comment`."""
    text = text_field(body, "content", length_max=rules.COMMENT_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = readable(request, tx)
        actor, key = door.actor_of(request), request.path_params["key"]
        made = actions.edit_comment(tx, actor, repo, number_in(request), key, text=text)
    return door.json_answer({"updatedComment": event_shape(made, repo)})


@door.with_json
def hide(request: Request, body: Body) -> Response:
    """A comment out of sight. Called by `hide_discussion_comment`; our own clients say why."""
    reason = text_field(body, "reason", default="", length_max=rules.REASON_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        repo = readable(request, tx)
        actor, key = door.actor_of(request), request.path_params["key"]
        made = actions.hide_comment(
            tx, actor, repo, number_in(request), key, reason=reason or "hidden through the API"
        )
    return door.json_answer({"updatedComment": event_shape(made, repo)})


# -- shapes ------------------------------------------------------------------------------------


def summary(found: Discussion, repo: Repo) -> Shape:
    """A discussion as lists show it. Read by `community.Discussion`."""
    shape: Shape = {
        "num": found.number,
        "title": found.title,
        "status": found.status,
        "isPullRequest": found.is_pull_request,
        "createdAt": shapes.moment(found.created_at),
        "numComments": found.comments,
        "repo": {"name": repo.full_name, "type": repo.kind},
        "repoOwner": {"name": repo.owner},
        "topReactions": [],
        "numReactionUsers": 0,
        "pinned": False,
    }
    if found.author is not None:
        shape["author"] = {"name": found.author, "type": "user"}
    return shape


def proposed(found: Discussion, worked_out: merging.Merge | None) -> Shape:
    """What a pull request changes and what is in its way. Read by `get_discussion_details`."""
    changes: Shape = {"base": found.base}
    if found.merge_sha is not None:
        changes["mergeCommitId"] = found.merge_sha
    conflicts = [] if found.is_over or worked_out is None else list(worked_out.conflicts)
    return {"changes": changes, "filesWithConflicts": conflicts}


def event_shape(event: Event, repo: Repo) -> Shape:
    """Something that happened. Read by `community.deserialize_event`."""
    shape: Shape = {
        "id": event.key,
        "type": event.kind,
        "createdAt": shapes.moment(event.at),
        "data": dict(event.data),
    }
    if event.author is not None:
        shape["author"] = {"name": event.author, "type": "user"}
    if event.kind is EventKind.COMMENT:
        shape["data"] = comment_data(event.data, repo)
    return shape


def comment_data(data: Mapping[str, Any], repo: Repo) -> Shape:
    """A comment's text now and before; what was hidden is not told."""
    hidden = bool(data.get("hidden"))
    history = [] if hidden else [version(each, repo) for each in data.get("history", [])]
    shape: Shape = {
        "edited": bool(data.get("edited")),
        "hidden": hidden,
        "latest": version({**data, "raw": ""} if hidden else data, repo),
        "history": history,
        "numEdits": len(history),
    }
    if hidden:
        shape |= {"hiddenBy": data.get("hidden_by", ""), "hiddenReason": data.get("reason", "")}
    return shape


def version(data: Mapping[str, Any], repo: Repo) -> Shape:
    """One wording of a comment. Read by `DiscussionComment.rendered`, `last_edited_at`."""
    from iriai.cards import render  # noqa: PLC0415 - five megabytes

    resolve, blob = f"/{repo.address}/resolve/main/", f"/{repo.address}/blob/main/"
    return {
        "raw": data["raw"],
        "html": render.html(data["raw"], resolve=resolve, blob=blob),
        "updatedAt": shapes.moment(datetime.fromisoformat(data["updated_at"])),
        "author": {"name": data["by"], "type": "user"},
    }


# -- addresses ---------------------------------------------------------------------------------


def readable(request: Request, tx: Tx) -> Repo:
    """The repository of this address, readable by whoever asks."""
    kind, full_name = door.repo_named(request)
    return repos.readable(tx, door.actor_of(request), kind, full_name)


def number_in(request: Request) -> int:
    """The discussion's number in the address."""
    found = whole(request.path_params["number"], digits_max=NUMBER_DIGITS_MAX)
    if found is None:
        raise rules.unknown_discussion()
    return found


def one_of(found: str | None, allowed: tuple[str, ...], name: str) -> str | None:
    """A choice of a query, where nothing and `all` are the same."""
    if found is not None and found not in allowed:
        raise Invalid(f'"{name}" must be one of [{", ".join(allowed)}].')
    return None if found in (None, "all") else found


def _routes() -> list[DeclaredRoute]:
    made = []
    say, write = Access.SIGNED_IN, ["POST"]
    for plural in address.PLURAL_OF_KIND.values():
        where = f"/api/{plural}/{{owner}}/{{name}}/discussions"
        one = f"{where}/{{number}}"
        made += [
            route(where, listed, methods=["GET", "HEAD"], access=Access.REPO_READ),
            route(where, open_one, methods=write, access=say),
            route(one, details, methods=["GET", "HEAD"], access=Access.REPO_READ),
            route(f"{one}/comment", comment, methods=write, access=say),
            route(f"{one}/title", rename, methods=write, access=say),
            route(f"{one}/status", change_status, methods=write, access=say),
            route(f"{one}/merge", merge_one, methods=write, access=Access.REPO_WRITE),
            route(f"{one}/comment/{{key}}/edit", edit, methods=write, access=say),
            route(f"{one}/comment/{{key}}/hide", hide, methods=write, access=say),
        ]
    return made


ROUTES = _routes()
