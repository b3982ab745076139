"""Buckets: files by name without a history."""

import warnings

from huggingface_hub import errors

from .frame import IS_OLD, WEIGHTS, At, drive, refused

HTTP = errors.HfHubHTTPError
LARGE = WEIGHTS * 80


def made(at: At, **more: object) -> str:
    """A fresh bucket of ada's."""
    return at.api.create_bucket(at.name(), **more).bucket_id


@drive(
    "HfApi.create_bucket",
    "HfApi.bucket_info",
    "HfApi.list_buckets",
    "HfApi.delete_bucket",
    "HfApi.move_bucket",
    "HfApi.update_bucket_settings",
)
def buckets(at: At) -> None:
    name = at.name()
    first = at.api.create_bucket(name)
    assert (first.bucket_id, first.url) == (name, f"{at.url}/buckets/{name}")
    with refused(HTTP, 409):
        at.api.create_bucket(name)
    assert at.api.create_bucket(name, exist_ok=True).bucket_id == name
    short = at.api.create_bucket(at.name()[4:])
    assert short.bucket_id.startswith("ada/")
    of_crew = at.api.create_bucket(at.name(at.organisation)).bucket_id
    with refused(HTTP, 403):
        at.api.create_bucket(at.name("bob"))
    with refused(HTTP, 401):
        at.nobody.create_bucket(at.name())
    info = at.nobody.bucket_info(name)
    assert (info.id, info.private, info.size, info.total_files) == (name, False, 0, 0)
    private = made(at, private=True)
    assert at.api.bucket_info(private).private is True
    for asker in (at.bob, at.nobody):
        with refused(errors.BucketNotFoundError, "RepoNotFound"):
            asker.bucket_info(private)
    assert {name, private} <= {each.id for each in at.api.list_buckets()}
    assert of_crew in [each.id for each in at.api.list_buckets(at.organisation)]
    seen = [each.id for each in at.bob.list_buckets("ada")]
    assert name in seen
    assert private not in seen
    moved = at.name()
    at.api.move_bucket(name, moved)
    assert at.api.bucket_info(moved).id == moved
    kept = at.api.create_collection(f"Buckets {at.name()[4:]}").slug
    held = at.api.add_collection_item(kept, moved, "bucket").items
    assert [(each.item_id, each.item_type) for each in held] == [(moved, "bucket")]
    assert [each.slug for each in at.api.list_collections(item=f"buckets/{moved}")] == [kept]
    with refused(HTTP):
        at.api.move_bucket(moved, private)
    with refused(HTTP):
        at.bob.move_bucket(moved, at.name("bob"))
    if hasattr(at.api, "update_bucket_settings"):
        at.api.update_bucket_settings(moved, private=True)
        assert at.api.bucket_info(moved).private is True
        with refused(errors.BucketNotFoundError):
            at.bob.update_bucket_settings(moved, private=False)
    with refused(HTTP):
        at.bob.delete_bucket(of_crew)
    at.api.delete_bucket(moved)
    with refused(errors.BucketNotFoundError, 404):
        at.api.delete_bucket(moved)
    at.api.delete_bucket(moved, missing_ok=True)


@drive(
    "HfApi.batch_bucket_files",
    "HfApi.list_bucket_tree",
    "HfApi.get_bucket_paths_info",
    "HfApi.get_bucket_file_metadata",
    "HfApi.download_bucket_files",
    "HfApi.copy_files",
)
def bucket_files(at: At) -> None:
    name = made(at)
    local = at.path("local.bin", LARGE)
    at.api.batch_bucket_files(name, add=[(b"hello", "hello.txt"), (local, "sub/é big.bin")])
    assert at.api.bucket_info(name).total_files == 2
    flat = {each.path: each.type for each in at.api.list_bucket_tree(name)}
    assert flat == {"hello.txt": "file", "sub": "directory"}
    whole = {each.path: each for each in at.api.list_bucket_tree(name, recursive=True)}
    assert whole["sub/é big.bin"].size == len(LARGE)
    assert [each.path for each in at.api.list_bucket_tree(name, prefix="sub")] == ["sub/é big.bin"]
    found = at.api.get_bucket_paths_info(name, ["hello.txt", "none"])
    assert [each.path for each in found] == ["hello.txt"]
    metadata = at.api.get_bucket_file_metadata(name, "sub/é big.bin")
    assert metadata.size == len(LARGE)
    with refused(errors.EntryNotFoundError):
        at.api.get_bucket_file_metadata(name, "none")
    there = at.path("there.bin")
    at.api.download_bucket_files(name, [("sub/é big.bin", there)])
    assert there.read_bytes() == LARGE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        at.api.download_bucket_files(name, [("none", there)])
    with refused(errors.EntryNotFoundError):
        at.api.download_bucket_files(name, [("none", there)], raise_on_missing_files=True)
    repo = at.repo({"w.bin": LARGE})
    at.api.copy_files(f"hf://{repo}/w.bin", f"hf://buckets/{name}/copied.bin")
    at.api.batch_bucket_files(name, delete=["hello.txt", "none.txt"])
    left = [each.path for each in at.api.list_bucket_tree(name, recursive=True)]
    assert "copied.bin" in left
    assert "hello.txt" not in left
    if not IS_OLD:
        with refused(ConnectionError, says="403"):
            at.bob.batch_bucket_files(name, add=[(b"x", "x")])
    with refused(errors.BucketNotFoundError):
        list(at.bob.list_bucket_tree(made(at, private=True)))
    with refused(errors.BucketNotFoundError):
        at.api.batch_bucket_files(at.name(), delete=["x"])


@drive("HfApi.sync_bucket", "HfApi.sync_job_volume")
def syncing(at: At) -> None:
    name = made(at)
    at.path("up/a.txt", b"a")
    at.path("up/sub/b.bin", LARGE)
    up, down = at.path("up"), at.path("down/x").parent
    at.api.sync_bucket(str(up), f"hf://buckets/{name}", quiet=True)
    assert at.api.bucket_info(name).total_files == 2
    at.api.sync_bucket(f"hf://buckets/{name}", str(down), quiet=True)
    assert (down / "sub/b.bin").read_bytes() == LARGE
    (up / "a.txt").unlink()
    at.api.sync_bucket(str(up), f"hf://buckets/{name}", delete=True, quiet=True)
    assert [each.path for each in at.api.list_bucket_tree(name, recursive=True)] == ["sub/b.bin"]
    plan = str(at.path("plan.jsonl"))
    planned = at.api.sync_bucket(str(up), f"hf://buckets/{made(at)}", plan=plan, quiet=True)
    assert planned is None or planned.operations
    if not IS_OLD:
        with refused(ConnectionError, says="403"):
            at.bob.sync_bucket(str(up), f"hf://buckets/{name}/x", quiet=True)
    if hasattr(at.api, "sync_job_volume"):
        volume = at.api.sync_job_volume(str(up), "/data")
        assert volume.type == "bucket"
        assert at.api.bucket_info(volume.source).private is True
