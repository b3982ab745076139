"""Branches and tags, and squashing a branch's history."""

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import Body, query_flag, text_field
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import enactment
from iriai.commons.enactment import landing
from iriai.commons.enactment import refs as keeping
from iriai.repos import actions
from iriai.repos import queries as repos
from iriai.repos.rules import MAIN, Repo, require_read

MESSAGE_LENGTH_MAX = 65_536
NAME_LENGTH_MAX = 1_000


@door.reading
def refs(request: Request, tx: Tx) -> Response:
    """All refs, main first. Called by `list_repo_refs` and llama.cpp."""
    kind, full_name = door.repo_named(request)
    viewer = door.actor_of(request)
    repo = repos.readable(tx, viewer, kind, full_name)
    found = repos.refs(tx, repo)
    return door.json_answer(shapes.refs(found, pull_requests=query_flag(request, "include_prs")))


@door.with_json
def create_branch(request: Request, body: Body) -> Response:
    """A new branch from anywhere. Called by `create_branch` and hub.js."""
    start = text_field(body, "startingPoint", default="", length_max=NAME_LENGTH_MAX)
    ground, actor = door.ground_of(request), door.actor_of(request)
    name = address.revision(request.path_params["tail"])
    overwrite = body.get("overwrite") is True
    with ground.read() as tx:
        repo = named(request, tx)
    if body.get("emptyBranch") is True:
        keeping.create_empty_branch(ground, actor, repo, name, overwrite=overwrite)
        return door.json_answer({})
    with ground.write() as tx:
        keeping.create_branch(tx, actor, repo, name, start or None, overwrite=overwrite)
    return door.json_answer({})


def delete_branch(request: Request) -> Response:
    """A branch less; never main. Called by `delete_branch` and hub.js."""
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        name = address.revision(request.path_params["tail"])
        keeping.delete_branch(tx, door.actor_of(request), repo, name)
    return door.json_answer({})


@door.with_json
def create_tag(request: Request, body: Body) -> Response:
    """A name for a revision, annotated where there is a message. Called by `create_tag`."""
    name = text_field(body, "tag", length_max=NAME_LENGTH_MAX)
    message = text_field(body, "message", default="", length_max=MESSAGE_LENGTH_MAX)
    ground = door.ground_of(request)
    with ground.read() as tx:
        repo = named(request, tx)
    revision = address.revision(request.path_params["tail"])
    actor = door.actor_of(request)
    actions.create_tag(ground, actor, repo, name, revision, message=message or None)
    return door.json_answer({})


def delete_tag(request: Request) -> Response:
    """A tag less. Called by `delete_tag`."""
    with door.ground_of(request).write() as tx:
        repo = named(request, tx)
        name = address.revision(request.path_params["tail"])
        keeping.delete_tag(tx, door.actor_of(request), repo, name)
    return door.json_answer({})


@door.with_json
def squash(request: Request, body: Body) -> Response:
    """All of a branch's history in one commit. Called by `super_squash_history`."""
    message = text_field(body, "message", default="", length_max=MESSAGE_LENGTH_MAX)
    ground = door.ground_of(request)
    with ground.read() as tx:
        repo = named(request, tx)
    revision = address.revision(request.path_params["tail"])
    message = message or f"Super-squash branch '{revision}' using huggingface_hub"
    landed = landing.squash(ground, door.actor_of(request), repo, revision, message)
    if landed.ref == MAIN:
        enactment.refresh_card(ground, repo, {MAIN: landed.sha})
    return door.json_answer({"commitOid": landed.sha})


def named(request: Request, tx: Tx) -> Repo:
    """The repository of this address, readable by whoever asks; its rules judge the rest."""
    kind, full_name = door.repo_named(request)
    actor = door.actor_of(request)
    repo = repos.repo(tx, actor, kind, full_name)
    require_read(actor, repo)
    return repo


def _routes() -> list[DeclaredRoute]:
    made = []
    for plural in address.PLURAL_OF_KIND.values():
        where, tail = f"/api/{plural}/{{owner}}/{{name}}", "{tail:path}"
        write = Access.REPO_WRITE
        made += [
            route(f"{where}/refs", refs, methods=["GET", "HEAD"], access=Access.REPO_READ),
            route(f"{where}/branch/{tail}", create_branch, methods=["POST"], access=write),
            route(f"{where}/branch/{tail}", delete_branch, methods=["DELETE"], access=write),
            route(f"{where}/tag/{tail}", create_tag, methods=["POST"], access=write),
            route(f"{where}/tag/{tail}", delete_tag, methods=["DELETE"], access=write),
            route(f"{where}/super-squash/{tail}", squash, methods=["POST"], access=write),
        ]
    return made


ROUTES = _routes()
