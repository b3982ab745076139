"""How much one asker may ask, in headers that the client reads."""

import pytest
from huggingface_hub.utils import parse_ratelimit_headers

from iriai.api import limits
from iriai.api.limits import API, Limits, Quota, network_of, quota
from iriai.base.errors import Excessive
from iriai.base.routing import Access

SMALL = Quota("api", 300, 3, 5)


def test_past_its_quota_an_asker_is_told_when_to_come_back():
    windows = Limits()
    for left in (2, 1, 0):
        told = parse_ratelimit_headers(windows.spend(SMALL, "10.0.0.1", signed_in=False))
        assert (told.resource_type, told.remaining, told.limit) == ("api", left, 3)
        assert 0 < told.reset_in_seconds <= 301
    with pytest.raises(Excessive, match="try again in") as error:
        windows.spend(SMALL, "10.0.0.1", signed_in=False)
    assert error.value.code == "TooManyRequests"
    assert int(error.value.headers["Retry-After"]) > 0
    assert parse_ratelimit_headers(error.value.headers).remaining == 0


def test_each_asker_has_a_quota_of_their_own():
    windows = Limits()
    for _ in range(3):
        windows.spend(SMALL, "10.0.0.1", signed_in=False)
    windows.spend(SMALL, "10.0.0.2", signed_in=False)
    for _ in range(5):
        windows.spend(SMALL, "@1", signed_in=True)


def test_switched_off_nothing_is_counted():
    windows = Limits(enforced=False)
    for _ in range(10):
        assert windows.spend(SMALL, "10.0.0.1", signed_in=False) == {}


def test_an_ipv6_asker_is_their_whole_network():
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("10.0.0.1") == "10.0.0.1"
    assert network_of(None) == network_of("testclient") == "unknown"


def test_what_an_attacker_repeats_has_low_limits():
    for path in (
        "/login", "/login/second", "/login/passkey/finish", "/join", "/settings/tokens",
        "/settings/security", "/oauth/device", "/oauth/device/decide", "/api/repos/create",
        "/api/credentials/revoke",
    ):  # fmt: skip
        found = quota(path, changes=True, page=False, access=Access.ANYONE)
        assert found.anonymous <= 60, path
        assert quota(path, changes=False, page=True, access=Access.ANYONE).anonymous >= 1_000


def test_every_path_with_a_limit_of_its_own_is_one_that_this_hub_has(doors):
    posted = {each.path for each in doors.hub.routes if "POST" in each.methods}
    assert set(limits.OF_PATH) <= posted


def test_what_is_said_in_discussions_has_a_pace(doors):
    talk = [each.path for each in doors.hub.routes if each.path.endswith(limits.TALKING)]
    assert {each.rpartition("/")[2] for each in talk} == {
        "discussions",
        "new",
        "{number}",
        "comment",
    }
    for path in talk:
        found = quota(path, changes=True, page=False, access=Access.SIGNED_IN)
        assert found.signed_in <= 200
        assert quota(path, changes=False, page=False, access=Access.ANYONE) is API


def test_bytes_on_signed_urls_are_not_counted():
    assert quota("/xet/x", changes=True, page=False, access=Access.TOKEN_SIGNED) is None
    found = quota("/api/models", changes=False, page=False, access=Access.ANYONE)
    assert found is API


def test_a_flood_is_answered_429_with_a_time_to_wait(doors, monkeypatch):
    monkeypatch.setattr(limits, "API", SMALL)
    statuses = [doors.ask("GET", "/api/models").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = doors.ask("GET", "/api/models")
    assert refused.headers["x-error-code"] == "TooManyRequests"
    assert int(refused.headers["retry-after"]) > 0
    assert doors.ask("GET", "/api/models", client="10.9.9.9").status == 200
    _, token = doors.person("ada")
    assert doors.ask("GET", "/api/whoami-v2", token=token).status == 200


def test_behind_a_trusted_proxy_the_last_address_it_names_is_the_asker(doors, monkeypatch):
    monkeypatch.setattr(limits, "API", SMALL)

    def ask(client, forwarded):
        headers = {"X-Forwarded-For": forwarded}
        return doors.ask("GET", "/api/models", client=client, headers=headers).status

    for number in range(3):
        assert ask("127.0.0.1", f"10.0.0.{number}, 192.0.2.7") == 200
    assert ask("127.0.0.1", "10.0.0.9, 192.0.2.7") == 429
    assert ask("127.0.0.1", "192.0.2.8") == 200
    statuses = [ask("198.51.100.1", f"192.0.2.{number}") for number in range(20, 24)]
    assert statuses == [200, 200, 200, 429], "what a stranger writes in the header counts nothing"


def test_a_device_that_asks_far_too_often_is_told_in_words_it_knows(doors, monkeypatch):
    monkeypatch.setitem(limits.OF_PATH, "/oauth/token", SMALL)
    body = b"grant_type=refresh_token&refresh_token=x&client_id=nobody"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [doors.ask("POST", "/oauth/token", body=body, headers=form) for _ in range(4)]
    assert [each.status for each in answers] == [400, 400, 400, 429]
    assert answers[-1].json["error"] == "slow_down"
    assert int(answers[-1].headers["retry-after"]) > 0
