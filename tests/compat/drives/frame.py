"""What every drive stands on: who asks, fresh repositories, and a record of what was called.

A *drive* tries some of a client's functions on a live hub, errors as well as successes. It claims
the functions that it is about; what is said of a function is what was seen while its drives ran.
Only the client and the standard library are needed, so that a drive runs in any environment.
"""

import contextlib
import functools
import inspect
import itertools
import json
import os
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
from huggingface_hub import CommitOperationAdd, HfApi, utils

WORKS, NOT_HERE, ELSEWHERE, NO = "works", "501", "elsewhere", "no"
NOT_IN_CLIENT, NO_RUNTIME, NO_GROUPS = "not in the client", "no runtime", "no groups"
DRIVES: dict[str, tuple[Callable[["At"], None], tuple[str, ...]]] = {}
# With hf_xet 1.5, one upload that is refused spoils every later one of its process.
IS_OLD = int(huggingface_hub.__version__.split(".")[0]) < 2
OUTSIDE: "list[str]" = []
NUMBERS = itertools.count(1)
# The client hands a query to DuckDB, for which `hf://` is huggingface.co and nothing else.
ONLY_THERE = "DuckDB is required"
WEIGHTS = bytes(range(256)) * 64
CARD = (
    b"---\nlicense: mit\nlanguage: en\ntags:\n- tiny\npipeline_tag: text-generation\n---\n# Tiny\n"
)


class ElsewhereError(Exception):
    """The client asked a host that is not the hub."""


class At:
    """Where a drive drives: one hub and three who ask it (ada, who owns; bob; nobody)."""

    def __init__(self, folder: Path) -> None:
        self.url = os.environ["HF_ENDPOINT"]
        self.token, self.bob_token = os.environ["HF_TOKEN"], os.environ["BOB_TOKEN"]
        self.organisation = os.environ["ORGANISATION"]
        self.api = HfApi(endpoint=self.url, token=self.token)
        self.bob = HfApi(endpoint=self.url, token=self.bob_token)
        self.nobody = HfApi(endpoint=self.url, token=False)
        self.folder = folder
        self.drive = ""

    def name(self, owner: str = "ada") -> str:
        """A name nothing has yet."""
        return f"{owner}/{self.drive.replace('_', '-')[:40]}-{next(NUMBERS)}"

    def repo(self, files: "dict[str, bytes] | None" = None, **more: Any) -> str:
        """A fresh repository of ada's."""
        if more.get("repo_type") == "space":
            more.setdefault("space_sdk", "docker")
        name = self.api.create_repo(self.name(), **more).repo_id
        if files:
            self.put(name, files, repo_type=more.get("repo_type"))
        return name

    def put(self, repo: str, files: "dict[str, bytes]", **more: Any) -> Any:
        """Commit files there."""
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        return self.api.create_commit(repo, operations, commit_message="more files", **more)

    def path(self, name: str, content: "bytes | None" = None) -> Path:
        """A path in a folder of this drive's own."""
        path = self.folder / self.drive / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
        return path

    def ask(self, method: str, path: str, body: Any = None, token: "str | None" = None) -> Any:
        """Ask the hub what the client has no function for."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token or self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


def drive(*claims: str) -> "Callable[[Callable[[At], None]], Callable[[At], None]]":
    """Register a drive of the functions it claims."""

    def register(made: "Callable[[At], None]") -> "Callable[[At], None]":
        DRIVES[made.__name__] = (made, claims)
        return made

    return register


@contextlib.contextmanager
def refused(*kinds: Any, says: str = "") -> Iterator[SimpleNamespace]:
    """This is refused: by a status, with an `X-Error-Code`, or as a kind of exception."""
    seen = SimpleNamespace(error=None)
    try:
        yield seen
    except Exception as error:  # noqa: BLE001 - judged below
        seen.error = error
    assert seen.error is not None, f"was not refused with {kinds}"
    for each in causes(seen.error):
        if all(fits(each, kind) for kind in kinds) and says in str(each):
            seen.error = each
            return
    raise AssertionError(f"{kinds} {says!r} were expected, not {seen.error!r}") from seen.error


def fits(error: BaseException, kind: Any) -> bool:
    """Whether an error is of a kind: a class, a status, or an `X-Error-Code`."""
    if isinstance(kind, type):
        return isinstance(error, kind)
    answer = getattr(error, "response", None)
    if answer is None:
        return False
    found = answer.status_code if isinstance(kind, int) else answer.headers.get("X-Error-Code")
    return bool(found == kind)


def causes(error: "BaseException | None") -> Iterator[BaseException]:
    """An error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def soon(call: "Callable[[], Any]", seconds: float = 120) -> Any:
    """What this gives once it gives something: an index is kept current by a job."""
    until = time.monotonic() + seconds
    while not (given := call()) and time.monotonic() < until:
        time.sleep(0.2)
    return given


