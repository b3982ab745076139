"""Collections, likes, followers, people, organisations, papers."""

from huggingface_hub import errors

from .frame import CARD, At, drive, refused

HTTP = errors.HfHubHTTPError
PAPER = "2307.09288"


@drive(
    "HfApi.create_collection",
    "HfApi.get_collection",
    "HfApi.update_collection_metadata",
    "HfApi.delete_collection",
    "HfApi.list_collections",
)
def collections(at: At) -> None:
    title = f"Kept {at.name()[4:]}"
    made = at.api.create_collection(title, description="Contains a lot of cool stuff")
    assert (made.title, made.description, made.private) == (
        title,
        "Contains a lot of cool stuff",
        False,
    )
    assert (made.items, made.theme, made.upvotes) == ([], made.theme, 0)
    assert made.slug.startswith("ada/kept-")
    assert made.url == f"{at.url}/collections/{made.slug}"
    assert made.owner["name"] == "ada"
    with refused(409):
        at.api.create_collection(title)
    assert at.api.create_collection(title, description="x", exists_ok=True).slug == made.slug
    of_crew = at.api.create_collection(title, namespace=at.organisation, private=True)
    assert of_crew.owner["name"] == at.organisation
    with refused(403):
        at.api.create_collection(title, namespace="bob")
    with refused(401):
        at.nobody.create_collection(title, namespace="ada")
    for asker in (at.bob, at.nobody):
        with refused(404):
            asker.get_collection(of_crew.slug)
    changed = at.api.update_collection_metadata(
        made.slug, title="New title, longer", description="New", theme="pink", private=True
    )
    assert changed.slug.startswith("ada/new-title-longer-")
    assert (changed.theme, changed.private) == ("pink", True)
    assert at.api.get_collection(made.slug).slug == changed.slug
    at.api.update_collection_metadata(made.slug, private=False, position=0)
    with refused(403):
        at.bob.update_collection_metadata(made.slug, title="Mine now")
    with refused(HTTP):
        at.api.update_collection_metadata(made.slug, theme="plaid")
    repo = at.repo()
    at.api.add_collection_item(made.slug, repo, "model")
    assert [each.slug for each in at.nobody.list_collections(item=f"models/{repo}")] == [
        changed.slug
    ]
    for sort in ("lastModified", "trending", "upvotes"):
        listed = at.api.list_collections(owner=["ada", at.organisation], sort=sort, limit=2)
        assert len(list(listed)) == 2
    assert list(at.api.list_collections(owner="nobody-here")) == []
    at.api.delete_collection(made.slug)
    with refused(404):
        at.api.delete_collection(made.slug)
    at.api.delete_collection(made.slug, missing_ok=True)
    with refused(404):
        at.api.get_collection(made.slug)


@drive(
    "HfApi.add_collection_item",
    "HfApi.update_collection_item",
    "HfApi.delete_collection_item",
)
def collection_items(at: At) -> None:
    slug = at.api.create_collection(f"Items {at.name()[4:]}").slug
    model, dataset, space = (at.repo(repo_type=kind) for kind in ("model", "dataset", "space"))
    at.api.add_collection_item(slug, model, "model")
    at.api.add_collection_item(slug, dataset, "dataset", note="Some note")
    at.api.add_collection_item(slug, space, "space")
    whole = at.api.add_collection_item(slug, PAPER, "paper")
    assert [(each.item_id, each.item_type, each.note) for each in whole.items] == [
        (model, "model", None),
        (dataset, "dataset", "Some note"),
        (space, "space", None),
        (PAPER, "paper", None),
    ]
    assert [each.position for each in whole.items] == [0, 1, 2, 3]
    with refused(HTTP, 409):
        at.api.add_collection_item(slug, model, "model")
    at.api.add_collection_item(slug, model, "model", exists_ok=True)
    for item, kind in ((model, "dataset"), (at.name(), "model"), ("x", "paper")):
        with refused(HTTP, 404):
            at.api.add_collection_item(slug, item, kind)
    with refused(HTTP, 403):
        at.bob.add_collection_item(slug, model, "model")
    last = whole.items[-1].item_object_id
    at.api.update_collection_item(slug, last, note="New note", position=0)
    first = at.api.get_collection(slug).items[0]
    assert (first.item_id, first.note) == (PAPER, "New note")
    at.api.delete_collection_item(slug, last)
    with refused(HTTP, 404):
        at.api.delete_collection_item(slug, last)
    at.api.delete_collection_item(slug, last, missing_ok=True)
    with refused(HTTP, 404):
        at.api.update_collection_item(slug, last, note="gone")
    assert [each.item_id for each in at.api.get_collection(slug).items] == [model, dataset, space]


