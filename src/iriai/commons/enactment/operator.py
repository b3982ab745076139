"""The operator's own hands, by the powers everybody has: logged, told, and undone in time.

An emergency that the commons does not ratify within its charter's days is undone by the clock;
what serves or restricts for a time has that end set from the first second.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons_queries
from iriai.commons.breakglass import actions, queries, rules
from iriai.commons.breakglass.rules import Act, Basis, State
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import cases, last_word
from iriai.commons.enactment.registry import Decision, Payload, enacts
from iriai.commons.enactment.resources import resource
from iriai.commons.enactment.weighing import weight
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import queries as proposals
from iriai.identity import powers as people
from iriai.identity import queries as identity
from iriai.identity.rules import Restriction, Role
from iriai.identity.tables import Account, Membership
from iriai.repos import guarded, powers
from iriai.repos.tables import RepoRow

NUMBER_DIGITS_MAX = 15


def break_glass(
    tx: Tx,
    commons: str,
    act: Act,
    target: str,
    *,
    reason: str,
    basis: Basis = Basis.EMERGENCY,
    sealed_until: datetime | None = None,
) -> OperatorAct:
    """Do something at once to what a commons holds, or to one of its people."""
    commons_id = commons_queries.commons(tx, commons).id
    commons_queries.lock(tx, commons_id)
    operator = charters.in_force(tx, commons_id).operator
    rules.require_may_break_glass(operator, basis)
    why = rules.clean_reason(reason)
    sealed = rules.clean_sealed_until(basis, sealed_until, tx.now)
    until = rules.lapses_at(operator, basis, act, tx.now)
    shown = why if sealed is None else last_word.UNSAID
    concerned: list[str] = []
    if act is Act.ADMINISTER:
        if basis is Basis.LEGAL_ORDER:
            _give_way(tx, commons_id, target)
        subject, undo = _administer(tx, commons_id, target, until)
        concerned = [each.name for each in _people(tx, commons_id)]
    else:
        subject, undo = _do(tx, commons_id, act, target, reason=shown, until=until)
    return actions.note(
        tx,
        commons_id,
        act,
        subject,
        basis=basis,
        reason=why,
        undo=undo,
        lapses_at=until,
        sealed_until=sealed,
        concerned=concerned,
    )


def take_back(tx: Tx, commons: str, number: int) -> OperatorAct:
    """The operator undoes what they did."""
    commons_id = commons_queries.commons(tx, commons).id
    commons_queries.lock(tx, commons_id)
    row = queries.act(tx, commons_id, number)
    actions.close(tx, row, State.TAKEN_BACK, by=actions.OPERATOR)
    _undo(tx, row)
    return row


def due(ground: Ground) -> None:
    """Undo emergencies that nobody ratified in time, and unseal what was sealed until now."""
    with ground.read() as tx:
        waiting = queries.due(tx, tx.now)
    for number in waiting:
        with ground.write() as tx:
            row = tx.session.get(OperatorAct, number)
            if row is None:
                continue
            commons_queries.lock(tx, row.commons_id)
            tx.session.refresh(row)
            if row.sealed_until is not None and row.sealed_until <= tx.now:
                actions.unseal(tx, row)
            over = row.lapses_at is not None and row.lapses_at <= tx.now
            if row.state == State.STANDING and over:
                actions.close(tx, row, State.LAPSED, by=actions.CLOCK, rule="operator.ratify_days")
                _undo(tx, row)


def _do(
    tx: Tx, commons_id: int, act: Act, target: str, *, reason: str, until: datetime | None
) -> tuple[str, dict[str, Any]]:
    """Do it. Returns the subject, and what was before."""
    undo: dict[str, Any]
    if act is Act.SUSPEND:
        account = identity.person(tx, target)
        organisation = membership.organisation_id(tx, commons_id)
        before = _restricted(tx, commons_id, account.id, until)
        undo = {"account": account.id, "organisation": organisation, "before": before}
        people.restrict(tx, account.id, organisation, Restriction.SUSPEND, until)
        return f"account/{account.name}", undo
    repo = resource(tx, commons_id, {"repo": target})
    guarded.require_ordinary(repo, hub=tx.ground.settings.url, act=f"touched ({act})")
    found = tx.session.get_one(RepoRow, repo.id, populate_existing=True)
    undo = {"repo": repo.id, "said": reason}
    unsaid = not last_word.has_spoken(tx, commons_id, act, repo.id)
    if act is Act.HOLD:
        if found.held_reason is not None:
            raise Conflict("This repository is held already.")
        powers.hold(tx, repo.id, reason=reason, until=until)
    elif act is Act.FREEZE:
        undo["frozen"] = found.frozen_reason if unsaid else None
        powers.freeze(tx, repo.id, reason)
    else:
        undo["delisted"] = found.is_delisted and unsaid
        powers.delist(tx, repo.id, is_delisted=True)
    return repo.subject, undo


def _give_way(tx: Tx, commons_id: int, target: str) -> None:
    """End the legal order by which somebody administers already: it is about to be given anew."""
    named_id = identity.person(tx, target).id
    for row in queries.acts(tx, commons_id):
        is_order = row.act == Act.ADMINISTER and row.basis == Basis.LEGAL_ORDER
        if is_order and row.state == State.STANDING and row.undo["account"] == named_id:
            actions.close(tx, row, State.TAKEN_BACK, by=actions.OPERATOR)
            _undo(tx, row)


def _administer(
    tx: Tx, commons_id: int, target: str, until: datetime | None
) -> tuple[str, dict[str, Any]]:
    """Make somebody administrator of an organisation that has none any more.

    The role ends by itself, by a legal order too; whoever is given it by others meanwhile has it
    without that end.
    """
    charter = charters.in_force(tx, commons_id)
    there = [each.name for each in membership.owners(tx, commons_id)]
    rules.require_ownerless(charter.commons, charter.is_collective, there)
    account = identity.person(tx, target)
    organisation = membership.organisation_id(tx, commons_id)
    if organisation is None:
        raise Conflict("The hub's own commons is administered by whoever operates the hub.")
    found = tx.session.get(Membership, (account.id, organisation))
    before = None if found is None else Role(found.role)
    undo = {
        "account": account.id,
        "organisation": organisation,
        "role": None if before is None else before.value,
        "ends": until is not None,
    }
    people.set_role_until(tx, account.id, organisation, Role.ADMIN, until=until, role_after=before)
    return f"account/{account.name}", undo


def _people(tx: Tx, commons_id: int) -> Sequence[identity.Member]:
    """Everybody with a role in the organisation."""
    organisation = membership.organisation_id(tx, commons_id)
    return [] if organisation is None else identity.members(tx, organisation)


def _restricted(
    tx: Tx, commons_id: int, account_id: int, until: datetime | None
) -> dict[str, Any] | None:
    """What others than a case took from somebody before; Conflict where it is as much already."""
    organisation = membership.organisation_id(tx, commons_id)
    present = people.restriction(tx, account_id, organisation)
    if present is None:
        return None
    if weight(present.kind, present.until) >= weight(Restriction.SUSPEND, until):
        raise Conflict("They are suspended already, and for as long.")
    if present.appeal_at.startswith(cases.cases_url(tx, commons_id)):
        return None  # a case's, which sees to it again; and whom it is about is not told here
    return {
        "kind": present.kind,
        "until": None if present.until is None else present.until.isoformat(),
        "appeal_at": present.appeal_at,
        "since": present.since.isoformat(),
    }


def _undo(tx: Tx, row: OperatorAct) -> None:
    """Undo what the act did and nobody has decided since: what the commons says stands."""
    undo = row.undo
    if row.act == Act.ADMINISTER:
        _undo_administer(tx, undo)
    elif row.act == Act.SUSPEND:
        _undo_suspend(tx, row)
        cases.settle_person(tx, row.commons_id, undo["account"])
    else:
        _undo_to_repo(tx, row, undo["repo"])
        cases.settle_repo(tx, row.commons_id, undo["repo"])


def _undo_administer(tx: Tx, undo: Mapping[str, Any]) -> None:
    present = tx.session.get(Membership, (undo["account"], undo["organisation"]))
    if present is None or present.role != Role.ADMIN:
        return  # somebody gave another role, or none, meanwhile
    if undo.get("ends") and present.until is None:
        return  # the owners gave it since, and it has no end
    role = None if undo["role"] is None else Role(undo["role"])
    people.set_role_until(tx, undo["account"], undo["organisation"], role)


def _undo_suspend(tx: Tx, row: OperatorAct) -> None:
    account_id, organisation = row.undo["account"], row.undo["organisation"]
    if not people.is_restricted_since(tx, account_id, organisation, row.done_at):
        return  # another decision has taken its place
    people.lift(tx, account_id, organisation)
    before = row.undo.get("before")
    if before is None or _is_undone(tx, row.commons_id, before["since"]):
        return
    until = None if before["until"] is None else datetime.fromisoformat(before["until"])
    is_case = before["appeal_at"].startswith(cases.cases_url(tx, row.commons_id))
    if not is_case and (until is None or until > tx.now):
        kind, appeal = Restriction(before["kind"]), before["appeal_at"]
        people.restrict(tx, account_id, organisation, kind, until, appeal_at=appeal)


def _is_undone(tx: Tx, commons_id: int, since: str) -> bool:
    """Whether what restricted before was an operator's act, which is over by now."""
    return any(
        each.done_at.isoformat() == since and each.state in (State.LAPSED, State.TAKEN_BACK)
        for each in queries.acts(tx, commons_id)
        if each.act == Act.SUSPEND
    )


