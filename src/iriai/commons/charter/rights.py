"""Who may do what with what a commons holds: the seven rights, computed from its charter. Pure.

Access, extraction, contribution, removal, management, exclusion, alienation: each a question that
somebody really asks, with its answers, the field that says so and where to act.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from iriai.commons.charter import phrases, words
from iriai.commons.charter.rules import PANEL, Action, Charter, Counter, Path, Right, Who


@dataclass(frozen=True, slots=True)
class Answer:
    """To one question: who may, and how; `action` is what one would propose.

    `brief` is the answer where the way in which it is decided, `way`, is explained elsewhere.
    """

    question: str
    answer: str
    field: str
    action: Action | None = None
    brief: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One right: its name, what it is, and its answers. `cells` has who has it, by standing."""

    right: str
    title: str
    answers: tuple[Answer, ...]
    cells: tuple[str, ...]


STANDINGS = ("anybody", "a member", "a maintainer", "a steward", "all together, by")
OWNED = ("anybody", "a reader", "a writer", "an administrator", "all administrators")


def standings(charter: Charter) -> tuple[str, ...]:
    """The columns of the table."""
    return STANDINGS if charter.is_collective else OWNED


def table(charter: Charter, *, electors: int = 0) -> list[Row]:
    """The seven rights, in the order of how much they take; so many people have a vote."""
    made = (
        ("access", "See it and read the rules", _access),
        ("extraction", "Download it", _extraction),
        ("contribution", "Add to it", _contribution),
        ("removal", "Take out what one gave", _removal),
        ("management", "Look after it", _management),
        ("exclusion", "Keep somebody out", _exclusion),
        ("alienation", "Give it away for good", _alienation),
    )
    return [
        Row(right, title, tuple(answers(charter, electors)), _cells(charter, at))
        for at, (right, title, answers) in enumerate(made)
    ]


def who(charter: Charter, action: Action, *, electors: int = 0) -> str:
    """Who can do this, in one sentence or two: the answer somebody looks for."""
    name = charter.actions[action]
    if name == PANEL:
        return f"Only {words.in_short(charter, name).removesuffix(' decides').rstrip(',')}."
    if not words.is_proposed(charter, action):
        return _BY_STEWARDS[action]
    found = charter.decisions[name]
    if found.path is Path.AT_ONCE:
        said = phrases.WHO[found.who]
        many = "" if found.who is not Who.ALL_OWNERS else "Only "
        return f"{many}{said if many else said[0].upper() + said[1:]}, at once; it is logged."
    how = words.in_short(charter, name, electors=electors, action=action)
    if found.path is Path.LAZY:
        return (
            f"Nobody alone. A member proposes it; {how}."
            if charter.is_collective
            else f"An administrator proposes it; {how}."
        )
    return f"Nobody alone. The members vote: {how}."


def in_brief(charter: Charter, action: Action) -> str:
    """The same without the days and numbers, which `words.ways` has once for all."""
    found = charter.procedure(action)
    if found is None or found.path is Path.AT_ONCE:
        return who(charter, action)
    if found.path is Path.LAZY:
        one = "a member" if charter.is_collective else "an administrator"
        return f"Nobody alone: {one} proposes it, and it is done unless somebody objects."
    if found.counter is Counter.EQUAL_SHARES:
        return "Nobody alone: the members vote among projects."
    ratio = "" if found.ratio == 1 else f", {found.ratio} to 1"
    return f"Nobody alone: the members vote{ratio}."


_BY_STEWARDS = {
    Action.MEMBER_SUSPEND: (
        "Nobody at a word: two stewards together, in a case. Whoever it concerns is told why, has "
        "time to answer, and can appeal to a panel drawn by lot."
    ),
    Action.REMOVAL_DECIDE: (
        "A steward holds the data back, and another one, where there is one, takes it out. A "
        "refusal can be appealed to a panel drawn by lot."
    ),
}


def _ask(charter: Charter, electors: int, question: str, action: Action) -> Answer:
    said = who(charter, action, electors=electors)
    one_proposes = charter.actions[action] != PANEL and words.is_proposed(charter, action)
    found = charter.procedure(action)
    explained = found is not None and found.path is not Path.AT_ONCE
    return Answer(
        question,
        said,
        f"actions.{action}",
        action if one_proposes else None,
        in_brief(charter, action),
        charter.actions[action] if explained else "",
    )


def _access(_charter: Charter, _electors: int) -> Iterator[Answer]:
    yield Answer(
        "Who can read the rules, the decisions and the log?",
        "Anybody, without an account.",
        "rights",
    )
    yield Answer(
        "Who can see a repository?",
        "Anybody, if it is public; the members, if it is private.",
        "actions.resource.visibility",
    )


def _extraction(charter: Charter, electors: int) -> Iterator[Answer]:
    yield Answer(
        "Who can download a model or dataset?",
        "Anybody, as its licence says; of a gated one, whoever was let in.",
        "gates",
    )
    yield _ask(charter, electors, "Who can set or lift a gate?", Action.RESOURCE_GATE)


def _contribution(charter: Charter, electors: int) -> Iterator[Answer]:
    yield Answer(
        "Who can open a discussion or a pull request?", "Anybody with an account.", "members"
    )
    yield _ask(charter, electors, "Who can make a repository in its name?", Action.RESOURCE_CREATE)


