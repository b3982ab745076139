"""Who may ask, who answers, and what an answer must say. Pure.

A gated repository is seen by everybody; its files are for those let in. An `auto` gate lets in who
asks and answers its questions; a `manual` one waits for somebody who writes there. A refusal always
has a reason, and whoever was refused sees it and may ask again later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.identity.rules import Act, Actor, Subject, require_reach, require_signed_in
from iriai.repos import rules as repos
from iriai.repos.rules import Gated, Repo

REASON_LENGTH_MAX = 1_000
FIELD_LENGTH_MAX = 4_000
FIELD_NAME_LENGTH_MAX = 200
FIELDS_MAX = 30
OPTIONS_MAX = 300
PAGE_LENGTH = 100
SENTENCE_ENDS = tuple(".!?…。।؟\uff01\uff1f")  # the last two are full-width ! and ?


class Status(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class FieldKind(StrEnum):
    """What a question of the card wants for an answer."""

    TEXT = "text"
    CHECKBOX = "checkbox"
    DATE = "date_picker"
    COUNTRY = "country"
    SELECT = "select"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers that a question offers: what is kept, and what people read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One question that the card asks those who want access."""

    name: str
    kind: FieldKind
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's request for access to a repository."""

    id: int
    repo_id: int
    account_id: int
    name: str
    fullname: str
    email: str | None
    status: Status
    fields: Mapping[str, Any]
    reason: str | None
    asked_at: datetime
    handled_at: datetime | None


def questions(card: Mapping[str, Any]) -> list[Field]:
    """The questions of a card's `extra_gated_fields`; what cannot be understood is left out."""
    asked = card.get("extra_gated_fields")
    if not isinstance(asked, Mapping):
        return []
    found = (_question(str(name), wanted) for name, wanted in list(asked.items())[:FIELDS_MAX])
    return [each for each in found if each is not None]


def _question(name: str, wanted: Any) -> Field | None:
    options: tuple[Option, ...] = ()
    if isinstance(wanted, Mapping):
        named = wanted.get("options")
        if isinstance(named, list):
            options = tuple(_option(each) for each in named[:OPTIONS_MAX])
        wanted = wanted.get("type", "select" if options else "text")
    if wanted not in set(FieldKind) or not name.strip():
        return None
    return Field(name[:FIELD_NAME_LENGTH_MAX], FieldKind(wanted), options)


def _option(found: Any) -> Option:
    """An option is a text, or `{label, value}`; where one of the two is missing the other is it."""
    if not isinstance(found, Mapping):
        found = {"value": found}
    value = found.get("value", found.get("label", ""))
    label = found.get("label", value)
    return Option(str(value)[:FIELD_NAME_LENGTH_MAX], str(label)[:FIELD_NAME_LENGTH_MAX])


def answers(asked: list[Field], given: Mapping[str, str]) -> dict[str, Any]:
    """The answers to a card's questions, each there and each fit for its question."""
    return {field.name: _answer(field, given.get(field.name, "").strip()) for field in asked}


def _answer(field: Field, text: str) -> Any:
    if field.kind is FieldKind.CHECKBOX:
        if text.lower() not in ("on", "true", "yes", "1"):
            raise Invalid(f"You have to agree: {field.name}")
        return True
    if not text:
        raise Invalid(f"This needs an answer: {field.name}")
    if len(text) > FIELD_LENGTH_MAX:
        raise Invalid(f"An answer has at most {FIELD_LENGTH_MAX:,} characters: {field.name}")
    if field.options and text not in {each.value for each in field.options}:
        raise Invalid(f"Choose one of the answers that are offered: {field.name}")
    return text


def require_gated(repo: Repo) -> None:
    """Only a gated repository has requests."""
    if repo.gated is None:
        raise Invalid("This repository is not gated.", code="NotGated")


