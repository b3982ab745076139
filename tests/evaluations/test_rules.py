"""What a file of results may say, and how models are ranked."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import HubError, Invalid, Unknown
from iriai.evaluations import rules, vouching

ENTRY = {"dataset": {"id": "ada/exam", "task_id": "default"}, "value": 0.5}


def entry(**changed):
    return {**ENTRY, **changed}


def test_an_entry_is_read_as_it_was_written():
    whole = entry(
        dataset={"id": "ada/exam", "task_id": "default", "revision": "a" * 40},
        verifyToken="abc.def",
        date="2026-01-15T10:30:00Z",
        source={"url": "https://example.org/log", "name": "Log", "user": "ada", "org": "lab"},
        notes="no tools",
    )
    assert [rules.as_written(each) for each in rules.clean_results([whole, ENTRY])] == [
        whole,
        ENTRY,
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"dataset": {}}, "is a list"),
        (["x"], "Entry 1: An entry is a mapping"),
        ([ENTRY, {"value": 1}], 'Entry 2: "dataset" is a mapping'),
        ([entry(dataset={"id": "ada/exam"})], '"task_id" is required'),
        ([entry(dataset={"id": "exam", "task_id": "a"})], "owner/name"),
        ([entry(dataset={"id": "ada/exam", "task_id": "a", "revision": "x"})], "a commit"),
        ([entry(value=None)], "a number"),
        ([entry(value=True)], "a number"),
        ([entry(value="0.5")], "a number"),
        ([entry(value=1e300)], "too large"),
        ([entry(date="yesterday")], "ISO 8601"),
        ([entry(source={"name": "Log"})], '"url" is required'),
        ([entry(source={"url": "javascript:alert(1)"})], "https://"),
        ([entry(notes=["a"])], "is a text"),
        ([ENTRY] * (rules.RESULTS_A_FILE_MAX + 1), "at most"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_entry(data, reason):
    with pytest.raises(Invalid, match=reason):
        rules.clean_results(data)


def test_a_benchmark_names_its_tasks():
    said = {
        "name": "Exam",
        "evaluation_framework": "inspect-ai",
        "tasks": [{"id": "a", "config": "default", "split": "test", "solvers": []}, {"id": "b"}],
    }
    found = rules.clean_benchmark(said)
    assert [each.id for each in found.tasks] == ["a", "b"]
    assert found.task("").id == "a"
    with pytest.raises(Unknown):
        found.task("c")
    for wrong in ([], {}, {"tasks": []}, {"tasks": [{"id": "a"}, {"id": "a"}]}, {"tasks": [{}]}):
        with pytest.raises(Invalid):
            rules.clean_benchmark(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@given(JSON | st.lists(st.fixed_dictionaries({"dataset": JSON, "value": JSON, "source": JSON})))
def test_any_data_gives_results_or_a_sentence(data):
    for read in (rules.clean_results, rules.clean_benchmark):
        with contextlib.suppress(HubError):
            read(data)


def test_a_token_vouches_for_one_score_of_one_model_only():
    facts = {"dataset": "ada/exam", "task": "a", "model": "bob/m", "value": 0.5}
    made = vouching.token(b"s" * 32, **facts)
    assert vouching.holds(b"s" * 32, made, **facts)
    assert vouching.holds(b"s" * 32, made, **{**facts, "model": "Bob/M"})
    for change in ({"value": 0.51}, {"model": "bob/n"}, {"task": "b"}, {"dataset": "ada/other"}):
        assert not vouching.holds(b"s" * 32, made, **{**facts, **change})
    assert not vouching.holds(b"t" * 32, made, **facts)
    for broken in ("", ".", "a.b", made[:-2], made + "x", "é.é"):
        assert not vouching.holds(b"s" * 32, broken, **facts)
