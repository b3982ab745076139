"""The group of calls that files, commits and refs are made of, by today's huggingface_hub."""

import functools
import itertools
import json
import sys
from pathlib import Path

import httpx
import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    SpaceCard,
)
from huggingface_hub.errors import (
    BadRequestError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder
from huggingface_hub.utils import disable_progress_bars

disable_progress_bars()
NUMBERS = itertools.count(1)

CARD = b"---\nlicense: mit\nlanguage: en\ntags:\n- tiny\n---\n# Tiny\n"


@pytest.fixture
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def nobody(hub):
    return HfApi(endpoint=hub.url, token=False)


@pytest.fixture
def repo(api, request):
    name = f"ada/{request.node.originalname.removeprefix('test_')[:60]}-{next(NUMBERS)}"
    api.create_repo(name)
    return name


def put(api, repo, **files):
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    return api.create_commit(repo, operations, commit_message="more files")


def status(error):
    return error.value.response.status_code


def test_whoami_names_the_token_and_its_owner(api):
    me = api.whoami()
    assert (me["name"], me["type"]) == ("ada", "user")
    assert me["auth"]["accessToken"]["role"] == "write"


def test_a_bad_token_is_told_so(hub):
    with pytest.raises(HfHubHTTPError) as error:
        HfApi(endpoint=hub.url, token="hf_" + "x" * 34).whoami()
    assert status(error) == 401
    assert error.value.response.headers["X-Error-Message"] == (
        "Invalid credentials in Authorization header"
    )


def test_a_repository_is_made_once(api, hub):
    made = api.create_repo("ada/once")
    assert (str(made), made.repo_id, made.repo_type) == (f"{hub.url}/ada/once", "ada/once", "model")
    with pytest.raises(HfHubHTTPError, match="You already created this model repo") as error:
        api.create_repo("ada/once")
    assert status(error) == 409
    assert str(api.create_repo("ada/once", exist_ok=True)) == f"{hub.url}/ada/once"
    assert str(api.create_repo("once", exist_ok=True)) == f"{hub.url}/ada/once"


def test_a_spent_or_confusable_name_is_refused_even_where_exist_ok_would_take_what_is_there(api):
    api.create_repo("ada/given-up")
    api.delete_repo("ada/given-up")
    api.create_repo("ada/spell1ng")
    for name, reason in {"given-up": "not given out again", "spelllng": "looks too much"}.items():
        with pytest.raises(HfHubHTTPError, match=reason) as error:
            api.create_repo(f"ada/{name}", exist_ok=True)
        assert status(error) == 400
        with pytest.raises(HfHubHTTPError, match=reason):
            api.duplicate_repo("ada/spell1ng", f"ada/{name}", exist_ok=True)


def test_this_machine_is_called_as_its_client_calls_it_and_by_no_other_name(api, hub):
    there = hub.url.replace("127.0.0.1", "localhost")
    made = HfApi(endpoint=there, token=hub.token).create_repo("ada/by-another-name")
    assert str(made) == f"{there}/ada/by-another-name"
    written = {"Host": "evil.example", "Authorization": f"Bearer {hub.token}"}
    refused = httpx.post(
        f"{hub.url}/api/repos/create", json={"name": "by-another-name"}, headers=written
    )
    assert (refused.status_code, refused.json()["url"]) == (409, f"{hub.url}/ada/by-another-name")


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_each_kind_of_repository_has_its_own_names(api, hub, kind):
    extra = {"space_sdk": "static"} if kind == "space" else {}
    made = api.create_repo("ada/kinds", repo_type=kind, **extra)
    prefix = {"model": "", "dataset": "datasets/", "space": "spaces/"}[kind]
    assert str(made) == f"{hub.url}/{prefix}ada/kinds"
    info = api.repo_info("ada/kinds", repo_type=kind)
    assert info.id == "ada/kinds"
    page = ["README.md", "index.html", "style.css"] if kind == "space" else []
    assert [each.rfilename for each in info.siblings] == [".gitattributes", *page]
    assert len(info.sha) == 40
    assert info.private is False
    assert info.created_at is not None


def test_a_repository_in_somebody_elses_name_is_refused(api, hub):
    hub.person("mallory")
    with pytest.raises(
        HfHubHTTPError, match="You don't have the rights to create a model"
    ) as error:
        api.create_repo("mallory/mine-now")
    assert status(error) == 403


def test_kernels_are_not_hosted_and_say_so(api):
    with pytest.raises(HfHubHTTPError) as error:
        api.create_repo("ada/kernel", repo_type="kernel")
    assert status(error) == 501


def test_a_deleted_repository_is_gone_and_its_name_is_not_free_again(api):
    api.create_repo("ada/short-lived")
    api.delete_repo("ada/short-lived")
    assert not api.repo_exists("ada/short-lived")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo("ada/short-lived")
    api.delete_repo("ada/short-lived", missing_ok=True)
    with pytest.raises(HfHubHTTPError) as error:
        api.create_repo("ada/short-lived")
    assert status(error) == 400  # not 409, which `exist_ok` takes for a repository that is there


@pytest.mark.parametrize(
    "name", ["ada/there-is-none", "nobody-here/x", "no-owner", "datasets/squad"]
)
def test_a_missing_repository_is_not_found(api, name):
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(name)
    with pytest.raises(RepositoryNotFoundError):
        api.list_repo_files(name)
    with pytest.raises((RepositoryNotFoundError, EntryNotFoundError)):
        api.hf_hub_download(name, "config.json")


OF_A_NAME_ALONE = {
    "commit": lambda api, name: put(api, name, a=b"a"),
    "paths": lambda api, name: api.get_paths_info(name, ["a"]),
    "branch": lambda api, name: api.create_branch(name, branch="b"),
    "no branch": lambda api, name: api.delete_branch(name, branch="b"),
    "tag": lambda api, name: api.create_tag(name, tag="t"),
    "no tag": lambda api, name: api.delete_tag(name, tag="t"),
    "squash": lambda api, name: api.super_squash_history(name),
    "duplicate": lambda api, name: api.duplicate_repo(name, "ada/copy"),
    "check": lambda api, name: api.auth_check(name, write=True),
    "settings": lambda api, name: api.update_repo_settings(name, private=True),
    "discussion": lambda api, name: api.create_discussion(name, "A title"),
    "details": lambda api, name: api.get_discussion_details(name, 1),
    "comment": lambda api, name: api.comment_discussion(name, 1, "A remark"),
    "requests": lambda api, name: list(api.list_pending_access_requests(name)),
    "grant": lambda api, name: api.grant_access(name, "ada"),
    "like": lambda api, name: api.unlike(name),
    "delete": lambda api, name: api.delete_repo(name),
    "folder": lambda api, name: api.upload_folder(repo_id=name, folder_path=Path(__file__).parent),
}


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_name_without_an_owner_is_a_missing_repository_to_every_call(api, kind):
    for call, asked in OF_A_NAME_ALONE.items():
        keeping = _OfKind(api, kind)
        with pytest.raises(RepositoryNotFoundError, match="Repository Not Found"):
            asked(keeping, "repo-that-does-not-exist")
            pytest.fail(call)


class _OfKind:
    """The client, with a kind of repository in each call."""

    def __init__(self, api, kind):
        self._api, self._kind = api, kind

    def __getattr__(self, name):
        return functools.partial(getattr(self._api, name), repo_type=self._kind)


def test_nobody_is_asked_who_they_are_where_a_repository_may_be_hidden(api, nobody):
    for kind, info in (("model", nobody.model_info), ("dataset", nobody.dataset_info)):
        api.create_repo("ada/hidden-away", repo_type=kind, private=True, exist_ok=True)
        for name in ("ada/hidden-away", "ada/there-is-none"):
            told = r"(?s)401 Client Error.+\(Request ID: .+\).*Repository Not Found"
            with pytest.raises(RepositoryNotFoundError, match=told):
                info(name)
            with pytest.raises(RepositoryNotFoundError, match=told):
                nobody.hf_hub_download(name, "a.txt", repo_type=kind)
    with pytest.raises(RepositoryNotFoundError, match="404 Client Error"):
        api.delete_repo("there-is-none")


def test_files_come_back_as_they_went(api, repo, tmp_path):
    committed = api.upload_file(
        path_or_fileobj=b'{"a": 1}', path_in_repo="deep/er/config.json", repo_id=repo
    )
    assert committed.commit_url.startswith(f"{api.endpoint}/{repo}/commit/")
    got = api.hf_hub_download(repo, "deep/er/config.json", cache_dir=tmp_path)
    assert Path(got).read_bytes() == b'{"a": 1}'
    assert committed.oid in got


def test_names_in_any_script_go_there_and_back(api, repo, tmp_path):
    names = ["a b/ü.txt", "日本/モデル.txt", "100%/a+b&c=d.txt", "emoji-🦜.txt", "it's.txt"]
    names += ["asked?/page?of=50%, or a:b.txt", "asked?/what.bin"]
    names += ["results_2026-07-19T22:26:03.json", "a*b|c:d/2026-07-19T22:26:03+00:00.bin"]
    put(api, repo, **{name: name.encode() for name in names})
    assert set(names) <= set(api.list_repo_files(repo))
    for name in names:
        got = api.hf_hub_download(repo, name, cache_dir=tmp_path)
        assert Path(got).read_bytes() == name.encode()
        assert api.file_exists(repo, name)


def test_a_missing_file_is_told_from_a_missing_revision(api, repo):
    with pytest.raises(EntryNotFoundError) as error:
        api.hf_hub_download(repo, "none.json")
    assert len(error.value.response.headers["X-Repo-Commit"]) == 40
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(repo, ".gitattributes", revision="none")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo, revision="none")
    assert api.revision_exists(repo, "main")
    assert not api.revision_exists(repo, "none")
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(repo, "none"))


