"""Discussions and pull requests with today's client."""

from pathlib import Path

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError


@pytest.fixture(scope="module")
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture(scope="module")
def bob(hub):
    return HfApi(endpoint=hub.url, token=hub.person("bob"))


@pytest.fixture
def repo(api, request):
    name = f"ada/talk-{abs(hash(request.node.nodeid)) % 10**8}"
    api.create_repo(name)
    yield name
    api.delete_repo(name)


def test_a_discussion_is_opened_answered_renamed_and_closed(api, bob, repo):
    opened = bob.create_discussion(repo, " A question ", description="Why *this*?")
    assert (opened.num, opened.title, opened.status) == (1, "A question", "open")
    assert opened.author == "bob"
    assert "<em>this</em>" in opened.events[0].rendered
    said = api.comment_discussion(repo, 1, "Because.")
    assert (said.content, said.edited, said.hidden) == ("Because.", False, False)
    changed = api.rename_discussion(repo, 1, "An answered question")
    assert (changed.old_title, changed.new_title) == ("A question", "An answered question")
    closed = bob.change_discussion_status(repo, 1, "closed", comment="Thanks")
    assert closed.new_status == "closed"
    details = api.get_discussion_details(repo, 1)
    assert [event.type for event in details.events] == [
        "comment",
        "comment",
        "title-change",
        "comment",
        "status-change",
    ]
    assert not details.is_pull_request


def test_a_comment_is_edited_with_its_history_and_hidden(api, repo):
    api.create_discussion(repo, "Typing")
    said = api.comment_discussion(repo, 1, "tpyo")
    edited = api.edit_discussion_comment(repo, 1, said.id, "typo")
    assert (edited.content, edited.edited, edited.number_of_edits) == ("typo", True, 1)
    assert edited.last_edited_by == "ada"
    with pytest.warns(UserWarning, match="irreversible"):
        hidden = api.hide_discussion_comment(repo, 1, said.id)
    assert hidden.hidden


def test_lists_are_filtered_and_newest_first(api, bob, repo):
    for number in range(3):
        bob.create_discussion(repo, f"Question {number}")
    api.create_pull_request(repo, "A draft")
    bob.change_discussion_status(repo, 1, "closed")
    file = {"path_or_fileobj": b"a", "path_in_repo": "a", "repo_id": repo}
    api.upload_file(**file, create_pr=True)
    api.merge_pull_request(repo, 5)
    assert [each.num for each in api.get_repo_discussions(repo)] == [5, 4, 3, 2, 1]
    pulls = list(api.get_repo_discussions(repo, discussion_type="pull_request"))
    assert [(each.num, each.status) for each in pulls] == [(5, "merged"), (4, "draft")]
    opened = api.get_repo_discussions(repo, discussion_status="open")
    assert [each.num for each in opened] == [4, 3, 2]
    closed = api.get_repo_discussions(repo, discussion_status="closed")
    assert [(each.num, each.status) for each in closed] == [(5, "merged"), (1, "closed")]
    assert [each.num for each in api.get_repo_discussions(repo, author="ada")] == [5, 4]


def test_more_discussions_than_a_page_holds_are_all_listed(api, repo):
    for number in range(53):
        api.create_discussion(repo, f"Question {number}")
    assert [each.num for each in api.get_repo_discussions(repo)] == list(range(53, 0, -1))


def test_a_pull_request_is_filled_published_and_merged(api, bob, repo):
    draft = bob.create_pull_request(repo, "Add a file", description="Please")
    assert (draft.status, draft.git_reference, draft.target_branch) == (
        "draft",
        "refs/pr/1",
        "refs/heads/main",
    )
    bob.upload_file(
        path_or_fileobj=b"hello\n", path_in_repo="hello.txt", repo_id=repo, revision="refs/pr/1"
    )
    bob.change_discussion_status(repo, 1, "open")
    details = api.get_discussion_details(repo, 1)
    assert details.conflicting_files == []
    assert "+hello" in details.diff
    assert [each.author for each in details.events if each.type == "commit"] == ["bob"]
    api.merge_pull_request(repo, 1, comment="Good")
    with pytest.raises(HfHubHTTPError, match="is merged, and stays as it was"):
        bob.upload_file(
            path_or_fileobj=b"evil\n", path_in_repo="evil.txt", repo_id=repo, revision="refs/pr/1"
        )
    merged = api.get_discussion_details(repo, 1)
    assert (merged.status, merged.diff) == ("merged", details.diff)
    assert api.get_discussion_details(repo, 1).merge_commit_oid == api.model_info(repo).sha
    assert "hello.txt" in api.list_repo_files(repo)


def test_a_commit_opens_a_pull_request(api, bob, repo):
    made = bob.create_commit(
        repo,
        operations=[CommitOperationAdd("x.txt", b"x")],
        commit_message="Offer x",
        commit_description="It is useful.",
        create_pr=True,
    )
    assert (made.pr_num, made.pr_revision) == (1, "refs/pr/1")
    details = bob.get_discussion_details(repo, 1)
    assert (details.title, details.status) == ("Offer x", "open")
    assert "x.txt" in bob.list_repo_files(repo, revision="refs/pr/1")
    assert "x.txt" not in bob.list_repo_files(repo)


