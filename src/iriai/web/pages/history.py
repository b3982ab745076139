"""What happened in a repository: the commits of a branch or a file, and what one changed."""

from starlette.responses import Response

from iriai.base.errors import Unknown
from iriai.base.routing import Access
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.rules import FULL_SHA, Kind
from iriai.web import links
from iriai.web.door import Ask, get
from iriai.web.repository import (
    change,
    frame,
    header_differences,
    listed,
    of_each_kind,
    place,
)

PAGE_LENGTH = 30


def commits(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The commits that led to a revision, newest first; of one path where one is named."""
    rev, path = place(ask)
    after = ask.query("after")
    if not FULL_SHA.fullmatch(after):
        after = ""
    with ask.ground.read() as tx:
        repo, sha = repos.readable_at(tx, ask.actor, kind, full_name, rev)
        refs = repos.refs(tx, repo)
    objects = repos.objects(ask.ground, repo.id)
    found = objects.log(sha, limit=PAGE_LENGTH + 1, after=after or None, path=path or None)
    here = links.repo(repo, "commits", rev=rev, path=path)
    more = len(found) > PAGE_LENGTH
    found = found[:PAGE_LENGTH]
    return ask.page(
        "repository/commits.html",
        **frame(ask, repo, rev=rev, path=path),
        twin=links.twin(repo, "commits", rev=rev),
        refs=listed(refs),
        commits=[change(each) for each in found],
        newer=here if after else None,
        older=links.with_query(here, after=found[-1].sha) if more else None,
    )


def commit(ask: Ask, kind: Kind, full_name: str) -> Response:
    """One commit, and what it changed."""
    asked = ask.part("sha")
    with ask.ground.read() as tx:
        repo, sha = repos.readable_at(tx, ask.actor, kind, full_name, asked)
        hidden = withheld.hidden(tx, repo)
    objects = repos.objects(ask.ground, repo.id)
    found = objects.commit(sha)
    parent = found.parents[0] if found.parents else None
    try:
        diff = objects.diff(parent, sha, hidden=hidden)
    except Unknown:  # a shallow push left the parent out
        diff = objects.diff(None, sha, hidden=hidden)
    return ask.page(
        "repository/commit.html",
        **frame(ask, repo),
        twin=links.twin(repo, "commits", rev=sha),
        commit=change(found),
        parents=found.parents,
        diff=diff,
        file_headers=header_differences(ask.ground, repo, diff, hidden),
    )


ROUTES = [
    *of_each_kind(get, "/commits/{rest:path}", commits, access=Access.REPO_READ),
    *of_each_kind(get, "/commit/{sha}", commit, access=Access.REPO_READ),
]