def test_a_file_may_be_asked_for_at_any_name_of_a_commit(api, repo):
    first = put(api, repo, **{"a.txt": b"1"}).oid
    put(api, repo, **{"a.txt": b"2"})
    api.create_tag(repo, tag="v1", revision=first)
    api.create_branch(repo, branch="feature/x", revision=first)
    for revision in (first, first[:7], "v1", "feature/x", "refs/tags/v1", "refs/heads/feature/x"):
        got = Path(api.hf_hub_download(repo, "a.txt", revision=revision)).read_bytes()
        assert got == b"1", revision
        assert api.model_info(repo, revision=revision).sha == first
    assert Path(api.hf_hub_download(repo, "a.txt", revision="HEAD")).read_bytes() == b"2"


def test_a_tree_tells_sizes_ids_and_last_commits(api, repo):
    put(api, repo, **{"README.md": CARD, "sub/a.txt": b"aaa"})
    tree = {each.path: each for each in api.list_repo_tree(repo, recursive=True, expand=True)}
    assert isinstance(tree["sub"], RepoFolder)
    assert isinstance(tree["sub/a.txt"], RepoFile)
    assert tree["sub/a.txt"].size == 3
    assert len(tree["sub/a.txt"].blob_id) == 40
    assert tree["sub/a.txt"].last_commit.title == "more files"
    assert tree[".gitattributes"].last_commit.title == "initial commit"
    assert tree["sub/a.txt"].security.status == "unscanned"
    assert api.model_info(repo, securityStatus=True).security_repo_status["scansDone"] is False
    flat = [each.path for each in api.list_repo_tree(repo)]
    assert flat == ["sub", ".gitattributes", "README.md"]
    assert [each.path for each in api.list_repo_tree(repo, "sub")] == ["sub/a.txt"]


