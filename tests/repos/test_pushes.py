"""Pushes, below the wire: what lands together, and what is left when it does not."""

import pytest
from sqlalchemy import select
from tests.support.hand_made_packs import FILE, HandMade

from iriai.base.errors import Denied, HubError, Invalid
from iriai.base.events import Event
from iriai.blobs import queries as blobs
from iriai.commons import enactment
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Reach, Role
from iriai.repos import actions, locks, powers, pushes, queries
from iriai.repos.git.pointers import pointer_text
from iriai.repos.git.quarantine import Update
from iriai.repos.ref_updates import STALE
from iriai.repos.tables import PackRow
from iriai.signin.apps import actions as apps

pytestmark = pytest.mark.either_state

MAIN = "refs/heads/main"


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    return HandMade(folder)


def tip(made, parent, **files):
    rows = sorted((FILE, name.encode(), made.blob(content)) for name, content in files.items())
    return made.commit(made.tree(*rows), [parent] if parent else [])


def push(town, repo, made, *updates, actor=None, **more):
    asked = [Update(*update) for update in updates]
    return pushes.push(
        town.ground, actor or town.ada, repo, pack=made and made.write(), updates=asked, **more
    )


def packs(town, repo):
    with town.ground.read() as tx:
        names = select(PackRow.name).where(PackRow.repo_id == repo.id)
        return set(tx.connection.execute(names).scalars())


def stored(town, repo):
    return {
        entry.key.rpartition("/")[2].partition(".")[0]
        for entry in town.ground.store.entries(f"git/{repo.id}/")
    }


def pushed_events(town):
    with town.ground.read() as tx:
        asked = select(Event.entry).where(Event.verb == "pushed").order_by(Event.id)
        return list(tx.connection.execute(asked).scalars())


def test_pack_ref_and_event_land_together(any_town, made):
    repo = any_town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})
    done = push(any_town, repo, made, (MAIN, repo.head, sha), ("refs/tags/v1", None, sha))
    assert done.results == ((MAIN, None), ("refs/tags/v1", None))
    assert done.moved == {MAIN: sha, "refs/tags/v1": sha}
    assert any_town.again(repo).head == sha
    assert any_town.read(repo, "a.txt") == b"a"
    assert packs(any_town, repo) == stored(any_town, repo)
    first, second = pushed_events(any_town)
    assert f'"new":"{sha}"' in first
    assert "refs/tags/v1" in second
    assert "forced" not in first


def test_going_back_on_history_stands_in_the_log(any_town, made):
    repo = any_town.repo()
    any_town.commit(repo, {"a.txt": b"a"})
    head = any_town.again(repo).head
    sha = tip(made, None, **{"b.txt": b"b"})
    assert push(any_town, repo, made, (MAIN, head, sha)).moved == {MAIN: sha}
    assert '"forced":true' in pushed_events(any_town)[-1]


def test_who_comes_second_is_told_so_and_leaves_no_pack(any_town, made):
    repo = any_town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})
    before = packs(any_town, repo)

    def overtaken(_weighed):
        any_town.commit(repo, {"faster.txt": b"f"})
        return lambda _tx, _actor: None

    done = push(any_town, repo, made, (MAIN, repo.head, sha), judge=overtaken)
    assert done.results == ((MAIN, STALE),)
    assert done.moved == {}
    assert len(packs(any_town, repo) - before) == 1
    assert packs(any_town, repo) == stored(any_town, repo)
    assert pushed_events(any_town) == []


def test_all_or_nothing_holds_when_somebody_is_faster_with_one_ref(any_town, made):
    repo = any_town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})
    updates = [(MAIN, repo.head, sha), ("refs/heads/dev", None, sha)]

    def overtaken(_weighed):
        with any_town.ground.write() as tx:
            actions.create_branch(tx, any_town.ada, repo, "dev")
        return lambda _tx, _actor: None

    done = push(any_town, repo, made, *updates, judge=overtaken, atomic=True)
    assert all(reason for _, reason in done.results)
    assert any_town.again(repo).head == repo.head
    assert packs(any_town, repo) == stored(any_town, repo)
    done = push(any_town, repo, made, *updates)
    assert done.results == ((MAIN, None), ("refs/heads/dev", STALE))


