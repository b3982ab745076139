"""What a repository's card, its files and its configuration say together, in Hugging Face's words.

Pure. The card wins over what the files suggest; what neither says is left out, never guessed from a
name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iriai.cards.rules import TAG_LENGTH_MAX, TAGS_MAX, is_repo_id, licence_of, texts
from iriai.cards.vocabulary import (
    AUTO_OF_HEAD,
    DATA_FORMAT_OF_SUFFIX,
    FORMAT_OF_FILE,
    FORMAT_OF_SUFFIX,
    LIBRARY_OF_FILE,
    LICENCES,
    TASK_OF_HEAD,
    TASKS,
)

WORD_LENGTH_MAX = 80
ARXIV_MAX = 20
BENCHMARK_FILE = "eval.yaml"
BENCHMARK = "benchmark:official"
"""The tag of a dataset that has a leaderboard: its own repository is the official place of it."""

LINKED = "linked:any"
"""The facet of a space that uses any model or dataset."""

_ARXIV = re.compile(
    r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})|\barxiv:(\d{4}\.\d{4,5})", re.IGNORECASE
)
_MODEL_TYPE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,60}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts a listing filters by and a page shows."""

    tags: tuple[str, ...] = ()
    facets: frozenset[str] = field(default_factory=frozenset)
    pipeline_tag: str | None = None
    library_name: str | None = None
    licence: str | None = None
    languages: tuple[str, ...] = ()


def facts(
    kind: str,
    card: Mapping[str, Any],
    files: Sequence[str],
    *,
    config: Mapping[str, Any] | None = None,
    body: str = "",
) -> Facts:
    """The facts about a `kind` of repository. `files` are its paths, `body` its card's Markdown."""
    config = config or {}
    if kind == "model":
        library = _library(card, files, config)
        task = _task(card, config, library)
        found = [
            *([library] if library else []),
            *formats(files),
            *_model_type(config),
            *([task] if task else []),
            *_model_tags(card, config, body),
            *_base_models(card, files, library),
            *_licences(card),
        ]
    elif kind == "dataset":
        library = task = None
        found = _dataset_tags(card, files, body)
    else:
        library = task = None
        found = [*_words(card.get("sdk")), *_words(card.get("tags"))]
    tags = tuple(_unique(found))[:TAGS_MAX]
    languages = tuple(_unique(_words(card.get("language"))))
    return Facts(
        tags=tags,
        facets=frozenset(tags)
        | {f"language:{language}" for language in languages}
        | (_linked(card) if kind == "space" else frozenset()),
        pipeline_tag=task,
        library_name=library,
        licence=licence_of(card),
        languages=languages,
    )


def formats(files: Iterable[str]) -> list[str]:
    """The weight formats among `files`."""
    found = []
    for path in files:
        name = path.rpartition("/")[2]
        form = FORMAT_OF_FILE.get(name) or FORMAT_OF_SUFFIX.get(_suffix(name))
        if form:
            found.append(form)
        elif name.startswith("events.out.tfevents."):
            found.append("tensorboard")
    return list(_unique(found))


def tells(path: str) -> bool:
    """Whether a card can change because this path does; a folder that went ends in a slash."""
    name = path.rpartition("/")[2]
    suffix = _suffix(name)
    return (
        not name
        or suffix in (".md", ".json")
        or path == BENCHMARK_FILE
        or name in FORMAT_OF_FILE
        or suffix in FORMAT_OF_SUFFIX
        or suffix in DATA_FORMAT_OF_SUFFIX
        or name.startswith("events.out.tfevents.")
    )


def _suffix(path: str) -> str:
    """The last ending of a path, with its dot; pathlib is too slow for many thousand."""
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    return dot + ending if stem and ending else ""


def _model_tags(card: Mapping[str, Any], config: Mapping[str, Any], body: str) -> list[str]:
    return [
        *_words(card.get("tags")),
        *(["custom_code"] if config.get("auto_map") else []),
        *_words(card.get("language")),
        *_prefixed("dataset", _repo_ids(card.get("datasets"))),
        *_prefixed("arxiv", _papers(body)),
    ]


def _model_type(config: Mapping[str, Any]) -> list[str]:
    declared = config.get("model_type")
    return [declared] if isinstance(declared, str) and _MODEL_TYPE.fullmatch(declared) else []


