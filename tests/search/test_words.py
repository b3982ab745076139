"""Words, spellings and numbers: what the index is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.search import rules, spelling, tokens, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qwen2.5-7B_Instruct", ["qwen2", "5", "7b", "instruct"]),
        ("Café—ÉTÉ", ["cafe", "ete"]),
        ("हिन्दी पाठ", ["हिन्दी", "पाठ"]),
        ("\uff26\uff35\uff2c\uff2c width", ["full", "width"]),
        ("大模型", ["大模", "模型", "大", "模", "型"]),
        ("bert中文", ["bert", "中文", "中", "文"]),
    ],
)
def test_words_are_cut_and_folded(text, expected):
    assert list(words.words(text)) == expected


@given(st.text(max_size=60))
def test_what_is_asked_in_the_words_of_a_text_is_in_its_tokens(text):
    had = words.name_tokens(text)
    for run in words.runs(text):
        assert any(set(group) <= had for group in tokens.word(run))


@given(st.text(max_size=40))
def test_no_token_holds_what_the_index_cuts_or_quotes(text):
    for token in words.name_tokens(text) | set(words.words(text)):
        assert not set(token) & set(" \t\n\"'\\()&|!:*-")


@given(st.text("abcdeé", min_size=4, max_size=12), st.integers(0, 11), st.sampled_from("xdea"))
def test_one_slip_is_found_by_its_spellings(word, at, other):
    at %= len(word)
    swapped = word[: max(at - 1, 0)] + word[max(at - 1, 0) : at + 1][::-1] + word[at + 1 :]
    for slip in (
        word[:at] + word[at + 1 :],
        word[:at] + other + word[at:],
        word[:at] + other + word[at + 1 :],
        swapped,
    ):
        assert spelling.distance(slip, word, 1) <= 1
        assert spelling.spellings(slip) & spelling.spellings(word)


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_a_distance_is_the_same_both_ways(one, other):
    assert spelling.distance(one, other, 3) == spelling.distance(other, one, 3)
    assert (spelling.distance(one, other, 3) == 0) == (one == other)


@given(st.integers(0, rules.VALUE_MAX), st.integers(1, (1 << rules.ID_BITS) - 1))
def test_a_place_names_its_repository_and_sorts_by_value(value, repo_id):
    place = rules.key(value, repo_id)
    assert rules.id_of(place) == repo_id
    assert 0 <= place < 1 << 63
    assert rules.key(value + 1, 1) > place or value == rules.VALUE_MAX


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("min:6B,max:128B", (6 * 10**9, 128 * 10**9)),
        ("min:1.5m", (1_500_000, None)),
        ("max:0", (None, 0)),
    ],
)
def test_a_range_of_parameters_is_read(text, bounds):
    assert rules.parameters(text) == bounds


@pytest.mark.parametrize("text", ["6B", "min:", "min:1,min:2", "max:-1", "about:3B", ","])
def test_a_range_that_makes_no_sense_is_refused(text):
    with pytest.raises(Invalid):
        rules.parameters(text)
