"""Names: which ones are allowed, which are taken already, and which only look as if they were free.

Accounts and repositories are named by Hugging Face's own rule (`huggingface_hub.utils.
validate_repo_id`: ASCII letters, digits, `-`, `_` and `.`, at most 96), so that every name given
out works in every client. Two things come on top of it:

* The first word of a route is never an account. `RESERVED` is the one list; the router and the
  rule for names both read it, and a test ties them together. Without it `/datasets/squad` would be
  the model `squad` of an account `datasets`.
* Two names that a person cannot tell apart are not both given out. A table keeps two keys of each
  name: `fold(name)`, under which it is looked up (ids are case-insensitive) and unique, and
  `skeleton(name)`, which is only there to be unique: `Iota`, `lota` and `1ota` share it.
"""

import re
import unicodedata
from functools import lru_cache

from iriai.base.errors import Invalid

NAME_LENGTH_MAX = 96
NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII)
ENDINGS_REFUSED = (".git", ".ipynb")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROUTES_OF_CLIENTS = _words(
    """
    api buckets collections datasets docs hub join jobs kernels lfs login logout models new
    new-collection new-dataset new-space notifications oauth organizations papers resolve-cache
    search settings spaces tasks telemetry uploads v1 v2 webhooks xet xorbs
    """
)
"""The first words that Hugging Face's clients and pages use."""

ROUTES_OF_OURS = _words(
    """
    .well-known apple-touch-icon.png bytes commons favicon.ico feed feeds health healthz humans.txt
    invite log manifest.webmanifest metrics o openapi.json password ready removal report robots.txt
    security.txt setup sign-in sign-out sign-up sitemap.xml static transfers u upload
    version welcome
    """
)
"""The first words of this hub's own pages and files."""

KEPT_BACK = _words(
    """
    about abuse account accounts admin administrator anonymous anyone assets auth avatars blog
    changelog chat community contact dashboard everyone explore export federation forgot git guide
    guides help home host import info invites iriai languages leaderboards legal lineage mail me
    members moderation moderator nobody none null official openness operator org orgs owner owners
    people privacy profile public root security self signin signout signup solo staff status support
    system terms token tokens topics trending undefined user users viewer wiki www
    """
)
"""Words kept for what may come, or that would pass for an office nobody holds."""

RESERVED = ROUTES_OF_CLIENTS | ROUTES_OF_OURS | KEPT_BACK

RESERVED_REPOSITORIES = _words(
    """
    archive auth-check blame blob branch commit commits compare discussions duplicate edit info
    like lineage log openness paths-info preupload raw refs resolve revision settings tag tree
    upload viewer xet-read-token xet-write-token
    """
)
"""What follows a repository in a path: a client may write `squad/resolve/main/x`, ownerless."""

RESERVED_DATASETS = frozenset({"charter"})
"""A commons keeps its charter in a dataset of this name; nobody makes one by hand."""

_ALIKE = str.maketrans({"I": "l", "1": "l", "|": "l", "O": "o", "0": "o"})
_PAIRS_ALIKE = (("rn", "m"),)


def is_reserved(word: str) -> bool:
    """Whether `word` is, or passes for, one that no account may have as its name."""
    return fold(word) in RESERVED or skeleton(word) in _reserved_skeletons()


def fold(name: str) -> str:
    """The key a name is looked up by: the same for `Ada` and `ada`."""
    return unicodedata.normalize("NFKC", name).casefold()


def skeleton(name: str) -> str:
    """What a name looks like: equal for names that a reader would take for one another.

    After Unicode's UTS 39: each character becomes the Latin one it resembles, then case goes.
    """
    seen = unicodedata.normalize("NFKC", name)
    if not seen.isascii():
        seen = "".join(_latin(character) for character in seen)
    seen = seen.translate(_ALIKE).casefold()
    for pair, single in _PAIRS_ALIKE:
        seen = seen.replace(pair, single)
    return seen


def clean_account_name(name: str) -> str:
    """A name that a person or an organisation may take, or `Invalid`."""
    cleaned = _clean(name, "An account")
    if is_reserved(cleaned):
        raise Invalid(f"The name {cleaned} is reserved; choose another.", code="NameReserved")
    return cleaned


def clean_repo_name(name: str, kind: str = "model") -> str:
    """A name (without its owner) that a repository of this kind may take, or `Invalid`."""
    cleaned = _clean(name, "A repository")
    key = fold(cleaned)
    if key in RESERVED_REPOSITORIES or (kind == "dataset" and key in RESERVED_DATASETS):
        raise Invalid(f"The name {cleaned} is reserved; choose another.", code="NameReserved")
    return cleaned


def _clean(name: str, what: str) -> str:
    cleaned = name.strip()
    if not cleaned:
        raise Invalid(f"{what} needs a name.", code="NameInvalid")
    if len(cleaned) > NAME_LENGTH_MAX:
        raise Invalid(f"A name has at most {NAME_LENGTH_MAX} characters.", code="NameInvalid")
    if not NAME.fullmatch(cleaned):
        raise Invalid(
            "A name is made of the letters A-Z and a-z, digits, '-', '_' and '.', and begins and "
            "ends with none of '-' and '.'.",
            code="NameInvalid",
        )
    if "--" in cleaned or ".." in cleaned:
        raise Invalid("A name cannot hold '--' or '..'.", code="NameInvalid")
    if cleaned.lower().endswith(ENDINGS_REFUSED):
        raise Invalid("A name cannot end in '.git' or '.ipynb'.", code="NameInvalid")
    return cleaned


@lru_cache(maxsize=1)
def _reserved_skeletons() -> frozenset[str]:
    return frozenset(skeleton(word) for word in RESERVED)


@lru_cache(maxsize=4096)
def _latin(character: str) -> str:
    """The ASCII that a character resembles, or the character itself."""
    if character.isascii():
        return character
    from confusable_homoglyphs.confusables import (  # noqa: PLC0415 - a megabyte, for rare names
        confusables_data,
    )

    alike = [str(glyph["c"]) for glyph in confusables_data.get(character, ())]
    return min((glyph for glyph in alike if glyph.isascii()), key=len, default=character)
