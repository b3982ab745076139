"""Discussions and pull requests, from opening to merging."""

import warnings
from pathlib import Path

from huggingface_hub import errors

from .frame import At, drive, refused

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "6060f80f0001040100ad2d0b5b0000000049454e44ae426082"
)


@drive(
    "HfApi.create_discussion",
    "HfApi.create_pull_request",
    "HfApi.get_repo_discussions",
    "HfApi.get_discussion_details",
)
def open_and_list(at: At) -> None:
    for kind in ("model", "dataset", "space"):
        prefix = "" if kind == "model" else f"{kind}s/"
        name = at.repo({"a.txt": b"1\n"}, repo_type=kind)
        asked = at.bob.create_discussion(name, " Test discussion ", repo_type=kind)
        assert (asked.num, asked.title, asked.status) == (1, "Test discussion", "open")
        assert (asked.author, asked.is_pull_request, asked.repo_type) == ("bob", False, kind)
        assert asked.url == f"{at.url}/{prefix}{name}/discussions/1"
        assert asked.events[0].content.startswith("Discussion opened")
        pull = at.api.create_pull_request(name, "Test PR", description="Why *this*", repo_type=kind)
        assert (pull.num, pull.status, pull.git_reference) == (2, "draft", "refs/pr/2")
        assert pull.target_branch == "refs/heads/main"
        assert pull.merge_commit_oid is None
        assert "<em>this</em>" in pull.events[0].rendered
        listed = {"repo_id": name, "repo_type": kind}
        for narrowed, numbers in (
            ({}, [2, 1]),
            ({"discussion_type": "all"}, [2, 1]),
            ({"discussion_type": "discussion"}, [1]),
            ({"discussion_type": "pull_request"}, [2]),
            ({"discussion_status": "open"}, [2, 1]),
            ({"discussion_status": "closed"}, []),
            ({"author": "bob"}, [1]),
            ({"author": "nobody-here"}, []),
        ):
            found = at.api.get_repo_discussions(**listed, **narrowed)
            assert [each.num for each in found] == numbers, narrowed
        at.put(name, {"a.txt": b"2\n"}, repo_type=kind, revision="refs/pr/2")
        details = at.nobody.get_discussion_details(name, 2, repo_type=kind)
        assert "+2" in details.diff
        assert details.conflicting_files in ([], None, False)
        assert [each.type for each in details.events] == ["comment", "commit"]
        with refused(404):
            at.api.get_discussion_details(name, 9, repo_type=kind)
    with refused(ValueError):
        list(at.api.get_repo_discussions(name, discussion_type="wrong"))
    with refused(ValueError):
        at.api.get_discussion_details(name, 0)
    with refused(errors.RepositoryNotFoundError, "RepoNotFound"):
        at.api.create_discussion(at.name(), "x")
    with refused(errors.RepositoryNotFoundError):
        list(at.bob.get_repo_discussions(at.repo(private=True)))
    with refused(401):
        at.nobody.create_discussion(at.repo(), "x")
    with refused(errors.HfHubHTTPError):
        at.api.create_discussion(at.repo(), "ab"[:1])


@drive(
    "HfApi.comment_discussion",
    "HfApi.edit_discussion_comment",
    "HfApi.hide_discussion_comment",
    "HfApi.rename_discussion",
)
def talk(at: At) -> None:
    name = at.repo()
    at.bob.create_discussion(name, "Test discussion", description="first")
    said = at.api.comment_discussion(name, 1, "Because.")
    assert (said.author, said.content, said.edited, said.hidden) == (
        "ada",
        "Because.",
        False,
        False,
    )
    edited = at.api.edit_discussion_comment(name, 1, said.id, "New **comment**")
    assert (edited.content, edited.edited, edited.number_of_edits) == ("New **comment**", True, 1)
    assert len(edited.edit_history) >= 1
    with refused(403):
        at.bob.edit_discussion_comment(name, 1, said.id, "mine now")
    with refused(404):
        at.api.edit_discussion_comment(name, 1, "f" * 24, "none")
    renamed = at.api.rename_discussion(name, 1, "New titlee")
    assert (renamed.old_title, renamed.new_title) == ("Test discussion", "New titlee")
    assert at.api.get_discussion_details(name, 1).title == "New titlee"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hidden = at.api.hide_discussion_comment(name, 1, said.id)
    assert hidden.hidden
    kept = at.api.get_discussion_details(name, 1).events
    assert [each.type for each in kept] == ["comment", "comment", "title-change"]
    for call in (
        lambda: at.api.comment_discussion(name, 9, "x"),
        lambda: at.api.rename_discussion(name, 9, "xyz"),
    ):
        with refused(404):
            call()
    with refused(401):
        at.nobody.comment_discussion(name, 1, "x")
    with refused(403):
        at.api.create_repo(at.name("bob"))
    other = at.bob.create_repo(at.name("bob")).repo_id
    at.bob.create_discussion(other, "Not ada's")
    with refused(403):
        at.api.rename_discussion(other, 1, "Now ada's")


