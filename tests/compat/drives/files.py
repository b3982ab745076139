"""Committing: single files, folders, patterns, copies, pull requests, and what is refused."""

import io
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, errors

from .frame import CARD, WEIGHTS, At, drive, refused, soon

LARGE = WEIGHTS * 100


@drive("HfApi.upload_file", "HfApi.file_exists")
def upload_file(at: At) -> None:
    for kind in ("model", "dataset", "space"):
        name = at.repo(repo_type=kind)
        prefix = "" if kind == "model" else f"{kind}s/"
        path = at.path("local.txt", b"from a path")
        for given in (str(path), path, b"bytes", io.BytesIO(b"a stream"), path.open("rb")):
            made = at.api.upload_file(
                path_or_fileobj=given, path_in_repo="temp/file.md", repo_id=name, repo_type=kind
            )
            assert made.commit_url.startswith(f"{at.url}/{prefix}{name}/commit/")
            assert at.api.file_exists(name, "temp/file.md", repo_type=kind)
        same = at.api.upload_file(
            path_or_fileobj=path, path_in_repo="temp/file.md", repo_id=name, repo_type=kind
        )
        assert same.oid == at.api.repo_info(name, repo_type=kind).sha
        proposed = at.api.upload_file(
            path_or_fileobj=LARGE,
            path_in_repo="weights.bin",
            repo_id=name,
            repo_type=kind,
            create_pr=True,
        )
        assert (proposed.pr_num, proposed.pr_revision) == (1, "refs/pr/1")
        assert proposed.pr_url == f"{at.url}/{prefix}{name}/discussions/1"
        assert at.api.file_exists(name, "weights.bin", repo_type=kind, revision="refs/pr/1")
        assert not at.api.file_exists(name, "weights.bin", repo_type=kind)
        assert not at.api.file_exists(name, "x", repo_type=kind, revision="none")
        future = at.api.upload_file(
            path_or_fileobj=b"later",
            path_in_repo="later",
            repo_id=name,
            repo_type=kind,
            run_as_future=True,
        )
        assert future.result().oid
        with refused(422):
            at.api.upload_file(
                path_or_fileobj=b"x", path_in_repo="..\\ddd", repo_id=name, repo_type=kind
            )
        with refused(errors.RevisionNotFoundError):
            at.api.upload_file(
                path_or_fileobj=b"x",
                path_in_repo="x",
                repo_id=name,
                repo_type=kind,
                revision="none",
            )
        with refused(403):
            at.bob.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=name, repo_type=kind)
        with refused(errors.HfHubHTTPError, 401):
            at.nobody.upload_file(
                path_or_fileobj=b"x", path_in_repo="x", repo_id=name, repo_type=kind
            )
    with refused(errors.RepositoryNotFoundError, "RepoNotFound"):
        at.api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=at.name())
    assert not at.api.file_exists(at.name(), "x")
    assert not at.bob.file_exists(at.repo(private=True), ".gitattributes")


@drive("HfApi.upload_folder", "HfApi.upload_large_folder")
def upload_folder(at: At) -> None:
    name = at.repo()
    for path, content in {
        "folder/a.txt": b"a",
        "folder/nested/file.bin": LARGE,
        "folder/nested/empty": b"",
        "folder/.git/config": b"not this",
        "folder/b.log": b"log",
    }.items():
        at.path(path, content)
    folder = at.path("folder")
    made = at.api.upload_folder(
        repo_id=name, folder_path=folder, path_in_repo="in", ignore_patterns="*.log"
    )
    assert made.commit_url.startswith(f"{at.url}/{name}/commit/")
    assert sorted(at.api.list_repo_files(name)) == [
        ".gitattributes",
        "in/a.txt",
        "in/nested/empty",
        "in/nested/file.bin",
    ]
    at.put(name, {".gitignore": b"nested/*\n"})
    at.api.upload_folder(repo_id=name, folder_path=folder, allow_patterns=["*.txt", "nested/*"])
    assert at.api.file_exists(name, "a.txt")
    assert not at.api.file_exists(name, "nested/file.bin")
    at.api.upload_folder(
        repo_id=name, folder_path=at.path("other/c.txt", b"c").parent, delete_patterns="*.txt"
    )
    assert not at.api.file_exists(name, "a.txt")
    proposed = at.bob.upload_folder(
        repo_id=name, folder_path=folder, path_in_repo="pr", create_pr=True
    )
    assert at.api.file_exists(name, "pr/nested/file.bin", revision=proposed.pr_revision)
    with refused(403):
        at.bob.upload_folder(repo_id=name, folder_path=folder)
    with refused(errors.RepositoryNotFoundError):
        at.api.upload_folder(repo_id=at.name(), folder_path=folder)
    if hasattr(at.api, "upload_large_folder"):
        large = at.name()
        at.api.upload_large_folder(large, folder, repo_type="model", print_report=False)
        assert at.api.file_exists(large, "nested/file.bin")


