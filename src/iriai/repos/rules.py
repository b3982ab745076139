"""What repositories are, who may do what with one, and how refs are named. Pure.

The paths a file may have are judged in `paths`, what is a large file in `large`; both are parts of
these rules and reached from here: `rules.clean_path`, `rules.require_path_allowed`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from iriai.base.errors import Conflict, Denied, Gone, Invalid, Unknown
from iriai.base.events import HUB
from iriai.identity.rules import Act, Actor, Subject, may, require_may
from iriai.repos.paths import clean_folder, clean_path, require_path_allowed

__all__ = ["clean_folder", "clean_path", "require_path_allowed"]

MAIN = "refs/heads/main"
HEADS, TAGS, PULLS, CONVERTS = "refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/"
FULL_SHA = re.compile(r"[0-9a-f]{40}")
SHORT_SHA = re.compile(r"[0-9a-f]{7,40}")
NO_SHA = "0" * 40

TITLE_LENGTH_MAX = 1_000
DESCRIPTION_LENGTH_MAX = 65_536
REF_LENGTH_MAX = 240
REFS_MAX = 10_000
DISABLED = "Access to this resource is disabled."
STALE = "The branch was updated since you opened this page. Please refresh and try again."


class Kind(StrEnum):
    """What a repository holds."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"

    @property
    def prefix(self) -> str:
        """What stands before the owner in a URL: nothing for models, `datasets/`, `spaces/`."""
        return "" if self is Kind.MODEL else f"{self.value}s/"


class Visibility(StrEnum):
    """Who sees a repository. Everybody sees that a protected one is there, members its files."""

    PUBLIC = "public"
    PRIVATE = "private"
    PROTECTED = "protected"


class HeldBy(StrEnum):
    """Who decides about a repository as a whole: a person, an organisation, the commons."""

    PERSON = "person"
    OWNERS = "owners"
    COMMONS = "commons"


class Gated(StrEnum):
    """How readers of a gated repository are let in."""

    AUTO = "auto"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository, as whoever asked for it may see it. `head` is the newest commit of main.

    `granted`: whoever asked has been let through its gate.
    """

    id: int
    kind: Kind
    owner_id: int
    owner: str
    name: str
    visibility: Visibility
    gated: Gated | None
    held_by: HeldBy
    creator_id: int | None
    created_at: datetime
    updated_at: datetime
    commons_id: int = HUB
    head: str | None = None
    disabled_reason: str | None = None
    held_reason: str | None = None
    held_is_gone: bool = False
    frozen_reason: str | None = None
    label: str | None = None
    is_delisted: bool = False
    has_withheld: bool = False
    discussions_disabled: bool = False
    sdk: str | None = None
    downloads: int = 0
    likes: int = 0
    git_bytes: int = 0
    quota_bytes: int | None = None
    counts_for_id: int | None = None
    granted: bool = False

    @property
    def payer_id(self) -> int | None:
        """Whose part of the pot it takes."""
        return self.counts_for_id or self.creator_id

    @property
    def full_name(self) -> str:
        """`ada/tiny`."""
        return f"{self.owner}/{self.name}"

    @property
    def address(self) -> str:
        """Its path on the hub, without a slash in front: `ada/tiny`, `datasets/ada/tiny`."""
        return self.kind.prefix + self.full_name

    @property
    def is_private(self) -> bool:
        """Whether only members know of it."""
        return self.visibility is Visibility.PRIVATE

    @property
    def subject(self) -> str:
        """How the log names it: by address where everyone may know of it, else by number alone."""
        return f"repo/{self.id}" if self.is_private else f"repo/{self.address}"


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch, tag or pull request. `sha` is what git shows, `commit` what it comes down to."""

    name: str
    sha: str
    commit: str
    opened_by: int | None = None

    @property
    def short(self) -> str:
        """The name without its `refs/heads/` or `refs/tags/`."""
        return self.name.removeprefix(HEADS).removeprefix(TAGS)


def subject(repo: Repo) -> Subject:
    """The repository as `identity` judges it. A protected one's files are as private ones."""
    return Subject(
        repo.owner_id, repo.id, repo.creator_id, is_public=repo.visibility is Visibility.PUBLIC
    )


def may_see(actor: Actor, repo: Repo) -> bool:
    """Whether `actor` may know that the repository exists."""
    return repo.visibility is Visibility.PROTECTED or may(actor, Act.READ, subject(repo))


