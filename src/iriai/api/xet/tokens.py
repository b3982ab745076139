"""Xet tokens: who may read or write a repository gets a short-lived pass for its large files.

The answer says it twice, in JSON for hf_xet and hub.js and in headers for huggingface_hub.
"""

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, bodies, door
from iriai.api.xet import cas_url, entry
from iriai.base import instance
from iriai.base.errors import Denied
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import passes
from iriai.blobs.passes import XetPass
from iriai.buckets.rules import Bucket
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos import room
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Repo


def grant(tx: Tx, actor: Actor, holder: Repo | Bucket, *, write: bool) -> dict[str, str | int]:
    """A Xet token, as JSON. Whether the actor may have it was asked before."""
    expires_at = int(tx.now.timestamp()) + passes.XET_LIFE_SECONDS
    given = XetPass(
        holder.id,
        write,
        actor.id,
        actor.scope.token_id,
        expires_at,
        is_bucket=isinstance(holder, Bucket),
    )
    ground = tx.ground
    number: str | int = instance.fact(tx, instance.GENERATION) or "1"
    if write:
        number = entry.circle_number(tx, entry.Standing(actor, holder))
    return {
        "casUrl": cas_url(ground.settings.url, number),
        "accessToken": passes.sealed(ground.secret, given),
        "exp": expires_at,
    }


def grant_headers(granted: dict[str, str | int]) -> dict[str, str]:
    """The same token, as headers."""
    return {
        "X-Xet-Cas-Url": str(granted["casUrl"]),
        "X-Xet-Access-Token": str(granted["accessToken"]),
        "X-Xet-Token-Expiration": str(granted["exp"]),
    }


@door.reading
def read_token(request: Request, tx: Tx) -> Response:
    """A pass to read what this repository holds. The revision in the address does not narrow it."""
    kind, full_name = door.repo_named(request)
    actor = door.actor_of(request)
    repo = repos.readable(tx, actor, kind, full_name)
    return answer(grant(tx, actor, repo, write=False))


@door.reading
def write_token(request: Request, tx: Tx) -> Response:
    """A pass to send to this repository; for a pull request, whoever may open one gets it."""
    kind, full_name = door.repo_named(request)
    actor = door.actor_of(request)
    repo = repos.readable(tx, actor, kind, full_name)
    if actor.id is None:
        raise Denied("Sign in first: uploads need an access token.", code="Unauthenticated")
    if bodies.query_flag(request, "create_pr") or _is_for_pull_request(request):
        repo_rules.require_propose(actor, repo)
    else:
        repo_rules.require_write(actor, repo)
    room.require(tx, repo)
    return answer(grant(tx, actor, repo, write=True))


def _is_for_pull_request(request: Request) -> bool:
    """Whether what is sent will be a commit to a pull request's own ref."""
    revision = address.decoded(request.path_params.get("revision", ""))
    return revision.startswith("refs/pr/")


def answer(granted: dict[str, str | int]) -> Response:
    """What a client that asked for a token is told."""
    headers = {**grant_headers(granted), "Cache-Control": "no-store"}
    return door.json_answer(granted, headers=headers)


def _routes() -> list[DeclaredRoute]:
    made = []
    for plural in address.KIND_OF_PLURAL:
        for word, endpoint, access in (
            ("xet-read-token", read_token, Access.REPO_READ),
            ("xet-write-token", write_token, Access.REPO_WRITE),
        ):
            where = f"/api/{plural}/{{owner}}/{{name}}/{word}"
            made.append(route(where, endpoint, methods=["GET"], access=access))
            made.append(
                route(f"{where}/{{revision:path}}", endpoint, methods=["GET"], access=access)
            )
    return made


ROUTES = _routes()
