"""The LFS batch: how to send or fetch each of these objects, and by what means.

An object that the repository holds needs no sending, nor one that the sender can read elsewhere: it
is linked. The others get a URL signed for this object and this size, for whoever asked and in this
repository's name; no client sends its credentials there. A client that offers Xet is sent that way.
"""

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, at_gate, door, problems
from iriai.api.bodies import Body
from iriai.api.xet import given, tokens
from iriai.base.errors import Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import actions, passes, queries, receiving, rules
from iriai.blobs.rules import StoredObject
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos import room, withheld_objects
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Repo

LFS_JSON = "application/vnd.git-lfs+json"
PARTS_LIFE_SECONDS = 24 * 3600
"""An upload in parts may take a day; a single body must begin within the hour."""

BASIC, MULTIPART, XET = "basic", "multipart", "xet"
Wanted = tuple[str, int]


def batch(request: Request, body: Body) -> Response:
    """Say of each object what to do. Git-lfs shows the `message` of an error to its user."""
    try:
        return _batch(request, body)
    except HubError as error:
        if error.code == "RepoNotFound":
            raise  # it may have moved
        return said(at_gate.told(request, error))


def said(error: HubError) -> Response:
    """An error as every door says it, and as git-lfs reads it."""
    plain = problems.answer(error)
    headers = {
        name: value for name, value in plain.headers.items() if not name.startswith("content-")
    }
    content = {"error": error.message, "message": error.message}
    return door.json_answer(content, plain.status_code, headers)


def _batch(request: Request, body: Body) -> Response:
    operation = body.get("operation")
    if operation not in ("upload", "download"):
        raise Invalid('"operation" must be upload or download.')
    if body.get("hash_algo", "sha256") not in ("sha256", "sha_256"):
        raise Invalid('"hash_algo" must be sha256.')
    wanted, refused = _wanted(body)
    uploading = operation == "upload"
    with _open(request, write=uploading) as tx:
        repo = _repo(request, tx, uploading=uploading)
        answer = Batch(request, tx, repo, _transfers(body))
        told = answer.uploads(wanted) if uploading else answer.downloads(wanted)
    content = {
        "transfer": answer.transfer,
        "objects": told + refused,
        "hash_algo": "sha256",
    }
    return door.json_answer(content, headers={"Content-Type": LFS_JSON})


def _open(request: Request, *, write: bool) -> Any:
    ground = door.ground_of(request)
    return ground.write() if write else ground.read()


def _repo(request: Request, tx: Tx, *, uploading: bool) -> Repo:
    """The repository, as the asker may read it or send to it."""
    kind, full_name = door.repo_named(request)
    actor = door.actor_of(request)
    try:
        repo = repos.readable(tx, actor, kind, full_name)
    except Unknown:
        if actor.id is None and repos.moved(tx, actor, kind, full_name) is None:
            raise sign_in() from None
        raise
    if uploading:
        _require_may_send(actor, repo)
    return repo


def _require_may_send(actor: Actor, repo: Repo) -> None:
    """Objects are sent by who may write, or may open a pull request with them."""
    if actor.id is None:
        raise sign_in()
    if not repo_rules.may_write(actor, repo):
        repo_rules.require_propose(actor, repo)
    repo_rules.require_enabled(repo)


def sign_in() -> Denied:
    """The one answer to git-lfs that makes it ask for a name and a password."""
    error = Denied("Sign in first: a user name, and an access token.", code="Unauthenticated")
    error.headers = {"WWW-Authenticate": 'Basic realm="iriai"', "LFS-Authenticate": "Basic"}
    return error


def _wanted(body: Body) -> tuple[list[Wanted], list[dict[str, Any]]]:
    """The objects of a batch, and of those that make no sense the answer to each."""
    listed = body.get("objects")
    if not isinstance(listed, list):
        raise Invalid('"objects" must be a list.')
    if len(listed) > rules.BATCH_OBJECTS_MAX:
        raise Excessive(f"A batch has at most {rules.BATCH_OBJECTS_MAX} objects.")
    wanted: dict[str, int] = {}
    refused = []
    for each in listed:
        oid, size = (each.get("oid"), each.get("size")) if isinstance(each, dict) else (None, None)
        try:
            wanted[rules.clean_sha256(oid)] = rules.clean_size(size)
        except HubError as error:
            refused.append(_refusal(str(oid), size if isinstance(size, int) else 0, 422, error))
    return list(wanted.items()), refused


def _transfers(body: Body) -> list[str]:
    """The transfers that the client can do; git-lfs that names none does basic."""
    offered = body.get("transfers") or [BASIC]
    if not isinstance(offered, list):
        raise Invalid('"transfers" must be a list.')
    known = [each for each in (XET, MULTIPART, BASIC) if each in offered]
    if not known:
        raise Invalid("This hub transfers by basic, multipart and xet.")
    return known


