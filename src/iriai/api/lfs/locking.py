"""Git-lfs's lock API: `git lfs lock`, `locks`, `unlock`, and what it asks before each push.

Shapes: https://github.com/git-lfs/git-lfs/blob/main/docs/api/locking.md. The ref that a request
names is left aside: a lock is on a file, whatever the branch.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import Body, flag_field, text_field
from iriai.api.lfs.batch import LFS_JSON, said, sign_in
from iriai.base.errors import HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.repos import locks as repo_locks
from iriai.repos import queries as repos
from iriai.repos.locks import PAGE_LENGTH, Lock, Locked
from iriai.repos.rules import Repo, require_write

PATH_LENGTH_MAX = 4_096
CURSOR_DIGITS_MAX = 15
CREATED, CONFLICT = 201, 409


def create(request: Request, body: Body) -> Response:
    """Lock a file; 409 with the lock that is there already."""
    try:
        path = text_field(body, "path", length_max=PATH_LENGTH_MAX)
        with door.ground_of(request).write() as tx:
            made = repo_locks.lock(tx, door.actor_of(request), _repo(request, tx), path=path)
        return _answer({"lock": _shape(made)}, CREATED)
    except Locked as error:
        return _answer({"lock": _shape(error.lock), "message": error.message}, CONFLICT)
    except HubError as error:
        return _said(error)


def listing(request: Request) -> Response:
    """Locks, all or of one path or id."""
    query = request.query_params
    try:
        after, limit = _page(query.get("cursor"), query.get("limit"))
        with door.ground_of(request).read() as tx:
            found = repo_locks.locks(
                tx,
                _repo(request, tx),
                path=query.get("path") or None,
                key=query.get("id") or None,
                after=after,
                limit=limit + 1,
            )
        more = _more(found, limit)
        return _answer({"locks": [_shape(each) for each in found[:limit]], **more})
    except HubError as error:
        return _said(error)


def verify(request: Request, body: Body) -> Response:
    """Before a push: which locks are one's own, and which are others'."""
    actor = door.actor_of(request)
    try:
        after, limit = _page(body.get("cursor"), body.get("limit"))
        with door.ground_of(request).read() as tx:
            repo = _repo(request, tx)
            require_write(actor, repo)
            found = repo_locks.locks(tx, repo, after=after, limit=limit + 1)
        here = found[:limit]
        return _answer(
            {
                "ours": [_shape(each) for each in here if each.owner_id == actor.id],
                "theirs": [_shape(each) for each in here if each.owner_id != actor.id],
                **_more(found, limit),
            }
        )
    except HubError as error:
        return _said(error)


def release(request: Request, body: Body) -> Response:
    """Unlock; another's lock with `force`, by who administers."""
    try:
        key = address.decoded(request.path_params["lock"])
        force = flag_field(body, "force") or False
        with door.ground_of(request).write() as tx:
            repo = _repo(request, tx)
            held = repo_locks.unlock(tx, door.actor_of(request), repo, key, force=force)
        return _answer({"lock": _shape(held)})
    except HubError as error:
        return _said(error)


def _repo(request: Request, tx: Tx) -> Repo:
    kind, full_name = door.repo_named(request)
    actor = door.actor_of(request)
    try:
        return repos.readable(tx, actor, kind, full_name)
    except Unknown:
        if actor.id is None and repos.moved(tx, actor, kind, full_name) is None:
            raise sign_in() from None
        raise


def _page(cursor: Any, limit: Any) -> tuple[int, int]:
    after = whole(str(cursor or "0"), digits_max=CURSOR_DIGITS_MAX)
    wanted = whole(str(limit or PAGE_LENGTH)[:CURSOR_DIGITS_MAX])
    if after is None or wanted is None:
        raise Invalid("This cursor or limit makes no sense.")
    return after, max(1, min(wanted, PAGE_LENGTH))


def _more(found: Any, limit: int) -> dict[str, str]:
    return {"next_cursor": str(found[limit - 1].place)} if len(found) > limit else {}


def _shape(lock: Lock) -> dict[str, Any]:
    at = shapes.moment(lock.at)
    return {"id": lock.key, "path": lock.path, "locked_at": at, "owner": {"name": lock.owner}}


def _answer(content: dict[str, Any], status: int = 200) -> Response:
    return door.json_answer(content, status, headers={"Content-Type": LFS_JSON})


def _said(error: HubError) -> Response:
    if error.code == "RepoNotFound":
        raise error  # it may have moved
    return said(error)


def _routes() -> list[DeclaredRoute]:
    made = []
    read, write = Access.REPO_READ, Access.REPO_WRITE
    for prefix in ("", *address.KIND_OF_PREFIX):
        for name in ("{name}.git", "{name}"):
            where = "/" + "/".join(filter(None, (prefix, "{owner}", name, "info/lfs/locks")))
            post = ["POST"]
            made += [
                route(where, listing, methods=["GET"], access=read),
                route(where, door.with_json(create), methods=post, access=write),
                route(f"{where}/verify", door.with_json(verify), methods=post, access=write),
                route(
                    f"{where}/{{lock}}/unlock", door.with_json(release), methods=post, access=write
                ),
            ]
    return made


ROUTES = _routes()
