"""What a charter says in words, and what changes between two."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given

from iriai.commons.charter import differences, presets, rights, words
from iriai.commons.charter.rules import Action, Preset
from tests.commons.charter.charters import START, charters, nearby


@given(charters(), charters())
def test_changes_say_something_exactly_when_something_changed(before, after):
    assert differences.changes(before, before) == []
    assert bool(differences.changes(before, after)) == (before != after)


@given(nearby(START))
def test_a_small_change_is_said_too(after):
    assert bool(differences.changes(START, after)) == (after != START)


def test_a_change_is_a_sentence_with_what_was_and_what_is():
    ways = dict(START.decisions)
    ways["ordinary"] = replace(ways["ordinary"], hours=48)
    after = replace(
        START,
        decisions=MappingProxyType(ways),
        licences=replace(START.licences, allow=("MIT",)),
        actions=MappingProxyType(dict(START.actions) | {Action.RESOURCE_GATE: "significant"}),
    )
    assert differences.changes(START, after) == [
        "Decisions “ordinary”, time to object becomes 48 hours; it was 96 hours.",
        "The decision needed to set or lift a gate becomes “significant”; it was “ordinary”.",
        "Licences, allowed: “MIT” added; until now any was allowed.",
    ]


@pytest.mark.parametrize("preset", Preset)
def test_every_preset_can_be_read_and_every_right_has_an_answer(preset):
    charter = presets.charter(preset, "afro")
    said = [line.text for section in words.sections(charter) for line in section.lines]
    assert all(each.endswith(".") and "None" not in each for each in said), said
    assert not [each for each in said if ", ," in " ".join(each.split()) or "  " in each]
    rows = rights.table(charter)
    assert [row.right for row in rows] == [
        "access",
        "extraction",
        "contribution",
        "removal",
        "management",
        "exclusion",
        "alienation",
    ]
    for row in rows:
        assert row.answers
        assert len(row.cells) == len(rights.standings(charter))


@pytest.mark.parametrize("preset", sorted(set(Preset) - {Preset.SOLO, Preset.OWNERS}))
def test_who_can_delete_a_model_is_answered_in_a_sentence(preset):
    charter = presets.charter(preset, "afro")
    assert rights.who(charter, Action.RESOURCE_DELETE).startswith("Nobody alone. The members vote")


def test_where_owners_decide_an_administrator_deletes():
    charter = presets.charter(Preset.OWNERS, "afro")
    said = rights.who(charter, Action.RESOURCE_DELETE)
    assert said == "An administrator, at once; it is logged."


def test_what_has_no_engine_yet_is_said_to_have_none():
    charter = presets.charter(Preset.AGENCY, "afro")
    lines = [line for section in words.sections(charter) for line in section.lines]
    assert {line.field for line in lines if not line.is_enforced} == {
        "licences.drift",
        "openness.min_mof_class",
        "openness.data_card",
    }


@pytest.mark.parametrize("preset", Preset)
def test_rights_are_said_in_words_that_anybody_knows(preset):
    rows = rights.table(presets.charter(preset, "afro"), electors=8)
    said = " ".join([each.answer for row in rows for each in row.answers] + [*rows[-1].cells])
    assert [each for each in ("quorum", "√", "entrenched", "electors", "“") if each in said] == []


def test_a_quorum_is_said_as_so_many_of_how_many_there_are():
    charter = presets.charter(Preset.LANGUAGE_COMMUNITY, "afro")
    said = rights.who(charter, Action.RESOURCE_DELETE, electors=8)
    assert "three votes for it to each one against it" in said
    assert "at least 5 of the 8 who have a vote must be for it" in said
    unknown = rights.who(charter, Action.RESOURCE_DELETE)
    assert "of 100 who have a vote at least 15 must be for it" in unknown
    page = [line.text for section in words.sections(charter) for line in section.lines]
    assert any(
        "decide for all: of 4 at least 3, of 25 at least 8 and of 100" in line for line in page
    ), page
    filled = rights.who(charter, Action.SEAT_FILL, electors=8)
    assert "at least 5 of the 8 who have a vote must vote" in filled


def test_nobody_is_suspended_at_a_word_and_the_rights_say_so():
    charter = presets.charter(Preset.AGENCY, "afro")
    said = rights.who(charter, Action.MEMBER_SUSPEND)
    assert said.startswith("Nobody at a word: two stewards together, in a case.")
    assert "A steward, at once" not in said
    assert not words.is_proposed(charter, Action.MEMBER_SUSPEND)
    owned = presets.charter(Preset.OWNERS, "afro")
    assert words.is_proposed(owned, Action.MEMBER_SUSPEND)
