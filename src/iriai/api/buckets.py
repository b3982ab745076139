"""Buckets: making and finding them, their files by path, and changing many at once.

Called by `hf_api.*_bucket*`, `hf buckets` and, under `hf://buckets/`, by `HfFileSystem`. Content
goes and comes by Xet; `resolve` reads over plain HTTP too, for whoever has no Xet.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, content_types, door, files, lfs, resource_groups, xet
from iriai.api.bodies import Body, body_bytes, flag_field, parsed_json, query_flag, text_field
from iriai.api.shapes import Shape, moment, object_id
from iriai.api.xet import tokens
from iriai.base.errors import Conflict, Denied, Excessive, Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.blobs import queries as blobs
from iriai.blobs.rules import StoredObject
from iriai.buckets import actions, queries, rules
from iriai.buckets.actions import Done
from iriai.buckets.rules import Bucket, Folder, Operation, StoredFile
from iriai.commons import enactment
from iriai.identity import queries as identity
from iriai.identity.rules import Actor
from iriai.repos import room

NAME_LENGTH_MAX = 200
BATCH_BYTES_MAX = 16 << 20
MYSELF = "me"
HTTP_UNPROCESSABLE = 422


# -- buckets as wholes -------------------------------------------------------------------------


@door.with_json
def create(request: Request, body: Body) -> Response:
    """A new bucket. Called by `create_bucket`, which reads `url` even of a 409."""
    full_name = named(request)
    owner, name = full_name.split("/")
    resource_groups.require_none(body)
    hidden = private_in(body)
    try:
        with door.ground_of(request).write() as tx:
            if hidden is None:
                account = identity.find_account(tx, owner)
                hidden = account is not None and account.private_by_default
            made = enactment.create_bucket(
                tx, door.actor_of(request), owner=owner, name=name, is_private=hidden
            )
    except Conflict as error:
        from iriai.api import problems  # noqa: PLC0415 - only here an answer adds to its error

        return problems.answer(error, url=url(request, full_name))
    return door.json_answer({"url": url(request, made.full_name), **shape(made)})


@door.reading
def info(request: Request, tx: Tx) -> Response:
    """What a bucket is. Called by `bucket_info`."""
    return door.json_answer(shape(found(request, tx)))


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """The buckets of an account, by name. Called by `list_buckets`."""
    owner = identity.account(tx, owner_in(request))
    search = request.query_params.get("search", "")
    if len(search) > rules.SEARCH_LENGTH_MAX:
        raise Invalid(f'"search" has at most {rules.SEARCH_LENGTH_MAX} characters.')
    after = cursor(request)
    page = queries.buckets_of(
        tx,
        door.actor_of(request),
        owner.id,
        search=search,
        after=after,
        limit=rules.PAGE_LENGTH + 1,
    )
    headers = {}
    if len(page) > rules.PAGE_LENGTH:
        page = page[: rules.PAGE_LENGTH]
        headers["Link"] = door.next_page(request, cursor=page[-1].name.casefold())
    return door.json_answer([shape(each) for each in page], headers=headers)


def delete(request: Request) -> Response:
    """A bucket less. Called by `delete_bucket`."""
    with door.ground_of(request).write() as tx:
        enactment.delete_bucket(tx, door.actor_of(request), found(request, tx))
    return Response(status_code=204)


def delete_nothing(_request: Request) -> Response:
    """A bucket is named with its owner."""
    raise rules.unknown_bucket()


@door.with_json
def settings(request: Request, body: Body) -> Response:
    """Visibility. Called by `update_bucket_settings`."""
    hidden = private_in(body)
    with door.ground_of(request).write() as tx:
        bucket, actor = found(request, tx), door.actor_of(request)
        bucket = enactment.change_bucket(tx, actor, bucket, is_private=hidden)
    return door.json_answer({"private": bucket.is_private})


def move(request: Request, body: Body) -> Response:
    """Another name or owner. Called by `move_bucket`, at the route of `move_repo`."""
    source = text_field(body, "fromRepo", length_max=NAME_LENGTH_MAX)
    address.split_full_name(source)
    owner, name = address.split_full_name(text_field(body, "toRepo", length_max=NAME_LENGTH_MAX))
    actor = door.actor_of(request)
    with door.ground_of(request).write() as tx:
        bucket = queries.bucket(tx, actor, source)
        moved = enactment.move_bucket(tx, actor, bucket, to_owner=owner, to_name=name)
    return door.json_answer({"url": url(request, moved.full_name)})


# -- files -------------------------------------------------------------------------------------


@door.reading
def tree(request: Request, tx: Tx) -> Response:
    """Files by path, with folders unless `recursive`. Called by `list_bucket_tree`."""
    bucket = found(request, tx)
    prefix = rules.clean_prefix(address.decoded(request.path_params.get("prefix", "")))
    page = queries.listing(
        tx,
        bucket,
        prefix,
        recursive=query_flag(request, "recursive"),
        after=cursor(request),
    )
    headers = {}
    if page.after is not None:
        headers["Link"] = door.next_page(request, cursor=page.after)
    return door.json_answer([entry_shape(each) for each in page.entries], headers=headers)


@door.with_json
def paths_info(request: Request, body: Body) -> Response:
    """Those of these files that are there. Called by `get_bucket_paths_info`."""
    paths = body.get("paths")
    if not isinstance(paths, list) or not all(isinstance(each, str) for each in paths):
        raise Invalid('"paths" must be a list of strings.')
    if len(paths) > rules.PATHS_MAX:
        raise Excessive(f"Ask for at most {rules.PATHS_MAX:,} paths at once.")
    asked = [each for each in dict.fromkeys(paths) if rules.path_fault(each) is None]
    with door.ground_of(request).read() as tx:
        files = queries.files(tx, found(request, tx), asked)
    return door.json_answer([entry_shape(files[each]) for each in asked if each in files])


async def batch(request: Request) -> Response:
    """Many changes at once, a JSON object a line. Called by `batch_bucket_files`."""
    raw = await body_bytes(request, limit=BATCH_BYTES_MAX)
    return await door.in_thread(_batch, request, raw)


def _batch(request: Request, raw: bytes) -> Response:
    asked = rules.operations(parsed_json(line) for line in raw.split(b"\n") if line.strip())
    actor = door.actor_of(request)
    with door.ground_of(request).write() as tx:
        done = actions.batch(tx, actor, found(request, tx), asked)
    return _outcome(done, asked)


def _outcome(done: Done, asked: list[Operation]) -> Response:
    """What was not done is named, each with its reason; 422 where nothing was."""
    failed = [{"path": each.path, "error": each.error} for each in done.failures]
    content = {
        "success": not failed,
        "processed": len(asked),
        "succeeded": len(asked) - len(failed),
        "failed": failed,
    }
    whole = bool(failed) and len(failed) == len(asked)
    return door.json_answer(content, HTTP_UNPROCESSABLE if whole else 200)


def locate(request: Request, tx: Tx) -> tuple[Bucket, StoredFile, StoredObject]:
    """The file that the address names, and where its bytes are."""
    bucket = found(request, tx)
    file = queries.file(tx, bucket, address.decoded(request.path_params["path"]))
    stored = blobs.object(tx, bucket.id, file.sha256)
    if stored is None:
        stored = StoredObject(file.sha256, file.size, has_blob=False, xet_hash=None)
    return bucket, file, stored


@door.reading
def head(request: Request, tx: Tx) -> Response:
    """All there is to know of a file. Called by `get_bucket_file_metadata`."""
    bucket, file, _stored = locate(request, tx)
    return Response(headers={**headers_of(request, bucket, file), "Content-Length": str(file.size)})


async def get(request: Request) -> Response:
    """A file's bytes, or a part of them, for whoever does not fetch chunks."""
    bucket, file, stored = await door.in_reading_thread(_locate_alone, request)
    headers = headers_of(request, bucket, file)
    if file.size == 0:
        return Response(b"", headers=headers)
    name = file.path.rpartition("/")[2]
    answer = await lfs.serve_object(request, stored, filename=name, headers=headers)
    files.note_served(request, bucket.id, answer, file.size)
    return answer


