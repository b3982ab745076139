"""A charter's repository: made by founding, changed by decision alone."""

from dataclasses import dataclass

import pytest
from sqlalchemy import update

from iriai.base import jobs
from iriai.base.errors import Conflict, Denied, Invalid
from iriai.base.tx import Ground
from iriai.commons import enactment
from iriai.commons import jobs as clock_jobs
from iriai.commons import queries as commons
from iriai.commons.charter import actions as charters
from iriai.commons.charter import amending, presets, queries
from iriai.commons.charter import jobs as charter_jobs
from iriai.commons.charter.rules import Action, Preset
from iriai.commons.enactment import people as belonging
from iriai.commons.membership import powers
from iriai.commons.membership import queries as membership
from iriai.commons.membership.overview import overview
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals import queries as proposal_queries
from iriai.commons.proposals import voting
from iriai.commons.proposals.rules import State
from iriai.commons.tlog import replaying
from iriai.discussions import actions as discussions
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Actor, Role
from iriai.repos import actions as repos
from iriai.repos import queries as repos_queries
from iriai.repos.actions import Add
from iriai.repos.git.quarantine import Update
from iriai.repos.rules import HeldBy, Repo
from iriai.repos.tables import RefRow


@dataclass
class Lab:
    """An organisation with a charter, its admin ada, and ben and cleo."""

    ground: Ground
    ada: Actor
    ben: Actor
    cleo: Actor
    id: int
    charter: Repo

    def pull(self, actor: Actor, text: str, *, title: str = "Another charter", **files) -> int:
        """Open a pull request with this charter; its number."""
        adds = [Add("CHARTER.yaml", text.encode())]
        adds += [Add(name, content) for name, content in files.items()]
        made = enactment.commit(
            self.ground, actor, self.charter, operations=adds, title=title, create_pr=True
        )
        return made.number

    def propose(self, actor: Actor, number: int, action=Action.CHARTER_AMEND):
        with self.ground.write() as tx:
            return enactment.propose(tx, actor, self.id, action=action, payload={"pull": number})

    def second(self, actor: Actor, number: int):
        with self.ground.write() as tx:
            return proposals.second(tx, actor, self.id, number)

    def in_force(self):
        with self.ground.read() as tx:
            return queries.in_force(tx, self.id)

    def version(self):
        with self.ground.read() as tx:
            return queries.version(tx, self.id)

    def actor(self, name: str) -> Actor:
        with self.ground.read() as tx:
            return people.actor_named(tx, name)

    def on_main(self) -> str:
        with self.ground.read() as tx:
            head = repos_queries.by_id(tx, self.charter.id).head
        return amending.read_file(self.ground, self.charter, head, "CHARTER.yaml").decode()


def person(ground: Ground, name: str) -> Actor:
    identity.add_person(ground, OPERATOR, name=name)
    with ground.read() as tx:
        return people.actor_named(tx, name)


@pytest.fixture
def lab(ground):
    ada, ben, cleo = (person(ground, name) for name in ("ada", "ben", "cleo"))
    enactment.found(ground, ada, name="lab", fullname="The lab")
    with ground.read() as tx:
        found = commons.commons(tx, "lab")
        charter = amending.repository(tx, found.id)
    ada = Actor(ada.id, "ada", roles={})
    made = Lab(ground, ada, ben, cleo, found.id, charter)
    made.ada = made.actor("ada")
    return made


def test_founding_makes_the_repository_with_the_charter_and_why(lab):
    with lab.ground.read() as tx:
        found = repos_queries.readable(tx, lab.cleo, "dataset", "lab/charter")
        text = queries.text(tx, lab.id)
    assert lab.on_main() == text
    readme = amending.read_file(lab.ground, lab.charter, found.head, "README.md").decode()
    assert "The charter of lab" in readme
    assert "/commons/lab/rights" in readme
    assert lab.version().number == 1
    assert lab.in_force() == presets.charter(Preset.OWNERS, "lab")


