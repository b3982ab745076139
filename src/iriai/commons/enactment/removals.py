"""What requests for removal do to files: held once acknowledged, gone once fulfilled.

A removal that is fulfilled writes the repository anew, outside any transaction, and shows it in
one: with it the request is fulfilled, the old revisions say that they were removed, and large
objects are no longer reachable through the repository.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from iriai.base.errors import Conflict, Denied, Invalid
from iriai.base.numbers import whole
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons
from iriai.commons.cases import panels
from iriai.commons.cases.bench import Matter, Verdict
from iriai.commons.cases.recording import CLOCK
from iriai.commons.cases.tables import PanelRow
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Path
from iriai.commons.enactment import cases, held_files
from iriai.commons.enactment.deciding import propose_url
from iriai.commons.enactment.registry import Decision, Done, Payload, lands
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import STEWARD
from iriai.commons.removal import actions, queries, rules
from iriai.commons.removal.rules import State
from iriai.commons.removal.tables import RemovalRow
from iriai.identity.rules import Actor
from iriai.repos import powers, purging, records

FULFIL = "removals.fulfil"
NUMBER_DIGITS_MAX = 9


def acknowledge(tx: Tx, actor: Actor, found: RemovalRow) -> None:
    """Acknowledge a request; its files are served to nobody from now on."""
    commons.lock(tx, found.commons_id)
    tx.session.refresh(found)
    actions.acknowledge(tx, actor, found)
    rules.require_known(found.repo_id)
    _hold(tx, found)


def decide(
    ground: Ground, actor: Actor, commons_id: int, number: int, *, fulfil: bool, reason: str
) -> None:
    """Decide at once, where the charter lets stewards or owners; else say where to propose it."""
    with ground.write() as tx:
        commons.lock(tx, commons_id)
        found = queries.row(tx, commons_id, number)
        mine = actions.require_steward(tx, actor, commons_id)
        actions.require_no_party(tx, mine, found)
        _require_at_once(tx, actor, commons_id)
        if fulfil:
            actions.require_second(tx, mine, found)
        cleaned = rules.clean_words(reason, "The reason")
        if not fulfil:
            actions.refuse(tx, actor.name, found, reason=cleaned)
            _hold(tx, found)
            return
    _fulfil(ground, commons_id, number, by=actor.name, reason=cleaned)


def _require_at_once(tx: Tx, actor: Actor, commons_id: int) -> None:
    procedure = charters.in_force(tx, commons_id).procedure(Action.REMOVAL_DECIDE)
    if procedure is not None and procedure.path is Path.AT_ONCE:
        return
    at = propose_url(tx.ground, charters.name_of(tx, commons_id), Action.REMOVAL_DECIDE)
    raise Denied(
        f"By its charter (actions.{Action.REMOVAL_DECIDE}) this commons decides on removals "
        f"together, not {actor.name} alone. Propose it at {at}",
        code="CharterSays",
    )


def _fulfil(
    ground: Ground, commons_id: int, number: int, *, by: str, reason: str, also: Done | None = None
) -> None:
    with ground.read() as tx:
        found = queries.row(tx, commons_id, number)
        repo_id, paths, since = rules.require_known(found.repo_id), list(found.paths), found.since
        where = (
            f"{ground.settings.url}/commons/{charters.name_of(tx, commons_id)}/removals/{number}"
        )

    def done(tx: Tx, head: str | None) -> None:
        fresh = queries.row(tx, commons_id, number)
        refs = records.where_refs_are(tx, repo_id)
        actions.fulfilled(tx, by, fresh, reason=reason, new_revision=head, refs=refs)
        for path in paths:
            held_files.settle(tx, commons_id, repo_id, path)
        powers.withhold(tx, repo_id)
        tx.enqueue("cards.refresh", {"repo_id": repo_id}, key=f"card:{repo_id}")
        if also is not None:
            also(tx)

    said = f"This revision was removed: {reason} See {where}"
    first = partial(commons.lock, commons_id=commons_id)
    purging.purge(ground, repo_id, paths, since=since, reason=said, first=first, done=done)


def appeal(tx: Tx, actor: Actor, found: RemovalRow, *, code: str, words: str) -> PanelRow:
    """Appeal a refusal, with the code of the request or by who asked."""
    if not (queries.has_code(found, code) or (actor.id and actor.id == found.asker_id)):
        raise rules.not_yours()
    commons.lock(tx, found.commons_id)
    tx.session.refresh(found)
    if found.appeal_until is None or tx.now >= found.appeal_until:
        raise Conflict("The time to appeal this is over.")
    actions.appealed(tx, found)
    return panels.open_panel(
        tx,
        found.commons_id,
        Matter.REMOVAL,
        found.id,
        appellant_id=found.asker_id,
        words=rules.clean_words(words, "Why it is wrong"),
        closes_at=found.appeal_until,
    )


def _concluded(tx: Tx, panel: PanelRow) -> None:
    found = queries.by_id(tx, panel.matter_id)
    if panel.verdict == Verdict.UPHELD:
        actions.upheld(tx, f"panel/{panel.number}", found)
        _release(tx, found)
        return
    payload = {"removal": found.id, "by": f"panel/{panel.number}"}
    tx.enqueue(FULFIL, payload, key=f"removal:{found.id}")


cases.CARRIED[Matter.REMOVAL] = _concluded


def fulfil_as_told(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Do what a panel decided; a second time there is nothing left to do."""
    with ground.read() as tx:
        found = queries.by_id(tx, int(payload["removal"]))
        if found.state == State.FULFILLED:
            return
        commons_id, number = found.commons_id, found.number
    _fulfil(ground, commons_id, number, by=str(payload["by"]), reason="A panel decided so.")


