"""What is done with proposals: made, seconded, objected to, given rivals, taken back, moved on.

Whatever is late is late by the clock, so a proposal moves on (`advance`) before anything else is
done with it. Nothing is enacted here: a passed proposal waits for `enactment`, which does it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from iriai.base.errors import Denied, Excessive, Invalid
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import PANEL, Action, Charter, Path, Who
from iriai.commons.counting import ballot_export
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import Standing
from iriai.commons.proposals import queries, rules, scope, steps
from iriai.commons.proposals.rules import Kind, Proposal, State
from iriai.commons.proposals.steps import CLOCK, advance, mark_enact_failed, mark_enacted, supersede
from iriai.commons.proposals.tables import OptionRow, ProposalRow, VoiceRow
from iriai.commons.tables import Commons
from iriai.identity.rules import Act, Actor, Subject, require_may, require_reach, require_signed_in

__all__ = ["advance", "mark_enact_failed", "mark_enacted", "supersede"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option that a proposal begins with: a candidate or a project."""

    words: str
    key: str
    cost: int | None = None


def propose(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    *,
    action: Action,
    payload: Mapping[str, Any],
    words: str,
    title: str,
    text: str = "",
    repo_id: int | None = None,
    discussion: int | None = None,
    choices: Sequence[Choice] = (),
    seats: int | None = None,
    budget: int | None = None,
    procedure: str | None = None,
) -> Proposal:
    """Propose a typed action to a commons; how it goes on is what its charter says of the action.

    `procedure`: as in `call`. Doors call `enactment.propose`, which cleans the payload.
    """
    account_id = require_signed_in(actor)
    charter = charters.in_force(tx, commons_id)
    require_taking_part(tx, actor, commons_id, charter)
    scope.require_room(
        queries.count_open(tx, commons_id), queries.count_open(tx, commons_id, account_id)
    )
    made = _begin(
        tx,
        commons_id,
        charter,
        action=action,
        title=rules.clean_title(title),
        text=rules.clean_text(text),
        proposer=(account_id, actor.name),
        links={"repo_id": repo_id, "discussion": discussion},
        seats=seats,
        budget=budget,
        procedure=procedure,
    )
    _add_options(tx, made, payload, words, choices, account_id)
    steps.record(tx, actor.name, "proposed", made, action=action, title=made.title)
    _accept_if_decided(tx, made, actor)
    steps.wait(tx, made)
    return steps.advance(tx, made.id)


def call(
    tx: Tx,
    commons_id: int,
    *,
    action: Action,
    payload: Mapping[str, Any],
    words: str,
    title: str,
    text: str = "",
    procedure: str | None = None,
    repo_id: int | None = None,
    choices: Sequence[Choice] = (),
    seats: int | None = None,
    budget: int | None = None,
    actor_name: str = CLOCK,
) -> Proposal:
    """Put something to the members that the rules themselves call for: an election, a recall.

    Nobody need second it. `procedure` names another one of the charter than the action's own.
    """
    charter = charters.in_force(tx, commons_id)
    made = _begin(
        tx,
        commons_id,
        charter,
        action=action,
        title=rules.clean_title(title),
        text=rules.clean_text(text),
        proposer=None,
        links={"repo_id": repo_id, "discussion": None},
        seats=seats,
        budget=budget,
        procedure=procedure,
    )
    _add_options(tx, made, payload, words, choices, None)
    steps.record(tx, actor_name, "called", made, action=action, title=made.title)
    steps.wait(tx, made)
    return steps.advance(tx, made.id)


def second(tx: Tx, actor: Actor, commons_id: int, number: int) -> Proposal:
    """Stand behind another's proposal. Where a few decide at once, this is their word."""
    account_id = require_signed_in(actor)
    found, row = _taking_part(tx, actor, commons_id, number)
    rules.require_may_second(found, account_id, tx.now)
    if found.terms.path is Path.AT_ONCE:
        _require_decides(tx, found, account_id)
    _add_voice(tx, row, account_id, queries.SECOND)
    steps.record(tx, actor.name, "seconded", row)
    _accept_if_decided(tx, row, actor)
    steps.wait(tx, row)
    return steps.advance(tx, row.id)