def test_a_pull_request_says_which_branch_it_is_for_and_is_merged_there(api, bob, repo):
    api.create_branch(repo, branch="next")
    made = bob.upload_file(
        path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo, revision="next", create_pr=True
    )
    details = api.get_discussion_details(repo, made.pr_num)
    assert (details.target_branch, details.git_reference) == ("refs/heads/next", "refs/pr/1")
    assert "+x" in details.diff
    api.merge_pull_request(repo, made.pr_num)
    merged = api.get_discussion_details(repo, made.pr_num)
    assert merged.merge_commit_oid == api.model_info(repo, revision="next").sha
    assert "x.txt" not in api.list_repo_files(repo)
    gone = bob.upload_file(
        path_or_fileobj=b"y", path_in_repo="y.txt", repo_id=repo, revision="next", create_pr=True
    )
    api.delete_branch(repo, branch="next")
    left = api.get_discussion_details(repo, gone.pr_num)
    assert (left.target_branch, left.diff, left.conflicting_files) == ("refs/heads/next", None, [])
    with pytest.raises(HfHubHTTPError, match="branch next"):
        api.merge_pull_request(repo, gone.pr_num)


def test_a_large_file_goes_into_a_pull_request(bob, repo, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(range(256)) * 50_000)
    made = bob.upload_file(
        path_or_fileobj=big, path_in_repo="big.bin", repo_id=repo, create_pr=True
    )
    found = bob.hf_hub_download(
        repo, "big.bin", revision=made.pr_revision, local_dir=tmp_path / "back"
    )
    assert Path(found).read_bytes() == big.read_bytes()


def test_a_conflict_is_named_and_refused(api, bob, repo):
    api.upload_file(path_or_fileobj=b"one\n", path_in_repo="a.txt", repo_id=repo)
    bob.upload_file(path_or_fileobj=b"two\n", path_in_repo="a.txt", repo_id=repo, create_pr=True)
    api.upload_file(path_or_fileobj=b"three\n", path_in_repo="a.txt", repo_id=repo)
    assert api.get_discussion_details(repo, 1).conflicting_files == ["a.txt"]
    with pytest.raises(HfHubHTTPError, match=r"a\.txt"):
        api.merge_pull_request(repo, 1)


def test_who_only_reads_changes_nothing_of_others(api, bob, repo):
    api.create_discussion(repo, "Mine", description="to keep")
    key = api.get_discussion_details(repo, 1).events[0].id
    with pytest.raises(HfHubHTTPError):
        bob.rename_discussion(repo, 1, "Yours")
    with pytest.raises(HfHubHTTPError):
        bob.edit_discussion_comment(repo, 1, key, "changed")
    with pytest.warns(UserWarning, match="irreversible"), pytest.raises(HfHubHTTPError):
        bob.hide_discussion_comment(repo, 1, key)


def test_a_title_too_short_is_refused_with_a_sentence(api, repo):
    with pytest.raises(BadRequestError, match="3 to 200"):
        api.create_discussion(repo, "x")


PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89" + bytes(2_000)
)


def test_a_picture_is_attached_and_seen_by_who_has_its_address(any_hub, tmp_path):
    api = HfApi(endpoint=any_hub.url, token=any_hub.token)
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    where = api.upload_attachment(picture)
    assert where.startswith(f"{any_hub.url}/uploads/")
    seen = httpx.get(where)
    assert (seen.content, seen.headers["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in seen.headers["Content-Security-Policy"]
    part = httpx.get(where, headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, PNG[:8])
    assert httpx.head(where).headers["Content-Length"] == str(len(PNG))
    head = {"Authorization": f"Bearer {any_hub.token}"}
    for content, kind, status in (
        (b"<svg onload=alert(1)>", "image/svg+xml", 400),
        (b"<script>alert(1)</script>", "image/png", 400),
        (PNG, "video/mp4", 400),
        (bytes(11 << 20), "image/png", 413),
    ):
        sent = httpx.post(
            f"{any_hub.url}/uploads", content=content, headers={**head, "Content-Type": kind}
        )
        assert sent.status_code == status
    nobody = httpx.post(
        f"{any_hub.url}/uploads", content=PNG, headers={"Content-Type": "image/png"}
    )
    assert nobody.status_code == 401
    assert httpx.get(f"{any_hub.url}/uploads/{'0' * 32}.png").status_code == 404


def test_where_discussions_are_closed_no_commit_opens_one(api, repo):
    httpx.put(
        f"{api.endpoint}/api/models/{repo}/settings",
        json={"discussionsDisabled": True},
        headers={"Authorization": f"Bearer {api.token}"},
    ).raise_for_status()
    with pytest.raises(HfHubHTTPError, match="Discussions are disabled"):
        api.create_discussion(repo, "A question")
    with pytest.raises(HfHubHTTPError, match="Discussions are disabled"):
        api.upload_file(path_or_fileobj=b"1", path_in_repo="a.txt", repo_id=repo, create_pr=True)
    assert list(api.get_repo_discussions(repo)) == []
    assert api.list_repo_refs(repo, include_pull_requests=True).pull_requests == []
