"""Which run of a build service is which, and which publisher it fits. Pure.

Each service names things in its own way. What they have in common: a repository with a name and a
number, a workflow in it, and perhaps an environment that people guard.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from iriai.base.errors import Excessive, Invalid
from iriai.identity.fields import clean_line
from iriai.identity.rules import Act, Grant

TOKEN = timedelta(hours=1)
PUBLISHERS_MAX = 100
NAME_LENGTH_MAX = 300
ISSUERS_MAX = 20
ACTS = frozenset({Act.READ, Act.READ_GATED, Act.WRITE, Act.DISCUSS})
"""What a run may do with the one repository it publishes to."""

REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+")
NUMBER = re.compile(r"[0-9]{1,20}")
WORKFLOW = re.compile(r"[A-Za-z0-9_./-]+\.ya?ml")


class Forge(StrEnum):
    """How a build service words its tokens."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a build, as its service signed it."""

    repository: str
    number: str
    workflow: str
    environment: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a publisher stands for. `number` is None until the first run was seen."""

    repository: str
    number: str | None
    workflow: str
    environment: str


def issuers(text: str) -> dict[str, Forge]:
    """The build services of a setting: `github=https://… gitlab=https://…`, by their issuer."""
    found: dict[str, Forge] = {}
    for word in text.split():
        service, equals, url = word.partition("=")
        if not equals or service not in set(Forge) or urlsplit(url).scheme not in _SCHEMES:
            raise Invalid(f"publishers names services as github=https://…, not {word!r}.")
        found[url] = Forge(service)
    if len(found) > ISSUERS_MAX:
        raise Invalid(f"publishers names at most {ISSUERS_MAX} services.")
    return found


_SCHEMES = ("https", "http")


def run(service: Forge, claims: Mapping[str, Any]) -> Run:
    """What a signed token says of the run it was made for."""
    if service is Forge.GITHUB:
        names = ("repository", "repository_id", "workflow_ref", "environment")
    else:
        names = ("project_path", "project_id", "ci_config_ref_uri", "environment")
    repository, number, workflow, environment = (
        str(claims.get(name) or "")[:NAME_LENGTH_MAX] for name in names
    )
    if not repository or not NUMBER.fullmatch(number):
        raise Invalid("This token does not say for which repository it was made.")
    return Run(repository, number, _workflow(service, workflow, repository), environment)


def _workflow(service: Forge, reference: str, repository: str) -> str:
    """The file of a workflow in its own repository; empty for one borrowed from another."""
    path = reference.partition("@")[0]
    if service is Forge.GITHUB:
        begin = f"{repository}/.github/workflows/"
        return path.removeprefix(begin) if path.casefold().startswith(begin.casefold()) else ""
    inside, slashes, file = path.partition("//")
    return file if slashes and inside.casefold().endswith(f"/{repository}".casefold()) else ""


def fits(wanted: Wanted, seen: Run) -> bool:
    """Whether a run is one that a publisher stands for.

    The number decides as soon as it is known: a name may have passed to somebody else.
    """
    if wanted.number is None:
        same = wanted.repository.casefold() == seen.repository.casefold()
    else:
        same = wanted.number == seen.number
    guarded = not wanted.environment or wanted.environment.casefold() == seen.environment.casefold()
    return same and guarded and wanted.workflow == seen.workflow != ""


def grants(repo_id: int | None) -> tuple[Grant, ...]:
    """What a run's token may do: publish to one repository, or read what is gated, and no more."""
    if repo_id is None:
        return (Grant(frozenset({Act.READ_GATED}), anywhere=True),)
    return (Grant(ACTS, repo_id=repo_id),)


def clean_wanted(*, repository: str, number: str, workflow: str, environment: str) -> Wanted:
    """A publisher as somebody wrote it down."""
    name = clean_line(repository, "A repository's name", NAME_LENGTH_MAX).strip("/")
    file = clean_line(workflow, "A workflow", NAME_LENGTH_MAX)
    if not REPOSITORY.fullmatch(name):
        raise Invalid("Name the repository as owner/name, as the build service writes it.")
    if number.strip() and not NUMBER.fullmatch(number.strip()):
        raise Invalid("The repository's number has only digits.")
    if not WORKFLOW.fullmatch(file) or ".." in file:
        raise Invalid("Name the workflow's file, as in publish.yml.")
    place = clean_line(environment, "An environment", NAME_LENGTH_MAX)
    return Wanted(name, number.strip() or None, file, place)


def require_room(count: int) -> None:
    """An account names so many publishers and no more."""
    if count >= PUBLISHERS_MAX:
        raise Excessive(f"An account has at most {PUBLISHERS_MAX} publishers; remove one first.")
