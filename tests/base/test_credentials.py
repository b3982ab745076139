"""Tokens that clients accept and scanners recognise, passwords that only their owner knows."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from iriai.base import credentials, passwords


def test_two_tokens_of_one_instance_share_its_mark_and_nothing_else():
    one, other = (credentials.fresh_token(b"instance") for _ in range(2))
    assert one[:12] == other[:12]
    assert one[12:41] != other[12:41]
    assert credentials.fresh_token(b"another instance")[:12] != one[:12]


@given(st.integers(0, credentials.TOKEN_LENGTH - 1), st.sampled_from(credentials.DIGITS))
def test_one_wrong_character_makes_it_no_token(position, character):
    raw = "hf_iriaiAAAA" + "b" * 29
    raw += credentials.checksum(raw)
    changed = raw[:position] + character + raw[position + 1 :]
    assert credentials.is_token(changed) == (changed == raw)


@given(st.text(max_size=60))
def test_every_text_can_be_asked_whether_it_is_a_token(text):
    assert not credentials.is_token(text)


def test_the_checksum_is_a_crc_32_in_base_62():
    number = 0
    for digit in credentials.checksum("hf_iriai"):
        number = number * 62 + credentials.DIGITS.index(digit)
    assert number == zlib.crc32(b"hf_iriai")


def test_a_password_matches_only_itself():
    kept = passwords.hashed("correct horse")
    assert kept.startswith("$argon2id$")
    assert passwords.matches(kept, "correct horse")
    assert not passwords.matches(kept, "Correct horse")
    assert not passwords.is_outdated(kept)


def test_nobodys_password_costs_what_everybodys_does_and_is_never_right():
    assert not passwords.is_outdated(passwords.NOBODYS)
    assert not passwords.matches(None, "anything")
    assert not passwords.matches("not a hash", "anything")
