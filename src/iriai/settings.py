"""What an operator can set: by flag, by `IRIAI_*` variable, or in `iriai.toml` in the data folder.

A flag wins over a variable, a variable over the file, the file over the default. Everything has a
default that works on a laptop.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from iriai.base.errors import Invalid
from iriai.base.outbound import networks

PREFIX = "IRIAI_"
FILE_NAME = "iriai.toml"
SHOWN_LENGTH_MAX = 80
"""How much of a value that makes no sense is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process."""

    data: Path = field(
        default=Path("data"), metadata={"says": "folder of the database, the store and the cache"}
    )
    host: str = field(default="127.0.0.1", metadata={"says": "address to listen on"})
    port: int = field(default=8700, metadata={"says": "port to listen on; 0 takes a free one"})
    base_url: str = field(
        default="",
        metadata={"says": "the address that people and clients use, without a slash at the end"},
    )
    database_url: str = field(
        default="", repr=False, metadata={"says": "sqlite:///… or postgresql+psycopg://…"}
    )
    database_pool: int = field(
        default=40, metadata={"says": "connections to the database that a process takes at most"}
    )
    store_url: str = field(
        default="",
        repr=False,
        metadata={
            "says": "file:///folder or s3://[key:secret@]bucket/prefix[?endpoint=…&region=…]"
        },
    )
    cache: str = field(
        default="",
        metadata={
            "says": "folder for what can be fetched again (default: cache in the data folder)"
        },
    )
    secret: str = field(
        default="",
        repr=False,
        metadata={
            "says": "64 hex digits that sign URLs (default: made once, kept in the database)"
        },
    )
    sign_up: str = field(
        default="invite", metadata={"says": "who may make an account: invite or open"}
    )
    rate_limits: bool = field(default=True, metadata={"says": "on or off"})
    dedup_scope: str = field(
        default="instance",
        metadata={"says": "instance, namespace or off: within what large files are deduplicated"},
    )
    outbound_allow: str = field(
        default="",
        metadata={"says": "private networks that webhooks may reach, such as 10.1.0.0/16"},
    )
    smtp_url: str = field(
        default="",
        repr=False,
        metadata={
            "says": "smtp://[user:password@]host[:port] or smtps://…; without it no mail is sent"
        },
    )
    mail_from: str = field(default="", metadata={"says": "the address that mail comes from"})
    contact: str = field(
        default="",
        metadata={"says": "where to write about holes and abuse: an e-mail address or https://…"},
    )
    trusted_proxies: str = field(
        default="127.0.0.1 ::1",
        metadata={"says": "proxies whose X-Forwarded-For is believed, such as 10.0.0.0/24"},
    )
    oidc_issuer: str = field(
        default="",
        metadata={"says": "an outside OpenID provider that people may sign in with, https://…"},
    )
    oidc_client_id: str = field(
        default="", metadata={"says": "what this hub is called at that provider"}
    )
    oidc_client_secret: str = field(
        default="", repr=False, metadata={"says": "this hub's secret there, if it has one"}
    )
    oidc_name: str = field(
        default="your organisation", metadata={"says": "what people call that provider"}
    )
    oidc_sign_up: bool = field(
        default=False,
        metadata={"says": "on or off: whether that provider's people may make accounts"},
    )
    publishers: str = field(
        default="github=https://token.actions.githubusercontent.com gitlab=https://gitlab.com",
        metadata={"says": "build services whose signed tokens are believed"},
    )

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'iriai.db'}"

    @property
    def store(self) -> str:
        """The store's URL."""
        return self.store_url or (self.data.absolute() / "store").as_uri()

    @property
    def cache_folder(self) -> Path:
        """A folder for what can be fetched again."""
        return Path(self.cache) if self.cache else self.data.absolute() / "cache"

    @property
    def url(self) -> str:
        """The hub's own address, as people and clients see it."""
        if self.base_url:
            return self.base_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def contact_url(self) -> str:
        """Where to write to whoever runs this hub, as a link; empty where nobody said."""
        is_mail = self.contact and not self.contact.startswith("https://")
        return f"mailto:{self.contact}" if is_mail else self.contact

    def trusts_proxy(self, address: str | None) -> bool:
        """Whether what comes from this address was passed on by a proxy of the operator's."""
        try:
            peer = ip_address(address or "")
        except ValueError:
            return False
        return any(peer in each for each in networks(self.trusted_proxies))


