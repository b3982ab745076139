"""The registry that ollama and older llama.cpp pull models from: manifests and blobs by SHA-256.

    GET /v2/{owner}/{name}/manifests/{tag}
    GET /v2/{owner}/{name}/blobs/sha256:{digest}

A tag is a quantisation (`cards.quantisations`). The model is the GGUF file itself, named by the
SHA-256 that the repository has of it; the small layers (configuration, and `template`, `system` and
`params` where the repository has such files) are made from the newest commit of main whenever they
are asked for, and are the same bytes each time.

    GET /v2/token?service=…&scope=repository:{owner}/{name}:pull&ts=…&nonce=…

Who has not said who they are and asks for what is not there for everybody is sent here, and gets a
ticket for an SSH key that they registered (`signin.keys`).
"""

import hashlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from iriai.api import at_gate, door, lfs, limits, problems
from iriai.api.address import decoded
from iriai.api.transfer import unsatisfiable
from iriai.base.errors import HubError, Invalid, Unknown
from iriai.base.http import ranges
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.blobs.rules import StoredObject
from iriai.cards import quantisations
from iriai.cards import queries as cards
from iriai.cards.quantisations import TAG_LENGTH_MAX, Quantised
from iriai.repos import queries as repos
from iriai.repos import withheld, withheld_objects
from iriai.repos.git.entries import File
from iriai.repos.git.objects import Objects
from iriai.repos.rules import Kind, Repo
from iriai.search import noting
from iriai.signin.keys import actions as keys
from iriai.signin.keys import rules

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.ollama.image."
OCTETS = "application/octet-stream"
TOKENS = "/v2/token"
API_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
SMALL_FILES = ("template", "system", "params")
SMALL_BYTES_MAX = 1 << 20
NO_PARTS = (
    "The specified repository contains sharded GGUF. Ollama does not support this yet. "
    "Choose a tag whose file is not in parts."
)
PARTS_OK_FOR = "llama-cpp"
REGISTRY_CODE = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 400: "MANIFEST_UNKNOWN"}


@dataclass(frozen=True, slots=True)
class Small:
    """A layer that is made here: its media type and its bytes."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """Its SHA-256."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def layer(self) -> dict[str, Any]:
        """Its line in a manifest."""
        return layer(self.media_type, self.digest, len(self.content))


@dataclass(frozen=True, slots=True)
class Shelf:
    """The GGUF files and small layers of a model at its newest commit."""

    repo: Repo
    files: dict[str, File]
    offered: list[Quantised]
    small: list[Small]
    facts: dict[str, Any]

    def model(self, chosen: Quantised) -> File:
        """The file of a quantisation that is one file; it must be kept by its SHA-256."""
        file = self.files[chosen.paths[0]]
        if file.lfs is None:
            raise Invalid("This GGUF file is not kept as a large file.", code="NotGguf")
        return file

    def layers(self, chosen: Quantised) -> list[dict[str, Any]]:
        """The layers of a quantisation: the model, what lets it see, what it is told."""
        file = self.model(chosen)
        made = [layer(f"{LAYER}model", file.etag, file.size)]
        beside = quantisations.projector(self.files)
        if beside is not None and (sight := self.files[beside]).lfs is not None:
            made.append(layer(f"{LAYER}projector", sight.etag, sight.size))
        return made + [each.layer for each in self.small]

    def config(self, chosen: Quantised) -> Small:
        """The configuration of a quantisation."""
        family = str(self.facts.get("architecture") or "unknown")
        content = {
            "model_format": "gguf",
            "model_family": family,
            "model_families": [family],
            "model_type": size_word(self.facts.get("total")),
            "file_type": chosen.label,
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {
                "type": "layers",
                "diff_ids": [each["digest"] for each in self.layers(chosen)],
            },
        }
        return Small(CONFIG, orjson.dumps(content))

    def made(self) -> Iterator[Small]:
        """All that is made here."""
        yield from self.small
        for each in self.offered:
            if not each.is_in_parts and self.files[each.paths[0]].lfs is not None:
                yield self.config(each)


def layer(media_type: str, digest: str, size: int) -> dict[str, Any]:
    """A line of a manifest."""
    return {"digest": f"sha256:{digest}", "mediaType": media_type, "size": size}