def test_a_long_tree_comes_in_pages(api, repo):
    put(api, repo, **{f"many/{number:04}.txt": b"%d" % number for number in range(1_203)})
    listed = [each.path for each in api.list_repo_tree(repo, "many")]
    assert listed == [f"many/{number:04}.txt" for number in range(1_203)]
    assert len(api.list_repo_files(repo)) == 1_204
    expanded = list(api.list_repo_tree(repo, "many", expand=True))
    assert len(expanded) == 1_203
    assert all(each.last_commit for each in expanded)


def test_paths_that_are_not_there_are_left_out(api, repo):
    put(api, repo, **{"a.txt": b"1", "sub/b.txt": b"22"})
    found = api.get_paths_info(repo, ["a.txt", "sub", "none", "sub/b.txt"], expand=True)
    assert {each.path for each in found} == {"a.txt", "sub", "sub/b.txt"}
    assert api.get_paths_info(repo, ["none"]) == []


def test_one_commit_adds_changes_copies_and_deletes(api, repo, tmp_path):
    put(
        api,
        repo,
        **{"keep": b"1", "change": b"1", "drop": b"1", "folder/a": b"1", "folder/b": b"1"},
    )
    api.create_commit(
        repo,
        [
            CommitOperationAdd("change", b"2"),
            CommitOperationDelete("drop"),
            CommitOperationDelete("folder/"),
            CommitOperationCopy("keep", "copied/keep"),
        ],
        commit_message="all at once",
        commit_description="In four ways.",
    )
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", "change", "copied/keep", "keep"]
    assert Path(api.hf_hub_download(repo, "change", cache_dir=tmp_path)).read_bytes() == b"2"
    newest = api.list_repo_commits(repo, formatted=True)[0]
    assert (newest.title, newest.message) == ("all at once", "In four ways.")
    assert newest.authors == ["ada"]


