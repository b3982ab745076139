"""What is done with a proposal: seconded, objected to, given rivals, taken back, its tie broken.

Whatever is late is late by the clock, so a proposal moves on (`advance`) before anything else is
done with it. Nothing is enacted here: a passed proposal waits for `enactment`, which does it.
`making` has how it begins, `taking_part` who may do something, and in whose name.
"""

from collections.abc import Mapping
from typing import Any

from iriai.base.errors import Denied, Invalid
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Path
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import allowed, queries, rules, steps, taking_part
from iriai.commons.proposals.making import Choice, Motion, call, propose
from iriai.commons.proposals.rules import Kind, Proposal, State
from iriai.commons.proposals.steps import advance, mark_enact_failed, mark_enacted, supersede
from iriai.commons.proposals.tables import OptionRow
from iriai.commons.proposals.taking_part import require_taking_part
from iriai.identity.rules import Actor

__all__ = [
    "Choice",
    "Motion",
    "advance",
    "call",
    "mark_enact_failed",
    "mark_enacted",
    "propose",
    "require_taking_part",
    "supersede",
]

Voice = int | str | None
"""In whose name somebody speaks, by number or name; None as `speaking.speakers` says."""


def second(tx: Tx, actor: Actor, commons_id: int, number: int, *, voice: Voice = None) -> Proposal:
    """Stand behind another's proposal. Where a few decide at once, this is their word.

    Another's is also another institution's: one's own is not seconded by its own people.
    """
    found, row, speaker = taking_part.begin(tx, actor, commons_id, number, voice)
    allowed.require_may_second(found, speaker, tx.now)
    if found.terms.path is Path.AT_ONCE:
        taking_part.require_decides(found, speaker)
    taking_part.add_voice(tx, row, speaker, queries.SECOND)
    taking_part.record(tx, actor, "seconded", row, speaker)
    taking_part.accept_if_decided(tx, row, actor, speaker)
    steps.wait(tx, row)
    return steps.advance(tx, row.id)


def object_(
    tx: Tx, actor: Actor, commons_id: int, number: int, *, reason: str, voice: Voice = None
) -> Proposal:
    """Object with a reason; what would have passed lazily becomes a vote."""
    found, row, speaker = taking_part.begin(tx, actor, commons_id, number, voice)
    allowed.require_may_object(found, speaker, tx.now)
    reason = rules.clean_reason(reason)
    taking_part.add_voice(tx, row, speaker, queries.OBJECTION, reason)
    if found.state is State.OPEN and found.fallback is not None:
        terms = found.fallback
        row.terms, row.rule = rules.procedure_json(terms), f"decisions.{found.terms.on_objection}"
        row.seconds_needed = rules.seconds_needed(terms, others=taking_part.others(tx, row))
        steps.entered(tx, row, State.DELIBERATING)
    said = {"reason": reason}
    taking_part.record(tx, actor, "objected to", row, speaker, private=said)
    steps.wait(tx, row)
    return steps.advance(tx, row.id)


def rival(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    number: int,
    *,
    action: Action,
    payload: Mapping[str, Any],
    words: str,
    voice: Voice = None,
) -> Proposal:
    """Add another way to decide the same question; all options go on one ballot."""
    found, row, speaker = taking_part.begin(tx, actor, commons_id, number, voice)
    charter = charters.in_force(tx, commons_id)
    terms = rules.voted_on(charter, action)
    allowed.require_may_rival(found, tx.now, strictest=terms)
    if any(each.action is action and each.payload == payload for each in found.options):
        raise Invalid("This option is on the ballot already.")
    place = len(found.options) - 1  # the last one stays "keep as it is"
    keep = taking_part.option_rows(tx, row.id)[-1]
    keep.place = place + 1
    tx.flush()
    tx.session.add(
        OptionRow(
            commons_id=commons_id,
            proposal_id=row.id,
            place=place,
            kind=Kind.RIVAL,
            words=words,
            action=action,
            payload=dict(payload),
            ratio=terms.ratio,
            author_id=speaker.account_id,
            added_at=tx.now,
        )
    )
    taking_part.record(tx, actor, "added an option to", row, speaker, option=words)
    return queries.by_id(tx, row.id)


def withdraw(
    tx: Tx, actor: Actor, commons_id: int, number: int, *, voice: Voice = None
) -> Proposal:
    """Take one's own proposal back, or one's institution's, before the vote on it opens."""
    found, row, speaker = taking_part.begin(tx, actor, commons_id, number, voice)
    allowed.require_may_withdraw(found, speaker, tx.now)
    steps.ended(tx, row, State.WITHDRAWN)
    taking_part.record(tx, actor, "withdrew", row, speaker)
    return queries.by_id(tx, row.id)


def break_tie(tx: Tx, actor: Actor, commons_id: int, number: int, *, place: int) -> Proposal:
    """Give the casting vote that the charter names an office for."""
    found, row, speaker = taking_part.begin(tx, actor, commons_id, number)
    allowed.require_running(found, tx.now)
    role = found.terms.casting
    if found.state is not State.TIED or role is None:
        raise Invalid("Here is no tie to break.")
    if not membership.standing(tx, commons_id, speaker.account_id).holds(role):
        raise Denied(
            f"The charter gives the casting vote to the office {role}.", code="CharterSays"
        )
    if place not in found.tied:
        raise Invalid("This option is not among those that are tied.")
    option = found.options[place].words
    taking_part.record(tx, actor, "broke the tie in", row, speaker, option=option)
    steps.passed(tx, row, place, tx.now)
    return queries.by_id(tx, row.id)
