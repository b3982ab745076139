"""What a collection is called, what it may hold, and who keeps it. Pure.

A collection's address is `owner/words-of-its-title-key`, and only the key, 24 hex digits, is looked
at: whatever it was called before, and whoever its owner was called, an old address finds it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from iriai.base.errors import Conflict, Excessive, Invalid, Unknown
from iriai.base.names import fold
from iriai.identity.rules import Act, Actor, Subject, may, require_may

TITLE_LENGTH_MAX = 120
DESCRIPTION_LENGTH_MAX = 150
NOTE_LENGTH_MAX = 500
WORDS_LENGTH_MAX = 80
ITEMS_MAX = 1_000
ITEMS_LISTED = 4
COLLECTIONS_MAX = 1_000
PAGE_LENGTH = 100
KEY_BYTES = 12

KEY = re.compile(r"(?:.*-)?([0-9a-f]{24})")
PAPER = re.compile(r"\d{4}\.\d{4,5}")
NOT_A_WORD = re.compile(r"[^a-z0-9]+")


class Theme(StrEnum):
    """The colours a collection may have, by the clients' names."""

    ORANGE = "orange"
    BLUE = "blue"
    GREEN = "green"
    PURPLE = "purple"
    PINK = "pink"
    INDIGO = "indigo"


class ItemKind(StrEnum):
    """What can be collected."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"
    PAPER = "paper"
    COLLECTION = "collection"
    BUCKET = "bucket"


REPOSITORIES = frozenset({ItemKind.MODEL, ItemKind.DATASET, ItemKind.SPACE})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a collection is."""

    id: int
    name: str
    fullname: str
    is_organisation: bool
    commons_id: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, without what it holds."""

    id: int
    key: str
    owner: Owner
    title: str
    description: str
    is_private: bool
    theme: Theme
    position: int
    upvotes: int
    created_at: datetime
    updated_at: datetime

    @property
    def slug(self) -> str:
        """`ada/small-models-64f9a55bb3115b4f513ec026`."""
        made = words(self.title)
        return f"{self.owner.name}/{made}-{self.key}" if made else f"{self.owner.name}/{self.key}"

    @property
    def subject(self) -> str:
        """How the log names it: by its address where everyone may know of it."""
        return f"collection/{self.key if self.is_private else self.slug}"


def words(title: str) -> str:
    """A title as it stands in an address: `Small models!` is `small-models`."""
    return NOT_A_WORD.sub("-", fold(title)).strip("-")[:WORDS_LENGTH_MAX].strip("-")


def key_in(slug: str) -> str | None:
    """The key at the end of an address, if it has one."""
    found = KEY.fullmatch(slug)
    return found.group(1) if found else None


def may_see(actor: Actor, owner_id: int, *, is_private: bool) -> bool:
    """A public collection is everybody's to see, a private one its owner's and their members'."""
    return not is_private or may(actor, Act.READ, Subject(owner_id))


def require_may_keep(actor: Actor, owner_id: int) -> None:
    """A person keeps their own collections, an organisation's those who write there."""
    require_may(actor, Act.WRITE, Subject(owner_id))


def require_may_vote(actor: Actor, collection: Collection) -> None:
    """Whoever sees a collection and is signed in may recommend it."""
    subject = Subject(collection.owner.id, is_public=not collection.is_private)
    require_may(actor, Act.DISCUSS, subject)


def clean_title(title: str) -> str:
    """A title fit to be kept, or `Invalid`."""
    cleaned = " ".join(title.split())
    if not cleaned or len(cleaned) > TITLE_LENGTH_MAX:
        raise Invalid(f"A collection's title has 1 to {TITLE_LENGTH_MAX} characters.")
    return cleaned


def clean_description(text: str) -> str:
    """A description fit to be kept, or `Invalid`."""
    cleaned = text.replace("\r\n", "\n").strip()
    if len(cleaned) > DESCRIPTION_LENGTH_MAX:
        raise Invalid(f"A description has at most {DESCRIPTION_LENGTH_MAX} characters.")
    return cleaned


def clean_note(text: str) -> str:
    """A note fit to be kept, or `Invalid`."""
    cleaned = text.replace("\r\n", "\n").strip()
    if len(cleaned) > NOTE_LENGTH_MAX:
        raise Invalid(f"A note has at most {NOTE_LENGTH_MAX} characters.")
    return cleaned


def clean_theme(word: str) -> Theme:
    """A colour, from its name."""
    try:
        return Theme(word)
    except ValueError:
        raise Invalid(f'"theme" is one of {", ".join(Theme)}.') from None


def clean_kind(word: str) -> ItemKind:
    """What is collected, from its word."""
    try:
        return ItemKind(word)
    except ValueError:
        raise Invalid(f"A collection holds {', '.join(ItemKind)}.") from None


def clean_item_id(kind: ItemKind, given: str) -> str:
    """What the item is called: `datasets/ada/tiny` is `ada/tiny`; a paper has an arXiv number."""
    cleaned = given.strip().removeprefix(f"{kind}s/")
    if kind is ItemKind.PAPER and not PAPER.fullmatch(cleaned):
        raise unknown_item()
    return cleaned


def moved(order: Sequence[int], one: int, position: int, *, seen: Sequence[int]) -> list[int]:
    """`order` with one of it moved to `position`, counted from 0 over what is `seen` of it.

    Past the end is at the end; what is not seen keeps its place beside the others.
    """
    rest = [each for each in order if each != one]
    others = [each for each in seen if each != one]
    place = rest.index(others[position]) if 0 <= position < len(others) else len(rest)
    return [*rest[:place], one, *rest[place:]]


def require_room(count: int) -> None:
    """A collection holds so much and no more."""
    if count >= ITEMS_MAX:
        raise Excessive(f"A collection holds at most {ITEMS_MAX:,} things.")


def require_room_for_another(count: int) -> None:
    """An account keeps so many collections and no more."""
    if count >= COLLECTIONS_MAX:
        raise Excessive(f"An account keeps at most {COLLECTIONS_MAX:,} collections.")


def unknown_collection() -> Unknown:
    """The one answer for what is missing and what is private."""
    return Unknown("Collection not found", code="CollectionNotFound")


def unknown_item() -> Unknown:
    """What should be collected, or was, is not there."""
    return Unknown("There is no such item.", code="ItemNotFound")


def has_item() -> Conflict:
    """The item is in the collection already."""
    return Conflict("This is in the collection already.", code="ItemExists")


class TitleTaken(Conflict):
    """The owner has a collection of this title; `slug` is its address."""

    def __init__(self, slug: str) -> None:
        super().__init__("You have a collection of this title already.", code="CollectionExists")
        self.slug = slug
