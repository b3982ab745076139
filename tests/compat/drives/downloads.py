"""Trees, metadata, downloads, the cache."""

import json
import shutil
import struct
from pathlib import Path

from huggingface_hub import errors, hf_hub_url
from huggingface_hub.hf_api import RepoFile, RepoFolder

from .frame import CARD, WEIGHTS, At, drive, refused, soon

LARGE = WEIGHTS * 64
TREE = {"a.txt": b"text", "sub/b.bin": LARGE, "sub/deep/c.txt": b"c"}


def tensors(*names: str) -> bytes:
    """A safetensors file with these tensors of four numbers each."""
    header = {
        name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [16 * n, 16 * n + 16]}
        for n, name in enumerate(names)
    }
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + bytes(16 * len(names))


@drive("HfApi.list_repo_tree", "HfApi.list_repo_files", "HfApi.get_paths_info")
def trees(at: At) -> None:
    for kind in ("model", "dataset", "space"):
        name, of = at.repo(TREE, repo_type=kind), {"repo_type": kind}
        own = [".gitattributes", *(["README.md"] if kind == "space" else [])]
        flat = list(at.api.list_repo_tree(name, **of))
        assert sorted(each.path for each in flat) == [*own, "a.txt", "sub"]
        assert [each.path for each in at.api.list_repo_tree(name, "", **of)] == [
            each.path for each in flat
        ]
        tree = {
            each.path: each
            for each in at.api.list_repo_tree(name, recursive=True, expand=True, **of)
        }
        assert set(tree) == {*own, "sub/deep", "sub", *TREE}
        assert isinstance(tree["sub"], RepoFolder)
        large = tree["sub/b.bin"]
        assert isinstance(large, RepoFile)
        assert (large.size, large.lfs.size, len(large.lfs.sha256)) == (len(LARGE), len(LARGE), 64)
        assert large.lfs.pointer_size > 100
        assert large.xet_hash
        assert tree["a.txt"].lfs is None
        assert large.last_commit.title == "more files"
        assert "security" in vars(large)
        assert sorted(at.api.list_repo_files(name, **of)) == sorted([*own, *TREE])
        with refused(errors.EntryNotFoundError, "EntryNotFound"):
            list(at.api.list_repo_tree(name, "unknown", **of))
        with refused(errors.RevisionNotFoundError, "RevisionNotFound"):
            list(at.api.list_repo_tree(name, revision="none", **of))
        with refused(errors.RevisionNotFoundError):
            at.api.list_repo_files(name, revision="none", **of)
        found = at.api.get_paths_info(name, ["a.txt", "sub", "none", "sub/b.bin"], **of)
        assert {each.path for each in found} == {"a.txt", "sub", "sub/b.bin"}
        assert all(each.last_commit is None for each in found)
        expanded = at.api.get_paths_info(name, "a.txt", expand=True, revision="main", **of)
        assert expanded[0].last_commit.oid
        assert at.api.get_paths_info(name, ["none"], **of) == []
        with refused(errors.RevisionNotFoundError):
            at.api.get_paths_info(name, ["a.txt"], revision="none", **of)
    with refused(errors.RepositoryNotFoundError):
        list(at.bob.list_repo_tree(at.repo(private=True)))
    with refused(errors.RepositoryNotFoundError):
        at.api.get_paths_info(at.name(), ["a"])
    many = at.repo({f"many/{number:04}": b"%d" % number for number in range(1_050)})
    assert len(list(at.api.list_repo_tree(many, "many"))) == 1_050


