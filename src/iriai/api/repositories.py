"""Repositories as wholes: making, deleting, moving, copying them, and their settings."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, buckets, door, resource_groups
from iriai.api.bodies import Body, flag_field, text_field
from iriai.api.shapes import object_id
from iriai.base.errors import Conflict, Denied, Gone, Invalid, Unavailable, Unknown
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import enactment
from iriai.identity import queries as identity
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos.operations import Add
from iriai.repos.register import spent
from iriai.repos.rules import Gated, Kind, Repo, Visibility, require_administer, require_read
from iriai.repos.rules import require_write as require_repo_write

NAME_LENGTH_MAX = 200
LICENCE_LENGTH_MAX = 100
FILES_MAX = 100
CONTENT_LENGTH_MAX = 3_000_000


@door.with_json
def create(request: Request, body: Body) -> Response:
    """A new repository. Called by `create_repo`, which reads `url` even of a 409."""
    require_hosted(body.get("type"))
    resource_groups.require_none(body)
    kind = Kind(address.kind_named(body.get("type")))
    actor, ground = door.actor_of(request), door.ground_of(request)
    owner, name = named_in(body, actor)
    first = list(first_files(body))
    with ground.read() as tx:
        visibility = visibility_in(body) or usual_visibility(tx, owner)
    try:
        repo = enactment.create_repository(
            ground,
            actor,
            kind=kind,
            owner=owner,
            name=name,
            visibility=visibility,
            sdk=text_field(body, "sdk", default="", length_max=NAME_LENGTH_MAX) or None,
        )
    except Conflict as error:
        if error.code == "RepoExists":
            error = Conflict(
                f"You already created this {kind} repo: {owner}/{name}", code=error.code
            )
        return not_made(request, error, kind, f"{owner}/{name}")
    if first:
        enactment.commit(ground, actor, repo, operations=first, title="initial files")
    return door.json_answer(
        {"url": url(request, repo), "name": repo.full_name, "id": object_id(repo.id)}
    )


@door.with_json
def delete(request: Request, body: Body) -> Response:
    """A repository less. Called by `delete_repo`: a JSON body on DELETE."""
    require_hosted(body.get("type"))
    kind = address.kind_named(body.get("type"))
    actor = door.actor_of(request)
    owner, name = named_in(body, actor)
    with door.ground_of(request).write() as tx:
        if now := repos.moved(tx, actor, kind, f"{owner}/{name}"):
            raise Unknown(
                f"{owner}/{name} is called {now} now: delete it by that name.", code="RepoNotFound"
            )
        repo = repos.repo(tx, actor, Kind(kind), f"{owner}/{name}")
        enactment.delete_repository(tx, actor, repo)
    return door.json_answer({})


@door.with_json
def move(request: Request, body: Body) -> Response:
    """Another name or owner; the old name leads to the new one. Called by `move_repo`."""
    if body.get("type") == "bucket":
        return buckets.move(request, body)
    require_hosted(body.get("type"))
    kind = Kind(address.kind_named(body.get("type")))
    source = text_field(body, "fromRepo", length_max=NAME_LENGTH_MAX)
    owner, name = address.split_full_name(text_field(body, "toRepo", length_max=NAME_LENGTH_MAX))
    address.split_full_name(source)
    actor = door.actor_of(request)
    with door.ground_of(request).write() as tx:
        repo = repos.repo(tx, actor, kind, repos.moved(tx, actor, kind, source) or source)
        moved = enactment.move_repository(tx, actor, repo, to_owner=owner, to_name=name)
    return door.json_answer({"url": url(request, moved)})


@door.with_json
def settings(request: Request, body: Body) -> Response:
    """Visibility, gate, discussions. Called by `update_repo_settings` and lm-eval."""
    changed: dict[str, Any] = {}
    if (visibility := visibility_in(body)) is not None:
        changed["visibility"] = visibility
    if "gated" in body:
        changed["gated"] = gate_in(body["gated"])
    if (closed := flag_field(body, "discussionsDisabled")) is not None:
        changed["discussions_disabled"] = closed
    actor = door.actor_of(request)
    kind, full_name = door.repo_named(request)
    with door.ground_of(request).write() as tx:
        repo = repos.repo(tx, actor, Kind(kind), full_name)
        if changed:
            repo = enactment.change_settings(tx, actor, repo, **changed)
        else:
            require_administer(actor, repo)
    return door.json_answer(
        {
            "private": repo.is_private,
            "visibility": repo.visibility.value,
            "gated": repo.gated.value if repo.gated else False,
            "discussionsDisabled": repo.discussions_disabled,
        }
    )


@door.with_json
def duplicate(request: Request, body: Body) -> Response:
    """A copy with its whole history. Called by `duplicate_repo`, which reads `url` of a 409 too."""
    resource_groups.require_none(body)
    actor, ground = door.actor_of(request), door.ground_of(request)
    kind, source_name = door.repo_named(request)
    with ground.read() as tx:
        source = repos.readable(tx, actor, Kind(kind), source_name)
    full_name = text_field(body, "repository", length_max=NAME_LENGTH_MAX)
    owner, name = address.split_full_name(full_name)
    visibility = visibility_in(body) or source.visibility
    try:
        made = enactment.duplicate_repository(
            ground, actor, source, owner=owner, name=name, visibility=visibility
        )
    except Conflict as error:
        return not_made(request, error, Kind(kind), full_name)
    enactment.refresh_card(ground, made, {"refs/heads/main": made.head or ""})
    return door.json_answer({"url": url(request, made), "filesCopyPending": False})


@door.reading
def may_read(request: Request, tx: Tx) -> Response:
    """Whether the asker may read the files. Called by `auth_check`."""
    require_read(door.actor_of(request), looked_up(request, tx))
    return door.json_answer({})


@door.reading
def may_write(request: Request, tx: Tx) -> Response:
    """Whether the asker may commit. Called by `auth_check(write=True)`."""
    require_repo_write(door.actor_of(request), looked_up(request, tx))
    return door.json_answer({})


def looked_up(request: Request, tx: Tx) -> Repo:
    """The repository of this address, if the asker may know of it."""
    kind, full_name = door.repo_named(request)
    return repos.repo(tx, door.actor_of(request), Kind(kind), full_name)


# -- what bodies say ---------------------------------------------------------------------------


def require_hosted(kind: object) -> None:
    """Kernels are not kept here, buckets elsewhere; a clear 501 is not tried again."""
    if kind in ("kernel", "bucket"):
        raise Unavailable(f"This hub does not host {kind}s.", code="NotImplemented")


def named_in(body: Body, actor: Actor) -> tuple[str, str]:
    """Owner and name; without an organisation, the asker's own. Old clients send both as `name`."""
    name = text_field(body, "name", length_max=NAME_LENGTH_MAX)
    owner = text_field(body, "organization", default="", length_max=NAME_LENGTH_MAX)
    if not owner and "/" in name:
        return address.split_full_name(name)
    if not owner and not actor.name:
        raise Denied("Sign in first: this needs an access token.", code="Unauthenticated")
    return owner or actor.name, name


