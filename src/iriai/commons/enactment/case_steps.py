"""The steps of cases, holds and panels by their words, as doors send them.

Each takes the fields of a form or of a JSON body. What may be done when, and by whom, is for the
rules of `commons/cases` to say.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.cases import actions, panels, queries
from iriai.commons.cases.bench import Matter
from iriai.commons.cases.tables import CaseRow, HoldRow, PanelRow
from iriai.commons.charter import queries as charters
from iriai.commons.enactment import cases
from iriai.gates import queries as gates
from iriai.gates.rules import Status
from iriai.identity.rules import Actor
from iriai.repos.rules import HeldBy, Repo

Given = Mapping[str, str]
Step = TypeVar("Step")


def report(tx: Tx, actor: Actor, given: Given, *, commons_id: int | None = None) -> CaseRow:
    """Report what is wrong. Fields: `subject`, `words`, `affected` if it concerns oneself."""
    return actions.report(
        tx,
        actor,
        subject=given.get("subject", ""),
        words=given.get("words", ""),
        commons_id=commons_id,
        is_affected=given.get("affected", "") in ("yes", "true", "on"),
    )


def _charge(tx: Tx, actor: Actor, found: CaseRow, given: Given) -> None:
    named = {name: given.get(name, "") for name in ("rule", "facts", "asked", "ground")}
    actions.charge(tx, actor, found, **named)


CASE_STEPS: dict[str, Callable[[Tx, Actor, CaseRow, Given], object]] = {
    "triage": lambda tx, actor, found, _: actions.triage(tx, actor, found),
    "dismiss": lambda tx, actor, found, given: cases.dismiss(
        tx, actor, found, reasons=given.get("reasons", "")
    ),
    "charge": _charge,
    "answer": lambda tx, actor, found, given: actions.answer(
        tx, actor, found, words=given.get("words", "")
    ),
    "decide": lambda tx, actor, found, given: cases.decide(
        tx, actor, found, rung=given.get("rung", ""), reasons=given.get("reasons", "")
    ),
    "refer": lambda tx, actor, found, given: actions.refer(
        tx, actor, found, words=given.get("words", "")
    ),
    "appeal": lambda tx, actor, found, given: cases.appeal(
        tx, actor, found, words=given.get("words", ""), string=given.get("string", "")
    ),
}

HOLD_STEPS: dict[str, Callable[[Tx, Actor, HoldRow], object]] = {
    "second": cases.second_hold,
    "lift": cases.lift_hold,
    "case": cases.open_case,
}

PANEL_STEPS: dict[str, Callable[[Tx, Actor, PanelRow, Given], object]] = {
    "string": lambda tx, actor, found, given: panels.commit_string(
        tx, actor, found, string=given.get("string", "")
    ),
    "accept": lambda tx, actor, found, _: panels.respond(tx, actor, found, accepts=True),
    "decline": lambda tx, actor, found, _: panels.respond(tx, actor, found, accepts=False),
    "verdict": lambda tx, actor, found, given: cases.say(
        tx,
        actor,
        found,
        verdict=given.get("verdict", ""),
        reasons=given.get("reasons", ""),
        rung=given.get("rung", ""),
    ),
}


def case_step(  # noqa: PLR0917 - an address, in its order
    tx: Tx, actor: Actor, commons_id: int, number: int, step: str, given: Given
) -> None:
    """Take a step of a case."""
    commons.lock(tx, commons_id)
    found = queries.row(tx, commons_id, number)
    queries.require_known(tx, actor, found)
    _known(CASE_STEPS, step)(tx, actor, found, given)


def hold_step(tx: Tx, actor: Actor, commons_id: int, number: int, step: str) -> None:
    """Take a step of a hold."""
    commons.lock(tx, commons_id)
    _known(HOLD_STEPS, step)(tx, actor, queries.hold(tx, commons_id, number))


def panel_step(  # noqa: PLR0917 - an address, in its order
    tx: Tx, actor: Actor, commons_id: int, number: int, step: str, given: Given
) -> None:
    """Take a step on a panel."""
    commons.lock(tx, commons_id)
    _known(PANEL_STEPS, step)(tx, actor, queries.panel(tx, commons_id, number), given)


def appeal_refusal(tx: Tx, actor: Actor, repo: Repo, *, words: str, string: str = "") -> PanelRow:
    """Appeal the refusal of access to a gated repository; a panel's yes opens the gate."""
    if repo.held_by is HeldBy.PERSON:
        raise Conflict("This belongs to a person, who alone says whom they let in.")
    commons.lock(tx, repo.commons_id)
    mine = gates.own(tx, actor, repo)
    if mine is None or mine.status is not Status.REJECTED or mine.handled_at is None:
        raise Conflict("Nothing was refused to you here that you could appeal.")
    charter = charters.in_force(tx, repo.commons_id)
    closes_at = mine.handled_at + timedelta(days=charter.appeals.window_days)
    present = queries.panel_of(tx, Matter.GATE, mine.id)
    if present is not None and present.opened_at >= mine.handled_at:
        raise Conflict("You have appealed this refusal already.")
    return panels.appeal(
        tx,
        actor,
        repo.commons_id,
        Matter.GATE,
        mine.id,
        words=words,
        string=string,
        closes_at=closes_at,
    )


def _known(steps: Mapping[str, Step], step: str) -> Step:
    found = steps.get(step)
    if found is None:
        raise Invalid(f"A step here is one of: {', '.join(steps)}.")
    return found