def _undo_to_repo(tx: Tx, row: OperatorAct, repo_id: int) -> None:
    undo, commons_id = row.undo, row.commons_id
    _, frozen, held = powers.marks(tx, repo_id)
    said = (undo["said"],) if "said" in undo else (row.reason, last_word.UNSAID)
    if row.act == Act.HOLD:
        if held in said:
            powers.release(tx, repo_id)
    elif row.act == Act.FREEZE:
        otherwise = undo["frozen"]
        if frozen in said:
            wanted = last_word.frozen(tx, commons_id, repo_id, otherwise=otherwise)
            powers.freeze(tx, repo_id, wanted)
    else:
        otherwise = bool(undo["delisted"])
        wanted_off = last_word.is_delisted(tx, commons_id, repo_id, otherwise=otherwise)
        powers.delist(tx, repo_id, is_delisted=wanted_off)


# -- ratifying -----------------------------------------------------------------------------------


def _clean(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    try:
        number = int(str(payload["act"])[:NUMBER_DIGITS_MAX])
    except (KeyError, ValueError):
        raise Invalid("Which act of the operator? Name it by its number in the log.") from None
    row = queries.act(tx, commons_id, number)
    if row.state != State.STANDING:
        raise Conflict(f"This act is {row.state.replace('_', ' ')} already.")
    return {"act": number, "did": row.act, "subject": row.subject}


def _words(payload: Payload) -> str:
    return f"Ratify what the operator did: {payload['did']} {payload['subject']}"


def _require_others(tx: Tx, decision: Decision, named_id: int) -> None:
    """Whoever was named administrator is not the only one who wants it."""
    others = {each.id for each in _people(tx, decision.commons_id)} - {named_id}
    found = proposals.proposal(tx, decision.commons_id, decision.number)
    spoke = {found.proposer_id} | {each.account_id for each in found.seconds}
    named = tx.session.get_one(Account, named_id).name
    rules.require_ratified_by_others(named, bool(others), bool(others & spoke))


@enacts(Action.OPERATOR_RATIFY, clean=_clean, words=_words)
def ratify(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Let an operator's act stand: the commons has made it its own."""
    commons_queries.lock(tx, decision.commons_id)
    row = queries.act(tx, decision.commons_id, int(payload["act"]))
    if row.act == Act.ADMINISTER:
        _require_others(tx, decision, row.undo["account"])
    actions.close(tx, row, State.RATIFIED, by=decision.actor_name, **decision.cited)
    if row.act == Act.HOLD:
        kept = tx.session.get_one(RepoRow, row.undo["repo"], populate_existing=True)
        if kept.held_reason is None or not kept.held_is_gone:  # no case has removed it meanwhile
            said = str(row.undo.get("said", row.reason))
            powers.hold(tx, kept.id, reason=said, until=None)
        cases.settle_repo(tx, decision.commons_id, kept.id)
    elif row.act == Act.ADMINISTER:
        _keep_administrator(tx, row.undo)
    elif row.act == Act.SUSPEND:
        place = row.undo["organisation"]
        people.restrict(tx, row.undo["account"], place, Restriction.SUSPEND, None)


def _keep_administrator(tx: Tx, undo: Mapping[str, Any]) -> None:
    """Take the end off the role that the operator gave, unless it was changed meanwhile."""
    present = tx.session.get(Membership, (undo["account"], undo["organisation"]))
    if present is not None and present.role == Role.ADMIN:
        people.set_role_until(tx, undo["account"], undo["organisation"], Role.ADMIN)
