"""Sizes, names and parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import HubError, Invalid
from iriai.blobs import rules

sizes = st.integers(0, rules.OBJECT_BYTES_MAX)


@given(sizes)
def test_the_parts_of_an_upload_make_up_the_whole(size):
    count = rules.part_count(size)
    assert 1 <= count <= rules.PARTS_MAX
    assert sum(rules.part_size(size, number) for number in range(1, count + 1)) == size


@given(sizes)
def test_a_client_that_divides_gets_the_same_number_of_parts(size):
    if size:
        assert rules.part_count(size) == -(-size // rules.part_bytes(size))


@pytest.mark.parametrize("number", [0, -1, 3])
def test_there_is_no_part_before_the_first_nor_after_the_last(number):
    with pytest.raises(Invalid, match="parts 1 to 2"):
        rules.part_size(rules.PART_BYTES_MIN + 1, number)


@pytest.mark.parametrize("size", [-1, "1", None, 1.0, True, rules.OBJECT_BYTES_MAX + 1])
def test_a_size_is_a_number_of_bytes_within_the_limit(size):
    with pytest.raises(HubError):
        rules.clean_size(size)


@pytest.mark.parametrize("name", ["", "a" * 63, "A" * 64, "g" * 64, None, 1, "a" * 64 + "\n"])
def test_an_object_is_named_by_a_whole_sha256_in_lower_case(name):
    with pytest.raises(Invalid, match="64 lower-case"):
        rules.clean_sha256(name)


def test_nothing_is_deleted_sooner_than_clients_forget_it():
    client_cache_days = 21
    assert rules.GRACE.days > client_cache_days + 1
    assert rules.DEDUP_LIFE.days <= 7
