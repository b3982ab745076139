"""Who takes part in a decision, and in whose name; and where a few decide at once, their word.

Members do, and who speaks for an institution that is one. Whatever is late is late by the clock,
so a proposal moves on (`steps.advance`) before anything else is done with it.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select

from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.commons.charter import phrases
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Charter, Path, Who
from iriai.commons.membership import actions as members
from iriai.commons.membership import queries as membership
from iriai.commons.membership import speaking
from iriai.commons.membership.speaker import Speaker
from iriai.commons.proposals import allowed, queries, rules, scope, steps
from iriai.commons.proposals.rules import Proposal, State
from iriai.commons.proposals.tables import OptionRow, ProposalRow, VoiceRow
from iriai.identity.rules import Act, Actor, Subject, require_may, require_reach, require_signed_in


def require_taking_part(
    tx: Tx, actor: Actor, commons_id: int, charter: Charter, voice: int | str | None = None
) -> Speaker:
    """Taking part in decisions is for members, with a session or a token that may decide.

    `voice`: in whose name, by number or name; without it as `speaking.speakers` says.
    """
    account_id = require_signed_in(actor)
    owner = membership.organisation_id(tx, commons_id) or 0
    require_may(actor, Act.DECIDE, Subject(owner, is_public=True))
    speaker = speaking.choose(tx, commons_id, account_id, voice)
    allowed.require_member(speaker is not None, charter.commons)
    assert speaker is not None  # noqa: S101 - or it would have been refused
    return speaker


def begin(
    tx: Tx, actor: Actor, commons_id: int, number: int, voice: int | str | None = None
) -> tuple[Proposal, ProposalRow, Speaker]:
    """A proposal moved on to where it is now, its row locked, for a member to do something."""
    charter = charters.in_force(tx, commons_id)
    speaker = require_taking_part(tx, actor, commons_id, charter, voice)
    proposal_id = queries.proposal(tx, commons_id, number).id
    found = steps.advance(tx, proposal_id)
    return found, queries.locked(tx, proposal_id), speaker


def record(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: ProposalRow,
    speaker: Speaker,
    *,
    private: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Say who did what with a proposal, and for which institution; it takes part by that too."""
    if speaker.is_for_institution:
        facts["institution"] = speaker.name
        members.note_activity(tx, row.commons_id, speaker.member_id)
    steps.record(tx, actor.name, verb, row, private=private, **facts)


def others(tx: Tx, row: ProposalRow) -> int:
    """How many could stand behind it besides its proposer, each institution once."""
    own = row.institution_id or row.proposer_id
    return len(speaking.houses(tx, row.commons_id) - {own})


def add_voice(tx: Tx, row: ProposalRow, speaker: Speaker, kind: str, reason: str = "") -> None:
    """Keep somebody's second or objection, and the institution with which it counts once."""
    tx.session.add(
        VoiceRow(
            commons_id=row.commons_id,
            proposal_id=row.id,
            account_id=speaker.account_id,
            institution_id=speaker.house_id,
            kind=kind,
            reason=reason,
            at=tx.now,
        )
    )
    tx.session.flush()


def accept_if_decided(tx: Tx, row: ProposalRow, actor: Actor, speaker: Speaker) -> None:
    """Where a few decide at once, their word passes it; where all owners do, that of each.

    Such a word is the deed itself, so a token that gives it must reach as far as settings.
    """
    terms = rules.procedure(row.terms)
    if terms.path is not Path.AT_ONCE:
        return
    repo_id = scope.about(option_rows(tx, row.id)[0].payload)
    if not rules.gives_word(Action(row.action), terms, speaker.standing, repo_id):
        return
    owner_id = membership.organisation_id(tx, row.commons_id) or 0
    require_reach(actor, Act.ADMINISTER, Subject(owner_id, repo_id))
    if terms.who is Who.ALL_OWNERS:
        tx.flush()
        asked = select(VoiceRow.account_id).where(
            VoiceRow.proposal_id == row.id, VoiceRow.kind == queries.SECOND
        )
        agreed = {*tx.connection.execute(asked).scalars(), row.proposer_id}
        if _others_asked(tx, row.commons_id, Action(row.action), agreed):
            return
    steps.passed(tx, row, 0, tx.now)


def awaited(tx: Tx, found: Proposal) -> list[str]:
    """Whose word is missing, by name, where all decide together and at once."""
    if found.state is not State.OPEN or found.terms.who is not Who.ALL_OWNERS:
        return []
    if found.terms.path is not Path.AT_ONCE:
        return []
    agreed = {*(each.account_id for each in found.seconds), found.proposer_id}
    return _others_asked(tx, found.commons_id, found.action, agreed)


def _others_asked(
    tx: Tx, commons_id: int, action: Action, agreed: Collection[int | None]
) -> list[str]:
    asked = {each.account_id: each.name for each in membership.electors(tx, commons_id)}
    if action in rules.AMENDING:
        asked |= dict(membership.choosing(tx, commons_id))
    return [name for number, name in asked.items() if number not in agreed]


def require_decides(found: Proposal, speaker: Speaker) -> None:
    """Where a few decide at once, a second is their word, and nobody else's."""
    about = scope.about(found.main.payload)
    if not rules.gives_word(found.action, found.terms, speaker.standing, about):
        raise Denied(
            f"The charter ({found.rule}) leaves this to {phrases.THOSE[found.terms.who]} of "
            f"{found.commons}.",
            code="CharterSays",
        )


def option_rows(tx: Tx, proposal_id: int) -> Sequence[OptionRow]:
    """The options of a proposal, in their places."""
    asked = select(OptionRow).where(OptionRow.proposal_id == proposal_id).order_by(OptionRow.place)
    return tx.session.scalars(asked).all()