def visibility_in(body: Body) -> Visibility | None:
    """`visibility`, or the `private` of clients before 1.8; to ignore either would publish."""
    word = text_field(body, "visibility", default="", length_max=NAME_LENGTH_MAX)
    if word:
        if word not in tuple(Visibility):
            raise Invalid('"visibility" must be one of public, private, protected.')
        return Visibility(word)
    private = flag_field(body, "private")
    if private is None:
        return None
    return Visibility.PRIVATE if private else Visibility.PUBLIC


def usual_visibility(tx: Tx, owner: str) -> Visibility:
    """What a repository of this account is when nobody says: some keep theirs private."""
    account = identity.find_account(tx, owner)
    private = account is not None and account.private_by_default
    return Visibility.PRIVATE if private else Visibility.PUBLIC


def gate_in(word: object) -> Gated | None:
    """`auto`, `manual`, or `false` for no gate."""
    if word is False or word is None:
        return None
    if word not in ("auto", "manual"):
        raise Invalid('"gated" must be "auto", "manual" or false.')
    return Gated(str(word))


def first_files(body: Body) -> Iterator[Add]:
    """The files and licence that hub.js may send along (`createRepo`)."""
    files = body.get("files") or []
    if not isinstance(files, list) or len(files) > FILES_MAX:
        raise Invalid(f'"files" must be a list of at most {FILES_MAX} files.')
    paths = set()
    for each in files:
        if not isinstance(each, dict):
            raise Invalid('"files" must be a list of objects.')
        made = Add(text_field(each, "path"), content_in(each))
        paths.add(made.path)
        yield made
    licence = text_field(body, "license", default="", length_max=LICENCE_LENGTH_MAX)
    if licence and "README.md" not in paths:
        sdk = text_field(body, "sdk", default="", length_max=NAME_LENGTH_MAX)
        lines = [f"license: {' '.join(licence.split())}", *([f"sdk: {sdk}"] if sdk else [])]
        yield Add("README.md", "\n".join(["---", *lines, "---", ""]).encode())


