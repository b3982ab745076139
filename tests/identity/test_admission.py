"""Sessions, tokens, passwords: what lets somebody in, what no longer does, what is kept of it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select, text

from iriai.base import credentials
from iriai.base.errors import Denied, Excessive, Unknown
from iriai.identity import actions, admission, queries, rules
from iriai.identity.rules import OPERATOR, Act, Actor, Grant, Reach, Role
from iriai.identity.tables import Account, Token

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(ground) -> Actor:
    return member(ground)


def member(ground) -> Actor:
    actions.add_person(ground, OPERATOR, name="ada", password=PASSWORD)
    actions.add_person(ground, OPERATOR, name="olga")
    with ground.write() as tx:
        roles = {"ada": Role.WRITE, "olga": Role.ADMIN}
        actions.add_organisation(tx, OPERATOR, name="lab", members=roles)
    with ground.read() as tx:
        return queries.actor_named(tx, "ada")


def mint(ground, actor, **facts) -> str:
    with ground.write() as tx:
        return actions.mint_token(tx, actor, **({"name": "ci", "role": Reach.WRITE} | facts)).raw


def who(ground, raw) -> Actor:
    with ground.read() as tx:
        return queries.actor_by_token(tx, raw)


def test_a_token_lets_its_owner_in_with_their_roles(any_ground):
    ada = member(any_ground)
    actor = who(any_ground, mint(any_ground, ada))
    assert (actor.id, actor.name, actor.roles) == (ada.id, "ada", ada.roles)
    assert (actor.scope.reach, actor.scope.token_name) == (Reach.WRITE, "ci")


def test_knowing_who_asks_takes_one_statement(ground, ada):
    raw, statements = mint(ground, ada), []

    def count(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(ground.engine, "before_cursor_execute", count)
    try:
        who(ground, raw)
    finally:
        event.remove(ground.engine, "before_cursor_execute", count)
    assert len([each for each in statements if not each.startswith("BEGIN")]) == 1


def test_a_fine_grained_token_comes_back_with_its_grants(ground, ada):
    grants = (
        Grant(frozenset({Act.READ}), account_id=ada.id),
        Grant(frozenset({Act.READ, Act.WRITE}), repo_id=7),
    )
    actor = who(ground, mint(ground, ada, role=Reach.FINE_GRAINED, grants=grants))
    assert actor.scope.grants == grants
    assert rules.may_write(actor, ada.id, 7)
    assert not rules.may_write(actor, ada.id, 8)
    assert rules.may_read(actor, ada.id, 8)


@pytest.mark.parametrize(
    "raw", ["", "hf_x", "hf_" + "a" * 34, "Bearer", "hf_iriai" + "é" * 39, "\ud800" * 47]
)
def test_what_is_no_token_lets_nobody_in(ground, raw):
    with pytest.raises(Denied, match="Invalid credentials in Authorization header"):
        who(ground, raw)


def test_a_token_ends_when_it_expires_or_is_revoked(ground, ada, clock):
    short, revoked = mint(ground, ada, days=1), mint(ground, ada)
    with ground.write() as tx:
        actions.revoke_token(tx, ada, token_id=who(ground, revoked).token_id)
    with pytest.raises(Denied):
        who(ground, revoked)
    assert who(ground, short).id == ada.id
    clock.advance(days=1)
    with pytest.raises(Denied):
        who(ground, short)


def test_nobody_revokes_another_persons_token(ground, ada):
    actions.add_person(ground, OPERATOR, name="eve")
    raw = mint(ground, ada)
    with ground.write() as tx, pytest.raises(Unknown):
        eve = queries.actor_named(tx, "eve")
        actions.revoke_token(tx, eve, token_id=who(ground, raw).token_id)
    assert who(ground, raw).id == ada.id


def test_whoever_finds_a_leaked_token_may_revoke_it(ground, ada):
    raw = mint(ground, ada)
    with ground.write() as tx:
        actions.revoke_leaked_token(tx, raw)
        actions.revoke_leaked_token(tx, "hf_unknown")
    with pytest.raises(Denied):
        who(ground, raw)


def test_a_token_makes_no_tokens(ground, ada):
    actor = who(ground, mint(ground, ada))
    with pytest.raises(Denied):
        mint(ground, actor)
    with ground.read() as tx, pytest.raises(Denied):
        queries.tokens_of(tx, actor)


def test_an_account_has_only_so_many_tokens(ground, ada, monkeypatch):
    monkeypatch.setattr(rules, "TOKENS_MAX", 2)
    mint(ground, ada)
    mint(ground, ada, days=1)
    with pytest.raises(Excessive):
        mint(ground, ada)


def test_no_secret_is_kept_as_it_was_given(ground, ada, tmp_path):
    raw = mint(ground, ada)
    session = actions.sign_in(ground, name="ada", password=PASSWORD).raw
    with ground.write() as tx:
        link = actions.invite(tx, ada)
    with ground.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("iriai.db*"))
    for secret in (raw, session, link, PASSWORD):
        assert secret.encode() not in kept


def test_a_rights_change_reaches_a_transfer_that_was_begun_before(ground, ada):
    actor = who(ground, mint(ground, ada))
    with ground.write() as tx:
        actions.set_role(tx, OPERATOR, organisation="lab", person="ada", role=None)
    with ground.read() as tx:
        assert queries.actor(tx, ada.id, actor.token_id).roles == {}
    with ground.write() as tx:
        actions.revoke_token(tx, ada, token_id=actor.token_id)
    with ground.read() as tx, pytest.raises(Denied):
        queries.actor(tx, ada.id, actor.token_id)


def test_last_use_is_written_down_soon_and_at_most_once_a_minute(ground, ada, clock):
    actor = who(ground, mint(ground, ada))

    def last_use():
        admission._writer().submit(lambda: None).result()
        with ground.read() as tx:
            return tx.session.get_one(Token, actor.token_id).last_used_at

    assert last_use() is None
    first = clock()
    actions.note_use(ground, actor)
    assert last_use() == first
    clock.advance(seconds=59)
    actions.note_use(ground, actor)
    assert last_use() == first
    clock.advance(seconds=1)
    actions.note_use(ground, actor)
    assert last_use() == clock()


def test_a_session_opens_with_the_password_and_lapses(ground, ada, clock):
    opened = actions.sign_in(ground, name="ADA", password=PASSWORD, device="Firefox")
    with ground.read() as tx:
        assert queries.actor_by_session(tx, opened.raw) == ada
        assert [each.device for each in queries.sessions_of(tx, ada)] == ["Firefox"]
    clock.advance(days=30)
    with ground.read() as tx:
        assert queries.actor_by_session(tx, opened.raw) is None


def test_signing_in_again_ends_the_session_one_came_with(ground, ada):
    first = actions.sign_in(ground, name="ada", password=PASSWORD)
    second = actions.sign_in(ground, name="ada", password=PASSWORD, before=first.raw)
    with ground.write() as tx:
        assert queries.actor_by_session(tx, first.raw) is None
        actions.close_session(tx, second.raw)
        assert queries.actor_by_session(tx, second.raw) is None


@pytest.mark.parametrize("name", ["ada", "nobody-here", "lab", ""])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(ground, ada, name):
    with pytest.raises(Denied) as refusal:
        actions.sign_in(ground, name=name, password="wrong password")
    assert refusal.value.message == "The name or the password is wrong."


def test_a_wrong_name_takes_as_long_as_a_wrong_password(ground, ada):
    def seconds(name):
        started = time.process_time()
        with pytest.raises(Denied):
            actions.sign_in(ground, name=name, password="wrong password")
        return time.process_time() - started

    known = min(seconds("ada") for _ in range(3))
    unknown = min(seconds("nobody-here") for _ in range(3))
    assert unknown > known / 2


def test_a_hash_of_yesterdays_cost_is_made_again_at_sign_in(ground, ada):
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    with ground.write() as tx:
        tx.session.get_one(Account, ada.id).password = cheap
    actions.sign_in(ground, name="ada", password=PASSWORD)
    with ground.read() as tx:
        kept = tx.session.scalar(select(Account.password).where(Account.id == ada.id))
    assert kept != cheap
    assert actions.sign_in(ground, name="ada", password=PASSWORD).account.id == ada.id


def test_many_who_sign_in_at_once_take_turns(ground, ada):
    before = threading.active_count()
    with ThreadPoolExecutor(6) as pool:
        raws = list(
            pool.map(lambda _: actions.sign_in(ground, name="ada", password=PASSWORD).raw, range(6))
        )
    assert len(set(raws)) == 6
    assert threading.active_count() <= before + 1
    with ground.read() as tx:
        assert all(queries.actor_by_session(tx, raw) for raw in raws)


def test_the_newest_sessions_stay_when_there_are_too_many(ground, ada, monkeypatch):
    monkeypatch.setattr(admission, "SESSIONS_MAX", 3)
    with ground.write() as tx:
        account = tx.session.get_one(Account, ada.id)
        raws = [actions.open_session(tx, account).raw for _ in range(5)]
        tx.flush()
    with ground.read() as tx:
        held = [queries.actor_by_session(tx, raw) is not None for raw in raws]
    assert held == [False, False, True, True, True]


def test_a_device_of_ones_own_can_be_signed_out_from_afar(ground, ada):
    opened = actions.sign_in(ground, name="ada", password=PASSWORD)
    with ground.write() as tx:
        [session] = queries.sessions_of(tx, ada)
        actions.end_session(tx, ada, session_id=session.id)
        assert queries.actor_by_session(tx, opened.raw) is None


def test_every_token_is_one_that_strict_clients_take(ground, ada):
    raw = mint(ground, ada)
    assert raw.startswith("hf_")
    assert raw[3:].isalnum()
    assert len(raw[3:]) >= 34
    assert credentials.is_token(raw)
