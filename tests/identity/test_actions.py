"""Accounts and organisations: joining, founding, renaming, leaving, and what the log says of it."""

import json
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.support.overlap import overlapping

from iriai.base import credentials
from iriai.base.errors import Conflict, Denied, Excessive, Gone, HubError, Invalid, Unknown
from iriai.base.events import Event
from iriai.identity import actions, admission, queries, rules
from iriai.identity.rules import ANYONE, OPERATOR, Actor, Reach, Role, TokenScope
from iriai.identity.tables import Account, Invite, Membership
from iriai.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(ground) -> Actor:
    return person(ground, "ada")


def person(ground, name) -> Actor:
    actions.add_person(ground, OPERATOR, name=name)
    with ground.read() as tx:
        return queries.actor_named(tx, name)


def now(ground, actor) -> Actor:
    with ground.read() as tx:
        return queries.actor_named(tx, actor.name)


def events(ground) -> list[str]:
    with ground.read() as tx:
        rows = tx.session.scalars(select(Event).order_by(Event.id))
        return [f"{each.actor} {each.verb} {each.subject}" for each in rows]


def test_the_first_link_makes_the_account_that_operates_the_hub(ground):
    with ground.write() as tx:
        link = actions.first_invite(tx)
    made = actions.sign_up(ground, name="Ada", password=PASSWORD, link=link)
    assert made.is_operator
    assert events(ground) == ["Ada joined account/Ada"]
    with ground.write() as tx:
        assert actions.first_invite(tx) is None


def test_the_first_link_works_once_and_only_while_nobody_is_there(ground, ada):
    with ground.write() as tx:
        assert actions.first_invite(tx) is None
    with ground.write() as tx:
        link = actions.invite(tx, ada)
    actions.sign_up(ground, name="bob", password=PASSWORD, link=link)
    with pytest.raises(Gone):
        actions.sign_up(ground, name="eve", password=PASSWORD, link=link)


def test_a_second_first_link_ends_the_one_before(ground):
    with ground.write() as tx:
        old = actions.first_invite(tx)
        new = actions.first_invite(tx)
    with pytest.raises(Unknown):
        actions.sign_up(ground, name="eve", password=PASSWORD, link=old)
    assert actions.sign_up(ground, name="ada", password=PASSWORD, link=new).is_operator


def test_nobody_joins_without_an_invitation_unless_the_hub_is_open(ground):
    with pytest.raises(Denied, match="invitation"):
        actions.sign_up(ground, name="ada", password=PASSWORD)
    opened = type(ground)(
        ground.engine, ground.store, ground.clock, Settings(sign_up="open"), ground.secret
    )
    assert not actions.sign_up(opened, name="ada", password=PASSWORD).is_operator


def test_an_invitation_to_an_organisation_brings_its_role(ground, ada, clock):
    with ground.write() as tx:
        actions.add_organisation(tx, ada, name="lab")
    with ground.write() as tx:
        link = actions.invite(tx, now(ground, ada), organisation="lab", role=Role.WRITE)
    actions.sign_up(ground, name="bob", password=PASSWORD, link=link)
    with ground.read() as tx:
        [belonging] = queries.person_overview(tx, "bob").organisations
    assert (belonging.name, belonging.role) == ("lab", Role.WRITE)
    assert "bob accepted membership/lab/bob" in events(ground)


def test_an_invitation_lapses(ground, ada, clock):
    with ground.write() as tx:
        link = actions.invite(tx, ada)
    clock.advance(days=15)
    with pytest.raises(Gone):
        actions.sign_up(ground, name="bob", password=PASSWORD, link=link)


@pytest.mark.parametrize("name", ["ada", "ADA", "datasets", "a--b"])
def test_a_name_that_is_taken_or_not_allowed_is_refused(ground, ada, name):
    with pytest.raises((Conflict, Invalid)):
        actions.add_person(ground, OPERATOR, name=name)


def test_an_organisation_and_a_person_never_share_a_name_nor_look_alike(ground):
    person(ground, "modern")
    with ground.write() as tx, pytest.raises(Conflict):
        actions.add_organisation(tx, OPERATOR, name="modem")


