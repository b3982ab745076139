"""Making, changing, moving, copying and deleting repositories; who one is."""

from pathlib import Path

from huggingface_hub import errors

from .frame import CARD, At, drive, refused, soon

KINDS = ("model", "dataset", "space")
GONE = errors.RepositoryNotFoundError


@drive("HfApi.whoami", "HfApi.get_full_repo_name", "HfApi.run_as_future")
def who_one_is(at: At) -> None:
    me = at.api.whoami()
    assert (me["name"], me["type"]) == ("ada", "user")
    assert at.organisation in [each["name"] for each in me["orgs"]]
    assert me["auth"]["accessToken"]["role"] == "write"
    with refused(401, "Unauthenticated", says="Invalid"):
        at.api.whoami(token="hf_" + "x" * 34)
    assert at.api.get_full_repo_name("tiny") == "ada/tiny"
    assert at.api.get_full_repo_name("tiny", organization="crew") == "crew/tiny"
    assert at.api.run_as_future(at.api.whoami).result()["name"] == "ada"


@drive("HfApi.create_repo", "HfApi.repo_exists", "HfApi.repo_info")
def create(at: At) -> None:
    for kind in KINDS:
        more = {"space_sdk": "static"} if kind == "space" else {}
        prefix = "" if kind == "model" else f"{kind}s/"
        name = at.name()
        made = at.api.create_repo(name, repo_type=kind, **more)
        assert str(made) == f"{at.url}/{prefix}{name}"
        assert (made.repo_id, made.repo_type) == (name, kind)
        with refused(409, says=f"You already created this {kind} repo"):
            at.api.create_repo(name, repo_type=kind, **more)
        assert at.api.create_repo(name, repo_type=kind, exist_ok=True, **more).repo_id == name
        assert at.api.repo_exists(name, repo_type=kind)
        info = at.api.repo_info(name, repo_type=kind)
        assert (info.id, info.author, info.private) == (name, "ada", False)
        page = ["README.md", "index.html", "style.css"] if kind == "space" else []
        assert [each.rfilename for each in info.siblings] == [".gitattributes", *page]
    assert at.api.create_repo(at.name().removeprefix("ada/")).namespace == "ada"
    organised = at.api.create_repo(at.name(at.organisation))
    assert organised.namespace == at.organisation
    foreign = at.bob.create_repo(at.name("bob")).repo_id
    assert at.api.create_repo(foreign, exist_ok=True).repo_id == foreign
    with refused(403, says="You don't have the rights to create a model under the namespace"):
        at.api.create_repo(at.name("bob"))
    with refused(403, says="You don't have the rights to create a model under the namespace"):
        at.api.create_repo(at.name("nobody-here"))
    with refused(401):
        at.nobody.create_repo(at.name())
    with refused(ValueError):
        at.api.create_repo(at.name(), repo_type="space")
    private = at.repo(private=True)
    assert at.api.repo_info(private).private is True
    assert not at.nobody.repo_exists(private)
    assert not at.bob.repo_exists(private)
    for asker in (at.nobody, at.bob):
        with refused(GONE, "RepoNotFound"):
            asker.repo_info(private)
    assert not at.api.repo_exists("repo-that-does-not-exist")
    assert not at.api.repo_exists(f"{private}-not")


@drive("HfApi.delete_repo")
def delete(at: At) -> None:
    for kind in KINDS:
        name = at.repo(repo_type=kind)
        with refused(403):
            at.bob.delete_repo(name, repo_type=kind)
        at.api.delete_repo(name, repo_type=kind)
        assert not at.api.repo_exists(name, repo_type=kind)
        with refused(GONE, 404, "RepoNotFound", says="Repository Not Found"):
            at.api.delete_repo(name, repo_type=kind)
    with refused(GONE, 404, "RepoNotFound", says="Request ID"):
        at.api.delete_repo("repo-that-does-not-exist")
    at.api.delete_repo("repo-that-does-not-exist", missing_ok=True)
    with refused(GONE):
        at.bob.delete_repo(at.repo(private=True))


@drive("HfApi.move_repo")
def move(at: At) -> None:
    for kind in KINDS:
        old = at.repo({"README.md": CARD}, repo_type=kind)
        new = f"{old}-renamed"
        at.api.move_repo(old, new, repo_type=kind)
        assert at.api.repo_info(new, repo_type=kind).id == new
        assert at.api.repo_info(old, repo_type=kind).id == new
        got = at.api.hf_hub_download(old, "README.md", repo_type=kind)
        assert Path(got).read_bytes() == CARD
        to_organisation = at.name(at.organisation)
        at.api.move_repo(new, to_organisation, repo_type=kind)
        assert at.api.repo_info(old, repo_type=kind).id == to_organisation
        taken = at.repo(repo_type=kind)
        with refused(409, says=f"A {kind} repository called {to_organisation} already exists"):
            at.api.move_repo(taken, to_organisation, repo_type=kind)
    with refused(GONE):
        at.api.move_repo(at.name(), at.name())
    with refused(403):
        at.bob.move_repo(at.repo(), at.name("bob"))
    with refused(errors.HfHubHTTPError):
        at.api.move_repo(at.repo(), at.name("bob"))


