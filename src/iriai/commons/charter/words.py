"""A charter in plain words: what it says, section by section, and how things are decided. Pure.

`sections` is the page that members read; `differences` says what changes between two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from iriai.commons.charter import phrases
from iriai.commons.charter.rules import PANEL, Action, Charter, Path, Role


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, the field of the file that says so, and whether the hub enforces it yet."""

    text: str
    field: str
    is_enforced: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together, under a heading that is a question."""

    key: str
    title: str
    lines: tuple[Line, ...]


UNENFORCED = ("openness", "licences.drift", "actions.peer.add")
"""What may be agreed on already, before there is an engine for it."""


GROUPS = (4, 25, 100)
"""Sizes of groups by which a quorum is explained."""


def sections(charter: Charter, *, electors: int = 0) -> list[Section]:
    """The whole charter, to be read by the people whom it binds; so many of them have a vote."""
    made = [
        ("members", "Who belongs?", _members),
        ("decisions", "How is it decided?", lambda each: _decisions(each, electors)),
        ("actions", "What takes which decision?", _actions),
        ("roles", "Who looks after the day?", _roles),
        ("licences", "What may be kept here?", _resources),
        ("sanctions", "What if somebody breaks the rules?", _sanctions),
        ("removal", "How is data taken out again?", _removal),
        ("pool", "How is the pot shared?", _pool),
        ("rights", "What does every member keep?", _rights),
    ]
    return [Section(key, title, tuple(lines(charter))) for key, title, lines in made]


def in_short(
    charter: Charter, procedure: str, *, electors: int = 0, action: Action | None = None
) -> str:
    """How decisions of one class are reached, in one sentence without an end."""
    if procedure == PANEL:
        many = phrases.counted(charter.appeals.panel, "person").removesuffix(" persons")
        return f"a panel of {many}, drawn by lot, decides"
    found = charter.decisions.get(procedure)
    if found is None:
        return procedure
    after = charter.decisions.get(found.on_objection)
    fills = charter.actions[Action.SEAT_FILL] == procedure
    return phrases.procedure(
        found,
        electors=electors,
        objection="a vote" if after is not None and after.path is Path.VOTE else "",
        is_seats=fills and action in (None, Action.SEAT_FILL),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """A way in which something is decided together: its name in the file, and how it goes."""

    name: str
    title: str
    text: str


def ways(charter: Charter, *, electors: int = 0) -> list[Way]:
    """The ways in which more than one person decides, as far as an action takes them."""
    taken = dict.fromkeys(charter.actions.values())
    return [
        Way(name, phrases.way(found).capitalize(), in_short(charter, name, electors=electors))
        for name in taken
        if (found := charter.decisions.get(name)) is not None and found.path is not Path.AT_ONCE
    ]


def _members(charter: Charter) -> Iterator[Line]:
    if not charter.is_collective:
        yield Line("Its owners: the administrators of the organisation.", "preset")
        return
    kinds = charter.members.kinds
    for name, votes in (("person", kinds.person), ("institution", kinds.institution)):
        one = "A person who is a member" if name == "person" else "An institution that is a member"
        many = phrases.counted(votes, "vote") if votes else "no vote"
        yield Line(f"{one} has {many}.", f"members.kinds.{name}")
    admit = charter.members.admit
    ways = [phrases.counted(admit.sponsors, "member") + " who vouch for them"]
    if admit.or_contributions:
        ways.append(phrases.counted(admit.or_contributions, "contribution") + " that were merged")
    yield Line(
        f"A newcomer needs {' or '.join(ways)}; then {in_short(charter, admit.decision)}.",
        "members.admit",
    )
    wait = charter.members.elector_after_days
    yield Line(
        f"After {phrases.counted(wait, 'day')} a member has a vote."
        if wait
        else "A member has a vote at once.",
        "members.elector_after_days",
    )
    away = phrases.counted(charter.members.emeritus_after_days, "day")
    yield Line(
        f"Who is away for {away} is no longer counted among those who must vote, and returns by "
        "one click.",
        "members.emeritus_after_days",
    )
    share = charter.members.max_share_per_institution
    if share < 1:
        yield Line(
            f"One institution has at most {phrases.share(share)} of the votes and of a panel.",
            "members.max_share_per_institution",
        )


def _decisions(charter: Charter, electors: int) -> Iterator[Line]:
    used = set(charter.actions.values()) | {charter.members.admit.decision}
    used |= {each.on_objection for each in charter.decisions.values() if each.path is Path.LAZY}
    used |= {each for role in charter.roles.values() for each in _of_role(role)}
    for name, procedure in charter.decisions.items():
        note = "" if name in used else " Nothing takes this way at present."
        said = in_short(charter, name, electors=electors)
        yield Line(f"“{name}”: {said}.{note}", f"decisions.{name}")
        if procedure.casting:
            yield Line(f"A tie is broken by the {procedure.casting}.", f"decisions.{name}.casting")
    if charter.is_collective:
        yield Line("A tie keeps things as they are.", "decisions")
    yield from _quorums(charter)


def _quorums(charter: Charter) -> Iterator[Line]:
    """How many are needed in groups of some sizes, for each factor that is used."""
    votes = [each for each in charter.decisions.values() if each.path is Path.VOTE]
    for factor in sorted({each.quorum_factor for each in votes if each.quorum_factor}):
        one = next(each for each in votes if each.quorum_factor == factor)
        those = phrases.listed(
            [f"of {each} at least {phrases.least(one, each)}" for each in GROUPS]
        )
        names = [name for name, each in charter.decisions.items() if each in votes]
        some = [f"“{name}”" for name in names if charter.decisions[name].quorum_factor == factor]
        yield Line(
            f"For {phrases.listed(some)} so many of those who have a vote are needed, so that a "
            f"few do not decide for all: {those}; never more than there are, and "
            "who is away for long does not count.",
            "quorum",
        )


def _of_role(role: Role) -> list[str]:
    recalls = role.recall.decision if role.recall else None
    return [each for each in (role.elected_by, role.granted_by, recalls) if each]


_HOW = {Path.AT_ONCE: "{way}, at once", Path.LAZY: "Unless somebody objects", Path.VOTE: "By {way}"}


def _actions(charter: Charter) -> Iterator[Line]:
    ways = dict.fromkeys(charter.actions.values())
    for name in ways:
        doing = [_doing(charter, each) for each, taken in charter.actions.items() if taken == name]
        found = charter.decisions.get(name)
        how = "By {way}" if found is None else _HOW[found.path]
        title = how.format(way=phrases.way(found))
        named = "" if name == PANEL else f" (“{name}”)"
        said = f"{title[0].upper()}{title[1:]}{named}: {phrases.listed(doing)}."
        yield Line(said, f"actions → {name}")
    for name, way in charter.later.items():
        yield Line(f"“{name}” takes “{way}”.", f"actions.{name}", is_enforced=False)


_BY_STEWARDS = {
    Action.MEMBER_SUSPEND: "two together, in a case",
    Action.REMOVAL_DECIDE: "one holds it back, another takes it out",
}


def is_proposed(charter: Charter, action: Action) -> bool:
    """Whether a proposal begins it: some things stewards do in a case or on a request instead."""
    found = charter.procedure(action)
    at_once = found is not None and found.path is Path.AT_ONCE
    return not (charter.is_collective and at_once and action in _BY_STEWARDS)


def _doing(charter: Charter, action: Action) -> str:
    said = phrases.ACTIONS[action]
    return said if is_proposed(charter, action) else f"{said} ({_BY_STEWARDS[action]})"


def _roles(charter: Charter) -> Iterator[Line]:
    if not charter.roles:
        yield Line("Its owners do.", "roles")
    for name, role in charter.roles.items():
        yield Line(phrases.role(name, role), f"roles.{name}")
        if role.recall is not None:
            yield Line(
                f"If {phrases.share(role.recall.petition)} of the electors ask for it, a {name} is "
                f"recalled or kept by vote (“{role.recall.decision}”).",
                f"roles.{name}.recall",
            )


def _resources(charter: Charter) -> Iterator[Line]:
    allow = charter.licences.allow
    said = f"What has one of these licences: {phrases.listed(allow)}." if allow else "Any licence."
    yield Line(said, "licences.allow")
    drift = "is refused" if charter.licences.drift == "block" else "is pointed out"
    yield Line(
        f"A change that drops a duty of the licence it builds on {drift}.",
        "licences.drift",
        is_enforced=False,
    )
    openness = charter.openness
    if openness.min_mof_class is not None:
        yield Line(
            f"A model reaches class {openness.min_mof_class} of the Model Openness Framework.",
            "openness.min_mof_class",
            is_enforced=False,
        )
    if openness.data_card is not None:
        said = f"A card for each dataset is {openness.data_card}."
        yield Line(said, "openness.data_card", is_enforced=False)
    gates = charter.gates
    yield Line(
        f"Who asks for a gated repository is answered within {gates.answer_days} days; a refusal "
        f"says why, goes to {'a panel' if gates.appeal == PANEL else gates.appeal} if they appeal, "
        f"and they may ask again after {phrases.counted(gates.reapply_days, 'day')}.",
        "gates",
    )


def _sanctions(charter: Charter) -> Iterator[Line]:
    steps = [phrases.step(each) for each in charter.sanctions.ladder]
    said = f"One rung after the other: {phrases.listed(steps, word='and then')}."
    yield Line(said, "sanctions.ladder")
    fade = phrases.counted(charter.sanctions.fade_days, "day")
    yield Line(f"After {fade} without another, one drops by a rung.", "sanctions.fade_days")
    if charter.sanctions.stay_on_appeal:
        yield Line(
            "Whoever appeals is left in peace until it is judged.", "sanctions.stay_on_appeal"
        )
    appeals = charter.appeals
    yield Line(
        f"One may appeal for {phrases.counted(appeals.window_days, 'day')}; a panel of "
        f"{appeals.panel}, drawn by lot among the uninvolved, answers within "
        f"{phrases.counted(appeals.answer_days, 'day')}.",
        "appeals",
    )
    holds = charter.holds
    yield Line(
        f"{phrases.counted(holds.stewards, 'steward').capitalize()} can stop something at once "
        f"because of {phrases.listed([phrases.GROUNDS[each] for each in holds.grounds], word='or')}"
        f", for at most {phrases.counted(holds.max_hours, 'hour')}; then it lapses by itself.",
        "holds",
    )


def _removal(charter: Charter) -> Iterator[Line]:
    removal = charter.removal
    yield Line(
        "Anybody can ask for it, without an account. It is acknowledged within "
        f"{phrases.counted(removal.ack_days, 'day')} and decided within "
        f"{phrases.counted(removal.decide_days, 'day')}; mirrors are told within "
        f"{phrases.counted(removal.mirrors_hours, 'hour')}.",
        "removal",
    )


def _pool(charter: Charter) -> Iterator[Line]:
    pool = charter.pool
    yield Line(
        f"Of what there is, {phrases.share(pool.floor_share)} is everybody's without asking, in "
        f"equal parts; {phrases.share(pool.queue_share)} is granted one by one, to whoever has "
        f"least (the queue); and {phrases.share(pool.round_share)} is shared out in rounds in "
        "which all vote.",
        "pool",
    )
    yield Line(
        f"A request of up to {phrases.share(pool.small_share)} of what is free counts as small.",
        "pool.small_share",
    )
    yield Line(
        f"What nobody used for {phrases.counted(pool.reclaim_cold_days, 'day')} is moved aside, "
        f"after a notice of {phrases.counted(pool.notice_days, 'day')}. It is not deleted.",
        "pool.reclaim_cold_days",
    )


def _rights(charter: Charter) -> Iterator[Line]:
    for right in charter.rights:
        yield Line(phrases.RIGHTS[right] + ".", "rights")
    operator = charter.operator
    said = (
        "Whoever runs the machines may act alone in an emergency; it is logged, and undone after "
        f"{phrases.counted(operator.ratify_days, 'day')} unless the members ratify it."
        if operator.break_glass
        else "Whoever runs the machines may not act alone, even in an emergency."
    )
    yield Line(said, "operator")