@drive("HfApi.hf_hub_download", "HfApi.get_hf_file_metadata", "HfApi.resolve_revision")
def downloads(at: At) -> None:
    name = at.repo(TREE)
    sha = at.api.model_info(name).sha
    for path, content in TREE.items():
        got = Path(at.api.hf_hub_download(name, path))
        assert got.read_bytes() == content
        assert sha in str(got)
        local = at.api.hf_hub_download(name, path, local_dir=at.path("here"))
        assert Path(local).read_bytes() == content
        metadata = at.api.get_hf_file_metadata(url=hf_hub_url(name, path, endpoint=at.url))
        assert (metadata.commit_hash, metadata.size) == (sha, len(content))
        assert len(metadata.etag) == (64 if content is LARGE else 40)
    by_sub = at.api.hf_hub_download(
        name, "b.bin", subfolder="sub", revision=sha, force_download=True
    )
    assert Path(by_sub).read_bytes() == LARGE
    assert at.api.hf_hub_download(name, "a.txt", local_files_only=True)
    with refused(errors.EntryNotFoundError, "EntryNotFound") as missing:
        at.api.hf_hub_download(name, "none")
    assert missing.error.response.headers["X-Repo-Commit"] == sha
    with refused(errors.RevisionNotFoundError, "RevisionNotFound"):
        at.api.hf_hub_download(name, "a.txt", revision="none")
    with refused(errors.RepositoryNotFoundError, "RepoNotFound"):
        at.api.hf_hub_download(at.name(), "a.txt")
    private = at.repo({"a.txt": b"secret"}, private=True)
    for asker in (at.bob, at.nobody):
        with refused(errors.RepositoryNotFoundError, "RepoNotFound"):
            asker.hf_hub_download(private, "a.txt")
    with refused(errors.HfHubHTTPError, 401, says="Invalid credentials in Authorization header"):
        at.api.hf_hub_download(name, "a.txt", token="hf_" + "x" * 34, force_download=True)
    at.api.create_pull_request(name, "please")
    at.put(name, {"pr.txt": b"pr"}, revision="refs/pr/1")
    proposed = at.api.hf_hub_download(name, "pr.txt", revision="refs/pr/1")
    assert Path(proposed).read_bytes() == b"pr"
    if hasattr(at.api, "resolve_revision"):
        resolved = at.api.resolve_revision(name)
        assert resolved.resolved == sha
        with refused(errors.RevisionNotFoundError):
            at.api.resolve_revision(name, revision="none")
        with refused(errors.RepositoryNotFoundError):
            at.api.resolve_revision(at.name())


@drive("HfApi.snapshot_download", "HfApi.verify_repo_checksums")
def snapshots(at: At) -> None:
    name = at.repo({**TREE, "README.md": CARD})
    folder = Path(at.api.snapshot_download(name))
    for path, content in TREE.items():
        assert (folder / path).read_bytes() == content
    some = Path(
        at.api.snapshot_download(
            name, local_dir=at.path("some"), allow_patterns=["*.txt"], ignore_patterns="sub/*"
        )
    )
    assert sorted(each.name for each in some.iterdir() if each.is_file()) == ["a.txt"]
    verified = at.api.verify_repo_checksums(name)
    assert verified.checked_count == 5
    assert not verified.mismatches
    (folder / "a.txt").unlink()
    (folder / "a.txt").write_bytes(b"changed")
    assert len(at.api.verify_repo_checksums(name).mismatches) == 1
    shutil.rmtree(folder)
    with refused(errors.RevisionNotFoundError):
        at.api.snapshot_download(name, revision="none")
    with refused(errors.RepositoryNotFoundError):
        at.bob.snapshot_download(at.repo(private=True))


@drive(
    "HfApi.get_safetensors_metadata",
    "HfApi.parse_safetensors_file_metadata",
    "HfApi.get_sharded_safetensors_metadata",
)
def safetensors(at: At) -> None:
    single = at.repo({"model.safetensors": tensors("a", "b"), "other.safetensors": tensors("c")})
    whole = at.api.get_safetensors_metadata(single)
    assert (whole.sharded, whole.parameter_count) == (False, {"F32": 8})
    other = at.api.parse_safetensors_file_metadata(single, "other.safetensors")
    assert list(other.tensors) == ["c"]
    assert soon(lambda: at.api.model_info(single, expand="safetensors").safetensors.total == 8)
    index = {
        "metadata": {"total_size": 32},
        "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"},
    }
    sharded = at.repo(
        {
            "model.safetensors.index.json": json.dumps(index).encode(),
            "model-1.safetensors": tensors("a"),
            "model-2.safetensors": tensors("b"),
        }
    )
    parts = at.api.get_safetensors_metadata(sharded)
    assert (parts.sharded, parts.parameter_count) == (True, {"F32": 8})
    assert parts.weight_map == index["weight_map"]
    if hasattr(at.api, "get_sharded_safetensors_metadata"):
        at_once = at.api.get_sharded_safetensors_metadata(sharded)
        assert (at_once.sharded, at_once.parameter_count) == (True, {"F32": 8})
        assert at_once.weight_map == index["weight_map"]
        with refused(errors.HfHubHTTPError, 404):
            at.api.get_sharded_safetensors_metadata(single)
        with refused(errors.RepositoryNotFoundError):
            at.bob.get_sharded_safetensors_metadata(at.repo(private=True))
    with refused(errors.NotASafetensorsRepoError):
        at.api.get_safetensors_metadata(at.repo())
    with refused(errors.EntryNotFoundError):
        at.api.parse_safetensors_file_metadata(single, "none.safetensors")
    broken = at.repo({"model.safetensors": b"\xff" * 30})
    with refused(errors.SafetensorsParsingError):
        at.api.get_safetensors_metadata(broken)
