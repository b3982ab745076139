"""What can be seen of people and organisations, and who is asking (by way of `asking`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from iriai.base import credentials
from iriai.base.errors import Gone, Unknown
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.identity.asking import (
    actor,
    actor_by_session,
    actor_by_token,
    role_at,
)
from iriai.identity.rules import (
    Act,
    Actor,
    Role,
    Subject,
    Via,
    require_may,
    require_signed_in,
)
from iriai.identity.tables import (
    Account,
    AccountKind,
    AccountName,
    Invite,
    Membership,
    Session,
    Token,
)

__all__ = [
    "actor",
    "actor_by_session",
    "actor_by_token",
]  # and what is defined here

PAGE_LENGTH = 500
NAME_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Belonging:
    """An organisation somebody belongs to."""

    id: int
    name: str
    fullname: str
    role: Role


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who belongs to an organisation."""

    id: int
    name: str
    fullname: str
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class PersonOverview:
    """A person as others see them."""

    account: Account
    organisations: Sequence[Belonging]


@dataclass(frozen=True, slots=True)
class OrganisationOverview:
    """An organisation as others see it."""

    account: Account
    members_count: int


def actor_named(tx: Tx, name: str) -> Actor:
    """A person as they would act in a session: for what an operator does in their name."""
    return actor(tx, person(tx, name).id)


def account(tx: Tx, name: str) -> Account:
    """The person or organisation of this name."""
    found = find_account(tx, name)
    if found is not None:
        return found
    shown = _shown(name)
    once = tx.session.get(AccountName, fold(name))
    if once is not None and tx.session.get_one(Account, once.account_id).deleted_at is not None:
        raise Gone(
            f"The account {shown} was deleted; its name is not given out again.",
            code="AccountGone",
        )
    raise Unknown(f"There is no account called {shown}.", code="AccountNotFound")


def find_account(tx: Tx, name: str) -> Account | None:
    """The person or organisation of this name, or None."""
    asked = select(Account).where(Account.name_key == fold(name), Account.deleted_at.is_(None))
    return tx.session.scalar(asked)


def person(tx: Tx, name: str) -> Account:
    """The person of this name."""
    found = account(tx, name)
    if found.kind != AccountKind.PERSON:
        raise Unknown(
            f"{found.name} is an organisation; this is for a person.", code="AccountNotFound"
        )
    return found


def organisation(tx: Tx, name: str) -> Account:
    """The organisation of this name."""
    found = account(tx, name)
    if found.kind != AccountKind.ORGANISATION:
        raise Unknown(
            f"{found.name} is a person; this is for an organisation.", code="AccountNotFound"
        )
    return found


def _shown(name: str) -> str:
    """A name as an error shows it: whatever was asked for, on one line and not too long."""
    line = " ".join(name.split())
    return ascii(line if len(line) <= NAME_SHOWN_MAX else line[:NAME_SHOWN_MAX] + "...")


def renamed(tx: Tx, name: str) -> str | None:
    """What an account is called now that once had this name, where that is another."""
    asked = (
        select(Account.name)
        .join(AccountName, AccountName.account_id == Account.id)
        .where(
            AccountName.name_key == fold(name),
            Account.name_key != AccountName.name_key,
            Account.deleted_at.is_(None),
        )
    )
    return tx.session.scalar(asked)


def accounts_by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Account]:
    """Accounts by their ids, the deleted ones too."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = tx.session.scalars(select(Account).where(Account.id.in_(wanted)))
    return {each.id: each for each in found}


def has_people(tx: Tx) -> bool:
    """Whether anybody has an account yet."""
    asked = select(Account.id).where(Account.kind == AccountKind.PERSON).limit(1)
    return tx.connection.execute(asked).first() is not None


def members(
    tx: Tx, organisation_id: int, *, after: str = "", limit: int = PAGE_LENGTH
) -> Sequence[Member]:
    """Who belongs to an organisation, by name, from the one after `after`."""
    role = role_at(tx.now)
    asked = (
        select(Account.id, Account.name, Account.fullname, role.label("role"), Membership.since)
        .join(Membership, Membership.person_id == Account.id)
        .where(
            Membership.organisation_id == organisation_id,
            Account.name_key > fold(after),
            role.is_not(None),
        )
        .order_by(Account.name_key)
        .limit(min(limit, PAGE_LENGTH))
    )
    return [
        Member(row.id, row.name, row.fullname, Role(row.role), row.since)
        for row in tx.connection.execute(asked)
    ]


def members_count(tx: Tx, organisation_id: int) -> int:
    """How many belong to an organisation."""
    asked = select(func.count()).where(
        Membership.organisation_id == organisation_id, role_at(tx.now).is_not(None)
    )
    return int(tx.connection.execute(asked).scalar_one())


def organisations_of(tx: Tx, person_id: int) -> Sequence[Belonging]:
    """The organisations a person belongs to, by name."""
    role = role_at(tx.now)
    asked = (
        select(Account.id, Account.name, Account.fullname, role.label("role"))
        .join(Membership, Membership.organisation_id == Account.id)
        .where(Membership.person_id == person_id, Account.deleted_at.is_(None), role.is_not(None))
        .order_by(Account.name_key)
    )
    return [
        Belonging(row.id, row.name, row.fullname, Role(row.role))
        for row in tx.connection.execute(asked)
    ]


def whoami(tx: Tx, actor: Actor) -> PersonOverview:
    """The actor themselves; their e-mail address is on the account."""
    found = tx.session.get_one(Account, require_signed_in(actor))
    return PersonOverview(found, organisations_of(tx, found.id))


def person_overview(tx: Tx, name: str) -> PersonOverview:
    """A person and the organisations they belong to."""
    found = person(tx, name)
    return PersonOverview(found, organisations_of(tx, found.id))


def organisation_overview(tx: Tx, name: str) -> OrganisationOverview:
    """An organisation and how many belong to it."""
    found = organisation(tx, name)
    return OrganisationOverview(found, members_count(tx, found.id))


def tokens_of(tx: Tx, actor: Actor) -> Sequence[Token]:
    """The tokens that the actor made by hand and did not revoke, newest first."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = (
        select(Token)
        .where(
            Token.account_id == actor.id, Token.revoked_at.is_(None), Token.via == Via.HAND.value
        )
        .order_by(Token.id.desc())
    )
    return tx.session.scalars(asked).all()


def sessions_of(tx: Tx, actor: Actor) -> Sequence[Session]:
    """Where the actor is signed in, newest first."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = (
        select(Session)
        .where(Session.account_id == actor.id, Session.expires_at > tx.now)
        .order_by(Session.id.desc())
    )
    return tx.session.scalars(asked).all()


def invites_of(tx: Tx, actor: Actor) -> Sequence[Invite]:
    """The actor's invitations that nobody has used yet, newest first."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = (
        select(Invite)
        .where(
            Invite.invited_by_id == actor.id,
            Invite.used_at.is_(None),
            Invite.expires_at > tx.now,
        )
        .order_by(Invite.id.desc())
    )
    return tx.session.scalars(asked).all()


def open_invite(tx: Tx, raw: str) -> Invite:
    """The invitation behind a link, while it is good; the first of all, until somebody is there."""
    asked = select(Invite).where(Invite.digest == credentials.digest(raw))
    found = tx.session.scalar(asked)
    if found is None:
        raise Unknown("This invitation does not exist.", code="InviteNotFound")
    if found.used_at is not None or found.expires_at <= tx.now:
        raise Gone("This invitation was used or is too old; ask for a new one.", code="InviteGone")
    if found.is_first and has_people(tx):
        raise Gone("The first account was made already.", code="InviteGone")
    return found
