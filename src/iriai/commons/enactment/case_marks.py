"""What is said on a repository by others than a case, and stands beside what a case says. Pure.

Members label too. A case adds its own and takes that away when it ends; what others decided stays
as they decided it.
"""

from iriai.commons.cases.rules import Measure

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
