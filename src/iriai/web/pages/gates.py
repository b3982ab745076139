"""The gate of a gated repository: the page to ask at, and the one where requests are answered."""

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, HubError, Invalid, Unknown
from iriai.base.routing import Access
from iriai.cards import queries as cards
from iriai.commons.cases import gating
from iriai.commons.cases import queries as cases
from iriai.commons.cases.bench import Matter
from iriai.commons.enactment import case_steps
from iriai.gates import actions, queries, rules
from iriai.gates.rules import Status
from iriai.repos import queries as repos
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Kind, Repo
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.repository import frame, of_each_kind

SAID_IN_THE_FORM = (Invalid, Denied, Conflict)
ANSWER_PREFIX = "answer-"
CURSOR_MAX = 10**15


def gate(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Where somebody asks for access, and reads what became of it."""
    with ask.ground.read() as tx:
        repo = repos.repo(tx, ask.actor, kind, full_name)
    return _gate(ask, repo)


def pass_gate(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Ask for access, or take a request back."""
    with ask.ground.read() as tx:
        repo = repos.repo(tx, ask.actor, kind, full_name)
    given = {
        name.removeprefix(ANSWER_PREFIX): values[0]
        for name, values in ask.form.fields.items()
        if name.startswith(ANSWER_PREFIX) and values
    }
    try:
        with ask.ground.write() as tx:
            if ask.form.has("appeal"):
                case_steps.appeal_refusal(tx, ask.actor, repo, words=ask.form.get("words"))
            elif ask.form.has("withdraw"):
                actions.withdraw(tx, ask.actor, repo)
            else:
                gating.ask(tx, ask.actor, repo, given=given)
    except SAID_IN_THE_FORM as error:
        return _gate(ask, repo, error=error)
    return see(links.repo(repo, "ask-access"))


def requests(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Who asked, for those who answer."""
    with ask.ground.read() as tx:
        repo = repos.repo(tx, ask.actor, kind, full_name)
    return _requests(ask, repo)


def answer(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Let somebody in, refuse them, or put their request back."""
    form = ask.form
    with ask.ground.read() as tx:
        repo = repos.repo(tx, ask.actor, kind, full_name)
    try:
        with ask.ground.write() as tx:
            rules.require_may_answer(ask.actor, repo)
            name = form.get("who").strip()
            if form.has("grant"):
                actions.grant(tx, ask.actor, repo, name=name)
            else:
                found = queries.request_of(tx, repo, name)
                status, reason = form.get("status"), form.get("reason")
                _require_reason(status, reason)
                actions.answer(tx, ask.actor, repo, found, status=status, reason=reason)
    except (*SAID_IN_THE_FORM, Unknown) as error:
        return _requests(ask, repo, error=error)
    return see(links.repo(repo, "settings", "access"))


def _require_reason(status: str, reason: str) -> None:
    """On the page, whoever refuses says why."""
    if status == Status.REJECTED and not reason.strip():
        raise Invalid("Say why; whoever you refuse reads it.")


def _gate(ask: Ask, repo: Repo, *, error: HubError | None = None) -> Response:
    rules.require_gated(repo)
    with ask.ground.read() as tx:
        mine = queries.own(tx, ask.actor, repo)
        card = cards.card(tx, repo.id)
        panel = None if mine is None else cases.panel_of(tx, Matter.GATE, mine.id)
        commons = cases.name_of(tx, repo.commons_id)
        times = gating.times(tx, repo)
    data = card.data if card else {}
    by_charter, now = gating.is_by_charter(repo), ask.ground.clock()
    appeal_by = times.appeal_by(mine) if mine is not None and by_charter else None
    again = None
    if mine is not None and mine.status is Status.REJECTED and mine.handled_at is not None:
        again = mine.handled_at + times.again_after
    return ask.page(
        "repository/gate.html",
        **frame(ask, repo),
        mine=mine,
        again=again if again and again > now else None,
        by_charter=by_charter,
        may_appeal=appeal_by is not None and now < appeal_by,
        panel=panel,
        commons=commons,
        times=times,
        answer_by=times.answer_by(mine) if mine is not None else None,
        is_late=by_charter and mine is not None and now > times.answer_by(mine),
        has_access=repo_rules.may_pass_gate(ask.actor, repo),
        questions=rules.questions(data),
        heading=str(data.get("extra_gated_heading") or "")[: rules.REASON_LENGTH_MAX],
        prompt=str(data.get("extra_gated_prompt") or "")[: rules.FIELD_LENGTH_MAX],
        sent=ask.form,
        prefix=ANSWER_PREFIX,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
        twin=links.twin(repo, "ask-access"),
    )


def _requests(ask: Ask, repo: Repo, *, error: HubError | None = None) -> Response:
    wanted = ask.query("status", Status.PENDING)
    status = Status(wanted) if wanted in set(Status) else Status.PENDING
    after = ask.number("after", 0, most=CURSOR_MAX)
    with ask.ground.read() as tx:
        page = queries.requests(tx, ask.actor, repo, status, after=after, limit=rules.PAGE_LENGTH)
        times = gating.times(tx, repo)
        overdue = gating.overdue(tx, repo)
    return ask.page(
        "repository/access.html",
        **frame(ask, repo),
        wanted=status,
        page=page,
        by_charter=gating.is_by_charter(repo),
        times=times,
        overdue=overdue,
        now=ask.ground.clock(),
        sent=ask.form,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
        twin=links.twin(repo, "user-access-request", status),
    )


ROUTES = [
    *of_each_kind(get, "/ask-access", gate, access=Access.ANYONE),
    *of_each_kind(post, "/ask-access", pass_gate, access=Access.SIGNED_IN),
    *of_each_kind(get, "/settings/access", requests, access=Access.REPO_WRITE),
    *of_each_kind(post, "/settings/access", answer, access=Access.REPO_WRITE),
]
