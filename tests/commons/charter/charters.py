"""Random charters: whole ones, such as differ a little from another, and chains of them.

Each is thrown with dice whose seed hypothesis draws: a charter has some two hundred values, and
drawing each of them one by one takes longer than everything that is then tried with it.
"""

from dataclasses import fields, replace
from random import Random
from types import MappingProxyType

from hypothesis import strategies as st

from iriai.commons.charter import presets
from iriai.commons.charter import rules as r
from iriai.commons.charter.fields import LIMITS, MAY_BE_PANELS, Between
from iriai.commons.charter.narrowing import narrows

SEEDS = st.integers(0, 2**48)
FIRST, REST = "abcxyz", "abcxyz0189_-"
LICENCES = ("Apache-2.0", "MIT", "CC-BY-4.0", "LicenseRef-NOODL-1.0", "null-1")
FIXED = {(r.Charter, "charter"), (r.Pool, "round_share"), (r.Appeals, "panel")}
TRIES = 8
START = presets.charter(r.Preset.UNIVERSITY, "afro")


def charters():
    """Charters of owners, with anything in them that such a charter can have."""
    return SEEDS.map(lambda seed: whole(Random(seed)))


def nearby(charter, *, most=3):
    """Charters that differ from this one in a few values, if at all."""
    return SEEDS.map(lambda seed: walked(Random(seed), charter, most))


def chains():
    """Three charters, each some steps from the one before, most of them such as narrow it."""
    return SEEDS.map(lambda seed: chain(Random(seed)))


def number(dice, kind, field, *, is_whole=True):
    """A value of a field, often the least or the most it may be."""
    limit = LIMITS[kind, field]
    assert isinstance(limit, Between)
    parts = 1 if is_whole else 100
    least, most = int(max(limit.least, 0) * parts), int(limit.most * parts)
    least = max(least, 0 if is_whole else 1)
    found = dice.choice([least, most, *(dice.randint(least, most) for _ in range(6))])
    return found if is_whole else found / parts


def name(dice):
    return dice.choice(FIRST) + "".join(dice.choices(REST, k=dice.randint(0, 8)))


def names(dice, least, most):
    return list(dict.fromkeys(name(dice) for _ in range(dice.randint(least, most))))


def some(dice, kind):
    """Some of these, in their order."""
    share = dice.random()
    return tuple(each for each in kind if dice.random() < share)


def perhaps(dice, value):
    return dice.choice([None, value])


def procedure(dice, path, votes):
    made = r.Procedure(path=path)
    if path is r.Path.AT_ONCE:
        return replace(made, who=dice.choice([r.Who.OWNERS, r.Who.ALL_OWNERS]))
    if path is r.Path.LAZY:
        values = {each: number(dice, r.Procedure, each) for each in ("hours", "second")}
        return replace(made, **values, on_objection=dice.choice(votes))
    counted = ("deliberate_days", "vote_days", "ratio")
    return replace(
        made,
        **{each: number(dice, r.Procedure, each) for each in counted},
        quorum_factor=number(dice, r.Procedure, "quorum_factor", is_whole=False),
        ballot=dice.choice(list(r.Ballots)),
        counter=dice.choice(list(r.Counter)),
    )


def numbers(dice, part, *, shares=True):
    """The part with other whole numbers in it."""
    values = {}
    for each in fields(part):
        limit = LIMITS.get((type(part), each.name))
        if not isinstance(limit, Between) or (type(part), each.name) in FIXED:
            continue
        if isinstance(getattr(part, each.name), int) and shares | ("share" not in each.name):
            values[each.name] = number(dice, type(part), each.name)
    return replace(part, **values)


def role(dice, votes):
    petition = number(dice, r.Recall, "petition", is_whole=False)
    return r.Role(
        seats=perhaps(dice, number(dice, r.Role, "seats")),
        term_days=number(dice, r.Role, "term_days"),
        max_terms=perhaps(dice, number(dice, r.Role, "max_terms")),
        elected_by=perhaps(dice, dice.choice(votes)),
        recall=perhaps(dice, r.Recall(petition=petition, decision=votes[0])),
    )


def members(dice):
    share = number(dice, r.Members, "max_share_per_institution", is_whole=False)
    kinds = r.Kinds(person=number(dice, r.Kinds, "person"), institution=1)
    return replace(numbers(dice, r.Members()), kinds=kinds, max_share_per_institution=share)


def ladder(dice):
    timed = (r.Rung.THROTTLE, r.Rung.WRITE, r.Rung.SUSPEND)
    rungs = some(dice, r.Rung) or (dice.choice(list(r.Rung)),)
    return tuple(
        r.Step(rung=each, days=number(dice, r.Step, "days") if each in timed else None)
        for each in rungs
    )


