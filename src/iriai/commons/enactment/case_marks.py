"""What is said of a repository by others than a case, and stands beside what a case says of it.

A label, a place outside of lists: members decide them too, and so does an operator in need. A case
adds its own and takes that away when it ends; what others decided stays as they decided it.
"""

from iriai.base.tx import Tx
from iriai.commons.breakglass import queries as breakglass
from iriai.commons.breakglass.rules import Act, State
from iriai.commons.cases.rules import Measure
from iriai.commons.charter.rules import Action
from iriai.commons.proposals import queries as proposals

WORDS = {
    Measure.LABEL: "A warning was put here",
    Measure.DELIST: "This was taken out of lists",
    Measure.GATE: "This was put behind a gate",
    Measure.FREEZE: "This was frozen",
    Measure.TOMBSTONE: "This was removed",
}


def said(measure: Measure, *, name: str, url: str) -> str:
    """What a case says on a repository, in one line."""
    return f"{WORDS[measure]} by a decision of {name}. See {url}"


def beside(ours: str | None, label: str, *, cases_url: str) -> str | None:
    """A label with the line of a case, or without one; the lines of others stay. Pure."""
    kept = [each for each in label.splitlines() if not _is_case(each, cases_url)]
    return "\n".join([ours, *kept] if ours else kept) or None


def _is_case(line: str, cases_url: str) -> bool:
    return cases_url in line and line.startswith(tuple(WORDS.values()))


def is_delisted_by_others(tx: Tx, commons_id: int, repo_id: int) -> bool:
    """Whether the members' newest decision leaves it out of lists, or an operator does."""
    for found in proposals.enacted(tx, commons_id, Action.RESOURCE_DELIST):
        done = found.options[found.chosen or 0].payload or {}
        if done.get("repo_id") == repo_id:
            return bool(done["delisted"])
    return any(
        each.act == Act.DELIST
        and each.undo.get("repo") == repo_id
        and each.state in (State.STANDING, State.RATIFIED)
        for each in breakglass.acts(tx, commons_id)
    )
