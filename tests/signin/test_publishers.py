"""Runs of a build elsewhere publish without a secret: which of them, to what, and how often."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.signin.conftest import person
from tests.support.issuer import Issuer

from iriai.base.errors import Denied, HubError, Invalid
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Reach, Subject, may
from iriai.repos import actions as repos
from iriai.repos import queries as repo_queries
from iriai.repos.rules import Kind, subject
from iriai.signin import issuers
from iriai.signin.publishers import actions, rules
from iriai.signin.publishers.rules import Forge, Run, Wanted

HUB = "http://hub.test"


class Place:
    """Ada's model, and a publisher for it."""

    def __init__(self, ground, issuer, **wanted):
        self.ground, self.issuer = ground, issuer
        self.ada = person(ground, "ada")
        self.repo = repos.create(ground, self.ada, kind=Kind.MODEL, owner="ada", name="tiny")
        with ground.write() as tx:
            self.made = actions.add_publisher(
                tx,
                self.ada,
                issuer=issuer.url,
                subject=subject(self.repo),
                **({"repository": "octo/build", "workflow": "publish.yml"} | wanted),
            )

    def token(self, **claims):
        return self.issuer.token(HUB, now=self.ground.clock().timestamp(), **claims)

    def publish(self, raw, name="ada/tiny", account=None):
        proof = actions.prove(self.ground, raw)

        def repo_of(tx, actor):
            try:
                return repo_queries.repo(tx, actor, Kind.MODEL, name).id
            except HubError:
                return None

        return actions.publish(self.ground, proof, account=account, repo_of=repo_of)


@pytest.fixture
def place(believing, issuer) -> Place:
    return Place(believing, issuer)


def test_a_run_gets_a_token_for_one_repository_and_an_hour(place):
    given = place.publish(place.token())
    with place.ground.read() as tx:
        actor = identity.actor_by_token(tx, given.raw)
    mine = subject(place.repo)
    assert actor.scope.reach is Reach.FINE_GRAINED
    assert may(actor, Act.WRITE, mine)
    assert not may(actor, Act.ADMINISTER, mine)
    assert not may(actor, Act.WRITE, Subject(mine.owner_id, place.repo.id + 1))
    assert not may(actor, Act.CREATE, Subject(mine.owner_id))
    place.ground.clock.advance(minutes=61)
    with place.ground.read() as tx, pytest.raises(Denied):
        identity.actor_by_token(tx, given.raw)


def test_a_signed_token_is_taken_once(place):
    raw = place.token()
    place.publish(raw)
    with pytest.raises(Invalid, match="used already"):
        place.publish(raw)


def test_of_many_that_come_at_once_with_one_signed_token_one_gets_in(place):
    raw = place.token()

    def attempt(_number):
        try:
            return place.publish(raw).raw
        except HubError:
            return None

    with ThreadPoolExecutor(8) as pool:
        given = [each for each in pool.map(attempt, range(8)) if each]
    assert len(given) == 1


def test_a_token_without_a_number_of_its_own_is_taken_once_too(place):
    raw = place.token(jti=None)
    place.publish(raw)
    with pytest.raises(Invalid, match="used already"):
        place.publish(raw)


def test_a_used_token_stays_known_until_it_would_be_refused_anyway(place):
    raw = place.token()
    place.publish(raw)
    place.ground.clock.advance(seconds=300 + issuers.LEEWAY_SECONDS - 1)
    from iriai.signin.jobs import tidy

    tidy(place.ground, {})
    with pytest.raises(Invalid, match="used already"):
        place.publish(raw)
    place.ground.clock.advance(seconds=2)
    with pytest.raises(Invalid, match="too old"):
        place.publish(raw)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "http://other.test"}, "not meant for"),
        ({"aud": [HUB, "http://other.test"]}, "not meant for"),
        ({"aud": None}, "not meant for"),
        ({"iss": "https://elsewhere.example"}, "does not know who signed"),
        ({"exp": 1}, "too old"),
        ({"exp": 9_999_999_999}, "too long"),
        ({"exp": None}, "until when"),
        ({"nbf": 9_999_999_999}, "not good yet"),
        ({"repository": "octo/other", "repository_id": "1"}, "No trusted publisher"),
        ({"workflow_ref": "octo/build/.github/workflows/test.yml@x"}, "No trusted publisher"),
        ({"workflow_ref": "evil/build/.github/workflows/publish.yml@x"}, "No trusted publisher"),
        ({"workflow_ref": None}, "No trusted publisher"),
        ({"repository_id": None}, "for which repository"),
    ],
)
def test_what_is_not_quite_right_is_refused(place, claims, why):
    with pytest.raises(Invalid, match=why):
        place.publish(place.token(**claims))


def test_another_issuers_signature_proves_nothing(place):
    other = Issuer()
    forged = place.issuer.token(HUB, key=other.key, now=place.ground.clock().timestamp())
    other.close()
    with pytest.raises(Invalid, match="signature"):
        place.publish(forged)


