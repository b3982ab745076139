"""What people do on a hub, one legal thing after the other, drawn by dice or in their order.

Each writes a table that is governed in part. `Life` has two organisations, so that what moves
goes from one commons' log to another's.
"""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import insert

from iriai.base.errors import HubError
from iriai.base.events import HUB
from iriai.buckets import actions as buckets
from iriai.commons import actions as commons
from iriai.commons.pot import usage
from iriai.discussions import actions as discussions
from iriai.discussions import powers as holding
from iriai.gates import actions as gates
from iriai.identity import actions as identity
from iriai.identity import powers as people
from iriai.identity import queries
from iriai.identity.rules import OPERATOR, Restriction, Role
from iriai.repos import actions as repos
from iriai.repos import powers
from iriai.repos import queries as known
from iriai.repos.rules import Gated, HeldBy
from iriai.repos.tables import GoneCommit

PEOPLE = ("ada", "bob", "eve")
ORGANISATIONS = ("lab", "guild")


class Life:
    """A hub on which things happen."""

    def __init__(self, ground):
        self.ground = ground
        self.count = 0
        self.repos = []
        self.ids = {each: identity.add_person(ground, OPERATOR, name=each).id for each in PEOPLE}
        with ground.write() as tx:
            for name in ORGANISATIONS:
                members = {"ada": Role.ADMIN, "bob": Role.CONTRIBUTOR}
                made = commons.found_organisation(tx, OPERATOR, name=name, members=members)
                self.ids[name] = made.id
        with ground.read() as tx:
            self.ada = queries.actor_named(tx, "ada")
        self.create("ada")

    def create(self, owner="lab", **more):
        self.count += 1
        made = repos.create(
            self.ground, self.ada, kind="model", owner=owner, name=f"thing-{self.count}", **more
        )
        self.repos.append(made.id)

    def ways(self):
        """What can be done in a transaction, by name: each takes it, a repository and dice."""
        found = {name.removeprefix("do_"): getattr(self, name) for name in dir(type(self))}
        return {name: way for name, way in found.items() if hasattr(type(self), f"do_{name}")}

    def do(self, name, dice):
        with self.ground.write() as tx:
            repo = known.by_id(tx, dice.choice(self.repos))
            self.ways()[name](tx, repo, dice)

    def said(self, tx, repo, verb):
        tx.record(repo.commons_id, "system:test", verb, repo.subject)

    def do_rename(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        self.count += 1
        powers.move(
            tx, self.ada, repo, to_owner=repo.owner, to_name=f"name-{self.count}", by_decision=True
        )

    def do_transfer(self, tx, repo, dice):
        self.count += 1
        owner = dice.choice(["lab", "guild", "ada"])
        powers.move(
            tx, self.ada, repo, to_owner=owner, to_name=f"moved-{self.count}", by_decision=True
        )

    def do_dedicate(self, tx, repo, dice):
        powers.settle(tx, self.ada, repo, held_by=dice.choice(list(HeldBy)).value)

    def do_show(self, tx, repo, dice):
        powers.settle(tx, self.ada, repo, visibility=dice.choice(["private", "public"]))

    def do_gate(self, tx, repo, dice):
        powers.gate(tx, repo.id, dice.choice([Gated.MANUAL, Gated.AUTO, None]))
        self.said(tx, repo, "gated")

    def do_let_in(self, tx, repo, dice):
        gates._let(tx, repo, self.ids[dice.choice(PEOPLE)], open_=dice.random() < 0.7)
        self.said(tx, repo, "let somebody into")

    def do_freeze(self, tx, repo, dice):
        powers.freeze(tx, repo.id, dice.choice(["a quarrel", None]))
        powers.label(tx, repo.id, dice.choice(["disputed", None]))
        powers.delist(tx, repo.id, is_delisted=dice.random() < 0.5)
        self.said(tx, repo, "froze")

    def do_hold(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        powers.hold(tx, repo.id, reason="malware", until=tx.now + timedelta(days=3))
        self.said(tx, repo, "held")

    def do_release(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        powers.release(tx, repo.id)
        self.said(tx, repo, "released")

    def do_hold_file(self, tx, repo, dice):
        powers.hold_file(tx, repo.id, dice.choice("ab"), reason="asked for", until=None)
        self.said(tx, repo, "held a file of")

    def do_release_file(self, tx, repo, dice):
        powers.release_file(tx, repo.id, dice.choice("ab"))
        self.said(tx, repo, "released a file of")

    def do_remove(self, tx, repo, dice):
        row = {"repo_id": repo.id, "sha": f"{dice.getrandbits(160):040x}", "reason": "asked for"}
        tx.connection.execute(insert(GoneCommit), [row | {"at": tx.now}])
        powers.withhold(tx, repo.id)
        self.said(tx, repo, "removed a revision of")

    def do_keep(self, tx, repo, dice):
        until = tx.now + timedelta(days=9)
        people.make_maintainer(tx, self.ids[dice.choice(PEOPLE)], repo.id, until)
        self.said(tx, repo, "gave a maintainer to")

    def do_sanction(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        place = dice.choice([self.ids["lab"], self.ids["guild"], None])
        kind = dice.choice(list(Restriction))
        people.restrict(tx, self.ids["bob"], place, kind, tx.now + timedelta(days=5))
        tx.record(HUB, "system:test", "applied", "case/1")

    def do_lift(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        people.lift(tx, self.ids["bob"], dice.choice([self.ids["lab"], None]))
        tx.record(HUB, "system:test", "lifted", "case/1")

    def do_role(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        role = dice.choice([Role.WRITE, Role.CONTRIBUTOR, None])
        identity.set_role(
            tx, OPERATOR, organisation=dice.choice(ORGANISATIONS), person="eve", role=role
        )

    def do_expel(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        people.set_role_until(tx, self.ids["bob"], self.ids["lab"], None)
        tx.record(HUB, "system:test", "expelled", "member/lab/bob")

    def do_share_out(self, tx, repo, dice):
        limits = {("bytes_stored", 0): (dice.randint(1, 3), 0)}
        powers.limit_storage(tx, repo.commons_id, "lab", dice.choice([limits, {}]))
        tx.record(repo.commons_id, "system:test", "shared out", "pot/lab")

    def do_talk(self, tx, repo, dice):
        """Something is said about a repository, and steered; not where it is frozen."""
        with suppress(HubError), tx.attempt():
            found = discussions.open_discussion(tx, self.ada, repo, title="Why", description="So.")
            said = discussions.comment(tx, self.ada, repo, found.number, text="Because.")
            deed = dice.choice(["lock", "unlock", "hide", "hold", "close", "nothing"])
            if deed in {"lock", "unlock"}:
                discussions.lock(tx, self.ada, repo, found.number, reason="heat")
            if deed == "unlock":
                discussions.unlock(tx, self.ada, repo, found.number)
            if deed == "hide":
                discussions.hide_comment(tx, self.ada, repo, found.number, said.key)
            if deed == "hold":
                until = tx.now + timedelta(days=3)
                holding.hold_comment(tx, said.key, reason="asked for", until=until)
            if deed == "close":
                discussions.change_status(tx, self.ada, repo, found.number, status="closed")

    def do_draft(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        with suppress(HubError), tx.attempt():
            discussions.open_pull_request(tx, self.ada, repo, title="Better")

    def do_bucket(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        self.count += 1
        owner, name = dice.choice(["lab", "ada"]), f"bucket-{self.count}"
        made = buckets.create(tx, self.ada, owner=owner, name=name, is_private=dice.random() < 0.5)
        if dice.random() < 0.5:
            buckets.booked(tx, self.ada, made, self.ids["guild"], name="guild")
            made = buckets.shown(tx, self.ada, made, is_private=not made.is_private)
        if dice.random() < 0.3:
            made = buckets.move(tx, self.ada, made, to_owner="guild", to_name=name)
        if dice.random() < 0.3:
            buckets.delete(tx, self.ada, made)

    def do_report(self, tx, repo, dice):
        used = {name: dice.randint(0, 3) for name in PEOPLE}
        usage.report(tx, repo.commons_id, {"gpu_hours": used})
        tx.record(repo.commons_id, "system:test", "reported", "pot/lab")
        usage.measure(tx, repo.commons_id)

    def do_found(self, tx, repo, dice):  # noqa: ARG002 - each takes the same
        self.count += 1
        commons.found_organisation(tx, self.ada, name=f"group-{self.count}")
