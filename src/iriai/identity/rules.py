"""Who may do what. Pure: no clock, no database, no network.

The whole law is two tables. `PERMITTED` says what each *standing* towards a repository or an
account allows: a stranger's, a role's in the organisation, an owner's. `CEILING` says how far the
way one came in reaches: a session to everything, a token only to what its role lets through. An act
is allowed where both tables allow it; a token never adds to what its owner may do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from iriai.base.errors import Denied, Invalid

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
    DECIDE = "commons.write"
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
    KEY = "key"


class Restriction(StrEnum):
    """What a sanction takes for a time, the mildest first."""

    THROTTLE = "throttle"
    WRITE = "write"
    SUSPEND = "suspend"


TOKEN_ROLES = (Reach.READ, Reach.WRITE, Reach.FINE_GRAINED)
ALL = frozenset(Act)
_SPEAKING = frozenset({Act.DISCUSS, Act.DECIDE})  # DECIDE: in a commons, to vote, be in office
_READER = frozenset({Act.READ, Act.READ_GATED}) | _SPEAKING
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

EVERYWHERE = 0
"""The place of a restriction that holds on the whole hub, where others name an organisation."""

TAKEN: Mapping[Restriction, frozenset[Act]] = MappingProxyType(
    {
        Restriction.THROTTLE: frozenset(),  # slower, no less
        Restriction.WRITE: _SPEAKING | {Act.CREATE, Act.WRITE},
        Restriction.SUSPEND: _SPEAKING | {Act.CREATE, Act.WRITE, Act.GOVERN},
    }
)
"""What each restriction takes. Reading, exporting and leaving stay, whatever is decided; so does
taking away what is one's own, or nobody could leave."""

OTHERS = frozenset({Act.ADMINISTER})
"""What a restriction from writing takes besides, on what is not one's own."""

ANYWHERE: frozenset[Act] = _SPEAKING | {Act.READ_GATED}
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
    token_made_at: datetime | None = None

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
class Restraint:
    """A restriction that holds now: until when, where one appeals, and in which organisation."""

    kind: Restriction
    until: datetime | None = None
    appeal_at: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something. `roles` are by the organisation's account id.

    So are `restraints`, `EVERYWHERE` among them. `maintains` are repositories that they keep for a
    commons. All of it holds now: what a term or a day ended is not among it any more.
    """

    id: int | None
    name: str
    scope: TokenScope = SESSION_SCOPE
    roles: Mapping[int, Role] = field(default_factory=dict, hash=False)
    is_operator: bool = False
    maintains: frozenset[int] = frozenset()
    restraints: Mapping[int, Restraint] = field(default_factory=dict, hash=False)

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
    if subject.repo_id in actor.maintains and role in (None, Role.READ, Role.CONTRIBUTOR):
        return Standing.CREATOR
    if role is None:
        return Standing.STRANGER
    if role is Role.CONTRIBUTOR and subject.creator_id == actor.id:
        return Standing.CREATOR
    return ROLE_STANDING[role]


def restrained(actor: Actor, act: Act, subject: Subject) -> Restraint | None:
    """The restriction that keeps `actor` from this act, here or everywhere."""
    for place in (EVERYWHERE, subject.owner_id):
        found = actor.restraints.get(place)
        if found is None:
            continue
        taken = TAKEN[found.kind]
        if act in taken or (taken and act in OTHERS and subject.owner_id != actor.id):
            return found
    return None


def may(actor: Actor, act: Act, subject: Subject) -> bool:
    """Whether `actor` may do `act` to `subject`: both tables must allow it, and no restriction."""
    if actor.restraints and restrained(actor, act, subject) is not None:
        return False
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
    require_unrestrained(actor, act, subject)
    here = standing(actor, subject)
    if act in PERMITTED[here] or (subject.is_public and act in PUBLIC[here]):
        require_reach(actor, act, subject)
    raise Denied("You have no right to do this here.", code="Forbidden")


def require_reach(actor: Actor, act: Act, subject: Subject) -> None:
    """The way somebody came in must let this through, whatever they may themselves."""
    if not actor.scope.allows(act, subject):
        raise Denied(
            f"This token does not reach that far; it would need the permission {act}.",
            code="TokenScope",
        )


def require_unrestrained(actor: Actor, act: Act, subject: Subject) -> None:
    """Say which restriction keeps somebody from this, until when, and where to appeal."""
    found = restrained(actor, act, subject)
    if found is None:
        return
    where = f"in {found.place}" if found.place else "on this hub"
    until = "" if found.until is None else f" until {found.until:%-d %B %Y, %H:%M} UTC"
    appeal = f" You can appeal at {found.appeal_at}." if found.appeal_at else ""
    what = (
        "only read, appeal, export and leave"
        if found.kind is Restriction.SUSPEND
        else ("read, but not write")
    )
    raise Denied(f"You can {what} {where}{until}, by a decision.{appeal}", code="Restricted")


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


def clean_role(role: str) -> Role:
    """A role in an organisation, from its word."""
    try:
        return Role(role)
    except ValueError:
        raise Invalid(f"A role is one of {', '.join(Role)}; {role[:40]!a} is none.") from None
