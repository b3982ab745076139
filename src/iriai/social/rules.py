"""Who may like and follow, and how much. Pure.

One likes what one may see, and follows people and organisations. Both are public, as they are where
the clients come from: whoever may see a repository sees who likes it.
"""

from dataclasses import dataclass
from datetime import datetime

from iriai.base.errors import Excessive, Invalid
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.repos import rules as repos
from iriai.repos.rules import Repo

LIKES_MAX = 20_000
FOLLOWED_MAX = 10_000
PAGE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person or an organisation in a list of them. `place` is where the list goes on."""

    place: int
    id: int
    name: str
    fullname: str
    is_organisation: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Liked:
    """A repository that somebody likes."""

    place: int
    repo: Repo
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """How somebody stands among others, as one who asks may know."""

    likes: int
    followers: int
    following: int
    is_followed: bool


def require_may_like(actor: Actor, repo: Repo) -> int:
    """Whoever may see a repository and is signed in may like it. Returns who that is."""
    repos.require_see(actor, repo)
    require_may(actor, Act.DISCUSS, repos.subject(repo))
    return require_signed_in(actor)


def require_may_follow(actor: Actor, account_id: int) -> int:
    """Everybody may follow everybody else. Returns who follows."""
    require_may(actor, Act.DISCUSS, Subject(account_id, is_public=True))
    follower = require_signed_in(actor)
    if follower == account_id:
        raise Invalid("Nobody follows themselves.")
    return follower


def require_room_for_likes(count: int) -> None:
    """One likes so many repositories and no more."""
    if count >= LIKES_MAX:
        raise Excessive(f"You like {LIKES_MAX:,} repositories already; take one back first.")


def require_room_to_follow(count: int) -> None:
    """One follows so many and no more."""
    if count >= FOLLOWED_MAX:
        raise Excessive(f"You follow {FOLLOWED_MAX:,} already; leave one first.")
