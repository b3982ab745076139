"""The one way out: requests that this hub makes to addresses that others wrote down.

A webhook's URL, an identity provider, a mirror: each is a wish of somebody else's, and could be
aimed at what only this machine can reach. So a URL is read strictly; its host is resolved once;
*every* address it has must be allowed by an explicit rule (what the registries of IANA leave for
hosts of the public internet, or what the operator's `outbound_allow` adds); and the connection goes
to that very address, with the host's name in `Host` and in TLS. There are no redirects, no proxies
from the environment, and a limit on size and on the time of the whole exchange.
"""

import http.client
import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any
from urllib.parse import urlsplit

from iriai.base.errors import Invalid, Unavailable

URL_LENGTH_MAX = 2_000
HOST_LENGTH_MAX = 253
ADDRESSES_MAX = 20
TRIED_MAX = 3
RESOLVE_SECONDS = 5.0
TOTAL_SECONDS = 10.0
ANSWER_BYTES_MAX = 64 << 10
NETWORKS_MAX = 100
PORTS = {"http": 80, "https": 443}
PORT_FREE_MIN = 1_024
PORT_MAX = 65_535

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PUBLIC_4 = (IPv4Address("1.0.0.0"), IPv4Address("223.255.255.255"))
_PUBLIC_6 = IPv6Network("2000::/3")
LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
SPECIAL: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers, and what clouds put there
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # Azure's own, from within
        "169.254.0.0/16",  # link-local, and the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, some of them "global"
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
"""What lies between the public addresses and is none, by IANA's special-purpose registries."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PLAIN = re.compile(r"[\x21-\x7e]+")
_THIS_MACHINE = re.compile(r"(?:[^.]+\.)*localhost(?:\.localdomain)?\.?")
"""Names that lead nowhere else, whoever is asked (RFC 6761, 6.3)."""
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")


class Refused(Invalid):
    """An address that this hub does not call."""


class Unreachable(Unavailable):
    """Nobody answered there, or not in time, or not in HTTP."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, read strictly. `literal` is its host where that is an address."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None

    @property
    def host_header(self) -> str:
        """The host as requests name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: at most `ANSWER_BYTES_MAX` of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


# -- what may be called: pure --------------------------------------------------------------------


def target(url: str) -> Target:
    """The parts of an http(s) URL, or `Refused`. It has one reading, and no credentials."""
    if not 0 < len(url) <= URL_LENGTH_MAX or not _PLAIN.fullmatch(url):
        raise Refused("A URL is plain ASCII without spaces; other scripts are percent-encoded.")
    if "\\" in url or "#" in url:
        raise Refused("A URL to be called has no backslash and no fragment.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("This is not a URL.") from None
    if parts.scheme not in PORTS or not url[len(parts.scheme) :].startswith("://"):
        raise Refused("A URL begins with https:// or http://.")
    if "@" in parts.netloc or parts.netloc.endswith(":"):
        raise Refused("A URL to be called names a host and perhaps a port, and nobody's password.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and not PORT_FREE_MIN <= port <= PORT_MAX:
        raise Refused(f"A URL names port 80, 443, or one from {PORT_FREE_MIN}.")
    host = (parts.hostname or "").lower()
    literal = _literal(host, bracketed=parts.netloc.startswith("["))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, literal)


def _literal(host: str, *, bracketed: bool) -> Address | None:
    """The address that a host is, None for a name; anything in between is refused."""
    if bracketed:
        try:
            return IPv6Address(host if "%" not in host else "")
        except ValueError:
            raise Refused("The address in this URL is not valid.") from None
    labels = host.removesuffix(".").split(".")
    if _NUMERIC.fullmatch(labels[-1]):  # some resolvers read 127.1, 0x7f.1 and 2130706433
        try:
            return IPv4Address(host)
        except ValueError:
            raise Refused("An address in a URL is four decimal numbers.") from None
    if len(host) > HOST_LENGTH_MAX or not all(_LABEL.fullmatch(each) for each in labels):
        raise Refused("The host of this URL is not a valid name.")
    return None


def may_call(address: Address, allow: Sequence[Network] = ()) -> bool:
    """Whether this address may be called: one of a public host, or one the operator added."""
    if any(address.version == each.version and address in each for each in allow):
        return True
    if isinstance(address, IPv4Address):
        public = _PUBLIC_4[0] <= address <= _PUBLIC_4[1]
    else:
        public = address.scope_id is None and address in _PUBLIC_6
    return public and not any(
        address.version == each.version and address in each for each in SPECIAL
    )


def require_may_call(url: str, allow: Sequence[Network] = ()) -> Target:
    """What can be said of a URL without asking anybody: for when it is written down."""
    found = target(url)
    known: tuple[Address, ...] = () if found.literal is None else (found.literal,)
    if not known and _THIS_MACHINE.fullmatch(found.host):
        known = LOOPBACK
    if known and not any(may_call(each, allow) for each in known):
        raise _refused()
    return found


@lru_cache(maxsize=8)
def networks(text: str, setting: str = "outbound_allow") -> tuple[Network, ...]:
    """The networks that a setting names, such as `10.1.0.0/16 fd00:1::/32`."""
    words = text.replace(",", " ").split()
    if len(words) > NETWORKS_MAX:
        raise Invalid(f"{setting} names at most {NETWORKS_MAX} networks.")
    try:
        return tuple(ip_network(each) for each in words)
    except ValueError as error:
        raise Invalid(f"{setting} is a list of networks: {error}.") from None


def _refused() -> Refused:
    return Refused(
        "This URL leads to an address that is not on the public internet; this hub does not call "
        "it. Its operator can allow a network by outbound_allow.",
        code="AddressRefused",
    )


# -- calling -------------------------------------------------------------------------------------


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    allow: Sequence[Network] = (),
    seconds: float = TOTAL_SECONDS,
    answer_bytes_max: int = ANSWER_BYTES_MAX,
) -> Answer:
    """Make one request, to one address, within `seconds` for all of it. A redirect is an answer.

    `Refused` where the URL may not be called, `Unreachable` where nobody answers it in time.
    """
    started = time.monotonic()
    deadline = started + seconds
    found = target(url)
    addresses = _resolved(found, deadline)
    if not all(may_call(each, allow) for each in addresses):
        raise _refused()
    try:
        line = _connected(found, addresses, deadline)
        try:
            status, head, answer = _exchanged(
                line, found, method, headers or {}, body, answer_bytes_max
            )
        finally:
            line.hang_up()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(_reason(error), code="Unreachable") from error
    return Answer(status, head, answer, time.monotonic() - started)


def _resolved(found: Target, deadline: float) -> list[Address]:
    """Every address of a host, asked for once, in a thread, for the system sets no limit."""
    if found.literal is not None:
        return [found.literal]
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.extend(socket.getaddrinfo(found.host, found.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            return

    asking = threading.Thread(target=ask, name="resolve", daemon=True)
    asking.start()
    asking.join(min(RESOLVE_SECONDS, max(0.0, deadline - time.monotonic())))
    names = list(dict.fromkeys(str(each[4][0]) for each in list(answers)))
    if asking.is_alive() or not names:
        raise Unreachable("The host of this URL has no address.", code="Unreachable")
    if len(names) > ADDRESSES_MAX:
        raise Refused(f"The host of this URL has more than {ADDRESSES_MAX} addresses.")
    return [ip_address(each) for each in names]


def _connected(found: Target, addresses: Sequence[Address], deadline: float) -> "_Line":
    """A connection to the first of these addresses that answers, in TLS where the URL says so."""
    trouble: OSError | None = None
    for address in addresses[:TRIED_MAX]:
        try:
            plain = socket.create_connection((str(address), found.port), _left(deadline))
        except OSError as error:
            trouble = error
            continue
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if found.scheme == "http":
                return _Line(plain, deadline)
            plain.settimeout(_left(deadline))
            return _Line(_tls().wrap_socket(plain, server_hostname=found.host), deadline)
        except OSError:
            plain.close()
            raise
    raise trouble or OSError("no address")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _exchanged(  # noqa: PLR0917 - a request, as it goes out
    line: "_Line",
    found: Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    answer_bytes_max: int,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(found.host, found.port)
    connection.auto_open = 0
    connection.sock = line
    connection.putrequest(method, found.path, skip_host=True, skip_accept_encoding=True)
    sent = {"Host": found.host_header, "Accept-Encoding": "identity", "Connection": "close"}
    if body or method in ("POST", "PUT", "PATCH"):
        sent["Content-Length"] = str(len(body))
    for name, value in (sent | dict(headers)).items():
        connection.putheader(name, value)
    connection.endheaders(body or None)
    with connection.getresponse() as answer:
        kept = answer.read(answer_bytes_max)
        return answer.status, dict(answer.getheaders()), kept


class _Line:
    """A socket that keeps to one deadline, however slowly the other side drips."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = plain, deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it before the deadline."""
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What `http.client` reads an answer from."""
        return io.BufferedReader(_Reader(self._socket, self._deadline))

    def close(self) -> None:
        """`http.client` is done with the request; the answer may still be on its way."""

    def hang_up(self) -> None:
        """Close the connection."""
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = plain, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(into)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _reason(error: Exception) -> str:
    """Why nobody answered, in a sentence that tells nothing of our own network."""
    if isinstance(error, TimeoutError):
        return "There was no whole answer in time."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate is not good: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return "The connection could not be made secure."
    if isinstance(error, OSError):
        return "Nobody answers at this address, or the connection broke."
    return "The answer was not HTTP."
