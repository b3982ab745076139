"""Every text a person reads goes through here, so that catalogues can take its place.

Catalogues lie in `locale/<language>/LC_MESSAGES/iriai.mo`; English needs none, as its texts are the
keys. Templates use the same functions through Jinja's own extension.
"""

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
DEFAULT_LANGUAGE = "en"
WRITTEN_FROM_THE_RIGHT = frozenset(
    {"ar", "dv", "fa", "ha", "he", "ks", "ku", "ps", "ug", "ur", "yi"}
)


@lru_cache(maxsize=64)
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; for English, and where there is none, the texts themselves."""
    path = LOCALE / language / "LC_MESSAGES" / "iriai.mo"
    if not language.isalpha() or not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        return GNUTranslations(file)


def direction(language: str) -> str:
    """`rtl` for languages written from the right, else `ltr`."""
    return "rtl" if language.partition("-")[0] in WRITTEN_FROM_THE_RIGHT else "ltr"


def gettext(text: str) -> str:
    """A text of the interface, in the language of the hub."""
    return translations(DEFAULT_LANGUAGE).gettext(text)


_ = gettext
