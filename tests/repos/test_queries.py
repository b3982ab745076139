"""Seeing repositories: by name, by earlier name, in lists; and never what is hidden."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from iriai.base.errors import Denied, Gone, Invalid, Unknown
from iriai.identity import actions as identity
from iriai.identity.rules import (
    ANYONE,
    Act,
    Grant,
    Reach,
    Role,
    TokenScope,
)
from iriai.repos import actions, landing, queries
from iriai.repos.queries import Candidate, Filters, Sort
from iriai.repos.rules import Kind

pytestmark = pytest.mark.either_state


def seen(town, viewer, full_name, kind="model"):
    with town.ground.read() as tx:
        return queries.repo(tx, viewer, kind, full_name)


class Statements:
    """Counts the statements of a block."""

    def __init__(self, ground):
        self.engine, self.count = ground.engine, 0

    def __enter__(self):
        event.listen(self.engine, "before_cursor_execute", self.note)
        return self

    def __exit__(self, *_):
        event.remove(self.engine, "before_cursor_execute", self.note)

    def note(self, *_):
        self.count += 1


def test_a_repository_is_found_whatever_the_case_of_its_name(any_town):
    repo = any_town.repo("Tiny")
    found = seen(any_town, ANYONE, "ADA/tINY")
    assert found == any_town.again(repo)
    assert (found.full_name, found.address, found.head) == ("ada/Tiny", "ada/Tiny", repo.head)
    with pytest.raises(Unknown):
        seen(any_town, ANYONE, "ada/Tiny", "dataset")


@pytest.mark.parametrize("name", ["ada/no", "no/tiny", "tiny", "", "/", "ada/", "/tiny", "a/b/c"])
def test_what_is_missing_and_what_is_hidden_are_told_apart_by_nobody(town, name):
    town.repo("hidden", visibility="private")
    answers = []
    for asked in (name, "ada/hidden"):
        with pytest.raises(Unknown) as caught:
            seen(town, town.eve, asked)
        answers.append((caught.value.message, caught.value.code, caught.value.headers))
    assert answers[0] == answers[1]
    assert seen(town, town.ada, "ada/hidden").is_private


def test_a_name_and_a_revision_become_a_commit_in_one_statement(any_town):
    repo = any_town.repo()
    landed = any_town.commit(repo, {"a": b"1"})
    actions.create_tag(any_town.ground, any_town.ada, repo, "v1", message="first")
    with any_town.ground.write() as tx:
        actions.create_branch(tx, any_town.ada, repo, "side", repo.head)
        landing.move_ref(tx, repo.id, "refs/pr/1", old=None, new=landed.sha)
    any_town.objects(repo).commit(landed.sha)
    cases = [
        ("main", landed.sha), ("HEAD", landed.sha), ("", landed.sha), ("side", repo.head),
        ("v1", landed.sha), ("refs/pr/1", landed.sha), ("refs/heads/side", repo.head),
        ("refs/tags/v1", landed.sha), (landed.sha, landed.sha),
    ]  # fmt: skip
    for revision, sha in cases:
        with any_town.ground.read() as tx, Statements(any_town.ground) as statements:
            found, at = queries.readable_at(tx, ANYONE, "model", "ada/tiny", revision)
        assert (at, found.head, statements.count) == (sha, landed.sha, 1), revision
    with any_town.ground.read() as tx:
        assert queries.resolve(tx, repo, landed.sha[:7]) == landed.sha
        assert queries.repo_at(tx, ANYONE, "model", "ada/tiny", landed.sha[:9])[1] == landed.sha
        for revision in ("no", "a" * 40, "a" * 7, landed.sha[:6], "refs/pr/2", landed.sha.upper()):
            with pytest.raises(Unknown) as caught:
                queries.resolve(tx, repo, revision)
            assert caught.value.code == "RevisionNotFound"


def test_a_branch_wins_over_a_tag_of_the_same_name(town):
    repo = town.repo()
    landed = town.commit(repo, {"a": b"1"})
    actions.create_tag(town.ground, town.ada, repo, "same", landed.sha)
    with town.ground.write() as tx:
        actions.create_branch(tx, town.ada, repo, "same", repo.head)
    with town.ground.read() as tx:
        assert queries.resolve(tx, repo, "same") == repo.head
        assert queries.resolve(tx, repo, "refs/tags/same") == landed.sha
        names = [ref.name for ref in queries.refs(tx, repo)]
    assert names == ["refs/heads/main", "refs/heads/same", "refs/tags/same"]


def test_a_moved_repository_is_found_by_all_its_earlier_names(any_town):
    repo = any_town.repo("one")
    with any_town.ground.write() as tx:
        repo = actions.move(tx, any_town.ada, repo, to_owner="ada", to_name="two")
        repo = actions.move(tx, any_town.ada, repo, to_owner="lab", to_name="three")
    with any_town.ground.read() as tx:
        for earlier in ("ada/one", "ada/TWO"):
            assert queries.moved(tx, ANYONE, "model", earlier) == "lab/three"
        assert queries.moved(tx, ANYONE, "model", "lab/three") is None
        assert queries.moved(tx, ANYONE, "model", "ada/no") is None
    with pytest.raises(Unknown):
        seen(any_town, ANYONE, "ada/one")


def test_a_renamed_accounts_repositories_are_found_by_its_earlier_name(town):
    town.repo("one")
    with town.ground.write() as tx:
        identity.rename_account(tx, town.ada, account="ada", name="countess")
    with town.ground.read() as tx:
        assert queries.moved(tx, ANYONE, "model", "ada/one") == "countess/one"
    assert seen(town, ANYONE, "countess/one").owner == "countess"


def test_where_a_hidden_repository_went_is_hidden_too(town):
    repo = town.repo("one", visibility="private")
    with town.ground.write() as tx:
        actions.move(tx, town.ada, repo, to_owner="ada", to_name="two")
    with town.ground.read() as tx:
        assert queries.moved(tx, town.eve, "model", "ada/one") is None
        assert queries.moved(tx, town.ada, "model", "ada/one") == "ada/two"


def test_a_deleted_repository_is_gone_for_those_who_could_see_it(town):
    public, hidden = town.repo("one"), town.repo("two", visibility="private")
    with town.ground.write() as tx:
        actions.delete(tx, town.ada, public)
        actions.delete(tx, town.ada, hidden)
    with pytest.raises(Gone) as caught:
        seen(town, ANYONE, "ada/one")
    assert caught.value.code == "RepoNotFound"
    with pytest.raises(Unknown):
        seen(town, ANYONE, "ada/two")


def test_a_gate_and_protection_hide_files_and_not_the_repository(town):
    gated = town.repo("gated")
    space = town.repo("space", kind="space", visibility="protected", sdk="static")
    with town.ground.write() as tx:
        actions.change_settings(tx, town.ada, gated, gated="manual")
    for kind, name, code in (("model", "gated", "GatedRepo"), ("space", "space", "Forbidden")):
        assert seen(town, town.eve, f"ada/{name}", kind).name == name
        with town.ground.read() as tx:
            with pytest.raises(Denied) as caught:
                queries.readable(tx, town.eve, kind, f"ada/{name}")
            assert caught.value.code == code
            assert queries.readable(tx, town.ada, kind, f"ada/{name}").name == name
    with town.ground.read() as tx:
        ids = set(tx.connection.execute(queries.readable_ids(town.eve)).scalars())
        mine = set(tx.connection.execute(queries.readable_ids(town.ada)).scalars())
    assert gated.id not in ids
    assert space.id not in ids
    assert {gated.id, space.id} <= mine


def test_a_token_for_one_repository_reads_that_private_one_alone(town):
    one = town.repo("one", visibility="private")
    two = town.repo("two", visibility="private")
    grant = Grant(acts=frozenset({Act.READ}), repo_id=one.id)
    scope = TokenScope(Reach.FINE_GRAINED, (grant,), 1, "t")
    narrow = replace(town.ada, scope=scope)
    with town.ground.read() as tx:
        found = {repo.id for repo in queries.listing(tx, narrow, Filters()).repos}
        ids = set(tx.connection.execute(queries.readable_ids(narrow)).scalars())
    assert found == ids == {one.id}
    assert seen(town, narrow, "ada/one").id == one.id
    with pytest.raises(Unknown):
        seen(town, narrow, "ada/two")
    assert two.id not in ids


# -- lists ---------------------------------------------------------------------------------------


def names(page):
    return [repo.name for repo in page.repos]


def test_a_list_is_paged_through_without_a_gap_or_a_repeat(any_town, clock):
    for number in range(7):
        any_town.repo(f"r{number}")
        if number % 2:
            clock.advance(seconds=1)
    any_town.repo("hidden", visibility="private")
    for sort in Sort:
        found, after = [], None
        while True:
            with any_town.ground.read() as tx:
                page = queries.listing(tx, ANYONE, Filters(kind=Kind.MODEL), sort, after, 2)
            found += names(page)
            after = page.after
            if after is None:
                break
            if len(found) == 2:
                clock.advance(seconds=9)
                any_town.repo(f"new-{sort}", kind="dataset")
        assert sorted(found) == [f"r{number}" for number in range(7)], sort
    assert found == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]


def test_a_list_is_narrowed_by_author_words_and_gate(town):
    town.repo("Whisper-tiny")
    town.repo("whisper_large", owner="lab")
    gated = town.repo("sure_100")
    with town.ground.write() as tx:
        actions.change_settings(tx, town.ada, gated, gated="auto")

    def found(**more):
        with town.ground.read() as tx:
            return set(names(queries.listing(tx, ANYONE, Filters(**more))))

    assert found(search="WHISPER") == {"Whisper-tiny", "whisper_large"}
    assert found(search="whisper lab") == {"whisper_large"}
    assert found(search="lab/whis") == {"whisper_large"}
    assert found(search="e_1") == {"sure_100"}
    assert found(search="%") == set()
    assert found(search="r_t") == set()
    assert found(author="Lab") == {"whisper_large"}
    assert found(gated=True) == {"sure_100"}
    assert found(gated=False) == {"Whisper-tiny", "whisper_large"}
    narrow = lambda query, column: query.where(column == gated.id)  # noqa: E731
    assert found(narrow=narrow) == {"sure_100"}


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "é", "WyIyMDI2IiwiYSJd"])
def test_a_cursor_that_makes_no_sense_is_refused(town, cursor):
    with town.ground.read() as tx, pytest.raises(Invalid):
        queries.listing(tx, ANYONE, Filters(), Sort.CREATED, cursor)


def test_members_see_what_their_organisation_hides(town):
    hidden = town.repo("hidden", owner="lab", visibility="private")
    with town.ground.read() as tx:
        owner = hidden.owner_id
        assert [repo.id for repo in queries.repos_of(tx, town.bob, owner)] == [hidden.id]
        assert queries.repos_of(tx, town.eve, owner) == []
        assert queries.count_of(tx, town.bob, owner, "model") == 1
        assert queries.count_of(tx, town.bob, owner, "space") == 0
        assert queries.counts(tx, town.bob) == {"model": 1}
        assert queries.counts(tx, town.eve) == {}
    assert Role.CONTRIBUTOR in town.bob.roles.values()


# -- preupload -----------------------------------------------------------------------------------


def modes(town, repo, *candidates, **more):
    with town.ground.read() as tx:
        sha = queries.resolve(tx, repo, "main")
    found = queries.preupload(town.ground, repo, sha, candidates, **more)
    return {mode.path: mode for mode in found}


def test_attributes_size_and_sample_decide_how_a_file_is_sent(town):
    repo = town.repo()
    found = modes(
        town,
        repo,
        Candidate("m.safetensors", 10, b"text"),
        Candidate("m.empty.bin", 0, b""),
        Candidate("notes.txt", 10, b"text"),
        Candidate("long.txt", 10_000_001, b"text"),
        Candidate("picture.xyz", 10, b"\x89PNG\0"),
        Candidate("deep/saved_model/x", 5, b"text"),
        Candidate("saved_model/a/x", 5, b"text"),
    )
    assert {path for path, mode in found.items() if mode.large} == {
        "m.safetensors", "long.txt", "picture.xyz", "saved_model/a/x",
    }  # fmt: skip
    given = modes(town, repo, Candidate("m.safetensors", 1, b"t"), gitattributes="*.txt text")
    assert not given["m.safetensors"].large


def test_a_file_that_is_there_is_named_by_the_id_a_client_compares(town):
    repo = town.repo()
    sha256 = town.send(repo, b"large")
    change = [actions.Add("a", b"1"), actions.AddLarge("m.bin", sha256)]
    actions.commit(town.ground, town.ada, repo, change, title="t")
    found = modes(town, repo, Candidate("a", 1, b"1"), Candidate("m.bin", 5, b"l"))
    assert found["a"].oid == "56a6051ca2b02b04ef92d5150c9ef600403cb1de"
    assert found["m.bin"].oid == sha256


def test_what_gitignore_leaves_out_is_said_for_the_kept_or_the_given_one(town):
    repo = town.repo()
    town.commit(repo, {".gitignore": b"*.log\n!keep.log\nbuild/\n"})
    asked = [Candidate(path, 1, b"x") for path in ("a.log", "keep.log", "build/x", "a.txt")]
    found = modes(town, repo, *asked)
    assert {path for path, mode in found.items() if mode.ignored} == {"a.log", "build/x"}
    found = modes(town, repo, *asked, gitignore="a.txt")
    assert {path for path, mode in found.items() if mode.ignored} == {"a.txt"}


def test_a_path_that_no_commit_could_have_is_refused_at_preupload(town):
    with pytest.raises(Invalid):
        modes(town, town.repo(), Candidate("a/../b", 1, b""))