def test_a_history_is_listed_newest_first(api, repo):
    for number in range(60):
        put(api, repo, **{"n.txt": b"%d" % number})
    commits = api.list_repo_commits(repo)
    assert len(commits) == 61
    assert commits[-1].title == "initial commit"
    assert commits[0].commit_id == api.model_info(repo).sha


def test_a_commit_on_a_stale_parent_is_refused_in_the_words_clients_know(api, repo):
    first = put(api, repo, a=b"1").oid
    put(api, repo, a=b"2")
    with pytest.raises(HfHubHTTPError) as error:
        api.create_commit(
            repo, [CommitOperationAdd("b", b"1")], commit_message="late", parent_commit=first
        )
    assert status(error) == 412
    assert "The branch was updated since you opened this page" in str(error.value)


@pytest.mark.parametrize("path", ["..\\ddd", "a/CON", "x:y", "tab\there", "end.", ".git/config"])
def test_a_path_that_is_not_safe_everywhere_is_refused(api, repo, path):
    operation = CommitOperationAdd("fine", b"1")
    operation.path_in_repo = path
    with pytest.raises(HfHubHTTPError) as error:
        api.create_commit(repo, [operation], commit_message="hostile")
    assert 400 <= status(error) < 500
    assert api.list_repo_files(repo) == [".gitattributes"]


def test_an_unchanged_file_makes_no_commit(api, repo):
    before = put(api, repo, **{"a.txt": b"same"}).oid
    after = put(api, repo, **{"a.txt": b"same"}).oid
    assert before == after


def test_what_gitignore_names_is_not_uploaded(api, repo, tmp_path):
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n")
    (tmp_path / "build").mkdir()
    for name in ("a.txt", "b.log", "build/c"):
        (tmp_path / name).write_text(name)
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", ".gitignore", "a.txt"]


def test_branches_and_tags_come_and_go(api, repo):
    sha = put(api, repo, a=b"1").oid
    api.create_branch(repo, branch="dev")
    api.create_branch(repo, branch="dev", exist_ok=True)
    with pytest.raises(HfHubHTTPError, match="Reference refs/heads/dev already exists") as error:
        api.create_branch(repo, branch="dev")
    assert status(error) == 409
    api.create_tag(repo, tag="v1", tag_message="one")
    api.create_tag(repo, tag="v1", exist_ok=True)
    api.create_branch(repo, branch="v1")
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    assert [each.name for each in refs.branches] == ["main", "dev", "v1"]
    assert [(each.name, each.ref) for each in refs.tags] == [("v1", "refs/tags/v1")]
    assert {each.target_commit for each in refs.branches} == {sha}
    assert refs.pull_requests == []
    api.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo, tag="v1")
    api.delete_branch(repo, branch="dev")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id"):
        api.delete_branch(repo, branch="dev")
    for reserved in ("refs/pr/5", "refs/something/random"):
        with pytest.raises(BadRequestError, match="Invalid reference for a branch"):
            api.create_branch(repo, branch=reserved)
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        api.delete_branch(repo, branch="main")
    with pytest.raises(RevisionNotFoundError):
        api.create_tag(repo, tag="v2", revision="none")


def test_a_commit_is_shown_as_html_that_nobody_can_write_into(api, repo):
    said = "First,\n<script>\n\n\nand then & *after*\n"
    file = {"path_or_fileobj": b"1", "path_in_repo": "a", "repo_id": repo}
    api.upload_file(**file, commit_message="1 < 2 <b>bold</b>", commit_description=said)
    newest = api.list_repo_commits(repo, formatted=True)[0]
    assert (newest.title, newest.message) == ("1 < 2 <b>bold</b>", said.strip())
    assert (
        newest.formatted_message == "<p>First,<br>&lt;script&gt;</p><p>and then &amp; *after*</p>"
    )
    assert newest.formatted_title == "1 &lt; 2 &lt;b&gt;bold&lt;/b&gt;"