def size_word(total: Any) -> str:
    """A count of parameters as ollama shows it: `1.24B`, `135M`."""
    if not isinstance(total, int) or total <= 0:
        return ""
    if total >= 1_000_000_000:  # noqa: PLR2004
        return f"{total / 1e9:.3g}B"
    return f"{total / 1e6:.3g}M" if total >= 1_000_000 else f"{total / 1e3:.3g}K"  # noqa: PLR2004


def version(request: Request) -> Response:  # noqa: ARG001 - a handler
    """That this is a registry."""
    return door.json_answer({}, headers=API_VERSION)


def ticket(request: Request) -> Response:
    """A ticket to pull one model, for who signed this very request with a key that is known."""
    try:
        ground, hub = door.ground_of(request), door.base_url(request)
        model = rules.require_now(request.query_params, service=service(hub), now=ground.clock())
        with ground.read() as tx:
            given = keys.ticket(
                tx,
                authorization=request.headers.get("authorization", ""),
                address=f"{hub}{TOKENS}?{request.scope['query_string'].decode('latin-1')}",
                model=model,
            )
    except HubError as error:
        return refusal(request, error)
    return door.json_answer({"token": given}, headers={"Cache-Control": "no-store"})


def service(hub: str) -> str:
    """This hub as challenges name it: its host, and its port if it has one of its own."""
    return hub.partition("://")[2].partition("/")[0]


def manifest(request: Request) -> Response:
    """What a tag consists of."""
    try:
        with door.ground_of(request).read() as tx:
            return _manifest(request, tx)
    except HubError as error:
        return refusal(request, error)


def _manifest(request: Request, tx: Tx) -> Response:
    tag = decoded(request.path_params["tag"])[:TAG_LENGTH_MAX]
    is_llama = request.headers.get("user-agent", "").startswith(PARTS_OK_FOR)
    shelf = shelf_of(request, tx)
    chosen = quantisations.chosen(shelf.offered, tag)
    if is_llama:
        return door.json_answer(for_llama(shelf, chosen), headers=API_VERSION)
    if chosen.is_in_parts:
        raise Invalid(NO_PARTS, code="ShardedGguf")
    made = orjson.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": shelf.config(chosen).layer,
            "layers": shelf.layers(chosen),
        }
    )
    if request.method == "GET":
        noting.note(
            tx.ground,
            shelf.repo.id,
            account_id=door.actor_of(request).id,
            network=limits.asker(request),
        )
    digest = f"sha256:{hashlib.sha256(made).hexdigest()}"
    headers = {**API_VERSION, "Docker-Content-Digest": digest, "ETag": f'"{digest}"'}
    if request.method == "HEAD":
        headers["Content-Length"] = str(len(made))
        made = b""
    return Response(made, headers=headers, media_type=MANIFEST)


def for_llama(shelf: Shelf, chosen: Quantised) -> dict[str, Any]:
    """What llama.cpp reads before it downloads by `resolve`: the files' names."""
    answer = {"ggufFile": named(shelf.files[chosen.paths[0]])}
    beside = quantisations.projector(shelf.files)
    if beside is not None:
        answer["mmprojFile"] = named(shelf.files[beside])
    return answer


def named(file: File) -> dict[str, Any]:
    """A file as llama.cpp reads it."""
    shape: dict[str, Any] = {"rfilename": file.path, "blobId": file.oid, "size": file.size}
    if file.lfs:
        shape["lfs"] = {
            "sha256": file.lfs.sha256,
            "size": file.lfs.size,
            "pointerSize": file.lfs.pointer_size,
        }
    return shape


async def blob(request: Request) -> Response:
    """One layer's bytes, or the parts of them that are asked for."""
    try:
        digest = decoded(request.path_params["digest"]).removeprefix("sha256:")
        found = await door.in_thread(_blob, request, digest)
    except HubError as error:
        return await door.in_reading_thread(refusal, request, error)
    headers = {**API_VERSION, "Docker-Content-Digest": f"sha256:{digest}"}
    if isinstance(found, StoredObject):
        return await lfs.serve_object(request, found, headers=headers)
    return _served(request, found, headers)


def _blob(request: Request, digest: str) -> StoredObject | Small:
    with door.ground_of(request).read() as tx:
        repo = model_of(request, tx)
        stored = blobs.object(tx, repo.id, digest)
        if stored is not None:
            withheld_objects.require_served(tx, repo, digest)
            return stored
        for each in shelf_of(request, tx).made():
            if each.digest == digest:
                return each
    raise Unknown("blob unknown to registry", code="BlobUnknown")


