"""What kind of word a tag is, for lists to be narrowed by: a task, a language, a licence. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iriai.cards.vocabulary import LICENCES, TASKS
from iriai.search.rules import LIBRARIES

LANGUAGE = "language:"
_PREFIXES = ("dataset", "license", "region", "arxiv", "base_model")
_DATASET_PREFIXES = (
    "task_categories", "task_ids", "language", "license", "size_categories", "format", "modality",
    "library", "multilinguality", "language_creators", "annotations_creators", "source_datasets",
    "benchmark", "arxiv", "region",
)  # fmt: skip

TYPES = {
    "model": ("dataset", "language", "library", "license", "other", "pipeline_tag", "region"),
    "dataset": ("benchmark", "language", "language_creators", "license", "multilinguality",
                "other", "size_categories", "task_categories", "task_ids"),
}  # fmt: skip
"""The types that clients ask for by name, whether or not any tag is of them yet."""


@dataclass(frozen=True, slots=True)
class Known:
    """A tag: what `filter` calls it, how it reads, and how many repositories have it."""

    id: str
    label: str
    count: int


def by_type(kind: str, counted: Sequence[tuple[str, int]]) -> dict[str, list[Known]]:
    """Tags by type, the most used first; tasks and licences that nobody uses yet stand last."""
    prefix = "" if kind == "model" else "task_categories:"
    possible = [*(prefix + task for task in sorted(TASKS)), *(f"license:{n}" for n in LICENCES)]
    languages = {tag.removeprefix(LANGUAGE) for tag, _n in counted if tag.startswith(LANGUAGE)}
    every: Iterable[tuple[str, int]] = [*counted, *((tag, 0) for tag in possible)]
    made: dict[str, dict[str, Known]] = {}
    for tag, count in every:
        if kind == "model" and tag in languages:
            continue  # it is there as `language:…` too
        type_, id_, label = _of_model(tag) if kind == "model" else _of_other(tag)
        made.setdefault(type_, {}).setdefault(id_, Known(id_, label, count))
    return {type_: list(found.values()) for type_, found in made.items()}


def _of_model(tag: str) -> tuple[str, str, str]:
    prefix, colon, rest = tag.partition(":")
    if tag in TASKS:
        return "pipeline_tag", tag, tag.replace("-", " ").capitalize()
    if colon and prefix == "language":
        return "language", rest, rest
    if colon and prefix in _PREFIXES:
        return prefix, tag, rest
    return ("library" if tag in LIBRARIES else "other"), tag, tag


def _of_other(tag: str) -> tuple[str, str, str]:
    prefix, colon, rest = tag.partition(":")
    if colon and prefix in _DATASET_PREFIXES:
        return prefix, tag, rest
    return "other", tag, tag
