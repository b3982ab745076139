"""What a repository is. Called by `model_info` and kin; which ones there are is in `listings`."""

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, evaluations
from iriai.api.bodies import query_flag
from iriai.api.facts import INFO, Facts, asked_fields, info
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.cards import queries as cards
from iriai.repos import queries as repos
from iriai.repos.git.entries import File
from iriai.repos.rules import Kind, Repo, may_read
from iriai.search import queries as search


@door.reading
def of_main(request: Request, tx: Tx) -> Response:
    """A repository as it is on main. Called by `model_info`, `repo_exists`, from_pretrained."""
    kind, full_name = door.repo_named(request)
    repo = repos.repo(tx, door.actor_of(request), Kind(kind), full_name)
    return described(request, tx, repo, repo.head)


@door.reading
def of_revision(request: Request, tx: Tx) -> Response:
    """The same at any revision. Called by `snapshot_download`, hub.js `modelInfo`."""
    kind, full_name = door.repo_named(request)
    revision = address.revision(request.path_params["tail"])
    viewer = door.actor_of(request)
    repo, sha = repos.repo_at(tx, viewer, Kind(kind), full_name, revision)
    return described(request, tx, repo, sha)


def described(request: Request, tx: Tx, repo: Repo, sha: str | None) -> Response:
    """The info: everything usual, or just what `expand` asks for."""
    expand = expanded(request)
    fields = asked_fields(repo.kind, expand) if expand else INFO[repo.kind]
    if not expand and repo.kind == "model" and query_flag(request, "securityStatus"):
        fields = [*fields, "securityRepoStatus"]
    viewer = door.actor_of(request)
    facts = Facts(
        repo=repo,
        sha=sha,
        card=cards.card(tx, repo.id),
        files=lambda: files_of(tx, repo, sha),
        names=lambda: names_of(tx, repo, sha),
        storage=lambda: repo.git_bytes + blobs.bytes_held(tx, repo.id),
        may_list=may_read(viewer, repo),
        blobs=query_flag(request, "blobs"),
        trending=lambda: search.trending(tx, [repo.id]).get(repo.id, 0),
        downloads_ever=lambda: search.downloads_ever(tx, [repo.id]).get(repo.id, 0),
        evaluations=lambda: evaluations.of_model(tx.ground, repo),
        children=lambda: search.built_on(tx, viewer, [repo.full_name])[repo.full_name],
        spaces=lambda: search.used_in(tx, viewer, [repo.full_name])[repo.full_name],
    )
    shape = info(facts, fields, asked=bool(expand))
    return door.json_answer(shape, headers={"X-Repo-Commit": sha} if sha else None)


def files_of(tx: Tx, repo: Repo, sha: str | None) -> Iterator[File]:
    """All files at this commit. A gate does not hide their names; a protected space does."""
    return iter(()) if sha is None else repos.objects(tx.ground, repo.id).files(sha)


def names_of(tx: Tx, repo: Repo, sha: str | None) -> Sequence[str]:
    """Their paths alone."""
    return () if sha is None else sorted(repos.objects(tx.ground, repo.id).paths(sha))


def expanded(request: Request) -> list[str]:
    """The fields that `expand` (Python) or `expand[]` (JavaScript) asks for."""
    query = request.query_params
    return [*query.getlist("expand"), *query.getlist("expand[]")]


def _routes() -> list[DeclaredRoute]:
    made = []
    read, get = Access.REPO_READ, ["GET", "HEAD"]
    for plural in address.PLURAL_OF_KIND.values():
        where, tail = f"/api/{plural}/{{owner}}/{{name}}", "{tail:path}"
        made += [
            route(where, of_main, methods=get, access=read),
            route(f"{where}/revision/{tail}", of_revision, methods=get, access=read),
        ]
    return made


ROUTES = _routes()
