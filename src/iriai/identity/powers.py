"""What a decision does to people: roles that end by themselves, repositories to keep, restrictions.

Whoever enacts the decision records it; nothing is recorded here.
"""

from datetime import datetime

from sqlalchemy import or_, select

from iriai.base.tx import Tx
from iriai.identity.rules import EVERYWHERE, Role
from iriai.identity.rules import Restriction as Kind
from iriai.identity.tables import Account, Maintainer, Membership, Restriction


def set_role_until(
    tx: Tx,
    account_id: int,
    organisation_id: int,
    role: Role | None,
    *,
    until: datetime | None = None,
    role_after: Role | None = None,
) -> None:
    """Give a role, from `until` on `role_after` instead; None ends it now."""
    if role is not None:
        asked = select(Account.deleted_at).where(Account.id == account_id)
        gone = tx.connection.execute(asked.with_for_update(key_share=True)).scalar_one_or_none()
        role = None if gone is not None else role  # they have just given up their account
    present = tx.session.get(Membership, (account_id, organisation_id))
    if role is None:
        if present is not None:
            tx.session.delete(present)
            tx.flush()
        return
    if present is None:
        present = Membership(person_id=account_id, organisation_id=organisation_id, since=tx.now)
        tx.session.add(present)
    present.role, present.until = role.value, until
    present.role_after = None if role_after is None else role_after.value
    tx.flush()


def make_maintainer(tx: Tx, account_id: int, repo_id: int, until: datetime) -> None:
    """Let somebody keep a repository of a commons until a day: write to it, and set it up."""
    tx.session.merge(Maintainer(person_id=account_id, repo_id=repo_id, until=until))
    _retell(tx, account_id)


def end_maintainer(tx: Tx, account_id: int, repo_id: int) -> None:
    """Take that back at once."""
    present = tx.session.get(Maintainer, (account_id, repo_id))
    if present is not None:
        tx.session.delete(present)
        _retell(tx, account_id)


def restrict(
    tx: Tx,
    account_id: int,
    organisation_id: int | None,
    restricted: Kind,
    until: datetime | None,
    *,
    appeal_at: str = "",
) -> None:
    """Restrict somebody in an organisation, or (None) on the whole hub; replaces what was there."""
    tx.session.merge(
        Restriction(
            account_id=account_id,
            organisation_id=EVERYWHERE if organisation_id is None else organisation_id,
            kind=restricted.value,
            since=tx.now,
            until=until,
            appeal_at=appeal_at,
        )
    )
    _retell(tx, account_id)


def lift(tx: Tx, account_id: int, organisation_id: int | None) -> None:
    """End a restriction before its day."""
    place = EVERYWHERE if organisation_id is None else organisation_id
    present = tx.session.get(Restriction, (account_id, place))
    if present is not None:
        tx.session.delete(present)
        _retell(tx, account_id)


def restriction(tx: Tx, account_id: int, organisation_id: int | None) -> Restriction | None:
    """What somebody is restricted to there now, to see whose word it was."""
    place = EVERYWHERE if organisation_id is None else organisation_id
    tx.flush()
    found = tx.session.get(Restriction, (account_id, place))
    return None if found is None or (found.until and found.until <= tx.now) else found


def is_restricted_since(
    tx: Tx, account_id: int, organisation_id: int | None, moment: datetime
) -> bool:
    """Whether what restricts somebody there, or did until its day, was put there at that moment."""
    place = EVERYWHERE if organisation_id is None else organisation_id
    tx.flush()
    found = tx.session.get(Restriction, (account_id, place))
    return found is not None and found.since == moment


def _retell(tx: Tx, account_id: int) -> None:
    """Say in short, beside the account, what it keeps and by what it is bound."""
    tx.flush()
    mine = select(Account.id).where(Account.id == account_id)  # two commons may change it at once
    tx.connection.execute(mine.with_for_update(key_share=True))
    keeps = tx.connection.execute(
        select(Maintainer.repo_id, Maintainer.until).where(
            Maintainer.person_id == account_id, Maintainer.until > tx.now
        )
    )
    bound = tx.connection.execute(
        select(*Restriction.__table__.columns, Account.name)
        .outerjoin(Account, Account.id == Restriction.organisation_id)
        .where(
            Restriction.account_id == account_id,
            or_(Restriction.until.is_(None), Restriction.until > tx.now),
        )
    )
    terms = {
        "keeps": {str(each.repo_id): each.until.isoformat() for each in keeps},
        "bound": {
            str(each.organisation_id): [
                each.kind,
                None if each.until is None else each.until.isoformat(),
                each.appeal_at,
                each.name or "",
            ]
            for each in bound
        },
    }
    account = tx.session.get_one(Account, account_id, populate_existing=True)
    account.terms = terms if terms["keeps"] or terms["bound"] else None
    tx.flush()
