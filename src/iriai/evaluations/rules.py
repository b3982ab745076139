"""What an evaluation result and a benchmark are, as their files say it. Pure.

A model keeps results in `.eval_results/*.yaml`, a list of entries each; a dataset that is a
benchmark has an `eval.yaml` that names its tasks. The forms are Hugging Face's (`EvalResultEntry`
in the client reads what `as_written` gives back). Who may see a score is who may see the model.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iriai.base.errors import HubError, Invalid, Unknown
from iriai.repos.rules import Repo

RESULTS_FOLDER = ".eval_results"
BENCHMARK_FILE = "eval.yaml"
FILE_ENDINGS = (".yaml", ".yml")

FILES_MAX = 100
RESULTS_A_FILE_MAX = 200
TASKS_MAX = 100
PULLS_MAX = 100
LEADERBOARD_LENGTH_MAX = 1_000
RESULTS_SHOWN_MAX = 100

NAME_LENGTH_MAX = 200
NOTES_LENGTH_MAX = 1_000
DESCRIPTION_LENGTH_MAX = 4_000
URL_LENGTH_MAX = 2_000
TOKEN_LENGTH_MAX = 8_192
VALUE_MAX = 1e15

REPO_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
REVISION = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Result:
    """One score of a model on one task of a benchmark, as its file says it."""

    dataset: str
    task: str
    value: float
    revision: str | None = None
    verify_token: str | None = None
    date: str | None = None
    source: Mapping[str, str] | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a benchmark."""

    id: str
    config: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a dataset says of itself as a benchmark. `fault` is why its file cannot be read."""

    name: str | None = None
    description: str | None = None
    framework: str | None = None
    tasks: tuple[Task, ...] = ()
    fault: str | None = None

    def task(self, asked: str) -> Task:
        """The task of this id; the first one where none is asked for."""
        found = next((each for each in self.tasks if each.id == asked or not asked), None)
        if found is None:
            raise Unknown(f"This benchmark has no task {asked[:80]!r}.", code="TaskNotFound")
        return found


@dataclass(frozen=True, slots=True)
class Kept:
    """A result together with where it was read. `number` is the pull request that proposes it."""

    model: Repo
    filename: str
    result: Result
    is_verified: bool
    at: datetime
    number: int | None = None

    @property
    def is_community(self) -> bool:
        """Whether it is proposed, and not yet taken into the model's main branch."""
        return self.number is not None


@dataclass(frozen=True, slots=True)
class Fault:
    """A file of results that cannot be read, and why."""

    filename: str
    error: str


