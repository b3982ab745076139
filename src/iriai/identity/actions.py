"""What people do with accounts and organisations: join, found, change, rename, leave.

Sessions, tokens and invitations, made in `admission`, are offered here too. Passwords are hashed
outside the transaction: those actions take the ground and open it themselves.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from iriai.base import names, passwords
from iriai.base.errors import Conflict, Denied
from iriai.base.events import HUB
from iriai.base.tx import Ground, Tx
from iriai.identity import fields, naming, operating, queries, rules
from iriai.identity.admission import (
    close_session,
    end_session,
    first_invite,
    invite,
    mint_token,
    note_use,
    open_session,
    prove_password,
    revoke_leaked_token,
    revoke_token,
    sign_in,
)
from iriai.identity.locks import lock_account, lock_first_invites, lock_person
from iriai.identity.rules import Act, Actor, Role, Subject
from iriai.identity.tables import Account, AccountKind, Invite, Membership, Session, Token

__all__ = [
    "accept_invite",
    "add_organisation",
    "add_person",
    "change_password",
    "change_profile",
    "close_session",
    "commons_of",
    "delete_account",
    "end_session",
    "first_invite",
    "invite",
    "join_from_outside",
    "mint_token",
    "note_use",
    "open_session",
    "prove_password",
    "rename_account",
    "revoke_leaked_token",
    "revoke_token",
    "set_password",
    "set_role",
    "shut_out_everywhere",
    "sign_in",
    "sign_up",
]


def commons_of(account: Account) -> int:
    """The commons whose log tells what happens to this account."""
    return account.commons_id or HUB


def sign_up(
    ground: Ground,
    *,
    name: str,
    password: str,
    fullname: str = "",
    email: str = "",
    link: str | None = None,
) -> Account:
    """Make an account for oneself, by an invitation or, where the hub is open, without.

    Whoever uses the first link of all operates the hub.
    """
    cleaned = names.clean_account_name(name)
    kept = passwords.hashed(fields.clean_password(password, name=cleaned))
    with ground.write() as tx:
        lock_first_invites(tx)
        invited = queries.open_invite(tx, link) if link else None
        if invited is None and ground.settings.sign_up != "open":
            raise Denied("One joins this hub by invitation.", code="InviteNeeded")
        made = _add(tx, AccountKind.PERSON, cleaned, fullname)
        made.password, made.email = kept, fields.clean_email(email) or None
        made.is_operator = invited is not None and invited.is_first
        tx.session.flush()
        if invited is not None:
            use_invite(tx, invited, made)
        facts: dict[str, Any] = {"operator": True} if made.is_operator else {}
        tx.record(HUB, made.name, "joined", f"account/{made.name}", **facts)
        return made


def join_from_outside(tx: Tx, *, name: str, fullname: str = "") -> Account:
    """Make an account without a password, for somebody whom a provider elsewhere vouches for."""
    made = _add(tx, AccountKind.PERSON, names.clean_account_name(name), fullname[:100])
    tx.record(HUB, made.name, "joined", f"account/{made.name}")
    return made


def add_person(
    ground: Ground,
    actor: Actor,
    *,
    name: str,
    fullname: str = "",
    email: str = "",
    password: str | None = None,
) -> Account:
    """Make an account for somebody else, as whoever operates the machine."""
    _require_operator(actor)
    cleaned = names.clean_account_name(name)
    kept = None
    if password is not None:
        kept = passwords.hashed(fields.clean_password(password, name=cleaned))
    with ground.write() as tx:
        made = _add(tx, AccountKind.PERSON, cleaned, fullname)
        made.password, made.email = kept, fields.clean_email(email) or None
        tx.record(HUB, actor.name, "added", f"account/{made.name}", kind="person")
        return made


def add_organisation(
    tx: Tx,
    actor: Actor,
    *,
    name: str,
    fullname: str = "",
    private_by_default: bool = False,
    members: Mapping[str, Role] | None = None,
) -> Account:
    """Found an organisation. Its founder administers it; an operator names its people instead."""
    if actor is not rules.OPERATOR:
        founder = rules.require_signed_in(actor)
        rules.require_may(actor, Act.GOVERN, Subject(founder))
    made = _add(tx, AccountKind.ORGANISATION, names.clean_account_name(name), fullname)
    made.private_by_default = private_by_default
    tx.session.flush()
    roles = {queries.person(tx, each).id: role for each, role in (members or {}).items()}
    if actor.id is not None:
        roles[actor.id] = Role.ADMIN
    for person_id, role in roles.items():
        tx.session.add(
            Membership(person_id=person_id, organisation_id=made.id, role=role.value, since=tx.now)
        )
    named = queries.accounts_by_id(tx, roles)
    tx.record(
        HUB,
        actor.name,
        "founded",
        f"account/{made.name}",
        kind="organisation",
        members={named[person_id].name: role.value for person_id, role in roles.items()},
    )
    return made


def set_role(tx: Tx, actor: Actor, *, organisation: str, person: str, role: Role | None) -> None:
    """Give a person a role in an organisation, or (None) end it. One may always leave."""
    group, member = queries.organisation(tx, organisation), queries.person(tx, person)
    leaves = role is None and member.id == actor.id and actor.scope.reach is rules.Reach.SESSION
    if not leaves and actor is not rules.OPERATOR:
        rules.require_may(actor, Act.GOVERN, Subject(group.id))
    lock_account(tx, group.id)
    if role is not None:
        lock_person(tx, member.id)  # who is just giving up their account gets no role
    if actor is rules.OPERATOR:
        operating.require_run_by_admins(tx, group.id, group.name, role)
    present = tx.session.get(Membership, (member.id, group.id))
    before = None if present is None else Role(present.role)
    is_own = actor is rules.OPERATOR or member.id == actor.id
    if before is role and (present is None or present.until is None or is_own):
        return  # of a role that ends, others can give it for good
    if before is Role.ADMIN and role is not before and _admins_count(tx, group.id) == 1:
        raise Conflict("An organisation keeps at least one admin; make somebody else one first.")
    if role is None:
        tx.session.delete(present)
    elif present is not None:
        present.role, present.until, present.role_after = role.value, None, None
    else:
        joining = Membership(
            person_id=member.id, organisation_id=group.id, role=role.value, since=tx.now
        )
        tx.session.add(joining)
    verb = "ended" if role is None else "granted"
    facts: dict[str, Any] = {} if role is None else {"role": role.value}
    subject = f"membership/{group.name}/{member.name}"
    tx.record(commons_of(group), actor.name, verb, subject, **facts)


def change_profile(
    tx: Tx,
    actor: Actor,
    *,
    account: str,
    fullname: str | None = None,
    bio: str | None = None,
    homepage: str | None = None,
    email: str | None = None,
    private_by_default: bool | None = None,
) -> Account:
    """Change what an account says of itself. What is None stays; the log tells which, not what."""
    found = queries.account(tx, account)
    rules.require_may(actor, Act.GOVERN, Subject(found.id))
    changes = {
        "fullname": None if fullname is None else fields.clean_fullname(fullname),
        "bio": None if bio is None else fields.clean_bio(bio),
        "homepage": None if homepage is None else fields.clean_homepage(homepage),
        "email": None if email is None else fields.clean_email(email),
        "private_by_default": private_by_default,
    }
    changed = [
        each
        for each, value in changes.items()
        if value is not None and value != (getattr(found, each) or type(value)())
    ]
    for each in changed:
        setattr(found, each, changes[each])
    if changed:
        tx.record(commons_of(found), actor.name, "changed", f"account/{found.name}", fields=changed)
    return found


def change_password(ground: Ground, actor: Actor, *, current: str, new: str) -> None:
    """Choose another password; every session ends, so one signs in again everywhere."""
    rules.require_may(actor, Act.SECURE, Subject(rules.require_signed_in(actor)))
    cleaned = fields.clean_password(new, name=actor.name)
    with ground.read() as tx:
        before = tx.session.get_one(Account, actor.id).password
    if not passwords.matches(before, current):
        raise Denied("The present password is not this one.", code="WrongCredentials")
    kept = passwords.hashed(cleaned)
    with ground.write() as tx:
        changed = tx.connection.execute(
            update(Account)
            .where(Account.id == actor.id, Account.password == before)
            .values(password=kept)
        )
        if changed.rowcount != 1:
            raise Conflict("The password was changed meanwhile.")
        _shut_out(tx, actor.id, tokens=False)
        tx.record(HUB, actor.name, "changed", f"account/{actor.name}", fields=["password"])


def set_password(ground: Ground, actor: Actor, *, person: str, password: str) -> None:
    """Give a person a new password, as whoever operates the machine; their sessions end."""
    _require_operator(actor)
    kept = passwords.hashed(fields.clean_password(password, name=person))
    with ground.write() as tx:
        found = queries.person(tx, person)
        found.password = kept
        tx.session.flush()
        _shut_out(tx, found.id, tokens=False)
        tx.record(HUB, actor.name, "changed", f"account/{found.name}", fields=["password"])


def shut_out_everywhere(tx: Tx, actor: Actor, person: Account, *, tokens: bool) -> None:
    """End every session of a person, and with `tokens` every token, for the operator."""
    _require_operator(actor)
    _shut_out(tx, person.id, tokens=tokens)
    fields = ["sessions", "tokens"] if tokens else ["sessions"]
    tx.record(HUB, actor.name, "changed", f"account/{person.name}", fields=fields)


def rename_account(tx: Tx, actor: Actor, *, account: str, name: str) -> Account:
    """Give an account another name. The old one stays its own for ever and leads to the new one."""
    found = queries.account(tx, account)
    rules.require_may(actor, Act.GOVERN, Subject(found.id))
    if actor.scope.reach is not rules.Reach.SESSION:
        raise Denied("Sign in with your password to rename an account.", code="TokenScope")
    before, cleaned = found.name, names.clean_account_name(name)
    if cleaned == before:
        return found
    naming.retire_names(tx, found.id)
    naming.give_name(tx, found.id, cleaned)
    found.name, found.name_key = cleaned, names.fold(cleaned)
    tx.record(commons_of(found), actor.name, "renamed", f"account/{before}", to=cleaned)
    return found


def delete_account(tx: Tx, actor: Actor, *, account: str) -> None:
    """Delete one's own account: what it says of itself, its ways in, its roles. The name stays its.

    What it owns must be gone or moved before; whoever calls this has seen to it.
    """
    found = queries.person(tx, account)
    rules.require_may(actor, Act.SECURE, Subject(found.id))
    locked = sorted(each.id for each in queries.organisations_of(tx, found.id))
    for each_id in locked:
        lock_account(tx, each_id)
    lock_person(tx, found.id)
    for each in queries.organisations_of(tx, found.id):  # as they stand now that they stay
        if each.id not in locked:
            raise Conflict(f"{each.name} gave you a role just now; try again.")
        if each.role is Role.ADMIN and _admins_count(tx, each.id) == 1:
            raise Conflict(f"You are the only admin of {each.name}; make somebody else one first.")
    tx.connection.execute(delete(Membership).where(Membership.person_id == found.id))
    _shut_out(tx, found.id, tokens=True)
    naming.retire_names(tx, found.id)
    found.fullname = found.bio = found.homepage = ""
    found.email = found.password = None
    found.is_operator, found.deleted_at = False, tx.now
    tx.record(HUB, actor.name, "deleted", f"account/{found.name}")


def accept_invite(tx: Tx, actor: Actor, raw: str) -> None:
    """Take the role in an organisation that an invitation holds, with the account one has."""
    mine = rules.require_signed_in(actor)
    rules.require_may(actor, Act.SECURE, Subject(mine))
    link = queries.open_invite(tx, raw)
    if link.organisation_id is None:
        raise Conflict("This invitation is for making an account, and you have one.")
    use_invite(tx, link, tx.session.get_one(Account, mine))


def use_invite(tx: Tx, link: Invite, person: Account) -> None:
    """Spend an invitation, and take the role that it holds."""
    spent = tx.connection.execute(
        update(Invite)
        .where(Invite.id == link.id, Invite.used_at.is_(None))
        .values(used_at=tx.now, used_by_id=person.id)
    )
    if spent.rowcount != 1:
        raise Conflict("This invitation was used already.")
    if link.organisation_id is None or link.role is None:
        return
    if tx.session.get(Membership, (person.id, link.organisation_id)) is not None:
        raise Conflict("You belong to this organisation already.")
    group = tx.session.get_one(Account, link.organisation_id)
    tx.session.add(
        Membership(person_id=person.id, organisation_id=group.id, role=link.role, since=tx.now)
    )
    subject = f"membership/{group.name}/{person.name}"
    tx.record(commons_of(group), person.name, "accepted", subject, role=link.role)


def _add(tx: Tx, kind: AccountKind, name: str, fullname: str) -> Account:
    made = Account(
        kind=kind.value,
        name=name,
        name_key=names.fold(name),
        fullname=fields.clean_fullname(fullname),
        created_at=tx.now,
    )
    naming.require_free(tx, name)
    tx.session.add(made)
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise naming.taken(name) from error
    naming.give_name(tx, made.id, name)
    return made


def _admins_count(tx: Tx, organisation_id: int) -> int:
    tx.flush()
    asked = select(func.count()).where(
        Membership.organisation_id == organisation_id, Membership.role == Role.ADMIN.value
    )
    return int(tx.connection.execute(asked).scalar_one())


def _shut_out(tx: Tx, account_id: int | None, *, tokens: bool) -> None:
    """End every session, and with `tokens` every token too."""
    tx.connection.execute(delete(Session).where(Session.account_id == account_id))
    if tokens:
        tx.connection.execute(
            update(Token)
            .where(Token.account_id == account_id, Token.revoked_at.is_(None))
            .values(revoked_at=tx.now)
        )


def _require_operator(actor: Actor) -> None:
    if actor is not rules.OPERATOR:
        raise Denied("Only whoever operates the machine can do this.")