def test_two_who_want_one_name_at_once_do_not_both_get_it(any_ground):
    won, lost = [], []

    def take(name):
        try:
            won.append(actions.add_person(any_ground, OPERATOR, name=name).name)
        except Conflict:
            lost.append(name)

    takers = [threading.Thread(target=take, args=(name,)) for name in ("Iota", "lota", "1ota") * 3]
    for each in takers:
        each.start()
    for each in takers:
        each.join()
    assert (len(won), len(lost)) == (1, 8)


def test_the_name_of_a_deleted_account_is_never_free_again(ground, ada):
    with ground.write() as tx:
        actions.delete_account(tx, ada, account="ada")
    with pytest.raises(Conflict):
        person(ground, "Ada")
    with ground.read() as tx, pytest.raises(Gone):
        queries.account(tx, "ada")


def test_a_deleted_account_keeps_nothing_of_the_person_and_no_way_in(ground, ada):
    actions.set_password(ground, OPERATOR, person="ada", password=PASSWORD)
    signed_in = actions.sign_in(ground, name="ada", password=PASSWORD)
    with ground.write() as tx:
        raw = actions.mint_token(tx, ada, name="ci", role=Reach.READ).raw
        actions.change_profile(tx, ada, account="ada", fullname="Ada L", email="ada@example.org")
    with ground.write() as tx:
        actions.delete_account(tx, ada, account="ada")
    with ground.read() as tx:
        row = tx.session.get_one(Account, ada.id)
        assert (row.fullname, row.email, row.password) == ("", None, None)
        assert queries.actor_by_session(tx, signed_in.raw) is None
        with pytest.raises(Denied):
            queries.actor_by_token(tx, raw)
    with pytest.raises(Denied):
        actions.sign_in(ground, name="ada", password=PASSWORD)


def test_a_renamed_account_is_found_by_its_old_name_and_nobody_else_gets_it(ground, ada):
    with ground.write() as tx:
        actions.rename_account(tx, ada, account="ada", name="countess")
    with ground.read() as tx:
        assert queries.renamed(tx, "ADA") == "countess"
        assert queries.account(tx, "countess").id == ada.id
        with pytest.raises(Unknown):
            queries.account(tx, "ada")
    with pytest.raises(Conflict):
        person(ground, "ada")


def test_one_may_take_back_a_name_one_had(ground, ada):
    for name in ("countess", "Ada", "ADA", "ada"):
        with ground.write() as tx:
            actions.rename_account(tx, ada, account=now_called(ground, ada), name=name)
        with ground.read() as tx:
            assert queries.account(tx, name).name == name
            assert queries.renamed(tx, name) is None


def now_called(ground, actor) -> str:
    with ground.read() as tx:
        return tx.session.get_one(Account, actor.id).name


def test_whoever_founds_an_organisation_administers_it(ground, ada):
    with ground.write() as tx:
        lab = actions.add_organisation(tx, ada, name="lab", fullname="The Lab")
    assert now(ground, ada).roles == {lab.id: Role.ADMIN}
    with ground.read() as tx:
        [member] = queries.members(tx, lab.id)
        assert (member.name, member.role) == ("ada", Role.ADMIN)
        assert queries.organisation_overview(tx, "LAB").members_count == 1


def test_an_operator_founds_an_organisation_with_its_people(ground, ada):
    person(ground, "bob")
    with ground.write() as tx:
        lab = actions.add_organisation(
            tx, OPERATOR, name="lab", members={"ada": Role.ADMIN, "bob": Role.READ}
        )
    with ground.read() as tx:
        assert [(each.name, each.role) for each in queries.members(tx, lab.id)] == [
            ("ada", Role.ADMIN),
            ("bob", Role.READ),
        ]
    assert events(ground)[-1] == "operator founded account/lab"


def test_nobody_in_particular_founds_an_organisation(ground):
    with ground.write() as tx, pytest.raises(Denied):
        actions.add_organisation(tx, ANYONE, name="lab")


def test_a_read_token_founds_no_organisation(ground, ada):
    reading = Actor(ada.id, ada.name, TokenScope(Reach.READ), ada.roles)
    with ground.write() as tx, pytest.raises(Denied):
        actions.add_organisation(tx, reading, name="lab")


