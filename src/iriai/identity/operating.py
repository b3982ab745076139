"""Where the operator's hands are tied: among people who decide for themselves who they are."""

from sqlalchemy import select

from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.identity.rules import Role
from iriai.identity.tables import Membership


def require_run_by_admins(tx: Tx, organisation_id: int, name: str, role: Role | None) -> None:
    """The operator gives and takes roles where administrators do.

    Where the members decide nobody is administrator, and the operator is no exception; where the
    last administrator is gone, another is named in the open (`commons.breakglass`). Where nobody
    belongs yet, the first is an administrator.
    """
    tx.flush()
    asked = select(Membership.role).where(Membership.organisation_id == organisation_id)
    roles = set(tx.connection.execute(asked.distinct()).scalars())
    if roles and Role.ADMIN.value not in roles:
        raise Denied(
            f"Nobody administers {name}, and the operator gives or takes no role there. Where its "
            f"members decide who belongs, propose it at /commons/{name}/proposals; in an emergency "
            f"there is `iriai commons break-glass {name} suspend USER`. Where its owners decided "
            f"and all of them are gone, `iriai commons break-glass {name} administer USER` names "
            "a new one. Both stand in its log, and lapse unless they are ratified.",
            code="CharterSays",
        )
    if not roles and role is not Role.ADMIN:
        raise Denied(
            f"Nobody administers {name} yet. First name somebody who does: "
            f"iriai org member {name} USER:admin",
            code="NobodyAdministers",
        )