def require_may_ask(
    actor: Actor, repo: Repo, last: Request | None, *, again_after: timedelta, now: datetime
) -> int:
    """Whoever is signed in and sees the repository may ask, once until they are answered.

    After a refusal that is again once `again_after` is over.
    """
    repos.require_see(actor, repo)
    require_gated(repo)
    asker = require_own_word(actor, repo)
    require_reach(actor, Act.KNOW_EMAIL, Subject(asker))  # which the owner is told
    if repos.may_pass_gate(actor, repo) or (last and last.status is Status.ACCEPTED):
        raise Conflict("You have access to this repository already.")
    if last is not None and last.status is Status.PENDING:
        raise Conflict("You have asked already, and wait for an answer.")
    if last is not None and last.handled_at is not None:
        again = last.handled_at + again_after
        if now < again:
            raise Denied(f"You were refused. You may ask again from {again:%d %B %Y} on.")
    return asker


def require_own_word(actor: Actor, repo: Repo) -> int:
    """Whoever asks for themselves, in a session or with a token that may speak for them."""
    asker = require_signed_in(actor)
    require_reach(actor, Act.DISCUSS, repos.subject(repo))
    return asker


def require_may_answer(actor: Actor, repo: Repo) -> None:
    """Those who write to a repository say who is let in."""
    repos.require_write(actor, repo)
    require_gated(repo)


def shut_out(repo: Repo, last: Request | None, *, where: str = "") -> str:
    """Why the gate is shut to somebody with this request, or none; `where` is the page to ask at.

    A sentence for clients and pages alike: who waits is told so, who was refused is told why.
    """
    what = f"{repo.kind} {repo.full_name}"
    if last is None:
        asking = f"Ask for access at {where}" if where else "Ask for access."
        return f"Access to {what} is restricted and you are not in the authorized list. {asking}"
    if last.status is Status.PENDING:
        return _seen_at(f"You have asked for access to {what} and wait for an answer.", where)
    if last.status is Status.REJECTED:
        reason = _ended((last.reason or "").rstrip())
        return _seen_at(f"Your request for access to {what} was refused: {reason}", where)
    return f"You were let into {what}, but this token may not read gated repositories."


def _seen_at(said: str, where: str) -> str:
    return f"{said} See {where}" if where else said


def _ended(said: str) -> str:
    """What somebody wrote, with a stop where they set none: more is said behind it."""
    return said if said.endswith(SENTENCE_ENDS) else f"{said}."


def first_status(repo: Repo) -> Status:
    """What a new request is at once: an `auto` gate opens by itself."""
    return Status.ACCEPTED if repo.gated is Gated.AUTO else Status.PENDING


def require_change(request: Request, wanted: str) -> Status:
    """The status asked for, where it is another than the present one."""
    if wanted not in set(Status):
        raise Invalid('A status is "pending", "accepted" or "rejected".')
    if request.status == wanted:
        raise Unknown(f"This request is {wanted} already.", code="AlreadyHandled")
    return Status(wanted)


def require_not_refused(request: Request) -> None:
    """A refusal is not undone by taking the request back; its time to ask again runs."""
    if request.status is Status.REJECTED:
        raise Conflict("This was answered already: there is nothing to take back.")


def require_not_in(request: Request) -> None:
    """Somebody who has access is not let in again."""
    if request.status is Status.ACCEPTED:
        raise Invalid("This person has access already.", code="AlreadyGranted")


def clean_reason(status: Status, reason: str, *, is_required: bool = False) -> str | None:
    """The reason of a refusal: there must be one, and the applicant reads it.

    A person may leave theirs unsaid to a client that does not ask for one; a commons may not.
    """
    cleaned = reason.strip()
    if len(cleaned) > REASON_LENGTH_MAX:
        raise Invalid(f"A reason has at most {REASON_LENGTH_MAX:,} characters.")
    if status is not Status.REJECTED:
        return None
    if not cleaned and is_required:
        raise Invalid(
            "What a commons holds is never refused without a reason: give one (rejectionReason), "
            "which the person reads.",
            code="ReasonRequired",
        )
    return cleaned or "No reason was given."


def unknown_request() -> Unknown:
    """Nobody of this name has asked."""
    return Unknown("There is no such request for access.", code="RequestNotFound")
