"""What people write about themselves, in its one accepted form. Pure."""

from urllib.parse import urlsplit

from iriai.base.errors import Excessive, Invalid

FULLNAME_LENGTH_MAX = 100
BIO_LENGTH_MAX = 1_000
HOMEPAGE_LENGTH_MAX = 300
EMAIL_LENGTH_MAX = 254
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 1_000
TOKEN_NAME_LENGTH_MAX = 100


def clean_fullname(fullname: str) -> str:
    """A name as people write it, on one line; empty where none is given."""
    return clean_line(fullname, "A full name", FULLNAME_LENGTH_MAX)


def clean_token_name(name: str) -> str:
    """What the owner calls a token."""
    cleaned = clean_line(name, "A token's name", TOKEN_NAME_LENGTH_MAX)
    if not cleaned:
        raise Invalid("A token needs a name, so that you know later what uses it.")
    return cleaned


def clean_bio(text: str) -> str:
    """A few lines about somebody."""
    cleaned = text.strip()
    if len(cleaned) > BIO_LENGTH_MAX:
        raise Invalid(f"This text has at most {BIO_LENGTH_MAX} characters.")
    return cleaned


def clean_homepage(url: str) -> str:
    """A web address, or nothing."""
    cleaned = clean_line(url, "A web address", HOMEPAGE_LENGTH_MAX)
    if cleaned and (urlsplit(cleaned).scheme not in {"http", "https"} or " " in cleaned):
        raise Invalid("A web address starts with https:// or http://.")
    return cleaned


def clean_email(address: str) -> str:
    """An e-mail address, or nothing. Only a letter sent to it would show that it works."""
    cleaned = clean_line(address, "An e-mail address", EMAIL_LENGTH_MAX)
    local, at, domain = cleaned.rpartition("@")
    if cleaned and not (at and local and domain and " " not in cleaned):
        raise Invalid("An e-mail address looks like ada@example.org.")
    return cleaned


def clean_password(password: str, *, name: str) -> str:
    """A password fit to be kept: long enough, and not simply the account's name."""
    if len(password) < PASSWORD_LENGTH_MIN:
        raise Invalid(f"A password has at least {PASSWORD_LENGTH_MIN} characters.")
    if len(password) > PASSWORD_LENGTH_MAX:
        raise Excessive(f"A password has at most {PASSWORD_LENGTH_MAX} characters.")
    if len(set(password)) == 1 or password.casefold().replace(name.casefold(), "") == "":
        raise Invalid("This password is too easily guessed; choose another.")
    return password


def clean_line(text: str, what: str, length_max: int) -> str:
    """Text on one line, without control characters."""
    cleaned = " ".join(text.split())
    if len(cleaned) > length_max:
        raise Invalid(f"{what} has at most {length_max} characters.")
    if not cleaned.isprintable():
        raise Invalid(f"{what} cannot hold control characters.")
    return cleaned