def test_two_issuers_that_say_the_same_are_told_apart(place):
    other = Issuer()
    settings = replace(
        place.ground.settings, publishers=f"github={place.issuer.url} github={other.url}"
    )
    place.ground = replace(place.ground, settings=settings)
    raw = other.token(HUB, now=place.ground.clock().timestamp())
    with pytest.raises(Invalid, match="No trusted publisher"):
        place.publish(raw)
    other.close()


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_is_not_signed_by_a_key_of_two_halves_proves_nothing(place, algorithm):
    _header, payload, _signature = place.token().split(".")
    if algorithm == "none":
        raw = f"eyJhbGciOiJub25lIn0.{payload}."
    else:
        public = json.dumps(place.issuer.key.as_dict(private=False))
        claims = jwt.decode(place.token(), place.issuer.key).claims
        header = {"alg": "HS256", "kid": place.issuer.key.kid}
        raw = jwt.encode(header, claims, OctKey.import_key(public.encode()))
    with pytest.raises(Invalid):
        place.publish(raw)


def test_the_first_run_fixes_the_repositorys_number(place):
    place.publish(place.token())
    renamed = {
        "repository": "octo/renamed",
        "workflow_ref": "octo/renamed/.github/workflows/publish.yml@refs/heads/main",
    }
    place.publish(place.token(**renamed))
    with pytest.raises(Invalid, match="No trusted publisher"):
        place.publish(place.token(repository_id="666"))


def test_a_repository_here_that_only_took_the_name_is_not_the_one(place):
    with place.ground.write() as tx:
        repos.move(tx, place.ada, place.repo, to_owner="ada", to_name="elsewhere")
    with pytest.raises(Invalid, match="No trusted publisher"):
        place.publish(place.token())
    place.publish(place.token(), name="ada/elsewhere")
    made = repos.create(place.ground, place.ada, kind=Kind.MODEL, owner="ada", name="another")
    assert made.id != place.repo.id
    with pytest.raises(Invalid, match="No trusted publisher"):
        place.publish(place.token(), name="ada/another")


def test_a_publisher_for_nothing_in_particular_reads_what_is_gated_and_no_more(believing, issuer):
    place = Place(believing, issuer)
    with place.ground.write() as tx:
        actions.add_publisher(
            tx, place.ada, issuer=issuer.url, repository="octo/reads", workflow="publish.yml"
        )
    raw = place.token(
        repository="octo/reads",
        repository_id="5",
        workflow_ref="octo/reads/.github/workflows/publish.yml@x",
    )
    given = place.publish(raw, account="ada")
    with place.ground.read() as tx:
        actor = identity.actor_by_token(tx, given.raw)
    assert may(actor, Act.READ_GATED, Subject(99, 99, is_public=True))
    assert not may(actor, Act.READ, subject(replace(place.repo, visibility="private")))


def test_an_environment_that_was_named_is_needed(believing, issuer):
    place = Place(believing, issuer, environment="release")
    with pytest.raises(Invalid, match="No trusted publisher"):
        place.publish(place.token())
    assert place.publish(place.token(environment="Release")).raw


def test_a_new_key_of_the_issuers_is_found_but_not_looked_for_again_and_again(place):
    place.publish(place.token())
    place.issuer.rotate()
    about = issuers._known[place.issuer.url]
    about.tried = about.tried - issuers.RETRY_SECONDS - 1
    place.publish(place.token())
    fetched = len(place.issuer.asked)
    stranger = Issuer()
    for _ in range(5):
        with pytest.raises(Invalid, match="signature"):
            place.publish(place.token(key=stranger.key))
    stranger.close()
    assert len(place.issuer.asked) == fetched


def test_who_may_not_write_may_not_let_builds_write(place):
    bob = person(place.ground, "bob")
    with place.ground.write() as tx, pytest.raises(Denied):
        actions.add_publisher(
            tx, bob, issuer=place.issuer.url, repository="a/b", workflow="p.yml",
            subject=subject(place.repo),
        )  # fmt: skip


def test_gitlabs_words_are_read_as_githubs():
    claims = {
        "project_path": "group/sub/project",
        "project_id": 12,
        "ci_config_ref_uri": "gitlab.com/group/sub/project//.gitlab-ci.yml@refs/heads/main",
    }
    seen = rules.run(Forge.GITLAB, claims)
    assert seen == Run("group/sub/project", "12", ".gitlab-ci.yml", "")
    assert rules.fits(Wanted("Group/Sub/Project", None, ".gitlab-ci.yml", ""), seen)
    claims["ci_config_ref_uri"] = "gitlab.com/evil/project//.gitlab-ci.yml@refs/heads/main"
    assert not rules.fits(
        Wanted("group/sub/project", "12", ".gitlab-ci.yml", ""), rules.run(Forge.GITLAB, claims)
    )
