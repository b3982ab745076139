"""What a pull request would make of a charter: read, checked, and said in words.

Only its `CHARTER.yaml` and `README.md` count. What it would change decides which typed action it
takes: a line that protects those who lost a vote is entrenched.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from iriai.base.errors import Conflict, Invalid, Unknown
from iriai.base.tx import Ground, Tx
from iriai.commons.charter import differences, narrowing, queries, reading
from iriai.commons.charter.rules import FILE_BYTES_MAX, FILE_NAME, Action, Charter, Preset
from iriai.commons.tables import Commons
from iriai.discussions import merging
from iriai.discussions import queries as discussions
from iriai.discussions.rules import Discussion
from iriai.repos import charters
from iriai.repos import queries as repos
from iriai.repos.git.entries import File
from iriai.repos.rules import MAIN, Repo

README = "README.md"
FILES = frozenset({FILE_NAME, README})
CHANGES_SAID_MAX = 60
ENTRENCHED = (
    "rights",
    "appeals",
    "gates.appeal",
    "gates.reasons",
    "sanctions.stay_on_appeal",
    "removal",
    "operator",
    "actions.charter.amend.entrenched",
)
"""What protects those who lost a vote: exit, appeal, the log, rights, and this line."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a pull request would do. `faults` is empty exactly when it can be proposed."""

    number: int
    sha: str
    text: str
    charter: Charter
    before: Charter
    faults: tuple[str, ...]
    changes: tuple[str, ...]
    action: Action
    readme_changes: bool = False


def action_for(before: Charter, after: Charter) -> Action:
    """Which typed action takes one charter to the other."""
    was, now = differences.flat(before), differences.flat(after)
    own = f"decisions.{before.actions[Action.CHARTER_AMEND_ENTRENCHED]}"
    for field in {*was, *now}:
        known = any(field == each or field.startswith(f"{each}.") for each in (*ENTRENCHED, own))
        if known and was.get(field) != now.get(field):
            return Action.CHARTER_AMEND_ENTRENCHED
    return Action.CHARTER_AMEND


def check_text(tx: Tx, commons_id: int, text: bytes | str) -> tuple[Charter, list[str]]:
    """The charter that a text would be for this commons, and all that speaks against it."""
    before = queries.in_force(tx, commons_id)
    after, faults = reading.examined(text, commons=queries.name_of(tx, commons_id))
    if faults:
        return after, faults
    if before.is_collective and after.preset is Preset.OWNERS:
        faults.append(
            f"{FILE_NAME}: preset is not {after.preset}: where members decide, no charter gives "
            f"the decisions back to owners. Where one member is left, there is {Preset.SOLO}."
        )
    faults += _against_parent(tx, after)
    return after, faults


def _against_parent(tx: Tx, charter: Charter) -> list[str]:
    """Why this charter is not within its parent's."""
    if charter.parent is None:
        return []
    if charter.parent.commons.casefold() == charter.commons.casefold():
        return [f"{FILE_NAME}: parent is another commons, not this one itself."]
    try:
        parent = queries.by_digest(tx, charter.parent.commons, charter.parent.digest)
    except Unknown as unknown:
        return [f"{FILE_NAME}: parent: {unknown.message}"]
    if _has_above(tx, parent, charter.commons):
        return [f"{FILE_NAME}: parent is a child of this commons, here or further up."]
    return [
        f"{FILE_NAME}: {field} allows more than the parent {charter.parent.commons} does; a child "
        "may only narrow."
        for field in narrowing.widened(charter, parent)
    ]


def _has_above(tx: Tx, charter: Charter, name: str) -> bool:
    """Whether `name` stands somewhere above this charter; chains are short, and bounded."""
    for _ in range(32):
        if charter.parent is None:
            return False
        if charter.parent.commons.casefold() == name.casefold():
            return True
        charter = queries.by_digest(tx, charter.parent.commons, charter.parent.digest)
    return True


