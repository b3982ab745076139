"""Names that work in every client, that the router never swallows, and that nobody can mistake."""

import string

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from hypothesis import assume, given
from hypothesis import strategies as st

from iriai.base import names
from iriai.base.errors import Invalid

allowed = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=100)


def _accepted(clean, name):
    try:
        return clean(name) == name
    except Invalid:
        return False


@given(allowed)
def test_every_name_given_out_is_one_that_the_client_accepts(name):
    assume(_accepted(names.clean_repo_name, name))
    validate_repo_id(name)
    validate_repo_id(f"ada/{name}")


@given(allowed)
def test_what_the_client_accepts_is_given_out_unless_reserved(name):
    try:
        validate_repo_id(f"ada/{name}")
    except HFValidationError:
        assert not _accepted(names.clean_repo_name, name)
        return
    kept = names.fold(name) in names.RESERVED_REPOSITORIES or name.lower().endswith(".ipynb")
    assert _accepted(names.clean_repo_name, name) or kept or name.lower().endswith(".git")


@pytest.mark.parametrize(
    "name",
    ["", "  ", "-a", "a-", ".a", "a.", "a--b", "a..b", "a.git", "a.GIT", "a.ipynb", "a/b", "a b",
     "é", "\u0430da", "a\n", "a" * 97, "..", ".", "a%2Fb", "a\x00b"],
)  # fmt: skip
def test_a_name_that_some_client_could_not_use_is_invalid(name):
    if name.strip() == name:
        with pytest.raises(Invalid):
            names.clean_repo_name(name)
    with pytest.raises(Invalid):
        names.clean_account_name(name if name != "a\n" else "a\nb")


@pytest.mark.parametrize(
    "word", ["datasets", "DataSets", "api", "hub", "v1", "v2", "1ogin", "Iogin"]
)
def test_a_first_word_of_a_route_is_no_account_in_any_disguise(word):
    with pytest.raises(Invalid, match="reserved"):
        names.clean_account_name(word)


def test_charter_is_reserved_as_a_dataset_only():
    with pytest.raises(Invalid, match="reserved"):
        names.clean_repo_name("Charter", "dataset")
    assert names.clean_repo_name("charter", "model") == "charter"


@pytest.mark.parametrize("word", ["resolve", "tree", "settings"])
def test_a_word_that_follows_repositories_in_paths_names_none(word):
    with pytest.raises(Invalid, match="reserved"):
        names.clean_repo_name(word)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Iota", "lota"), ("1ota", "lota"), ("G00gle", "GOOgle"), ("modern", "modem"),
     ("\u0430da", "ada"), ("\uff21da", "ada"), ("\u1d0flmo", "olmo"), ("\u0391\u0392BA", "ABBA")],
)  # fmt: skip
def test_names_that_look_alike_share_their_skeleton(one, other):
    assert names.skeleton(one) == names.skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("mail", "mall"), ("bert-l", "bert-s"), ("a-b", "a.b")])
def test_names_that_merely_resemble_stay_apart(one, other):
    assert names.skeleton(one) != names.skeleton(other)


@given(allowed)
def test_case_never_makes_another_name(name):
    assert names.fold(name.upper()) == names.fold(name.lower()) == names.fold(names.fold(name))


@given(st.text(max_size=40))
def test_every_text_has_a_fold_and_a_skeleton(text):
    assert isinstance(names.fold(text), str)
    assert isinstance(names.skeleton(text), str)


def test_the_ascii_look_alikes_are_those_that_unicode_lists():
    from confusable_homoglyphs.confusables import confusables_data

    for character in string.ascii_letters + string.digits:
        for glyph in confusables_data.get(character, ()):
            if glyph["c"].isascii():
                assert names.skeleton(glyph["c"]) == names.skeleton(character)


def routes():
    import iriai.api
    import iriai.web.pages
    from iriai import app

    return [
        each.path.strip("/").split("/")
        for door in (iriai.api, iriai.web.pages)
        for each in app.routes_of(door)
    ]


def test_every_first_word_of_a_route_is_reserved():
    words = {path[0] for path in routes() if path[0] and not path[0].startswith("{")}
    assert {"api", "datasets", "models"} <= words
    assert [word for word in words if not names.is_reserved(word)] == []


def test_every_word_that_follows_a_repository_is_reserved_or_never_hides_one(ground):
    from iriai import app
    from iriai.api.ownerless import OWNED

    owned = OWNED.strip("/").split("/")
    followers = set()
    for path in routes():
        at = next((at for at in range(len(path)) if path[at : at + 2] == owned), None)
        rest = [] if at is None else path[at + 2 :]
        if rest and not rest[0].startswith("{"):
            followers.add(rest[0].partition("{")[0])
    assert {"resolve", "tree", "commit"} <= followers & names.RESERVED_REPOSITORIES
    hub = app.hub(ground)
    for word in followers - names.RESERVED_REPOSITORIES:
        for where in ("/squad", "/datasets/squad", "/api/models/squad"):
            found = hub.at("GET", f"{where}/{word}")
            assert (found.params["owner"], found.params["name"]) == ("squad", word), where
