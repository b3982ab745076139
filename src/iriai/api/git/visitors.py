"""Who may fetch and push, in the words that make git ask for a password.

Nobody in particular gets 401 with a Basic challenge wherever they may not read, whether the
repository exists or not: the same answer, to the byte, for what is private and for what is missing.
Somebody who may not read gets the same 404 for both. Errors are plain text, for git shows no other.
"""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import at_gate, problems
from iriai.api.door import actor_of, ground_of, in_reading_thread, repo_named
from iriai.base.errors import Denied, Gone, HubError, Unknown
from iriai.base.tx import Tx
from iriai.commons import enactment
from iriai.repos import queries as repos
from iriai.repos import rules
from iriai.repos.rules import Ref, Repo

CHALLENGE = 'Basic realm="iriai", charset="UTF-8"'
SIGN_IN = "Sign in: use your name and an access token as the password."


Endpoint = Callable[[Request], Awaitable[Response]]


def plainly(endpoint: Endpoint) -> Endpoint:
    """A handler whose refusals git shows to its user, each line after `remote:`."""

    @wraps(endpoint)
    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HubError as error:
            if error.code == "RepoNotFound":
                raise  # the app leads to where it went, if it moved
            error = await in_reading_thread(at_gate.told, request, error)
            made = problems.answer(error)
            made.body = f"{error.message}\n".encode()
            made.headers["content-type"] = "text/plain; charset=utf-8"
            made.headers["content-length"] = str(len(made.body))
            return made

    return told


def readable(request: Request) -> Repo:
    """The repository in the address, if the asker may read its files."""
    with ground_of(request).read() as tx:
        return _readable(request, tx)


def pushable(request: Request) -> tuple[Repo, list[Ref]]:
    """The repository in the address and its refs, if the asker may push something to it."""
    actor = actor_of(request)
    if actor.id is None:
        raise sign_in()
    with ground_of(request).read() as tx:
        repo = _readable(request, tx)
        refs = repos.refs(tx, repo)
    if not any(ref.opened_by == actor.id for ref in refs):
        try:
            with enactment.explained(ground_of(request), repo):
                rules.require_write(actor, repo)
        except Denied as refusal:
            if refusal.code != "Forbidden":
                raise
            raise Denied(no_right(repo), code=refusal.code) from None
    return repo, refs


def no_right(repo: Repo) -> str:
    """What somebody reads who pushes to what others write, and what they can do instead."""
    said = f"You have no right to push to {repo.full_name}."
    if repo.discussions_disabled:
        return f"{said} Ask those who have it, {repo.owner}."
    kind = "" if repo.kind is rules.Kind.MODEL else f" --repo-type {repo.kind.value}"
    way = f"hf upload {repo.full_name} FOLDER . --create-pr{kind}"
    return f"{said} Propose the change as a pull request instead: {way}"


def _readable(request: Request, tx: Tx) -> Repo:
    actor = actor_of(request)
    kind, full_name = repo_named(request)
    try:
        return repos.readable(tx, actor, kind, full_name)
    except (Unknown, Denied, Gone) as error:
        if actor.id is not None or isinstance(error, Gone):
            raise
        if isinstance(error, Unknown) and repos.moved(tx, actor, kind, full_name):
            raise  # the app leads to where it went
        raise sign_in() from None


def sign_in() -> HubError:
    """The answer to nobody in particular."""
    error = Denied(SIGN_IN, code="Unauthenticated")
    error.headers = {"WWW-Authenticate": CHALLENGE}
    return error