def test_a_ruling_within_the_landing_undoes_all_of_it(any_town, made):
    repo = any_town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})

    def refusing(_weighed):
        def rule(_tx, _actor):
            raise Denied("Not like this.")

        return rule

    with pytest.raises(Denied):
        push(any_town, repo, made, (MAIN, repo.head, sha), judge=refusing)
    assert any_town.again(repo).head == repo.head
    assert packs(any_town, repo) == stored(any_town, repo)


def test_what_else_is_ruled_is_asked_as_any_ref_lands(town, made):
    repo = town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})

    def rule(tx, actor):
        assert queries.ref(tx, repo.id, "refs/heads/dev") is None
        raise Denied(f"Not today, {actor.name}.")

    with pytest.raises(Denied, match="Not today, ada"):
        push(town, repo, made, ("refs/heads/dev", None, sha), rule=rule)
    assert packs(town, repo) == stored(town, repo)


def test_a_push_weighs_the_card_before_and_after(town, made):
    repo = town.repo()
    seen = []

    def judge(weighed):
        seen.append((weighed.readme_before, weighed.readme))
        return lambda _tx, _actor: None

    head = repo.head
    for readme in (b"one", b"one", b"two", None):
        files = {"x.txt": str(len(seen)).encode()} | ({"README.md": readme} if readme else {})
        sha = tip(made, head, **files)
        push(town, repo, made, (MAIN, head, sha), judge=judge)
        made.__post_init__()
        head = sha
    assert seen == [(None, b"one"), (b"one", None), (b"one", b"two"), (b"two", b"")]


def test_a_pointer_is_held_against_what_the_repository_was_given(any_town, made):
    repo = any_town.repo()
    sha256 = any_town.send(repo, b"large bytes")
    good = tip(made, repo.head, **{"a.bin": pointer_text(sha256, 11)})
    assert push(any_town, repo, made, (MAIN, repo.head, good)).moved == {MAIN: good}
    made.__post_init__()
    wrong_size = tip(made, good, **{"a.bin": pointer_text(sha256, 12)})
    with pytest.raises(Invalid, match=r"'a\.bin' says"):
        push(any_town, repo, made, (MAIN, good, wrong_size))
    made.__post_init__()
    planted = tip(made, good, **{"a.bin": pointer_text("ab" * 32, 11)})
    with pytest.raises(Invalid, match="was not given"):
        push(any_town, repo, made, (MAIN, good, planted))


def test_a_pointer_to_what_the_pusher_reads_elsewhere_is_a_copy_and_else_refused(any_town, made):
    source = any_town.repo("source", visibility="private")
    sha256 = any_town.send(source, b"large bytes")
    target = any_town.repo("target")
    bobs = any_town.repo("target", owner="bob", actor=any_town.bob)
    for repo, actor in ((bobs, any_town.bob), (target, any_town.ada)):
        made.__post_init__()
        sha = tip(made, repo.head, **{"a.bin": pointer_text(sha256, 11)})
        if actor is any_town.ada:
            push(any_town, repo, made, (MAIN, repo.head, sha))
        else:
            with pytest.raises(Invalid, match="was not given"):
                push(any_town, repo, made, (MAIN, repo.head, sha), actor=actor)
    with any_town.ground.read() as tx:
        assert blobs.holders(tx, sha256) == {source.id, target.id}


def test_a_push_that_only_deletes_needs_no_pack(any_town):
    repo = any_town.repo()
    with any_town.ground.write() as tx:
        actions.create_branch(tx, any_town.ada, repo, "dev")
    done = push(any_town, repo, None, ("refs/heads/dev", repo.head, None))
    assert done.results == (("refs/heads/dev", None),)
    with any_town.ground.read() as tx:
        assert [ref.name for ref in queries.refs(tx, repo)] == [MAIN]


def test_a_branch_at_a_commit_that_is_there_brings_no_pack(any_town, made):
    repo = any_town.repo()
    before = packs(any_town, repo)
    done = push(any_town, repo, made, ("refs/heads/dev", None, repo.head))
    assert done.moved == {"refs/heads/dev": repo.head}
    assert packs(any_town, repo) == before == stored(any_town, repo)


def test_only_writers_move_branches_and_nothing_is_said_of_what_they_sent(town, made):
    repo = town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})
    done = push(town, repo, made, (MAIN, repo.head, sha), actor=town.eve)
    assert done.moved == {}
    assert "Propose your change" in done.results[0][1]


