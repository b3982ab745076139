"""Random charters: whole ones, and such as differ a little from another."""

from dataclasses import fields, replace
from types import MappingProxyType

from hypothesis import strategies as st

from iriai.commons.charter import presets
from iriai.commons.charter import rules as r
from iriai.commons.charter.fields import LIMITS, Between

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: name != r.PANEL)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
LICENCES = st.sampled_from(["Apache-2.0", "MIT", "CC-BY-4.0", "LicenseRef-NOODL-1.0", "null-1"])
FIXED = {(r.Charter, "charter"), (r.Pool, "round_share"), (r.Appeals, "panel")}


def number(kind, field, *, whole=True):
    limit = LIMITS[kind, field]
    assert isinstance(limit, Between)
    if whole:
        return st.integers(int(max(limit.least, 0)), int(limit.most))
    return st.integers(max(1, int(limit.least * 100)), int(limit.most * 100)).map(
        lambda hundredths: hundredths / 100
    )


@st.composite
def procedures(draw, path, votes):
    made = r.Procedure(path=path)
    if path is r.Path.AT_ONCE:
        return replace(made, who=draw(st.sampled_from([r.Who.OWNERS, r.Who.ALL_OWNERS])))
    if path is r.Path.LAZY:
        return replace(
            made,
            hours=draw(number(r.Procedure, "hours")),
            second=draw(number(r.Procedure, "second")),
            on_objection=draw(st.sampled_from(votes)),
        )
    return replace(
        made,
        deliberate_days=draw(number(r.Procedure, "deliberate_days")),
        vote_days=draw(number(r.Procedure, "vote_days")),
        ratio=draw(number(r.Procedure, "ratio")),
        quorum_factor=draw(number(r.Procedure, "quorum_factor", whole=False)),
        ballot=draw(st.sampled_from(r.Ballots)),
        counter=draw(st.sampled_from(r.Counter)),
    )


@st.composite
def charters(draw):
    """A charter of owners with anything in it that such a charter can have."""
    votes = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    others = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True).map(set))
    ways = {name: draw(procedures(r.Path.VOTE, votes)) for name in votes}
    for name in sorted(others - set(votes)):
        path = draw(st.sampled_from([r.Path.AT_ONCE, r.Path.LAZY]))
        ways[name] = draw(procedures(path, votes))
    roles = {name: draw(role(votes)) for name in draw(st.lists(NAMES, max_size=2, unique=True))}
    return r.Charter(
        commons="afro",
        preset=draw(st.sampled_from([r.Preset.SOLO, r.Preset.OWNERS])),
        parent=draw(st.none() | st.builds(r.Parent, commons=NAMES, digest=DIGESTS)),
        members=draw(members()),
        roles=MappingProxyType(roles),
        decisions=MappingProxyType(ways),
        actions=MappingProxyType({each: draw(st.sampled_from(sorted(ways))) for each in r.Action}),
        licences=draw(licences()),
        gates=draw(numbers(r.Gates())),
        sanctions=draw(sanctions()),
        holds=replace(draw(numbers(r.Holds())), grounds=draw(some(r.Ground))),
        appeals=draw(numbers(r.Appeals())),
        removal=draw(numbers(r.Removal())),
        pool=draw(numbers(replace(r.Pool(), floor_share=0.3, queue_share=0.5), shares=False)),
        rights=draw(some(r.Right)),
        operator=replace(draw(numbers(r.Operator())), break_glass=draw(st.booleans())),
        later=MappingProxyType(draw(st.just({}) | st.just({"peer.add": votes[0]}))),
    )


def some(kind):
    return st.sets(st.sampled_from(kind)).map(lambda found: tuple(e for e in kind if e in found))


@st.composite
def role(draw, votes):
    recall = st.builds(
        r.Recall, petition=number(r.Recall, "petition", whole=False), decision=st.just(votes[0])
    )
    return r.Role(
        seats=draw(st.none() | number(r.Role, "seats")),
        term_days=draw(number(r.Role, "term_days")),
        max_terms=draw(st.none() | number(r.Role, "max_terms")),
        elected_by=draw(st.none() | st.sampled_from(votes)),
        recall=draw(st.none() | recall),
    )


