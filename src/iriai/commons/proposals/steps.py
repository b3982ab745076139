"""How a proposal moves on by itself: passed, opened to the vote, counted, ended. Each step once.

Every step locks the proposal's row and asks the rules what is due, so that of two workers, or of
a worker that died half-way and the one after it, exactly one does it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from iriai.base.tx import Tx
from iriai.commons.charter.rules import Path
from iriai.commons.counting import ballot_export
from iriai.commons.membership import actions as members
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import queries, rules
from iriai.commons.proposals.rules import Proposal, State, Step
from iriai.commons.proposals.tables import ProposalRow, SnapshotRow, TallyRow, UrnRow

CLOCK = "system:clock"
DUE = "commons.due"
"""The job that moves a proposal on at its deadline."""
ENACT = "commons.enact"
"""The job that does what was decided."""
FORGET = "commons.forget"
"""The job that has the database forget an urn that was counted."""
DIGEST_LENGTH = 16


def advance(tx: Tx, proposal_id: int) -> Proposal:
    """Do whatever is due with a proposal now. Only one transaction does each step."""
    row = queries.locked(tx, proposal_id)
    found = queries.by_id(tx, proposal_id)
    step = rules.step(found, tx.now)
    if step is None:
        return found
    when = found.due_at or tx.now
    if step is Step.PASS:
        passed(tx, row, 0, when)
    elif step is Step.OPEN_VOTE:
        _open_vote(tx, row, found)
    elif step is Step.COUNT:
        _count(tx, row, found)
    elif step is Step.LEAVE:
        ended(tx, row, State.FAILED, failure="It was a tie, and nobody gave the casting vote.")
        record(tx, CLOCK, "failed", row, reason=row.failure)
    else:
        reason = (
            "Nobody gave their word for it."
            if found.terms.path is Path.AT_ONCE
            else (f"{len(found.seconds)} of {found.seconds_needed} others stood behind it.")
        )
        ended(tx, row, State.FAILED, failure=reason)
        record(tx, CLOCK, "failed", row, reason=reason)
    return queries.by_id(tx, proposal_id)


def mark_enacted(tx: Tx, proposal_id: int, *, actor_name: str) -> None:
    """Note that a passed proposal is done, in the transaction that does it."""
    row = queries.locked(tx, proposal_id)
    row.state, row.state_at, row.enacted_at = State.ENACTED, tx.now, tx.now
    record(tx, actor_name, "enacted", row, action=row.action)


def mark_enact_failed(tx: Tx, proposal_id: int, *, actor_name: str, reason: str) -> None:
    """Note that a passed proposal could not be done, and why."""
    row = queries.locked(tx, proposal_id)
    if row.state == State.PASSED:
        ended(tx, row, State.ENACT_FAILED, failure=reason)
        record(tx, actor_name, "could not enact", row, reason=reason)


def supersede(tx: Tx, proposal_id: int, *, by: str) -> None:
    """End a running proposal that another decision has made pointless."""
    row = queries.locked(tx, proposal_id)
    if State(row.state) in rules.RUNNING:
        ended(tx, row, State.SUPERSEDED, failure=f"Superseded by {by}.")
        record(tx, CLOCK, "superseded", row, by=by)


def passed(tx: Tx, row: ProposalRow, place: int, when: datetime) -> None:
    """It is decided; from here on only enactment touches it."""
    row.chosen, row.closed_at = place, when
    entered(tx, row, State.PASSED)
    row.due_at = None
    record(tx, CLOCK, "passed", row)
    tx.enqueue(ENACT, {"proposal": row.id}, key=f"enact:{row.id}")


def ended(tx: Tx, row: ProposalRow, state: State, *, failure: str | None = None) -> None:
    """It is over, without being decided for."""
    row.closed_at = row.closed_at or tx.now
    row.failure = failure
    entered(tx, row, state)
    row.due_at = None


def entered(tx: Tx, row: ProposalRow, state: State) -> None:
    """It is in this state from now on."""
    row.state, row.state_at = state, tx.now


def wait(tx: Tx, row: ProposalRow) -> None:
    """Note when the next thing happens by itself, and ask to be woken then."""
    tx.flush()
    found = queries.by_id(tx, row.id)
    row.due_at = rules.due(found.terms, found.state, found.state_at, seconded=found.is_seconded)
    tx.session.flush()
    if row.due_at is not None:
        key = f"proposal:{row.id}:{row.due_at.isoformat()}"
        delay = max(row.due_at, tx.now) - tx.now
        tx.enqueue(DUE, {"proposal": row.id}, key=key, delay=delay)


def record(
    tx: Tx,
    name: str,
    verb: str,
    row: ProposalRow,
    *,
    private: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Say what happened to a proposal, by which rule of which charter."""
    subject = f"proposal/{queries.commons_name(tx, row.commons_id)}/{row.number}"
    facts |= {"rule": row.rule, "charter": row.charter[:DIGEST_LENGTH]}
    tx.record(row.commons_id, name, verb, subject, private=private, **facts)


def _open_vote(tx: Tx, row: ProposalRow, found: Proposal) -> None:
    """Fix who may vote, and open it for as long as the charter says from now on."""
    electors = [
        {"id": each.account_id, "votes": each.votes}
        for each in membership.electors(tx, row.commons_id)
        if each.votes > 0
    ]
    electors.sort(key=lambda each: each["id"])
    tx.session.add(SnapshotRow(proposal_id=row.id, commons_id=row.commons_id, electors=electors))
    if found.is_secret:
        tx.session.add(UrnRow(proposal_id=row.id, roll=[], ballots={}))
    row.opened_at = tx.now
    entered(tx, row, State.VOTING)
    record(tx, CLOCK, "opened the vote on", row, electors=len(electors))
    wait(tx, row)


def _count(tx: Tx, row: ProposalRow, found: Proposal) -> None:
    """Count once, publish ballots and working, and note what came of it."""
    sheet = queries.sheet(tx, found)
    if found.is_secret:
        sheet = replace(sheet, about={**(sheet.about or {}), "voted": queries.roll(tx, found)})
    published, count = ballot_export.as_json(sheet), ballot_export.count(sheet)
    tx.session.add(
        TallyRow(
            proposal_id=row.id,
            commons_id=row.commons_id,
            sheet=published,
            count=count,
            counted_at=tx.now,
        )
    )
    urn = tx.session.get(UrnRow, row.id)
    if urn is not None:
        for voter_id in urn.roll:  # now, for all alike: when each of them voted is not told
            members.note_activity(tx, row.commons_id, voter_id)
        tx.session.delete(urn)
        tx.enqueue(FORGET, {}, key=FORGET)
    facts = {"turnout": sheet.turnout, "electors": sheet.electors, "verdict": count["verdict"]}
    record(tx, CLOCK, "counted", row, **facts)
    state = rules.decided(count, found.terms)
    if state is State.PASSED:
        passed(tx, row, count["chosen"][0], found.due_at or tx.now)
        return
    if state is State.TIED:
        row.tied = count["leaders"]
        entered(tx, row, State.TIED)
        record(tx, CLOCK, "tied", row, casting=found.terms.casting)
        wait(tx, row)
        return
    reasons = {
        "kept": "Things stay as they are: more wanted that, or not enough wanted the change.",
        "tie": "It was a tie, and so things stay as they are.",
        "no_quorum": "Too few voted: the quorum was not met, and so things stay as they are.",
    }
    ended(tx, row, state, failure=reasons[count["verdict"]])
    record(tx, CLOCK, "failed", row, reason=row.failure)