class Batch:
    """The answer to one batch."""

    def __init__(self, request: Request, tx: Tx, repo: Repo, offered: list[str]) -> None:
        self.request, self.tx, self.repo, self.offered = request, tx, repo, offered
        self.actor = door.actor_of(request)
        self.base = door.base_url(request)
        self.transfer = BASIC

    def downloads(self, wanted: list[Wanted]) -> list[dict[str, Any]]:
        """Where to fetch each object."""
        held = queries.objects(self.tx, self.repo.id, [oid for oid, _ in wanted])
        withheld = withheld_objects.refusals(self.tx, self.repo)
        told = []
        for oid, size in wanted:
            if oid not in held:
                missing = Unknown("This repository does not hold this object.")
                told.append(_refusal(oid, size, 404, missing))
            elif oid in withheld:
                code = problems.status(withheld[oid])
                told.append(_refusal(oid, size, code, withheld[oid]))
            elif held[oid].damaged:
                told.append(_refusal(oid, size, 503, rules.damaged("This object")))
            else:
                link = self.signed(f"/lfs/objects/{oid}", "lfs get", oid)
                told.append(_told(oid, held[oid].size, {"download": link}))
        return told

    def uploads(self, wanted: list[Wanted]) -> list[dict[str, Any]]:
        """How to send each object that is not here yet."""
        oids = [oid for oid, _ in wanted]
        actions.link(self.tx, self.repo.id, oids, readable=repos.lendable_ids(self.tx, self.actor))
        held = queries.objects(self.tx, self.repo.id, oids)
        coming = [size for oid, size in wanted if not _is_sound(held.get(oid))]
        room.require(self.tx, self.repo, more=sum(coming))
        self.transfer = self.chosen(coming)
        way: Callable[[str, int], dict[str, Any]] = {
            XET: self.by_xet,
            MULTIPART: self.in_parts,
            BASIC: self.at_once,
        }[self.transfer]
        told = []
        for oid, size in wanted:
            found = held.get(oid)
            if found is not None and found.size != size:
                wrong = Invalid(f"This object has {found.size} bytes.")
                told.append(_refusal(oid, size, 422, wrong))
            elif _is_sound(found):
                told.append(_told(oid, size, None))
            else:
                told.append(_told(oid, size, way(oid, size)))
        return told

    def chosen(self, sizes: Any) -> str:
        """The best transfer that the client offers for what it has to send."""
        if XET in self.offered:
            return XET
        largest = max(sizes, default=0)
        if MULTIPART in self.offered and (
            BASIC not in self.offered or largest > rules.MULTIPART_ABOVE
        ):
            return MULTIPART
        return BASIC

    def at_once(self, oid: str, size: int) -> dict[str, Any]:
        """In one body."""
        upload = self.signed(f"/lfs/objects/{oid}", "lfs put", oid, size, size=size)
        return {"upload": upload, "verify": self.verify(oid, size)}

    def in_parts(self, oid: str, size: int) -> dict[str, Any]:
        """In several, each at its own URL, and then a word that they are complete."""
        upload = receiving.begin_parts(self.tx, self.repo.id, oid, size)
        life = PARTS_LIFE_SECONDS
        header = {"chunk_size": str(rules.part_bytes(size))}
        for number in range(1, rules.part_count(size) + 1):
            place = f"/lfs/uploads/{upload}/{number}"
            header[str(number)] = self.signed(place, "lfs part", upload, number, life=life)["href"]
        done = self.signed(f"/lfs/uploads/{upload}", "lfs parts", upload, life=life)
        return {"upload": {**done, "header": header}, "verify": self.verify(oid, size)}

    def by_xet(self, oid: str, size: int) -> dict[str, Any]:  # noqa: ARG002 - one of three ways
        """Through the Xet door: `href` is where to renew the token."""
        granted = tokens.grant(self.tx, self.actor, self.repo, write=True)
        header = tokens.grant_headers(granted) | {"X-Xet-Session-Id": secrets.token_hex(16)}
        path = address.api_path(self.repo.kind, self.repo.full_name, "xet-write-token", "main")
        return {"upload": {"href": self.base + path, "header": header}}

    def verify(self, oid: str, size: int) -> dict[str, Any]:
        """Where to ask whether it arrived."""
        return self.signed(f"/lfs/verify/{oid}", "lfs verify", oid, size, size=size)

    def signed(
        self,
        path: str,
        use: str,
        *facts: str | int,
        size: int | None = None,
        life: int = passes.URL_LIFE_SECONDS,
    ) -> dict[str, Any]:
        """An action at a URL that is good for these facts."""
        expires_at = int(self.tx.now.timestamp()) + life
        holder = given.words(self.repo.id, self.actor.id, self.actor.token_id)
        query = {"for": holder} | ({} if size is None else {"size": str(size)})
        query |= passes.signed(self.tx.ground.secret, use, holder, *facts, expires_at=expires_at)
        return {"href": f"{self.base}{path}?{urlencode(query)}", "expires_in": life}


def _is_sound(found: StoredObject | None) -> bool:
    return found is not None and not found.damaged


def _told(oid: str, size: int, actions: dict[str, Any] | None) -> dict[str, Any]:
    """An object's entry. Nothing to do means no `actions` at all: clients trip over empty ones."""
    told: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
    return told if actions is None else {**told, "actions": actions}


def _refusal(oid: str, size: int, code: int, error: HubError) -> dict[str, Any]:
    return {"oid": oid[:64], "size": size, "error": {"code": code, "message": error.message}}


def _routes() -> list[DeclaredRoute]:
    made = []
    for prefix in ("", *address.KIND_OF_PREFIX):
        for name in ("{name}.git", "{name}"):
            where = "/" + "/".join(filter(None, (prefix, "{owner}", name, "info/lfs")))
            asked = door.with_json(batch)
            path = f"{where}/objects/batch"
            made.append(route(path, asked, methods=["POST"], access=Access.REPO_READ))
    return made


ROUTES = _routes()
