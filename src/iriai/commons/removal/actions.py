"""What is done with a request for removal. What becomes of the files is enacted above this."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.errors import Conflict, Denied
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries as membership
from iriai.commons.membership.reach import require_office_reach
from iriai.commons.membership.rules import STEWARD
from iriai.commons.removal import letters, queries, rules
from iriai.commons.removal.rules import State
from iriai.commons.removal.tables import RemovalRow
from iriai.identity.rules import Actor
from iriai.repos import guarded
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Repo, clean_path, unknown_revision

SOMEBODY = "somebody"
DIGEST_SHOWN = 12


def ask(
    tx: Tx, actor: Actor, repo: Repo, *, paths: str, words: str, contact: str = ""
) -> tuple[RemovalRow, str]:
    """Ask for data to be removed, with or without an account. Gives the code to follow it by."""
    repo_rules.require_see(actor, repo)
    if repo.head is None:
        raise unknown_revision("main")
    lines = [clean_path(line.strip()) for line in paths.splitlines() if line.strip()]
    guarded.require_rules_stay(repo, lines, hub=tx.ground.settings.url)
    unread, today = queries.waiting(tx, repo.commons_id, repo.id)
    rules.require_room(unread=unread, about_repo_today=today)
    charter = charters.in_force(tx, repo.commons_id)
    acknowledge_by, decide_by = rules.times(charter, tx.now)
    made = RemovalRow(
        commons_id=repo.commons_id,
        number=queries.next_number(tx, repo.commons_id),
        repo_id=repo.id,
        paths=rules.require_some(sorted(set(lines))),
        words=rules.clean_words(words, "What is to go, and why"),
        contact=contact.strip()[: rules.CONTACT_LENGTH_MAX],
        code="",
        asker_id=actor.id,
        since=repo.head,
        state=State.RECEIVED,
        received_at=tx.now,
        acknowledge_by=acknowledge_by,
        decide_by=decide_by,
    )
    tx.session.add(made)
    code = letters.code(tx.ground, made)
    made.code = rules.digest(code)
    tx.flush()
    tell(tx, made, SOMEBODY, "received", "removal.ack_days")
    return made, code


def acknowledge(tx: Tx, actor: Actor, found: RemovalRow) -> None:
    """Say that it was read; from now on the files are held."""
    mine = require_steward(tx, actor, found.commons_id)
    require_no_party(tx, mine, found)
    rules.require_state(State(found.state), State.RECEIVED)
    found.state, found.acknowledged_at, found.acknowledged_by = State.HELD, tx.now, mine
    tell(tx, found, actor.name, "acknowledged", "removal.ack_days")


def refuse(tx: Tx, by: str, found: RemovalRow, *, reason: str) -> None:
    """Say no, with the reason; the files stay held as long as that can be appealed."""
    rules.require_state(State(found.state), *rules.OPEN)
    found.reason = rules.clean_words(reason, "The reason")
    found.state, found.decided_at = State.REFUSED, tx.now
    window = charters.in_force(tx, found.commons_id).appeals.window_days
    found.appeal_until = tx.now + timedelta(days=window)
    tell(tx, found, by, "refused", "removal.decide_days", reason=found.reason)


def fulfilled(
    tx: Tx,
    by: str,
    found: RemovalRow,
    *,
    reason: str,
    new_revision: str | None,
    refs: Mapping[str, Any],
) -> None:
    """Write down that it was done. `refs`: where those of the repository are now."""
    rules.require_state(State(found.state), *rules.OPEN, State.REFUSED, State.APPEALED)
    found.state, found.decided_at, found.appeal_until = State.FULFILLED, tx.now, None
    found.reason, found.new_revision = reason, new_revision
    rule = "removal.decide_days"
    tell(tx, found, by, "fulfilled", rule, hidden=refs, reason=reason)


def appealed(tx: Tx, found: RemovalRow) -> None:
    """Write down that the refusal was appealed."""
    rules.require_state(State(found.state), State.REFUSED)
    found.state = State.APPEALED
    tell(tx, found, SOMEBODY, "appealed", "appeals.window_days")


def upheld(tx: Tx, by: str, found: RemovalRow) -> None:
    """Write down that the refusal stands, for good."""
    found.state, found.appeal_until = State.REFUSED, None
    tell(tx, found, by, "upheld", "appeals.panel")


def require_steward(tx: Tx, actor: Actor, commons_id: int) -> int:
    """Requests are dealt with by stewards, in a session or with a token that may decide."""
    mine = require_office_reach(tx, actor, commons_id)
    if not membership.standing(tx, commons_id, mine).holds(STEWARD):
        raise Denied("Requests are dealt with by the stewards of the commons.", code="NotASteward")
    return mine


def require_no_party(tx: Tx, actor_id: int, found: RemovalRow) -> None:
    """Nobody deals with what they have asked for themselves, unless there is nobody else."""
    others = {each.holder_id for each in membership.stewards(tx, found.commons_id)} - {actor_id}
    if actor_id == found.asker_id and others:
        raise Denied("You asked for this yourself; another steward decides.", code="PartyToCase")


def require_second(tx: Tx, actor_id: int, found: RemovalRow) -> None:
    """Where members decide, data goes by two: who holds it back, and another who takes it out."""
    if not charters.in_force(tx, found.commons_id).is_collective:
        return
    others = {each.holder_id for each in membership.stewards(tx, found.commons_id)}
    if not others - {actor_id, found.asker_id}:
        return
    if found.acknowledged_by is None:
        raise Conflict("Acknowledge the request first; then another steward takes the data out.")
    if found.acknowledged_by == actor_id:
        raise Denied(
            "You acknowledged this request, and nobody takes data out alone: another steward "
            "fulfils it.",
            code="SecondNeeded",
        )


def tell(
    tx: Tx,
    found: RemovalRow,
    actor: str,
    verb: str,
    rule: str,
    *,
    hidden: Mapping[str, Any] | None = None,
    **public: object,
) -> None:
    """Record what became of a request; what it is about stays private, and so does `hidden`."""
    name = charters.name_of(tx, found.commons_id)
    digest = charters.version(tx, found.commons_id).digest[:DIGEST_SHOWN]
    tx.record(
        found.commons_id,
        actor,
        verb,
        f"removal/{name}/{found.number}",
        private={"paths": list(found.paths), "repository": found.repo_id, **(hidden or {})},
        rule=rule,
        charter=digest,
        **public,
    )
    letters.announce(tx, found, verb)