def may_read(actor: Actor, repo: Repo) -> bool:
    """Whether `actor` may read its files, gate and hold apart."""
    return may(actor, Act.READ, subject(repo))


def may_write(actor: Actor, repo: Repo) -> bool:
    """Whether `actor` may commit to its branches."""
    return may(actor, Act.WRITE, subject(repo))


def may_administer(actor: Actor, repo: Repo) -> bool:
    """Whether `actor` may change its settings."""
    return may(actor, Act.ADMINISTER, subject(repo))


def may_pass_gate(actor: Actor, repo: Repo) -> bool:
    """Whether the gate stands open for `actor`: there is none, they were let in, or they write."""
    if repo.gated is None or may_write(actor, repo):
        return True
    reads = any(actor.scope.allows(act, subject(repo)) for act in (Act.READ, Act.READ_GATED))
    return repo.granted and reads


class AtGate(Denied):
    """Shut out by a gate: a door that knows what became of a request for access says that too."""

    def __init__(self, repo: Repo) -> None:
        super().__init__(
            f"Access to {repo.kind} {repo.full_name} is restricted and you are not in the "
            "authorized list. Ask for access on its page.",
            code="GatedRepo",
        )
        self.repo = repo


def require_see(actor: Actor, repo: Repo) -> None:
    """What somebody may not know of is not there."""
    if not may_see(actor, repo):
        raise unknown_repo()


def require_read(actor: Actor, repo: Repo) -> None:
    """Reading files asks for the right to, an open gate, and a repository that is not disabled."""
    require_see(actor, repo)
    if not may_read(actor, repo):
        raise Denied("The files of this repository are for its members.", code="Forbidden")
    require_enabled(repo)
    if not may_pass_gate(actor, repo):
        raise AtGate(repo)


def require_enabled(repo: Repo) -> None:
    """A disabled repository neither gives nor takes; one that is held says why."""
    if repo.held_reason is not None and repo.held_is_gone:
        raise Gone(repo.held_reason, code="Removed")
    if repo.held_reason is not None:
        raise Denied(repo.held_reason, code="Held")
    if repo.disabled_reason is not None:
        raise Denied(DISABLED, code="DisabledRepo")


def require_write(actor: Actor, repo: Repo) -> None:
    """Committing to branches is for those who write."""
    require_see(actor, repo)
    require_may(actor, Act.WRITE, subject(repo))
    require_enabled(repo)
    if repo.frozen_reason is not None:
        raise Denied(repo.frozen_reason, code="Frozen")


def require_administer(actor: Actor, repo: Repo) -> None:
    """Settings are for those who administer."""
    require_see(actor, repo)
    require_may(actor, Act.ADMINISTER, subject(repo))


def require_same_hands(before: Repo, now: Repo) -> None:
    """What was judged under one holder is not landed under another: their rules differ."""
    if (before.owner_id, before.held_by) != (now.owner_id, now.held_by):
        raise Conflict(
            "This repository came into other hands while your change was under way; try again.",
            code="RepoMoved",
        )


def require_propose(actor: Actor, repo: Repo) -> None:
    """Whoever may read and take part may open a pull request."""
    require_read(actor, repo)
    require_may(actor, Act.DISCUSS, subject(repo))


def require_commit_to(actor: Actor, repo: Repo, ref: Ref | None) -> None:
    """Branches are for those who write; a pull request is also for who opened it."""
    is_pull = ref is not None and ref.name.startswith(PULLS)
    if is_pull and ref is not None and actor.id is not None and ref.opened_by == actor.id:
        require_propose(actor, repo)
        return
    try:
        require_write(actor, repo)
    except Denied as refusal:
        if is_pull and ref is not None and refusal.code == "Forbidden":
            raise Denied(
                f"Commits are added to pull request {ref.name.removeprefix(PULLS)} by who opened "
                f"it, and by those who may write to {repo.full_name}.",
                code=refusal.code,
            ) from None
        may_propose = not repo.discussions_disabled and may(actor, Act.DISCUSS, subject(repo))
        if refusal.code != "Forbidden" or not may_propose:
            raise
        raise Denied(
            f"You may not change {repo.full_name} yourself. Propose your change as a pull request "
            "(hf upload --create-pr, or create_pr=True)",
            code=refusal.code,
        ) from None


