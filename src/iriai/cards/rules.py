"""What a card may say. Pure: the metadata arrives parsed (`reading.py`), and is judged here.

An error stops a commit; a warning is shown and forgotten. Messages name the key, as the clients and
their users know it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iriai.cards.vocabulary import LICENCES, SIZE_CATEGORIES, SPACE_COLOURS, SPACE_SDKS, TASKS

MESSAGES_MAX = 20
TAG_LENGTH_MAX = 200
TAGS_MAX = 500
LINE_LENGTH_MAX = 120
VALUE_LENGTH_SHOWN = 80
SPACE_DESCRIPTION_LENGTH_MAX = 60

_BLOCK = re.compile(
    r"\A\ufeff?\s*---[ \t]*(?:\r\n|\r|\n)(?:([\S\s]*?)(?:\r\n|\r|\n))??---[ \t]*(?:\r\n|\r|\n|\Z)"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})?|code|multilingual")
_REPO_ID = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?", re.ASCII)
_LICENCE_NAME = re.compile(r"[a-z0-9.+-]{1,80}")


@dataclass(frozen=True, slots=True)
class Validation:
    """What is wrong with a card, and what could be better."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def text(self) -> str:
        """The findings as lines, for clients that ask for plain text."""
        lines = [f"- Error: {message}" for message in self.errors]
        return "\n".join(lines + [f"- Warning: {message}" for message in self.warnings])


@dataclass(slots=True)
class _Findings:
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def error(self, message: str) -> None:
        if len(self.errors) < MESSAGES_MAX:
            self.errors.append(message)

    def warning(self, message: str) -> None:
        if len(self.warnings) < MESSAGES_MAX:
            self.warnings.append(message)


NO_METADATA = "empty or missing yaml metadata in repo card"


def split(text: str) -> tuple[str | None, str]:
    """The YAML block at the start of a README, if there is one, and the Markdown after it."""
    block = _BLOCK.match(text)
    if block is None:
        return None, text.removeprefix("\ufeff")
    return block.group(1) or "", text[block.end() :]


def judged(card: Mapping[str, Any], repo_type: str) -> Validation:
    """The findings about parsed metadata of a model, dataset or space."""
    if not card:
        return Validation(warnings=(NO_METADATA,))
    found = _Findings()
    for key, judge in (_EVERYWHERE | _PARTICULAR.get(repo_type, {})).items():
        if card.get(key) is not None:
            judge(found, key, card[key])
    if "other" in texts(card.get("license")) and not card.get("license_name"):
        found.warning('"license_name" should name the licence when "license" is other.')
    return Validation(tuple(found.errors), tuple(found.warnings))


def licence_of(card: Mapping[str, Any]) -> str | None:
    """The first licence a card declares; the named one where it declares `other`."""
    return next(iter(licences_of(card)), None)


