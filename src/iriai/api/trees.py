"""What lies in a repository: trees, single paths, histories."""

from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import body_bytes, parsed_json, query_flag, query_number
from iriai.base.errors import HubError, Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.repos import queries as repos
from iriai.repos.git.entries import Commit, Entry, File
from iriai.repos.git.recent import Recent
from iriai.repos.queries import Objects
from iriai.repos.rules import FULL_SHA, Repo

TREE_PAGE = 1_000
EXPANDED_PAGE = 100
TREE_PAGE_MAX = 10_000
COMMITS_PAGE = 50
COMMITS_PAGE_MAX = 1_000
PATHS_MAX = 10_000
PATHS_BODY_BYTES_MAX = 4 << 20
COUNTED_MAX = 5_000
COUNTS_KEPT = 4_096

_counts: Recent[tuple[int, str], int] = Recent(COUNTS_KEPT)


@door.reading_at_length
def tree(request: Request, tx: Tx) -> Response:
    """A folder, a page at a time. Called by `list_repo_tree`, `snapshot_download`, hub.js.

    A page's cursor names the commit it was read from, so that a listing is of one commit even when
    the branch moves meanwhile. llama.cpp reads the first page only.
    """
    expand, recursive = query_flag(request, "expand"), query_flag(request, "recursive")
    usual = EXPANDED_PAGE if expand else TREE_PAGE
    limit = query_number(request, "limit", default=usual, most=usual if expand else TREE_PAGE_MAX)
    where = address.place(request.path_params["tail"])
    pinned, _, after = request.query_params.get("cursor", "").partition(":")
    if pinned and not FULL_SHA.fullmatch(pinned):
        raise Invalid("This cursor makes no sense.")
    kind, full_name = door.repo_named(request)
    viewer = door.actor_of(request)
    repo, sha = repos.readable_at(tx, viewer, kind, full_name, pinned or where.revision)
    objects = repos.objects(tx.ground, repo.id)
    try:
        page = objects.tree(sha, where.path, recursive=recursive, after=after or None, limit=limit)
    except HubError as error:
        error.headers["X-Repo-Commit"] = sha
        raise
    headers = {"X-Repo-Commit": sha}
    if page.after is not None:
        headers["Link"] = door.next_page(request, cursor=f"{sha}:{page.after}")
    rows = entries(tx, repo, objects, sha, page.entries, expand=expand)
    return door.json_answer(rows, headers=headers)


async def paths_info(request: Request) -> Response:
    """Some paths; those that are not there are left out. Called by `get_paths_info` and hub.js.

    Python sends a form, JavaScript JSON.
    """
    raw = await body_bytes(request, limit=PATHS_BODY_BYTES_MAX)
    if "json" in request.headers.get("content-type", ""):
        body = parsed_json(raw)
        paths, expand = body.get("paths", []), body.get("expand") is True
        if isinstance(paths, str):
            paths = [paths]
        if not isinstance(paths, list) or not all(isinstance(each, str) for each in paths):
            raise Invalid('"paths" must be a list of strings.')
    else:
        fields = form(raw)
        paths = [value for key, value in fields if key == "paths"]
        expand = any(value.lower() in ("true", "1") for key, value in fields if key == "expand")
    if len(paths) > PATHS_MAX:
        raise Invalid(f"Ask for at most {PATHS_MAX:,} paths at once.")
    return await door.in_thread(answer_paths, request, paths, expand=expand)


def answer_paths(request: Request, paths: Sequence[str], *, expand: bool) -> Response:
    """The answer to paths-info."""
    revision = address.revision(request.path_params["tail"])
    kind, full_name = door.repo_named(request)
    with door.ground_of(request).read() as tx:
        repo, sha = repos.readable_at(tx, door.actor_of(request), kind, full_name, revision)
        objects = repos.objects(tx.ground, repo.id)
        wanted = dict.fromkeys(each.strip("/") for each in paths)
        found = objects.entries(sha, [each for each in wanted if each])
        rows = entries(tx, repo, objects, sha, found, expand=expand)
    return door.json_answer(rows, headers={"X-Repo-Commit": sha})


