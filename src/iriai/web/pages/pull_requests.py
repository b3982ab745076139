"""Pull requests as git has them: `refs/pr/N`, its commits, and what would change on main."""

from starlette.responses import Response

from iriai.base.errors import Unknown
from iriai.base.routing import Access
from iriai.repos import queries as repos
from iriai.repos import rules
from iriai.repos.git.entries import Commit
from iriai.repos.queries import Objects
from iriai.repos.rules import MAIN, PULLS, Kind
from iriai.web import links
from iriai.web.door import Ask, get
from iriai.web.repository import change, frame, of_each_kind

LISTED_MAX = 100
COMMITS_MAX = 100


def pulls(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The pull requests of a repository, newest first."""
    with ask.ground.read() as tx:
        repo, _sha = repos.readable_at(tx, ask.actor, kind, full_name, "main")
        found = [ref for ref in repos.refs(tx, repo) if ref.name.startswith(PULLS)]
    objects = repos.objects(ask.ground, repo.id)
    numbers = rules.pull_numbers(found)[::-1][:LISTED_MAX]
    at = {ref.name: ref.commit for ref in found}
    listed = []
    for number in numbers:
        sha = at[f"{PULLS}{number}"]
        commit = change(objects.commit(sha))
        listed.append(
            {
                "number": number,
                "title": commit.title,
                "author": commit.author,
                "at": commit.at,
                "sha": sha,
            }
        )
    return ask.page(
        "repository/pulls.html", **frame(ask, repo), pulls=listed, twin=links.twin(repo, "refs")
    )


def pull(ask: Ask, kind: Kind, full_name: str) -> Response:
    """One pull request."""
    number = ask.part("number")
    with ask.ground.read() as tx:
        repo, base = repos.readable_at(tx, ask.actor, kind, full_name, "main")
        ref = repos.ref(tx, repo.id, f"{PULLS}{number}") if number.isdecimal() else None
        if ref is None:
            raise Unknown("There is no such pull request.", code="EntryNotFound")
        main = repos.ref(tx, repo.id, MAIN)
    objects = repos.objects(ask.ground, repo.id)
    commits = _own_commits(objects, ref.commit, main.commit if main else base)
    fork = commits[-1].parents[0] if commits and commits[-1].parents else None
    diff = objects.diff(fork, ref.commit) if commits else None
    return ask.page(
        "repository/pull.html",
        **frame(ask, repo),
        twin=links.twin(repo, "commits", rev=ref.name),
        number=number,
        title=change(commits[-1] if commits else objects.commit(ref.commit)).title,
        ref=ref.name,
        commits=[change(each) for each in commits],
        diff=diff,
    )


def _own_commits(objects: Objects, tip: str, base: str) -> list[Commit]:
    """The commits of a pull request that main does not have, newest first."""
    known = {each.sha for each in objects.log(base, limit=10 * COMMITS_MAX)}
    own = []
    for commit in objects.log(tip, limit=COMMITS_MAX):
        if commit.sha in known:
            break
        own.append(commit)
    return own


ROUTES = [
    *of_each_kind(get, "/discussions", pulls, access=Access.REPO_READ),
    *of_each_kind(get, "/discussions/{number}", pull, access=Access.REPO_READ),
]
