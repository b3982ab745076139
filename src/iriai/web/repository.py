"""What every page of a repository shares: address, frame, who may do what, a commit's facts."""

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from iriai.api import address
from iriai.base.errors import Denied, Unknown
from iriai.base.routing import Access, DeclaredRoute
from iriai.base.tx import Ground, Tx
from iriai.blobs import queries as blobs
from iriai.cards import headers
from iriai.cards.headers import Difference
from iriai.commons.charter import queries as charters
from iriai.commons.enactment import may_take_out
from iriai.identity.rules import Act, may
from iriai.repos import guarded, rules
from iriai.repos import queries as repos
from iriai.repos.git.entries import Commit, Diff, File
from iriai.repos.rules import HeldBy, Kind, Ref, Repo
from iriai.web import links
from iriai.web.door import Ask, Work

MOVED = 307
PREFIXES = {Kind.MODEL: "", Kind.DATASET: "/datasets", Kind.SPACE: "/spaces"}
PULL = re.compile(r"refs/pr/[0-9]{1,12}")
REFS_LISTED_MAX = 100

Page = Callable[[Ask, Kind, str], Response]
Make = Callable[..., DeclaredRoute]


@dataclass(frozen=True, slots=True)
class Change:
    """A commit, as lists and bars show it."""

    sha: str
    title: str
    description: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder as a list shows it. `stored` is `xet`, `lfs` or nothing."""

    name: str
    path: str
    folder: bool
    size: int = 0
    oid: str = ""
    stored: str = ""
    sha256: str = ""
    xet_hash: str = ""
    commit: Change | None = None


def of_each_kind(
    make: Make, path: str, page: Page, *, access: Access, **more: Any
) -> Iterator[DeclaredRoute]:
    """The same page of models, datasets and spaces: `/{owner}/{name}` with each prefix."""
    for kind, prefix in PREFIXES.items():
        yield make(f"{prefix}/{{owner}}/{{name}}{path}", _work(kind, page), access=access, **more)


def _work(kind: Kind, page: Page) -> Work:
    def work(ask: Ask) -> Response:
        full_name = f"{ask.part('owner')}/{ask.part('name')}"
        try:
            return page(ask, kind, full_name)
        except Unknown as error:
            if error.code != "RepoNotFound":
                raise
            with ask.ground.read() as tx:
                there = repos.moved(tx, ask.actor, kind, full_name)
            if there is None:
                raise
            return _moved(ask, kind, there)

    return work


def _moved(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The same page under the repository's new name."""
    where = address.moved(
        ask.request.scope["path"],
        ask.request.url.query,
        kind=kind.value,
        full_name=full_name,
    )
    return Response(status_code=MOVED, headers={"Location": where, "Cache-Control": "no-cache"})


def frame(ask: Ask, repo: Repo, *, rev: str = "", path: str = "") -> dict[str, Any]:
    """What the head of each page of a repository shows."""
    taken_over_at, takes_out = _taken_over(ask, repo)
    return {
        "repo": repo,
        "taken_over_at": taken_over_at,
        "may_take_out": takes_out,
        "rev": rev,
        "path": path,
        "may_write": (
            rules.may_write(ask.actor, repo)
            and repo.disabled_reason is None
            and not guarded.is_charter(repo)
        ),
        "may_propose": may_propose(ask, repo),
        "may_administer": takes_out or rules.may_administer(ask.actor, repo),
        "clone": ask.ground.settings.url + links.repo(repo),
    }


def _taken_over(ask: Ask, repo: Repo) -> tuple[datetime | None, bool]:
    """When the commons comes to hold it, where that was announced; whether one may prevent it."""
    if repo.held_by is not HeldBy.OWNERS:
        return None, False
    with ask.ground.read() as tx:
        return charters.taking_over(tx, repo.owner_id), may_take_out(tx, ask.actor, repo)


def may_propose(ask: Ask, repo: Repo) -> bool:
    """Whether the reader may open a pull request."""
    return (
        may(ask.actor, Act.DISCUSS, rules.subject(repo))
        and not repo.discussions_disabled
        and repo.disabled_reason is None
    )


def is_branch(rev: str, refs: list[Ref]) -> bool:
    """Whether a revision is a branch or a pull request, which commits can be made onto."""
    return any(ref.name == f"refs/heads/{rev}" for ref in refs) or bool(PULL.fullmatch(rev))


def place(ask: Ask) -> tuple[str, str]:
    """The revision and the path at the end of this address."""
    found = address.place(ask.raw("rest"))
    return found.revision, found.path


def listed(refs: list[Ref]) -> list[Ref]:
    """Branches and tags to choose from, main first."""
    chosen = [ref for ref in refs if ref.name.startswith(("refs/heads/", "refs/tags/"))]
    return sorted(chosen, key=lambda ref: (ref.name != rules.MAIN, ref.name))[:REFS_LISTED_MAX]


def change(commit: Commit) -> Change:
    """A commit as lists and bars show it."""
    return Change(
        commit.sha,
        commit.title[:300],
        commit.description,
        commit.author.name[:100],
        commit.author.at,
    )


def named(tx: Tx, repo: Repo, files: list[File]) -> dict[str, Named]:
    """Files as lists show them, by path, with how each is stored."""
    held = blobs.objects(tx, repo.id, [file.lfs.sha256 for file in files if file.lfs])
    made = {}
    for file in files:
        sha256 = file.lfs.sha256 if file.lfs else ""
        stored = held.get(sha256)
        xet_hash = (stored.xet_hash or "") if stored else ""
        made[file.path] = Named(
            name=file.path.rsplit("/", 1)[-1],
            path=file.path,
            folder=False,
            size=file.size,
            oid=file.oid,
            stored=("xet" if xet_hash else "lfs") if sha256 else "",
            sha256=sha256,
            xet_hash=xet_hash,
        )
    return made


def require_branch(rev: str, refs: list[Ref]) -> None:
    """Changes are made onto branches."""
    if not is_branch(rev, refs):
        raise Denied("Choose a branch: a tag or a single commit does not change.")


def header_differences(
    ground: Ground, repo: Repo, diff: Diff | None, hidden: Container[str] = frozenset()
) -> dict[str, Difference]:
    """What the headers of weights and tables in a diff say differently, by path."""
    changes = diff.changes if diff is not None else ()
    sides = ((each.old, each.new) for each in changes)
    shown = (pair for pair in sides if not any(side and side.path in hidden for side in pair))
    return headers.differences(ground, repo.id, shown)