@drive("HfApi.change_discussion_status", "HfApi.merge_pull_request")
def close_and_merge(at: At) -> None:
    for kind in ("model", "dataset"):
        name = at.repo({"a.txt": b"1\n"}, repo_type=kind)
        asked = at.bob.create_discussion(name, "Question", repo_type=kind)
        closed = at.api.change_discussion_status(name, asked.num, "closed", repo_type=kind)
        assert closed.new_status == "closed"
        again = at.bob.change_discussion_status(
            name, asked.num, "open", comment="not yet", repo_type=kind
        )
        assert again.new_status == "open"
        with refused(ValueError):
            at.api.change_discussion_status(name, asked.num, "opened", repo_type=kind)
        pull = at.bob.create_pull_request(name, "Change", repo_type=kind)
        with refused(errors.HfHubHTTPError):
            at.api.merge_pull_request(name, pull.num, repo_type=kind)
        at.bob.upload_file(
            path_or_fileobj=b"2\n",
            path_in_repo="a.txt",
            repo_id=name,
            repo_type=kind,
            revision=pull.git_reference,
        )
        published = at.bob.change_discussion_status(name, pull.num, "open", repo_type=kind)
        assert published.new_status == "open"
        with refused(403):
            at.bob.merge_pull_request(name, pull.num, repo_type=kind)
        at.api.merge_pull_request(name, pull.num, comment="thanks", repo_type=kind)
        merged = at.api.get_discussion_details(name, pull.num, repo_type=kind)
        assert merged.status == "merged"
        assert merged.merge_commit_oid == at.api.repo_info(name, repo_type=kind).sha
        got = at.api.hf_hub_download(name, "a.txt", repo_type=kind)
        assert Path(got).read_bytes() == b"2\n"
        with refused(errors.HfHubHTTPError):
            at.api.merge_pull_request(name, pull.num, repo_type=kind)
        conflicting = at.bob.create_pull_request(name, "Conflict", repo_type=kind)
        at.bob.upload_file(
            path_or_fileobj=b"3\n",
            path_in_repo="a.txt",
            repo_id=name,
            repo_type=kind,
            revision=conflicting.git_reference,
        )
        at.put(name, {"a.txt": b"4\n"}, repo_type=kind)
        found = at.api.get_discussion_details(name, conflicting.num, repo_type=kind)
        assert found.conflicting_files == ["a.txt"]
        with refused(errors.HfHubHTTPError):
            at.api.merge_pull_request(name, conflicting.num, repo_type=kind)
    with refused(404):
        at.api.merge_pull_request(name, 99, repo_type="dataset")


@drive("HfApi.upload_attachment")
def attach(at: At) -> None:
    if not hasattr(at.api, "upload_attachment"):
        return
    picture = at.path("picture.png", PNG)
    url = at.api.upload_attachment(picture)
    assert url.startswith(f"{at.url}/")
    import urllib.request

    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == PNG
    with refused(ValueError):
        at.api.upload_attachment(at.path("text.txt", b"x"))
    with refused(errors.HfHubHTTPError):
        at.nobody.upload_attachment(picture)
    with refused(errors.HfHubHTTPError, 400):
        at.api.upload_attachment(at.path("fake.png", b"this is no picture"))
