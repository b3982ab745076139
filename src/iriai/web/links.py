"""Where things are: the hub's own addresses, relative to its root. Pure.

`raw` pieces that come from people are percent-encoded here and nowhere else; a revision is one
segment (`refs%2Fpr%2F1`), a path keeps its slashes.
"""

from typing import Protocol
from urllib.parse import quote, unquote, urlencode

PREFIXES = {"model": "", "dataset": "datasets/", "space": "spaces/"}
HUB = "hub"
"""What the hub's own commons goes by, which is nobody's account."""
PLURALS = {"model": "models", "dataset": "datasets", "space": "spaces"}


class Repository(Protocol):
    """As much of a repository as its address takes."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def full_name(self) -> str: ...  # noqa: D102


def subject(given: str) -> str:
    """What somebody names by the address of its page, in the words of the log.

    `https://hub/datasets/lab/x/blob/main/a.csv` is `repo/datasets/lab/x/file/a.csv`, `lab/x` is
    `repo/lab/x`, `ada` is `account/ada`; what is in those words already stays.
    """
    text = given.strip()
    if "://" in text:
        text = unquote(
            text.partition("://")[2].partition("/")[2].partition("?")[0].partition("#")[0]
        )
    parts = text.strip("/").split("/")
    if not parts[0] or parts[0] in ("repo", "account"):
        return "/".join(parts)
    kind = [parts.pop(0)] if f"{parts[0]}/" in PREFIXES.values() else []
    if len(parts) == 1 and not kind:
        return f"account/{parts[0]}"
    base = "/".join(["repo", *kind, *parts[:2]])
    verb, path = parts[2:3], "/".join(parts[4:])
    return f"{base}/file/{path}" if verb in (["blob"], ["resolve"]) and path else base


def account(name: str) -> str:
    """A person's or organisation's page; the hub itself has that of its commons."""
    return commons(name) if name == HUB else f"/{quote(name)}"


def listing(kind: str, **filters: str) -> str:
    """A list of repositories: `/models?search=bert`."""
    given = {key: value for key, value in filters.items() if value}
    return f"/{PLURALS[kind]}" + (f"?{urlencode(given)}" if given else "")


def repo(repository: Repository, *verb: str, rev: str = "", path: str = "") -> str:
    """A repository, or what a verb shows of it: `/datasets/ada/tiny/blob/main/a.csv`."""
    base = f"/{PREFIXES[repository.kind]}{quote(repository.full_name)}"
    for word in verb:
        base += "/" + quote(word)
    if rev:
        base += "/" + quote(rev, safe="")
    if path:
        base += "/" + quote(path)
    return base


def twin(repository: Repository, *verb: str, rev: str = "", path: str = "") -> str:
    """The same thing as JSON: `/api/datasets/ada/tiny/tree/main`."""
    base = f"/api/{PLURALS[repository.kind]}/{quote(repository.full_name)}"
    for word in verb:
        base += "/" + quote(word)
    if rev:
        base += "/" + quote(rev, safe="")
    if path:
        base += "/" + quote(path)
    return base


def bucket(full_name: str, verb: str = "", path: str = "") -> str:
    """A bucket, or what a verb shows of it: `/buckets/ada/runs/tree/logs`."""
    return f"/buckets/{quote(full_name)}" + "".join(
        f"/{quote(each)}" for each in (verb, path) if each
    )


def avatar(name: str) -> str:
    """The picture of an account."""
    return f"/avatars/{quote(name)}.svg"


def commons(name: str, *more: str) -> str:
    """A commons, or a part of it: `/commons/hub/log`."""
    return "/".join(["/commons", quote(name), *(quote(word) for word in more)])


def commons_twin(name: str, *more: str) -> str:
    """The same as JSON: `/api/commons/hub/charter`."""
    return "/api" + commons(name, *more)


def with_query(path: str, **given: str | int | None) -> str:
    """`path` with a query of what is not empty."""
    kept = {key: value for key, value in given.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


def parents(path: str) -> list[tuple[str, str]]:
    """Each step of a path with the path up to it: `a/b` is `[("a", "a"), ("b", "a/b")]`."""
    steps = path.split("/") if path else []
    return [(step, "/".join(steps[: at + 1])) for at, step in enumerate(steps)]


def quoted(name: str) -> str:
    """A name as it stands in an address; slashes stay."""
    return quote(name)
