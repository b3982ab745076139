"""From an idea to a proposal: the payload is cleaned, put into words, and given to the members.

What is proposed is what will be done: the words on the ballot and the payload that is enacted come
from one place, the action's enactor.
"""

from typing import Any

from iriai.base.errors import Invalid
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import custody, payloads
from iriai.commons.enactment.custody import CUSTODY
from iriai.commons.enactment.registry import Payload, enactor
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals.actions import Motion
from iriai.commons.proposals.rules import TITLE_LENGTH_MAX, Proposal
from iriai.identity.rules import Actor

PULLS = {
    Action.RESOURCE_MERGE: "number",
    Action.CHARTER_AMEND: "pull",
    Action.CHARTER_AMEND_ENTRENCHED: "pull",
}
"""Which word of a payload is the pull request that a proposal is about."""


def clean_action(word: str) -> Action:
    """A typed action, from its word."""
    try:
        return Action(word)
    except ValueError:
        raise Invalid(f"There is no action called {word[:64]!r}.", code="ActionUnknown") from None


def propose(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    *,
    action: Action,
    payload: Payload,
    title: str = "",
    text: str = "",
    discussion: tuple[int, int] | None = None,
    voice: int | str | None = None,
) -> Proposal:
    """Propose a typed action. `discussion`: the repository's id and the thread's number.

    `voice`: the institution in whose name, by number or name.
    """
    # first: what somebody else could learn from a refusal of the payload is for members alone
    charter = charters.in_force(tx, commons_id)
    proposals.require_taking_part(tx, actor, commons_id, charter, voice)
    how = enactor(action)
    payloads.require_keys(action, payload)
    cleaned = how.clean(tx, commons_id, payload)
    words = how.words(cleaned)
    repo_id = cleaned.get("repo_id")
    thread = cleaned.get(PULLS.get(action, ""))
    if discussion is not None:
        repo_id, thread = discussion
    return proposals.propose(
        tx,
        actor,
        commons_id,
        Motion(
            action=action,
            payload=cleaned,
            words=words,
            title=title.strip() or _short(words),
            text=text,
            repo_id=repo_id,
            discussion=thread,
            procedure=custody.vote(charter) if CUSTODY in cleaned else None,
            **_ballot(how.choices(cleaned) if how.choices else None),
        ),
        voice=voice,
    )


def rival(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    number: int,
    *,
    action: Action,
    payload: Payload,
    voice: int | str | None = None,
) -> Proposal:
    """Add a rival option to a proposal that is being talked over."""
    how = enactor(action)
    if how.choices is not None:
        raise Invalid("An election or a budget round is a vote of its own.")
    charter = charters.in_force(tx, commons_id)
    proposals.require_taking_part(tx, actor, commons_id, charter, voice)
    payloads.require_keys(action, payload)
    cleaned = how.clean(tx, commons_id, payload)
    words = how.words(cleaned)
    return proposals.rival(
        tx,
        actor,
        commons_id,
        number,
        action=action,
        payload=cleaned,
        words=words,
        voice=voice,
    )


def _short(words: str) -> str:
    """A title for who gave none: the words, or their first sentence where they are many."""
    whole = words.rstrip(".")
    return whole if len(whole) <= TITLE_LENGTH_MAX else words.partition(". ")[0][:TITLE_LENGTH_MAX]


def _ballot(choices: Any) -> dict[str, Any]:
    if choices is None:
        return {}
    return {"choices": choices.options, "seats": choices.seats, "budget": choices.budget}
