"""A proposal is made: by a member, or because the rules call for it. What it says is fixed here.

The way it goes is read off the charter in force and written beside it, so that later charters do
not touch it. Nothing is enacted here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from iriai.base.errors import Denied, Excessive
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import PANEL, Action, Charter, Path
from iriai.commons.counting import ballot_export
from iriai.commons.membership.speaker import Speaker
from iriai.commons.proposals import queries, rules, scope, steps, taking_part
from iriai.commons.proposals.rules import Kind, Proposal
from iriai.commons.proposals.steps import CLOCK
from iriai.commons.proposals.tables import OptionRow, ProposalRow
from iriai.identity.rules import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option that a proposal begins with: a candidate or a project."""

    words: str
    key: str
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What is put to the members of a commons: the typed action, and the words that say it.

    `procedure` names another one of the charter than the action's own. A ballot that begins with
    several `choices` has `seats` to fill, or a `budget` to divide.
    """

    action: Action
    payload: Mapping[str, Any]
    words: str
    title: str
    text: str = ""
    repo_id: int | None = None
    discussion: int | None = None
    procedure: str | None = None
    choices: Sequence[Choice] = ()
    seats: int | None = None
    budget: int | None = None


def propose(
    tx: Tx, actor: Actor, commons_id: int, motion: Motion, *, voice: int | str | None = None
) -> Proposal:
    """Propose a typed action to a commons; how it goes on is what its charter says of the action.

    `voice`: in whose name, as in `taking_part.require_taking_part`. Doors call
    `enactment.propose`, which cleans the payload.
    """
    commons.lock(tx, commons_id)  # before the rules and the count of what is open are read
    charter = charters.in_force(tx, commons_id)
    speaker = taking_part.require_taking_part(tx, actor, commons_id, charter, voice)
    scope.require_room(
        queries.count_open(tx, commons_id), queries.count_open(tx, commons_id, speaker.house)
    )
    made = _begin(tx, commons_id, charter, motion, speaker)
    facts: dict[str, Any] = {"action": motion.action, "title": made.title}
    taking_part.record(tx, actor, "proposed", made, speaker, **facts)
    taking_part.accept_if_decided(tx, made, actor, speaker)
    steps.wait(tx, made)
    return steps.advance(tx, made.id)


def call(tx: Tx, commons_id: int, motion: Motion, *, actor_name: str = CLOCK) -> Proposal:
    """Put something to the members that the rules themselves call for: an election, a recall.

    Nobody need second it.
    """
    made = _begin(tx, commons_id, charters.in_force(tx, commons_id), motion, None)
    steps.record(tx, actor_name, "called", made, action=motion.action, title=made.title)
    steps.wait(tx, made)
    return steps.advance(tx, made.id)


def _begin(
    tx: Tx, commons_id: int, charter: Charter, motion: Motion, proposer: Speaker | None
) -> ProposalRow:
    """The proposal's row and its options; how it is decided is fixed here."""
    name = motion.procedure or charter.actions[motion.action]
    if name == PANEL:
        raise Denied(
            f"The charter leaves {motion.action} to a panel drawn by lot, in a case; it cannot be "
            "proposed.",
            code="CharterSays",
        )
    terms = charter.decisions[name]
    fallback = charter.decisions.get(terms.on_objection) if terms.path is Path.LAZY else None
    if terms.path is Path.LAZY and (motion.seats or motion.budget is not None):
        terms, name = fallback or terms, terms.on_objection  # choosing among many is always a vote
    made = ProposalRow(
        commons_id=commons_id,
        number=_take_number(tx, commons_id),
        action=motion.action,
        title=rules.clean_title(motion.title),
        text=rules.clean_text(motion.text),
        state=rules.first_state(terms),
        state_at=tx.now,
        rule=f"decisions.{name}",
        charter=charters.version(tx, commons_id).digest,
        terms=rules.procedure_json(terms),
        seats=motion.seats,
        budget=motion.budget,
        seconds_needed=0,
        proposed_at=tx.now,
        repo_id=motion.repo_id,
        discussion=motion.discussion,
    )
    if fallback is not None:
        made.fallback = rules.procedure_json(fallback)
    if proposer is not None:
        made.proposer_id, made.institution_id = proposer.account_id, proposer.house_id
        made.seconds_needed = rules.seconds_needed(terms, others=taking_part.others(tx, made))
    tx.session.add(made)
    tx.session.flush()
    _add_options(tx, made, motion)
    return made


def _add_options(tx: Tx, row: ProposalRow, motion: Motion) -> None:
    """What was proposed, or each candidate or project; and what happens if nothing does."""
    terms = rules.procedure(row.terms)
    common = {"commons_id": row.commons_id, "proposal_id": row.id, "added_at": tx.now}
    places = [OptionRow(kind=Kind.PROPOSED, words=motion.words, ratio=terms.ratio, **common)]
    if motion.choices:
        if len(motion.choices) > rules.OPTIONS_MAX:
            raise Excessive(f"A ballot has at most {rules.OPTIONS_MAX} options.")
        kind = Kind.CANDIDATE if row.budget is None else Kind.PROJECT
        places = [
            OptionRow(
                kind=kind,
                words=each.words,
                key=each.key,
                cost=each.cost,
                ratio=terms.ratio,
                **common,
            )
            for each in motion.choices
        ]
    for place, option in enumerate(places):
        option.place, option.action, option.payload = place, row.action, dict(motion.payload)
        option.author_id = row.proposer_id
    if rules.method(terms, row.seats, row.budget) == ballot_export.A5:
        keep = rules.NONE_OF_THESE if motion.choices else rules.KEEP
        places.append(OptionRow(kind=Kind.KEEP, words=keep, place=len(places), **common))
    tx.session.add_all(places)


def _take_number(tx: Tx, commons_id: int) -> int:
    """The next number of a commons' proposals; its row is locked so that none is given twice."""
    commons.lock(tx, commons_id)
    asked = select(func.max(ProposalRow.number)).where(ProposalRow.commons_id == commons_id)
    return int(tx.connection.execute(asked).scalar_one() or 0) + 1