@dataclass(frozen=True, slots=True)
class Found:
    """All that a model says of its scores."""

    kept: tuple[Kept, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a leaderboard. Equal scores share a rank."""

    rank: int
    kept: Kept
    owner_fullname: str
    owner_is_organisation: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """A result and who owns its model, before it is ranked."""

    kept: Kept
    owner_fullname: str = ""
    owner_is_organisation: bool = False


def is_results_file(path: str) -> bool:
    """Whether a file is one of results."""
    folder, _, name = path.rpartition("/")
    return folder == RESULTS_FOLDER and name.endswith(FILE_ENDINGS)


def clean_results(data: Any) -> list[Result]:
    """The results of a file, or `Invalid` with what is wrong in which entry."""
    if not isinstance(data, list):
        raise Invalid("A file of results is a list: entries that begin with a dash.")
    if len(data) > RESULTS_A_FILE_MAX:
        raise Invalid(f"A file has at most {RESULTS_A_FILE_MAX} results.")
    found = []
    for number, entry in enumerate(data, 1):
        try:
            found.append(_result(entry))
        except HubError as error:
            raise Invalid(f"Entry {number}: {error.message}") from None
    return found


def _result(entry: Any) -> Result:
    dataset = _mapping(entry, "An entry").get("dataset")
    named = _mapping(dataset, '"dataset"')
    name = _text(named, "id", required=True, length_max=NAME_LENGTH_MAX)
    if not REPO_ID.fullmatch(name or ""):
        raise Invalid('"dataset.id" is a dataset of the hub: "owner/name".')
    revision = _text(named, "revision", length_max=64)
    if revision is not None and not REVISION.fullmatch(revision):
        raise Invalid('"dataset.revision" is a commit of the dataset.')
    return Result(
        dataset=name or "",
        task=_text(named, "task_id", required=True, length_max=NAME_LENGTH_MAX) or "",
        value=_value(entry),
        revision=revision,
        verify_token=_text(entry, "verifyToken", length_max=TOKEN_LENGTH_MAX),
        date=_date(entry),
        source=_source(entry.get("source")),
        notes=_text(entry, "notes", length_max=NOTES_LENGTH_MAX),
    )


def _value(entry: Mapping[str, Any]) -> float:
    value = entry.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid('"value" is required, and a number.')
    if abs(value) > VALUE_MAX:
        raise Invalid('"value" is too large a number.')
    return float(value)


def _date(entry: Mapping[str, Any]) -> str | None:
    date = _text(entry, "date", length_max=40)
    if date is None:
        return None
    try:
        datetime.fromisoformat(date)
    except ValueError:
        raise Invalid('"date" is an ISO 8601 day or moment, such as 2026-01-15.') from None
    return date


def _source(source: Any) -> dict[str, str] | None:
    if source is None:
        return None
    given = _mapping(source, '"source"')
    url = _text(given, "url", required=True, length_max=URL_LENGTH_MAX) or ""
    if not url.startswith(("https://", "http://")):
        raise Invalid('"source.url" is an address that begins with https://.')
    found = {"url": url}
    for key in ("name", "user", "org"):
        value = _text(given, key, length_max=NAME_LENGTH_MAX)
        if value is not None:
            found[key] = value
    return found


def clean_benchmark(data: Any) -> Benchmark:
    """What an `eval.yaml` says, or `Invalid` with what is wrong in it."""
    said = _mapping(data, "A benchmark's file")
    tasks = said.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise Invalid('"tasks" is a list of at least one task with an "id".')
    if len(tasks) > TASKS_MAX:
        raise Invalid(f"A benchmark has at most {TASKS_MAX} tasks.")
    cleaned = tuple(_task(each) for each in tasks)
    if len({each.id for each in cleaned}) < len(cleaned):
        raise Invalid('Each task has an "id" of its own.')
    return Benchmark(
        name=_text(said, "name", length_max=NAME_LENGTH_MAX),
        description=_text(said, "description", length_max=DESCRIPTION_LENGTH_MAX),
        framework=_text(said, "evaluation_framework", length_max=NAME_LENGTH_MAX),
        tasks=cleaned,
    )


def _task(task: Any) -> Task:
    said = _mapping(task, "A task")
    return Task(
        _text(said, "id", required=True, length_max=NAME_LENGTH_MAX) or "",
        _text(said, "config", length_max=NAME_LENGTH_MAX),
        _text(said, "split", length_max=NAME_LENGTH_MAX),
    )


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{what} is a mapping: lines of the form `key: value`.")
    return value


def _text(
    said: Mapping[str, Any], key: str, *, required: bool = False, length_max: int
) -> str | None:
    """A text; numbers are taken as they were written, for YAML needs no quotes."""
    value = said.get(key)
    if value is None or value == "":
        if required:
            raise Invalid(f'"{key}" is required.')
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid(f'"{key}" is a text.')
    text = str(value).strip()
    if len(text) > length_max:
        raise Invalid(f'"{key}" has at most {length_max} characters.')
    return text


def as_written(result: Result) -> dict[str, Any]:
    """A result in the words of its file, as `parse_eval_result_entries` reads it."""
    dataset = {"id": result.dataset, "task_id": result.task}
    if result.revision is not None:
        dataset["revision"] = result.revision
    written: dict[str, Any] = {"dataset": dataset, "value": result.value}
    for key, value in (
        ("verifyToken", result.verify_token),
        ("date", result.date),
        ("source", result.source),
        ("notes", result.notes),
    ):
        if value is not None:
            written[key] = dict(value) if isinstance(value, Mapping) else value
    return written


def ranked(scored: Iterable[Scored]) -> list[Entry]:
    """A leaderboard: each model once, the best score first.

    What a model says of itself on main stands before what others propose; of several, a verified
    one, then the highest.
    """
    best: dict[int, Scored] = {}
    for each in scored:
        before = best.get(each.kept.model.id)
        if before is None or _weight(each) > _weight(before):
            best[each.kept.model.id] = each
    order = sorted(
        best.values(), key=lambda each: (-each.kept.result.value, each.kept.model.full_name)
    )
    entries: list[Entry] = []
    for place, each in enumerate(order[:LEADERBOARD_LENGTH_MAX], 1):
        same = entries and entries[-1].kept.result.value == each.kept.result.value
        rank = entries[-1].rank if same else place
        entries.append(Entry(rank, each.kept, each.owner_fullname, each.owner_is_organisation))
    return entries


def _weight(scored: Scored) -> tuple[bool, bool, float]:
    kept = scored.kept
    return (not kept.is_community, kept.is_verified, kept.result.value)


def no_leaderboard() -> Unknown:
    """The dataset is no benchmark."""
    return Unknown(
        "This dataset has no leaderboard: it has no eval.yaml that names its tasks.",
        code="LeaderboardNotFound",
    )