@st.composite
def members(draw):
    return replace(
        draw(numbers(r.Members())),
        kinds=r.Kinds(person=draw(number(r.Kinds, "person")), institution=1),
        max_share_per_institution=draw(number(r.Members, "max_share_per_institution", whole=False)),
    )


@st.composite
def licences(draw):
    allow = tuple(draw(st.lists(LICENCES, unique=True)))
    return r.Licences(allow=allow, drift=draw(st.sampled_from(r.Drift)))


@st.composite
def sanctions(draw):
    rungs = draw(some(r.Rung).filter(bool))
    timed = (r.Rung.THROTTLE, r.Rung.WRITE, r.Rung.SUSPEND)
    steps = [
        r.Step(rung=each, days=draw(number(r.Step, "days")) if each in timed else None)
        for each in rungs
    ]
    return replace(
        draw(numbers(r.Sanctions())), ladder=tuple(steps), stay_on_appeal=draw(st.booleans())
    )


@st.composite
def numbers(draw, part, *, shares=True):
    """The part with other whole numbers in it."""
    values = {}
    for each in fields(part):
        limit = LIMITS.get((type(part), each.name))
        if not isinstance(limit, Between) or (type(part), each.name) in FIXED:
            continue
        if isinstance(getattr(part, each.name), int) and shares | ("share" not in each.name):
            values[each.name] = draw(number(type(part), each.name))
    return replace(part, **values)


@st.composite
def nearby(draw, charter, *, most=3):
    """A charter that differs from this one in a few values, up or down."""
    for _ in range(draw(st.integers(0, most))):
        charter = draw(st.sampled_from(STEPS))(charter, draw(st.integers(-1, 1)))
    return charter


def _moved(part, field):
    def step(charter, by):
        here = getattr(charter, part)
        value = max(1, getattr(here, field) + by)
        return replace(charter, **{part: replace(here, **{field: value})})

    return step


def _procedure(name, field):
    def step(charter, by):
        here = charter.decisions[name]
        ways = dict(charter.decisions)
        ways[name] = replace(here, **{field: max(1, getattr(here, field) + by)})
        return replace(charter, decisions=MappingProxyType(ways))

    return step


def _action(action, *ways):
    def step(charter, by):
        actions = dict(charter.actions)
        actions[action] = ways[by]
        return replace(charter, actions=MappingProxyType(actions))

    return step


def _allow(charter, by):
    lists = (("MIT",), ("MIT", "Apache-2.0"), ())
    return replace(charter, licences=replace(charter.licences, allow=lists[by]))


def _rights(charter, by):
    lists = (tuple(r.Right), tuple(r.Right)[1:], tuple(r.Right)[:-1])
    return replace(charter, rights=lists[by])


def _ladder(charter, by):
    lists = (r.LADDER, r.LADDER[1:], r.LADDER[:-1])
    return replace(charter, sanctions=replace(charter.sanctions, ladder=lists[by]))


STEPS = [
    *(
        _moved(part, field)
        for part, field in (
            ("sanctions", "fade_days"),
            ("appeals", "window_days"),
            ("holds", "max_hours"),
            ("holds", "stewards"),
            ("members", "elector_after_days"),
            ("gates", "answer_days"),
        )
    ),
    *(_procedure("ordinary", field) for field in ("hours", "second")),
    *(_procedure("significant", field) for field in ("ratio", "vote_days", "deliberate_days")),
    _action(r.Action.RESOURCE_GATE, "care", "ordinary", "significant"),
    _action(r.Action.MEMBER_EXPEL, "panel", "constitutional", "ordinary"),
    _allow,
    _rights,
    _ladder,
]
START = presets.charter(r.Preset.UNIVERSITY, "afro")