@drive("HfApi.update_repo_settings")
def settings(at: At) -> None:
    for kind in KINDS:
        name = at.repo(repo_type=kind)
        for gated in ("auto", "manual", False) if kind != "space" else ():
            at.api.update_repo_settings(name, gated=gated, repo_type=kind)
            assert at.api.repo_info(name, repo_type=kind).gated == gated
        for private in (True, False):
            at.api.update_repo_settings(name, private=private, repo_type=kind)
            assert at.api.repo_info(name, repo_type=kind).private is private
        at.api.update_repo_settings(name, visibility="private", repo_type=kind)
        assert at.api.repo_info(name, repo_type=kind).private is True
        with refused(GONE):
            at.bob.update_repo_settings(name, private=False, repo_type=kind)
    with refused(ValueError):
        at.api.update_repo_settings(at.repo(), gated="invalid")
    with refused(403):
        at.bob.update_repo_settings(at.repo(), private=True)
    with refused(GONE):
        at.api.update_repo_settings(at.name(), private=True)


@drive("HfApi.duplicate_repo", "HfApi.duplicate_space")
def duplicate(at: At) -> None:
    for kind in KINDS:
        source = at.repo({"README.md": CARD, "w.bin": b"\0" * 70_000}, repo_type=kind)
        target = at.name()
        made = at.api.duplicate_repo(source, target, repo_type=kind)
        assert made.repo_id == target
        files = at.api.list_repo_files(target, repo_type=kind)
        assert files == [".gitattributes", "README.md", "w.bin"]
        with refused(409):
            at.api.duplicate_repo(source, target, repo_type=kind)
        assert (
            at.api.duplicate_repo(source, target, repo_type=kind, exist_ok=True).repo_id == target
        )
        named = at.bob.duplicate_repo(source, repo_type=kind, private=True)
        assert named.repo_id == source.replace("ada/", "bob/")
        assert at.bob.repo_info(named.repo_id, repo_type=kind).private is True
    with refused(GONE):
        at.api.duplicate_repo(at.name(), at.name())
    with refused(GONE):
        at.bob.duplicate_repo(at.repo(private=True))
    if hasattr(at.api, "duplicate_space"):
        space = at.repo(repo_type="space")
        assert at.bob.duplicate_space(space).repo_id == space.replace("ada/", "bob/")


@drive("HfApi.auth_check")
def auth_check(at: At) -> None:
    import inspect

    public, private, gated = at.repo(), at.repo(private=True), at.repo()
    at.api.update_repo_settings(gated, gated="manual")
    at.nobody.auth_check(public)
    at.api.auth_check(private)
    at.api.auth_check(gated)
    for asker in (at.bob, at.nobody):
        with refused(GONE, "RepoNotFound"):
            asker.auth_check(private)
        with refused(errors.GatedRepoError, "GatedRepo"):
            asker.auth_check(gated)
        with refused(GONE, "RepoNotFound"):
            asker.auth_check(at.name())
    if "write" in inspect.signature(at.api.auth_check).parameters:
        at.api.auth_check(public, write=True)
        with refused(403):
            at.bob.auth_check(public, write=True)


@drive("HfApi.model_info", "HfApi.dataset_info", "HfApi.space_info")
def infos(at: At) -> None:
    asked = {
        "model": (at.api.model_info, ["sha", "gated", "tags", "siblings", "usedStorage"]),
        "dataset": (at.api.dataset_info, ["sha", "citation", "tags", "description"]),
        "space": (at.api.space_info, ["sha", "sdk", "tags", "siblings"]),
    }
    for kind, (info, expand) in asked.items():
        name = at.repo({"README.md": CARD, "w.safetensors": b"\1" * 20_000}, repo_type=kind)
        assert soon(lambda info=info, name=name: "tiny" in info(name).tags)
        whole = info(name, files_metadata=True)
        files = {each.rfilename: each for each in whole.siblings}
        assert files["README.md"].size == len(CARD)
        assert len(files["README.md"].blob_id) == 40
        assert files["w.safetensors"].lfs.size == 20_000
        assert (whole.card_data["license"], whole.id, whole.author) == ("mit", name, "ada")
        assert whole.created_at <= whole.last_modified
        assert info(name, revision=whole.sha).sha == whole.sha
        assert info(name, revision="main").sha == whole.sha
        few = info(name, expand=expand)
        assert few.sha == whole.sha
        assert few.last_modified is None
        assert info(name, expand="author").author == "ada"
        with refused(400, says='"expand" must be one of [author, '):
            info(name, expand=["nonsense"])
        with refused(errors.RevisionNotFoundError, 404, "RevisionNotFound"):
            info(name, revision="none")
        with refused(GONE, "RepoNotFound"):
            info(at.name())
        with refused(ValueError):
            info(name, expand=["author"], files_metadata=True)
