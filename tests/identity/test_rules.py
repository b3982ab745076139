"""Who may do what, as a table, and what no table may ever allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Denied, Excessive, Invalid
from iriai.identity import fields, granting, rules
from iriai.identity.rules import ANYONE, OPERATOR, Act, Actor, Grant, Reach, Role, Subject
from iriai.identity.rules import TokenScope as Scope

ME, LAB, OTHER = 1, 2, 3
TINY, BIG = 10, 11

READ, GATED, DISCUSS, DECIDE, CREATE, WRITE, ADMINISTER, GOVERN, EMAIL, SECURE = Act
COLUMNS = (READ, GATED, DISCUSS, DECIDE, CREATE, WRITE, ADMINISTER, GOVERN, EMAIL, SECURE)

# What each may do with a private repository (y), with a public one only (p), or not at all (-).
# Columns: read gated discuss decide create write administer govern email secure
TABLE = """
anyone          none      p - p - - - - - - -
stranger        session   p p p p - - - - - -
stranger        read      p p - - - - - - - -
stranger        write     p p p p - - - - - -
read            session   y y y y - - - - - -
read            read      y y - - - - - - - -
read            write     y y y y - - - - - -
contributor     session   y y y y y - - - - -
contributor     read      y y - - - - - - - -
contributor     write     y y y y y - - - - -
creator         session   y y y y y y y - - -
creator         read      y y - - - - - - - -
creator         write     y y y y y y y - - -
write           session   y y y y y y y - - -
write           read      y y - - - - - - - -
write           write     y y y y y y y - - -
admin           session   y y y y y y y y - -
admin           read      y y - - - - - - - -
admin           write     y y y y y y y y - -
self            session   y y y y y y y y y y
self            read      y y - - - - - - y -
self            write     y y y y y y y y y -
"""
CELLS = [
    (who, reach, act, cell)
    for who, reach, *cells in (line.split() for line in TABLE.strip().splitlines())
    for act, cell in zip(COLUMNS, cells, strict=True)
    if (who, act, cell) != ("anyone", DISCUSS, "p")
] + [("anyone", "none", DISCUSS, "-")]
REACHES = {
    "none": Reach.NOTHING,
    "session": Reach.SESSION,
    "read": Reach.READ,
    "write": Reach.WRITE,
}


def asker(who: str, reach: str, owner: int) -> Actor:
    if who == "anyone":
        return ANYONE
    roles = {}
    if who in set(Role):
        roles = {owner: Role(who)}
    if who == "creator":
        roles = {owner: Role.CONTRIBUTOR}
    return Actor(ME, "ada", Scope(REACHES[reach]), roles)


@pytest.mark.parametrize(("who", "reach", "act", "cell"), CELLS)
def test_each_standing_may_do_through_each_way_in_what_the_table_says(who, reach, act, cell):
    owner = ME if who == "self" else LAB
    actor = asker(who, reach, owner)
    creator = ME if who == "creator" else OTHER
    private = Subject(owner, TINY, creator)
    public = Subject(owner, TINY, creator, is_public=True)
    assert rules.may(actor, act, private) == (cell == "y")
    assert rules.may(actor, act, public) == (cell in "yp")


def test_the_table_speaks_of_every_standing_every_way_in_and_every_act():
    spoken = {(who, reach) for who, reach, _, _ in CELLS}
    assert {who for who, _ in spoken} == {"anyone", "stranger", "creator", "self"} | set(Role)
    assert {act for _, _, act, _ in CELLS} == set(Act)
    assert set(rules.PERMITTED) == set(rules.Standing) == set(rules.PUBLIC)
    assert set(rules.CEILING) == set(Reach)


acts = st.sampled_from(Act)
ids = st.sampled_from([ME, LAB, OTHER])
repos = st.sampled_from([None, TINY, BIG])
subjects = st.builds(Subject, ids, repos, ids, st.booleans())
grants = st.one_of(
    st.builds(Grant, st.frozensets(acts, min_size=1), account_id=ids),
    st.builds(Grant, st.frozensets(acts, min_size=1), repo_id=st.sampled_from([TINY, BIG])),
    st.builds(Grant, st.just(rules.ANYWHERE), anywhere=st.just(True)),
)
scopes = st.builds(Scope, st.sampled_from(Reach), st.lists(grants, max_size=3).map(tuple))
roles = st.dictionaries(st.sampled_from([LAB, OTHER]), st.sampled_from(Role))
actors = st.builds(Actor, st.just(ME), st.just("ada"), scopes, roles)


def in_a_session(actor: Actor) -> Actor:
    return Actor(actor.id, actor.name, rules.SESSION_SCOPE, actor.roles)


@given(actors, acts, subjects)
def test_a_token_never_lets_its_owner_do_what_they_may_not_do_themselves(actor, act, subject):
    if rules.may(actor, act, subject):
        assert rules.may(in_a_session(actor), act, subject)


@given(actors, acts, subjects)
def test_no_token_reaches_passwords_and_tokens(actor, act, subject):
    if actor.scope.reach is not Reach.SESSION:
        assert not rules.may(actor, SECURE, subject)


@given(actors, acts, subjects)
def test_what_is_private_is_open_to_nobody_without_a_role(actor, act, subject):
    stranger = Actor(actor.id, actor.name, actor.scope, {})
    if subject.owner_id != ME and not subject.is_public:
        assert not rules.may(stranger, act, subject)


@given(actors, acts, subjects)
def test_a_fine_grained_token_does_only_what_one_of_its_grants_names(actor, act, subject):
    scope = Scope(Reach.FINE_GRAINED, actor.scope.grants)
    fine = Actor(actor.id, actor.name, scope, actor.roles)
    allowed = rules.may(fine, act, subject)
    named = any(act in grant.acts and grant.covers(subject) for grant in scope.grants)
    if allowed and not (subject.is_public and act is READ):
        assert named


@given(actors, subjects)
def test_what_is_public_can_be_read_by_everybody(actor, subject):
    public = Subject(subject.owner_id, subject.repo_id, is_public=True)
    assert rules.may(actor, READ, public)
    assert rules.may(ANYONE, READ, public)


@given(actors, ids, st.sampled_from([TINY, BIG]))
def test_a_listing_shows_exactly_the_private_repositories_that_can_be_read(actor, owner, repo):
    around = rules.circle(actor)
    listed = owner in around.owners or (repo in around.repos and owner in around.partly)
    assert listed == rules.may_read(actor, owner, repo)


@given(actors, acts, subjects)
def test_a_refusal_is_denied_and_says_whether_a_wider_token_would_do(actor, act, subject):
    if rules.may(actor, act, subject):
        rules.require_may(actor, act, subject)
        return
    with pytest.raises(Denied) as refusal:
        rules.require_may(actor, act, subject)
    would_do = rules.may(in_a_session(actor), act, subject)
    assert refusal.value.code == ("TokenScope" if would_do else "Forbidden")


def test_somebody_unknown_is_asked_to_sign_in():
    with pytest.raises(Denied) as refusal:
        rules.require_may(ANYONE, WRITE, Subject(LAB, TINY))
    assert refusal.value.code == "Unauthenticated"


def test_the_operators_shell_owns_nothing_and_reads_nothing():
    for act in Act:
        assert not rules.may(OPERATOR, act, Subject(LAB, TINY))
    assert rules.circle(OPERATOR) == rules.Circle()


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaa", "adalovelace", "adalovelaceadalovelace"]
)
def test_a_password_that_is_easily_guessed_is_invalid(password):
    with pytest.raises(Invalid):
        fields.clean_password(password, name="adalovelace")


def test_a_password_may_hold_any_character():
    for password in ("correct horse battery", "пароль и пробел", "🐎🔋📎✅ 🐎🔋📎✅🐎"):
        assert fields.clean_password(password, name="ada") == password


def test_a_password_is_not_so_long_that_hashing_it_is_an_attack():
    with pytest.raises(Excessive):
        fields.clean_password("ab" * 10_000, name="ada")


@pytest.mark.parametrize(
    "grants",
    [
        (),
        (Grant(frozenset({READ})),),
        (Grant(frozenset({READ}), account_id=1, repo_id=2),),
        (Grant(frozenset(), account_id=1),),
        (Grant(frozenset({SECURE}), account_id=1),),
    ],
)
def test_a_fine_grained_token_says_what_it_may_do_where(grants):
    with pytest.raises(Invalid):
        granting.clean_token(Reach.FINE_GRAINED, grants)


@pytest.mark.parametrize("reach", [Reach.SESSION, Reach.NOTHING])
def test_no_token_is_as_good_as_a_session(reach):
    with pytest.raises(Invalid, match="role"):
        granting.clean_token(reach, ())


@pytest.mark.parametrize(
    ("clean", "text"),
    [
        (fields.clean_fullname, "x" * 101),
        (fields.clean_fullname, "a\x00b"),
        (fields.clean_token_name, "  "),
        (fields.clean_homepage, "javascript:alert(1)"),
        (fields.clean_homepage, "ftp://example.org"),
        (fields.clean_email, "ada"),
        (fields.clean_email, "ada@"),
        (fields.clean_bio, "x" * 1001),
        (rules.clean_role, "owner"),
    ],
)
def test_what_a_profile_cannot_hold_is_invalid(clean, text):
    with pytest.raises(Invalid):
        clean(text)