def test_a_large_file_is_listed_once_under_the_revision_that_has_it(api, repo):
    put(api, repo, **{"a.bin": b"on main"})
    api.create_branch(repo, branch="dev")
    api.upload_file(path_or_fileobj=b"dev", path_in_repo="b.bin", repo_id=repo, revision="dev")
    api.upload_file(path_or_fileobj=b"pr", path_in_repo="c.bin", repo_id=repo, create_pr=True)
    found = {each.filename: each for each in api.list_lfs_files(repo)}
    refs = {name: each.ref for name, each in found.items()}
    assert refs == {"a.bin": "main", "b.bin": "dev", "c.bin": "refs/pr/1"}
    api.permanently_delete_lfs_files(repo, [found["a.bin"]])
    assert {each.filename for each in api.list_lfs_files(repo)} == {"b.bin", "c.bin"}
    assert api.list_repo_files(repo) == [".gitattributes"]


def test_a_space_begins_with_a_card_that_can_be_changed_and_deleted(api, tmp_path):
    space = f"ada/carded-{next(NUMBERS)}"
    api.create_repo(space, repo_type="space", space_sdk="docker")
    assert api.space_info(space).card_data.to_dict() == {
        "title": space.removeprefix("ada/"),
        "sdk": "docker",
    }
    got = api.hf_hub_download(space, "README.md", repo_type="space", cache_dir=tmp_path)
    card = SpaceCard(Path(got).read_text())
    card.data.tags = ["tiny"]
    api.upload_file(
        path_or_fileobj=str(card).encode(),
        path_in_repo="README.md",
        repo_id=space,
        repo_type="space",
    )
    assert api.space_info(space).card_data.tags == ["tiny"]
    api.delete_file("README.md", space, repo_type="space")
    assert api.list_repo_files(space, repo_type="space") == [".gitattributes"]


def test_a_branch_is_committed_to_by_its_name(api, repo):
    api.create_branch(repo, branch="dev/two")
    api.upload_file(
        path_or_fileobj=b"1", path_in_repo="only-here", repo_id=repo, revision="dev/two"
    )
    assert "only-here" in api.list_repo_files(repo, revision="dev/two")
    assert "only-here" not in api.list_repo_files(repo)


def test_a_squashed_branch_keeps_its_files_and_one_commit(api, repo):
    put(api, repo, a=b"1")
    put(api, repo, b=b"2")
    api.super_squash_history(repo, commit_message="all of it")
    assert [each.title for each in api.list_repo_commits(repo)] == ["all of it"]
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", "a", "b"]


def test_a_pull_request_is_made_by_a_commit(api, repo, hub):
    put(api, repo, a=b"1")
    made = api.create_commit(
        repo, [CommitOperationAdd("b", b"2")], commit_message="please", create_pr=True
    )
    assert made.pr_url == f"{hub.url}/{repo}/discussions/1"
    assert made.pr_num == 1
    assert "b" not in api.list_repo_files(repo)
    assert "b" in api.list_repo_files(repo, revision="refs/pr/1")
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    assert [(each.name, each.ref) for each in refs.pull_requests] == [("1", "refs/pr/1")]
    api.upload_file(path_or_fileobj=b"3", path_in_repo="c", repo_id=repo, revision="refs/pr/1")
    assert "c" in api.list_repo_files(repo, revision="refs/pr/1")
    with pytest.raises(RevisionNotFoundError):
        api.create_commit(
            repo,
            [CommitOperationAdd("b", b"2")],
            commit_message="onto nothing",
            create_pr=True,
            revision="none",
        )


def test_a_stranger_may_propose_but_not_commit(api, repo, hub):
    bob = HfApi(endpoint=hub.url, token=hub.person("bob"))
    with pytest.raises(HfHubHTTPError) as error:
        put(bob, repo, b=b"1")
    assert status(error) == 403
    made = bob.create_commit(
        repo, [CommitOperationAdd("b", b"2")], commit_message="please", create_pr=True
    )
    assert made.pr_num == 1


