"""Where the operator's hands are tied: among people who decide for themselves who they are."""

from sqlalchemy import select

from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.identity.rules import Role
from iriai.identity.tables import Membership


def require_run_by_admins(tx: Tx, organisation_id: int, name: str) -> None:
    """The operator gives and takes roles where administrators do.

    Where the members decide nobody is administrator, and the operator is no exception.
    """
    tx.flush()
    asked = select(Membership.role).where(Membership.organisation_id == organisation_id)
    roles = set(tx.connection.execute(asked.distinct()).scalars())
    if roles and Role.ADMIN.value not in roles:
        raise Denied(
            f"The members of {name} decide who belongs to it, and the operator gives or takes no "
            f"role there. Propose it at /commons/{name}/proposals; in an emergency there is "
            f"`iriai commons break-glass {name} suspend USER`, which its log shows and which "
            "lapses unless the members ratify it.",
            code="CharterSays",
        )