def lab_of(ground, ada, **members) -> Actor:
    with ground.write() as tx:
        actions.add_organisation(tx, ada, name="lab")
    for name, role in members.items():
        person(ground, name)
        with ground.write() as tx:
            actions.set_role(tx, now(ground, ada), organisation="lab", person=name, role=role)
    return now(ground, ada)


@pytest.mark.parametrize("role", [Role.READ, Role.CONTRIBUTOR, Role.WRITE])
def test_only_admins_change_roles(ground, ada, role):
    lab_of(ground, ada, bob=role)
    bob = now(ground, Actor(0, "bob"))
    with ground.write() as tx, pytest.raises(Denied):
        actions.set_role(tx, bob, organisation="lab", person="bob", role=Role.ADMIN)


def test_everybody_may_leave_but_the_last_admin(ground, ada):
    ada = lab_of(ground, ada, bob=Role.READ)
    with ground.write() as tx:
        bob = queries.actor_named(tx, "bob")
        actions.set_role(tx, bob, organisation="lab", person="bob", role=None)
    with ground.write() as tx, pytest.raises(Conflict, match="at least one admin"):
        actions.set_role(tx, ada, organisation="lab", person="ada", role=None)
    with ground.write() as tx, pytest.raises(Conflict, match="at least one admin"):
        actions.set_role(tx, ada, organisation="lab", person="ada", role=Role.WRITE)
    with ground.write() as tx, pytest.raises(Conflict, match="only admin"):
        actions.delete_account(tx, ada, account="ada")


def test_two_admins_who_leave_at_once_do_not_both_get_away(any_ground):
    ada = person(any_ground, "ada")
    lab_of(any_ground, ada, bob=Role.ADMIN)
    stayed = []

    def leave(name):
        try:
            with any_ground.write() as tx:
                actor = queries.actor_named(tx, name)
                actions.set_role(tx, actor, organisation="lab", person=name, role=None)
        except Conflict:
            stayed.append(name)

    leavers = [threading.Thread(target=leave, args=(name,)) for name in ("ada", "bob")]
    for each in leavers:
        each.start()
    for each in leavers:
        each.join()
    assert len(stayed) == 1


def test_the_log_says_which_fields_changed_never_what_they_hold(ground, ada):
    with ground.write() as tx:
        actions.change_profile(
            tx, ada, account="ada", fullname="Ada Lovelace", email="secret@example.org", bio=""
        )
    with ground.read() as tx:
        entry = tx.session.scalars(select(Event.entry).order_by(Event.id.desc())).first()
    assert json.loads(entry)["facts"] == {"fields": ["fullname", "email"]}
    assert "secret" not in entry
    assert "Lovelace" not in entry


def test_a_profile_is_changed_by_its_owner_only(ground, ada):
    bob = person(ground, "bob")
    with ground.write() as tx, pytest.raises(Denied):
        actions.change_profile(tx, bob, account="ada", bio="Hacked")


def test_another_password_ends_every_session(ground, ada):
    actions.set_password(ground, OPERATOR, person="ada", password=PASSWORD)
    signed_in = actions.sign_in(ground, name="ada", password=PASSWORD)
    with pytest.raises(Denied):
        actions.change_password(ground, ada, current="not this one", new="another password")
    actions.change_password(ground, ada, current=PASSWORD, new="another password")
    with ground.read() as tx:
        assert queries.actor_by_session(tx, signed_in.raw) is None
    with pytest.raises(Denied):
        actions.sign_in(ground, name="ada", password=PASSWORD)
    assert actions.sign_in(ground, name="ada", password="another password").account.id == ada.id


def test_members_come_in_pages(ground, ada):
    lab_of(ground, ada, bob=Role.READ, carol=Role.READ, dan=Role.READ)
    with ground.read() as tx:
        lab = queries.organisation(tx, "lab").id
        first = queries.members(tx, lab, limit=2)
        rest = queries.members(tx, lab, after=first[-1].name, limit=5)
    assert [each.name for each in [*first, *rest]] == ["ada", "bob", "carol", "dan"]