def test_a_read_token_reads(api, repo, hub):
    token = hub.run("token", "add", "ada", "--role", "read").strip()
    reader = HfApi(endpoint=hub.url, token=token)
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"
    assert reader.list_repo_files(repo) == [".gitattributes"]
    with pytest.raises(HfHubHTTPError) as error:
        put(reader, repo, b=b"1")
    assert status(error) == 403


def test_a_moved_repository_is_found_under_its_old_name(api, repo, tmp_path):
    put(api, repo, **{"a.txt": b"1", "b c.txt": b"2"})
    api.move_repo(repo, f"{repo}-moved")
    assert api.model_info(f"{repo}-moved").id == f"{repo}-moved"
    assert Path(api.hf_hub_download(repo, "b c.txt", cache_dir=tmp_path)).read_bytes() == b"2"
    assert "a.txt" in api.list_repo_files(repo)
    api.create_repo(f"{repo}-other")
    with pytest.raises(HfHubHTTPError) as error:
        api.move_repo(f"{repo}-other", f"{repo}-moved")
    assert status(error) == 409
    with pytest.raises(RepositoryNotFoundError, match=f"called {repo}-moved now"):
        api.delete_repo(repo)  # what bears another name now is not lost by mistake
    api.move_repo(repo, f"{repo}-again")
    assert api.model_info(repo).id == f"{repo}-again"


def test_a_duplicate_has_the_files_and_a_life_of_its_own(api, repo, hub):
    put(api, repo, **{"a.txt": b"1"})
    made = api.duplicate_repo(repo, f"{repo}-copy")
    assert str(made) == f"{hub.url}/{repo}-copy"
    put(api, f"{repo}-copy", **{"a.txt": b"2"})
    assert Path(api.hf_hub_download(repo, "a.txt")).read_bytes() == b"1"
    with pytest.raises(HfHubHTTPError) as error:
        api.duplicate_repo(repo, f"{repo}-copy")
    assert status(error) == 409
    assert str(api.duplicate_repo(repo, f"{repo}-copy", exist_ok=True)).endswith("-copy")


def test_what_is_private_is_hidden_until_it_is_not(api, nobody, repo):
    api.update_repo_settings(repo, visibility="private")
    assert api.model_info(repo).private is True
    with pytest.raises(RepositoryNotFoundError):
        nobody.model_info(repo)
    with pytest.raises(RepositoryNotFoundError):
        nobody.auth_check(repo)
    api.auth_check(repo)
    api.auth_check(repo, write=True)
    api.update_repo_settings(repo, private=False)
    nobody.auth_check(repo)
    with pytest.raises(HfHubHTTPError) as error:
        nobody.auth_check(repo, write=True)
    assert status(error) in (401, 403)


def test_a_new_private_repository_is_private(api, nobody):
    api.create_repo("ada/secret-from-birth", private=True)
    assert not nobody.repo_exists("ada/secret-from-birth")
    api.create_repo("ada/secret-too", visibility="private")
    assert not nobody.repo_exists("ada/secret-too")


def test_a_gate_shows_the_card_and_keeps_the_files(api, nobody, repo, tmp_path):
    put(api, repo, **{"a.txt": b"1"})
    api.update_repo_settings(repo, gated="manual")
    assert nobody.model_info(repo).gated == "manual"
    with pytest.raises(GatedRepoError):
        nobody.hf_hub_download(repo, "a.txt", cache_dir=tmp_path)
    with pytest.raises(GatedRepoError):
        nobody.auth_check(repo)
    api.hf_hub_download(repo, "a.txt")
    api.update_repo_settings(repo, gated=False)
    assert nobody.model_info(repo).gated is False


def test_info_holds_what_is_asked_for_and_nothing_else(api, repo):
    put(api, repo, **{"README.md": CARD})
    info = api.model_info(repo, expand=["sha", "cardData", "tags", "usedStorage"])
    assert info.card_data.license == "mit"
    assert {"tiny", "license:mit", "en"} <= set(info.tags)
    assert info.used_storage > 0
    assert (info.siblings, info.last_modified) == (None, None)
    with pytest.raises(BadRequestError, match='"expand" must be one of'):
        api.model_info(repo, expand=["sha", "nonsense"])


