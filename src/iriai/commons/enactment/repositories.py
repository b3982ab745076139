"""What is done to a repository as a whole: made, deleted, moved, shown or hidden.

What a person holds is theirs: their acts go straight to `repos.actions`. What an organisation or a
commons holds is touched only by a decision, which under `solo` and `owners` is the word of an
administrator. What comes into a commons that decides together is held by it from then on.
"""

from typing import Any

from iriai.base.tx import Ground, Tx
from iriai.cards import queries as cards
from iriai.cards.rules import licences_of
from iriai.commons import queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import booking, landing
from iriai.commons.enactment.deciding import decide, decide_for, holder, is_collective
from iriai.identity import queries as identity
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos import actions as repos
from iriai.repos import guarded, powers, register
from iriai.repos import queries as repos_queries
from iriai.repos.rules import MAIN, HeldBy, Kind, Repo, require_see


def create_repository(ground: Ground, actor: Actor, *, owner: str, **how: Any) -> Repo:
    """Make a repository. In a commons, whoever its charter lets; the commons holds it."""
    with ground.read() as tx:
        held_by = _received(tx, actor, _owner(tx, actor, owner, how["kind"]))
    made = repos.create(ground, actor, owner=owner, held_by=held_by, **how)
    made = _booked(ground, actor, made)
    if made.sdk is not None and made.head is not None:  # a space begins with a card
        landing.refresh_card(ground, made, {MAIN: made.head})
    return made


def duplicate_repository(
    ground: Ground, actor: Actor, source: Repo, *, owner: str, name: str, visibility: str | None
) -> Repo:
    """Copy a repository with its history, into one's own name or a commons that lets one."""
    with ground.read() as tx:
        to = _owner(tx, actor, owner, source.kind)
        held_by = _received(tx, actor, to)
        _require_licence(tx, source, to, held_by)
    made = repos.duplicate(ground, actor, source, owner, name, visibility, held_by)
    return _booked(ground, actor, made)


def delete_repository(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Delete a repository; its name is never free again, its bytes go after a grace."""
    if repo.held_by is HeldBy.PERSON:
        repos.delete(tx, actor, repo)
        return
    require_see(actor, repo)
    decide(tx, actor, Action.RESOURCE_DELETE, repo)
    powers.delete(tx, actor, repo)


def move_repository(tx: Tx, actor: Actor, repo: Repo, *, to_owner: str, to_name: str) -> Repo:
    """Give a repository a new name or a new owner; its old name leads to the new one."""
    if repo.held_by is not HeldBy.PERSON:
        require_see(actor, repo)
        decide(tx, actor, Action.RESOURCE_TRANSFER, repo)
    owner = _owner(tx, actor, to_owner, repo.kind)
    held_by = None if owner.id == repo.owner_id else _received(tx, actor, owner)
    _require_licence(tx, repo, owner, held_by)
    move = repos.move if repo.held_by is HeldBy.PERSON else powers.move
    made = move(tx, actor, repo, to_owner=to_owner, to_name=to_name, held_by=held_by)
    booking.leave(tx, actor, repo, made)
    return made


def change_settings(tx: Tx, actor: Actor, repo: Repo, **settings: Any) -> Repo:
    """Change a repository's settings. Who sees what the commons holds, only the commons decides.

    So it is, too, with what a commons will hold when its notice is over: nobody hides it before.
    """
    if repo.held_by is HeldBy.PERSON or not is_collective(tx, repo.owner_id):
        return repos.change_settings(tx, actor, repo, **settings)
    require_see(actor, repo)
    guarded.require_ordinary(repo, hub=tx.ground.settings.url, act="hidden, gated or silenced")
    changed = {name: value for name, value in settings.items() if value is not repos.UNSET}
    if changed.get("visibility") is None:
        changed.pop("visibility", None)
    else:
        repos.require_visibility(repo.kind, changed["visibility"])
        decide(tx, actor, Action.RESOURCE_VISIBILITY, repo)
    if "gated" in changed or changed.get("discussions_disabled") is not None:
        decide(tx, actor, Action.RESOURCE_GATE, repo)
    return powers.settle(tx, actor, repo, **changed) if changed else repo


def _booked(ground: Ground, actor: Actor, made: Repo) -> Repo:
    """What was made in a commons, counting for the institution for which its maker acts."""
    if made.held_by is not HeldBy.COMMONS:
        return made
    with ground.write() as tx:
        booking.begin(tx, actor, made)
        return repos_queries.by_id(tx, made.id)


def _require_licence(tx: Tx, repo: Repo, to: Account, held_by: HeldBy | None) -> None:
    """What comes into a commons has a licence that its charter allows."""
    card = cards.card(tx, repo.id)
    if held_by is HeldBy.COMMONS and card is not None:
        charter = charters.in_force(tx, queries.of(tx, to.id))
        for each in licences_of(card.data):
            landing.require_licence_allowed(charter, each)


def _owner(tx: Tx, actor: Actor, name: str, kind: Kind) -> Account:
    """The account of this name; one that is not there is refused as somebody else's is."""
    return identity.find_account(tx, name) or register.owner_for(tx, actor, name, kind)


def _received(tx: Tx, actor: Actor, owner: Account) -> HeldBy:
    """Who will hold what comes to this account, if `actor` may bring it there."""
    if owner.is_organisation:
        decide_for(tx, actor, Action.RESOURCE_CREATE, owner_id=owner.id, owner=owner.name)
    return holder(tx, owner.id, is_organisation=owner.is_organisation)