def _served(request: Request, small: Small, headers: dict[str, str]) -> Response:
    size, etag = len(small.content), f'"{small.digest}"'
    asked = ranges.asked(request.headers, size, etag)
    headers |= {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": OCTETS}
    if asked.status == 304:  # noqa: PLR2004
        return Response(status_code=304, headers=headers)
    if asked.status == 416:  # noqa: PLR2004
        return refusal(request, unsatisfiable(size))
    content, status = small.content, 200
    if len(asked.spans) == 1 and asked.status == 206:  # noqa: PLR2004
        span, status = asked.spans[0], 206
        headers["Content-Range"] = span.content_range(size)
        content = content[span.start : span.end]
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(size)})
    return Response(content, status, headers)


# -- what is there -----------------------------------------------------------------------------


def model_of(request: Request, tx: Tx) -> Repo:
    """The model of this address, if the asker may read its files; it may have moved."""
    params = request.path_params
    full_name = f"{decoded(params['owner'])}/{decoded(params['name'])}"
    viewer = door.actor_of(request)
    there = repos.moved(tx, viewer, Kind.MODEL, full_name)
    return repos.readable(tx, viewer, Kind.MODEL, there or full_name)


def shelf_of(request: Request, tx: Tx) -> Shelf:
    """What a model offers at its newest commit."""
    repo = model_of(request, tx)
    if repo.head is None:
        raise Invalid("Repository is not GGUF or is not compatible with llama.cpp", code="NotGguf")
    objects = repos.objects(tx.ground, repo.id)
    hidden = withheld.hidden(tx, repo)
    known = (path for path in objects.paths(repo.head) if path not in hidden)
    paths = [path for path in known if path.lower().endswith(".gguf")]
    found = objects.entries(repo.head, sorted(paths)[: quantisations.FILES_MAX])
    files = {each.path: each for each in found if isinstance(each, File)}
    card = cards.card(tx, repo.id)
    return Shelf(
        repo=repo,
        files=files,
        offered=quantisations.quantised(files),
        small=list(small_files(objects, repo.head, hidden)),
        facts=dict(card.gguf or {}) if card else {},
    )


def small_files(objects: Objects, sha: str, hidden: Container[str]) -> Iterator[Small]:
    """The layers that the repository writes itself."""
    for name in SMALL_FILES:
        file = None if name in hidden else objects.find_entry(sha, name)
        if isinstance(file, File) and file.lfs is None and file.size <= SMALL_BYTES_MAX:
            yield Small(LAYER + name, objects.blob(file.oid))


def refusal(request: Request, error: HubError) -> Response:
    """An error as Hugging Face says it to these clients, and as registries do.

    To who has not said who they are, with where to ask for a ticket.
    """
    params, found = request.path_params, problems.status(error)
    error = at_gate.told(request, error)
    may_ask = error.code in problems.FOR_SOMEBODY and "name" in params
    nobody = may_ask and door.actor_of(request).id is None
    if nobody:
        hub, found = door.base_url(request), 401
        owner, name = (quote(decoded(params[each]), safe="") for each in ("owner", "name"))
        scope = f"repository:{owner}/{name}:pull"
        asked = (("realm", f"{hub}{TOKENS}"), ("service", service(hub)), ("scope", scope))
        challenge = ",".join(f'{name}="{value}"' for name, value in asked)
        error.headers = {**error.headers, "WWW-Authenticate": f"Bearer {challenge}"}
    said = [{"code": REGISTRY_CODE.get(found, "UNKNOWN"), "message": error.message}]
    return problems.answer(error, headers=API_VERSION, errors=said, nobody=nobody)


def _routes() -> list[DeclaredRoute]:
    where, look = "/v2/{owner}/{name}", ["GET", "HEAD"]
    return [
        route("/v2/", version, methods=look, access=Access.ANYONE),
        route(TOKENS, ticket, methods=["GET"], access=Access.TOKEN_SIGNED),
        route(f"{where}/manifests/{{tag}}", manifest, methods=look, access=Access.REPO_READ),
        route(f"{where}/blobs/{{digest}}", blob, methods=look, access=Access.REPO_READ),
    ]


ROUTES = _routes()
