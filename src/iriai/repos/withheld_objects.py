"""Which large objects are refused because they stand at a path that is held.

A path is held at whatever revision, and large objects are asked for by their hash alone: so all
that ever stood at held paths is refused by hash. Only a repository in which something is held is
walked, and once for what its refs lead to.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

from iriai.base.errors import HubError
from iriai.base.tx import Tx
from iriai.repos import queries, withheld
from iriai.repos.git.entries import File
from iriai.repos.git.objects import Objects
from iriai.repos.rules import Repo

WALKS_KEPT = 64

Walk = dict[str, frozenset[str]]
_walks: OrderedDict[tuple[frozenset[str], tuple[str, ...]], Walk] = OrderedDict()
_lock = Lock()


def refusals(tx: Tx, repo: Repo) -> Mapping[str, HubError]:
    """By SHA-256, why a large object is not served; nothing is asked where nothing is held."""
    if not repo.has_withheld:
        return {}
    held = withheld.held(tx, repo)
    if not held:
        return {}
    tips = frozenset(ref.commit for ref in queries.refs(tx, repo))
    found = _walked(queries.objects(tx.ground, repo.id), tips, tuple(sorted(held)))
    return {sha256: held[path] for path, there in found.items() for sha256 in there}


def require_served(tx: Tx, repo: Repo, sha256: str) -> None:
    """A large object that stands at a held path is not served."""
    refused = refusals(tx, repo).get(sha256)
    if refused is not None:
        raise refused


def _walked(objects: Objects, tips: frozenset[str], paths: tuple[str, ...]) -> Walk:
    """What ever stood at these paths; commits are named by their content, so it never changes."""
    with _lock:
        known = _walks.get((tips, paths))
    if known is None:
        known = _walk(objects, sorted(tips), paths)
        with _lock:
            _walks[tips, paths] = known
            while len(_walks) > WALKS_KEPT:
                _walks.popitem(last=False)
    return known


def _walk(objects: Objects, tips: Sequence[str], paths: tuple[str, ...]) -> Walk:
    found: dict[str, set[str]] = {path: set() for path in paths}
    commits: set[str] = set()
    trees: set[str] = set()
    for tip in tips:
        for commit in objects.commits(tip):
            if commit.sha in commits:
                continue
            commits.add(commit.sha)
            if commit.tree in trees:
                continue
            trees.add(commit.tree)
            for path in paths:
                entry = objects.find_entry(commit.sha, path)
                if isinstance(entry, File) and entry.lfs is not None:
                    found[path].add(entry.lfs.sha256)
    return {path: frozenset(there) for path, there in found.items()}
