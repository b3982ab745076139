"""Codes that count once, codes that are refused, and what is asked for after a password."""

from datetime import timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signin.conftest import PASSWORD, person

from iriai.base.errors import Conflict, Denied, Gone
from iriai.identity import actions as identity
from iriai.identity import queries
from iriai.identity.rules import OPERATOR
from iriai.signin import steps
from iriai.signin.factors import actions, passkeys, rules
from iriai.signin.factors.actions import Halfway
from iriai.signin.factors.queries import overview
from iriai.signin.steps import Purpose


class Kept:
    """Ada, with a code app, and her recovery codes."""

    def __init__(self, ground):
        self.ground = ground
        self.ada = person(ground, "ada", PASSWORD)
        with ground.write() as tx:
            self.app = pyotp.TOTP(actions.begin_authenticator(tx, self.ada))
            self.changed = actions.confirm_authenticator(tx, self.ada, code=self.code())
        ground.clock.advance(seconds=90)

    def code(self, seconds=0):
        return self.app.at(self.ground.clock() + timedelta(seconds=seconds))

    def halfway(self):
        opened = actions.sign_in(self.ground, name="ada", password=PASSWORD)
        assert isinstance(opened, Halfway)
        return opened.raw

    def finish(self, code, raw=None):
        return actions.finish_with_code(self.ground, raw=raw or self.halfway(), code=code)


@pytest.fixture
def kept(ground):
    return Kept(ground)


@pytest.fixture
def kept_anywhere(any_ground):
    return Kept(any_ground)


def test_a_password_alone_opens_nothing_any_more(kept):
    with pytest.raises(Denied, match="second factor"):
        identity.sign_in(kept.ground, name="ada", password=PASSWORD)
    raw = kept.halfway()
    with kept.ground.read() as tx:
        assert queries.actor_by_session(tx, raw) is None


def test_the_code_of_now_opens_a_session(kept_anywhere):
    opened = kept_anywhere.finish(kept_anywhere.code())
    with kept_anywhere.ground.read() as tx:
        assert queries.actor_by_session(tx, opened.raw).name == "ada"


@pytest.mark.parametrize("written", ["{}", " {} ", "{0:.3} {1}", "\t{}\n"])
def test_a_code_counts_once_however_it_is_written(kept, written):
    code = kept.code()
    kept.finish(code)
    again = written.format(code, code[3:]) if "{1}" in written else written.format(code)
    with pytest.raises(Denied, match="used already"):
        kept.finish(again)


def test_a_code_of_before_one_that_was_used_does_not_count(kept):
    earlier = kept.code(-30)
    kept.finish(kept.code())
    with pytest.raises(Denied):
        kept.finish(earlier)


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-60, False), (-30, True), (30, True), (90, False)]
)
def test_a_clock_may_be_off_by_half_a_minute(kept, seconds, counts):
    if counts:
        assert kept.finish(kept.code(seconds)).raw
    else:
        with pytest.raises(Denied):
            kept.finish(kept.code(seconds))


def test_after_five_wrong_codes_one_begins_again(kept):
    raw = kept.halfway()
    for _ in range(steps.TRIES_MAX):
        with pytest.raises(Denied):
            kept.finish("000000", raw)
    with pytest.raises(Gone):
        kept.finish(kept.code(), raw)


def test_after_many_wrong_codes_only_recovery_codes_count_for_a_while(kept):
    for _ in range(rules.FAILURES_MAX):
        with pytest.raises(Denied):
            kept.finish("000000")
    with pytest.raises(Denied, match="Too many"):
        kept.finish(kept.code())
    assert kept.finish(kept.changed.recovery_codes[0]).raw
    kept.ground.clock.advance(seconds=rules.PAUSE.total_seconds() + 1)
    assert kept.finish(kept.code()).raw


def test_a_recovery_code_opens_once(kept_anywhere):
    code = kept_anywhere.changed.recovery_codes[0]
    kept_anywhere.finish(f"  {code.upper().replace('-', ' ')}")
    with pytest.raises(Denied):
        kept_anywhere.finish(code)
    with kept_anywhere.ground.read() as tx:
        assert overview(tx, kept_anywhere.ada).recovery_codes == rules.RECOVERY_CODES - 1


