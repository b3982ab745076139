"""Dominant resource fairness: dividing several resources among tasks of different shape. Pure.

Everyone asks for tasks of one shape (so much of each resource). Somebody's *dominant share* is the
largest part that they have of any one resource. The next task goes to whoever has the smallest, so
nobody does better by asking for more than they need, or gains by taking another's place.
Exact: whole numbers and fractions. Equal shares go to whoever asked first.
Source: Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Vector = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Request:
    """What each task of somebody needs, and how many tasks they want (None: as many as fit)."""

    name: str
    task: Vector
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """How many tasks somebody gets, and their dominant share: whole tasks, or parts of them."""

    name: str
    tasks: Fraction
    share: Fraction


def whole(capacity: Vector, requests: Sequence[Request]) -> list[Served]:
    """Serve whole tasks, one after another, to whoever has the smallest dominant share."""
    _require(capacity, requests)
    left = dict(capacity)
    tasks = [0] * len(requests)
    weights = [dominant(capacity, each.task) for each in requests]
    open_ = [at for at, each in enumerate(requests) if each.most != 0]
    while open_:
        at = min(open_, key=lambda each: (tasks[each] * weights[each], each))
        request = requests[at]
        if any(left[unit] < amount for unit, amount in request.task.items()):
            open_.remove(at)
            continue
        for unit, amount in request.task.items():
            left[unit] -= amount
        tasks[at] += 1
        if tasks[at] == request.most:
            open_.remove(at)
    return _served(requests, [Fraction(each) for each in tasks], weights)


def divisible(capacity: Vector, requests: Sequence[Request]) -> list[Served]:
    """Serve parts of tasks: all dominant shares grow alike until one cannot grow any more."""
    _require(capacity, requests)
    left = {unit: Fraction(amount) for unit, amount in capacity.items()}
    weights = [dominant(capacity, each.task) for each in requests]
    tasks = [Fraction(0)] * len(requests)
    open_ = {at for at, each in enumerate(requests) if each.most != 0}
    while open_:
        speed = {
            unit: sum((requests[at].task.get(unit, 0) / weights[at] for at in open_), Fraction(0))
            for unit in left
        }
        limits = [left[unit] / rate for unit, rate in speed.items() if rate]
        limits += [
            (most - tasks[at]) * weights[at]
            for at in open_
            if (most := requests[at].most) is not None
        ]
        step = min(limits)
        for at in open_:
            tasks[at] += step / weights[at]
        left = {unit: amount - step * speed[unit] for unit, amount in left.items()}
        open_ = {
            at
            for at in open_
            if tasks[at] != requests[at].most
            and all(left[unit] > 0 for unit, amount in requests[at].task.items() if amount)
        }
    return _served(requests, tasks, weights)


def in_turn(
    capacity: Vector, free: Vector, has: Mapping[str, Vector], waiting: Sequence[Request]
) -> list[int]:
    """Which single requests to serve now, in order: by whose dominant share is smallest.

    What does not fit waits, and nothing of its units overtakes it. Of equals, the first asked.
    """
    left, shares = dict(free), {name: share(capacity, each) for name, each in has.items()}
    open_, kept_back, served = list(range(len(waiting))), set[str](), list[int]()
    while open_:
        at = min(open_, key=lambda each: (shares.get(waiting[each].name, 0), each))
        open_.remove(at)
        request = waiting[at]
        if any(unit in kept_back or left.get(unit, 0) < n for unit, n in request.task.items()):
            kept_back |= request.task.keys()
            continue
        served.append(at)
        for unit, amount in request.task.items():
            left[unit] -= amount
        mine = dict(has.get(request.name, {}))
        has = {**has, request.name: _added(mine, request.task)}
        shares[request.name] = share(capacity, has[request.name])
    return served


def _added(mine: Vector, more: Vector) -> Vector:
    return {unit: mine.get(unit, 0) + more.get(unit, 0) for unit in {*mine, *more}}


def share(capacity: Vector, held: Vector) -> Fraction:
    """A dominant share: the largest part of any one unit; of what there is no more, all of it."""
    parts = [
        Fraction(amount, capacity.get(unit) or amount) for unit, amount in held.items() if amount
    ]
    return max(parts, default=Fraction(0))


def dominant(capacity: Vector, task: Vector) -> Fraction:
    """The largest part of any one resource that this is."""
    return max(Fraction(amount, capacity[unit]) for unit, amount in task.items() if amount)


def _served(
    requests: Sequence[Request], tasks: Sequence[Fraction], weights: Sequence[Fraction]
) -> list[Served]:
    rows = zip(requests, tasks, weights, strict=True)
    return [Served(request.name, count, count * weight) for request, count, weight in rows]


def _require(capacity: Vector, requests: Sequence[Request]) -> None:
    for each in requests:
        if not any(each.task.values()) or min(each.task.values()) < 0:
            raise ValueError("A task needs something, and less than nothing of nothing.")
        if any(amount and not capacity.get(unit) for unit, amount in each.task.items()):
            raise ValueError("A task needs something that there is nothing of.")