def form(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a form."""
    if b"%00" in raw:
        raise Invalid("A path cannot hold a null character.")
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=PATHS_MAX + 10)
    except ValueError as error:
        raise Invalid("The body is not a form with so many fields.") from error


def entries(
    tx: Tx, repo: Repo, objects: Objects, sha: str, found: Iterable[Entry], *, expand: bool
) -> list[shapes.Shape]:
    """Entries on the wire: large ones with their Xet hash, `expand`ed with last commits."""
    found = list(found)
    large = {each.lfs.sha256 for each in found if isinstance(each, File) and each.lfs}
    stored = blobs.objects(tx, repo.id, large) if large else {}
    last = last_commits(objects, sha, found) if expand else {}
    rows = []
    for each in found:
        held = stored.get(each.lfs.sha256) if isinstance(each, File) and each.lfs else None
        xet_hash = held.xet_hash if held else None
        rows.append(shapes.tree_entry(each, xet_hash=xet_hash, last=last.get(each.path)))
    return rows


def last_commits(objects: Objects, sha: str, found: Sequence[Entry]) -> dict[str, Commit]:
    """The commit that touched each entry last: one walk per folder."""
    last: dict[str, Commit] = {}
    for folder in {each.path.rpartition("/")[0] for each in found}:
        for name, commit in objects.last_commits(sha, folder).items():
            last[f"{folder}/{name}" if folder else name] = commit
    return last


@door.reading_at_length
def commits(request: Request, tx: Tx) -> Response:
    """A history, newest first. Called by `list_repo_commits` and hub.js `listCommits`."""
    limit = query_number(request, "limit", default=COMMITS_PAGE, most=COMMITS_PAGE_MAX)
    formatted = "formatted" in request.query_params.getlist("expand[]")
    revision = address.revision(request.path_params["tail"])
    after = request.query_params.get("cursor") or None
    if after and not FULL_SHA.fullmatch(after):
        raise Invalid("This cursor makes no sense.")
    kind, full_name = door.repo_named(request)
    repo, sha = repos.readable_at(tx, door.actor_of(request), kind, full_name, revision)
    found = repos.objects(tx.ground, repo.id).log(sha, limit=limit + 1, after=after)
    headers = {"X-Repo-Commit": sha}
    if after is None and (count := commit_count(tx, repo, sha)) is not None:
        headers["X-Total-Count"] = str(count)
    if len(found) > limit:
        found = found[:limit]
        headers["Link"] = door.next_page(request, cursor=found[-1].sha)
    return door.json_answer(
        [shapes.commit(each, formatted=formatted) for each in found], headers=headers
    )


def commit_count(tx: Tx, repo: Repo, sha: str) -> int | None:
    """How long a history is, for hub.js `countCommits`; None of one too long to be counted."""
    key = (repo.id, sha)
    kept = _counts.get(key)
    if kept is None:
        walked = islice(repos.objects(tx.ground, repo.id).commits(sha), COUNTED_MAX)
        kept = sum(1 for _ in walked)
        _counts.put(key, kept)
    return kept if kept < COUNTED_MAX else None


def _routes() -> list[DeclaredRoute]:
    made = []
    for plural in address.PLURAL_OF_KIND.values():
        where, tail = f"/api/{plural}/{{owner}}/{{name}}", "{tail:path}"
        read = Access.REPO_READ
        made += [
            route(f"{where}/tree/{tail}", tree, methods=["GET", "HEAD"], access=read),
            route(f"{where}/paths-info/{tail}", paths_info, methods=["POST"], access=read),
            route(f"{where}/commits/{tail}", commits, methods=["GET", "HEAD"], access=read),
        ]
    return made


ROUTES = _routes()
