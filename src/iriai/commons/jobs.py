"""The clock of the commons: what is due is written down, and what was decided is done.

Nothing waits for this clock to *end*: rights, votes and holds are judged by the time when they are
asked about. It only moves on what has come to its end, every minute and at each known deadline.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.errors import HubError, Unavailable
from iriai.base.jobs import PutOffError, job
from iriai.base.tx import Ground
from iriai.commons import enactment
from iriai.commons.enactment import alone, cases, people_clock, removals, storage, succession
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals import queries, steps, voting
from iriai.commons.removal import letters

EVERY = timedelta(seconds=60)
RESTING_EVERY = timedelta(days=1)

log = logging.getLogger(__name__)


@job("commons.tick", every=EVERY)
def tick(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Move on all that is due, in every commons, and enact what has passed."""
    del payload
    with ground.read() as tx:
        waiting = queries.due(tx, tx.now)
    for proposal_id in waiting:
        try:
            move_on(ground, proposal_id)
        except Unavailable:
            raise
        except Exception:  # one that cannot move must not stop the clock for all others
            log.exception("Proposal %s could not be moved on.", proposal_id)
    voting.keep_forgetting(ground)
    enactment.carry_out_all(ground)
    people_clock.due(ground)
    cases.due(ground)
    removals.due(ground)
    storage.due(ground)
    enactment.hold_what_is_due(ground)
    enactment.operator.due(ground)


@job("commons.rest", every=RESTING_EVERY)
def rest(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Let those rest who did not take part for long."""
    del payload
    people_clock.rest_inactive(ground)


@job(steps.DUE)
def due(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Move one proposal on at its deadline."""
    move_on(ground, int(payload["proposal"]))


@job(steps.FORGET)
def forget(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Have the database forget an urn that was counted; again, while a reader is in the way."""
    del payload
    if not voting.forget_what_was(ground):
        raise PutOffError(ground.clock() + EVERY)


@job(steps.ENACT)
def enact(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Do what one proposal decided."""
    carry(ground, int(payload["proposal"]))


def move_on(ground: Ground, proposal_id: int) -> None:
    """Do every step that is due with a proposal."""
    with ground.write() as tx:
        proposals.advance(tx, proposal_id)


def carry(ground: Ground, proposal_id: int) -> None:
    """Enact a decision, unless another worker was faster."""
    try:
        enactment.carry_out(ground, proposal_id)
    except Unavailable:
        raise
    except HubError as done:
        log.info("Decision %s: %s", proposal_id, done.message)


@job(alone.FOLLOW, every=succession.EVERY)
def follow(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Land the charters that came into force because there is a second member."""
    del payload
    succession.due(ground)


@job(removals.FULFIL)
def fulfil(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Take data out of a repository because a panel said so."""
    removals.fulfil_as_told(ground, payload)


@job(letters.LETTER)
def write_to_who_asked(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Tell who asked for a removal what became of it."""
    letters.send(ground, payload)
