"""Who has to wait: rows of accounts that one transaction at a time may decide about.

An organisation's row is locked before a person's; nobody waits the other way round.
"""

from sqlalchemy import select

from iriai.base.errors import Gone, Unknown
from iriai.base.tx import Tx
from iriai.identity.tables import Account, Invite


def lock_account(tx: Tx, account_id: int) -> None:
    """Let nobody else change this account's people until the transaction ends."""
    tx.connection.execute(select(Account.id).where(Account.id == account_id).with_for_update())


def lock_person(tx: Tx, account_id: int) -> Account:
    """Somebody's account as it stands now, and stays until the transaction ends."""
    tx.flush()
    asked = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    found = tx.session.scalar(asked.execution_options(populate_existing=True))
    if found is None:
        raise Unknown("There is no such account.", code="AccountNotFound")
    if found.deleted_at is not None:
        raise Gone(f"The account {found.name!r} was deleted meanwhile.", code="AccountGone")
    return found


def lock_first_invites(tx: Tx) -> None:
    """Let one at a time use a link for the very first account, whichever of several it is."""
    asked = select(Invite.id).where(Invite.is_first).order_by(Invite.id)
    tx.connection.execute(asked.with_for_update()).all()
