"""Which refs a push may change, and how. Pure.

Branches and tags move as their writers say, backwards too; main stays. Pull requests are opened on
the hub, and then pushed to by their author or whoever writes.
"""

from collections.abc import Mapping, Sequence

from iriai.base.errors import HubError, Invalid
from iriai.identity.rules import Actor
from iriai.repos import guarded, rules
from iriai.repos.git.quarantine import Update
from iriai.repos.rules import CONVERTS, HEADS, MAIN, PULLS, TAGS, Ref, Repo

STALE = "Somebody else changed this ref meanwhile: fetch first, then push again."


def faults(
    actor: Actor,
    repo: Repo,
    updates: Sequence[Update],
    current: Mapping[str, Ref],
    *,
    hub: str = "",
) -> dict[str, str | None]:
    """For each update why it may not be, or None. `hub` is this hub's address."""
    found: dict[str, str | None] = dict.fromkeys(each.name for each in updates)
    for each in updates:
        try:
            require_allowed(actor, repo, each, updates, current, hub=hub)
        except HubError as error:
            found[each.name] = error.message
    return found


def require_allowed(
    actor: Actor,
    repo: Repo,
    update: Update,
    updates: Sequence[Update],
    current: Mapping[str, Ref],
    *,
    hub: str,
) -> None:
    """One update may be, beside the others of its push and what is there."""
    guarded.require_by_hand(repo, update.name, hub=hub)
    _require_allowed(actor, repo, update, current)
    if update.old is not None and (update.new is None or update.name.startswith(TAGS)):
        guarded.require_history_kept(repo, update.name, hub=hub)
    if update.new is not None and update.name not in current:
        _require_none_within(update, current, updates)


def _require_allowed(actor: Actor, repo: Repo, update: Update, current: Mapping[str, Ref]) -> None:
    name, ref = update.name, current.get(update.name)
    if name.startswith((HEADS, TAGS)):
        rules.clean_ref(name.removeprefix(HEADS).removeprefix(TAGS))
    elif name.startswith(PULLS):
        if ref is None or update.new is None:
            raise Invalid("A pull request is opened and closed on the hub, not by a push.")
    elif name.startswith(CONVERTS):
        raise Invalid("Refs under refs/convert/ are made by the hub.")
    else:
        raise Invalid("Branches (refs/heads/) and tags (refs/tags/) can be pushed, nothing else.")
    rules.require_commit_to(actor, repo, ref)
    if name == MAIN and update.new is None:
        raise Invalid("Cannot delete refs/heads/main")
    if (ref.sha if ref else None) != update.old:
        raise Invalid(STALE)
    if ref is None:
        rules.require_room_for_refs(len(current))


def _require_none_within(
    update: Update, current: Mapping[str, Ref], updates: Sequence[Update]
) -> None:
    """Git keeps refs as files once did: beside `a/b` there can be no `a`."""
    gone = {each.name for each in updates if each.new is None}
    coming = {each.name for each in updates if each.new is not None and each is not update}
    for other in (set(current) - gone) | coming:
        if other.startswith(update.name + "/") or update.name.startswith(other + "/"):
            raise Invalid(f"There can be no {update.name} beside {other}.")
