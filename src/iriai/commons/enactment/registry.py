"""What a commons can decide to do, and how each of it is done: one enactor for each typed action.

A part registers its enactors in a module of its own here, `enactment/<part>.py`:

    @enacts(Action.MEMBER_ADMIT, clean=_clean, words=_words)
    def admit(tx: Tx, decision: Decision, payload: Payload) -> None:
        powers.admit(tx, …)

`clean` is called when the action is proposed: it gives the payload in its one accepted form, or
says what is wrong with it. `words` says in one plain sentence what will be done, as members read it
before they agree. The function does it, in the very transaction that marks the decision as enacted;
a `HubError` that it raises undoes it all, and the decision ends as `enact_failed` with its reason.

`inside` opens that transaction where it is no plain one: what ends `solo` lands a commit with it.

What moves a branch writes its packs before any transaction opens, so it cannot be done inside one.
Such an enactor is registered by `lands`: it gets the ground, and calls `done(tx)` inside the
transaction that moves the branch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iriai.base.errors import Invalid
from iriai.base.tx import Ground, Tx
from iriai.commons.charter.rules import Action
from iriai.commons.proposals.actions import Choice
from iriai.identity.rules import Actor

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a commons has decided: a passed proposal, by its number in that commons.

    `rule` is the dotted field of the charter by which it was decided, `charter` that charter's
    digest; events cite both, and `decision=decision.reference`. `selected`: the keys of those
    who were chosen, where candidates or projects stood for election.
    """

    id: int
    commons_id: int
    commons: str
    number: int
    action: Action
    payload: Payload
    rule: str
    charter: str
    selected: tuple[str, ...] = ()

    @property
    def actor_name(self) -> str:
        """Under which name the log has what it does."""
        return f"system:decision/{self.commons}/{self.number}"

    @property
    def reference(self) -> str:
        """How events cite it."""
        return f"{self.commons}/{self.number}"

    @property
    def actor(self) -> Actor:
        """Whoever powers are told is acting: nobody in particular, by this decision."""
        return Actor(id=None, name=self.actor_name, is_operator=True)

    @property
    def cited(self) -> dict[str, Any]:
        """What each event of this decision says of it."""
        return {"rule": self.rule, "charter": self.charter, "decision": self.reference}


@dataclass(frozen=True, slots=True)
class Choices:
    """What an action puts on the ballot instead of itself: candidates for `seats`, or projects."""

    options: tuple[Choice, ...]
    seats: int | None = None
    budget: int | None = None


Enact = Callable[[Tx, Decision, Payload], None]
Done = Callable[[Tx], None]
Land = Callable[[Ground, Decision, Payload, Done], None]
Clean = Callable[[Tx, int, Payload], dict[str, Any]]
Words = Callable[[Payload], str]
Inside = Callable[[Ground, Decision, Callable[[Tx], None]], None]
Choosing = Callable[[Payload], Choices | None]


def plainly(ground: Ground, _decision: Decision, work: Callable[[Tx], None]) -> None:
    """Do it in a transaction of its own."""
    with ground.write() as tx:
        work(tx)


@dataclass(frozen=True, slots=True)
class Enactor:
    """How one typed action is proposed, said and done. One of `enact` and `land` is there."""

    action: Action
    clean: Clean
    words: Words
    enact: Enact | None = None
    land: Land | None = None
    choices: Choosing | None = None
    inside: Inside = plainly


ENACTORS: dict[Action, Enactor] = {}


def enacts(
    action: Action,
    *,
    clean: Clean,
    words: Words,
    choices: Choosing | None = None,
    inside: Inside = plainly,
) -> Callable[[Enact], Enact]:
    """Register how an action is done inside the transaction that marks it as done.

    `choices` gives the candidates or projects that stand for election, from the clean payload.
    """

    def register(enact: Enact) -> Enact:
        _add(Enactor(action, clean, words, enact=enact, choices=choices, inside=inside))
        return enact

    return register


def lands(action: Action, *, clean: Clean, words: Words) -> Callable[[Land], Land]:
    """Register how an action is done that moves a branch, and calls `done` as it lands."""

    def register(land: Land) -> Land:
        _add(Enactor(action, clean, words, land=land))
        return land

    return register


def enactor(action: Action) -> Enactor:
    """How this action is proposed and done."""
    found = ENACTORS.get(action)
    if found is None:
        raise Invalid(f"This hub cannot do {action} yet.", code="ActionUnknown")
    return found


def can_enact(action: Action) -> bool:
    """Whether this hub knows how to do this."""
    return action in ENACTORS


def _add(made: Enactor) -> None:
    if made.action in ENACTORS:
        raise LookupError(f"{made.action} is enacted by two functions.")
    ENACTORS[made.action] = made
