"""Clone and fetch: `git upload-pack` on a view made for the request.

The view's refs are those of the database at this moment, its objects the repository's own packs;
the process sees no other repository, no hooks and no configuration but ours. Protocol 2 serves any
object of the repository by its id, referenced or not: nothing is put into a repository's folder
before it was judged. Its two small requests (what can you do, which refs are there) are answered
here, without a process: they are half of what a fetch of nothing costs.
"""

import re
import subprocess
import tempfile
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from iriai.api.door import ground_of, in_thread
from iriai.api.git import packets
from iriai.api.git.bodies import Body
from iriai.api.git.packets import FLUSH, packet
from iriai.api.git.processes import NEVER_CACHED, ProcessAnswer
from iriai.api.git.visitors import readable
from iriai.base.errors import Excessive
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.git import command, serving
from iriai.repos.git.serving import Shown
from iriai.repos.rules import MAIN, Repo

SERVICE = "git-upload-pack"
REQUEST_BYTES_MAX = 64 << 20
SMALL_REQUEST_BYTES = 64 << 10
JUDGED_REQUEST_BYTES_MAX = 8 << 20
"""How long a request may be whose every wish is looked at, before git sees any of it: some 160,000
commits that are wanted or had."""
SECONDS_MAX = 3_600
NEWEST = "version=2"

_WANT = re.compile(rb"want ([0-9a-fA-F]{40})")
_PROTOCOL = re.compile(r"version=[0-2](?::[a-z0-9=._/-]{1,80}){0,8}")


async def advertise(request: Request) -> Response:
    """What there is to fetch, or in protocol 2 what can be asked."""
    return await in_thread(_advertise, request)


def _advertise(request: Request) -> Response:
    repo = readable(request)
    media_type = f"application/x-{SERVICE}-advertisement"
    protocol = protocol_of(request)
    if protocol == NEWEST:
        return Response(_abilities(), headers=NEVER_CACHED, media_type=media_type)
    return ProcessAnswer(
        ["upload-pack", "--stateless-rpc", "--advertise-refs", "--"],
        lambda: _view(request, repo, protocol),
        media_type=media_type,
        preface=packet(f"# service={SERVICE}\n".encode()) + FLUSH,
    )


async def fetch(request: Request) -> Response:
    """Objects that the client lacks, or in protocol 2 which refs there are."""
    repo = await in_thread(readable, request)
    protocol = protocol_of(request)
    body = Body(request, bytes_max=REQUEST_BYTES_MAX)
    media_type = f"application/x-{SERVICE}-result"
    if protocol == NEWEST and (small := await body.whole(SMALL_REQUEST_BYTES)):
        listed = await in_thread(_listed, request, repo, small)
        if listed is not None:
            return Response(listed, headers=NEVER_CACHED, media_type=media_type)
    if repo.has_withheld:
        asked = await body.whole(JUDGED_REQUEST_BYTES_MAX)
        if asked is None:
            raise Excessive(
                "Something of this repository was withheld, so git may ask for at most "
                f"{JUDGED_REQUEST_BYTES_MAX:,} bytes of commits at once. Fetch into a new clone."
            )
        await in_thread(_require_served, request, repo, asked)
    return ProcessAnswer(
        ["upload-pack", "--stateless-rpc", "--strict", f"--timeout={SECONDS_MAX}", "--"],
        lambda: _view(request, repo, protocol),
        media_type=media_type,
        body=body.rest(),
    )


def _require_served(request: Request, repo: Repo, body: bytes) -> None:
    """No clone while one of its files is held, and no commit that was removed on purpose."""
    wants = {each.decode().lower() for each in _WANT.findall(body)}
    with ground_of(request).read() as tx:
        withheld.require_served(tx, repo)
        withheld.require_there(tx, repo.id, wants)


def _view(request: Request, repo: Repo, protocol: str) -> AbstractContextManager[Shown]:
    """The repository as a git process sees it."""
    ground = ground_of(request)
    with ground.read() as tx:
        refs = [(ref.name, ref.sha, ref.commit) for ref in repos.refs(tx, repo)]
    return serving.shown(repos.objects(ground, repo.id), refs, protocol=protocol)


def _listed(request: Request, repo: Repo, body: bytes) -> bytes | None:
    """The answer to `ls-refs`; None where something else is asked."""
    asked = packets.command(body)
    if asked is None or asked.name != "ls-refs":
        return None
    with ground_of(request).read() as tx:
        refs = [(ref.name, ref.sha, ref.commit) for ref in repos.refs(tx, repo)]
    return packets.listed(asked, refs, MAIN)


@cache
def _abilities() -> bytes:
    """What the git of this machine can do in protocol 2, in its own words."""
    with tempfile.TemporaryDirectory(prefix="iriai-git-") as name:
        folder = Path(name)
        with command.view(folder, []) as git_dir:
            words = {"GIT_PROTOCOL": NEWEST, **serving.CONFIG_WORDS}
            return subprocess.run(
                ["git", "upload-pack", "--stateless-rpc", "--advertise-refs", "--", str(git_dir)],
                env=command.environment(git_dir, words),
                cwd=git_dir,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                check=True,
            ).stdout


def protocol_of(request: Request) -> str:
    """The protocol version that the client asks for, if it is one git knows."""
    asked = request.headers.get("git-protocol", "")
    return asked if _PROTOCOL.fullmatch(asked) else ""
