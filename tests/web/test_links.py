"""Where things are."""

from types import SimpleNamespace
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from iriai.api import address
from iriai.web import links

MODEL = SimpleNamespace(kind="model", full_name="ada/tiny")
DATASET = SimpleNamespace(kind="dataset", full_name="ada/rows")


def test_a_revision_is_one_segment_and_a_path_keeps_its_slashes():
    where = links.repo(DATASET, "blob", rev="refs/pr/1", path="a folder/b#c?.csv")
    assert where == "/datasets/ada/rows/blob/refs%2Fpr%2F1/a%20folder/b%23c%3F.csv"


@given(st.text(min_size=1).filter(str.isprintable), st.text(min_size=1).filter(str.isprintable))
def test_what_a_link_names_is_what_the_address_is_read_as(rev, path):
    where = links.repo(MODEL, "blob", rev=rev, path=path)
    read = address.place(where.removeprefix("/ada/tiny/blob/"))
    assert (read.revision, read.path) == (rev, path.rstrip("/"))


def test_the_hub_is_no_account_and_its_link_leads_to_its_commons():
    assert links.account("ada") == "/ada"
    assert links.account("hub") == "/commons/hub"


def test_whoever_pastes_an_address_names_what_it_shows():
    assert links.subject("https://hub.example/datasets/lab/x") == "repo/datasets/lab/x"
    assert links.subject("http://hub:8700/lab/tiny/tree/main?x=1#y") == "repo/lab/tiny"
    file = links.subject("https://hub.example/datasets/lab/x/blob/main/a%20b/c.csv")
    assert file == "repo/datasets/lab/x/file/a b/c.csv"
    assert links.subject(" lab/tiny ") == "repo/lab/tiny"
    assert links.subject("/ada") == "account/ada"
    for word in ("repo/datasets/lab/x/file/a.csv", "account/ada", ""):
        assert links.subject(word) == word


@given(st.text())
def test_any_text_names_something_or_nothing_and_is_settled_at_once(text):
    once = links.subject(text)
    assert links.subject(once) == once


def test_each_step_of_a_path_leads_to_its_folder():
    assert links.parents("a/b/c") == [("a", "a"), ("b", "a/b"), ("c", "a/b/c")]
    assert links.parents("") == []


def test_an_empty_filter_leaves_no_trace_in_an_address():
    assert links.listing("dataset", search="", author="ada") == "/datasets?author=ada"
    assert links.with_query("/x", after=None, number=0) == "/x?number=0"


@given(st.text())
def test_an_avatar_never_leaves_its_folder(name):
    where = links.avatar(name)
    assert where.startswith("/avatars/")
    assert unquote(where) == f"/avatars/{name}.svg"