def _dataset_tags(card: Mapping[str, Any], files: Sequence[str], body: str) -> list[str]:
    suffixes = (_suffix(path) for path in files)
    forms = _unique(DATA_FORMAT_OF_SUFFIX[s] for s in suffixes if s in DATA_FORMAT_OF_SUFFIX)
    return [
        *_prefixed("task_categories", _words(card.get("task_categories"))),
        *_prefixed("task_ids", _words(card.get("task_ids"))),
        *_prefixed("annotations_creators", _words(card.get("annotations_creators"))),
        *_prefixed("language_creators", _words(card.get("language_creators"))),
        *_prefixed("multilinguality", _words(card.get("multilinguality"))),
        *_prefixed("source_datasets", _words(card.get("source_datasets"))),
        *_prefixed("language", _words(card.get("language"))),
        *_licences(card),
        *_prefixed("size_categories", _words(card.get("size_categories"))),
        *_prefixed("format", forms),
        *([BENCHMARK] if BENCHMARK_FILE in files else []),
        *_prefixed("arxiv", _papers(body)),
        *_words(card.get("tags")),
    ]


def _library(
    card: Mapping[str, Any], files: Sequence[str], config: Mapping[str, Any]
) -> str | None:
    declared = card.get("library_name")
    if isinstance(declared, str) and declared.strip():
        return declared.strip()[:WORD_LENGTH_MAX]
    root = {path for path in files if "/" not in path}
    for name, library in LIBRARY_OF_FILE.items():
        if name in root:
            return library
    return "transformers" if config.get("model_type") and config.get("architectures") else None


def _task(card: Mapping[str, Any], config: Mapping[str, Any], library: str | None) -> str | None:
    declared = card.get("pipeline_tag")
    if isinstance(declared, str) and declared.strip():
        return declared.strip()[:WORD_LENGTH_MAX]
    for tag in texts(card.get("tags")):
        if tag in TASKS:
            return tag
    if library == "sentence-transformers":
        return "sentence-similarity"
    for architecture in texts(config.get("architectures")):
        for head, task in TASK_OF_HEAD.items():
            if architecture.endswith(head):
                return task
    return None


def transformers_info(config: Mapping[str, Any], task: str | None) -> dict[str, str] | None:
    """How transformers loads a model, from its configuration; None where that does not say."""
    mapped = config.get("auto_map")
    own = mapped if isinstance(mapped, Mapping) else {}
    custom = [name for name in own if str(name).startswith("AutoModel")]
    named = (_auto_class(each) for each in texts(config.get("architectures")))
    auto = custom[0] if custom else next((each for each in named if each), None)
    if auto is None:
        return None
    told = {"auto_model": str(auto)}
    if custom and isinstance(own[auto], str):
        told["custom_class"] = own[auto]
    if task is not None:
        told["pipeline_tag"] = task
    if config.get("tokenizer_config"):
        told["processor"] = "AutoTokenizer"
    return told


def _auto_class(architecture: str) -> str | None:
    """The class that loads an architecture, from the end of its name."""
    for head, auto in AUTO_OF_HEAD.items():
        if architecture.endswith(head):
            return auto
    known = next((each for each in TASK_OF_HEAD if architecture.endswith(each)), None)
    return f"AutoModel{known}" if known else None


def _base_models(
    card: Mapping[str, Any], files: Sequence[str], library: str | None
) -> Iterable[str]:
    bases = _repo_ids(card.get("base_model"))
    if not bases:
        return
    relation = card.get("base_model_relation")
    if relation not in {"adapter", "merge", "quantized", "finetune"}:
        relation = _relation(bases, files, library)
    for base in bases:
        yield f"base_model:{base}"
        yield f"base_model:{relation}:{base}"


def _relation(bases: Sequence[str], files: Sequence[str], library: str | None) -> str:
    if library == "peft":
        return "adapter"
    if len(bases) > 1:
        return "merge"
    return "quantized" if "gguf" in formats(files) else "finetune"


def _linked(card: Mapping[str, Any]) -> frozenset[str]:
    """What a space says it uses. A listing asks for one of these, or for any at all."""
    used = [
        *_prefixed("model", _repo_ids(card.get("models"))),
        *_prefixed("dataset", _repo_ids(card.get("datasets"))),
    ]
    return frozenset([*used, LINKED] if used else ())


def _licences(card: Mapping[str, Any]) -> Iterable[str]:
    return _prefixed("license", (name for name in texts(card.get("license")) if name in LICENCES))


def _papers(body: str) -> list[str]:
    found = (first or second for first, second in _ARXIV.findall(body))
    return list(_unique(found))[:ARXIV_MAX]


def _repo_ids(value: object) -> list[str]:
    return [text for text in texts(value) if is_repo_id(text)]


def _words(value: object) -> list[str]:
    return [text for text in texts(value) if len(text) <= TAG_LENGTH_MAX]


def _prefixed(prefix: str, words: Iterable[str]) -> list[str]:
    return [f"{prefix}:{word}" for word in words]


def _unique(words: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(words)
