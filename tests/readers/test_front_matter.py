"""What a card's metadata may be."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.readers.front_matter import DEPTH_MAX, TEXT_BYTES_MAX, read_front_matter
from iriai.readers.refusals import Refused


def test_norwegian_is_a_language_and_not_a_refusal():
    card = read_front_matter(b"language:\n- no\n- yes\n- on\n- en\nprivate: false\n")
    assert card == {"language": ["no", "yes", "on", "en"], "private": False}


def test_a_date_stays_the_text_that_was_written():
    assert read_front_matter(b"released: 2024-05-17") == {"released": "2024-05-17"}


def test_numbers_are_json_numbers_where_json_can_hold_them():
    card = read_front_matter(
        b"a: 1_000\nb: 12\nc: 1e-5\nd: .nan\ne: 0x1f\nf: 123456789012345678901\n"
    )
    assert card == {
        "a": "1_000", "b": 12, "c": 1e-5, "d": ".nan", "e": 31, "f": "123456789012345678901"
    }  # fmt: skip


def test_keys_are_text_whatever_they_look_like():
    assert read_front_matter(b"1: one\nno: two\n") == {"1": "one", "no": "two"}


def test_no_metadata_is_an_empty_card():
    assert read_front_matter(b"") == {}
    assert read_front_matter(b"# only a comment\n") == {}


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases"),
        (b"a: 1\nb: 2\na: 3\n", "given twice"),
        (b"a:\n  b: 1\n  b: 2\n", "given twice"),
        (b"[" * 5_000, "levels"),
        (b"a: " + b"{a: " * (DEPTH_MAX + 1) + b"}" * (DEPTH_MAX + 1), "levels"),
        (b"x: !!python/object/apply:os.system ['true']", "tags"),
        (b"x: !custom 1", "tags"),
        (b"- a\n- b\n", "mapping"),
        (b"only text", "mapping"),
        (b"a: b: c", "line 1"),
        (b"a: 1\n--- \nb: 1", "not valid YAML"),
        (b"a: \xff", "UTF-8"),
        (b"a: " + b"x" * TEXT_BYTES_MAX, "64 KiB"),
        (b"? [a, b]\n: 1", "keys must be plain text"),
    ],
)
def test_what_a_card_may_not_hold_is_refused_with_its_reason(text, reason):
    with pytest.raises(Refused, match=reason):
        read_front_matter(text)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_give_a_card_or_a_sentence(data):
    with contextlib.suppress(Refused):
        assert isinstance(read_front_matter(data), dict)
