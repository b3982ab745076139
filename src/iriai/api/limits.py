"""How much one asker may ask in a while, in the headers that Hugging Face's clients read.

Windows are counted in this process (several processes allow several times as much). What is cheap
to serve has generous limits, meant for loops gone wild; what an attacker would repeat (signing in,
minting tokens, making repositories) has low ones. Bytes on signed URLs are not counted.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from time import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from iriai.base.errors import Excessive
from iriai.base.routing import Access
from iriai.identity.rules import Actor, Restriction

IPV6_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in a window, for nobody in particular and for somebody signed in."""

    family: str
    window_seconds: int
    anonymous: int
    signed_in: int


SIGN_IN = Quota("signin", 300, 30, 30)
WRONG_PASSWORDS = Quota("passwords", 900, 20, 20)
"""Wrong passwords for one account from one network. After them the name waits there for the
window's end, at most a quarter of an hour; passkeys, tokens and open sessions go on."""
WRONG_ANYWHERE = Quota("passwords-anywhere", 900, 200, 200)
"""The same from all networks together: one that guesses keeps nobody else from signing in."""
DEVICE = Quota("devices", 300, 30, 60)
GRANT = Quota("oauth", 300, 1_500, 3_000)
REVOKE = Quota("revoke", 300, 60, 60)
MINT = Quota("tokens", 3_600, 30, 60)
CREATE = Quota("create", 3_600, 30, 3_000)  # a client's test-suite makes one in each test
TALK = Quota("talk", 600, 30, 200)
"""What somebody writes under discussions: everybody who reads one reads all of it."""
RESOLVE = Quota("resolvers", 300, 15_000, 60_000)
PAGES = Quota("pages", 300, 3_000, 15_000)
API = Quota("api", 300, 3_000, 30_000)

THROTTLED = Quota("throttled", 3_600, 20, 20)
"""Besides the others: what somebody may change while a decision throttles them."""

OF_PATH = {
    "/login": SIGN_IN,
    "/login/second": SIGN_IN,
    "/login/passkey": SIGN_IN,
    "/login/passkey/finish": SIGN_IN,
    "/login/outside/new": SIGN_IN,
    "/join": SIGN_IN,
    "/invite/{link}": SIGN_IN,
    "/welcome/{link}": SIGN_IN,
    "/settings/account": SIGN_IN,
    "/settings/security": SIGN_IN,
    "/oauth/device/decide": SIGN_IN,
    "/oauth/device": DEVICE,
    "/oauth/token": GRANT,
    "/oauth/revoke": REVOKE,
    "/api/credentials/revoke": REVOKE,
    "/settings/tokens": MINT,
    "/settings/applications": MINT,
    "/api/repos/create": CREATE,
    "/api/buckets/{namespace}/{bucket}": CREATE,
    "/new": CREATE,
    "/new-dataset": CREATE,
    "/new-space": CREATE,
    "/organizations/new": CREATE,
}
"""What changes something and has a limit of its own; high for tokens, for devices poll."""

TALKING = ("/discussions", "/discussions/new", "/discussions/{number}", "/{number}/comment")
"""How the patterns end under which something is said in a discussion."""


def quota(path: str, *, changes: bool, page: bool, access: Access) -> Quota | None:
    """The quota of a route (by its pattern), or None where requests are not counted."""
    if changes and path in OF_PATH:
        return OF_PATH[path]
    if changes and path.endswith("/duplicate"):
        return CREATE
    if changes and path.endswith(TALKING):
        return TALK
    if access is Access.TOKEN_SIGNED:
        return None
    if "/resolve/" in path or "/raw/" in path:
        return RESOLVE
    return PAGES if page else API


def throttled(actor: Actor, path: str) -> bool:
    """Whether a decision throttles this actor on the whole hub, or in the commons of this path."""
    return any(
        each.kind is Restriction.THROTTLE
        and (not each.place or each.place.lower() in path.lower().split("/"))
        for each in actor.restraints.values()
    )


def asker(request: Request) -> str:
    """Whom a request stands for that nobody signed: the network it came from.

    Behind a proxy that the operator named (`trusted_proxies`), what that proxy says: the last of
    the addresses in X-Forwarded-For. What stands before it was written by whoever asks.
    """
    peer = request.client.host if request.client else None
    if request.app.state.ground.settings.trusts_proxy(peer):
        forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        peer = forwarded or peer
    return network_of(peer)


def network_of(address: str | None) -> str:
    """Whom an address stands for: itself, or its /64 in IPv6, where anyone has many."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> (128 - IPV6_NETWORK_BITS) << IPV6_NETWORK_BITS))
    return str(parsed)


class Limits:
    """The windows of one process."""

    def __init__(self, *, enforced: bool = True) -> None:
        self.enforced = enforced
        self._counter = FixedWindowRateLimiter(MemoryStorage())
        self._items: dict[tuple[str, int], RateLimitItem] = {}

    def require_left(self, quota: Quota, who: str) -> None:
        """Refuse where nothing is left of a quota, without counting anything."""
        item = self._item(quota, quota.anonymous)
        if self.enforced and not self._counter.test(item, who):
            raise self._refused(item, who, {})

    def spend(self, quota: Quota | None, who: str, *, signed_in: bool) -> dict[str, str]:
        """Count one request; the headers to answer with, or `Excessive` when none is left."""
        if not self.enforced or quota is None:
            return {}
        amount = quota.signed_in if signed_in else quota.anonymous
        item = self._item(quota, amount)
        allowed = self._counter.hit(item, who)
        reset_at, remaining = self._counter.get_window_stats(item, who)
        seconds = _until(reset_at)
        headers = {
            "RateLimit": f'"{quota.family}";r={max(remaining, 0)};t={seconds}',
            "RateLimit-Policy": (
                f'"fixed window";"{quota.family}";q={amount};w={quota.window_seconds}'
            ),
        }
        if not allowed:
            raise self._refused(item, who, headers)
        return headers

    def _item(self, quota: Quota, amount: int) -> RateLimitItem:
        item = self._items.get((quota.family, amount))
        if item is None:
            item = RateLimitItemPerSecond(amount, quota.window_seconds, namespace=quota.family)
            self._items[quota.family, amount] = item
        return item

    def _refused(self, item: RateLimitItem, who: str, headers: dict[str, str]) -> Excessive:
        seconds = _until(self._counter.get_window_stats(item, who)[0])
        refused = Excessive(
            f"Too many requests; try again in {seconds} seconds.", code="TooManyRequests"
        )
        refused.headers = {**headers, "Retry-After": str(seconds)}
        return refused


def _until(reset_at: float) -> int:
    """Whole seconds until then, one at least."""
    return max(1, int(reset_at - time()) + 1)