def test_who_gives_up_their_account_is_given_no_role_meanwhile(any_ground):
    lab_of(any_ground, person(any_ground, "ada"))
    person(any_ground, "bob")
    ada, bob = (now(any_ground, Actor(0, name)) for name in ("ada", "bob"))

    def give_up(tx):
        actions.delete_account(tx, bob, account="bob")

    def give_role(tx):
        actions.set_role(tx, ada, organisation="lab", person="bob", role=Role.WRITE)

    assert isinstance(overlapping(any_ground, give_up, give_role), Gone)
    with any_ground.read() as tx:
        lab = queries.organisation(tx, "lab").id
        assert [each.name for each in queries.members(tx, lab)] == ["ada"]
        assert tx.session.get(Membership, (bob.id, lab)) is None


def test_a_role_that_is_given_first_is_told_to_who_gives_up_their_account(any_ground):
    lab_of(any_ground, person(any_ground, "ada"))
    person(any_ground, "bob")
    ada, bob = (now(any_ground, Actor(0, name)) for name in ("ada", "bob"))

    def give_role(tx):
        actions.set_role(tx, ada, organisation="lab", person="bob", role=Role.WRITE)

    def give_up(tx):
        actions.delete_account(tx, bob, account="bob")

    said = overlapping(any_ground, give_role, give_up)
    assert said is None or "just now" in said.message  # where it saw the role at once, it went
    with any_ground.write() as tx:
        if said is not None:
            actions.delete_account(tx, bob, account="bob")
        assert tx.session.get(Membership, (bob.id, queries.organisation(tx, "lab").id)) is None


@pytest.mark.parametrize("what", ["tokens", "invitations"])
def test_of_two_at_once_the_last_within_a_limit_goes_to_one(any_ground, monkeypatch, what):
    ada = person(any_ground, "ada")
    monkeypatch.setattr(rules, "TOKENS_MAX", 2)
    monkeypatch.setattr(admission, "INVITES_MAX", 2)

    def another(tx):
        if what == "tokens":
            actions.mint_token(tx, ada, name="one", role=Reach.READ)
        else:
            actions.invite(tx, ada)

    with any_ground.write() as tx:
        another(tx)
    assert isinstance(overlapping(any_ground, another, another), Excessive)


def test_two_first_links_make_one_operator(any_ground):
    """Both are about to make an account when the table lets them."""
    with any_ground.write() as tx:
        first = actions.first_invite(tx)
        raw = credentials.fresh_secret()
        tx.session.add(
            Invite(
                digest=credentials.digest(raw),
                is_first=True,
                created_at=tx.now,
                expires_at=tx.now + timedelta(days=1),
            )
        )
    refused = []

    def join(name, link):
        try:
            actions.sign_up(any_ground, name=name, password=PASSWORD, link=link)
        except HubError as error:
            refused.append(error)

    coming = [threading.Thread(target=join, args=each) for each in (("ada", first), ("bob", raw))]
    with any_ground.write() as tx:
        if tx.connection.dialect.name == "postgresql":
            tx.connection.exec_driver_sql("LOCK TABLE accounts IN SHARE MODE")
        for each in coming:
            each.start()
        time.sleep(2)
    for each in coming:
        each.join()
    with any_ground.read() as tx:
        asked = select(Account.name).where(Account.is_operator.is_(True))
        assert len(tx.connection.execute(asked).all()) == 1
    assert [type(each) for each in refused] == [Gone]


def test_who_is_made_the_only_admin_while_they_give_up_their_account_is_told(any_ground):
    lab_of(any_ground, person(any_ground, "ada"), bob=Role.READ)
    ada, bob = (now(any_ground, Actor(0, name)) for name in ("ada", "bob"))

    def hand_over(tx):
        actions.set_role(tx, ada, organisation="lab", person="bob", role=Role.ADMIN)
        actions.set_role(tx, ada, organisation="lab", person="ada", role=None)

    def give_up(tx):
        actions.delete_account(tx, bob, account="bob")

    assert isinstance(overlapping(any_ground, hand_over, give_up), Conflict)
