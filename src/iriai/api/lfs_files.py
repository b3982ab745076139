"""The large files of a repository as such: listing them, giving them to another repository.

Called by `list_lfs_files` and by copies between repositories (`_duplicate_lfs_files`), which name
what they copy by SHA-256: the asker must be able to read it here and to write there.
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import Body, flag_field, text_field
from iriai.api.shapes import Shape, moment
from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import actions as blobs
from iriai.commons import enactment
from iriai.repos import erasing, room
from iriai.repos import queries as repos
from iriai.repos.git.entries import File
from iriai.repos.rules import HEADS, MAIN, TAGS, Kind, Repo, require_write

PAGE = 1_000
FILES_MAX = 1_000
SHA256 = re.compile(r"[0-9a-f]{64}")


@door.reading_at_length
def listing(request: Request, tx: Tx) -> Response:
    """One row per large file over all branches, tags and pull requests."""
    kind, full_name = door.repo_named(request)
    actor = door.actor_of(request)
    repo = repos.readable(tx, actor, Kind(kind), full_name)
    require_write(actor, repo)
    first = whole(request.query_params.get("cursor", "0"))
    if first is None:
        raise Invalid("This cursor makes no sense.")
    rows = sorted(large_files(tx, repo).values(), key=lambda row: (row["filename"], row["oid"]))
    headers = {}
    if len(rows) > first + PAGE:
        headers["Link"] = door.next_page(request, cursor=first + PAGE)
    return door.json_answer(rows[first : first + PAGE], headers=headers)


def large_files(tx: Tx, repo: Repo) -> dict[str, Shape]:
    """The large files at the tips of all refs, by SHA-256, each with one of its names.

    `ref` is what a client calls the revision (`main`, `refs/pr/1`); main is looked through first.
    """
    objects = repos.objects(tx.ground, repo.id)
    found: dict[str, Shape] = {}
    for ref in sorted(repos.refs(tx, repo), key=lambda each: each.name != MAIN):
        for entry in objects.tree(ref.commit, recursive=True).entries:
            if isinstance(entry, File) and entry.lfs and entry.lfs.sha256 not in found:
                found[entry.lfs.sha256] = {
                    "fileOid": entry.lfs.sha256,
                    "filename": entry.path,
                    "oid": entry.lfs.sha256,
                    "pushedAt": moment(repo.updated_at),
                    "ref": ref.name.removeprefix(HEADS).removeprefix(TAGS),
                    "size": entry.lfs.size,
                }
    return found


@door.with_json
def duplicate(request: Request, body: Body) -> Response:
    """Give files of this repository to another: its provenance is that the asker can read them."""
    actor = door.actor_of(request)
    kind, full_name = door.repo_named(request)
    target = body.get("target")
    if not isinstance(target, dict):
        raise Invalid('"target" must be an object.')
    asked = hashes(body.get("files"))
    with door.ground_of(request).write() as tx:
        source = repos.readable(tx, actor, Kind(kind), full_name)
        there = repos.repo(
            tx,
            actor,
            Kind(address.kind_named(target.get("type"))),
            text_field(target, "name", length_max=200),
        )
        require_write(actor, there)
        own = repos.lendable_ids(tx, actor, repo_id=source.id)
        linked = blobs.link(tx, there.id, asked, readable=own)
        room.require(tx, there)
    failed = [
        {"sha256": each, "error": "This repository does not hold such a file."}
        for each in asked
        if each not in linked
    ]
    return door.json_answer({"success": not failed, "failed": failed})


def hashes(files: Any) -> list[str]:
    """The SHA-256s of a list of files."""
    if not isinstance(files, list) or not all(isinstance(each, dict) for each in files):
        raise Invalid('"files" must be a list of objects.')
    if len(files) > FILES_MAX:
        raise Invalid(f"Name at most {FILES_MAX:,} files at once.")
    found = [text_field(each, "sha256") for each in files]
    if not all(SHA256.fullmatch(each) for each in found):
        raise Invalid('"sha256" must be 64 lower case hex digits.')
    return list(dict.fromkeys(found))


@door.with_json
def erase(request: Request, body: Body) -> Response:
    """Take files out for good, of all history or of what is newest.

    Called by `permanently_delete_lfs_files`.
    """
    asked = body.get("deletions")
    if not isinstance(asked, dict):
        raise Invalid('"deletions" must be an object.')
    named = asked.get("sha")
    if not isinstance(named, list) or len(named) > FILES_MAX:
        raise Invalid(f'"sha" must be a list of at most {FILES_MAX:,} hashes.')
    if not all(isinstance(each, str) and SHA256.fullmatch(each) for each in named):
        raise Invalid('"sha" must hold 64 lower case hex digits each.')
    rewrite = flag_field(asked, "rewriteHistory")
    actor, ground = door.actor_of(request), door.ground_of(request)
    kind, full_name = door.repo_named(request)
    with ground.read() as tx:
        repo = repos.readable(tx, actor, Kind(kind), full_name)
        require_write(actor, repo)
    moved = erasing.erase(ground, actor, repo, set(named), rewrite=rewrite is not False)
    enactment.refresh_card(ground, repo, moved)
    return door.json_answer({"success": True})


def _routes() -> list[DeclaredRoute]:
    made = []
    for plural in address.PLURAL_OF_KIND.values():
        where = f"/api/{plural}/{{owner}}/{{name}}/lfs-files"
        made += [
            route(where, listing, methods=["GET", "HEAD"], access=Access.REPO_WRITE),
            route(f"{where}/batch", erase, methods=["POST"], access=Access.REPO_WRITE),
            route(f"{where}/duplicate", duplicate, methods=["POST"], access=Access.SIGNED_IN),
        ]
    return made


ROUTES = _routes()
