"""What the index says of a repository: made from itself, its card and its README.

Nothing is judged here: who may see a repository is one of its tokens, and is judged again when it
is found.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iriai.base.errors import HubError
from iriai.base.tx import Ground
from iriai.cards import rules as card_rules
from iriai.cards.files import Tree
from iriai.cards.queries import Card
from iriai.repos import withheld
from iriai.repos.rules import Repo
from iriai.search import rules, words
from iriai.search import tokens as tokens_of

README = "README.md"
README_CHARACTERS_MAX = 100_000
README_WORDS_MAX = 5_000
"""How many different words of a card are found: all, but for those of the very longest cards."""
TAGS_MAX = 250
TITLES = ("title", "pretty_name", "model_name", "name")
SENTENCES = ("description", "short_description")
SENTENCE_LENGTH_MAX = 2_000

CARD_WORDS_KNOWN_MAX = 2_000
"""Of how many words of a card slips are put right."""
EDITION = "w3"
"""Changes when documents are made in another way, so that those of before are made anew."""

_NOISE = re.compile(r"<[^<>]{0,500}>|https?://\S+|!\[[^\[\]]{0,500}\]\([^()]{0,2000}\)")


@dataclass(frozen=True, slots=True)
class Source:
    """What a document is made from. `facets` are the card's words for listings."""

    repo: Repo
    card: Card | None
    facets: tuple[str, ...]
    refreshed_at: datetime | None

    @property
    def made_of(self) -> str:
        """A word that differs when anything differs that a document is made from."""
        repo = self.repo
        return " ".join(
            str(each)
            for each in (
                repo.full_name,
                repo.visibility,
                repo.gated or "-",
                repo.sdk or "-",
                self.card.sha if self.card else "-",
                self.refreshed_at.isoformat() if self.refreshed_at else "-",
                EDITION,
            )
        )

    @property
    def scope(self) -> str:
        """Among whose repositories it is found."""
        repo = self.repo
        return tokens_of.scope(repo.kind, repo.owner_id if repo.is_private else None)

    @property
    def is_behind(self) -> bool:
        """Whether the card was read at another commit than the newest."""
        return self.repo.head is not None and (self.card is None or self.card.sha != self.repo.head)


@dataclass(frozen=True, slots=True)
class Document:
    """A repository in tokens. `names` is its names as they are compared.

    `known` are the words of its names and tags, `worded` some of its card's, both for putting
    slips right, and empty where not everybody may see it.
    """

    names: str
    tokens: str
    known: frozenset[str]
    worded: frozenset[str]


def document(ground: Ground, source: Source) -> Document:
    """The document of a repository. Reads its README from git."""
    repo, card = source.repo, source.card
    data: Mapping[str, Any] = card.data if card else {}
    titles = [text for key in TITLES for text in card_rules.texts(data.get(key))][:8]
    titles = [title[: rules.FILTER_LENGTH_MAX] for title in titles]
    tags = list(source.facets)[:TAGS_MAX]
    named = words.name_tokens(repo.owner, repo.name, *titles)
    tagged = {word for tag in tags for word in words.words(tag)}
    said = [*dict.fromkeys((*_sentences(data), *_readme(ground, source)))]
    tokens = named | tagged | set(said)
    tokens |= {tokens_of.fact(source.scope, *each) for each in _facts(source, tags)}
    names = " ".join(words.folded(name) for name in (repo.owner, repo.name, *titles))
    known = tagged | {*words.words(f"{repo.full_name} {' '.join(titles)}")}
    return Document(
        names=names,
        tokens=" ".join(sorted(tokens)),
        known=frozenset(known) if not repo.is_private else frozenset(),
        worded=frozenset(said[:CARD_WORDS_KNOWN_MAX]) if not repo.is_private else frozenset(),
    )


def _facts(source: Source, tags: Iterable[str]) -> Iterable[tuple[str, object]]:
    repo, card = source.repo, source.card
    yield "is", ""
    yield "owner", repo.owner_id
    yield "gated", repo.gated is not None
    for tag in tags:
        yield "tag", tag
    if repo.sdk:
        yield "sdk", repo.sdk
    if card is None:
        return
    for name, value in (
        ("pipeline", card.pipeline_tag),
        ("library", card.library_name),
        ("licence", card.licence),
    ):
        if value is not None:
            yield name, value
    if card.parameters is not None:
        yield "size", card.parameters.bit_length()


def _sentences(data: Mapping[str, Any]) -> Iterable[str]:
    for key in SENTENCES:
        value = data.get(key)
        if isinstance(value, str):
            yield from words.words(value[:SENTENCE_LENGTH_MAX])


def _readme(ground: Ground, source: Source) -> Iterable[str]:
    """The words of the card's text, each once."""
    repo = source.repo
    if source.card is None or repo.head is None:
        return []
    try:
        with ground.read() as tx:
            hidden = withheld.hidden(tx, repo)
        found = Tree(ground, repo.id, source.card.sha, (), hidden).text(README)
    except HubError:
        return []  # its pack is not to be had just now; the names and tags are
    _, body = card_rules.split((found or b"").decode("utf-8", "replace"))
    kept = dict.fromkeys(words.words(_NOISE.sub(" ", body[:README_CHARACTERS_MAX])))
    return list(kept)[:README_WORDS_MAX]
