"""What a webhook may be, and how the log's words become the wire's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.api import shapes
from iriai.base.errors import Denied, HubError
from iriai.identity.rules import Actor, Grant, Reach, Role, TokenScope
from iriai.webhooks import payload, rules, signing
from iriai.webhooks.rules import Domain

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_every_word_of_the_wire_belongs_to_a_domain():
    told = [*rules.OF_A_REPO.values(), *rules.OF_A_DISCUSSION.values()]
    assert {Domain(scope.partition(".")[0]) for _, scope in told} == set(Domain)
    assert {action for action, _ in told} == {"create", "delete", "move", "update"}


def test_what_is_not_told_is_nothing():
    assert rules.happening("minted", "token/3") is None
    assert rules.happening("relicensed", "repo/ada/tiny") is None
    assert rules.happening("committed", "repo/ada/tiny/discussions/3") is None


@given(st.integers(1, 100), st.floats(0, 1))
def test_pauses_grow_spread_and_end(attempts, chance):
    longest = rules.pause(attempts, 1)
    assert longest / 2 <= rules.pause(attempts, chance) <= longest
    assert longest <= rules.pause(attempts + 1, 1) <= timedelta(seconds=rules.BACKOFF_SECONDS_MAX)


def test_a_delivery_is_tried_for_a_day_and_no_longer():
    assert not rules.is_given_up(NOW, NOW + timedelta(hours=24))
    assert rules.is_given_up(NOW, NOW + timedelta(hours=24, seconds=1))


@given(st.text(max_size=300))
def test_a_secret_that_is_kept_fits_a_header(secret):
    try:
        kept = rules.clean_secret(secret)
    except HubError:
        return
    assert kept is None or (kept.isascii() and kept.isprintable() and kept == kept.strip())


@given(st.lists(st.tuples(st.sampled_from([*rules.WATCHED_KINDS, "x"]), st.text()), max_size=120))
def test_what_is_watched_is_named_in_order_and_once(watched):
    try:
        kept = rules.clean_watched(watched)
    except HubError:
        return
    assert 0 < len(kept) == len(set(kept)) <= rules.WATCHED_MAX


def test_domains_are_told_in_one_order():
    assert rules.clean_domains(["discussions", "repo"]) == (Domain.REPO, Domain.DISCUSSION)
    for domains in ([], ["repo", "x"]):
        with pytest.raises(HubError):
            rules.clean_domains(domains)


def test_a_token_for_a_part_makes_no_webhook_that_tells_all():
    everything = TokenScope(Reach.FINE_GRAINED, (Grant(frozenset(rules.Act), account_id=1),))
    for scope in (everything, TokenScope(Reach.READ)):
        ada = Actor(1, "ada", scope)
        rules.require_may_see(ada, 1)
        assert not rules.may_see_secret(ada, 1)
        with pytest.raises(Denied):
            rules.require_may_change(ada, 1)
    rules.require_may_change(Actor(1, "ada", TokenScope(Reach.WRITE)), 1)


def test_an_organisations_webhooks_are_for_its_administrators():
    for role in Role:
        actor = Actor(1, "ada", roles={9: role})
        if role is Role.ADMIN:
            rules.require_may_change(actor, 9)
        else:
            with pytest.raises(Denied):
                rules.require_may_see(actor, 9)


def test_a_signature_is_the_one_of_standard_webhooks():
    """The example of the specification's reference libraries."""
    made = signing.signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_ids_are_the_ones_the_api_gives():
    assert payload.object_id(17)["id"] == shapes.object_id(17)
