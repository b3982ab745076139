"""What is done with a commons itself: founding one."""

from collections.abc import Mapping
from typing import Any

from iriai.base.tx import Tx
from iriai.commons.charter import actions as charters
from iriai.commons.charter import presets
from iriai.commons.charter import queries as charter_queries
from iriai.commons.charter.rules import Preset
from iriai.commons.tables import Commons
from iriai.identity import actions as identity
from iriai.identity.rules import Actor, Role
from iriai.identity.tables import Account


def found_organisation(
    tx: Tx,
    actor: Actor,
    *,
    name: str,
    fullname: str = "",
    members: Mapping[str, Role] | None = None,
    private_by_default: bool = False,
    charter: str | None = None,
) -> Account:
    """Make an organisation and its commons, which decides as `owners` until it says otherwise."""
    made = identity.add_organisation(
        tx,
        actor,
        name=name,
        fullname=fullname,
        members=members or {},
        private_by_default=private_by_default,
    )
    tx.flush()
    commons = Commons(account_id=made.id, preset=Preset.OWNERS.value, founded_at=tx.now)
    tx.session.add(commons)
    tx.flush()
    commons_id = made.commons_id = commons.id
    tx.flush()
    text = charter or presets.text(Preset.OWNERS, made.name)
    begun = charters.begin(tx, commons_id, text)
    facts: dict[str, Any] = {"preset": begun.preset, "digest": charter_queries.digest(text)}
    tx.record(commons_id, actor.name, "founded", f"commons/{made.name}", **facts)
    return made
