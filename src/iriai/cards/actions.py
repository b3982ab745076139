"""Reading a repository's card anew, whenever its main branch has moved.

The card is made from git alone, so this can be done again at any time. The reading (trees,
headers, YAML in the sandbox) happens outside the transaction; what it gave is kept only if main
still is where it was read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert

from iriai.base.errors import HubError, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.cards import files, reading, rules
from iriai.cards.facts import Facts, facts
from iriai.cards.files import Tree
from iriai.cards.tables import CardRow, FacetRow
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.git.entries import File
from iriai.repos.landing import lock
from iriai.repos.rules import Kind

README = "README.md"
SHARDS_MAX = 256
REFRESH_TRIES = 3
FACET_LENGTH_MAX = 240
TEMPLATE_LENGTH_MAX = 65_536

CONFIG_KEYS = ["architectures", "model_type", "auto_map", "quantization_config"]
TOKENIZER_KEYS = [
    "bos_token", "cls_token", "eos_token", "mask_token", "pad_token", "sep_token", "unk_token",
    "chat_template", "use_default_system_prompt",
]  # fmt: skip
SINGLE_WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class _Read:
    """All that was read of one commit."""

    sha: str
    data: dict[str, Any]
    facts: Facts
    config: dict[str, Any] = field(default_factory=dict)
    safetensors: dict[str, Any] | None = None
    gguf: dict[str, Any] | None = None


def refresh(ground: Ground, repo_id: int) -> None:
    """Read the card of a repository from its newest commit of main, and keep it."""
    for _ in range(REFRESH_TRIES):
        with ground.read() as tx:
            repo = repos.by_id(tx, repo_id)
            hidden = withheld.hidden(tx, repo)
        if repo.head is None:
            with ground.write() as tx:
                _forget(tx, repo_id)
            return
        read = _read(files.tree(ground, repo_id, repo.head, hidden), repo.kind)
        with ground.write() as tx:
            lock(tx, repo_id)
            if repos.by_id(tx, repo_id).head == read.sha:
                _keep(tx, repo_id, read)
                return


def _read(tree: Tree, kind: Kind) -> _Read:
    text = (tree.text(README) or b"").decode("utf-8", "replace")
    data = reading.lenient_front_matter(text)
    _, body = rules.split(text)
    if kind is not Kind.MODEL:
        return _Read(tree.sha, data, facts(kind.value, data, tree.paths, body=body))
    config = _config(tree)
    return _Read(
        sha=tree.sha,
        data=data,
        facts=facts("model", data, tree.paths, config=config, body=body),
        config=config,
        safetensors=_safetensors(tree),
        gguf=_gguf(tree),
    )


def _config(tree: Tree) -> dict[str, Any]:
    """What clients know as `config`: parts of the model's and the tokenizer's configuration."""
    config = _keys(tree, "config.json", CONFIG_KEYS)
    tokenizer = _keys(tree, "tokenizer_config.json", TOKENIZER_KEYS)
    if tokenizer:
        config["tokenizer_config"] = tokenizer
    pipeline = _keys(tree, "model_index.json", ["_class_name"])
    if pipeline:
        config["diffusers"] = pipeline
    adapter = _keys(tree, "adapter_config.json", ["base_model_name_or_path", "task_type"])
    if adapter:
        config["peft"] = adapter
    return config


def _keys(tree: Tree, path: str, keys: list[str]) -> dict[str, Any]:
    text = tree.text(path)
    return reading.json_keys(text, keys) if text else {}


def _safetensors(tree: Tree) -> dict[str, Any] | None:
    """Parameters by type and in all, of the model at the root; None where it has none."""
    parameters: dict[str, int] = {}
    for file in _weights(tree):
        header = _header(tree, file, "safetensors")
        if header is None:
            return None
        for dtype, count in header["parameters"].items():
            parameters[dtype] = parameters.get(dtype, 0) + int(count)
    if not parameters:
        return None
    return {"parameters": parameters, "total": sum(parameters.values())}


def _weights(tree: Tree) -> list[File]:
    """The files that together are the model: one, its shards, or the only one there is."""
    single = tree.file(SINGLE_WEIGHTS)
    if single is not None:
        return [single]
    found = [file for file in tree.ending(".safetensors") if "/" not in file.path]
    if tree.file(WEIGHTS_INDEX) is not None:
        shards = [file for file in found if file.path.startswith("model-")]
        return shards if len(shards) <= SHARDS_MAX else []
    return found if len(found) == 1 else []


def _gguf(tree: Tree) -> dict[str, Any] | None:
    """What the first GGUF file says of its model."""
    found = tree.ending(".gguf")
    header = _header(tree, found[0], "gguf") if found else None
    if header is None:
        return None
    metadata = header["metadata"]
    kind = metadata.get("general.architecture")
    said = {
        "total": header["total"],
        "architecture": kind,
        "context_length": metadata.get(f"{kind}.context_length"),
        "chat_template": metadata.get("tokenizer.chat_template"),
    }
    return {
        key: value
        for key, value in said.items()
        if isinstance(value, int) or (isinstance(value, str) and len(value) <= TEMPLATE_LENGTH_MAX)
    }


def _header(tree: Tree, file: File, kind: str) -> dict[str, Any] | None:
    """The header of a file of weights; None where it is not here or not what it claims to be."""
    read = reading.safetensors_header if kind == "safetensors" else reading.gguf_header
    try:
        reader = tree.reader(file)
        return read(reader, file.size) if reader is not None else None
    except Unavailable:
        raise
    except HubError:
        return None


def _keep(tx: Tx, repo_id: int, read: _Read) -> None:
    total = (read.safetensors or read.gguf or {}).get("total")
    row = {
        "repo_id": repo_id,
        "sha": read.sha,
        "data": read.data,
        "tags": list(read.facts.tags),
        "languages": list(read.facts.languages),
        "pipeline_tag": read.facts.pipeline_tag,
        "library_name": read.facts.library_name,
        "licence": read.facts.licence,
        "config": read.config,
        "safetensors": read.safetensors,
        "gguf": read.gguf,
        "parameters": total,
        "refreshed_at": tx.now,
    }
    upsert = tx.insert(CardRow).values(row)  # who comes second waits here for the first
    upsert = upsert.on_conflict_do_update(index_elements=["repo_id"], set_=row)
    tx.connection.execute(upsert)
    tx.connection.execute(delete(FacetRow).where(FacetRow.repo_id == repo_id))
    _keep_facets(tx, repo_id, read.facts.facets)


def _keep_facets(tx: Tx, repo_id: int, facets: Iterable[str]) -> None:
    rows = [
        {"repo_id": repo_id, "facet": facet}
        for facet in sorted(facets)
        if len(facet) <= FACET_LENGTH_MAX
    ]
    if rows:
        tx.connection.execute(insert(FacetRow), rows)


def _forget(tx: Tx, repo_id: int) -> None:
    tx.connection.execute(delete(FacetRow).where(FacetRow.repo_id == repo_id))
    tx.connection.execute(delete(CardRow).where(CardRow.repo_id == repo_id))