def sanctions(dice):
    stays = dice.choice([True, False])
    return replace(numbers(dice, r.Sanctions()), ladder=ladder(dice), stay_on_appeal=stays)


def licences(dice):
    allow = tuple(dice.sample(LICENCES, dice.randint(0, len(LICENCES))))
    return r.Licences(allow=allow, drift=dice.choice(list(r.Drift)))


def parent(dice):
    return r.Parent(commons=name(dice), digest="".join(dice.choices("0123456789abcdef", k=64)))


def whole(dice):
    """A charter of owners."""
    votes = names(dice, 1, 3)
    ways = {each: procedure(dice, r.Path.VOTE, votes) for each in votes}
    for each in sorted({*names(dice, 1, 3)} - {*votes}):
        path = dice.choice([r.Path.AT_ONCE, r.Path.LAZY])
        ways[each] = procedure(dice, path, votes)
    shares = replace(r.Pool(), floor_share=0.3, queue_share=0.5)
    return r.Charter(
        commons="afro",
        preset=dice.choice([r.Preset.SOLO, r.Preset.OWNERS]),
        parent=perhaps(dice, parent(dice)),
        members=members(dice),
        roles=MappingProxyType({each: role(dice, votes) for each in names(dice, 0, 2)}),
        decisions=MappingProxyType(ways),
        actions=MappingProxyType({each: dice.choice(sorted(ways)) for each in r.Action}),
        licences=licences(dice),
        gates=numbers(dice, r.Gates()),
        sanctions=sanctions(dice),
        holds=replace(numbers(dice, r.Holds()), grounds=some(dice, r.Ground)),
        appeals=numbers(dice, r.Appeals()),
        removal=numbers(dice, r.Removal()),
        pool=numbers(dice, shares, shares=False),
        rights=some(dice, r.Right),
        operator=replace(numbers(dice, r.Operator()), break_glass=dice.choice([True, False])),
        later=MappingProxyType(dice.choice([{}, {"peer.add": votes[0]}])),
    )


def chain(dice):
    """Three charters; the first is any, or a preset, or the university's.

    All steps of a chain are taken at the same one or two places, so that they meet each other.
    """
    preset = presets.charter(dice.choice(list(r.Preset)), "afro")
    one = dice.choice([START, preset, None]) or whole(dice)
    places = [dice.random() for _ in range(dice.choice([1, 1, 2]))]
    two = narrowed(dice, one, places)
    return one, two, narrowed(dice, two, places)


def narrowed(dice, charter, places):
    """Some steps on; of ten charters nine are such as may be this one's child."""
    is_any, made, steps = dice.random() < 0.1, charter, dice.randint(1, 3)
    for _ in range(TRIES):
        tried = stepped(Random(dice.choice(places)), dice, made)
        if tried != made and (is_any or narrows(tried, charter)):
            made, steps = tried, steps - 1
        if steps == 0:
            break
    return made


def walked(dice, charter, most):
    for _ in range(dice.randint(0, most)):
        charter = stepped(dice, dice, charter)
    return charter


def stepped(place, dice, charter):
    """The charter with one thing in it changed: `place` says where, `dice` say how."""
    return place.choice(STEPS)(place, dice, charter)


def _number(place, dice, part):
    """A part with one number moved, by one or to anywhere."""
    able = [
        each.name
        for each in fields(part)
        if isinstance(LIMITS.get((type(part), each.name)), Between)
        and (type(part), each.name) not in FIXED
        and getattr(part, each.name) is not None
    ]
    field = place.choice(able)
    here, limit = getattr(part, field), LIMITS[type(part), field]
    by = dice.choice([-1, 1]) * (1 if isinstance(here, int) else 0.25)
    near = min(limit.most, max(limit.least, here + by))
    far = number(dice, type(part), field, is_whole=isinstance(here, int))
    return replace(part, **{field: dice.choice([near, near, far])})


def _in(part):
    def step(place, dice, charter):
        return replace(charter, **{part: _number(place, dice, getattr(charter, part))})

    return step


def _toggled(dice, every, here):
    """One more of these, or one less, in their order; what is not among them stays behind them."""
    one = dice.choice(every)
    found = [each for each in every if (each in here) != (each == one)]
    return (*found, *(each for each in here if each not in every))


def _votes(charter):
    return sorted(each for each, way in charter.decisions.items() if way.path is r.Path.VOTE)