def due(ground: Ground) -> None:
    """Serve again what was refused for good; keep the bytes of what waits."""
    with ground.read() as tx:
        waiting = [(each.id, each.commons_id) for each in queries.held(tx) if _is_final(tx, each)]
    for removal_id, commons_id in waiting:
        with ground.write() as tx:
            commons.lock(tx, commons_id)
            found = queries.by_id(tx, removal_id)
            if _is_final(tx, found) and _release(tx, found):
                about = f"removal/{charters.name_of(tx, found.commons_id)}/{found.number}"
                tx.record(found.commons_id, CLOCK, "served again", about)


def _is_final(tx: Tx, found: RemovalRow) -> bool:
    over = found.appeal_until is None or tx.now >= found.appeal_until
    return found.state == State.REFUSED and over


def _hold(tx: Tx, found: RemovalRow) -> None:
    if found.repo_id is None:
        return
    for path in found.paths:
        held_files.settle(tx, found.commons_id, found.repo_id, path)


def _release(tx: Tx, found: RemovalRow) -> bool:
    """Serve the files again that were held for it alone. Returns whether any was."""
    repo_id, paths = found.repo_id, found.paths
    if repo_id is None:
        return False
    released = [held_files.settle(tx, found.commons_id, repo_id, path) for path in paths]
    return any(released)


def _clean(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    procedure = charters.in_force(tx, commons_id).procedure(Action.REMOVAL_DECIDE)
    if procedure is not None and procedure.path is Path.AT_ONCE:
        raise Invalid("Stewards decide on it at once, on the page of the request.")
    number = whole(str(payload.get("removal")), digits_max=NUMBER_DIGITS_MAX)
    if number is None:
        raise Invalid("Name the request by its number.")
    found = queries.row(tx, commons_id, number)
    rules.require_state(State(found.state), *rules.OPEN)
    reason = rules.clean_words(str(payload.get("reason", "")), "The reason")
    wanted = payload.get("fulfil") in (True, "yes", "true", "on")
    if wanted:
        rules.require_known(found.repo_id)
    return {"removal": found.number, "fulfil": wanted, "reason": reason}


def _words(payload: Payload) -> str:
    what = "Remove" if payload["fulfil"] else "Refuse to remove"
    return f"{what} the data of request {payload['removal']}: {payload['reason']}"


@lands(Action.REMOVAL_DECIDE, clean=_clean, words=_words)
def _land(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    """Do what a commons decided about a request."""
    number, reason = int(payload["removal"]), str(payload["reason"])
    if payload["fulfil"]:
        _fulfil(
            ground, decision.commons_id, number, by=decision.actor_name, reason=reason, also=done
        )
        return
    with ground.write() as tx:
        commons.lock(tx, decision.commons_id)
        found = queries.row(tx, decision.commons_id, number)
        actions.refuse(tx, decision.actor_name, found, reason=reason)
        _hold(tx, found)
        done(tx)


def may_decide(tx: Tx, actor: Actor, commons_id: int) -> bool:
    """Whether somebody deals with requests here."""
    return membership.standing(tx, commons_id, actor.id).holds(STEWARD)