@drive("HfApi.create_commit", "HfApi.preupload_lfs_files")
def create_commit(at: At) -> None:
    name = at.repo({"1/file_1.md": b"1", "2/file_2.md": b"2", "move.bin": LARGE})
    parent = at.api.model_info(name).sha
    operations = [
        CommitOperationAdd("buffer", io.BytesIO(b"buffer")),
        CommitOperationAdd("nested/lfs.bin", LARGE + b"1"),
        CommitOperationAdd("empty.bin", b""),
        CommitOperationCopy("move.bin", "moved.bin"),
        CommitOperationDelete("move.bin"),
        CommitOperationDelete("2/"),
    ]
    made = at.api.create_commit(
        name,
        operations,
        commit_message="Many things",
        commit_description="At once",
        parent_commit=parent,
    )
    assert made.commit_message == "Many things"
    assert sorted(at.api.list_repo_files(name)) == [
        ".gitattributes",
        "1/file_1.md",
        "buffer",
        "empty.bin",
        "moved.bin",
        "nested/lfs.bin",
    ]
    assert at.api.list_repo_commits(name)[0].commit_id == made.oid
    with refused(412, says="The branch was updated since you opened this page"):
        at.api.create_commit(
            name, [CommitOperationAdd("x", b"x")], commit_message="late", parent_commit=parent
        )
    with refused(errors.EntryNotFoundError, says="Make sure to differentiate file and folder"):
        at.api.create_commit(name, [CommitOperationDelete("none.md")], commit_message="none")
    with refused(ValueError, says="Invalid metadata in README.md"):
        at.api.create_commit(
            name,
            [CommitOperationAdd("README.md", b"---\nmodel-index: foo\n---\n")],
            commit_message="bad card",
        )
    with refused(errors.EntryNotFoundError):
        at.api.create_commit(
            name, [CommitOperationCopy("not/there", "x")], commit_message="copy of nothing"
        )
    unchanged = at.api.create_commit(
        name, [CommitOperationAdd("buffer", b"buffer")], commit_message="nothing new"
    )
    assert unchanged.oid == made.oid
    early = CommitOperationAdd("early.bin", LARGE + b"2")
    at.api.preupload_lfs_files(name, [early])
    at.api.create_commit(name, [early], commit_message="uploaded before")
    assert at.api.file_exists(name, "early.bin")
    with refused(403):
        at.bob.preupload_lfs_files(name, [CommitOperationAdd("x.bin", LARGE)])
    with refused(errors.RepositoryNotFoundError):
        at.api.preupload_lfs_files(at.name(), [CommitOperationAdd("x.bin", LARGE)])


@drive("HfApi.create_commit")
def pull_requests_by_commit(at: At) -> None:
    name = at.repo()
    head = at.api.model_info(name).sha
    at.api.create_branch(name, branch="feature")
    for asker, revision in ((at.api, None), (at.api, "main"), (at.bob, None)):
        made = asker.create_commit(
            name,
            [CommitOperationAdd("regular.txt", b"text"), CommitOperationAdd("lfs.pkl", b"pickle")],
            commit_message="please",
            revision=revision,
            create_pr=True,
        )
        assert made.pr_num
        assert at.api.file_exists(name, "lfs.pkl", revision=made.pr_revision)
    against = at.api.create_commit(
        name,
        [CommitOperationAdd("x", b"x")],
        commit_message="against a branch",
        revision="feature",
        create_pr=True,
    )
    assert at.api.file_exists(name, "x", revision=against.pr_revision)
    for revision in (head, "missing"):
        with refused(errors.HfHubHTTPError, 404, "RevisionNotFound"):
            at.api.create_commit(
                name,
                [CommitOperationAdd("x", b"x")],
                commit_message="x",
                revision=revision,
                create_pr=True,
            )
    on_it = at.api.create_commit(
        name, [CommitOperationAdd("y", b"y")], commit_message="more", revision="refs/pr/1"
    )
    assert at.api.model_info(name, revision="refs/pr/1").sha == on_it.oid
    assert on_it.pr_url is None
    with refused(errors.RepositoryNotFoundError):
        at.bob.create_commit(
            at.repo(private=True),
            [CommitOperationAdd("x", b"x")],
            commit_message="x",
            create_pr=True,
        )