def test_a_hand_on_main_of_the_charter_is_found_by_replay(lab):
    def found():
        return [each.message for each in replaying.replay(lab.ground, lab.id).differences]

    assert found() == []
    made = repos.create(lab.ground, lab.ada, kind="model", owner="ada", name="other")
    repos.commit(lab.ground, lab.ada, made, [Add("a.txt", b"a")], title="plain")
    with lab.ground.write() as tx:
        other = repos_queries.ref(tx, made.id, "refs/heads/main")
        tx.connection.execute(
            update(RefRow)
            .where(RefRow.repo_id == lab.charter.id)
            .values(sha=other.sha, commit_sha=other.commit)
        )
    moved, message = sorted(found(), reverse=True)
    assert "CHARTER.yaml on main of lab/charter" in message
    assert moved == "The ref refs/heads/main of lab/charter is elsewhere than the log says."


def test_the_hubs_own_charter_is_made_by_the_worker(ground):
    charter_jobs.keep(ground, {})
    charter_jobs.keep(ground, {})
    with ground.read() as tx:
        hub = commons.commons(tx, "hub")
        repo = amending.repository(tx, hub.id)
        assert queries.in_force(tx, hub.id).preset is Preset.SOLO
    assert repo.full_name == "hub/charter"


def test_what_was_founded_half_way_is_finished_by_the_worker(ground):
    ada = person(ground, "ada")
    from iriai.commons.actions import found_organisation

    with ground.write() as tx:
        found_organisation(tx, ada, name="lab")
    jobs.run_due(ground)
    with ground.read() as tx:
        assert amending.repository(tx, commons.commons(tx, "lab").id).full_name == "lab/charter"


def ways_by_hand(lab, actor):
    """Every way in which somebody could try to move main of a charter by hand."""
    text = presets.text("owners", "lab") + "# by hand\n"
    adds = [Add("CHARTER.yaml", text.encode())]
    number = lab.pull(lab.cleo, text)

    def settings(**more):
        with lab.ground.write() as tx:
            enactment.change_settings(tx, actor, lab.charter, **more)

    def delete():
        with lab.ground.write() as tx:
            enactment.delete_repository(tx, actor, lab.charter)

    def move():
        with lab.ground.write() as tx:
            enactment.move_repository(tx, actor, lab.charter, to_owner="lab", to_name="other")

    return {
        "commit": lambda: enactment.commit(
            lab.ground, actor, lab.charter, operations=adds, title="by hand"
        ),
        "commit past enactment": lambda: repos.commit(
            lab.ground, actor, lab.charter, operations=adds, title="by hand"
        ),
        "merge": lambda: enactment.merge(lab.ground, actor, lab.charter, number),
        "squash": lambda: repos.squash(lab.ground, actor, lab.charter, "main", "one"),
        "delete": delete,
        "move": move,
        "settings": lambda: settings(discussions_disabled=True),
        "visibility": lambda: settings(visibility="private"),
    }


WAYS = ("commit", "commit past enactment", "merge", "squash", "delete", "move", "settings",
        "visibility")  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("who", ["ada", "ben", "operator"])
def test_nobody_changes_a_charter_by_hand(lab, way, who):
    actor = {"ada": lab.ada, "ben": lab.ben, "operator": OPERATOR}[who]
    before = lab.on_main()
    with pytest.raises(Denied) as refused:
        ways_by_hand(lab, actor)[way]()
    if who == "ada":
        assert "charter.amend" in refused.value.message
        assert "/commons/lab/proposals/new?action=charter.amend" in refused.value.message
    assert lab.on_main() == before


def test_owners_change_a_charter_by_agreeing_all(lab):
    with lab.ground.write() as tx:
        identity.set_role(tx, lab.ada, organisation="lab", person="ben", role=Role.ADMIN)
    lab.ben = lab.actor("ben")
    text = lab.on_main().replace("resource.delete: owners", "resource.delete: all")
    number = lab.pull(lab.cleo, text)
    made = lab.propose(lab.ada, number)
    assert made.state is State.OPEN
    assert "delete a repository becomes “all”; it was “owners”" in str(made.options)
    enactment.carry_out_all(lab.ground)
    assert lab.version().number == 1
    made = lab.second(lab.ben, made.number)
    assert made.state is State.PASSED
    enactment.carry_out_all(lab.ground)
    assert lab.on_main() == text
    assert lab.in_force().actions[Action.RESOURCE_DELETE] == "all"
    assert lab.version().number == 2
    assert lab.version().decision == "lab/1"


