"""What a commons decides about its pot: what there is, allotments, rounds, and reclaiming."""

from typing import Any

from iriai.base.errors import Conflict, Excessive, Invalid
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import serving, storage
from iriai.commons.enactment.registry import Choices, Decision, Payload, enacts
from iriai.commons.pot import powers, queries, rules, usage
from iriai.commons.pot.reports import Report
from iriai.commons.pot.rules import PROJECTS_MAX, Source, State, said
from iriai.commons.proposals.actions import Choice
from iriai.commons.queries import Named
from iriai.identity import queries as people

LINE_PARTS = 3


def _clean_declare(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    del tx, commons_id
    amount = str(payload.get("amount", "")).strip()
    return {
        "unit": rules.clean_unit(payload.get("unit")),
        "by": rules.clean_name(payload.get("by"), "who gives it"),
        "amount": 0 if amount == "0" else rules.clean_amount(amount),
    }


def _declared(payload: Payload) -> str:
    return f"{payload['by']} gives {said(payload['unit'], payload['amount'])} to the pot."


@enacts(Action.POOL_DECLARE, clean=_clean_declare, words=_declared)
def declare(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Say what somebody gives."""
    powers.declare(
        tx,
        decision.actor_name,
        decision.commons_id,
        decision.commons,
        unit=payload["unit"],
        by=payload["by"],
        amount=payload["amount"],
        cited=decision.cited,
    )
    storage.refresh(tx, decision.commons_id)


def _clean_small(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    one = _project(tx, commons_id, payload)
    cut = queries.slice_(tx, commons_id, rules.clean_unit(payload.get("unit")))
    rules.require_small(charters.in_force(tx, commons_id).pool, cut, one["amount"])
    return {"unit": cut.unit} | one


def _project(tx: Tx, commons_id: int, given: Payload) -> dict[str, Any]:
    name = people.account(tx, str(given.get("name", ""))).name
    if name not in queries.members(tx, commons_id):
        raise Invalid(f"{name} is no member; the pot is for members.")
    return {
        "name": name,
        "amount": rules.clean_amount(given.get("amount")),
        "project": rules.clean_name(given.get("project"), "what it is for"),
    }


def _small(payload: Payload) -> str:
    amount = said(payload["unit"], payload["amount"])
    return f"Allot {amount} to {payload['name']} for {payload['project']}."


@enacts(Action.POOL_ALLOT_SMALL, clean=_clean_small, words=_small)
def allot_small(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Put a single allotment into the queue, which is served at once as far as it goes."""
    _allot(tx, decision, payload["unit"], payload, Source.QUEUE)
    serving.serve(tx, decision.commons_id, decision.commons)
    storage.refresh(tx, decision.commons_id)


def _allot(tx: Tx, decision: Decision, unit: str, one: Payload, source: Source) -> None:
    if one["name"] not in queries.members(tx, decision.commons_id):
        raise Conflict(f"{one['name']} is no member any more.")
    powers.allot(
        tx,
        decision.actor_name,
        decision.commons_id,
        decision.commons,
        account_id=people.account(tx, one["name"]).id,
        holder=one["name"],
        unit=unit,
        amount=one["amount"],
        project=one["project"],
        source=source,
        cited=decision.cited,
    )


def _clean_round(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    cut = queries.slice_(tx, commons_id, rules.clean_unit(payload.get("unit")))
    projects = [_project(tx, commons_id, each) for each in _listed(payload.get("projects"))]
    if not projects:
        raise Invalid("A round needs projects: a line for each, as name; amount; what it is for.")
    if len(projects) > PROJECTS_MAX:
        raise Excessive(f"A round has at most {PROJECTS_MAX} projects.")
    return {"unit": cut.unit, "budget": cut.round_free, "projects": projects}


def _listed(given: Any) -> list[Payload]:
    """Projects as a list, or as lines of a form: `ada; 500; a speech corpus`."""
    if isinstance(given, list) and all(isinstance(each, dict) for each in given):
        return given
    found: list[Payload] = []
    for line in str(given or "").splitlines():
        if not line.strip():
            continue
        parts = [each.strip() for each in line.split(";", LINE_PARTS - 1)]
        if len(parts) != LINE_PARTS:
            raise Invalid(f"This is no project: {line[:80]!r}. Write name; amount; what it is for.")
        found.append(dict(zip(("name", "amount", "project"), parts, strict=True)))
    return found


def _round(payload: Payload) -> str:
    count, budget = len(payload["projects"]), said(payload["unit"], payload["budget"])
    return f"Share out {budget} among {count} projects, by Equal Shares."


def _choices(payload: Payload) -> Choices:
    options = tuple(
        Choice(
            words=f"{each['project']} ({each['name']}): {said(payload['unit'], each['amount'])}",
            key=str(place),
            cost=each["amount"],
        )
        for place, each in enumerate(payload["projects"])
    )
    return Choices(options, budget=payload["budget"])


@enacts(Action.POOL_ALLOT_ROUND, clean=_clean_round, words=_round, choices=_choices)
def allot_round(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Grant all that the round chose, or nothing."""
    for key in decision.selected:
        _allot(tx, decision, payload["unit"], payload["projects"][int(key)], Source.ROUND)
    storage.refresh(tx, decision.commons_id)


def _clean_reclaim(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    wanted = str(payload.get("allotment", ""))
    for each in queries.allotments(tx, commons_id):
        if str(each.id) == wanted and each.state is not State.RECLAIMED:
            words = f"{said(each.unit, each.amount)} of {each.holder} for {each.project}"
            return {"allotment": each.id, "words": words}
    raise Invalid("There is no such allotment in force; the page of the pot has their numbers.")


@enacts(
    Action.POOL_RECLAIM,
    clean=_clean_reclaim,
    words=lambda payload: f"Take back {payload['words']}. Nothing stored is deleted.",
)
def reclaim(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Take an allotment back."""
    powers.reclaim(
        tx,
        decision.actor_name,
        decision.commons_id,
        decision.commons,
        allotment_id=payload["allotment"],
        cited=decision.cited,
    )
    storage.refresh(tx, decision.commons_id)


def report_usage(tx: Tx, commons: Named, report: Report) -> None:
    """Write down what the operator's machines say was used, in the open."""
    usage.report(tx, commons.id, report.amounts)
    totals = {unit: sum(figures.values()) for unit, figures in report.amounts.items()}
    tx.record(commons.id, "system:operator", "reported", f"pot/{commons.name}", used=totals)