def _removal(charter: Charter, electors: int) -> Iterator[Answer]:
    if Right.REMOVE_OWN in charter.rights:
        yield Answer("Who can take out what they gave?", "Whoever gave it.", "rights")
    yield Answer(
        "Who can ask for data about themselves to be removed?",
        f"Anybody, without an account; it is decided within {charter.removal.decide_days} days.",
        "removal.decide_days",
    )
    yield _ask(charter, electors, "Who answers such a request?", Action.REMOVAL_DECIDE)


def _management(charter: Charter, electors: int) -> Iterator[Answer]:
    if charter.is_collective:
        yield Answer("Who can propose, second and object?", _speaks(charter), "members.kinds")
    yield _ask(charter, electors, "Who can merge a change?", Action.RESOURCE_MERGE)
    yield _ask(
        charter,
        electors,
        "Who can make a repository public or private?",
        Action.RESOURCE_VISIBILITY,
    )
    yield _ask(charter, electors, "Who can change the charter?", Action.CHARTER_AMEND)
    yield _ask(charter, electors, "Who can share out the pot?", Action.POOL_ALLOT_ROUND)


def _speaks(charter: Charter) -> str:
    """Who takes part in decisions before any vote; institutions do too."""
    said = "Any member. An institution that is one speaks through its stewards or administrators"
    if charter.members.kinds.institution:
        return f"{said}; all who are from it count as one."
    return f"{said}; here it has no vote."


def _exclusion(charter: Charter, electors: int) -> Iterator[Answer]:
    holds = charter.holds
    if charter.is_collective:
        yield Answer(
            "Who can stop something in an emergency?",
            f"{phrases.counted(holds.stewards, 'steward').capitalize()} together, for at most "
            f"{phrases.counted(holds.max_hours, 'hour')}; then it lapses.",
            "holds",
        )
    yield _ask(charter, electors, "Who can suspend a member?", Action.MEMBER_SUSPEND)
    yield _ask(charter, electors, "Who can expel a member?", Action.MEMBER_EXPEL)
    yield _ask(charter, electors, "Who can freeze a repository?", Action.RESOURCE_FREEZE)


def _alienation(charter: Charter, electors: int) -> Iterator[Answer]:
    yield _ask(
        charter, electors, "Who can delete a model, a dataset or a space?", Action.RESOURCE_DELETE
    )
    yield _ask(
        charter, electors, "Who can hand it over to somebody else?", Action.RESOURCE_TRANSFER
    )
    yield _ask(charter, electors, "Who can change its licence?", Action.RESOURCE_RELICENSE)
    if Right.FORK in charter.rights:
        yield Answer(
            "Who can go on elsewhere with a copy?", "Anybody, as licences allow.", "rights"
        )


_YES, _NO = "yes", ""
_DECIDED = (
    (Action.RESOURCE_VISIBILITY,),
    (Action.RESOURCE_GATE,),
    (Action.RESOURCE_CREATE,),
    (Action.REMOVAL_DECIDE,),
    (Action.RESOURCE_MERGE, Action.CHARTER_AMEND),
    (Action.MEMBER_SUSPEND, Action.MEMBER_EXPEL),
    (Action.RESOURCE_DELETE, Action.RESOURCE_TRANSFER, Action.RESOURCE_RELICENSE),
)


def _cells(charter: Charter, at: int) -> tuple[str, ...]:
    """Who has the right, by standing: what everybody may, and whom the charter lets act at once."""
    if not charter.is_collective:
        return _owned(charter, at)
    named = [charter.procedure(each) for each in _DECIDED[at]]
    at_once = {each.who for each in named if each is not None and each.path is Path.AT_ONCE}
    fixed = {
        0: (_YES, _YES, _YES, _YES),
        1: ("by licence and gate", _YES, _YES, _YES),
        2: ("report, discuss, propose", _YES, _YES, _YES),
        3: ("data about oneself", "own work", "own work", "own work"),
        4: (_NO, "propose", "propose", "propose"),
        5: (_NO, "object, vote", "answer requests", "hold"),
        6: ("fork", "fork, vote", "fork", "fork"),
    }[at]
    gained = (None, Who.MEMBERS, Who.MAINTAINERS, Who.STEWARDS)
    cells = [
        _YES if who is not None and who in at_once and at in (4, 6) else cell
        for who, cell in zip(gained, fixed, strict=True)
    ]
    decided = [charter.actions[each] for each in _DECIDED[at]]
    ways = dict.fromkeys(
        phrases.way(None if name == PANEL else charter.decisions[name])
        for name in decided
        if name == PANEL or charter.decisions[name].path is not Path.AT_ONCE
    )
    return (*cells, "; ".join(ways))


def _owned(charter: Charter, at: int) -> tuple[str, ...]:
    together = any(
        (found := charter.procedure(each)) is not None and found.who is Who.ALL_OWNERS
        for each in _DECIDED[at]
    )
    rows = (
        (_YES, _YES, _YES, _YES, _NO),
        ("by licence and gate", _YES, _YES, _YES, _NO),
        ("discuss, propose", "discuss, propose", _YES, _YES, _NO),
        ("data about oneself", "own work", "own work", _YES, _NO),
        (_NO, _NO, "merge", _YES, "the charter" if together else _NO),
        (_NO, _NO, _NO, _YES, _NO),
        ("fork", "fork", "fork", _YES, _NO),
    )
    return rows[at]
