"""Doing what was decided: each passed proposal once, in the transaction that marks it as done.

A worker may be killed at any instant, and two may take the same decision: whoever commits first has
done it, and everybody after finds it done. What cannot be done any more (the repository is gone,
the seat is filled) ends the decision as `enact_failed`, with the reason, for its proposer to read.
"""

import logging

from iriai.base.errors import HubError, Unavailable
from iriai.base.tx import CHANGED_MEANWHILE, Ground, Tx
from iriai.commons import queries as commons
from iriai.commons.enactment.registry import Decision, enactor
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals import queries
from iriai.commons.proposals.rules import Proposal, State

log = logging.getLogger(__name__)


class _Done(Exception):
    """Somebody else has enacted it in the meantime."""


def carry_out(ground: Ground, proposal_id: int) -> State:
    """Enact a passed proposal; one that is not passed, or is done, stays as it is."""
    with ground.read() as tx:
        found = queries.by_id(tx, proposal_id)
        decision = _decision(tx, found)
    if decision is None:
        return found.state
    try:
        _enact(ground, decision)
    except (_Done, Unavailable):
        raise
    except HubError as refused:
        if refused.code == CHANGED_MEANWHILE:
            raise  # it is as passed as before: the next round does it
        with ground.write() as tx:
            proposals.mark_enact_failed(
                tx, proposal_id, actor_name=decision.actor_name, reason=refused.message
            )
    with ground.read() as tx:
        return queries.by_id(tx, proposal_id).state


def carry_out_all(ground: Ground) -> int:
    """Enact whatever has passed. Returns how many there were."""
    with ground.read() as tx:
        waiting = queries.passed(tx)
    for proposal_id in waiting:
        try:
            carry_out(ground, proposal_id)
        except _Done:
            continue
        except Exception:  # one that cannot be done must not keep the others waiting
            log.exception("Decision %s could not be enacted.", proposal_id)
    return len(waiting)


def _enact(ground: Ground, decision: Decision) -> None:
    how = enactor(decision.action)

    def done(tx: Tx) -> None:
        proposals.mark_enacted(tx, decision.id, actor_name=decision.actor_name)

    if how.land is not None:

        def done_once(tx: Tx) -> None:
            _require_passed(tx, decision.commons_id, decision.id)
            done(tx)

        how.land(ground, decision, decision.payload, done_once)
        return

    def work(tx: Tx) -> None:
        _require_passed(tx, decision.commons_id, decision.id)
        if how.enact is not None:
            how.enact(tx, decision, decision.payload)
        done(tx)

    how.inside(ground, decision, work)


def _require_passed(tx: Tx, commons_id: int, proposal_id: int) -> None:
    """Whoever decides in a commons waits for its lock first, and then for a proposal's."""
    commons.lock(tx, commons_id)
    if queries.locked(tx, proposal_id).state != State.PASSED:
        raise _Done("This has been enacted already.")


def _decision(tx: Tx, found: Proposal) -> Decision | None:
    """What was decided, with what came of the vote where several were chosen."""
    if found.state is not State.PASSED or found.chosen is None:
        return None
    option = found.options[found.chosen]
    selected: tuple[str, ...] = ()
    if found.seats is not None or found.budget is not None:
        selected = _selected(tx, found)
    return Decision(
        id=found.id,
        commons_id=found.commons_id,
        commons=found.commons,
        number=found.number,
        action=option.action or found.action,
        payload=option.payload or {},
        rule=found.rule,
        charter=found.charter,
        selected=selected,
    )


def _selected(tx: Tx, found: Proposal) -> tuple[str, ...]:
    """The keys of the candidates or projects that were chosen, in the order of the ballot."""
    if found.opened_at is None:  # decided at once, without a vote: all that were named
        return tuple(each.key for each in found.options if each.key is not None)
    chosen = queries.tally(tx, found).count["chosen"]
    if found.is_ranked and found.chosen is not None:
        chosen = [found.chosen]
    keys = (found.options[place].key for place in chosen)
    return tuple(key for key in keys if key is not None)