def content_in(file: Mapping[str, Any]) -> bytes:
    """What one of these files holds."""
    content = text_field(file, "content", default="", length_max=CONTENT_LENGTH_MAX)
    if file.get("encoding") != "base64":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid('"content" is not valid base64.') from None


# -- answers -----------------------------------------------------------------------------------


def url(request: Request, repo: Repo) -> str:
    """A repository's address; clients take it apart with `RepoUrl`."""
    return address.repo_url(door.base_url(request), repo.kind, repo.full_name)


def not_made(request: Request, error: Conflict, kind: Kind, full_name: str) -> Response:
    """A 409 that says where the one that is there is: `exist_ok` swallows it and reads `url`.

    Every other conflict is a 400, which no client swallows: a name that was spent, or looks like
    another, would be taken for a repository that then is nowhere to be found.
    """
    from iriai.api import problems  # noqa: PLC0415 - only here an answer adds to its error

    if error.code == "RepoExists":
        with door.ground_of(request).read() as tx:
            there = called_now(tx, door.actor_of(request), kind, full_name)
        if there is not None:
            return problems.answer(error, url=address.repo_url(door.base_url(request), kind, there))
        error = spent(kind, full_name)
    return problems.answer(Invalid(error.message, code=error.code))


def called_now(tx: Tx, actor: Actor, kind: Kind, full_name: str) -> str | None:
    """What a repository of this name is called now, if it is there and the asker may know of it."""
    try:
        return repos.repo(tx, actor, kind, full_name).full_name
    except (Unknown, Gone):
        return repos.moved(tx, actor, kind, full_name)


def _routes() -> list[DeclaredRoute]:
    somebody = Access.SIGNED_IN
    made = [
        route("/api/repos/create", create, methods=["POST"], access=somebody),
        route("/api/repos/delete", delete, methods=["DELETE"], access=somebody),
        route("/api/repos/move", move, methods=["POST"], access=somebody),
    ]
    for plural in address.PLURAL_OF_KIND.values():
        where = f"/api/{plural}/{{owner}}/{{name}}"
        read, admin = Access.REPO_READ, Access.REPO_ADMIN
        made += [
            route(f"{where}/settings", settings, methods=["PUT"], access=admin),
            route(f"{where}/duplicate", duplicate, methods=["POST"], access=somebody),
            route(f"{where}/auth-check", may_read, methods=["GET"], access=read),
            route(f"{where}/auth-check/write", may_write, methods=["GET"], access=read),
        ]
    return made


ROUTES = _routes()
