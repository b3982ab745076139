"""What an operator can set: by flag, by `IRIAI_*` variable, or in `iriai.toml` in the data folder.

A flag wins over a variable, a variable over the file, the file over the default. Everything has a
default that works on a laptop.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from iriai.base.errors import Invalid
from iriai.base.outbound import networks

PREFIX = "IRIAI_"
FILE_NAME = "iriai.toml"


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

    def trusts_proxy(self, address: str | None) -> bool:
        """Whether what comes from this address was passed on by a proxy of the operator's."""
        try:
            peer = ip_address(address or "")
        except ValueError:
            return False
        return any(peer in each for each in networks(self.trusted_proxies))


def load(
    *, environ: Mapping[str, str] | None = None, config: Path | None = None, **flags: Any
) -> Settings:
    """The settings in force. A flag that is None was not given."""
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {}
    data = flags.get("data") or environ.get(f"{PREFIX}DATA") or Settings().data
    path = config or Path(data) / FILE_NAME
    if config is not None and not path.is_file():
        raise Invalid(f"There is no settings file at {path}.")
    if path.is_file():
        given |= _file(path)
    names = {each.name for each in fields(Settings)}
    given |= {name: environ[key] for name in names if (key := PREFIX + name.upper()) in environ}
    given |= {name: value for name, value in flags.items() if value is not None}
    unknown = sorted(set(given) - names)
    if unknown:
        raise Invalid(f"{path} sets {unknown[0]!r}, which is not a setting.")
    return Settings(**{name: _typed(name, value) for name, value in given.items()})


def _file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not valid TOML: {error}.") from error


def _typed(name: str, value: Any) -> Any:
    if name == "data":
        return Path(value)
    if name == "port":
        if not str(value).isdigit() or not 0 <= int(value) <= 65535:  # noqa: PLR2004
            raise Invalid(f"A port is a number from 0 to 65535, not {value!r}.")
        return int(value)
    if name in ("rate_limits", "oidc_sign_up") and not isinstance(value, bool):
        if str(value).lower() not in ("on", "off", "true", "false", "1", "0"):
            raise Invalid(f"{name} is on or off, not {value!r}.")
        return str(value).lower() in ("on", "true", "1")
    if name == "sign_up" and value not in ("invite", "open"):
        raise Invalid(f"sign_up is invite or open, not {value!r}.")
    if name == "dedup_scope" and value not in ("instance", "namespace", "off"):
        raise Invalid(f"dedup_scope is instance, namespace or off, not {value!r}.")
    if name in ("outbound_allow", "trusted_proxies"):
        networks(value)
    if name == "secret" and value and (len(value) != 64 or set(value) - set("0123456789abcdef")):  # noqa: PLR2004
        raise Invalid("secret is 64 hex digits.")
    return value
