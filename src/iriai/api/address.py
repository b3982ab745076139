"""The grammar of the hub's URLs. Pure: text in, text out.

Two families of URL name a file: `/{prefix}{owner}/{name}/resolve/{revision}/{path}` and
`/api/{plural}/{owner}/{name}/tree/{revision}/{path}`. A revision may hold slashes, and clients
disagree about them: Python sends one encoded segment (`refs%2Fpr%2F1`), JavaScript sends the
slashes raw (`refs/pr/1`). So routing works on the raw path, and what follows the verb is taken
apart here, decoded exactly once.
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from iriai.base.errors import Invalid, Unknown

KIND_OF_PLURAL = {"models": "model", "datasets": "dataset", "spaces": "space"}
PLURAL_OF_KIND = {kind: plural for plural, kind in KIND_OF_PLURAL.items()}
PREFIX_OF_KIND = {"model": "", "dataset": "datasets/", "space": "spaces/"}
KIND_OF_PREFIX = {"datasets": "dataset", "spaces": "space"}

RAW_REF_FAMILIES = frozenset({"pr", "convert", "heads", "tags"})
DEFAULT_REVISION = "main"
SEGMENT_LENGTH_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Place:
    """A revision, and a path in it; the root of the tree is the empty path."""

    revision: str
    path: str


def decoded(raw: str) -> str:
    """A percent-encoded piece of URL as text, decoded once; `Invalid` where it is not UTF-8."""
    if len(raw) > SEGMENT_LENGTH_MAX * 4:
        raise Invalid("This address is too long.")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("This address is not valid UTF-8.") from error


def place(tail: str) -> Place:
    """What follows `resolve/` or `tree/`, as the client sent it, taken apart."""
    pieces = tail.split("/")
    if is_raw_ref(pieces):
        revision, rest = "/".join(pieces[:3]), pieces[3:]
    else:
        revision, rest = pieces[0], pieces[1:]
    revision = decoded(revision)
    if not revision:
        raise Invalid("The address names no revision.")
    return Place(revision, decoded("/".join(rest)).rstrip("/"))


def is_raw_ref(pieces: list[str]) -> bool:
    """Whether a tail starts with a ref whose slashes came unencoded, as hub.js sends it."""
    return len(pieces) > 2 and pieces[0] == "refs" and pieces[1] in RAW_REF_FAMILIES  # noqa: PLR2004


def revision(tail: str) -> str:
    """A tail that is a revision and nothing else."""
    found = decoded(tail.rstrip("/"))
    if not found:
        raise Invalid("The address names no revision.")
    return found


def kind_of(plural: str) -> str:
    """`models` is `model`."""
    try:
        return KIND_OF_PLURAL[plural]
    except KeyError:
        raise Unknown("There is no such kind of repository.", code="RepoNotFound") from None


def kind_named(word: object, *, default: str = "model") -> str:
    """The `type` of a JSON body: absent means a model."""
    if word is None:
        return default
    if not isinstance(word, str) or word not in PREFIX_OF_KIND:
        kinds = ", ".join(PREFIX_OF_KIND)
        raise Invalid(f'"type" must be one of {kinds}.')
    return word


def split_full_name(full_name: str) -> tuple[str, str]:
    """`ada/tiny` in two; `Invalid` for anything else."""
    owner, slash, name = full_name.partition("/")
    if not slash or not owner or not name or "/" in name:
        raise Invalid('A repository is named "owner/name".')
    return owner, name


# -- writing addresses -------------------------------------------------------------------------


def repo_path(kind: str, full_name: str) -> str:
    """Where a repository lies under the hub: `/datasets/ada/tiny`."""
    return f"/{PREFIX_OF_KIND[kind]}{full_name}"


def repo_url(base: str, kind: str, full_name: str) -> str:
    """The address of a repository."""
    return base + repo_path(kind, full_name)


def commit_url(base: str, kind: str, full_name: str, sha: str) -> str:
    """The address of one commit; clients check that it starts with the repository's."""
    return f"{repo_url(base, kind, full_name)}/commit/{sha}"


def api_path(kind: str, full_name: str, *rest: str) -> str:
    """An address below `/api/{plural}/{full_name}`; each of `rest` becomes one segment."""
    tail = "".join("/" + quote(piece, safe="") for piece in rest)
    return f"/api/{PLURAL_OF_KIND[kind]}/{full_name}{tail}"


def resolve_path(kind: str, full_name: str, revision: str, path: str) -> str:
    """Where a file's bytes are: `/ada/tiny/resolve/main/config.json`."""
    where = repo_path(kind, full_name)
    return f"{where}/resolve/{quote(revision, safe='')}/{quote(path, safe='/')}"


def moved(raw_path: str, raw_query: str, *, kind: str, full_name: str) -> str:
    """The same address under a repository's new name, relative, with its query."""
    pieces = raw_path.split("/")
    if pieces[1] == "api":
        prefix, rest = api_path(kind, full_name), pieces[5:]
    else:
        prefix, rest = repo_path(kind, full_name), pieces[3 if kind == "model" else 4 :]
    if not raw_path.startswith("/api/") and pieces[2 if kind == "model" else 3].endswith(".git"):
        prefix += ".git"
    return "/".join([prefix, *rest]) + (f"?{raw_query}" if raw_query else "")


def resource(text: str) -> tuple[str, str]:
    """The kind and name of what a build wants to publish to; a bare word is an account's name."""
    prefix, _slash, rest = text.partition("/")
    if "/" in rest and prefix in KIND_OF_PLURAL:
        return KIND_OF_PLURAL[prefix], rest
    return "model", text
