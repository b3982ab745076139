"""Changing a repository's files: preupload, then one commit in newline-delimited JSON.

The body of a commit is spooled to disk while it arrives and read from there line by line. Whether
its sender may commit at all is asked before a single byte of it is taken.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from iriai.api import address, door, operations, shapes
from iriai.api.bodies import Body, body_bytes, parsed_json, query_flag, text_field
from iriai.base.errors import Invalid, Unavailable
from iriai.base.http.receiving import receive_file
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.cards import reading as cards
from iriai.commons import enactment
from iriai.repos import queries as repos
from iriai.repos import room, rules
from iriai.repos.queries import Candidate
from iriai.repos.rules import Repo

PREUPLOAD_BODY_BYTES_MAX = 16 << 20
PREUPLOAD_FILES_MAX = 10_000
SAMPLE_LENGTH_MAX = 4_096
README_LENGTH_MAX = 2_000_000
IGNORE_LENGTH_MAX = 100_000


async def commit(request: Request) -> Response:
    """Land a commit. Called by `_commit_api._send_commit`, hub.js `commit` and every upload."""
    if query_flag(request, "hot_reload"):
        raise Unavailable("This hub does not run spaces: commit as usual.", code="NotImplemented")
    repo = await door.in_thread(target, request)
    ground = door.ground_of(request)
    spool = await door.in_thread(ground.store.staging) / f"commit-{secrets.token_hex(16)}"
    try:
        await receive_file(
            request.receive, spool, size_max=operations.BODY_BYTES_MAX, scope=request.scope
        )
        return await door.in_thread(land, request, repo, spool)
    finally:
        await door.in_thread(spool.unlink, missing_ok=True)


def target(request: Request) -> Repo:
    """The repository a commit goes to, if its sender may send one at all."""
    actor, ground = door.actor_of(request), door.ground_of(request)
    name = rules.ref_candidates(address.revision(request.path_params["tail"]))[0]
    with ground.read() as tx:
        kind, full_name = door.repo_named(request)
        repo = repos.repo(tx, actor, kind, full_name)
        ref = repos.ref(tx, repo.id, name)
    if query_flag(request, "create_pr"):
        rules.require_propose(actor, repo)
    else:
        with enactment.explained(ground, repo):
            rules.require_commit_to(actor, repo, ref)
    return repo


def land(request: Request, repo: Repo, spool: Path) -> Response:
    """Read the spooled commit and land it."""
    sent = operations.Commit(spool)
    ground = door.ground_of(request)
    create_pr = query_flag(request, "create_pr")
    landed = enactment.commit(
        ground,
        door.actor_of(request),
        repo,
        operations=sent.operations(),
        revision=address.revision(request.path_params["tail"]),
        title=sent.header.summary,
        description=sent.header.description,
        parent=sent.header.parent,
        create_pr=create_pr,
    )
    return door.json_answer(
        shapes.landed(door.base_url(request), repo, landed.sha, landed.number),
        headers={"X-Repo-Commit": landed.sha},
    )


async def preupload(request: Request) -> Response:
    """How each file is to be sent. Called by `_commit_api._fetch_upload_modes`, 256 at a time."""
    body = parsed_json(await body_bytes(request, limit=PREUPLOAD_BODY_BYTES_MAX))
    return await door.in_thread(modes, request, body)


def modes(request: Request, body: Body) -> Response:
    """The answer to preupload: `oid` is what is there now, from which a client sees no change."""
    files = candidates(body.get("files"))
    ignore = text_field(body, "gitIgnore", default="", length_max=IGNORE_LENGTH_MAX) or None
    attributes = text_field(body, "gitAttributes", default="", length_max=IGNORE_LENGTH_MAX) or None
    revision = address.revision(request.path_params["tail"])
    repo = target(request)
    ground = door.ground_of(request)
    with ground.read() as tx:
        sha = repos.resolve(tx, repo, revision)
    found = repos.preupload(ground, repo, sha, files, gitignore=ignore, gitattributes=attributes)
    if room.is_limited(repo):
        large = {each.path for each in found if each.large and not each.ignored}
        with ground.read() as tx:
            room.require_new(tx, repo, [each.size for each in files if each.path in large])
    rows = [
        {
            "path": each.path,
            "uploadMode": "lfs" if each.large else "regular",
            "shouldIgnore": each.ignored,
            "oid": each.oid,
        }
        for each in found
    ]
    return door.json_answer({"files": rows, "commitOid": sha}, headers={"X-Repo-Commit": sha})


def candidates(found: Any) -> Sequence[Candidate]:
    """The files of a preupload, strictly read."""
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Invalid('"files" must be a list of objects.')
    if len(found) > PREUPLOAD_FILES_MAX:
        raise Invalid(f"Ask for at most {PREUPLOAD_FILES_MAX:,} files at once.")
    return [candidate(each) for each in found]


def candidate(found: Mapping[str, Any]) -> Candidate:
    """One file that somebody wants to upload."""
    size = found.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise Invalid('"size" must be a number of bytes.')
    sample = text_field(found, "sample", default="", length_max=SAMPLE_LENGTH_MAX)
    try:
        content = base64.b64decode(sample, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid('"sample" is not valid base64.') from None
    return Candidate(text_field(found, "path", length_max=SAMPLE_LENGTH_MAX), size, content)


@door.with_json
def validate_yaml(request: Request, body: Body) -> Response:
    """Judge a README's metadata. Called before every commit that holds a README.

    `_validate_yaml` reads JSON whatever the status; `RepoCard.validate` wants plain text.
    """
    content = text_field(body, "content", default="", length_max=README_LENGTH_MAX)
    kind = body.get("repoType") or "model"
    if not isinstance(kind, str):
        raise Invalid('"repoType" must be a string.')
    found = cards.validation(content, kind)
    status = 400 if found.errors else 200
    headers = {"X-Error-Code": "Invalid"} if found.errors else {}
    if "text/plain" in request.headers.get("accept", ""):
        return PlainTextResponse(found.text(), status, headers)
    return door.json_answer(
        {
            "errors": [{"message": each} for each in found.errors],
            "warnings": [{"message": each} for each in found.warnings],
        },
        status,
        headers,
    )


def _routes() -> list[DeclaredRoute]:
    made = [
        route("/api/validate-yaml", validate_yaml, methods=["POST"], access=Access.ANYONE),
    ]
    for plural in address.PLURAL_OF_KIND.values():
        where = f"/api/{plural}/{{owner}}/{{name}}"
        tail = "{tail:path}"
        made += [
            route(
                f"{where}/preupload/{tail}",
                preupload,
                methods=["POST"],
                access=Access.REPO_WRITE,
            ),
            route(f"{where}/commit/{tail}", commit, methods=["POST"], access=Access.REPO_WRITE),
        ]
    return made


ROUTES = _routes()
