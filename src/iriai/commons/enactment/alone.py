"""When one member is left: a commons may become `solo` again, by its own vote, never silently.

That one person then decides alone, as where a commons begins, and administers the organisation. It
ends by itself when a second member is there, a new one or one who comes back from rest: what the
members had agreed on last is in force again. A commons that never had members' rules is its
owners' then.
"""

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Tx
from iriai.commons.charter import powers as charters
from iriai.commons.charter import presets, queries
from iriai.commons.charter.rules import Charter, Preset
from iriai.commons.membership import powers as membership
from iriai.commons.membership import queries as members
from iriai.commons.membership.rules import Row, State, state_of

SECOND_MEMBER = "there is a second member"
"""What stands for a decision where `solo` ended by itself."""
FOLLOW = "charter.follow"
"""The job that lands what is in force then, where nothing else did: see `succession`."""
LEFT = (State.MEMBER, State.SUSPENDED)


def last(tx: Tx, commons_id: int) -> Row | None:
    """The one member who is left, a person with a vote; who rests can come back, and is not one."""
    there = [row for row in members.rows(tx, commons_id) if row.state in LEFT]
    if len(there) != 1 or state_of(there[0], tx.now) is not State.MEMBER:
        return None
    electors = {each.account_id for each in members.electors(tx, commons_id)}
    return there[0] if there[0].account_id in electors and not _is_institution(there[0]) else None


def require_last(tx: Tx, commons_id: int, before: Charter, after: Charter) -> None:
    """From members' rules back to `solo` only where one member is left to decide."""
    if after.is_collective or not before.is_collective or last(tx, commons_id) is not None:
        return
    raise Invalid(
        f"{after.commons} becomes solo again only where one person is left who is a member with a "
        "vote. Where nobody is left, the commons above it takes custody.",
        code="CharterSays",
    )


def begin(tx: Tx, commons_id: int) -> None:
    """Give the one who is left the role with which they decide."""
    for row in members.rows(tx, commons_id):
        membership.obey(tx, commons_id, row.account_id)


def follows(tx: Tx, commons_id: int) -> str | None:
    """What is in force once there is a second member; None where it is not `solo` now."""
    now = queries.in_force(tx, commons_id)
    if now.preset is not Preset.SOLO:
        return None
    return _members_last(tx, commons_id) or presets.text(Preset.OWNERS, now.commons)


def end(tx: Tx, commons_id: int) -> bool:
    """Put the members' last rules into force again; False where there were none, or it is not solo.

    For when there is a second member, in the transaction that makes them one.
    """
    now = queries.in_force(tx, commons_id)
    text = _members_last(tx, commons_id) if now.preset is Preset.SOLO else None
    if text is None:
        return False
    held_from, by = queries.version(tx, commons_id).holds_from, f"system:charter/{now.commons}"
    charters.adopt(tx, commons_id, text, decision=SECOND_MEMBER, by=by, holds_from=held_from)
    begin(tx, commons_id)
    tx.enqueue(FOLLOW, {}, key=FOLLOW)
    return True


def _members_last(tx: Tx, commons_id: int) -> str | None:
    for each in queries.history(tx, commons_id):
        if each.id is not None and queries.version_by_id(tx, each.id)[1].is_collective:
            return queries.text(tx, commons_id, each.number)
    return None


def require_may_leave(tx: Tx, commons_id: int, account_id: int) -> None:
    """Whoever decides alone does not leave what they hold to nobody."""
    charter = queries.in_force(tx, commons_id)
    row = members.member(tx, commons_id, account_id)
    if charter.preset is Preset.SOLO and row is not None and row.state is State.MEMBER:
        raise Conflict(
            f"You decide alone in {charter.commons}. Admit somebody first; then you can leave."
        )


def _is_institution(row: Row) -> bool:
    return row.kind == "institution"