def require_own(actor: Actor, repo: Repo, *, propose_at: str, act: str) -> None:
    """A person decides alone about what is theirs; what others hold is decided by them."""
    require_administer(actor, repo)
    if repo.held_by is HeldBy.COMMONS:
        raise held_by_commons(repo, propose_at=propose_at, act=act)
    if repo.held_by is HeldBy.OWNERS:
        raise Denied(
            f"This repository belongs to an organisation: to {act} it is decided by its "
            "administrators.",
            code="HeldByOwners",
        )


def held_by_commons(repo: Repo, *, propose_at: str, act: str) -> Denied:
    """Only a decision of the commons touches what it holds as a whole."""
    return Denied(
        f"{repo.full_name} is held by the commons, which alone can {act} it. "
        f"Propose it at {propose_at}.",
        code="HeldByCommons",
    )


def unknown_repo() -> Unknown:
    """The one answer for what is missing and what is hidden; it does not echo the name."""
    return Unknown("Repository not found", code="RepoNotFound")


def gone_repo(repo: Repo) -> Gone:
    """The answer for what everyone could see and was deleted; its tombstone says by whom."""
    by = f" {repo.disabled_reason}" if repo.disabled_reason else ""
    return Gone(f"This repository was deleted.{by}", code="RepoNotFound")


def unknown_revision(revision: str) -> Unknown:
    """There is no such branch, tag or commit."""
    return Unknown(f"Invalid rev id: {revision[:REF_LENGTH_MAX]}", code="RevisionNotFound")


def unknown_entry(path: str) -> Unknown:
    """There is no such file or folder at this revision."""
    return Unknown(
        f"{path[:REF_LENGTH_MAX]!r} does not exist at this revision.", code="EntryNotFound"
    )


def ref_candidates(revision: str) -> list[str]:
    """The refs that a revision may name, the first found wins. A sha is not among them."""
    if revision in ("HEAD", ""):
        return [MAIN]
    if revision.startswith("refs/"):
        return [revision]
    return [HEADS + revision, TAGS + revision]


_REF_ILLEGAL = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")


def clean_ref(name: str) -> str:
    """A branch's or tag's short name, after git's own rule, or `Invalid`."""
    if not name or len(name) > REF_LENGTH_MAX:
        raise Invalid(f"A branch or tag has a name of 1 to {REF_LENGTH_MAX} characters.")
    if name.startswith("refs/"):
        raise Invalid(f"Invalid reference for a branch: {name!a}", code="RefInvalid")
    wrong = (
        _REF_ILLEGAL.search(name)
        or name[0] in "-./"
        or name[-1] in "./"
        or name == "@"
        or not name.isprintable()
        or name == "HEAD"
    )
    if wrong or FULL_SHA.fullmatch(name):
        raise Invalid(f"{name!a} is not a valid name for a branch or tag.", code="RefInvalid")
    return name


def space_files(name: str, sdk: str) -> dict[str, bytes]:
    """What a space begins with: a README, whose metadata clients change and never make; a page."""
    files = {"README.md": f'---\ntitle: "{name}"\nsdk: {sdk}\n---\n'.encode()}
    if sdk == "static":
        files["index.html"] = (
            f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{name}</title>\n'
            f'<link rel="stylesheet" href="style.css">\n<h1>{name}</h1>\n'
        ).encode()
        files["style.css"] = b"body { font-family: sans-serif; margin: 2rem; }\n"
    return files


def require_room_for_refs(count: int) -> None:
    """A repository has so many refs and no more."""
    if count >= REFS_MAX:
        raise Invalid(f"A repository has at most {REFS_MAX:,} branches, tags and pull requests.")


def reference_exists(name: str) -> Conflict:
    """The ref is there already."""
    return Conflict(f"Reference {name} already exists", code="ReferenceExists")


def commit_message(title: str, description: str = "") -> str:
    """A commit's message: a title, and perhaps a description after a blank line."""
    title = " ".join(title.replace("\0", "").split())
    if not title:
        raise Invalid("A commit needs a message.")
    if len(title) > TITLE_LENGTH_MAX:
        raise Invalid(
            f"The first line of a commit message has at most {TITLE_LENGTH_MAX} characters."
        )
    description = description.replace("\0", "").replace("\r\n", "\n").strip("\n ")
    if len(description) > DESCRIPTION_LENGTH_MAX:
        raise Invalid(f"A commit's description has at most {DESCRIPTION_LENGTH_MAX:,} characters.")
    return f"{title}\n\n{description}" if description else title
