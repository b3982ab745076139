"""Likes, followers, collections and papers with today's client."""

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError


@pytest.fixture(scope="module")
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture(scope="module")
def bob_token(hub):
    return hub.person("bob")


@pytest.fixture(scope="module")
def bob(hub, bob_token):
    return HfApi(endpoint=hub.url, token=bob_token)


@pytest.fixture
def repo(api, request):
    name = f"ada/liked-{abs(hash(request.node.nodeid)) % 10**8}"
    api.create_repo(name)
    yield name
    api.delete_repo(name)


def send(hub, method, path, token):
    answer = httpx.request(method, hub.url + path, headers={"Authorization": f"Bearer {token}"})
    answer.raise_for_status()
    return answer.json()


def test_likes_are_listed_counted_and_taken_back(hub, api, bob, bob_token, repo):
    assert send(hub, "POST", f"/api/models/{repo}/like", bob_token) == {"likes": 1}
    send(hub, "POST", f"/api/models/{repo}/like", hub.token)
    assert [each.username for each in api.list_repo_likers(repo)] == ["ada", "bob"]
    assert api.model_info(repo).likes == 2
    mine = bob.list_liked_repos()
    assert (mine.user, mine.models, mine.total) == ("bob", [repo], 1)
    assert HfApi(endpoint=hub.url, token=False).list_liked_repos("bob").models == [repo]
    assert next(iter(api.list_models(sort="likes", author="ada"))).id == repo
    assert api.get_user_overview("bob").num_likes == 1
    bob.unlike(repo)
    bob.unlike(repo)
    assert bob.list_liked_repos().models == []
    assert api.model_info(repo).likes == 1


@pytest.mark.parametrize("missing", ["missing_repo_id", "ada/missing"])
def test_what_is_not_there_is_not_unliked(api, missing):
    with pytest.raises(RepositoryNotFoundError):
        api.unlike(missing)
    with pytest.raises(RepositoryNotFoundError):
        list(api.list_repo_likers("ada/missing"))