def test_a_pull_request_before_the_members_stays_as_they_were_asked_about_it(lab):
    with lab.ground.write() as tx:
        identity.set_role(tx, lab.ada, organisation="lab", person="ben", role=Role.ADMIN)
    lab.ben = lab.actor("ben")
    text = lab.on_main().replace("statement: owners", "statement: all")
    number = lab.pull(lab.cleo, text)
    worse = text.replace("resource.delete: owners", "resource.delete: all")

    def change():
        enactment.commit(
            lab.ground,
            lab.cleo,
            lab.charter,
            operations=[Add("CHARTER.yaml", worse.encode())],
            title="more",
            revision=f"refs/pr/{number}",
        )

    made = lab.propose(lab.ada, number)
    with pytest.raises(Conflict, match=r"proposal 1 .*Open another pull request"):
        change()
    with pytest.raises(Conflict, match="stays as they were asked"):
        update = Update(f"refs/pr/{number}", "0" * 40, "1" * 40)
        enactment.push(lab.ground, lab.cleo, lab.charter, pack=None, updates=[update])
    with pytest.raises(Conflict, match="before the members"), lab.ground.write() as tx:
        enactment.change_status(tx, lab.cleo, lab.charter, number, status="closed")
    assert lab.second(lab.ben, made.number).state is State.PASSED
    with pytest.raises(Conflict, match="before the members"):
        change()
    enactment.carry_out_all(lab.ground)
    assert lab.version().number == 2
    assert lab.on_main() == text


def test_a_pull_request_is_its_authors_again_once_it_is_not_before_the_members(lab):
    with lab.ground.write() as tx:
        identity.set_role(tx, lab.ada, organisation="lab", person="ben", role=Role.ADMIN)
    text = lab.on_main().replace("statement: owners", "statement: all")
    number = lab.pull(lab.cleo, text)
    made = lab.propose(lab.ada, number)
    with lab.ground.write() as tx:
        proposals.withdraw(tx, lab.ada, lab.id, made.number)
    landed = enactment.commit(
        lab.ground,
        lab.cleo,
        lab.charter,
        operations=[Add("CHARTER.yaml", (text + "# clearer\n").encode())],
        title="clearer",
        revision=f"refs/pr/{number}",
    )
    assert landed.moved


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("statement: owners", "statement: nobody"), "none of them"),
        (("commons: lab", "commons: other"), "lab"),
        (("statement: owners", "statement: owners"), "changes nothing"),
    ],
)
def test_what_is_no_charter_cannot_be_proposed(lab, change, said):
    text = lab.on_main().replace(*change) + "\n"
    number = lab.pull(lab.cleo, text)
    with lab.ground.read() as tx:
        assert said in " ".join(amending.check(tx, lab.id, number).faults)
    with pytest.raises(Invalid, match=said):
        lab.propose(lab.ada, number)


def test_only_the_two_files_can_be_in_a_charters_pull_request(lab):
    text = lab.on_main().replace("statement: owners", "statement: all")
    number = lab.pull(lab.cleo, text, **{"run.sh": b"#!/bin/sh\n"})
    with pytest.raises(Invalid, match=r"not run\.sh"):
        lab.propose(lab.ada, number)


def test_the_charter_is_not_amended_on_another_branch(lab):
    text = lab.on_main().replace("statement: owners", "statement: all")
    number = lab.pull(lab.cleo, text)
    with lab.ground.write() as tx:
        repos.create_branch(tx, lab.ada, lab.charter, "draft")
        there = discussions.open_pull_request(
            tx, lab.cleo, lab.charter, title="On a branch", target="draft"
        )
    with pytest.raises(Invalid, match="for the branch draft"):
        lab.propose(lab.ada, there.number)
    assert lab.propose(lab.ada, number).number


def test_a_file_too_long_to_be_read_is_said_to_be_and_never_merged_as_an_empty_one(lab):
    text = lab.on_main().replace("statement: owners", "statement: all")
    for files in (
        {"README.md": b"Why. " * 20_000},
        {"CHARTER.yaml": text.encode() + b"#" * 70_000},
    ):
        number = lab.pull(lab.cleo, text, **files)
        with pytest.raises(Invalid, match=rf"^{next(iter(files))} has at most 64 KB\.$"):
            lab.propose(lab.ada, number)


