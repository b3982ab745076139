"""A vote as Belenios wants it: its questions, and ballots that `belenios-tool` counts. Pure.

For a contested election whose members do not trust the hub's operator with their ballots, the
questions go to a Belenios server (`belenios-tool setup election --template`). Published ballots of
a vote here can be counted by Belenios, too: `belenios-tool method schulze --nchoices N`.
"""

from typing import Any

from iriai.commons.counting.ballot_export import A5, Sheet


def template(sheet: Sheet, *, administrator: str = "", contact: str = "") -> dict[str, Any]:
    """The questions of an election: ranked ones as a list to number, others as ticks."""
    about = sheet.about or {}
    title = str(about.get("title", "A vote"))
    answers = [each.text for each in sheet.options]
    plain = {"question": title, "answers": answers}
    question: dict[str, Any] = (
        {"type": "NonHomomorphic", "value": plain}
        if sheet.method == A5
        else {**plain, "min": 0, "max": len(answers)}
    )
    return {
        "version": 1,
        "description": f"Proposal {about.get('proposal', '')} of {about.get('commons', '')}",
        "name": title,
        "questions": [question],
        "administrator": administrator or str(about.get("commons", "")),
        "credential_authority": contact or "server",
    }


def ballots(sheet: Sheet) -> list[list[int]]:
    """The ballots as ranks, 1 the best; what was left unranked is last, equally."""
    last = len(sheet.options) + 1
    return [
        [last if mark is None else mark for mark in each.marks]
        for each in sheet.ballots
        for _ in range(each.votes)
    ]
