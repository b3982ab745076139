"""Apps and devices: what they may be given, and what is never given twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signin.conftest import person

from iriai.base.errors import Denied, HubError, Invalid, Unknown
from iriai.identity import actions as identity
from iriai.identity import queries
from iriai.identity.rules import OPERATOR, Act, Reach, Subject, may
from iriai.signin.apps import actions, rules
from iriai.signin.apps import queries as apps
from iriai.signin.apps.actions import Client
from iriai.signin.apps.rules import Consent, DeviceStatus, Poll, Refused

NOW = datetime(2026, 1, 5, tzinfo=UTC)
COMMAND_LINE = Client(rules.COMMAND_LINE)
VERIFIER = "v" * 43
CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"


def waiting(ground, **more):
    with ground.write() as tx:
        return actions.begin_device(tx, client_id=rules.COMMAND_LINE, **more)


def refusal(ground, device, client=COMMAND_LINE):
    with pytest.raises(Refused) as error:
        actions.poll_device(ground, client, code=device.code)
    return error.value.code


def test_a_device_is_told_each_thing_in_turn(any_ground):
    ada, device = person(any_ground, "ada"), waiting(any_ground)
    assert refusal(any_ground, device) == "authorization_pending"
    assert refusal(any_ground, device) == "slow_down"
    any_ground.clock.advance(seconds=6)
    assert refusal(any_ground, device) == "slow_down", "who was told so waits longer from then on"
    any_ground.clock.advance(seconds=16)
    assert refusal(any_ground, device) == "authorization_pending"
    with any_ground.write() as tx:
        actions.let_device_in(tx, ada, user_code=device.user_code)
    any_ground.clock.advance(seconds=16)
    given = actions.poll_device(any_ground, COMMAND_LINE, code=device.code)
    with any_ground.read() as tx:
        actor = queries.actor_by_token(tx, given.access)
    assert (actor.name, actor.scope.reach) == ("ada", Reach.WRITE)
    assert refusal(any_ground, device) == "invalid_grant"


def test_a_device_that_was_refused_or_came_too_late_hears_so(ground):
    ada, refused, late = person(ground, "ada"), waiting(ground), waiting(ground)
    with ground.write() as tx:
        actions.turn_device_away(tx, ada, user_code=refused.user_code.lower())
    assert refusal(ground, refused) == "access_denied"
    ground.clock.advance(minutes=16)
    assert refusal(ground, late) == "expired_token"
    with ground.write() as tx, pytest.raises(Unknown):
        actions.let_device_in(tx, ada, user_code=late.user_code)


def test_of_many_polls_at_once_one_gets_the_tokens(any_ground):
    ada, device = person(any_ground, "ada"), waiting(any_ground)
    with any_ground.write() as tx:
        actions.let_device_in(tx, ada, user_code=device.user_code)

    def poll(_number):
        try:
            return actions.poll_device(any_ground, COMMAND_LINE, code=device.code)
        except HubError:
            return None

    with ThreadPoolExecutor(6) as pool:
        assert len([each for each in pool.map(poll, range(6)) if each]) == 1


def test_a_token_lets_no_device_in(ground):
    ada = person(ground, "ada")
    device = waiting(ground)
    with ground.write() as tx:
        raw = identity.mint_token(tx, ada, name="x", role=Reach.WRITE).raw
    with ground.write() as tx:
        holder = queries.actor_by_token(tx, raw)
        with pytest.raises(Denied):
            actions.let_device_in(tx, holder, user_code=device.user_code)


def test_a_refresh_token_that_comes_twice_ends_everything_given_with_it(any_ground):
    ada, device = person(any_ground, "ada"), waiting(any_ground)
    with any_ground.write() as tx:
        actions.let_device_in(tx, ada, user_code=device.user_code)
    first = actions.poll_device(any_ground, COMMAND_LINE, code=device.code)
    second = actions.refresh(any_ground, COMMAND_LINE, raw=first.refresh)
    with any_ground.read() as tx:
        assert queries.actor_by_token(tx, first.access).name == "ada"
    with pytest.raises(Refused, match="used already"):
        actions.refresh(any_ground, COMMAND_LINE, raw=first.refresh)
    with pytest.raises(Refused):
        actions.refresh(any_ground, COMMAND_LINE, raw=second.refresh)
    for each in (first, second):
        with any_ground.read() as tx, pytest.raises(Denied):
            queries.actor_by_token(tx, each.access)


class Signing:
    """Ada at the page of an app."""

    def __init__(self, ground, *, name="ada", has_secret=False, scope="openid read-repos", **other):
        self.ground, self.ada = ground, person(ground, name)
        with ground.write() as tx:
            self.app, self.secret = actions.register_app(
                tx, self.ada, name="An app", redirects=["https://app.test/back"],
                has_secret=has_secret,
            )  # fmt: skip
            given = {
                "client_id": self.app.client_id, "redirect_uri": "https://app.test/back",
                "response_type": "code", "scope": scope, "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
            } | other  # fmt: skip
            asking = apps.asked(tx, given)
            grant = actions.consent(tx, self.ada, asking)
            tx.flush()
            self.code = actions.give_code(tx, self.ada, asking, grant)

    def change(self, client=None, uri="https://app.test/back", verifier=VERIFIER):
        client = client or Client(self.app.client_id, self.secret or "")
        return actions.change_code(
            self.ground, client, code=self.code, redirect_uri=uri, verifier=verifier
        )


def test_a_code_that_comes_twice_ends_what_it_was_changed_for(any_ground):
    signing = Signing(any_ground)
    given = signing.change()
    with any_ground.read() as tx:
        assert queries.actor_by_token(tx, given.access).name == "ada"
    with pytest.raises(Refused, match="used already"):
        signing.change()
    with any_ground.read() as tx, pytest.raises(Denied):
        queries.actor_by_token(tx, given.access)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"verifier": "w" * 43}, "code_verifier"),
        ({"verifier": ""}, "code_verifier"),
        ({"uri": "https://app.test/other"}, "address"),
        ({"client": Client("26be6b09-91c5-47da-9861-d2d2bb7a7e36")}, "another app"),
        ({"client": Client("nobody")}, "No such app"),
        ({"client": Client("", "")}, "No such app"),
    ],
)
def test_a_code_is_changed_only_as_it_was_asked_for(ground, wrong, why):
    signing = Signing(ground, has_secret=True)
    with pytest.raises(Refused, match=why):
        signing.change(**wrong)
    with pytest.raises(Refused, match="secret"):
        signing.change(client=Client(signing.app.client_id, "wrong"))
    assert signing.change().access


BACK = "https://app.test/back"
NO_PKCE = {"code_challenge": "", "code_challenge_method": ""}


@pytest.mark.parametrize(
    ("asked", "given", "is_accepted"),
    [
        ({}, "", True),
        (NO_PKCE, "", False),
        (NO_PKCE, BACK, True),
        (NO_PKCE | {"redirect_uri": ""}, "", True),
        (NO_PKCE | {"redirect_uri": ""}, BACK, True),
        (NO_PKCE | {"redirect_uri": ""}, "https://app.test/other", False),
    ],
)
def test_a_code_names_its_address_where_the_request_did_and_nothing_else_proves_it(
    ground, asked, given, is_accepted
):
    signing = Signing(ground, has_secret=True, **asked)
    verifier = "" if asked else VERIFIER
    if is_accepted:
        assert signing.change(uri=given, verifier=verifier).access
    else:
        with pytest.raises(Refused, match="address"):
            signing.change(uri=given, verifier=verifier)


def test_a_code_lasts_five_minutes(ground):
    signing = Signing(ground)
    ground.clock.advance(minutes=5)
    with pytest.raises(Refused, match="too old"):
        signing.change()


def test_an_app_may_do_what_was_consented_to_and_no_more(ground):
    signing = Signing(ground)
    with ground.read() as tx:
        actor = queries.actor_by_token(tx, signing.change().access)
    mine = Subject(signing.ada.id, 7)
    assert may(actor, Act.READ, mine)
    for act in set(Act) - {Act.READ}:
        assert not may(actor, act, mine), act


def test_an_app_that_is_deleted_can_do_nothing(ground):
    signing = Signing(ground)
    given = signing.change()
    with ground.write() as tx:
        actions.delete_app(tx, signing.ada, signing.app.client_id)
    with ground.read() as tx, pytest.raises(Denied):
        queries.actor_by_token(tx, given.access)
    with pytest.raises(Refused):
        actions.refresh(ground, Client(signing.app.client_id), raw=given.refresh)


def test_what_is_shut_out_stays_out(ground):
    signing = Signing(ground)
    given = signing.change()
    with ground.write() as tx:
        (let_in,) = apps.let_in(tx, signing.ada)
        actions.shut_out(tx, signing.ada, let_in.id)
    with ground.read() as tx, pytest.raises(Denied):
        queries.actor_by_token(tx, given.access)


def test_nobody_shuts_out_what_another_let_in(ground):
    signing = Signing(ground)
    given = signing.change()
    mallory = person(ground, "mallory")
    with ground.write() as tx:
        (let_in,) = apps.let_in(tx, signing.ada)
        actions.shut_out(tx, mallory, let_in.id)
    with ground.read() as tx:
        assert queries.actor_by_token(tx, given.access).name == "ada"


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.test/back", "javascript:alert(1)", "https://a@app.test/", "https://app.test/#x",
        "https://app.test/a b", "data:text/html,x", "file:///etc/passwd", "//app.test/",
        "https://", "https://app.test\\@evil.test/", "http://localhost.evil.test/",
        "https://app.test;script-src *", "plain:/x",
    ],
)  # fmt: skip
def test_some_addresses_are_never_gone_back_to(uri):
    with pytest.raises(Invalid):
        rules.clean_redirects([uri])


def test_an_address_fits_exactly_but_for_the_port_on_the_same_machine():
    registered = ["https://app.test/back", "http://127.0.0.1/cb", "org.example.app:/back"]
    assert rules.redirect_fits(registered, "https://app.test/back")
    assert rules.redirect_fits(registered, "http://127.0.0.1:51234/cb")
    assert rules.redirect_fits(registered, "org.example.app:/back")
    for wrong in (
        "https://app.test/back/", "https://app.test:444/back", "https://app.test/back?x=1",
        "http://127.0.0.1:51234/other", "http://localhost:51234/cb", "http://127.0.0.1:x/cb",
        "http://127.0.0.1:80@evil.test/cb", "",
    ):  # fmt: skip
        assert not rules.redirect_fits(registered, wrong), wrong


@given(st.lists(st.sampled_from(list(rules.SCOPES))), st.lists(st.integers(2, 5)))
def test_no_scope_reaches_passwords_and_tokens_or_governs(scopes, organisations):
    made = rules.grants(Consent(tuple(scopes), tuple(organisations)), person_id=1)
    acts = frozenset().union(*(grant.acts for grant in made))
    assert not acts & {Act.SECURE, Act.GOVERN}
    for grant in made:
        if grant.account_id != 1:
            assert Act.KNOW_EMAIL not in grant.acts


@given(
    st.sampled_from(DeviceStatus),
    st.one_of(st.none(), st.integers(-100, 0)),
    st.integers(0, 60),
    st.integers(-100, 100),
)
def test_tokens_are_given_only_to_a_device_let_in_that_waited_and_is_not_late(
    status, polled, interval, expires
):
    answer = rules.polled(
        status,
        polled_at=None if polled is None else NOW + timedelta(seconds=polled),
        interval=timedelta(seconds=interval),
        expires_at=NOW + timedelta(seconds=expires),
        now=NOW,
    )
    if answer is Poll.GO:
        assert status is DeviceStatus.APPROVED
        assert expires > 0
        assert polled is None or -polled >= interval


def test_the_verifier_of_a_challenge_proves_it_and_nothing_else_does():
    assert rules.proves(VERIFIER, CHALLENGE)
    assert not rules.proves("v" * 44, CHALLENGE)
    assert not rules.proves(CHALLENGE, CHALLENGE)
    assert not rules.proves(VERIFIER, None), "a verifier without a challenge is a downgrade"


def test_an_operator_is_no_person_who_lets_apps_in(ground):
    device = waiting(ground)
    with ground.write() as tx, pytest.raises(Denied):
        actions.let_device_in(tx, OPERATOR, user_code=device.user_code)


def test_no_row_holds_what_was_given_out(ground):
    signing = Signing(ground, has_secret=True)
    device = waiting(ground)
    given = signing.change()
    raws = [
        signing.code,
        signing.secret,
        device.code,
        device.user_code,
        given.access,
        given.refresh,
    ]
    with ground.engine.connect() as connection:
        dump = "\n".join(str(line) for line in connection.connection.iterdump())
    assert [raw for raw in raws if raw in dump] == []
