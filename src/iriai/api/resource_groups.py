"""Resource groups: this hub keeps none, and says so of any that is named.

What its sender meant for a group of an organisation's members must not become visible to all of
them, so a group is refused and never left aside.
"""

from iriai.api.bodies import Body
from iriai.base.errors import Unknown


def require_none(body: Body) -> None:
    """`Unknown` where a body names a resource group."""
    if body.get("resourceGroupId") is not None:
        raise Unknown(
            "There is no such resource group: this hub keeps none. Who may see and change what an "
            "organisation owns is decided by roles in it, and by what is private.",
            code="ResourceGroupNotFound",
        )
