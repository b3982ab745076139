"""The `hf` commands, each run as a shell would run it."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .commands import elsewhere, every, hf, tokenless, unsupported
from .frame import (
    CARD,
    NO_RUNTIME,
    NOT_HERE,
    ONLY_THERE,
    WEIGHTS,
    At,
    ElsewhereError,
    came_to,
    drive,
    soon,
)

LARGE = WEIGHTS * 64


def commands(*names: str) -> "list[str]":
    """The claims of these commands."""
    return [f"hf {name}" for name in names]


def has(name: str) -> bool:
    """Whether this client has this command."""
    return name in every()


@drive(*commands("auth whoami", "auth token", "auth login", "auth logout", "auth list"))
def signing_in(at: At) -> None:
    assert "ada" in hf("auth", "whoami").said
    hf("auth", "token")
    hf("auth", "list")
    hf("auth", "login", "--token", at.token)
    hf("auth", "list")
    hf("auth", "login", "--token", "hf_" + "x" * 34, ends=1)
    with tokenless():
        hf("auth", "logout")
        hf("auth", "whoami", ends=1)


@drive(*commands("auth switch"))
def switching(at: At) -> None:
    hf("auth", "login", "--token", at.bob_token)
    stored = (Path(os.environ["HF_HOME"]) / "stored_tokens").read_text()
    saved = [line.strip("[]") for line in stored.splitlines() if line.startswith("[")]
    hf("auth", "switch", "--token-name", saved[0])
    with tokenless():
        assert "bob" in hf("auth", "whoami").said
        hf("auth", "logout", "--token-name", saved[0])


@drive(*commands("upload", "download", "upload-large-folder", "repo-files delete"))
def there_and_back(at: At) -> None:
    name = at.name()
    at.path("up/a.txt", b"text")
    at.path("up/sub/b.bin", LARGE)
    up, down = str(at.path("up")), at.path("down")
    hf("upload", name, up)
    hf("upload", name, f"{up}/a.txt", "single.txt", "--commit-message", "one file")
    said = hf("upload", name, up, "pr", "--create-pr").said
    assert at.api.file_exists(name, "pr/a.txt", revision="refs/pr/1"), said
    hf("upload", name, up, "other", "--include", "*.txt", "--delete", "*.md")
    hf("download", name, "--local-dir", str(down))
    assert (down / "sub/b.bin").read_bytes() == LARGE
    assert not (down / "other/sub/b.bin").exists()
    hf("download", name, "single.txt", "--revision", "main")
    hf("download", name, "none.txt", ends=1)
    hf("download", at.name(), ends=1)
    hf("upload", at.name("bob"), up, ends=1)
    if has("upload-large-folder"):
        hf("upload-large-folder", at.name(), up, "--repo-type=dataset", "--no-report", "--no-bars")
    if has("repo-files delete"):
        hf("repo-files", "delete", name, "a.txt")
        assert not at.api.file_exists(name, "a.txt")


REPOS = "create delete move settings duplicate list delete-files cp"


@drive(
    *commands(*(f"repos {word}" for word in REPOS.split())),
    *commands("repos branch create", "repos branch delete"),
    *commands("repos tag create", "repos tag list", "repos tag delete", "cp"),
)
def hf_repos(at: At) -> None:
    name, new, copy = at.name(), at.name(), at.name()
    hf("repos", "create", name)
    hf("repos", "create", name, ends=1)
    hf("repos", "create", name, "--exist-ok")
    hf("repos", "create", at.name(), "--repo-type", "dataset", "--private")
    hf("repos", "create", at.name(), "--repo-type", "space", "--space-sdk", "static")
    at.put(name, {"a.txt": b"a", "b.bin": LARGE, "README.md": CARD})
    hf("repos", "move", name, new)
    hf("repos", "settings", new, "--gated", "auto")
    assert at.api.model_info(new).gated == "auto"
    hf("repos", "settings", new, "--private")
    assert at.api.model_info(new).private
    if has("repos duplicate"):
        hf("repos", "duplicate", new, copy)
        assert at.api.file_exists(copy, "b.bin")
    if has("repos list"):
        assert new in hf("repos", "list").said
    hf("repos", "branch", "create", new, "dev")
    hf("repos", "branch", "create", new, "dev", ends=1)
    hf("repos", "branch", "create", new, "dev", "--exist-ok")
    hf("repos", "branch", "delete", new, "dev")
    hf("repos", "tag", "create", new, "v1", "-m", "the first")
    hf("repos", "tag", "create", new, "v1", ends=1)
    assert "v1" in hf("repos", "tag", "list", new).said
    hf("repos", "tag", "delete", new, "v1", "-y")
    hf("repos", "tag", "delete", new, "v1", "-y", ends=1)
    if has("repos cp"):
        hf("repos", "cp", f"hf://{new}/a.txt", str(at.path("copied.txt")))
        assert at.path("copied.txt").read_bytes() == b"a"
        hf("repos", "cp", str(at.path("copied.txt")), f"hf://{new}/copied.txt")
    if has("cp"):
        hf("cp", f"hf://{new}/a.txt", str(at.path("again.txt")))
        assert at.path("again.txt").read_bytes() == b"a"
    if has("repos delete-files"):
        hf("repos", "delete-files", new, "*.bin")
        assert not at.api.file_exists(new, "b.bin")
    hf("repos", "delete", new, "--yes") if "--yes" in options("repos delete") else hf(
        "repos", "delete", new
    )
    assert not at.api.repo_exists(new)


def options(name: str) -> "list[str]":
    """The options of a command."""
    import click
    from huggingface_hub.cli import hf as entry

    root = entry.app
    if not hasattr(root, "list_commands"):
        from typer.main import get_command

        root = get_command(root)
    context, found = click.Context(root), root
    for word in name.split():
        names = {each.split("|")[0].strip(): each for each in found.list_commands(context)}
        found = found.get_command(context, names[word])
    return [option for each in found.params for option in each.opts]


@drive(
    *commands("models list", "models info", "models card"),
    *commands("datasets list", "datasets info", "datasets card"),
    *commands("spaces list", "spaces info", "spaces card", "spaces search"),
)
def looking(at: At) -> None:
    for kind in ("model", "dataset", "space"):
        name = at.repo({"README.md": CARD}, repo_type=kind)
        plural = f"{kind}s"
        assert (
            name in hf(plural, "list", "--author", "ada", "--limit", "99", "--format", "json").said
        )
        assert name in hf(plural, "list", "--search", name.split("/")[1], "--format", "json").said
        assert name in hf(plural, "info", name).said
        hf(plural, "info", name, "--revision", "none", ends=1)
        hf(plural, "info", at.name(), ends=1)
        hf(plural, "list", "--sort", "likes", "--expand", "likes", "--limit", "1")
        if has(f"{plural} card"):
            assert "# Tiny" in hf(plural, "card", name).said
    hf("spaces", "search", "tiny")


@drive(*commands("datasets leaderboard"))
def hf_leaderboard(at: At) -> None:
    bench = at.repo({"eval.yaml": b"name: Driven\ntasks:\n- id: default\n"}, repo_type="dataset")
    model = at.repo(
        {
            ".eval_results/driven.yaml": (
                f"- dataset:\n    id: {bench}\n    task_id: default\n  value: 71.5\n"
            ).encode()
        }
    )
    assert soon(lambda: model in hf("datasets", "leaderboard", bench, "--format", "json").said)


DISCUSSIONS = "list info create comment close reopen rename merge diff edit"


@drive(*commands(*(f"discussions {word}" for word in DISCUSSIONS.split())))
def hf_discussions(at: At) -> None:
    name = at.repo({"a.txt": b"1\n"})
    hf("discussions", "create", name, "--title", "A question", "--body", "Why?")
    assert "A question" in hf("discussions", "list", name).said
    hf("discussions", "comment", name, "1", "--body", "Because.")
    assert "A question" in hf("discussions", "info", name, "1").said
    hf("discussions", "rename", name, "1", "An answer")
    hf("discussions", "close", name, "1", "-y")
    hf("discussions", "reopen", name, "1", "-y")
    hf("discussions", "create", name, "--title", "A change", "--pull-request") if (
        "--pull-request" in options("discussions create")
    ) else hf("discussions", "create", name, "--title", "A change", "--pr")
    at.put(name, {"a.txt": b"2\n"}, revision="refs/pr/2")
    assert "+2" in hf("discussions", "diff", name, "2").said
    hf("discussions", "reopen", name, "2", "-y")
    hf("discussions", "merge", name, "2", "-y")
    hf("discussions", "merge", name, "2", "-y", ends=1)
    hf("discussions", "info", name, "9", ends=1)
    assert at.api.get_discussion_details(name, 2).status == "merged"
    if has("discussions edit"):
        said = at.api.comment_discussion(name, 1, "tpyo")
        hf("discussions", "edit", name, "1", said.id, "--body", "typo")


COLLECTIONS = "create info list update add-item update-item delete-item delete"


@drive(*commands(*(f"collections {word}" for word in COLLECTIONS.split())))
def hf_collections(at: At) -> None:
    title, repo = f"By hand {at.name()[4:]}", at.repo()
    hf("collections", "create", title, "--description", "Why")
    hf("collections", "create", title, ends=1)
    hf("collections", "create", title, "--exists-ok")
    slug = at.api.create_collection(title, exists_ok=True).slug
    assert (
        slug
        in hf("collections", "list", "--owner", "ada", "--limit", "99", "--format", "json").said
    )
    hf("collections", "update", slug, "--theme", "pink", "--private")
    hf("collections", "add-item", slug, repo, "model", "--note", "Good")
    hf("collections", "add-item", slug, repo, "model", ends=1)
    assert repo in hf("collections", "info", slug).said
    item = at.api.get_collection(slug).items[0].item_object_id
    hf("collections", "update-item", slug, item, "--note", "Better")
    hf("collections", "delete-item", slug, item)
    hf("collections", "delete-item", slug, item, ends=1)
    hf("collections", "delete", slug)
    hf("collections", "info", slug, ends=1)


WEBHOOKS = "create list info update disable enable delete"


@drive(*commands(*(f"webhooks {word}" for word in WEBHOOKS.split())))
def hf_webhooks(at: At) -> None:
    url = "https://webhook.site/by-hand"
    hf("webhooks", "create", "--url", url, "--watch", "model:ada/tiny", "--domain", "repo")
    assert "webhook.site" in hf("webhooks", "list").said
    (made,) = [each for each in at.api.list_webhooks() if each.url == url]
    assert made.id in hf("webhooks", "info", made.id).said
    hf("webhooks", "update", made.id, "--url", f"{url}/new")
    hf("webhooks", "disable", made.id)
    hf("webhooks", "enable", made.id)
    hf("webhooks", "delete", made.id, "-y")
    hf("webhooks", "info", made.id, ends=1)


BUCKETS = "create list info cp sync move remove delete settings"


@drive(*commands(*(f"buckets {word}" for word in BUCKETS.split()), "sync"))
def hf_buckets(at: At) -> None:
    name, new = at.name(), at.name()
    at.path("up/a.txt", b"a")
    at.path("up/sub/b.bin", LARGE)
    up, down = str(at.path("up")), at.path("down")
    hf("buckets", "create", name)
    hf("buckets", "create", name, ends=1)
    hf("buckets", "create", name, "--exist-ok")
    assert name in hf("buckets", "list").said
    hf("buckets", "sync", up, f"hf://buckets/{name}")
    assert at.api.bucket_info(name).total_files == 2
    assert name in hf("buckets", "info", name).said
    assert "b.bin" in hf("buckets", "list", name, "-R").said
    hf("buckets", "cp", f"hf://buckets/{name}/a.txt", str(at.path("copied")))
    assert at.path("copied").read_bytes() == b"a"
    hf("buckets", "cp", str(at.path("copied")), f"hf://buckets/{name}/copied.txt")
    hf("sync", f"hf://buckets/{name}", str(down))
    assert (down / "sub/b.bin").read_bytes() == LARGE
    hf("buckets", "remove", f"{name}/copied.txt", "-y")
    hf("buckets", "move", name, new)
    if has("buckets settings"):
        hf("buckets", "settings", new, "--private")
        assert at.api.bucket_info(new).private
    hf("buckets", "delete", new, "-y")
    hf("buckets", "delete", new, "-y", ends=1)
    hf("buckets", "delete", new, "-y", "--missing-ok")
    hf("buckets", "info", new, ends=1)


@drive(*commands("papers list", "papers search", "papers info", "papers read"))
def hf_papers(at: At) -> None:
    at.repo({"README.md": CARD + b"After https://arxiv.org/abs/1910.01108\n"})
    for words in (("list",), ("search", "1910"), ("info", "1910.01108"), ("read", "1910.01108")):
        assert "1910.01108" in hf("papers", *words).said
    hf("papers", "info", "0000.00000", ends=1)


@drive(*commands("cache list", "cache rm", "cache prune", "cache verify"))
def hf_cache(at: At) -> None:
    name = at.repo({"a.txt": b"a"})
    at.api.snapshot_download(name)
    assert name in hf("cache", "list").said
    hf("cache", "verify", name)
    hf("cache", "prune", "-y")
    hf("cache", "rm", f"model/{name}", "-y")
    assert name not in hf("cache", "list").said


@drive(*commands("env", "version", "lfs-enable-largefiles", "lfs-multipart-upload"))
def this_machine(at: At) -> None:
    assert "huggingface_hub" in hf("env").said
    hf("version")
    folder = str(at.path("repo/x").parent)
    subprocess.run(["git", "init", "-q", folder], check=True)
    hf("lfs-enable-largefiles", folder)
    configured = subprocess.run(
        ["git", "-C", folder, "config", "lfs.customtransfer.multipart.path"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "hf" in configured.stdout
    init = json.dumps({"event": "init", "operation": "upload", "remote": "origin"})
    end = json.dumps({"event": "terminate"})
    hf("lfs-multipart-upload", given=f"{init}\n{end}\n")


JOBS = [
    "cancel 687f",
    "hardware",
    "inspect 687f",
    "labels 687f --label a=b",
    "list",
    "ps",
    "logs 687f",
    "rerun 687f",
    "run python:3.12 true",
    "scheduled delete 687f",
    "scheduled inspect 687f",
    "scheduled labels 687f --label a=b",
    "scheduled list",
    "scheduled ps",
    "scheduled reschedule 687f @hourly",
    "scheduled resume 687f",
    "scheduled run @hourly python:3.12 true",
    "scheduled suspend 687f",
    "scheduled trigger 687f",
    "scheduled uv run @hourly x.py",
    "ssh 687f",
    "stats 687f",
    "uv run x.py",
    "wait 687f",
    "expose 687f 80",
]
SPACES = [
    "dev-mode ada/s",
    "hardware",
    "hot-reload ada/s app.py -f x.py",
    "logs ada/s",
    "pause ada/s",
    "restart ada/s",
    "secrets add ada/s -s K=V",
    "secrets delete ada/s K --yes",
    "secrets list ada/s",
    "settings ada/s --sleep-time 60",
    "ssh ada/s",
    "templates",
    "variables add ada/s -e K=V",
    "variables delete ada/s K --yes",
    "variables list ada/s",
    "volumes delete ada/s --yes",
    "volumes list ada/s",
    "volumes set ada/s -v hf://ada/tiny:/data",
    "wait ada/s",
    "zero-gpu quota",
]
ENDPOINTS = [
    "catalog deploy --repo ada/tiny",
    "catalog list",
    "list-catalog",
    "delete e --yes",
    "describe e",
    "hardware",
    "list",
    "pause e",
    "resume e",
    "scale-to-zero e",
    "update e --min-replica 1",
    "deploy e --repo ada/tiny --framework pytorch --accelerator cpu --instance-size x1 "  # noqa: ISC004
    "--instance-type c6i --region us-east-1 --vendor aws",
]
SANDBOX = [
    "create python:3.12",
    "cp a 687f:/b",
    "exec 687f true",
    "kill 687f --yes",
    "pool create python:3.12",
    "pool delete p --yes",
    "pool ls",
    "process kill 687f 1",
    "process ls 687f",
    "spawn 687f true",
]


def of(group: str, lines: "list[str]") -> "dict[str, str]":
    """The commands of a group, by their claim, with all their words."""
    found = {}
    for line in lines:
        words = f"{group} {line}".split()
        for length in (4, 3, 2):
            name = " ".join(words[:length])
            if name in every():
                found[f"hf {name}"] = f"{group} {line}"
                break
    return found


@drive(*of("jobs", JOBS))
def hf_jobs(at: At) -> None:
    Path("x.py").write_text("print(1)\n")
    unsupported(*of("jobs", JOBS).values())


@drive(*of("spaces", SPACES))
def hf_spaces_that_run(at: At) -> None:
    Path("x.py").write_text("print(2)\n")
    name = at.repo(
        {"app.py": b"print(1)\n", "README.md": b"---\nsdk: gradio\nsdk_version: 6.1.0\n---\n"},
        repo_type="space",
        space_sdk="gradio",
    )
    lines = of("spaces", SPACES)
    listing = lines.pop("hf spaces volumes list", None)
    unsupported(*(line.replace("ada/s", name) for line in lines.values()))
    if listing:
        ended = hf(*listing.replace("ada/s", name).split(), ends=1)
        assert came_to(ended.error) in (NO_RUNTIME, NOT_HERE), ended.said


@drive(*of("endpoints", ENDPOINTS))
def hf_inference_endpoints(at: At) -> None:
    elsewhere(*of("endpoints", ENDPOINTS).values())


@drive(*of("sandbox", SANDBOX))
def sandboxes(at: At) -> None:
    unsupported(*of("sandbox", SANDBOX).values())


@drive(*commands("datasets parquet", "datasets sql"))
def hf_dataset_viewer(at: At) -> None:
    name = at.repo(repo_type="dataset")
    ended = hf("datasets", "parquet", name, ends=1)
    assert "third-party endpoints" in ended.said
    ended = hf("datasets", "sql", f"select * from 'hf://datasets/{name}/none.parquet'", ends=1)
    assert ONLY_THERE in ended.said


EXTENSIONS = "extensions install ada/hf-x|extensions search"


@contextlib.contextmanager
def no_programs() -> Iterator[None]:
    """Nothing is started meanwhile: whoever tries to install something asks elsewhere."""

    def refuse(*words: object, **_: object) -> None:
        raise ElsewhereError(str(words))

    kept = {name: getattr(subprocess, name) for name in ("run", "call", "check_call", "Popen")}
    for name in kept:
        setattr(subprocess, name, refuse)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(subprocess, name, function)


@drive(*commands(*(f"extensions {word}" for word in ["install", "search", "list"])))
def hf_extensions(at: At) -> None:
    hf("extensions", "list")
    with no_programs():
        elsewhere(*EXTENSIONS.split("|"))


@drive(*commands(*(f"extensions {word}" for word in ["exec", "remove", "update"])))
def hf_extension_here(at: At) -> None:
    import dataclasses

    from huggingface_hub.cli import extensions

    folder = Path("~/.local/share/hf/extensions/hf-hello").expanduser()
    folder.mkdir(parents=True)
    program = folder / "hf-hello"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    manifest = {
        "owner": "ada",
        "repo": "hf-hello",
        "repo_id": "ada/hf-hello",
        "short_name": "hello",
        "executable_name": "hf-hello",
        "executable_path": str(program),
        "source": "https://example.org/ada/hf-hello",
        "type": "binary",
        "installed_at": "2026-01-01T00:00:00+00:00",
    }
    known = {each.name for each in dataclasses.fields(extensions.ExtensionManifest)}
    written = {name: value for name, value in manifest.items() if name in known}
    (folder / "manifest.json").write_text(json.dumps(written))
    hf("extensions", "exec", "hello")
    if has("extensions update"):
        hf("extensions", "update", "hello")
    hf("extensions", "remove", "hello")
    assert not folder.exists()


@drive(*commands("skills add", "skills list", "skills preview", "skills update"))
def hf_skills(at: At) -> None:
    bucket = at.api.create_bucket("huggingface/skills", exist_ok=True).bucket_id
    offered = {
        "plugins": [
            {"name": "parrot", "source": "./parrot", "description": "Repeats"},
            {"name": "hf-cli", "source": "./hf-cli", "description": "Of older clients"},
        ]
    }
    skill = b"---\nname: parrot\ndescription: Repeats\n---\n# Parrot\n"
    at.api.batch_bucket_files(
        bucket,
        add=[
            (json.dumps(offered).encode(), "marketplace.json"),
            (skill, "parrot/SKILL.md"),
            (skill, "hf-cli/SKILL.md"),
        ],
    )
    hf("skills", "preview")
    folder = at.path("skills/x").parent
    hf("skills", "add", "--dest", str(folder))
    if has("skills list"):
        assert "parrot" in hf("skills", "list").said
    hf("skills", "add", "parrot", "--dest", str(folder))
    assert (folder / "parrot/SKILL.md").read_bytes() == skill
    hf("skills", "update", "--dest", str(folder))


@drive(*commands("update"))
def hf_update(at: At) -> None:
    with no_programs():
        elsewhere("update")