def leave_owners(lab, preset="consortium") -> None:
    made = lab.propose(lab.ada, lab.pull(lab.ada, presets.text(preset, "lab")))
    assert made.state is State.PASSED
    enactment.carry_out_all(lab.ground)


def test_leaving_owners_takes_what_there_is_after_fourteen_days(lab, clock):
    for number in range(20):
        enactment_free = repos.create(
            lab.ground, lab.ada, kind="model", owner="lab", name=f"m{number}"
        )
    leave_owners(lab, "university")
    assert lab.in_force().is_collective
    with lab.ground.read() as tx:
        standing = membership.standing(tx, lab.id, lab.ada.id)
        assert standing.is_member
        assert standing.is_elector

    def held():
        with lab.ground.read() as tx:
            found = repos_queries.repos_of(tx, lab.ada, lab.charter.owner_id)
            return {each.held_by for each in found if each.name != "charter"}

    clock_jobs.tick(lab.ground, {})
    assert held() == {HeldBy.OWNERS}
    clock.advance(days=13, hours=23)
    clock_jobs.tick(lab.ground, {})
    assert held() == {HeldBy.OWNERS}
    clock.advance(hours=1)
    clock_jobs.tick(lab.ground, {})
    assert held() == {HeldBy.COMMONS}
    ada = lab.actor("ada")
    with lab.ground.write() as tx, pytest.raises(Denied, match="proposals/new"):
        enactment.delete_repository(tx, ada, repos_queries.by_id(tx, enactment_free.id))


def test_members_do_not_give_the_decisions_back_to_owners(lab):
    leave_owners(lab, "university")
    number = lab.pull(lab.cleo, presets.text("owners", "lab"))
    with pytest.raises(Invalid, match="gives the decisions back"):
        lab.propose(lab.actor("ada"), number, Action.CHARTER_AMEND_ENTRENCHED)


def become_solo(lab, clock) -> int:
    """The one who is left lets their commons become solo again: its proposal's number."""
    ada = lab.actor("ada")
    pull = lab.pull(ada, presets.text("solo", "lab"))
    made = lab.propose(ada, pull, Action.CHARTER_AMEND_ENTRENCHED)
    clock.advance(days=14)
    clock_jobs.tick(lab.ground, {})
    with lab.ground.write() as tx:
        voting.vote(tx, ada, lab.id, made.number, marks=[1, 2])
    return made.number


def test_the_last_member_may_vote_it_solo_again_and_a_second_ends_that(lab, clock):
    leave_owners(lab, "university")
    assert lab.actor("ada").roles[lab.charter.owner_id] is Role.CONTRIBUTOR
    number = become_solo(lab, clock)
    assert lab.in_force().preset is Preset.UNIVERSITY  # never silently: the vote runs
    clock.advance(days=14)
    clock_jobs.tick(lab.ground, {})
    with lab.ground.read() as tx:
        assert proposal_queries.proposal(tx, lab.id, number).state is State.ENACTED
        assert membership.standing(tx, lab.id, lab.ada.id).is_owner
    assert lab.in_force().preset is Preset.SOLO
    ada = lab.actor("ada")
    assert ada.roles[lab.charter.owner_id] is Role.ADMIN
    with lab.ground.write() as tx, pytest.raises(Conflict, match="You decide alone"):
        belonging.leave(tx, ada, lab.id)

    with lab.ground.write() as tx:
        enactment.propose(tx, ada, lab.id, action=Action.MEMBER_ADMIT, payload={"name": "ben"})
    enactment.carry_out_all(lab.ground)
    assert lab.in_force() == presets.charter(Preset.UNIVERSITY, "lab")
    assert lab.on_main() == presets.text(Preset.UNIVERSITY, "lab")
    assert replaying.replay(lab.ground, lab.id).differences == []
    assert lab.actor("ada").roles[lab.charter.owner_id] is Role.CONTRIBUTOR
    with lab.ground.read() as tx:
        assert {each.name for each in membership.electors(tx, lab.id)} == {"ada"}
        assert membership.standing(tx, lab.id, lab.ben.id).is_member


