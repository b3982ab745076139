"""Dominant resource fairness: the paper's example, and what the paper proves of it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.commons.pot.drf import Request, divisible, dominant, whole

PAPER = (
    {"cpu": 9, "gb": 18},
    [Request("A", {"cpu": 1, "gb": 4}), Request("B", {"cpu": 3, "gb": 1})],
)


@pytest.mark.parametrize("serve", [whole, divisible])
def test_the_example_of_the_paper_gives_three_tasks_and_two(serve):
    assert [(each.tasks, each.share) for each in serve(*PAPER)] == [
        (3, Fraction(2, 3)),
        (2, Fraction(2, 3)),
    ]


@pytest.mark.parametrize("serve", [whole, divisible])
def test_whoever_has_small_tasks_gets_more_of_them_and_no_smaller_share(serve):
    requests = [Request("small", {"cpu": 1}), Request("large", {"cpu": 3})]
    assert [(each.tasks, each.share) for each in serve({"cpu": 12}, requests)] == [
        (6, Fraction(1, 2)),
        (2, Fraction(1, 2)),
    ]


@st.composite
def cases(draw):
    units = [f"r{number}" for number in range(draw(st.integers(1, 3)))]
    capacity = {unit: draw(st.integers(1, 40)) for unit in units}
    shape = st.fixed_dictionaries({unit: st.integers(0, 6) for unit in units})
    shapes = draw(st.lists(shape.filter(lambda each: any(each.values())), min_size=1, max_size=4))
    return capacity, [Request(f"m{number}", each) for number, each in enumerate(shapes)]


def had(request, tasks):
    return {unit: amount * tasks for unit, amount in request.task.items()}


def could_do(request, bundle):
    return min(Fraction(bundle[unit]) / need for unit, need in request.task.items() if need)


@given(cases())
def test_sharing_is_never_worse_than_an_equal_part_of_everything(case):
    capacity, requests = case
    part = {unit: Fraction(amount, len(requests)) for unit, amount in capacity.items()}
    for request, served in zip(requests, divisible(*case), strict=True):
        assert served.tasks >= could_do(request, part)


@given(cases())
def test_nobody_would_rather_have_what_another_has(case):
    _, requests = case
    served = divisible(*case)
    for mine, own in zip(requests, served, strict=True):
        for theirs, other in zip(requests, served, strict=True):
            assert own.tasks >= could_do(mine, had(theirs, other.tasks))


@given(cases())
def test_nobody_can_have_more_without_another_having_less(case):
    capacity, requests = case
    used = dict.fromkeys(capacity, Fraction(0))
    for request, served in zip(requests, divisible(*case), strict=True):
        for unit, amount in had(request, served.tasks).items():
            used[unit] += amount
    assert all(used[unit] <= capacity[unit] for unit in capacity)
    for request in requests:
        assert any(used[unit] == capacity[unit] for unit, need in request.task.items() if need)


@given(cases())
def test_whole_tasks_fit_and_nobody_is_more_than_one_task_ahead_of_who_still_could(case):
    capacity, requests = case
    served = whole(*case)
    left = dict(capacity)
    for request, each in zip(requests, served, strict=True):
        for unit, amount in request.task.items():
            left[unit] -= amount * each.tasks
    assert all(amount >= 0 for amount in left.values())
    for request in requests:
        assert any(left[unit] < need for unit, need in request.task.items())


def test_whoever_wants_little_leaves_the_rest_to_others():
    served = whole({"gb": 10}, [Request("a", {"gb": 1}, most=2), Request("b", {"gb": 1})])
    assert [each.tasks for each in served] == [2, 8]
    assert dominant({"gb": 10}, {"gb": 1}) == Fraction(1, 10)
