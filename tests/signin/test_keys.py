"""The key of an ollama: what is taken for one, and what it opens."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.signin.conftest import person

from iriai.base.errors import Conflict, Denied, Excessive, Invalid
from iriai.identity import actions as identity
from iriai.signin.keys import actions, queries, rules

ADDRESS = "http://hub.test/v2/token?nonce=x&scope=repository%3Aada%2Fm%3Apull&service=hub.test&ts=1"


def line(key, comment=" ada@work"):
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + comment


def signed(key, address=ADDRESS, *, by=None):
    signature = (by or key).sign(rules.signed_text(address))
    return f"{line(key).split()[1]}:{base64.b64encode(signature).decode()}"


def ask(ground, key, *, model="ada/m", **more):
    with ground.read() as tx:
        return actions.ticket(tx, authorization=signed(key, **more), address=ADDRESS, model=model)


def register(ground, actor, key, name="work"):
    with ground.write() as tx:
        return actions.register(tx, actor, key=line(key), name=name)


def held(ground, raw, model="ada/m"):
    with ground.read() as tx:
        found = queries.actor_by_ticket(tx, raw, model)
    return found and found.name


def test_a_key_is_good_for_a_ticket_until_it_is_revoked_and_can_come_back(any_ground, clock):
    ada, key = person(any_ground, "ada"), ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(Denied, match="does not know your key"):
        ask(any_ground, key)
    number = register(any_ground, ada, key)
    raw = ask(any_ground, key)
    assert raw.count(".") == 2  # ollama reads it as a JSON Web Token
    assert held(any_ground, raw) == "ada"
    assert held(any_ground, raw, "ada/other") is None
    assert held(any_ground, raw[:-4] + "AAAA") is None
    with any_ground.write() as tx:
        identity.revoke_token(tx, ada, token_id=number)
    assert held(any_ground, raw) is None
    with pytest.raises(Denied, match="does not know your key"):
        ask(any_ground, key)
    assert register(any_ground, ada, key) != number
    raw = ask(any_ground, key)
    assert held(any_ground, raw) == "ada"
    clock.advance(seconds=rules.TICKET.total_seconds() + 1)
    assert held(any_ground, raw) is None


def test_a_signature_is_good_for_its_key_and_its_question_alone(any_ground):
    key, other = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    register(any_ground, person(any_ground, "ada"), key)
    for wrong in ({"by": other}, {"address": ADDRESS.replace("hub.test", "other.test")}):
        with pytest.raises(Denied, match="not of this key"):
            ask(any_ground, key, **wrong)
    for wrong in ("", "x", ":", f"{line(key).split()[1]}:AAAA", "Bearer x"):
        with any_ground.read() as tx, pytest.raises(Denied, match="needs an ssh-ed25519 key"):
            actions.ticket(tx, authorization=wrong, address=ADDRESS, model="ada/m")


def test_a_key_reads_and_a_public_key_is_no_token(any_ground):
    ada, key = person(any_ground, "ada"), ed25519.Ed25519PrivateKey.generate()
    register(any_ground, ada, key)
    with any_ground.read() as tx:
        found = queries.actor_by_ticket(tx, ask(any_ground, key), "ada/m")
        assert found.scope.reach.value == "read"
        with pytest.raises(Denied):
            actions.register(tx, found, key=line(key), name="more")
    with any_ground.write() as tx, pytest.raises(Conflict, match="already"):
        actions.register(tx, ada, key=line(key, ""), name="twice")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with ssh-ed25519"),
        ("ssh-rsa AAAA", "other types are not taken"),
        ("ssh-ed25519 AAAA", "not an ssh-ed25519 key"),
        ("ssh-ed25519 ä", "not base64"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "not a public key"),
        ("ssh-ed25519 " + "A" * 3_000, "not a public key"),
    ],
)
def test_what_is_no_such_key_is_refused_with_what_is_missing(text, says):
    with pytest.raises(Invalid, match=says):
        rules.clean_key(text)


def test_another_type_under_this_name_is_refused():
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Invalid, match="not an ssh-ed25519 key"):
        rules.clean_key("ssh-ed25519 " + line(other).split()[1])


def test_an_account_has_so_many_keys(ground, monkeypatch):
    monkeypatch.setattr(rules, "KEYS_MAX", 1)
    ada = person(ground, "ada")
    register(ground, ada, ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(Excessive, match="at most 1 keys"):
        register(ground, ada, ed25519.Ed25519PrivateKey.generate())
