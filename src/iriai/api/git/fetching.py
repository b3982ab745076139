"""Clone and fetch: `git upload-pack` on a view made for the request.

The view's refs are those of the database at this moment, its objects the repository's own packs;
the process sees no other repository, no hooks and no configuration but this one. Protocol 2 would
serve any object of the repository by its id, referenced or not: nothing is put into a repository's
folder before it was judged.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from iriai.api.door import ground_of, in_thread
from iriai.api.git.bodies import Body
from iriai.api.git.packets import FLUSH, packet
from iriai.api.git.processes import ProcessAnswer
from iriai.api.git.visitors import readable
from iriai.repos import queries as repos
from iriai.repos.rules import Repo

SERVICE = "git-upload-pack"
REQUEST_BYTES_MAX = 64 << 20
SECONDS_MAX = 3_600

CONFIG = """\
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = false
\tallowReachableSHA1InWant = true
\tadvertiseBundleURIs = false
[uploadpackfilter]
\tallow = true
[pack]
\tthreads = 1
\twindowMemory = 64m
\tdeltaCacheSize = 64m
[core]
\tpackedGitWindowSize = 32m
\tpackedGitLimit = 512m
\tbigFileThreshold = 16m
"""

_PROTOCOL = re.compile(r"version=[0-2](?::[a-z0-9=._/-]{1,80}){0,8}")


async def advertise(request: Request) -> Response:
    """What there is to fetch."""
    return await in_thread(_advertise, request)


def _advertise(request: Request) -> Response:
    repo = readable(request)
    protocol = protocol_of(request)
    preface = b"" if "version=2" in protocol else packet(f"# service={SERVICE}\n".encode()) + FLUSH
    return ProcessAnswer(
        ["upload-pack", "--stateless-rpc", "--advertise-refs", "--"],
        lambda: view(request, repo),
        media_type=f"application/x-{SERVICE}-advertisement",
        protocol=protocol,
        preface=preface,
    )


async def fetch(request: Request) -> Response:
    """Objects that the client lacks."""
    repo = await in_thread(readable, request)
    body: AsyncIterator[bytes] = Body(request, bytes_max=REQUEST_BYTES_MAX).rest()
    return ProcessAnswer(
        ["upload-pack", "--stateless-rpc", "--strict", f"--timeout={SECONDS_MAX}", "--"],
        lambda: view(request, repo),
        media_type=f"application/x-{SERVICE}-result",
        protocol=protocol_of(request),
        body=body,
    )


def view(request: Request, repo: Repo) -> AbstractContextManager[Path]:
    """The repository as a git process sees it."""
    ground = ground_of(request)
    with ground.read() as tx:
        refs = [(ref.name, ref.sha, ref.commit) for ref in repos.refs(tx, repo)]
    return repos.objects(ground, repo.id).view(refs, config=CONFIG)


def protocol_of(request: Request) -> str:
    """The protocol version that the client asks for, if it is one git knows."""
    asked = request.headers.get("git-protocol", "")
    return asked if _PROTOCOL.fullmatch(asked) else ""