def test_a_long_list_of_likers_comes_in_pages(hub, api, repo):
    for number in range(5):
        send(hub, "POST", f"/api/models/{repo}/like", hub.person(f"fan{number}"))
    names, url = [], f"{hub.url}/api/models/{repo}/likers?limit=2"
    while url:
        answer = httpx.get(url)
        names += [each["user"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert names == [f"fan{number}" for number in (4, 3, 2, 1, 0)]


def test_people_and_organisations_are_followed(hub, api, bob, bob_token):
    hub.run("org", "add", "lab", "--member", "ada:admin")
    send(hub, "POST", "/api/users/ada/follow", bob_token)
    send(hub, "POST", "/api/organizations/lab/follow", bob_token)
    assert [each.username for each in api.list_user_followers("ada")] == ["bob"]
    assert [each.username for each in api.list_organization_followers("lab")] == ["bob"]
    followed = list(api.list_user_following("bob"))
    assert [(each.username, each.user_type) for each in followed] == [
        ("lab", "org"),
        ("ada", "user"),
    ]
    seen = bob.get_user_overview("ada")
    assert (seen.num_followers, seen.is_following) == (1, True)
    assert bob.get_user_overview("bob").num_following == 2
    assert api.get_organization_overview("lab").num_followers == 1
    send(hub, "DELETE", "/api/users/ada/follow", bob_token)
    assert list(api.list_user_followers("ada")) == []
    for missing in (api.list_user_followers, api.list_user_following):
        with pytest.raises(HfHubHTTPError) as caught:
            list(missing("nobody-here"))
        assert caught.value.response.status_code == 404


@pytest.fixture
def kept(api, request):
    made = api.create_collection(f"Kept {abs(hash(request.node.nodeid)) % 10**8}")
    yield made
    api.delete_collection(made.slug, missing_ok=True)


def status(caught):
    return caught.value.response.status_code


def test_a_collection_is_made_once_and_changed(api, bob, kept):
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_collection(kept.title)
    assert status(caught) == 409
    again = api.create_collection(kept.title, description="Not used", exists_ok=True)
    assert (again.slug, again.description, again.items) == (kept.slug, None, [])
    assert again.owner["name"] == "ada"
    changed = api.update_collection_metadata(
        kept.slug, title="Another Title, 2026", description="Why", theme="pink", private=True
    )
    assert changed.slug == f"ada/another-title-2026-{kept.slug[-24:]}"
    assert (changed.description, changed.theme, changed.private) == ("Why", "pink", True)
    assert api.get_collection(kept.slug).slug == changed.slug
    for act in (bob.get_collection, bob.delete_collection):
        with pytest.raises(HfHubHTTPError) as caught:
            act(kept.slug)
        assert status(caught) == 404
    with pytest.raises(HfHubHTTPError) as caught:
        api.update_collection_metadata(kept.slug, theme="plaid")
    assert status(caught) == 400
    assert list(bob.list_collections(owner="ada")) == []
    api.delete_collection(changed.slug)
    api.delete_collection(changed.slug, missing_ok=True)
    with pytest.raises(HfHubHTTPError) as caught:
        api.delete_collection(changed.slug)
    assert status(caught) == 404


def test_items_are_added_moved_noted_and_taken_out(api, bob, kept, repo):
    api.add_collection_item(kept.slug, repo, "model", note="My model")
    both = api.add_collection_item(kept.slug, "2307.09288", "paper")
    assert [(each.item_id, each.item_type, each.note) for each in both.items] == [
        (repo, "model", "My model"),
        ("2307.09288", "paper", None),
    ]
    with pytest.raises(HfHubHTTPError) as caught:
        api.add_collection_item(kept.slug, repo, "model")
    assert status(caught) == 409
    api.add_collection_item(kept.slug, repo, "model", exists_ok=True)
    renamed = f"{repo}-renamed"
    api.move_repo(repo, renamed)
    with pytest.raises(HfHubHTTPError) as caught:
        api.add_collection_item(kept.slug, repo, "model")
    assert status(caught) == 409  # it is found under its old name, and in there
    assert renamed in [each.item_id for each in api.get_collection(kept.slug).items]
    api.move_repo(renamed, repo)
    for name, kind in (("ada/none", "model"), ("ada/none", "dataset"), ("none", "paper")):
        with pytest.raises(HfHubHTTPError) as caught:
            api.add_collection_item(kept.slug, name, kind)
        assert status(caught) == 404
    with pytest.raises(HfHubHTTPError) as caught:
        bob.add_collection_item(kept.slug, "2307.09289", "paper")
    assert status(caught) == 403
    first = both.items[0].item_object_id
    api.update_collection_item(kept.slug, first, position=1, note="Moved")
    found = api.get_collection(kept.slug)
    assert [(each.item_id, each.note) for each in found.items] == [
        ("2307.09288", None),
        (repo, "Moved"),
    ]
    other = api.create_collection("Of collections")
    inside = api.add_collection_item(other.slug, kept.slug, "collection")
    key = other.slug[-24:]  # as hub.js names a collection; one may hold itself
    itself = api.add_collection_item(other.slug, key, "collection", note="a < b").items[-1]
    assert (itself.item_id, itself.item_type, itself.note) == (other.slug, "collection", "a < b")
    assert inside.items[0].item_id == kept.slug
    api.delete_collection(other.slug)
    api.delete_collection_item(kept.slug, first)
    api.delete_collection_item(kept.slug, first, missing_ok=True)
    with pytest.raises(HfHubHTTPError):
        api.delete_collection_item(kept.slug, first)
    with pytest.raises(HfHubHTTPError):
        api.update_collection_item(kept.slug, first, note="Gone")


def test_collections_are_listed_by_owner_and_by_what_they_hold(hub, api, bob, kept, repo):
    bobs = [bob.create_collection(f"Of bob {number}") for number in range(3)]
    bob.add_collection_item(bobs[1].slug, repo, "model")
    bob.add_collection_item(bobs[1].slug, "2307.09288", "paper")
    holding = list(api.list_collections(item=f"models/{repo}"))
    assert [each.slug for each in holding] == [bobs[1].slug]
    assert holding[0].items[0].item_id == repo
    assert list(api.list_collections(item=[f"models/{repo}", "papers/2307.09288"])) == holding
    assert len(list(api.list_collections(owner="bob", limit=2))) == 2
    assert len(list(api.list_collections(owner=["ada", "bob"]))) == 4
    assert list(api.list_collections(item="models/ada/none")) == []
    pages, url = [], f"{hub.url}/api/collections?owner=bob&limit=1"
    while url:
        answer = httpx.get(url)
        pages += [each["slug"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert pages == [bobs[1].slug, bobs[2].slug, bobs[0].slug]
    for sort in ("lastModified", "trending", "upvotes"):
        assert len(list(api.list_collections(owner="bob", sort=sort))) == 3
    moved = bob.update_collection_metadata(bobs[2].slug, position=0)
    assert moved.position == 0
    for each in bobs:
        bob.delete_collection(each.slug)


def test_there_is_no_resource_group_and_none_is_left_aside(hub, api, bob, kept):
    group = "66980ecfc1e12a49c8f0e42d"
    asked = [
        lambda: api.create_repo("crew/secret", resource_group_id=group),
        lambda: api.duplicate_repo("ada/any", "crew/secret", resource_group_id=group),
        lambda: api.create_bucket("crew/secret", resource_group_id=group),
        lambda: api.create_collection("Secret", namespace="crew", resource_group_id=group),
    ]
    hub.run("org", "add", "crew", "--member", "ada:admin")
    slug = api.create_collection("Ours", namespace="crew").slug
    assert api.update_collection_resource_group(slug, None) is None
    asked.append(lambda: api.update_collection_resource_group(slug, group))
    for ask in asked:
        with pytest.raises(HfHubHTTPError, match="no such resource group") as caught:
            ask()
        assert status(caught) == 404
    assert not api.repo_exists("crew/secret")
    with pytest.raises(HfHubHTTPError, match="organisation") as caught:
        api.update_collection_resource_group(kept.slug, None)
    assert status(caught) == 400
    with pytest.raises(HfHubHTTPError) as caught:
        bob.update_collection_resource_group(slug, None)
    assert status(caught) == 403


def test_papers_answer_from_what_the_cards_cite(hub, api, bob, repo):
    cited = "---\nlicense: mit\n---\nAfter https://arxiv.org/abs/2307.09288\n"
    api.upload_file(path_or_fileobj=cited.encode(), path_in_repo="README.md", repo_id=repo)
    paper = api.paper_info("2307.09288")
    assert (paper.id, paper.num_total_models, paper.num_total_datasets) == ("2307.09288", 1, 0)
    assert [each.id for each in paper.linked_models] == [repo]
    assert [each.id for each in api.list_papers(query="2307")] == ["2307.09288"]
    assert list(api.list_papers(query="nothing-like-it")) == []
    today = paper.submitted_at
    for asked in ({"date": f"{today:%Y-%m-%d}"}, {"month": f"{today:%Y-%m}"}, {}):
        assert [each.id for each in api.list_daily_papers(**asked)] == ["2307.09288"]
    assert list(api.list_daily_papers(date="2001-01-01")) == []
    assert repo in api.read_paper("2307.09288")
    api.update_repo_settings(repo, private=True)
    for act in (api.paper_info, api.read_paper):
        with pytest.raises(HfHubHTTPError) as caught:
            act("2307.09288")
        assert status(caught) == 404
    assert list(bob.list_papers(query="2307")) == []
    with pytest.raises(HfHubHTTPError) as caught:
        list(api.list_daily_papers(date="yesterday"))
    assert status(caught) == 400