def object_(tx: Tx, actor: Actor, commons_id: int, number: int, *, reason: str) -> Proposal:
    """Object with a reason; what would have passed lazily becomes a vote."""
    account_id = require_signed_in(actor)
    found, row = _taking_part(tx, actor, commons_id, number)
    rules.require_may_object(found, account_id, tx.now)
    reason = rules.clean_reason(reason)
    _add_voice(tx, row, account_id, queries.OBJECTION, reason)
    if found.state is State.OPEN and found.fallback is not None:
        terms = found.fallback
        row.terms, row.rule = rules.procedure_json(terms), f"decisions.{found.terms.on_objection}"
        row.seconds_needed = rules.seconds_needed(terms, others=_others(tx, row))
        steps.entered(tx, row, State.DELIBERATING)
    steps.record(tx, actor.name, "objected to", row, private={"reason": reason})
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
) -> Proposal:
    """Add another way to decide the same question; all options go on one ballot."""
    account_id = require_signed_in(actor)
    found, row = _taking_part(tx, actor, commons_id, number)
    charter = charters.in_force(tx, commons_id)
    terms = rules.voted_on(charter, action)
    rules.require_may_rival(found, tx.now, strictest=terms)
    if any(each.action is action and each.payload == payload for each in found.options):
        raise Invalid("This option is on the ballot already.")
    place = len(found.options) - 1  # the last one stays "keep as it is"
    keep = _option_rows(tx, row.id)[-1]
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
            author_id=account_id,
            added_at=tx.now,
        )
    )
    steps.record(tx, actor.name, "added an option to", row, option=words)
    return queries.by_id(tx, row.id)


def withdraw(tx: Tx, actor: Actor, commons_id: int, number: int) -> Proposal:
    """Take one's own proposal back, before the vote on it opens."""
    account_id = require_signed_in(actor)
    found, row = _taking_part(tx, actor, commons_id, number)
    rules.require_may_withdraw(found, account_id, tx.now)
    steps.ended(tx, row, State.WITHDRAWN)
    steps.record(tx, actor.name, "withdrew", row)
    return queries.by_id(tx, row.id)


def break_tie(tx: Tx, actor: Actor, commons_id: int, number: int, *, place: int) -> Proposal:
    """Give the casting vote that the charter names an office for."""
    account_id = require_signed_in(actor)
    found, row = _taking_part(tx, actor, commons_id, number)
    rules.require_running(found, tx.now)
    role = found.terms.casting
    if found.state is not State.TIED or role is None:
        raise Invalid("Here is no tie to break.")
    if not membership.standing(tx, commons_id, account_id).holds(role):
        raise Denied(
            f"The charter gives the casting vote to the office {role}.", code="CharterSays"
        )
    if place not in found.tied:
        raise Invalid("This option is not among those that are tied.")
    steps.record(tx, actor.name, "broke the tie in", row, option=found.options[place].words)
    steps.passed(tx, row, place, tx.now)
    return queries.by_id(tx, row.id)


def require_taking_part(tx: Tx, actor: Actor, commons_id: int, charter: Charter) -> Standing:
    """Taking part in decisions is for members, with a session or a token that may discuss."""
    account_id = require_signed_in(actor)
    owner = membership.organisation_id(tx, commons_id) or 0
    require_may(actor, Act.DISCUSS, Subject(owner, is_public=True))
    standing = membership.standing(tx, commons_id, account_id)
    rules.require_member(standing.is_member, charter.commons)
    return standing


def _taking_part(
    tx: Tx, actor: Actor, commons_id: int, number: int
) -> tuple[Proposal, ProposalRow]:
    """A proposal moved on to where it is now, its row locked, for a member to do something."""
    require_taking_part(tx, actor, commons_id, charters.in_force(tx, commons_id))
    proposal_id = queries.proposal(tx, commons_id, number).id
    found = steps.advance(tx, proposal_id)
    return found, queries.locked(tx, proposal_id)


def _begin(
    tx: Tx,
    commons_id: int,
    charter: Charter,
    *,
    action: Action,
    title: str,
    text: str,
    proposer: tuple[int, str] | None,
    links: Mapping[str, int | None],
    seats: int | None,
    budget: int | None,
    procedure: str | None = None,
) -> ProposalRow:
    name = procedure or charter.actions[action]
    if name == PANEL:
        raise Denied(
            f"The charter leaves {action} to a panel drawn by lot, in a case; it cannot be "
            "proposed.",
            code="CharterSays",
        )
    terms = charter.decisions[name]
    fallback = charter.decisions.get(terms.on_objection) if terms.path is Path.LAZY else None
    if terms.path is Path.LAZY and (seats or budget is not None):
        terms, name = fallback or terms, terms.on_objection  # choosing among many is always a vote
    made = ProposalRow(
        commons_id=commons_id,
        number=_take_number(tx, commons_id),
        action=action,
        title=title,
        text=text,
        state=rules.first_state(terms),
        state_at=tx.now,
        rule=f"decisions.{name}",
        charter=charters.version(tx, commons_id).digest,
        terms=rules.procedure_json(terms),
        seats=seats,
        budget=budget,
        seconds_needed=0,
        proposed_at=tx.now,
        **links,
    )
    if fallback is not None:
        made.fallback = rules.procedure_json(fallback)
    if proposer is not None:
        made.proposer_id = proposer[0]
        made.seconds_needed = rules.seconds_needed(terms, others=_others(tx, made))
    tx.session.add(made)
    tx.session.flush()
    return made


