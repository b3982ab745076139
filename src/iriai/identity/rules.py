"""Who may do what. Pure: no clock, no database, no network.

The whole law is two tables. `PERMITTED` says what each *standing* towards a repository or an
account allows: a stranger's, a role's in the organisation, an owner's. `CEILING` says how far the
way one came in reaches: a session to everything, a token only to what its role lets through. An act
is allowed where both tables allow it; a token never adds to what its owner may do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from iriai.base.errors import Denied, Excessive, Invalid

TOKENS_MAX = 100
GRANTS_MAX = 100
TOKEN_DAYS_MAX = 3_650
SESSION_DAYS = 30
INVITE_DAYS = 14
LAST_USE_SECONDS = 60
"""How often at most a token's last use is written down."""


class Role(StrEnum):
    """A person's role in an organisation, in the words of Hugging Face's clients."""

    READ = "read"
    CONTRIBUTOR = "contributor"
    WRITE = "write"
    ADMIN = "admin"


class Act(StrEnum):
    """What a token can be limited to, and what the tables below are about."""

    READ = "repo.content.read"
    READ_GATED = "repo.gated.read"
    DISCUSS = "discussion.write"
    CREATE = "repo.create"
    WRITE = "repo.write"
    ADMINISTER = "repo.settings.write"
    GOVERN = "account.write"
    KNOW_EMAIL = "user.email.read"
    SECURE = "account.security.write"


class Standing(StrEnum):
    """How somebody stands towards a repository or the account that owns it."""

    ANONYMOUS = "anonymous"
    STRANGER = "stranger"
    READER = "reader"
    CONTRIBUTOR = "contributor"
    CREATOR = "creator"
    WRITER = "writer"
    ADMIN = "admin"
    SELF = "self"


class Reach(StrEnum):
    """How far the way somebody came in goes: a session, or a token and its role."""

    NOTHING = "nothing"
    SESSION = "session"
    READ = "read"
    WRITE = "write"
    FINE_GRAINED = "fineGrained"


class Via(StrEnum):
    """How a token came to be: made by hand, or given to what somebody let in."""

    HAND = ""
    LOGIN = "login"
    APP = "app"
    PUBLISHER = "publisher"


TOKEN_ROLES = (Reach.READ, Reach.WRITE, Reach.FINE_GRAINED)
ALL = frozenset(Act)
_READER = frozenset({Act.READ, Act.READ_GATED, Act.DISCUSS})
_CONTRIBUTOR = _READER | {Act.CREATE}
_WRITER = _CONTRIBUTOR | {Act.WRITE, Act.ADMINISTER}
_ADMIN = _WRITER | {Act.GOVERN}

PERMITTED: Mapping[Standing, frozenset[Act]] = MappingProxyType(
    {
        Standing.ANONYMOUS: frozenset(),
        Standing.STRANGER: frozenset(),
        Standing.READER: _READER,
        Standing.CONTRIBUTOR: _CONTRIBUTOR,
        Standing.CREATOR: _WRITER,  # a contributor, of a repository they made themselves
        Standing.WRITER: _WRITER,
        Standing.ADMIN: _ADMIN,
        Standing.SELF: ALL,
    }
)
"""What each standing allows on what is private. What is public adds `PUBLIC`."""

PUBLIC: Mapping[Standing, frozenset[Act]] = MappingProxyType(
    {Standing.ANONYMOUS: frozenset({Act.READ})}
    | {standing: _READER for standing in Standing if standing is not Standing.ANONYMOUS}
)
"""What each standing allows besides, on what is public."""

CEILING: Mapping[Reach, frozenset[Act]] = MappingProxyType(
    {
        Reach.NOTHING: frozenset(),
        Reach.SESSION: ALL,
        Reach.READ: frozenset({Act.READ, Act.READ_GATED, Act.KNOW_EMAIL}),
        Reach.WRITE: ALL - {Act.SECURE},
        Reach.FINE_GRAINED: ALL - {Act.SECURE},  # and of these only what its grants name
    }
)
"""How far each way in reaches. Passwords, tokens and sessions are changed in a session only."""

