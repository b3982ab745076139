"""Git and git-lfs as they are installed, against a live hub."""

import gzip
import itertools
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.utils import disable_progress_bars

from iriai.api.git import packets
from tests.support import waiting
from tests.support.git import Git, basic, main_of, post, url_of

disable_progress_bars()
NUMBERS = itertools.count(1)
MB = 1 << 20


@pytest.fixture
def api(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.token)


@pytest.fixture
def repo(api):
    name = f"ada/r{next(NUMBERS)}"
    api.create_repo(name)
    return name


@pytest.fixture
def git(any_hub, tmp_path):
    made = Git(tmp_path, any_hub.env)
    made("config", "--global", "user.name", "Ada")
    made("config", "--global", "user.email", "ada@example.org")
    made("config", "--global", "protocol.version", "2")
    return made


@pytest.fixture
def url(any_hub, repo):
    return url_of(any_hub, repo)


@pytest.fixture
def clone(git, url):
    return git.clone(url, "clone")


# -- clone and fetch -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_a_clone_has_what_was_committed_through_the_api(any_hub, api, repo, git, version):
    content = os.urandom(50_000).hex().encode()
    api.upload_file(path_or_fileobj=content, path_in_repo="sub/a.txt", repo_id=repo)
    git("config", "--global", "protocol.version", version)
    for suffix in ("", ".git"):
        clone = git.clone(url_of(any_hub, repo, "") + suffix, f"clone{suffix}")
        assert (clone.folder / "sub/a.txt").read_bytes() == content
        assert clone("rev-parse", "HEAD") == main_of(api, repo)
        clone("fsck", "--full", "--strict")


@pytest.mark.parametrize("kind", ["dataset", "space"])
def test_datasets_and_spaces_clone_and_push_under_their_own_address(any_hub, api, git, kind):
    name = f"ada/k{next(NUMBERS)}"
    api.create_repo(name, repo_type=kind, space_sdk="static" if kind == "space" else None)
    clone = git.clone(url_of(any_hub, f"{kind}s/{name}"), "clone")
    sha = clone.commit(**{"data.csv": "a,b\n1,2\n"})
    clone("push", "-q")
    assert api.repo_info(name, repo_type=kind).sha == sha


def test_a_shallow_clone_has_one_commit_and_can_push(any_hub, api, repo, git, url):
    for number in range(3):
        api.upload_file(path_or_fileobj=b"%d" % number, path_in_repo="n", repo_id=repo)
    shallow = git.clone(url, "shallow", "--depth=1")
    assert shallow("rev-list", "--count", "HEAD") == "1"
    sha = shallow.commit(more="x")
    shallow("push", "-q")
    assert main_of(api, repo) == sha
    shallow("fetch", "-q", "--unshallow")
    assert shallow("rev-list", "--count", "HEAD") == "5"
    shallow("fsck", "--full")


def test_a_partial_clone_fetches_files_when_they_are_looked_at(api, repo, git, url):
    for _number in range(3):
        content = os.urandom(20_000).hex().encode()
        api.upload_file(path_or_fileobj=content, path_in_repo="big.txt", repo_id=repo)
    partial = git.clone(url, "partial", "--filter=blob:none", "--no-checkout")
    missing = partial("rev-list", "--objects", "--all", "--missing=print").count("\n?")
    assert missing >= 3
    partial("checkout", "-q", "main")
    assert (partial.folder / "big.txt").read_bytes() == content
    assert partial("show", "HEAD~1:big.txt")


def test_a_fetch_brings_only_what_is_new_and_sees_every_ref(api, repo, clone):
    api.create_branch(repo, branch="dev")
    api.create_tag(repo, tag="v1", tag_message="One")
    pull = api.create_commit(
        repo, [CommitOperationAdd("p.txt", b"p")], commit_message="P", create_pr=True
    )
    clone("fetch", "-q", "--tags")
    refs = clone("ls-remote").split()[1::2]
    assert {"HEAD", "refs/heads/main", "refs/heads/dev", "refs/tags/v1", "refs/pr/1"} <= set(refs)
    clone("fetch", "-q", "origin", "refs/pr/1:pr/1")
    assert clone("rev-parse", "pr/1") == pull.oid
    assert clone("cat-file", "-t", "v1") == "tag"


