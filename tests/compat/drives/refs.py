"""Branches, tags, histories."""

from huggingface_hub import errors

from .frame import At, drive, refused

NO_REVISION = errors.RevisionNotFoundError


@drive(
    "HfApi.create_branch", "HfApi.delete_branch", "HfApi.list_repo_refs", "HfApi.revision_exists"
)
def branches(at: At) -> None:
    for kind in ("model", "dataset", "space"):
        name = at.repo(repo_type=kind)
        first = at.api.repo_info(name, repo_type=kind).sha
        at.put(name, {"a": b"1"}, repo_type=kind)
        at.api.create_branch(name, branch="cool-branch", repo_type=kind)
        at.api.create_branch(name, branch="from/first", revision=first, repo_type=kind)
        at.api.create_branch(name, branch="short", revision=first[:7], repo_type=kind)
        refs = at.api.list_repo_refs(name, repo_type=kind)
        found = {each.name: each.target_commit for each in refs.branches}
        assert refs.branches[0].name == "main"
        assert found == {
            "main": found["main"],
            "cool-branch": found["main"],
            "from/first": first,
            "short": first,
        }
        assert refs.pull_requests is None
        assert at.api.revision_exists(name, "from/first", repo_type=kind)
        assert not at.api.revision_exists(name, "none", repo_type=kind)
        for taken in ("cool-branch", "main"):
            with refused(409, says=f"Reference refs/heads/{taken} already exists"):
                at.api.create_branch(name, branch=taken, repo_type=kind)
            at.api.create_branch(name, branch=taken, exist_ok=True, repo_type=kind)
        with refused(NO_REVISION, 404):
            at.api.create_branch(name, branch="x", revision="missing", repo_type=kind)
        with refused(403):
            at.bob.create_branch(name, branch="x", repo_type=kind)
        at.api.delete_branch(name, branch="cool-branch", repo_type=kind)
        with refused(errors.HfHubHTTPError, says="Cannot delete refs/heads/main"):
            at.api.delete_branch(name, branch="main", repo_type=kind)
        at.api.create_tag(name, tag="a-tag", repo_type=kind)
        at.api.create_branch(name, branch="a-tag", repo_type=kind)
        at.api.delete_branch(name, branch="a-tag", repo_type=kind)
        for missing in ("cool-branch", "a-tag"):
            with refused(errors.HfHubHTTPError, says="Invalid rev id"):
                at.api.delete_branch(name, branch=missing, repo_type=kind)
    assert not at.api.revision_exists(at.name(), "main")
    with refused(errors.RepositoryNotFoundError):
        at.api.list_repo_refs(at.name())
    at.api.create_pull_request(name, "please", repo_type="space")
    pulls = at.api.list_repo_refs(name, repo_type="space", include_pull_requests=True)
    assert [each.ref for each in pulls.pull_requests] == ["refs/pr/1"]


@drive("HfApi.create_tag", "HfApi.delete_tag")
def tags(at: At) -> None:
    for kind in ("model", "dataset"):
        name = at.repo(repo_type=kind)
        first = at.api.repo_info(name, repo_type=kind).sha
        second = at.put(name, {"a": b"1"}, repo_type=kind).oid
        at.api.create_tag(name, tag="on-main", tag_message="the message", repo_type=kind)
        at.api.create_tag(name, tag="on-oid", revision=first, repo_type=kind)
        at.api.create_tag(name, tag="on-short", revision=first[:7], repo_type=kind)
        pull = at.api.create_pull_request(name, "please", repo_type=kind)
        proposed = at.put(name, {"b": b"1"}, revision=pull.git_reference, repo_type=kind).oid
        at.api.create_tag(name, tag="on-pr", revision="refs/pr/1", repo_type=kind)
        found = {
            each.name: each.target_commit
            for each in at.api.list_repo_refs(name, repo_type=kind).tags
        }
        assert found == {
            "on-main": second,
            "on-oid": first,
            "on-short": first,
            "on-pr": proposed,
        }
        with refused(409):
            at.api.create_tag(name, tag="on-main", repo_type=kind)
        at.api.create_tag(name, tag="on-main", exist_ok=True, repo_type=kind)
        with refused(NO_REVISION, 404):
            at.api.create_tag(name, tag="x", revision="foobar", repo_type=kind)
        with refused(errors.HfHubHTTPError):
            at.api.create_tag(name, tag="invalid tag", repo_type=kind)
        with refused(403):
            at.bob.create_tag(name, tag="x", repo_type=kind)
        at.api.delete_tag(name, tag="on-main", repo_type=kind)
        for missing in ("on-main", "main", "none"):
            with refused(NO_REVISION, 404, "RevisionNotFound"):
                at.api.delete_tag(name, tag=missing, repo_type=kind)
    with refused(errors.RepositoryNotFoundError):
        at.api.create_tag(at.name(), tag="x")


@drive("HfApi.list_repo_commits")
def commits(at: At) -> None:
    name = at.repo()
    for number in range(4):
        at.api.upload_file(
            path_or_fileobj=b"%d" % number,
            path_in_repo="n",
            repo_id=name,
            commit_message=f"number *{number}*",
            commit_description="why",
        )
    found = at.api.list_repo_commits(name, formatted=True)
    assert [each.title for each in found] == [
        *(f"number *{number}*" for number in (3, 2, 1, 0)),
        "initial commit",
    ]
    assert found[0].message == "why"
    assert found[0].authors == ["ada"]
    assert found[0].formatted_title
    assert at.api.list_repo_commits(name)[0].formatted_title is None
    assert len(at.api.list_repo_commits(name, revision=found[2].commit_id)) == 3
    with refused(NO_REVISION):
        at.api.list_repo_commits(name, revision="missing")
    with refused(errors.RepositoryNotFoundError):
        at.api.list_repo_commits(at.name())
    with refused(errors.RepositoryNotFoundError):
        at.bob.list_repo_commits(at.repo(private=True))


@drive("HfApi.super_squash_history")
def squash(at: At) -> None:
    name = at.repo()
    for number in range(4):
        at.put(name, {"n": b"%d" % number})
    at.api.create_branch(name, branch="kept")
    at.api.create_branch(name, branch="new/branch")
    at.api.super_squash_history(name)
    at.api.super_squash_history(name, branch="new/branch", commit_message="one")
    main = at.api.list_repo_commits(name)
    assert [each.title for each in main] == ["Super-squash branch 'main' using huggingface_hub"]
    other = at.api.list_repo_commits(name, revision="new/branch")
    assert [each.title for each in other] == ["one"]
    assert len(at.api.list_repo_commits(name, revision="kept")) == 5
    assert sorted(at.api.list_repo_files(name)) == [".gitattributes", "n"]
    at.api.create_pull_request(name, "please")
    at.put(name, {"b": b"1"}, revision="refs/pr/1")
    at.api.super_squash_history(name, branch="refs/pr/1")
    assert len(at.api.list_repo_commits(name, revision="refs/pr/1")) <= 2
    with refused(errors.HfHubHTTPError):
        at.api.super_squash_history(name, branch="none")
    with refused(403):
        at.bob.super_squash_history(name)
    with refused(errors.RepositoryNotFoundError):
        at.api.super_squash_history(at.name())
