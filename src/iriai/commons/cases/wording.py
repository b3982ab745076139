"""What happens next with a case or a panel, when, and where to object: one sentence each. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from iriai.commons.cases import rules
from iriai.commons.cases.bench import Form, SeatState, Sitting, Verdict
from iriai.commons.cases.rules import ANSWER_DAYS, Measure, State
from iriai.commons.cases.tables import CaseRow, HoldRow, PanelRow, SanctionRow
from iriai.commons.charter import phrases
from iriai.commons.charter.rules import Rung

RUNGS: Mapping[str, str] = {
    **{rung.value: said for rung, said in phrases.RUNGS.items()},
    Measure.LABEL: "a label",
    Measure.DELIST: "left out of lists",
    Measure.GATE: "a gate before it",
    Measure.FREEZE: "frozen",
    Measure.TOMBSTONE: "taken down for good",
}
OUTCOMES: Mapping[str, str] = {
    Verdict.UPHELD: "the panel upheld it",
    Verdict.VARIED: "the panel changed it",
    Verdict.OVERTURNED: "the panel overturned it",
}
SITTINGS: Mapping[str, str] = {
    Sitting.WAITING: "both sides may give words for the lot",
    Sitting.CLOSED: "about to be drawn",
    Sitting.SITTING: "it sits",
    Sitting.ANSWERED: "it has answered",
    Sitting.REPLACED: "it did not answer, and was replaced",
}
SEATS: Mapping[str, str] = {
    SeatState.ASKED: "was asked",
    SeatState.ACCEPTED: "sits",
    SeatState.DECLINED: "declined",
    SeatState.SILENT: "did not answer",
}
ACTS: Mapping[str, str] = {
    "report": "reported it",
    "triage": "looked at it",
    "charge": "told whoever it concerns",
    "answer": "answered",
    "propose": "asked a second steward to agree",
    "decide": "decided",
    "refer": "referred it to a panel",
    "dismiss": "dismissed it",
    "appeal": "appealed",
}
GROUNDS: Mapping[str, str] = {ground.value: said for ground, said in phrases.GROUNDS.items()}

CASES = (
    "Anybody who is signed in may report what is wrong; a steward looks at it, nothing is taken "
    "from anybody before they could answer, and every decision can be appealed to a panel drawn by "
    "lot."
)


def day(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def of_case(row: CaseRow, panel: PanelRow | None) -> str:
    """What happens next with a case."""
    state = State(row.state)
    if state in (State.REPORTED, State.TRIAGED):
        return (
            "Next a steward says what it is about, or dismisses it, each with reasons; whoever it "
            "concerns will then read it here and can answer."
        )
    if state is State.CHARGED and row.charged_at is not None:
        until = row.charged_at + timedelta(days=ANSWER_DAYS)
        return (
            f"Whoever is concerned can answer here until {day(until)}; then a steward decides, and "
            "that can be appealed."
        )
    if state is State.DISMISSED:
        return "Nothing follows. Whoever has new facts may report them again."
    if state is State.DECIDED and row.appeal_until is not None:
        return f"Whoever is concerned may appeal on this page until {day(row.appeal_until)}."
    if state in (State.APPEALED, State.REFERRED) and panel is not None:
        return of_panel(panel)
    if row.outcome is not None:
        return (
            "A panel has heard the appeal, and its word is the last. What was decided counts for "
            "less with time, if nothing else comes."
        )
    return "This is over; nothing more happens, and it counts for less with time."


def of_fading(given: SanctionRow, fade_days: int, now: datetime) -> str:
    """When what was decided counts for less, and when for nothing; empty where it does not."""
    if given.rung == Rung.EXPEL or given.ended_by == "overturned":
        return ""
    found = rules.fades(given.level, given.starts_at, fade_days, now=now)
    if found is None:
        over = given.starts_at + given.level * timedelta(days=fade_days)
        return f"It has faded since {day(over)}, and counts no more."
    if found.next_at == found.over_at:
        return f"If nothing else comes, it has faded on {day(found.over_at)}."
    return (
        f"If nothing else comes, it drops by a rung on {day(found.next_at)}, and has faded on "
        f"{day(found.over_at)}."
    )


def of_hold(row: HoldRow) -> str:
    """What happens next with a hold."""
    if row.ended_at is not None:
        return "It is over, and what was held is served again unless its case says otherwise."
    if row.placed_at is None:
        return f"It is in force once another steward agrees; else nothing comes of it {_by(row)}."
    if row.case_id is not None:
        return f"It lasts until its case is decided, {_by(row)} at the latest; object in the case."
    return (
        f"It lapses by itself {_by(row)} unless a case is opened about it, in which whoever is "
        "concerned is heard; object on this page, to any steward."
    )


def _by(row: HoldRow) -> str:
    return f"by {day(row.until)}"


def of_panel(panel: PanelRow) -> str:
    """What happens next with a panel."""
    state = Sitting(panel.state)
    if state in (Sitting.WAITING, Sitting.CLOSED):
        return (
            f"On {day(panel.closes_at)} the window closes; a panel is then drawn by lot from the "
            "next checkpoint of the log. Until then both sides may give or change their words for "
            "it."
        )
    if state is Sitting.SITTING and panel.due_at is not None:
        who = "Everybody votes" if panel.form == Form.VOTE else "The panel answers"
        return f"{who} until {day(panel.due_at)}; a panel that does not answer is replaced."
    if state is Sitting.REPLACED:
        return "This panel did not answer in time, and another was drawn in its place."
    return "The panel has answered, and its word is the last; its reasons are on its page."