def test_staging_is_empty_whatever_became_of_a_push(town, made):
    repo = town.repo()
    good = tip(made, repo.head, **{"a.txt": b"a"})
    push(town, repo, made, (MAIN, repo.head, good))
    made.__post_init__()
    bad = tip(made, good, aux=b"a")
    with pytest.raises(HubError):
        push(town, repo, made, (MAIN, good, bad))
    assert list(town.ground.store.staging().iterdir()) == []


def test_a_push_may_relicense_what_an_organisation_holds_only_as_its_rules_say(town, made):
    repo = town.repo("shared", owner="lab")
    card = b"---\nlicense: %s\n---\n"
    first = tip(made, repo.head, **{"README.md": card % b"mit"})
    updates = [Update(MAIN, repo.head, first)]
    enactment.push(town.ground, town.ada, repo, pack=made.write(), updates=updates)
    mine = town.repo("bobs", owner="lab", actor=town.bob)
    made.__post_init__()
    second = tip(made, mine.head, **{"README.md": card % b"mit"})
    updates = [Update(MAIN, mine.head, second)]
    enactment.push(town.ground, town.bob, mine, pack=made.write(), updates=updates)
    made.__post_init__()
    third = tip(made, second, **{"README.md": card % b"other"})
    updates = [Update(MAIN, second, third)]
    with pytest.raises(Denied):
        enactment.push(town.ground, town.bob, mine, pack=made.write(), updates=updates)
    done = enactment.push(town.ground, town.ada, mine, pack=made.write(), updates=updates)
    assert done.moved == {MAIN: third}
    with town.ground.read() as tx:
        verbs = tx.connection.execute(select(Event.verb).order_by(Event.id)).scalars().all()
    assert "relicensed" in verbs


def tokened(town, name):
    """Somebody who came with a token that writes."""
    with town.ground.write() as tx:
        somebody = people.actor_named(tx, name)
        raw = identity.mint_token(tx, somebody, name="laptop", role=Reach.WRITE).raw
    with town.ground.read() as tx:
        return people.actor_by_token(tx, raw)


def revoked(tx, _town, _repo):
    apps.end_everything(tx, OPERATOR, person="bob", tokens=True)


def no_member(tx, town, _repo):
    identity.set_role(tx, town.ada, organisation="lab", person="bob", role=None)


def frozen(tx, _town, repo):
    powers.freeze(tx, repo.id, "It is being looked at.")


def deleted(tx, town, repo):
    powers.delete(tx, town.ada, repo)


def locked(tx, town, repo):
    locks.lock(tx, town.ada, repo, path="a.txt")


def taken(tx, _town, repo):
    assert powers.take_into_the_commons(tx, repo.owner_id) == 1


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        (revoked, "Unauthenticated"),
        (no_member, "Forbidden"),
        (frozen, "Frozen"),
        (deleted, "RepoNotFound"),
        (locked, "FileLocked"),
        (taken, "RepoMoved"),
    ],
)
def test_what_was_lost_while_a_push_was_judged_is_lost(town, made, meanwhile, code):
    with town.ground.write() as tx:
        identity.set_role(tx, town.ada, organisation="lab", person="bob", role=Role.WRITE)
    repo = town.repo(owner="lab")
    bob = tokened(town, "bob")
    sha = tip(made, repo.head, **{"a.txt": b"a"})

    def judge(_weighed):
        with town.ground.write() as tx:
            meanwhile(tx, town, repo)
        return lambda _tx, _actor: None

    with pytest.raises(HubError) as refused:
        push(town, repo, made, (MAIN, repo.head, sha), actor=bob, judge=judge)
    assert refused.value.code == code
    assert packs(town, repo) == stored(town, repo)
    if meanwhile is not deleted:
        assert town.again(repo).head == repo.head


def test_a_repository_that_was_renamed_meanwhile_takes_the_push_under_its_new_name(town, made):
    repo = town.repo()
    sha = tip(made, repo.head, **{"a.txt": b"a"})

    def judge(_weighed):
        with town.ground.write() as tx:
            actions.move(tx, town.ada, repo, to_owner="ada", to_name="other")
        return lambda _tx, _actor: None

    assert push(town, repo, made, (MAIN, repo.head, sha), judge=judge).moved == {MAIN: sha}
    assert '"subject":"repo/ada/other"' in pushed_events(town)[-1]