def test_nobody_makes_it_solo_while_there_are_others_and_who_rests_ends_it_by_a_click(lab, clock):
    leave_owners(lab, "university")
    with lab.ground.write() as tx:
        powers.admit(tx, "system:test", lab.id, lab.ben.id, is_founder=True)
    ada, ben = lab.actor("ada"), lab.actor("ben")
    pull = lab.pull(ada, presets.text("solo", "lab"))
    with pytest.raises(Invalid, match="where one person is left"):
        lab.propose(ada, pull, Action.CHARTER_AMEND_ENTRENCHED)
    with lab.ground.write() as tx:
        belonging.rest(tx, ben, lab.id)
    number = become_solo(lab, clock)
    clock.advance(days=14)
    clock_jobs.tick(lab.ground, {})
    with lab.ground.read() as tx:
        assert proposal_queries.proposal(tx, lab.id, number).state is State.ENACTED
        seen = overview(tx, lab.id, ben.id)
    assert ([each.name for each in seen.resting], seen.me.state) == (["ben"], "emeritus")
    with lab.ground.write() as tx:
        belonging.return_(tx, lab.actor("ben"), lab.id)
    assert lab.in_force().preset is Preset.UNIVERSITY
    assert replaying.replay(lab.ground, lab.id).differences == []
    clock_jobs.follow(lab.ground, {})
    assert lab.on_main() == presets.text(Preset.UNIVERSITY, "lab")
    clock.advance(hours=2)
    assert replaying.replay(lab.ground, lab.id).differences == []
    with lab.ground.read() as tx:
        assert {each.name for each in membership.electors(tx, lab.id)} == {"ada", "ben"}
    assert lab.actor("ada").roles[lab.charter.owner_id] is Role.CONTRIBUTOR


def test_a_second_member_who_comes_during_the_vote_stops_it(lab, clock):
    leave_owners(lab, "university")
    number = become_solo(lab, clock)
    with lab.ground.write() as tx:
        powers.admit(tx, "system:test", lab.id, lab.ben.id)
    clock.advance(days=14)
    clock_jobs.tick(lab.ground, {})
    with lab.ground.read() as tx:
        found = proposal_queries.proposal(tx, lab.id, number)
    assert found.state is State.ENACT_FAILED
    assert "one person is left" in found.failure


def test_an_entrenched_line_takes_the_entrenched_decision(lab):
    leave_owners(lab, "university")
    text = lab.on_main().replace(", remove_own]", "]")
    number = lab.pull(lab.cleo, text)
    ada = lab.actor("ada")
    with pytest.raises(Invalid, match=r"charter\.amend\.entrenched"):
        lab.propose(ada, number)
    made = lab.propose(ada, number, Action.CHARTER_AMEND_ENTRENCHED)
    assert "entrenched" in made.rule


def test_a_child_names_its_parent_and_may_only_narrow(lab, ground):
    leave_owners(lab, "university")
    parent = lab.version().digest
    enactment.found(ground, lab.cleo, name="child", preset=Preset.UNIVERSITY)
    with ground.read() as tx:
        child = commons.commons(tx, "child")
        repo = amending.repository(tx, child.id)
        text = queries.text(tx, child.id)
    small = Lab(ground, lab.cleo, lab.ben, lab.cleo, child.id, repo)
    named = text.replace("preset: ", f"parent: lab@sha256:{parent}\npreset: ", 1)
    with ground.read() as tx:
        assert amending.check_text(tx, child.id, named)[1] == []
        wider = named.replace("suspend_90d", "suspend_365d").replace(", fork", "")
        faults = amending.check_text(tx, child.id, wider)[1]
        nowhere = named.replace(parent, "0" * 64)
        missing = amending.check_text(tx, child.id, nowhere)[1]
    assert [each.split()[1] for each in faults] == ["rights", "sanctions.ladder.suspend"]
    assert "has no charter of the digest" in missing[0]
    assert small.version().number == 1
    with pytest.raises(Invalid, match="may only narrow"):
        charters_begin(ground, child.id, wider)


def charters_begin(ground, commons_id, text):
    with ground.write() as tx:
        charters.begin(tx, commons_id, text)


def test_a_closed_pull_request_cannot_be_proposed(lab):
    from iriai.discussions import actions as discussions

    number = lab.pull(lab.cleo, lab.on_main().replace("statement: owners", "statement: all"))
    with lab.ground.write() as tx:
        discussions.change_status(tx, lab.cleo, lab.charter, number, status="closed")
    with pytest.raises(Conflict, match="closed already"):
        lab.propose(lab.ada, number)