def test_a_zipped_request_is_understood_and_a_bomb_of_one_refused(any_hub, api, repo):
    want = packets.packet(f"want {main_of(api, repo)}\n".encode()) + b"0000"
    request = want + packets.packet(b"done\n")
    zipped = {"Content_Encoding": "gzip", "Content_Type": "application/x-git-upload-pack-request"}
    status, headers, body = post(
        any_hub, f"{repo}/git-upload-pack", gzip.compress(request), **zipped
    )
    assert (status, body[:8]) == (200, b"0008NAK\n")
    assert headers["content-type"] == "application/x-git-upload-pack-result"
    bomb = gzip.compress(bytes(100 * MB))
    status, _, _ = post(any_hub, f"{repo}/git-receive-pack", bomb, **zipped)
    assert status in {400, 413}
    status, _, _ = post(any_hub, f"{repo}/git-receive-pack", b"no gzip at all", **zipped)
    assert status == 400


def test_the_old_dumb_protocol_is_refused_with_a_sentence(any_hub, repo):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{any_hub.url}/{repo}/info/refs")
    assert refused.value.code == 400
    assert b"smart protocol" in refused.value.read()


def test_a_client_that_goes_away_leaves_no_process_and_no_folder(any_hub, api, repo):
    content = os.urandom(4 * MB).hex().encode()
    api.upload_file(path_or_fileobj=content, path_in_repo="a.txt", repo_id=repo)
    want = packets.packet(f"want {main_of(api, repo)}\n".encode()) + b"0000"
    body = want + packets.packet(b"done\n")
    head = (
        f"POST /{repo}/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", any_hub.port)) as caller:
            caller.sendall(head.encode() + body)
            assert caller.recv(100).startswith(b"HTTP/1.1 200")
    cache = Path(any_hub.settings["IRIAI_DATA"]) / "cache/git"
    assert waiting.until(lambda: not list(cache.glob("of-*/view-*")))


def test_a_clone_follows_a_repository_that_moved(any_hub, api, repo, git):
    moved = f"ada/moved{next(NUMBERS)}"
    api.move_repo(repo, moved)
    clone = git.clone(url_of(any_hub, repo, ""), "old-name")
    assert clone("rev-parse", "HEAD") == main_of(api, moved)


# -- who may -------------------------------------------------------------------------------------