@drive("HfApi.unlike", "HfApi.list_liked_repos", "HfApi.list_repo_likers")
def likes(at: At) -> None:
    made = {kind: at.repo(repo_type=kind) for kind in ("model", "dataset", "space")}
    for kind, name in made.items():
        at.ask("POST", f"/api/{kind}s/{name}/like")
        at.ask("POST", f"/api/{kind}s/{name}/like", token=at.bob_token)
        likers = at.api.list_repo_likers(name, repo_type=kind)
        assert {each.username for each in likers} == {"ada", "bob"}
    mine = at.api.list_liked_repos()
    assert (mine.user, mine.total) == ("ada", 3)
    assert (mine.models, mine.datasets, mine.spaces) == tuple([name] for name in made.values())
    assert at.nobody.list_liked_repos("bob").models == mine.models
    for kind, name in made.items():
        at.api.unlike(name, repo_type=kind)
        at.bob.unlike(name, repo_type=kind)
    assert at.api.list_liked_repos().total == 0
    for missing in ("missing_repo_id", at.name()):
        with refused(errors.RepositoryNotFoundError):
            at.api.unlike(missing)
        with refused(errors.RepositoryNotFoundError):
            list(at.api.list_repo_likers(missing))
    with refused(401):
        at.nobody.unlike(made["model"])
    with refused(404):
        at.api.list_liked_repos("nobody-here")


@drive(
    "HfApi.get_user_overview",
    "HfApi.get_organization_overview",
    "HfApi.list_organization_members",
    "HfApi.list_user_followers",
    "HfApi.list_user_following",
    "HfApi.list_organization_followers",
    "HfApi.list_user_repos",
)
def people(at: At) -> None:
    at.ask("POST", "/api/users/ada/follow", token=at.bob_token)
    at.ask("POST", f"/api/organizations/{at.organisation}/follow", token=at.bob_token)
    seen = at.bob.get_user_overview("ada")
    assert (seen.username, seen.user_type, seen.is_following) == ("ada", "user", True)
    assert seen.num_followers == 1
    assert at.organisation in [each.name for each in seen.orgs]
    organisation = at.api.get_organization_overview(at.organisation)
    assert (organisation.name, organisation.num_users) == (at.organisation, 1)
    members = at.api.list_organization_members(at.organisation)
    assert [each.username for each in members] == ["ada"]
    assert [each.username for each in at.api.list_user_followers("ada")] == ["bob"]
    assert {each.username for each in at.api.list_user_following("bob")} == {
        "ada",
        at.organisation,
    }
    followers = at.api.list_organization_followers(at.organisation)
    assert [each.username for each in followers] == ["bob"]
    for asked in (
        at.api.get_user_overview,
        at.api.list_user_followers,
        at.api.list_user_following,
        at.api.get_organization_overview,
        at.api.list_organization_members,
        at.api.list_organization_followers,
    ):
        with refused(HTTP, 404):
            found = asked("nobody-here")
            list(found)
    name = at.repo({"w.bin": b"\0" * 40_000}, private=True)
    mine = {each.id: each for each in at.api.list_user_repos()}
    assert (mine[name].type, mine[name].visibility, mine[name].storage) == (
        "model",
        "private",
        mine[name].storage,
    )
    of_crew = at.api.create_repo(at.name(at.organisation)).repo_id
    assert of_crew in [each.id for each in at.api.list_user_repos(at.organisation)]
    assert name not in [each.id for each in at.bob.list_user_repos()]
    with refused(403):
        list(at.bob.list_user_repos(at.organisation))
    with refused(HTTP):
        list(at.nobody.list_user_repos())


@drive("HfApi.list_papers", "HfApi.paper_info", "HfApi.read_paper", "HfApi.list_daily_papers")
def papers(at: At) -> None:
    name = at.repo({"README.md": CARD + f"After https://arxiv.org/abs/{PAPER}\n".encode()})
    assert at.api.paper_info(PAPER).id == PAPER
    assert PAPER in [each.id for each in at.api.list_papers(query=PAPER)]
    assert list(at.api.list_papers(query="nothing-like-it")) == []
    assert PAPER in [each.id for each in at.api.list_daily_papers()]
    assert list(at.api.list_daily_papers(date="2001-01-01")) == []
    assert name in at.api.read_paper(PAPER)
    for asked in (at.api.paper_info, at.api.read_paper):
        with refused(HTTP, 404):
            asked("0000.00000")
