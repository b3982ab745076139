"""The Xet door: tokens on the hub's side, and the content-addressed store behind `casUrl`.

The store's address is `{hub}/xet/g{number}`: clients key their caches by it, and what one of them
sent there it takes to be there. So for writing there is a number for each circle of uploads that
may share what they sent (`entry.circle_number`), and all are others in each generation of the hub.
A number grants nothing, and any will do. Clients before hf_xet 1.6 use other paths for the same
things; all are mounted.
"""

from collections.abc import Mapping

from iriai.api import address

PLACES = ("xet/g{generation:int}", "xet/g{generation:int}/v1")
"""Where the store is mounted: bare for hf_xet up to 1.2, under `/v1` since."""


def cas_url(base_url: str, number: str | int) -> str:
    """The store's address, as clients are told it."""
    return f"{base_url}/xet/g{number}"


def headers_of_file(
    base_url: str, kind: str, full_name: str, sha: str, xet_hash: str
) -> Mapping[str, str]:
    """What tells a client that a file can come by Xet, and where to ask for a token."""
    route = base_url + address.api_path(kind, full_name, "xet-read-token", sha)
    return headers_of(base_url, route, xet_hash)


def headers_of(base_url: str, route: str, xet_hash: str) -> Mapping[str, str]:
    """The same for any file whose token is asked for at `route`.

    hub.js wants to be told the reconstruction's address too; one is as good in any generation.
    """
    plan = f"{cas_url(base_url, '1')}/v1/reconstructions/{xet_hash}"
    return {
        "X-Xet-Hash": xet_hash,
        "X-Xet-Refresh-Route": route,
        "Link": f'<{route}>; rel="xet-auth", <{plan}>; rel="xet-reconstruction-info"',
    }