def _locate_alone(request: Request) -> tuple[Bucket, StoredFile, StoredObject]:
    ground: Ground = door.ground_of(request)
    with ground.read() as tx:
        door.enter(request, tx)
        return locate(request, tx)


get.authenticates = True  # type: ignore[attr-defined]


def headers_of(request: Request, bucket: Bucket, file: StoredFile) -> dict[str, str]:
    """What every answer about a file says. Files change, so nobody keeps one unasked."""
    base = door.base_url(request)
    token_route = f"{base}/api/buckets/{bucket.full_name}/xet-read-token"
    return {
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": f"{'private' if bucket.is_private else 'public'}, no-cache",
        "Vary": "Authorization, Accept",
        "X-Linked-Size": str(file.size),
        "X-Linked-ETag": f'"{file.sha256}"',
        **content_types.headers(file.path, as_download="download" in request.query_params),
        **xet.headers_of(base, token_route, file.xet_hash),
    }


# -- passes ------------------------------------------------------------------------------------


@door.reading
def read_token(request: Request, tx: Tx) -> Response:
    """A pass to read what this bucket holds."""
    bucket = found(request, tx)
    return tokens.answer(tokens.grant(tx, door.actor_of(request), bucket, write=False))


@door.reading
def write_token(request: Request, tx: Tx) -> Response:
    """A pass to send to this bucket."""
    bucket, actor = found(request, tx), door.actor_of(request)
    if actor.id is None:
        raise Denied("Sign in first: uploads need an access token.", code="Unauthenticated")
    rules.require_write(actor, bucket)
    room.require(tx, bucket)
    return tokens.answer(tokens.grant(tx, actor, bucket, write=True))