ANYWHERE: frozenset[Act] = frozenset({Act.DISCUSS, Act.READ_GATED})
"""What a fine-grained token may be let do everywhere at once, where its owner may."""

ROLE_STANDING: Mapping[Role, Standing] = MappingProxyType(
    {
        Role.READ: Standing.READER,
        Role.CONTRIBUTOR: Standing.CONTRIBUTOR,
        Role.WRITE: Standing.WRITER,
        Role.ADMIN: Standing.ADMIN,
    }
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a fine-grained token may do: with one repository, all of an account's, or anywhere."""

    acts: frozenset[Act]
    account_id: int | None = None
    repo_id: int | None = None
    anywhere: bool = False

    def covers(self, subject: "Subject") -> bool:
        """Whether the grant speaks of `subject` at all."""
        if self.anywhere:
            return True
        if self.repo_id is not None:
            return self.repo_id == subject.repo_id
        return self.account_id is not None and self.account_id == subject.owner_id


@dataclass(frozen=True, slots=True)
class TokenScope:
    """The way somebody came in, and how far it reaches."""

    reach: Reach = Reach.NOTHING
    grants: tuple[Grant, ...] = ()
    token_id: int | None = None
    token_name: str = ""

    def allows(self, act: Act, subject: "Subject") -> bool:
        """Whether this way in lets `act` through to `subject`."""
        if act not in CEILING[self.reach]:
            return False
        if self.reach is not Reach.FINE_GRAINED:
            return True
        return any(act in grant.acts and grant.covers(subject) for grant in self.grants)


NO_SCOPE = TokenScope()
SESSION_SCOPE = TokenScope(Reach.SESSION)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act is about: a repository with its owner, or an account alone."""

    owner_id: int
    repo_id: int | None = None
    creator_id: int | None = None
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something. `roles` are by the organisation's account id."""

    id: int | None
    name: str
    scope: TokenScope = SESSION_SCOPE
    roles: Mapping[int, Role] = field(default_factory=dict, hash=False)
    is_operator: bool = False

    @property
    def token_id(self) -> int | None:
        """The access token that was used, if one was."""
        return self.scope.token_id

    @property
    def is_anyone(self) -> bool:
        """Whether nobody in particular asks."""
        return self.id is None and not self.is_operator


ANYONE = Actor(id=None, name="", scope=NO_SCOPE)
OPERATOR = Actor(id=None, name="operator", is_operator=True)
"""Whoever has the machine's shell. It owns nothing; what it does is recorded under this name."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Whose private repositories an actor may read: all of `owners`, and `repos` of `partly`."""

    owners: frozenset[int] = frozenset()
    repos: frozenset[int] = frozenset()
    partly: frozenset[int] = frozenset()


def standing(actor: Actor, subject: Subject) -> Standing:
    """How `actor` stands towards `subject`."""
    if actor.id is None:
        return Standing.ANONYMOUS
    if actor.id == subject.owner_id:
        return Standing.SELF
    role = actor.roles.get(subject.owner_id)
    if role is None:
        return Standing.STRANGER
    if role is Role.CONTRIBUTOR and subject.creator_id == actor.id:
        return Standing.CREATOR
    return ROLE_STANDING[role]


def may(actor: Actor, act: Act, subject: Subject) -> bool:
    """Whether `actor` may do `act` to `subject`: both tables must allow it."""
    here = standing(actor, subject)
    if subject.is_public and act in PUBLIC[here]:
        return act is Act.READ or actor.scope.allows(act, subject)
    return act in PERMITTED[here] and actor.scope.allows(act, subject)


def may_read(
    actor: Actor, owner_id: int, repo_id: int | None = None, *, is_public: bool = False
) -> bool:
    """Whether `actor` may read this repository, or what else `owner_id` keeps private."""
    return may(actor, Act.READ, Subject(owner_id, repo_id, is_public=is_public))


def may_create(actor: Actor, owner_id: int) -> bool:
    """Whether `actor` may make a repository in the name of `owner_id`."""
    return may(actor, Act.CREATE, Subject(owner_id))


def may_write(actor: Actor, owner_id: int, repo_id: int, *, creator_id: int | None = None) -> bool:
    """Whether `actor` may change what a repository holds."""
    return may(actor, Act.WRITE, Subject(owner_id, repo_id, creator_id))


def may_administer(
    actor: Actor, owner_id: int, repo_id: int, *, creator_id: int | None = None
) -> bool:
    """Whether `actor` may change a repository's settings, move or delete it."""
    return may(actor, Act.ADMINISTER, Subject(owner_id, repo_id, creator_id))


def may_govern(actor: Actor, account_id: int) -> bool:
    """Whether `actor` may change an account's profile, or an organisation's members."""
    return may(actor, Act.GOVERN, Subject(account_id))


def require_may(actor: Actor, act: Act, subject: Subject) -> None:
    """Allow, or say what is missing: an identity, a wider token, or a right."""
    if may(actor, act, subject):
        return
    if actor.is_anyone:
        raise Denied("Sign in, or send an access token, to do this.", code="Unauthenticated")
    here = standing(actor, subject)
    if act in PERMITTED[here] or (subject.is_public and act in PUBLIC[here]):
        raise Denied(
            f"This token does not reach that far; it would need the permission {act}.",
            code="TokenScope",
        )
    raise Denied("You have no right to do this here.", code="Forbidden")


def require_signed_in(actor: Actor) -> int:
    """The actor's id; nobody in particular is refused."""
    if actor.id is None:
        raise Denied("Sign in, or send an access token, to do this.", code="Unauthenticated")
    return actor.id


def circle(actor: Actor) -> Circle:
    """Whose private repositories `actor` may read, for a listing to filter by."""
    if actor.id is None:
        return Circle()
    mine = {actor.id} | {
        owner for owner, role in actor.roles.items() if Act.READ in PERMITTED[ROLE_STANDING[role]]
    }
    scope = actor.scope
    if Act.READ not in CEILING[scope.reach]:
        return Circle()
    if scope.reach is not Reach.FINE_GRAINED:
        return Circle(owners=frozenset(mine))
    reading = [grant for grant in scope.grants if Act.READ in grant.acts]
    whole = {grant.account_id for grant in reading if grant.repo_id is None}
    single = {grant.repo_id for grant in reading if grant.repo_id is not None}
    return Circle(
        owners=frozenset(mine & whole),
        repos=frozenset(single),
        partly=frozenset(mine),
    )


def clean_grants(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """The grants of a fine-grained token: each about one thing, none beyond a token's reach."""
    if not grants:
        raise Invalid("A fine-grained token needs at least one permission.")
    if len(grants) > GRANTS_MAX:
        raise Excessive(f"A token names at most {GRANTS_MAX} repositories and accounts.")
    for grant in grants:
        if (grant.repo_id is not None) + (grant.account_id is not None) + grant.anywhere != 1:
            raise Invalid("A permission is about one repository or one account.")
        most = ANYWHERE if grant.anywhere else CEILING[Reach.FINE_GRAINED]
        if not grant.acts or grant.acts - most:
            raise Invalid("A token cannot hold this permission.")
    return grants


def clean_token(role: Reach, grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """The grants that go with a token's role: some for a fine-grained one, else none."""
    if role not in TOKEN_ROLES:
        raise Invalid(f"A token's role is one of {', '.join(TOKEN_ROLES)}.")
    if role is Reach.FINE_GRAINED:
        return clean_grants(grants)
    if grants:
        raise Invalid("Only a fine-grained token names what it may do where.")
    return ()


def clean_role(role: str) -> Role:
    """A role in an organisation, from its word."""
    try:
        return Role(role)
    except ValueError:
        raise Invalid(f"A role is one of {', '.join(Role)}.") from None


def clean_token_days(days: int | None) -> int | None:
    """For how many days a token is good; None is for ever."""
    if days is not None and not 1 <= days <= TOKEN_DAYS_MAX:
        raise Invalid(f"A token lasts from 1 to {TOKEN_DAYS_MAX} days.")
    return days
