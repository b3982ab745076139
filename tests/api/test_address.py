"""Addresses, taken apart and put together."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.api import address
from iriai.api.address import Place
from iriai.base.errors import Invalid

letters = st.characters(exclude_categories=("Cs",), exclude_characters="\x00/")
segments = st.text(letters, min_size=1, max_size=12)
paths = st.lists(segments, min_size=1, max_size=5).map("/".join)
revisions = st.one_of(
    segments,
    st.integers(1, 999).map(lambda n: f"refs/pr/{n}"),
    st.just("refs/convert/parquet"),
    st.tuples(segments, segments).map("/".join),
)


@given(revisions, paths)
def test_what_python_clients_encode_comes_back_as_it_was(revision, path):
    tail = f"{quote(revision, safe='')}/{quote(path)}"
    assert address.place(tail) == Place(revision, path)


@given(revisions, paths)
def test_a_path_may_come_with_its_slashes_encoded(revision, path):
    tail = f"{quote(revision, safe='')}/{quote(path, safe='')}"
    assert address.place(tail) == Place(revision, path)


@given(st.sampled_from(["pr", "convert"]), segments.map(lambda s: quote(s, safe="")), paths)
def test_a_ref_may_come_with_its_slashes_raw_as_javascript_sends_it(family, name, path):
    tail = f"refs/{family}/{name}/{quote(path)}"
    found = address.place(tail)
    assert found.path == path
    assert found.revision.startswith(f"refs/{family}/")


@pytest.mark.parametrize(
    ("tail", "revision", "path"),
    [
        ("main", "main", ""),
        ("main/", "main", ""),
        ("refs/pr/1", "refs/pr/1", ""),
        ("refs/pr/1/a%20b/c", "refs/pr/1", "a b/c"),
        ("refs%2Fpr%2F1/a%2520b", "refs/pr/1", "a%20b"),
        ("refs/x", "refs", "x"),
        ("refs/pr", "refs", "pr"),
        ("HEAD/config.json", "HEAD", "config.json"),
    ],
)
def test_a_tail_is_a_revision_and_a_path(tail, revision, path):
    assert address.place(tail) == Place(revision, path)


@pytest.mark.parametrize("tail", ["", "/a", "main/%ff", "main/" + "a" * 99_999])
def test_a_tail_that_makes_no_sense_is_invalid(tail):
    with pytest.raises(Invalid):
        address.place(tail)


@given(st.sampled_from(["model", "dataset", "space"]), revisions, paths)
def test_a_file_is_found_where_its_address_says(kind, revision, path):
    made = address.resolve_path(kind, "ada/tiny", revision, path)
    before, _, tail = made.partition("/resolve/")
    assert before == address.repo_path(kind, "ada/tiny")
    assert address.place(tail) == Place(revision, path)


def test_a_renamed_repository_keeps_the_rest_of_its_address():
    old = "/datasets/ada/old/resolve/refs%2Fpr%2F1/a%20b"
    new = address.moved(old, "x=1", kind="dataset", full_name="bob/new")
    assert new == "/datasets/bob/new/resolve/refs%2Fpr%2F1/a%20b?x=1"
    api = address.moved("/api/models/ada/old/tree/main", "", kind="model", full_name="bob/new")
    assert api == "/api/models/bob/new/tree/main"


@pytest.mark.parametrize("name", ["", "a", "a/", "/a", "a/b/c"])
def test_a_full_name_is_an_owner_and_a_name(name):
    with pytest.raises(Invalid):
        address.split_full_name(name)