def anonymous(hub, path):
    request = urllib.request.Request(f"{hub.url}/{path}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    error = refused.value
    names = {name.lower() for name in error.headers} - {"x-request-id", "date"}
    return error.code, names, error.headers.get("www-authenticate"), error.read()


@pytest.mark.parametrize("service", ["git-upload-pack", "git-receive-pack"])
def test_what_is_private_looks_to_strangers_as_what_is_missing(any_hub, api, service):
    name = f"ada/secret{next(NUMBERS)}"
    api.create_repo(name, private=True)
    private = anonymous(any_hub, f"{name}/info/refs?service={service}")
    missing = anonymous(any_hub, f"ada/none-of-this/info/refs?service={service}")
    assert private == missing
    assert private[0] == 401
    assert private[2].startswith("Basic ")
    bob = any_hub.person(f"bob{next(NUMBERS)}")
    answers = []
    for path in (name, "ada/none-of-this"):
        request = urllib.request.Request(f"{any_hub.url}/{path}/info/refs?service={service}")
        request.add_header("Authorization", basic(bob, "bob"))
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        answers.append((refused.value.code, refused.value.read()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_a_private_repository_clones_with_a_token(any_hub, api, git):
    name = f"ada/mine{next(NUMBERS)}"
    api.create_repo(name, private=True)
    assert git("clone", "-q", url_of(any_hub, name, ""), "no", check=False).returncode
    git.clone(url_of(any_hub, name), "yes")


def test_only_who_may_write_pushes(any_hub, api, repo, clone):
    before = main_of(api, repo)
    clone.commit(**{"a.txt": "a"})
    reader = any_hub.run("token", "add", "ada", "--role", "read").strip()
    stranger = any_hub.person(f"eve{next(NUMBERS)}")
    for token in ("", reader, stranger, "hf_wrong"):
        done = clone("push", url_of(any_hub, repo, token), "main", check=False)
        assert done.returncode, token
        if token in {reader, stranger}:
            assert "remote: " in done.stderr
        if token == stranger:
            assert f"pull request instead: hf upload {repo} FOLDER . --create-pr" in done.stderr
    assert main_of(api, repo) == before


# -- push ----------------------------------------------------------------------------------------


def test_a_push_is_seen_through_the_api_at_once_and_its_card_read(api, repo, clone):
    card = "---\nlicense: apache-2.0\nlanguage: no\ntags: [pushed]\n---\n# Pushed\n"
    sha = clone.commit(**{"README.md": card, "sub/x.txt": "x"})
    clone("push", "-q")
    info = api.model_info(repo)
    assert info.sha == sha
    assert {"pushed", "no", "license:apache-2.0"} <= set(info.tags)
    assert {"sub/x.txt", "README.md"} <= set(api.list_repo_files(repo))
    assert api.list_repo_commits(repo)[0].title == "A change"


def test_a_push_in_chunks_after_a_probe_arrives_whole(api, repo, clone):
    content = os.urandom(4 * MB).hex()
    clone.commit(**{"a.txt": content})
    clone("-c", "http.postBuffer=65536", "push", "-q")
    assert Path(api.hf_hub_download(repo, "a.txt")).read_text() == content


def test_a_forced_push_replaces_a_branch_and_a_plain_one_does_not(api, repo, clone, git, url):
    clone.commit(**{"a.txt": "a"})
    clone("push", "-q")
    clone("reset", "-q", "--hard", "HEAD~1")
    other = clone.commit(**{"b.txt": "b"})
    assert clone("push", check=False).returncode
    clone("push", "-q", "--force")
    assert main_of(api, repo) == other
    assert "a.txt" not in api.list_repo_files(repo)


def test_branches_and_tags_come_and_go_but_main_stays(api, repo, clone):
    clone("tag", "light")
    clone("tag", "-a", "heavy", "-m", "A tag with words")
    clone("push", "-q", "origin", "main:refs/heads/dev", "main:refs/heads/a/b", "--tags")
    refs = api.list_repo_refs(repo)
    assert {branch.name for branch in refs.branches} == {"main", "dev", "a/b"}
    assert {tag.name for tag in refs.tags} == {"light", "heavy"}
    assert {tag.target_commit for tag in refs.tags} == {main_of(api, repo)}
    clone("push", "-q", "origin", ":refs/heads/dev", ":refs/tags/heavy")
    clone("push", "-q", "origin", ":refs/heads/a/b", "main:refs/heads/a")
    refs = api.list_repo_refs(repo)
    assert {branch.name for branch in refs.branches} == {"main", "a"}
    assert {tag.name for tag in refs.tags} == {"light"}
    done = clone("push", "origin", ":refs/heads/main", check=False)
    assert "Cannot delete refs/heads/main" in done.stderr


def test_a_pull_request_takes_pushes_from_its_author(any_hub, api, repo, git):
    name = f"carl{next(NUMBERS)}"
    carl = any_hub.person(name)
    theirs = HfApi(endpoint=any_hub.url, token=carl)
    pull = theirs.create_commit(
        repo, [CommitOperationAdd("p.txt", b"p")], commit_message="P", create_pr=True
    )
    clone = git.clone(url_of(any_hub, repo, carl), "theirs")
    clone("fetch", "-q", "origin", "refs/pr/1:pr")
    clone("checkout", "-q", "pr")
    sha = clone.commit(**{"q.txt": "q"})
    clone("push", "-q", "origin", "pr:refs/pr/1")
    assert theirs.repo_info(repo, revision="refs/pr/1").sha == sha
    assert pull.oid != sha
    clone("config", "user.name", "dave")
    said = clone.commit(**{"r.txt": "r"})
    clone("push", "-q", "origin", "pr:refs/pr/1")
    events = theirs.get_discussion_details(repo, 1).events
    brought = {each.oid: each.author for each in events if each.type == "commit"}
    assert brought == {pull.oid: name, sha: name, said: name}
    done = clone("push", "origin", "pr:main", check=False)
    assert "[remote rejected]" in done.stderr
    assert clone("push", "origin", ":refs/pr/1", check=False).returncode


def test_all_or_nothing_means_nothing_when_one_ref_is_refused(any_hub, api, repo, clone):
    before = main_of(api, repo)
    clone.commit(**{"a.txt": "a"})
    words = ("push", "--atomic", "origin", "main", "main:refs/pr/9")
    done = clone(*words, check=False)
    assert "all or nothing" in done.stderr
    assert main_of(api, repo) == before
    done = clone("push", "origin", "main", "main:refs/pr/9", check=False)
    assert done.returncode
    assert main_of(api, repo) == clone("rev-parse", "HEAD")


def test_of_two_pushes_at_once_one_wins_and_the_other_hears_why(any_hub, api, repo, git, url):
    clones = [git.clone(url, f"racer-{number}") for number in range(4)]
    shas = [clone.commit(**{f"{n}.txt": "x" * 100_000}) for n, clone in enumerate(clones)]
    done = [None] * len(clones)

    def race(number):
        done[number] = clones[number]("push", check=False)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(clones))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [number for number, each in enumerate(done) if each.returncode == 0]
    assert len(won) == 1
    assert main_of(api, repo) == shas[won[0]]
    for number, each in enumerate(done):
        if number not in won:
            assert "fetch first" in each.stderr
    loser = next(clone for number, clone in enumerate(clones) if number not in won)
    loser("pull", "-q", "--rebase")
    loser("push", "-q")
    assert len(api.list_repo_commits(repo)) == 3


def test_a_file_of_more_than_ten_megabytes_is_refused_with_advice(api, repo, clone):
    before = main_of(api, repo)
    clone.commit(**{"big.txt": os.urandom(6 * MB).hex()})
    done = clone("push", check=False)
    assert "big.txt" in done.stderr
    assert "git lfs track" in done.stderr
    assert main_of(api, repo) == before


# -- git-lfs ---------------------------------------------------------------------------------------

LFS = subprocess.run(["git", "lfs", "version"], capture_output=True, check=False).returncode == 0
needs_lfs = pytest.mark.skipif(not LFS, reason="git-lfs is not installed here.")


@needs_lfs
def test_git_lfs_pushes_what_every_client_reads_and_reads_what_they_pushed(
    any_hub, api, repo, git, url
):
    git("lfs", "install", "--skip-repo")
    clone = git.clone(url, "with-lfs")
    clone("lfs", "track", "*.weights")
    content = os.urandom(12 * MB)
    clone.commit(**{"a.weights": content, "small.txt": "s"})
    clone("push", "-q")
    (file,) = api.get_paths_info(repo, ["a.weights"])
    assert file.lfs is not None
    assert file.size == len(content)
    assert Path(api.hf_hub_download(repo, "a.weights")).read_bytes() == content
    other = os.urandom(3 * MB)
    api.upload_file(path_or_fileobj=other, path_in_repo="b.weights", repo_id=repo)
    clone("pull", "-q")
    assert (clone.folder / "b.weights").read_bytes() == other
    fresh = git.clone(url_of(any_hub, repo, ""), "fresh")
    assert (fresh.folder / "a.weights").read_bytes() == content
    assert (fresh.folder / "b.weights").read_bytes() == other
    fresh("lfs", "fsck")
