"""Names given out, for ever. The unique keys of `account_names` decide between two who want one."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from iriai.base import names
from iriai.base.errors import Conflict
from iriai.base.tx import Tx
from iriai.identity.tables import AccountName

NOBODY = -1


def give_name(tx: Tx, account_id: int, name: str) -> None:
    """Write the name down as this account's, or `Conflict`."""
    require_free(tx, name, for_account=account_id)
    key, look = names.fold(name), names.skeleton(name)
    tx.connection.execute(
        update(AccountName)
        .where(AccountName.account_id == account_id, AccountName.name_look == look)
        .values(name_look=None)
    )
    own = tx.session.get(AccountName, key)
    if own is None:
        own = AccountName(name_key=key, account_id=account_id)
        tx.session.add(own)
    own.name, own.name_look, own.given_at, own.retired_at = name, look, tx.now, None
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise taken(name) from error


def retire_names(tx: Tx, account_id: int) -> None:
    """Note that the account leaves its name. Nobody else ever gets it."""
    tx.connection.execute(
        update(AccountName)
        .where(AccountName.account_id == account_id, AccountName.retired_at.is_(None))
        .values(retired_at=tx.now)
    )


def require_free(tx: Tx, name: str, *, for_account: int = NOBODY) -> None:
    """Refuse a name that another account has, had, or could be mistaken for."""
    asked = select(AccountName.name).where(
        (AccountName.name_key == names.fold(name))
        | (AccountName.name_look == names.skeleton(name)),
        AccountName.account_id != for_account,
    )
    if tx.connection.execute(asked).first() is not None:
        raise taken(name)


def taken(name: str) -> Conflict:
    """The error for a name that cannot be given."""
    return Conflict(
        f"The name {name} is taken, was once, or looks like one that is; choose another.",
        code="NameTaken",
    )