def test_info_tells_sizes_when_asked(api, repo):
    put(api, repo, **{"README.md": CARD})
    info = api.model_info(repo, files_metadata=True)
    sizes = {each.rfilename: each.size for each in info.siblings}
    assert sizes["README.md"] == len(CARD)
    assert info.card_data.license == "mit"


def test_a_readme_is_judged_before_it_is_committed(api, repo):
    bad = b"---\nmodel-index: foo\n---\n# Bad\n"
    with pytest.raises(ValueError, match="model-index"):
        api.upload_file(path_or_fileobj=bad, path_in_repo="README.md", repo_id=repo)
    with pytest.warns(UserWarning, match="metadata"):
        api.upload_file(path_or_fileobj=b"# None\n", path_in_repo="README.md", repo_id=repo)


def test_listings_filter_sort_and_page(api, hub):
    for number in range(7):
        name = f"ada/shelved-{number}"
        api.create_repo(name)
        tag = "even" if number % 2 == 0 else "odd"
        put(api, name, **{"README.md": f"---\ntags: [{tag}]\nlicense: mit\n---\n".encode()})
    listed = list(api.list_models(search="shelved", author="ada"))
    assert {each.id for each in listed} == {f"ada/shelved-{number}" for number in range(7)}
    even = list(api.list_models(search="shelved", filter="even"))
    assert {each.id for each in even} == {f"ada/shelved-{number}" for number in (0, 2, 4, 6)}
    both = list(api.list_models(search="shelved", filter=["odd", "license:mit"]))
    assert len(both) == 3
    newest = list(api.list_models(search="shelved", sort="created_at", limit=3))
    assert [each.id for each in newest] == ["ada/shelved-6", "ada/shelved-5", "ada/shelved-4"]
    full = next(iter(api.list_models(search="shelved-3", full=True)))
    assert "README.md" in [each.rfilename for each in full.siblings]
    assert list(api.list_models(author="nobody-here")) == []
    expanded = next(iter(api.list_models(search="shelved-3", expand=["sha"])))
    assert len(expanded.sha) == 40


def test_private_repositories_are_listed_for_their_members_only(api, nobody):
    api.create_repo("ada/unlisted", private=True)
    assert [each.id for each in api.list_models(search="unlisted")] == ["ada/unlisted"]
    assert list(nobody.list_models(search="unlisted")) == []


def test_an_account_tells_of_itself(api, hub):
    hub.run("org", "add", "lab", "--fullname", "The Lab", "--member", "ada:admin")
    person = api.get_user_overview("ada")
    assert (person.username, person.user_type) == ("ada", "user")
    assert "lab" in [each.name for each in person.orgs]
    organisation = api.get_organization_overview("lab")
    assert (organisation.fullname, organisation.num_users) == ("The Lab", 1)
    assert [each.username for each in api.list_organization_members("lab")] == ["ada"]
    api.create_repo("lab/shared")
    # The organisation's charter is a dataset of its own, which the hub writes in its own time.
    listed = api.list_user_repos(namespace="lab")
    assert [each.id for each in listed if each.id != "lab/charter"] == ["lab/shared"]
    assert api.get_organization_overview("lab").num_models == 1
    assert {"ada/storage"} <= {each.id for each in _stored(api)}


def _stored(api):
    api.create_repo("ada/storage")
    put(api, "ada/storage", a=b"a" * 1_000)
    return list(api.list_user_repos())


def test_an_organisation_that_keeps_its_own_secrets_starts_private(api, nobody, hub):
    hub.run("org", "add", "vault", "--member", "ada:write", "--private-by-default")
    api.create_repo("vault/new")
    assert api.model_info("vault/new").private is True
    assert not nobody.repo_exists("vault/new")


def test_names_do_not_mind_their_case(api, repo):
    put(api, repo, **{"a.txt": b"1"})
    assert api.model_info(repo.upper().replace("ADA", "Ada")).id == repo


