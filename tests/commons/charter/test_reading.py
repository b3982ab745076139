"""A text becomes a charter or is refused with the line, the field and the rule."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.commons.charter import presets, reading, writing
from iriai.commons.charter.rules import Action, Ground, Path, Preset, Rung, Step, Who
from tests.commons.charter.charters import charters

OF_THE_DESIGN = """
charter: 1                       # schema version
commons: afro-nlp/speech
parent: afro-nlp@sha256:{digest}
members:
  kinds: {{person: 1, institution: 0}}
  admit: {{sponsors: 2, or_contributions: 3, decision: ordinary}}
  elector_after_days: 30
  emeritus_after_days: 365
roles:
  steward: {{seats: 5, term_days: 365, max_terms: 3, elected_by: people, recall: {{petition: 0.2, decision: people}}}}
  maintainer: {{scope: resource, term_days: 730, granted_by: ordinary}}
  secretary: {{seats: 1, term_days: 365}}
decisions:
  ordinary:       {{path: lazy, hours: 72, second: 1, on_objection: significant}}
  significant:    {{path: vote, deliberate_days: 7,  vote_days: 7,  ratio: 1, quorum_factor: 1.5, ballot: open}}
  constitutional: {{path: vote, deliberate_days: 14, vote_days: 14, ratio: 2, quorum_factor: 1.5, ballot: open}}
  entrenched:     {{path: vote, deliberate_days: 14, vote_days: 14, ratio: 3, quorum_factor: 1.5, ballot: open}}
  people:         {{path: vote, vote_days: 10, ballot: secret, one_seat: condorcet, many_seats: equal_shares}}
  budget:         {{path: vote, vote_days: 14, ballot: open, counter: equal_shares}}
quorum: "quorum_factor * sqrt(active_electors)"
actions:
  resource.create: ordinary
  resource.relicense: significant
  resource.delete: entrenched
  member.admit: ordinary
  member.expel: panel
  peer.add: significant
  charter.amend: constitutional
  charter.amend.entrenched: entrenched
