"""Many things, some at a time."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from iriai.base.batches import batches


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_hold_everything_once_in_order_and_only_the_last_is_shorter(things, length):
    made = list(batches(things, length))
    assert [each for some in made for each in some] == things
    assert all(len(some) == length for some in made[:-1])
    assert all(made)


def test_no_more_is_taken_than_was_asked_for():
    numbers = count()
    assert next(batches(numbers, 3)) == [0, 1, 2]
    assert next(numbers) == 3