def _add_options(  # noqa: PLR0917 - whose, what, in which words, among which
    tx: Tx,
    row: ProposalRow,
    payload: Mapping[str, Any],
    words: str,
    choices: Sequence[Choice],
    author_id: int | None,
) -> None:
    """What was proposed, or each candidate or project; and what happens if nothing does."""
    terms = rules.procedure(row.terms)
    common = {"commons_id": row.commons_id, "proposal_id": row.id, "added_at": tx.now}
    places = [OptionRow(kind=Kind.PROPOSED, words=words, ratio=terms.ratio, **common)]
    if choices:
        if len(choices) > rules.OPTIONS_MAX:
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
            for each in choices
        ]
    for place, option in enumerate(places):
        option.place, option.action, option.payload = place, row.action, dict(payload)
        option.author_id = author_id
    if rules.method(terms, row.seats, row.budget) == ballot_export.A5:
        keep = rules.NONE_OF_THESE if choices else rules.KEEP
        places.append(OptionRow(kind=Kind.KEEP, words=keep, place=len(places), **common))
    tx.session.add_all(places)


def _accept_if_decided(tx: Tx, row: ProposalRow, actor: Actor) -> None:
    """Where a few decide at once, their word passes it; where all owners do, that of each.

    Such a word is the deed itself, so a token that gives it must reach as far as settings.
    """
    terms = rules.procedure(row.terms)
    if terms.path is not Path.AT_ONCE:
        return
    standing = membership.standing(tx, row.commons_id, require_signed_in(actor))
    repo_id = scope.about(_option_rows(tx, row.id)[0].payload)
    if not rules.decides_at_once(terms, standing, repo_id):
        return
    owner_id = membership.organisation_id(tx, row.commons_id) or 0
    require_reach(actor, Act.ADMINISTER, Subject(owner_id, repo_id))
    if terms.who is Who.ALL_OWNERS:
        tx.flush()
        asked = select(VoiceRow.account_id).where(
            VoiceRow.proposal_id == row.id, VoiceRow.kind == queries.SECOND
        )
        agreed = {*tx.connection.execute(asked).scalars(), row.proposer_id}
        if any(each.account_id not in agreed for each in membership.electors(tx, row.commons_id)):
            return
    steps.passed(tx, row, 0, tx.now)


def _require_decides(tx: Tx, found: Proposal, account_id: int) -> None:
    standing = membership.standing(tx, found.commons_id, account_id)
    if not rules.decides_at_once(found.terms, standing, scope.about(found.main.payload)):
        who = found.terms.who.replace("_", " ")
        raise Denied(
            f"The charter ({found.rule}) leaves this to the {who} of {found.commons}.",
            code="CharterSays",
        )


def _add_voice(tx: Tx, row: ProposalRow, account_id: int, kind: str, reason: str = "") -> None:
    tx.session.add(
        VoiceRow(
            commons_id=row.commons_id,
            proposal_id=row.id,
            account_id=account_id,
            kind=kind,
            reason=reason,
            at=tx.now,
        )
    )
    tx.session.flush()


def _others(tx: Tx, row: ProposalRow) -> int:
    """How many electors besides the proposer could stand behind it."""
    electors = membership.electors(tx, row.commons_id)
    return sum(1 for each in electors if each.account_id != row.proposer_id)


def _option_rows(tx: Tx, proposal_id: int) -> Sequence[OptionRow]:
    asked = select(OptionRow).where(OptionRow.proposal_id == proposal_id).order_by(OptionRow.place)
    return tx.session.scalars(asked).all()


def _take_number(tx: Tx, commons_id: int) -> int:
    """The next number of a commons' proposals; its row is locked so that none is given twice."""
    tx.connection.execute(select(Commons.id).where(Commons.id == commons_id).with_for_update())
    asked = select(func.max(ProposalRow.number)).where(ProposalRow.commons_id == commons_id)
    return int(tx.connection.execute(asked).scalar_one() or 0) + 1
