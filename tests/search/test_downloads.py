"""Downloads are counted once a client and five minutes; trending looks at who they were."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from tests.repos.conftest import settled

from iriai.base import jobs
from iriai.identity.rules import ANYONE
from iriai.identity.tables import Account
from iriai.repos.tables import RepoRow
from iriai.search import actions, downloads, noting
from iriai.search import jobs as search_jobs
from iriai.search.downloads import Fetched
from iriai.search.queries import downloads_ever, found, trending
from iriai.search.rules import Asked, Order, counts_as_download
from iriai.search.tables import DownloadClient
from iriai.social.tables import Like


@pytest.fixture
def town(any_ground, clock):
    town = settled(any_ground)
    clock.advance(days=30)
    return town


def fetch(town, clock, repo, client, *, account=None, after=0.0):
    clock.advance(seconds=after)
    with town.ground.write() as tx:
        return downloads.count(tx, [Fetched(repo.id, client, account, clock())])


def figures(town, repo):
    with town.ground.read() as tx:
        lately = tx.connection.scalar(select(RepoRow.downloads).where(RepoRow.id == repo.id))
        return lately, downloads_ever(tx, [repo.id]).get(repo.id, 0)


def ranked(town):
    actions.refresh(town.ground)
    search_jobs.rank(town.ground, {})
    with town.ground.read() as tx:
        page = found(tx, ANYONE, Asked("model"), Order.TRENDING)
        scores = trending(tx, [each.id for each in page.repos])
        return [(each.name, scores[each.id]) for each in page.repos]


def test_a_client_counts_once_in_five_minutes(town, clock):
    repo, other = town.repo("a"), town.repo("b")
    assert fetch(town, clock, repo, "x") == 1
    assert fetch(town, clock, repo, "x", after=299) == 0
    assert fetch(town, clock, repo, "y") == 1
    assert fetch(town, clock, other, "x") == 1
    assert fetch(town, clock, repo, "x", after=1) == 1
    assert fetch(town, clock, repo, "x", after=200) == 0
    assert figures(town, repo) == (3, 3)


def test_what_was_downloaded_long_ago_leaves_the_figure_of_the_month(town, clock):
    repo = town.repo("a")
    fetch(town, clock, repo, "x")
    clock.advance(days=20)
    fetch(town, clock, repo, "y")
    clock.advance(days=15)
    search_jobs.age(town.ground, {})
    assert figures(town, repo) == (1, 2)
    clock.advance(days=60)
    search_jobs.age(town.ground, {})
    assert figures(town, repo) == (1, 2)  # later than the job looks back, which runs all day long


def test_downloads_of_what_is_gone_are_not_counted(town, clock):
    with town.ground.write() as tx:
        assert downloads.count(tx, [Fetched(999, "x", None, clock())]) == 0


def test_trending_counts_each_downloader_once(town, clock):
    often, wide = town.repo("often"), town.repo("wide")
    for _ in range(20):
        fetch(town, clock, often, "bob", account=town.bob.id, after=301)
    for client, actor in (("bob", town.bob), ("eve", town.eve)):
        fetch(town, clock, wide, client, account=actor.id)
    assert ranked(town) == [("wide", 8), ("often", 4)]


def test_trending_ignores_accounts_younger_than_a_week(town, clock):
    repo = town.repo("a")
    with town.ground.write() as tx:
        young = update(Account).where(Account.name == "eve")
        tx.connection.execute(young.values(created_at=clock() - timedelta(days=6)))
        for actor in (town.eve, town.bob):
            row = {"repo_id": repo.id, "account_id": actor.id, "since": clock()}
            tx.connection.execute(insert(Like), row)
    fetch(town, clock, repo, "eve", account=town.eve.id)
    assert figures(town, repo) == (1, 1)
    assert ranked(town) == [("a", 10)]  # bob's like
    with town.ground.write() as tx:
        young = update(Account).where(Account.name == "ada")
        tx.connection.execute(young.values(created_at=clock() - timedelta(days=6)))
    assert ranked(town) == [("a", 0)]  # its owner is new here


def test_addresses_can_at_most_double_what_accounts_say(town, clock):
    crowd, known = town.repo("crowd"), town.repo("known")
    for number in range(60):
        fetch(town, clock, crowd, f"n{number}")
    for actor in (town.ada, town.bob, town.eve):
        fetch(town, clock, known, actor.name, account=actor.id)
    assert ranked(town) == [("known", 12), ("crowd", 10)]


def test_figures_of_any_size_are_ranked(town, clock):
    huge, big = town.repo("huge"), town.repo("big")
    with town.ground.write() as tx:
        for repo, likes, fetched in ((huge, 2_000_000, 10**10), (big, 1_000_000, 10**9)):
            values = {"likes": likes, "downloads": fetched}
            tx.connection.execute(update(RepoRow).where(RepoRow.id == repo.id).values(**values))
    ranked(town)
    assert actions.sweep(town.ground) == 0
    clock.advance(minutes=5)
    actions.refresh(town.ground)
    for order in (Order.LIKES, Order.DOWNLOADS):
        with town.ground.read() as tx:
            page = found(tx, ANYONE, Asked("model", search=("g",)), order)
        assert [each.name for each in page.repos] == []
        with town.ground.read() as tx:
            page = found(tx, ANYONE, Asked("model", search=("ada",)), order)
        assert [each.name for each in page.repos] == ["huge", "big"]


def test_a_week_later_nothing_trends_and_nobody_is_remembered(town, clock):
    repo = town.repo("a")
    fetch(town, clock, repo, "bob", account=town.bob.id)
    assert ranked(town) == [("a", 4)]
    clock.advance(days=8)
    assert ranked(town) == [("a", 0)]
    with town.ground.read() as tx:
        assert tx.connection.execute(select(DownloadClient.client)).all() == []


def test_what_was_noted_is_counted_by_a_job(town):
    repo = town.repo("a")
    for _ in range(3):
        noting.note(town.ground, repo.id, account_id=town.bob.id, network="::1")
        noting.note(town.ground, repo.id, account_id=None, network="10.0.0.1")
    assert figures(town, repo) == (0, 0)
    noting.hand_on(town.ground)
    jobs.run_due(town.ground)
    assert figures(town, repo) == (2, 2)
    with town.ground.read() as tx:
        kept = tx.connection.execute(select(DownloadClient.client)).scalars().all()
    assert all(len(each) == 24 and "10.0" not in each for each in kept)


@pytest.mark.parametrize(
    ("kind", "path", "counts"),
    [
        ("model", "config.json", True),
        ("model", "adapter_config.json", True),
        ("model", "weights/q4.gguf", True),
        ("model", "sub/config.json", False),
        ("model", "README.md", False),
        ("model", "model.safetensors", False),
        ("dataset", "README.md", True),
        ("dataset", "data/train.parquet", False),
    ],
)
def test_each_library_has_one_file_that_counts(kind, path, counts):
    assert counts_as_download(kind, path) is counts