def repository(tx: Tx, commons_id: int) -> Repo:
    """Where this commons keeps its charter."""
    account = tx.session.get_one(Commons, commons_id).account_id
    found = None if account is None else charters.find(tx, account)
    if found is None:
        raise Unknown("This commons has no charter's repository yet.", code="RepoNotFound")
    return found


def check(tx: Tx, commons_id: int, number: int) -> Check:
    """What this pull request would do; `Unknown` or `Conflict` where it is none that is open."""
    repo = repository(tx, commons_id)
    found = discussions.discussion(tx, repo, number)
    require_open(found)
    ref, main = repos.ref(tx, repo.id, found.ref), repos.ref(tx, repo.id, MAIN)
    if ref is None or main is None:
        raise Conflict("This pull request has no commits any more.")
    before = queries.in_force(tx, commons_id)
    try:
        merged = merging.merge(repos.objects(tx.ground, repo.id), main.commit, ref.commit)
    except Unknown:
        raise Conflict("This pull request has no commits any more.") from None
    text = read_file(tx.ground, repo, ref.commit, FILE_NAME)
    after, faults = check_text(tx, commons_id, text)
    faults = _unreadable(tx.ground, repo, ref.commit) or faults
    strange = _paths(merged) - FILES
    if strange:
        listed = ", ".join(sorted(strange)[:5])
        faults.append(f"A charter's repository holds {FILE_NAME} and {README}, not {listed}.")
    if merged.conflicts or _moved_on(tx.ground, repo, merged):
        faults.append("The charter has changed since this began: bring the pull request up to it.")
    changes = differences.changes(before, after) if not faults else []
    readme = README in _paths(merged)
    if not faults and not changes and not readme:
        faults.append("This changes nothing.")
    return Check(
        number=number,
        sha=ref.commit,
        text=text.decode("utf-8", "replace"),
        charter=after,
        before=before,
        faults=tuple(faults),
        changes=tuple(changes),
        action=action_for(before, after) if not faults else Action.CHARTER_AMEND,
        readme_changes=readme,
    )


def _unreadable(ground: Ground, repo: Repo, sha: str) -> list[str]:
    """Which of the files of a charter are there, but too long to be read and shown."""
    objects = repos.objects(ground, repo.id)
    entries = {path: objects.find_entry(sha, path) for path in sorted(FILES)}
    return [
        f"{path} has at most {FILE_BYTES_MAX // 1024} KB."
        for path, each in entries.items()
        if isinstance(each, File) and (each.lfs is not None or each.size > FILE_BYTES_MAX)
    ]


def _moved_on(ground: Ground, repo: Repo, merged: merging.Merge) -> bool:
    """Whether the charter is another one by now than where the pull request began."""
    if merged.fork is None:
        return True
    was, now = (read_file(ground, repo, sha, FILE_NAME) for sha in (merged.fork, merged.base))
    return was != now


def require_open(found: Discussion) -> None:
    """What is proposed is an open pull request."""
    if not found.is_pull_request:
        raise Invalid("This is a discussion; a charter is changed by a pull request.")
    if found.base != MAIN:
        raise Invalid(
            f"This pull request is for the branch {found.target}; the rules in force are on main."
        )
    if found.is_over:
        raise Conflict(f"This pull request is {found.status} already.")


def read_file(ground: Ground, repo: Repo, sha: str, path: str) -> bytes:
    """A small file at a commit; empty where there is none."""
    objects = repos.objects(ground, repo.id)
    entry = objects.find_entry(sha, path)
    if not isinstance(entry, File) or entry.lfs is not None or entry.size > FILE_BYTES_MAX:
        return b""
    return objects.blob(entry.oid)


def in_words(changes: Sequence[str], *, readme: bool) -> str:
    """What is voted on, in a paragraph."""
    said = [*changes[:CHANGES_SAID_MAX]]
    if len(changes) > CHANGES_SAID_MAX:
        said.append(f"And {len(changes) - CHANGES_SAID_MAX} more.")
    if readme:
        said.append("The README changes too.")
    return "Change the charter. " + " ".join(said)


def _paths(merged: merging.Merge) -> set[str]:
    return {each.path for each in merged.operations} | set(merged.conflicts)