def _way(place, dice, charter):
    """One way of deciding goes otherwise: a number of it, a word, or all of it."""
    ways, votes = dict(charter.decisions), _votes(charter)
    which = place.choice(sorted(ways))
    paths = list(r.Path) if votes else [r.Path.AT_ONCE]
    makes = [_number, _word, _word, lambda *_: procedure(dice, dice.choice(paths), votes)]
    make = dice.choice(makes) if place.random() < 0.5 else place.choice(makes)
    ways[which] = make(place, dice, ways[which], *([votes] if make is _word else []))
    return replace(charter, decisions=MappingProxyType(ways))


def _word(place, dice, way, votes):
    words = {
        "who": list(r.Who),
        "ballot": list(r.Ballots),
        "counter": list(r.Counter),
        "on_objection": votes or [way.on_objection],
        "casting": [None, "steward", "secretary"],
    }
    field = place.choice(sorted(words))
    return replace(way, **{field: dice.choice(words[field])})


def _action(place, dice, charter):
    """An action is decided in another way, which may be new."""
    action = place.choice([*r.Action, *sorted(MAY_BE_PANELS) * 4])
    ways, votes = dict(charter.decisions), _votes(charter)
    way = dice.choice([*sorted(ways), *([r.PANEL] * 3 if action in MAY_BE_PANELS else []), "new"])
    if way == "new":
        ways[way] = procedure(dice, r.Path.VOTE, votes)
    return replace(
        charter,
        actions=MappingProxyType(dict(charter.actions) | {action: way}),
        decisions=MappingProxyType(ways),
    )


def _roles(place, dice, charter):
    roles, votes = dict(charter.roles), _votes(charter) or sorted(charter.decisions)
    which = place.choice([*sorted(roles), "steward"])
    if which not in roles or dice.random() < 0.2:
        roles[which] = replace(role(dice, votes), granted_by=perhaps(dice, dice.choice(votes)))
    elif dice.random() < 0.2:
        del roles[which]
    else:
        here, other = roles[which], role(dice, votes)
        field = place.choice(["elected_by", "granted_by", "recall", "max_terms"])
        value = dice.choice([None, getattr(other, field), other.elected_by])
        if field in ("recall", "max_terms"):
            value = getattr(other, field)
        moved = _number(place, dice, here)
        roles[which] = dice.choice([moved, replace(here, **{field: value})])
    return replace(charter, roles=MappingProxyType(roles))


def _admit(place, dice, charter):
    admit = _number(place, dice, charter.members.admit)
    admit = replace(admit, decision=dice.choice([admit.decision, *sorted(charter.decisions)]))
    return replace(charter, members=replace(charter.members, admit=admit))


def _allow(_place, dice, charter):
    allow = dice.choice([_toggled(dice, LICENCES, charter.licences.allow), ()])
    drift = dice.choice(list(r.Drift))
    return replace(charter, licences=r.Licences(allow=allow, drift=drift))


def _rights(_place, dice, charter):
    return replace(charter, rights=_toggled(dice, list(r.Right), charter.rights))


def _grounds(_place, dice, charter):
    grounds = _toggled(dice, list(r.Ground), charter.holds.grounds)
    return replace(charter, holds=replace(charter.holds, grounds=grounds))


def _exclude(_place, dice, charter):
    exclude = _toggled(dice, list(r.Conflict), charter.appeals.exclude)
    return replace(charter, appeals=replace(charter.appeals, exclude=exclude))


def _openness(_place, dice, charter):
    kinds = dice.choice([None, "recommended", "required"])
    made = r.Openness(min_mof_class=dice.choice([None, 1, 2, 3]), data_card=kinds)
    return replace(charter, openness=made)


def _switch(_place, dice, charter):
    if dice.random() < 0.5:
        operator = replace(charter.operator, break_glass=not charter.operator.break_glass)
        return replace(charter, operator=operator)
    stays = not charter.sanctions.stay_on_appeal
    return replace(charter, sanctions=replace(charter.sanctions, stay_on_appeal=stays))


def _ladder(place, dice, charter):
    steps = charter.sanctions.ladder
    timed = [at for at, step in enumerate(steps) if step.days is not None]
    out = dice.randrange(len(steps))
    made = dice.choice([ladder(dice), steps[:out] + steps[out + 1 :] or steps, r.LADDER])
    if timed and dice.random() < 0.7:
        at = place.choice(timed)
        made = (*steps[:at], _number(place, dice, steps[at]), *steps[at + 1 :])
    return replace(charter, sanctions=replace(charter.sanctions, ladder=made))


PARTS = ("members", "gates", "sanctions", "holds", "appeals", "removal", "pool", "operator")
STEPS = [*map(_in, PARTS), *map(_in, PARTS), *[_way] * 8, *[_action] * 6, *[_roles] * 4]
STEPS += [_admit, _allow, _allow, _rights, _grounds, _exclude, _openness, _switch]
STEPS += [_ladder] * 4