# -- what addresses and bodies say -------------------------------------------------------------


def owner_in(request: Request) -> str:
    """The account that an address names; `me` is the asker's own."""
    owner = address.decoded(request.path_params["namespace"])
    if owner != MYSELF:
        return owner
    actor: Actor = door.actor_of(request)
    door.require_signed_in(actor)
    return actor.name


def named(request: Request) -> str:
    """The full name in this address."""
    name = address.decoded(request.path_params["bucket"])
    if "/" in name:
        raise rules.unknown_bucket()
    return f"{owner_in(request)}/{name}"


def found(request: Request, tx: Tx) -> Bucket:
    """The bucket of this address, as the asker may read it."""
    return queries.bucket(tx, door.actor_of(request), named(request))


def cursor(request: Request) -> str:
    """Where a page begins."""
    given = request.query_params.get("cursor", "")
    if len(given) > rules.PREFIX_LENGTH_MAX + 1:
        raise Invalid("This cursor makes no sense.")
    return given


def private_in(body: Body) -> bool | None:
    """`visibility`, or `private`; None where neither is said."""
    word = text_field(body, "visibility", default="", length_max=NAME_LENGTH_MAX)
    if not word:
        return flag_field(body, "private")
    if word not in ("public", "private"):
        raise Invalid("A bucket is public or private.")
    return word == "private"


# -- shapes ------------------------------------------------------------------------------------


def url(request: Request, full_name: str) -> str:
    """A bucket's address; clients take it apart with `BucketUrl`."""
    return f"{door.base_url(request)}/buckets/{full_name}"


def shape(bucket: Bucket) -> Shape:
    """Read by `_buckets.BucketInfo`."""
    return {
        "_id": object_id(bucket.id),
        "id": bucket.full_name,
        "private": bucket.is_private,
        "createdAt": moment(bucket.created_at),
        "updatedAt": moment(bucket.updated_at),
        "size": bucket.bytes,
        "totalFiles": bucket.file_count,
    }


def entry_shape(entry: StoredFile | Folder) -> Shape:
    """Read by `_buckets.BucketFile` and `BucketFolder`."""
    uploaded = moment(entry.uploaded_at) if entry.uploaded_at else None
    if isinstance(entry, Folder):
        return {"type": "directory", "path": entry.path, "uploadedAt": uploaded}
    made: dict[str, Any] = {
        "type": "file",
        "path": entry.path,
        "size": entry.size,
        "xetHash": entry.xet_hash,
        "uploadedAt": uploaded,
    }
    if entry.modified_at is not None:
        made["mtime"] = moment(entry.modified_at)
    return made


def _routes() -> list[DeclaredRoute]:
    several, one = "/api/buckets/{namespace}", "/api/buckets/{namespace}/{bucket}"
    file = "/buckets/{namespace}/{bucket}/resolve/{path:path}"
    read, write, admin = Access.REPO_READ, Access.REPO_WRITE, Access.REPO_ADMIN
    return [
        route(several, listed, methods=["GET"], access=Access.ANYONE),
        route(several, delete_nothing, methods=["DELETE"], access=admin),
        route(one, create, methods=["POST"], access=Access.SIGNED_IN),
        route(one, info, methods=["GET", "HEAD"], access=read),
        route(one, delete, methods=["DELETE"], access=admin),
        route(f"{one}/settings", settings, methods=["PUT"], access=admin),
        route(f"{one}/tree", tree, methods=["GET"], access=read),
        route(f"{one}/tree/{{prefix:path}}", tree, methods=["GET"], access=read),
        route(f"{one}/paths-info", paths_info, methods=["POST"], access=read),
        route(f"{one}/batch", batch, methods=["POST"], access=write),
        route(f"{one}/xet-read-token", read_token, methods=["GET"], access=read),
        route(f"{one}/xet-write-token", write_token, methods=["GET"], access=write),
        route(file, head, methods=["HEAD"], access=read),
        route(file, get, methods=["GET"], access=read),
    ]


ROUTES = _routes()