LIST_NAMES = ("outbound_allow", "trusted_proxies", "publishers")
"""Settings of several words, which TOML writes as a list as well."""
SWITCH_NAMES = ("rate_limits", "oidc_sign_up")
ON, OFF = ("on", "true", "1"), ("off", "false", "0")
NUMBER_DIGITS_MAX = 5
NUMBERS = {"port": (0, 65535), "database_pool": (5, 1_000)}
CONTACT = re.compile(r"[!-?A-~]{1,100}@[A-Za-z0-9.-]{1,150}|https://[!-~]{1,250}")
SECRET = re.compile("[0-9a-f]{64}")
DATABASE = re.compile(r"sqlite:///[^/]|sqlite:////[^/]|postgresql\+psycopg://")


def load(
    *, environ: Mapping[str, str] | None = None, config: Path | None = None, **flags: Any
) -> Settings:
    """The settings in force. A flag that is None was not given."""
    environ = os.environ if environ is None else environ
    data = flags.get("data") or environ.get(f"{PREFIX}DATA") or Settings().data
    path = config or Path(data) / FILE_NAME
    if config is not None and not path.is_file():
        raise Invalid(f"There is no settings file at {path}.")
    names = {each.name for each in fields(Settings)}
    given: dict[str, Any] = {}
    if path.is_file():
        for name, value in _file(path).items():
            if name not in names:
                raise Invalid(f"{path} sets {name!r}, which is not a setting.")
            given[name] = _typed(name, _text_of(name, value, path), f"{path}: ")
    for name in names:
        key = PREFIX + name.upper()
        if key in environ:
            given[name] = _typed(name, environ[key], f"{key}: ")
    given |= {name: _typed(name, value) for name, value in flags.items() if value is not None}
    return Settings(**given)


def tidy(path: Path) -> Path:
    """The same folder, without steps back in its name."""
    return path.resolve() if ".." in path.parts else path


def _file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not valid TOML: {error}.") from error


def _text_of(name: str, value: Any, path: Path) -> Any:
    """What a line of the file says, as a flag or a variable would say it; or `Invalid`."""
    if name in LIST_NAMES:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return " ".join(value)
        fits, wanted = isinstance(value, str), "text in quotation marks, or a list of such texts"
    elif name in NUMBERS:
        fits = isinstance(value, int | str) and not isinstance(value, bool)
        wanted = "a number"
    elif name in SWITCH_NAMES:
        fits, wanted = isinstance(value, bool | str), "true or false"
    else:
        fits, wanted = isinstance(value, str), "text in quotation marks"
    if not fits:
        raise Invalid(f"{path}: {name} is {wanted}, not {str(value)[:SHOWN_LENGTH_MAX]!r}.")
    return value


def _typed(name: str, value: Any, where: str = "") -> Any:
    """A setting in its own type, or `Invalid`; `where` begins the sentence that refuses it."""
    try:
        if name == "data":
            return tidy(Path(value))
        if name in NUMBERS:
            return _number(name, str(value))
        if name in SWITCH_NAMES:
            return _switch(name, str(value).lower())
        _require_sense(name, value)
    except Invalid as fault:
        raise Invalid(f"{where}{fault.message}", code=fault.code) from None
    return value


def _number(name: str, text: str) -> int:
    least, most = NUMBERS[name]
    short = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX
    if not short or not least <= int(text) <= most:
        shown = text[:SHOWN_LENGTH_MAX]
        raise Invalid(f"{name} is a number from {least} to {most}, not {shown!r}.")
    return int(text)


def _switch(name: str, word: str) -> bool:
    if word not in ON + OFF:
        raise Invalid(f"{name} is on or off, not {word[:SHOWN_LENGTH_MAX]!r}.")
    return word in ON


def _require_sense(name: str, value: str) -> None:
    """Refuse text that this setting cannot be."""
    if name == "sign_up" and value not in ("invite", "open"):
        raise Invalid(f"sign_up is invite or open, not {value!r}.")
    if name == "dedup_scope" and value not in ("instance", "namespace", "off"):
        raise Invalid(f"dedup_scope is instance, namespace or off, not {value!r}.")
    if name in ("outbound_allow", "trusted_proxies"):
        networks(value, name)
    if name == "database_url" and value and not DATABASE.match(value):
        raise Invalid("database_url is sqlite:///… with a path, or postgresql+psycopg://….")
    if name == "secret" and value and not SECRET.fullmatch(value):
        raise Invalid("secret is 64 hex digits.")
    if name == "contact" and value and not CONTACT.fullmatch(value):
        raise Invalid(
            "contact is an e-mail address, or an address that begins with https://, not "
            f"{value[:SHOWN_LENGTH_MAX]!r}."
        )
    if name == "base_url" and value:
        _require_address(value)


def _require_address(value: str) -> None:
    """The hub's address is a whole one: links are made by putting a path behind it."""
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or not value.isascii() or not value.isprintable():
        raise Invalid(
            "base_url is the whole address, such as https://hub.example.org, not "
            f"{value[:SHOWN_LENGTH_MAX]!r}."
        )