class Record:
    """What calls made directly by a drive came to, by name."""

    def __init__(self) -> None:
        self.came_to: dict[str, list[str]] = defaultdict(list)
        self.depth = threading.local()

    def note(self, name: str, error: "BaseException | None") -> None:
        """One call's end."""
        self.came_to[name].append(WORKS if error is None else came_to(error))

    def watch(self, kind: type, prefix: str) -> None:
        """Note every call of the public methods of a class."""
        for name in public(kind):
            method = inspect.getattr_static(kind, name)
            bound = isinstance(method, (classmethod, staticmethod))
            wrapped = self.noting(method.__func__ if bound else method, prefix + name)
            setattr(kind, name, type(method)(wrapped) if bound else wrapped)

    def noting(self, function: "Callable[..., Any]", name: str) -> "Callable[..., Any]":
        """The same function, whose ends are noted where a drive called it."""

        @functools.wraps(function)
        def called(*given: Any, **named: Any) -> Any:
            if getattr(self.depth, "inside", False):
                return function(*given, **named)
            with self.noted(name):
                result = function(*given, **named)
            if not inspect.isgenerator(result):
                self.note(name, None)
                return result
            return self.drawn(result, name)

        return called

    def drawn(self, drawn_from: "Iterator[Any]", name: str) -> "Iterator[Any]":
        """The same items; noted when the last is drawn, or none can be."""
        while True:
            with self.noted(name):
                try:
                    item = next(drawn_from)
                except StopIteration:
                    break
            yield item
        self.note(name, None)

    @contextlib.contextmanager
    def noted(self, name: str) -> Iterator[None]:
        """Inside a call: what it calls in turn is not noted, what it raises is."""
        self.depth.inside = True
        try:
            yield
        except BaseException as error:
            self.note(name, error)
            raise
        finally:
            self.depth.inside = False


def came_to(error: "BaseException | None") -> str:
    """What an error, or one of its causes, says of the function that raised it."""
    for each in causes(error):
        if isinstance(each, ElsewhereError) or ONLY_THERE in str(each):
            return ELSEWHERE
        if isinstance(each, NotImplementedError) or "third-party endpoints" in str(each):
            return NOT_IN_CLIENT
        if "Runtime not available" in str(each):
            return NO_RUNTIME
        if fits(each, 501):
            return NOT_HERE if fits(each, "NotImplemented") else NO
        if fits(each, "ResourceGroupNotFound"):
            return NO_GROUPS
    return "refused"


def public(kind: type) -> "list[str]":
    """The public methods of a class."""
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and callable(getattr(kind, name))
        and not isinstance(getattr(kind, name), type)
    ]


def stay_home() -> None:
    """Let the client ask nobody but the hub: a request to another host ends in `ElsewhereError`."""
    home = os.environ["HF_ENDPOINT"]

    def guard(request: Any) -> None:
        if not str(request.url).startswith(home):
            OUTSIDE.append(str(request.url))
            raise ElsewhereError(str(request.url))

    from huggingface_hub.utils import _http

    def factory() -> Any:
        client = _http.default_client_factory()
        client.event_hooks["request"] = [guard, *client.event_hooks["request"]]
        return client

    utils._http.set_client_factory(factory)


def run(name: str, at: At) -> "str | None":
    """Run a drive; its failure, if it fails."""
    at.drive = name
    try:
        DRIVES[name][0](at)
    except BaseException:  # noqa: BLE001 - reported
        return traceback.format_exc()
    return None


def answered(call: "Callable[[], Any]") -> Any:
    """What a call gives; lists are drawn out."""
    given = call()
    return list(given) if inspect.isgenerator(given) else given


def unsupported(*calls: "Callable[[], Any]") -> None:
    """Each of these is answered with a 501 and a sentence, and not tried again."""
    for call in calls:
        with refused(501, "NotImplemented") as seen:
            answered(call)
        said = seen.error.response.headers["X-Error-Message"]  # not every function repeats it
        assert said.startswith("This hub does not"), said


def elsewhere(*calls: "Callable[[], Any]") -> None:
    """Each of these asks another host than the hub."""
    for call in calls:
        with refused(BaseException) as seen:
            answered(call)
        assert came_to(seen.error) == ELSEWHERE, repr(seen.error)
