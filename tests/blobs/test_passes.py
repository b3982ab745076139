"""Passes are good for what they name, until they expire, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Denied
from iriai.blobs import passes
from iriai.blobs.passes import XetPass

SECRET, OTHER = bytes(32), bytes(31) + b"\1"
given_passes = st.builds(
    XetPass,
    repo_id=st.integers(1, 2**62),
    may_write=st.booleans(),
    account_id=st.none() | st.integers(1, 2**62),
    token_id=st.none() | st.integers(1, 2**62),
    expires_at=st.integers(101, 2**40),
)
facts = st.lists(st.integers() | st.text("abc-", max_size=8), min_size=1, max_size=3)


@given(given_passes)
def test_a_pass_opens_to_what_was_sealed(held):
    assert passes.opened(SECRET, passes.sealed(SECRET, held), now=100) == held


@given(given_passes)
def test_a_pass_of_another_hub_or_past_its_time_opens_nothing(held):
    token = passes.sealed(SECRET, held)
    for secret, now in ((OTHER, 100), (SECRET, held.expires_at)):
        with pytest.raises(Denied) as refused:
            passes.opened(secret, token, now=now)
        assert refused.value.code == "Unauthenticated"


@given(given_passes, st.data())
def test_a_pass_with_any_character_changed_opens_nothing(held, data):
    token = passes.sealed(SECRET, held)
    place = data.draw(st.integers(len(passes.PREFIX), len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019.-_é\n").filter(lambda each: each != token[place]))
    with pytest.raises(Denied):
        passes.opened(SECRET, token[:place] + other + token[place + 1 :], now=100)


def test_a_pass_to_read_is_none_to_write():
    held = XetPass(1, may_write=False, account_id=None, token_id=None, expires_at=200)
    with pytest.raises(Denied, match="reading only"):
        passes.opened(SECRET, passes.sealed(SECRET, held), now=100, write=True)


@given(facts, facts)
def test_an_address_is_good_for_its_facts_and_no_others(signed, asked):
    query = passes.signed(SECRET, "use", *signed, expires_at=200)

    def judge(use, *given_facts, now=100):
        passes.require_signed(
            SECRET, use, *given_facts, expires_at=query["e"], signature=query["s"], now=now
        )

    judge("use", *signed)
    if [str(fact) for fact in signed] != [str(fact) for fact in asked]:
        with pytest.raises(Denied):
            judge("use", *asked)
    with pytest.raises(Denied):
        judge("other use", *signed)
    with pytest.raises(Denied, match="expired"):
        judge("use", *signed, now=200)


def test_two_accounts_and_two_weeks_have_their_own_keys():
    keys = {passes.dedup_key(SECRET, account, week) for account in (None, 1, 2) for week in (1, 2)}
    assert len(keys) == 6
    assert all(len(key) == 32 for key in keys)