@drive("HfApi.create_commit")
def names_in_any_case(at: At) -> None:
    made = at.api.create_repo(at.name() + "-ABC").repo_id
    at.api.create_commit(
        made.lower(),
        [CommitOperationAdd("a.txt", b"text"), CommitOperationAdd("a.bin", LARGE)],
        commit_message="in lower case",
    )
    assert "a.bin" in at.api.list_repo_files(made)
    assert at.api.model_info(made.lower()).id == made


@drive("HfApi.create_commit")
def many_at_once(at: At) -> None:
    name = at.repo()
    regular = [
        CommitOperationAdd(f"file-{number}.text", b"Hello regular " + b"a" * (1 << 20))
        for number in range(6)
    ]
    at.api.create_commit(name, regular, commit_message="huge regular files")
    lfs = [CommitOperationAdd(f"many/{number}.bin", b"%d" % number) for number in range(300)]
    at.api.create_commit(name, lfs, commit_message="a lot of lfs files")
    assert len(at.api.list_repo_files(name)) == 307


@drive("HfApi.delete_file", "HfApi.delete_files", "HfApi.delete_folder")
def deleting(at: At) -> None:
    files = {f"{folder}/{name}": b"x" for folder in ("a", "b", "c") for name in ("1.txt", "2.csv")}
    name = at.repo({**files, "top.txt": b"x"})
    assert at.api.delete_file("top.txt", name).commit_url.startswith(f"{at.url}/{name}/commit/")
    assert not at.api.file_exists(name, "top.txt")
    at.api.delete_folder("a", name)
    at.api.delete_files(name, ["b/*", "*.csv"])
    assert at.api.list_repo_files(name) == [".gitattributes", "c/1.txt"]
    proposed = at.bob.delete_folder("c/", name, create_pr=True)
    assert at.api.list_repo_files(name, revision=proposed.pr_revision) == [".gitattributes"]
    for gone in ("top.txt", "none/x"):
        with refused(errors.EntryNotFoundError):
            at.api.delete_file(gone, name)
    with refused(errors.EntryNotFoundError):
        at.api.delete_folder("a", name)
    with refused(403):
        at.bob.delete_file("c/1.txt", name)
    with refused(errors.RepositoryNotFoundError):
        at.api.delete_file("x", at.name())


@drive("HfApi.copy_files")
def copying(at: At) -> None:
    source = at.repo({"data/a.bin": LARGE, "data/b.txt": b"text"}, repo_type="dataset")
    target = at.repo()
    at.api.copy_files(f"hf://datasets/{source}/data/", f"hf://{target}/copied/")
    assert at.api.list_repo_files(target) == [
        ".gitattributes",
        "copied/a.bin",
        "copied/b.txt",
    ]
    got = at.api.hf_hub_download(target, "copied/a.bin")
    assert Path(got).read_bytes() == LARGE
    at.api.copy_files(f"hf://datasets/{source}/data/b.txt", f"hf://{target}/single.txt")
    assert at.api.file_exists(target, "single.txt")
    with refused(errors.EntryNotFoundError):
        at.api.copy_files(f"hf://datasets/{source}/none", f"hf://{target}/x")
    with refused(403):
        at.bob.copy_files(f"hf://datasets/{source}/data/", f"hf://{target}/x/")


@drive("HfApi.list_lfs_files", "HfApi.permanently_delete_lfs_files")
def lfs_files(at: At) -> None:
    name = at.repo({f"{number}.bin": LARGE + b"%d" % number for number in range(3)})
    found = {each.filename: each for each in at.api.list_lfs_files(name)}
    assert set(found) == {"0.bin", "1.bin", "2.bin"}
    assert found["0.bin"].size == len(LARGE) + 1
    assert len(found["0.bin"].oid) == 64
    with refused(403):
        list(at.bob.list_lfs_files(name))
    with refused(errors.RepositoryNotFoundError):
        list(at.api.list_lfs_files(at.name()))
    with refused(403):
        at.bob.permanently_delete_lfs_files(name, [found["0.bin"]])
    at.api.permanently_delete_lfs_files(name, [found["0.bin"], found["1.bin"]])
    assert [each.filename for each in at.api.list_lfs_files(name)] == ["2.bin"]
    assert at.api.list_repo_files(name) == [".gitattributes", "2.bin"]


CARDLESS = b"This is a modelcard without metadata"


@drive("HfApi.upload_file")
def cards(at: At) -> None:
    import warnings

    name = at.repo()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        at.api.upload_file(path_or_fileobj=CARDLESS, path_in_repo="README.md", repo_id=name)
    assert any("Warnings while validating metadata in README.md" in str(w.message) for w in seen)
    at.put(name, {"README.md": CARD})
    assert soon(lambda: at.api.model_info(name).card_data.license == "mit")
    assert at.api.model_info(name).pipeline_tag == "text-generation"