def test_anothers_recovery_code_opens_nothing(kept):
    bob = person(kept.ground, "bob", PASSWORD)
    with kept.ground.write() as tx:
        app = pyotp.TOTP(actions.begin_authenticator(tx, bob))
        actions.confirm_authenticator(tx, bob, code=app.at(kept.ground.clock()))
    halfway = actions.sign_in(kept.ground, name="bob", password=PASSWORD)
    with pytest.raises(Denied):
        kept.finish(kept.changed.recovery_codes[0], halfway.raw)


def test_a_step_is_worth_nothing_after_the_password_changed(kept):
    raw = kept.halfway()
    identity.set_password(kept.ground, OPERATOR, person="ada", password="another long password")
    with pytest.raises(Denied, match="sign in again"):
        kept.finish(kept.code(), raw)


def test_a_step_lasts_ten_minutes_and_is_for_one_purpose(kept):
    raw = kept.halfway()
    with kept.ground.write() as tx, pytest.raises(Gone):
        steps.take(tx, Purpose.PASSKEY, raw)
    kept.ground.clock.advance(seconds=steps.STEP_SECONDS)
    with pytest.raises(Gone):
        kept.finish(kept.code(), raw)


def test_changing_a_factor_signs_everybody_else_out(kept):
    elsewhere = kept.finish(kept.code()).raw
    with kept.ground.write() as tx:
        changed = actions.remove_authenticator(tx, kept.ada)
    with kept.ground.read() as tx:
        assert queries.actor_by_session(tx, elsewhere) is None
        assert queries.actor_by_session(tx, changed.session.raw).name == "ada"
        assert overview(tx, kept.ada).recovery_codes == 0
    assert identity.sign_in(kept.ground, name="ada", password=PASSWORD).raw


def test_an_operator_lets_in_again_who_lost_everything(kept):
    with kept.ground.write() as tx:
        actions.reset(tx, OPERATOR, person="ada")
    assert identity.sign_in(kept.ground, name="ada", password=PASSWORD).raw
    with kept.ground.write() as tx, pytest.raises(Denied):
        actions.reset(tx, kept.ada, person="ada")


def test_a_second_code_app_waits_for_the_first_to_go(kept):
    with kept.ground.write() as tx, pytest.raises(Conflict):
        actions.begin_authenticator(tx, kept.ada)


def test_the_password_is_asked_for_before_anything_changes(kept):
    actions.prove(kept.ground, kept.ada, password=PASSWORD, session="")
    with pytest.raises(Denied):
        actions.prove(kept.ground, kept.ada, password="wrong", session="")


def test_no_row_holds_the_secret_of_a_code_app_or_a_recovery_code(kept):
    secrets = [kept.app.secret, *kept.changed.recovery_codes]
    with kept.ground.engine.connect() as connection:
        dump = "\n".join(str(line) for line in connection.connection.iterdump())
    assert not [each for each in secrets if each in dump or each.replace("-", "") in dump]


@given(st.text(max_size=30))
def test_no_text_is_taken_for_a_code_by_mistake(text):
    from datetime import UTC, datetime

    now = datetime(2026, 1, 5, tzinfo=UTC)
    secret = rules.secret(b"x" * 32, "nonce")
    codes = {pyotp.TOTP(secret).at(now + timedelta(seconds=each)) for each in (-30, 0, 30)}
    found = rules.step_of(secret, text, now=now, last_step=0)
    assert (found is not None) == ("".join(text.split()) in codes)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hub.example.org", "hub.example.org"),
        ("http://localhost:8700", "localhost"),
        ("http://hub.example.org", None),
        ("https://192.0.2.1", None),
        ("http://127.0.0.1:8700", None),
    ],
)
def test_passkeys_need_a_name_and_https(url, host):
    here = passkeys.place(url)
    assert (here.host if here else None) == host