licences: {{allow: [Apache-2.0, MIT, LicenseRef-NOODL-1.0], drift: block}}
openness: {{min_mof_class: 3, data_card: required}}
gates: {{reasons: required, answer_days: 10, appeal: panel, reapply_days: 30}}
sanctions: {{ladder: [nudge, warning, throttle_14d, write_30d, suspend_90d, expel], fade_days: 180}}
holds: {{by: 2 stewards, max_hours: 72, grounds: [malware, privacy, illegal, credential]}}
rights: [read_rules, notice_and_reason, appeal, export, fork, leave, remove_own]
operator: {{break_glass: true, ratify_days: 7}}
""".format(digest="9c" * 32)  # noqa: E501 - as a person would write it


def test_the_charter_of_the_design_is_read_as_it_says():
    found = reading.read(OF_THE_DESIGN, commons="afro-nlp/speech")
    assert found.parent.digest == "9c" * 32
    assert found.roles["steward"].recall.petition == 0.2
    assert found.procedure(Action.RESOURCE_DELETE).ratio == 3
    assert found.procedure(Action.MEMBER_EXPEL) is None
    assert found.sanctions.ladder[2] == Step(rung=Rung.THROTTLE, days=14)
    assert found.holds.stewards == 2
    assert Ground.PRIVACY in found.holds.grounds
    assert found.later == {"peer.add": "significant"}
    assert found.is_collective


def test_what_a_file_does_not_say_is_as_in_its_preset():
    found = reading.read("commons: afro\npreset: university\nholds: {max_hours: 24}\n")
    of_preset = presets.charter(Preset.UNIVERSITY, "afro")
    assert found == replace(of_preset, holds=replace(of_preset.holds, max_hours=24))


@pytest.mark.parametrize("preset", Preset)
def test_every_preset_is_whole_and_survives_being_written(preset):
    found = reading.read(presets.text(preset, "afro"), commons="afro")
    assert found == presets.charter(preset, "afro")
    assert reading.read(writing.text(found)) == found
    assert set(found.actions) == set(Action)


@given(charters())
def test_a_charter_that_is_written_and_read_is_the_same(charter):
    assert reading.read(writing.text(charter)) == charter


def test_founders_choices_are_in_the_file():
    text = presets.text(
        "consortium", "afro", hours=24, stewards=2, sponsors=0, licences=("MIT",), term_days=90
    )
    found = reading.read(text, commons="afro")
    assert {each.hours for each in found.decisions.values() if each.path is Path.LAZY} == {24}
    assert found.roles["steward"].seats == 2
    assert found.roles["steward"].term_days == 90
    assert found.licences.allow == ("MIT",)


FAULTS = [
    ("decisions:\n  ordinary:\n    path: lazy\n    hours: soon\n", 5, "decisions.ordinary.hours",
     "whole number from 1 to 2,160"),
    ("members:\n  elector_after: 3\n", 3, "members.elector_after", "elector_after_days"),
    ("roles: {steward: {seat: 3}}\n", 2, "roles.steward.seat", "“seats”"),
    ("actions:\n  resource.deleet: owners\n", 3, "actions.resource.deleet", "resource.delete"),
    ("actions:\n  resource.delete: nobody\n", 3, "actions.resource.delete", "none of them"),
    ("actions:\n  resource.delete: panel\n", 3, "actions.resource.delete", "panel judges"),
    ("holds: {by: twelve}\n", 2, "holds.by", "2 stewards"),
    ("pool: {floor_share: 0.9}\n", 2, "pool", "add up to 1"),
    ("appeals: {panel: 4}\n", 2, "appeals.panel", "odd"),
    ("sanctions: {ladder: [expel, nudge]}\n", 2, "sanctions.ladder", "mildest"),
    ("sanctions: {ladder: [throttle]}\n", 2, "sanctions.ladder", "throttle_14d"),
    ("rights: [fork, fork]\n", 2, "rights", "twice"),
    ("rights: [fork, fly]\n", 2, "rights", "read_rules"),
    ("parent: afro@sha256:9c\n", 2, "parent", "64 digits"),
    ("charter: 2\n", 2, "charter", "is 1"),
    ("quorum: none\n", 2, "quorum", "sqrt"),
    ("members: 3\n", 2, "members", "fields of its own"),
    ("licences: {allow: [a b]}\n", 2, "licences.allow", "SPDX"),
    ("members: {kinds: {person: 0}}\n", 2, "members.kinds", "nobody decides"),
    ("operator: {break_glass: maybe}\n", 2, "operator.break_glass", "true or false"),
    (("preset: owners\nactions: {statement: a}\n"
     "decisions: {a: {path: at_once, who: stewards}}\n"),
     4, "decisions.a.who", "owners"),
    ("preset: agency\nactions: {resource.delete: care}\n", 3, "actions.resource.delete",
     "never one"),
    ("preset: agency\nactions: {charter.amend: ordinary}\n", 3, "actions.charter.amend", "by vote"),
    ("preset: agency\nroles: {}\n", 3, "roles", "steward"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "field", "rule"), FAULTS)
def test_a_fault_is_told_with_its_line_its_field_and_the_rule(text, line, field, rule):
    with pytest.raises(Invalid) as refused:
        reading.read("commons: afro\n" + text)
    assert f"CHARTER.yaml, line {line}: {field} " in refused.value.message
    assert rule in refused.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"charter: 1\nx: \xff\n", "line 2: .* UTF-8"),
        (b"charter: 1\n\n# \0\n", r"line 3: .* U\+0000"),
    ],
)
def test_what_is_no_text_is_told_with_its_line(text, said):
    with pytest.raises(Invalid, match=said):
        reading.read(text)


def test_several_faults_are_told_at_once():
    _, faults = reading.examined("commons: afro\nappeals: {panel: x}\nholds: {by: x}\n")
    assert len(faults) == 2


def test_a_charter_of_another_commons_is_refused():
    with pytest.raises(Invalid, match="commons is “afro”"):
        reading.read(presets.text("owners", "other"), commons="afro")


def test_entrenched_is_no_easier_than_ordinary_amending():
    text = presets.text("agency", "afro").replace("ratio: 3", "ratio: 1")
    with pytest.raises(Invalid, match=r"decisions.entrenched.ratio is no less"):
        reading.read(text)


HOSTILE = {
    "aliases": "a: &a [1]\nb: *a\n",
    "tags": "a: !!python/object/apply:os.system [ls]\n",
    "deep": "[" * 60_000,
    "deep mappings": "a: " + "{a: " * 10_000,
    "many": "a: [" + "1," * 30_000 + "]",
    "keys": "".join(f"k{n}: 1\n" for n in range(7_000)),
    "anchors": "&a " * 20_000,
    "two documents": "commons: a\n---\ncommons: b\n",
    "twice": "commons: a\ncommons: b\n",
    "no text": b"\xff\xfe\x00a",
    "zero bytes": b"\x00" * 1000,
    "too large": "a: " + "b" * 70_000,
    "empty": "",
    "questions": "? " * 20_000,
    "one long word": "a" * 60_000,
    "quotes": '"' + "\\" * 59_999,
    "huge number": "charter: " + "9" * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_refused_in_bounded_time(text):
    began = time.process_time()
    with pytest.raises(Invalid) as refused:
        reading.read(text)
    assert time.process_time() - began < 5
    assert refused.value.message.startswith("CHARTER.yaml")
    assert len(refused.value.message) < 4_000


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_any_text_is_a_charter_or_invalid(text):
    try:
        reading.read(text)
    except Invalid as refused:
        assert refused.message.startswith("CHARTER.yaml")  # noqa: PT017 - or it is read


@given(st.data())
def test_a_broken_charter_is_never_a_crash(data):
    text = presets.text("university", "afro")
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 40))
    come = data.draw(st.text(max_size=10))
    _, faults = reading.examined(text[:at] + come + text[at + gone :], commons="afro")
    assert all(each.startswith("CHARTER.yaml") for each in faults)


@pytest.mark.parametrize("action", list(Action))
def test_a_decision_that_there_is_not_is_named_wherever_it_is_asked_for(action):
    named = presets.charter("university", "afro").actions[action]
    text = presets.text("university", "afro")
    wrong = re.sub(rf"(\b{re.escape(action)}: ){named}\b", r"\g<1>nowhere", text)
    assert wrong != text
    _, faults = reading.examined(wrong, commons="afro")
    assert any(f"actions.{action} " in each and "nowhere" in each for each in faults), faults


def test_a_member_at_once_is_someone_only_where_members_decide():
    way = "decisions: {a: {path: at_once, who: members}}\n"
    with pytest.raises(Invalid, match="owners or all_owners"):
        reading.read("commons: afro\npreset: owners\nactions: {statement: a}\n" + way)
    assert presets.charter("agency", "afro").decisions["members"].who is Who.MEMBERS