def licences_of(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Every licence a card declares, in its order."""
    name = card.get("license_name")
    named = name.strip() if isinstance(name, str) else ""
    return tuple(
        f"other:{named[:VALUE_LENGTH_SHOWN]}"
        if each == "other" and named
        else each[:VALUE_LENGTH_SHOWN]
        for each in dict.fromkeys(texts(card.get("license")))
    )


def texts(value: object) -> list[str]:
    """The texts in a value that may be one text or a list of them; anything else is left out."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return []
    return [item.strip() for item in value[:TAGS_MAX] if isinstance(item, str) and item.strip()]


def is_repo_id(text: str) -> bool:
    """Whether `text` could name a repository."""
    return _REPO_ID.fullmatch(text) is not None


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= VALUE_LENGTH_SHOWN else text[:VALUE_LENGTH_SHOWN] + "…"


def _each(found: _Findings, key: str, value: object) -> Iterable[tuple[str, str]]:
    """Each text of a text-or-list value with its place; what is no text is an error."""
    if isinstance(value, str):
        yield f'"{key}"', value
    elif isinstance(value, list):
        for index, item in enumerate(value[:TAGS_MAX]):
            if isinstance(item, str):
                yield f'"{key}[{index}]"', item
            else:
                found.error(f'"{key}[{index}]" must be a string.')
    else:
        found.error(f'"{key}" must be a string or an array of strings.')


def _licence(found: _Findings, key: str, value: object) -> None:
    for place, text in _each(found, key, value):
        if text not in LICENCES:
            found.error(f"{place} must be one of [{', '.join(LICENCES)}]")


def _language(found: _Findings, key: str, value: object) -> None:
    for place, text in _each(found, key, value):
        if text != text.lower():
            found.error(f"{place} must only contain lowercase characters.")
        elif not _LANGUAGE.fullmatch(text):
            found.error(
                f'{place} with value "{_shown(text)}" is not valid. It must be an ISO 639-1, 639-2 '
                'or 639-3 code (two or three letters), or "code" or "multilingual". Other '
                "identifiers go into language_bcp47."
            )


def _tags(found: _Findings, key: str, value: object) -> None:
    if not isinstance(value, list):
        found.error(f'"{key}" must be an array of strings.')
        return
    if len(value) > TAGS_MAX:
        found.error(f'"{key}" may hold at most {TAGS_MAX} items.')
    for place, text in _each(found, key, value):
        if len(text) > TAG_LENGTH_MAX:
            found.error(f"{place} may have at most {TAG_LENGTH_MAX} characters.")


def _text(found: _Findings, key: str, value: object) -> None:
    if not isinstance(value, str):
        found.error(f'"{key}" must be a string.')


def _texts(found: _Findings, key: str, value: object) -> None:
    for _ in _each(found, key, value):
        pass


def _licence_name(found: _Findings, key: str, value: object) -> None:
    if not isinstance(value, str):
        found.error(f'"{key}" must be a string.')
    elif not _LICENCE_NAME.fullmatch(value):
        found.warning(f'"{key}" should be lower case words joined by hyphens.')


def _base_model(found: _Findings, key: str, value: object) -> None:
    for place, text in _each(found, key, value):
        if not is_repo_id(text):
            found.error(f'{place} with value "{_shown(text)}" is not the id of a model.')


def _datasets(found: _Findings, key: str, value: object) -> None:
    for place, text in _each(found, key, value):
        if not is_repo_id(text):
            found.warning(f'{place} with value "{_shown(text)}" is not the id of a dataset.')


def _task(found: _Findings, key: str, value: object) -> None:
    for place, text in _each(found, key, value):
        if text not in TASKS:
            found.warning(f'{place} with value "{_shown(text)}" is not a known task.')


def _one_task(found: _Findings, key: str, value: object) -> None:
    if isinstance(value, str):
        _task(found, key, value)
    else:
        found.error(f'"{key}" must be a string.')


def _size(found: _Findings, key: str, value: object) -> None:
    for place, text in _each(found, key, value):
        if text not in SIZE_CATEGORIES:
            found.error(f"{place} must be one of [{', '.join(SIZE_CATEGORIES)}]")


def _model_index(found: _Findings, key: str, value: object) -> None:
    if not isinstance(value, list):
        found.error(f'"{key}" must be an array.')
        return
    for index, model in enumerate(value[:TAGS_MAX]):
        place = f"{key}[{index}]"
        if not isinstance(model, dict):
            found.error(f'"{place}" must be an object.')
            continue
        if not isinstance(model.get("name"), str):
            found.error(f'"{place}.name" is required and must be a string.')
        if not isinstance(model.get("results"), list):
            found.error(f'"{place}.results" is required and must be an array.')
            continue
        for number, result in enumerate(model["results"][:TAGS_MAX]):
            _result(found, f"{place}.results[{number}]", result)


def _result(found: _Findings, place: str, result: object) -> None:
    if not isinstance(result, dict):
        found.error(f'"{place}" must be an object.')
        return
    task, metrics = result.get("task"), result.get("metrics")
    if not isinstance(task, dict) or not isinstance(task.get("type"), str):
        found.error(f'"{place}.task.type" is required and must be a string.')
    data = result.get("dataset")
    if data is not None and not (isinstance(data, dict) and isinstance(data.get("name"), str)):
        found.error(f'"{place}.dataset.name" is required and must be a string.')
    if not isinstance(metrics, list):
        found.error(f'"{place}.metrics" is required and must be an array.')
        return
    for number, metric in enumerate(metrics[:TAGS_MAX]):
        if not isinstance(metric, dict) or not isinstance(metric.get("type"), str):
            found.error(f'"{place}.metrics[{number}].type" is required and must be a string.')
        elif "value" not in metric:
            found.error(f'"{place}.metrics[{number}].value" is required.')


def _configs(found: _Findings, key: str, value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        found.error(f'"{key}" must be an array of objects.')
        return
    for index, config in enumerate(value):
        if not isinstance(config.get("config_name"), str):
            found.error(f'"{key}[{index}].config_name" is required and must be a string.')


def _objects(found: _Findings, key: str, value: object) -> None:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        found.error(f'"{key}" must be an object or an array of objects.')


def _one_of(*allowed: str) -> "Judge":
    def judge(found: _Findings, key: str, value: object) -> None:
        if value not in allowed:
            found.error(f'"{key}" must be one of [{", ".join(allowed)}]')

    return judge


def _space_description(found: _Findings, key: str, value: object) -> None:
    if not isinstance(value, str):
        found.error(f'"{key}" must be a string.')
    elif len(value) > SPACE_DESCRIPTION_LENGTH_MAX:
        found.error(f'"{key}" may have at most {SPACE_DESCRIPTION_LENGTH_MAX} characters.')


Judge = Callable[[_Findings, str, Any], None]

_EVERYWHERE: dict[str, Judge] = {
    "license": _licence,
    "license_name": _licence_name,
    "license_link": _text,
    "tags": _tags,
    "thumbnail": _text,
}
_PARTICULAR: dict[str, dict[str, Judge]] = {
    "model": {
        "language": _language,
        "pipeline_tag": _one_task,
        "library_name": _text,
        "base_model": _base_model,
        "datasets": _datasets,
        "metrics": _texts,
        "model-index": _model_index,
    },
    "dataset": {
        "language": _language,
        "pretty_name": _text,
        "size_categories": _size,
        "task_categories": _task,
        "task_ids": _texts,
        "annotations_creators": _texts,
        "language_creators": _texts,
        "source_datasets": _texts,
        "configs": _configs,
        "dataset_info": _objects,
    },
    "space": {
        "title": _text,
        "emoji": _text,
        "sdk": _one_of(*SPACE_SDKS),
        "colorFrom": _one_of(*SPACE_COLOURS),
        "colorTo": _one_of(*SPACE_COLOURS),
        "short_description": _space_description,
        "models": _datasets,
        "datasets": _datasets,
    },
}
