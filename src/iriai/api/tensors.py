"""The headers of a model in shards, all at once: `get_sharded_safetensors_metadata`.

Each header is read by the confined reader, as pages show them; the tensors' bytes are not touched.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.base.errors import Excessive, HubError, Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.cards import reading
from iriai.cards.files import TEXT_BYTES_MAX, Tree
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.git.entries import File
from iriai.repos.rules import Kind, unknown_entry, unknown_revision

SHARDS_MAX = 512
ANSWER_BYTES_MAX = 128 << 20
INDEX_ENDING = ".json"


def headers(request: Request) -> Response:
    """The index of the newest commit, and the header of each file it names."""
    kind, full_name = door.repo_named(request)
    ground = door.ground_of(request)
    path = address.decoded(request.path_params["tail"])
    with ground.read() as tx:
        repo = repos.readable(tx, door.actor_of(request), Kind(kind), full_name)
        withheld.require_served(tx, repo, path)
        hidden = withheld.hidden(tx, repo)
    if repo.head is None:
        raise unknown_revision("main")
    tree = Tree(ground, repo.id, repo.head, (), hidden)
    try:
        metadata, named = _index(tree, path)
        folder = path.rpartition("/")[0]
        made = {shard: _header(tree, f"{folder}/{shard}" if folder else shard) for shard in named}
    except HubError as error:
        error.headers["X-Repo-Commit"] = repo.head
        raise
    told = orjson.dumps({"index": {"metadata": metadata}, "headers": made})
    if len(told) > ANSWER_BYTES_MAX:
        raise Excessive("The headers of this model are too large for one answer.")
    return Response(told, headers={"X-Repo-Commit": repo.head}, media_type="application/json")


def _index(tree: Tree, path: str) -> tuple[dict[str, object], list[str]]:
    file = tree.file(path)
    if file is None:
        raise unknown_entry(path)
    if not path.endswith(INDEX_ENDING):
        raise Invalid(
            f"Name the index of a model in shards, which ends in {INDEX_ENDING}. The header of a "
            "single file stands at its beginning."
        )
    text = tree.text(path)
    if text is None:
        reader = tree.reader(file) if file.size <= TEXT_BYTES_MAX * 4 else None
        if reader is None:
            raise Invalid("This index is too large to be read here.")
        text = reader(0, file.size)
    metadata, named = reading.safetensors_index(text)
    if len(named) > SHARDS_MAX:
        raise Excessive(f"A model has at most {SHARDS_MAX} shards here.")
    return metadata, named


def _header(tree: Tree, path: str) -> dict[str, object]:
    file = tree.file(path)
    reader = tree.reader(file) if isinstance(file, File) else None
    if file is None or reader is None:
        raise unknown_entry(path)
    return reading.whole_safetensors_header(reader, file.size)


_WHERE = "/api/models/{owner}/{name}/safetensors-metadata/{tail:path}"
ROUTES: list[DeclaredRoute] = [
    route(_WHERE, headers, methods=["GET", "HEAD"], access=Access.REPO_READ)
]