def test_the_headers_of_a_model_in_shards_come_in_one_answer(any_hub, tmp_path):
    api = HfApi(endpoint=any_hub.url, token=any_hub.token)
    api.create_repo("ada/shards")
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    for number, name in enumerate(names):
        tensor = {"dtype": "F32", "shape": [5_000], "data_offsets": [0, 20_000]}
        header = json.dumps({"__metadata__": {"format": "pt"}, f"w{number}": tensor}).encode()
        (tmp_path / name).write_bytes(len(header).to_bytes(8, "little") + header + bytes(20_000))
    index = {"metadata": {"total_size": 40_000}, "weight_map": {"w0": names[0], "w1": names[1]}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    api.upload_folder(repo_id="ada/shards", folder_path=tmp_path)
    found = api.get_sharded_safetensors_metadata("ada/shards")
    assert found.weight_map == index["weight_map"]
    assert found.metadata == {"total_size": 40_000}
    assert found.files_metadata[names[1]].tensors["w1"].shape == [5_000]
    assert found.files_metadata[names[0]].metadata == {"format": "pt"}
    plain = api.get_safetensors_metadata("ada/shards")
    assert plain.parameter_count == found.parameter_count == {"F32": 10_000}
    with pytest.raises(EntryNotFoundError):
        api.get_sharded_safetensors_metadata("ada/shards", filename="none.index.json")
    with pytest.raises(HfHubHTTPError, match="Name the index of a model in shards"):
        api.get_sharded_safetensors_metadata("ada/shards", filename=names[0])


@pytest.mark.parametrize("rewrite", [True, False])
def test_large_files_are_deleted_for_good_from_every_branch(any_hub, rewrite):
    api = HfApi(endpoint=any_hub.url, token=any_hub.token)
    name = f"ada/erased-{rewrite}".lower()
    api.create_repo(name)

    def put(path, content, **more):
        return api.upload_file(
            path_or_fileobj=content, path_in_repo=path, repo_id=name, commit_message=path, **more
        )

    put("secret/a.bin", b"a" * 100_000)
    put("keep.bin", b"k" * 100_000)
    put("README.md", b"---\nlicense: mit\n---\n# A model")
    api.create_branch(name, branch="other")
    api.create_tag(name, tag="v1", tag_message="The first")
    put("secret/a.bin", b"b" * 100_000)
    old = api.repo_info(name).sha
    before = [each.title for each in api.list_repo_commits(name)]
    large = [each for each in api.list_lfs_files(name) if each.filename == "secret/a.bin"]
    assert len(large) == 2
    api.permanently_delete_lfs_files(name, large, rewrite_history=rewrite)
    named = {each.filename for each in api.list_lfs_files(name)}
    assert named == ({"keep.bin"} if rewrite else {"keep.bin", "secret/a.bin"})  # a tag stays
    for revision in ("main", "other"):
        assert sorted(api.list_repo_files(name, revision=revision)) == [
            ".gitattributes", "README.md", "keep.bin"
        ]  # fmt: skip
    titles = [each.title for each in api.list_repo_commits(name)]
    assert titles == (before if rewrite else ["Delete large files for good", *before])
    if rewrite:
        assert "secret/a.bin" not in api.list_repo_files(name, revision="v1")
        for commit in api.list_repo_commits(name):
            files = api.list_repo_files(name, revision=commit.commit_id)
            assert "secret/a.bin" not in files
    gone = httpx.get(
        f"{any_hub.url}/{name}/resolve/{old}/secret/a.bin",
        headers={"Authorization": f"Bearer {any_hub.token}"},
    )
    assert gone.status_code == 404
    kept = api.hf_hub_download(name, "keep.bin", force_download=True)
    assert Path(kept).read_bytes() == b"k" * 100_000
    put("secret/a.bin", b"a" * 100_000)
    again = api.hf_hub_download(name, "secret/a.bin", force_download=True)
    assert Path(again).read_bytes() == b"a" * 100_000


def test_what_was_in_a_deleted_repository_can_be_sent_again_by_the_same_client(any_hub):
    """A client remembers which chunks it sent, and does not send them again."""
    code = """
from huggingface_hub import HfApi
api = HfApi()
content = bytes(range(256)) * 8_000
for name in ("ada/first", "ada/second"):
    api.create_repo(name)
    api.upload_file(path_or_fileobj=content, path_in_repo="big.bin", repo_id=name)
    api.delete_repo(name)
api.create_repo("ada/third")
api.upload_file(path_or_fileobj=content, path_in_repo="big.bin", repo_id="ada/third")
path = api.hf_hub_download("ada/third", "big.bin")
assert open(path, "rb").read() == content
"""
    any_hub.client(sys.executable, "-c", code)
    httpx.get(f"{any_hub.url}/ada/third/resolve/main/big.bin").raise_for_status()
