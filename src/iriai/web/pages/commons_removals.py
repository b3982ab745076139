"""Requests for removal: asked without an account, followed by a code, with the clock in public."""

from starlette.responses import Response

from iriai.base.errors import HubError, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.commons import queries as commons_queries
from iriai.commons.enactment import removals as enacting
from iriai.commons.membership.reach import as_in_office
from iriai.commons.removal import actions, queries, rules
from iriai.commons.removal.rules import State
from iriai.repos import queries as repos
from iriai.repos.rules import Repo, unknown_repo
from iriai.repos.subjects import place
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see

NUMBER_DIGITS_MAX = 9
PROMISE = (
    "You need no account. Your request is acknowledged and decided within days that this page "
    "shows to everybody, with the reason; a refusal can be appealed to a panel drawn by lot."
)


def listed(ask: Ask) -> Response:
    """The requests of a commons, and their clock."""
    now = ask.ground.clock()
    with ask.ground.read() as tx:
        commons = commons_queries.commons(tx, ask.part("name"))
        found = [
            {"row": each, "is_late": queries.is_overdue(each, now)}
            for each in queries.removals(tx, commons.id)
        ]
        return ask.page(
            "commons/removals.html",
            tab="removals",
            twin=links.commons_twin(commons.name, "removals"),
            commons=commons,
            removals=found,
            labels=rules.LABELS,
            next_step=PROMISE,
        )


def new(ask: Ask) -> Response:
    """The form to ask with."""
    return _new(ask)


def _new(ask: Ask, *, error: HubError | None = None) -> Response:
    return ask.page(
        "commons/removal_new.html",
        subject=ask.form.get("subject") or ask.query("subject"),
        sent=ask.form,
        next_step=PROMISE,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
    )


def send(ask: Ask) -> Response:
    """Ask."""
    subject, _file, path = links.subject(ask.form.get("subject")).partition("/file/")
    try:
        with ask.ground.write() as tx:
            where = place(subject)
            if where is None or where.kind is None:
                raise unknown_repo()
            repo: Repo = repos.repo(tx, ask.actor, where.kind, where.full_name)
            made, code = actions.ask(
                tx,
                ask.actor,
                repo,
                paths="\n".join([path, ask.form.get("paths")]),
                words=ask.form.get("words"),
                contact=ask.form.get("contact"),
            )
            name, number = commons_queries.named(tx, made.commons_id).name, made.number
    except HubError as error:
        return _new(ask, error=error)
    return see(links.with_query(links.commons(name, "removals", str(number)), code=code))


def one(ask: Ask) -> Response:
    """One request: its clock for everybody, all of it for its asker and the stewards."""
    return _one(ask)


def _one(ask: Ask, *, error: HubError | None = None) -> Response:
    code = ask.form.get("code") or ask.query("code")
    with ask.ground.read() as tx:
        commons = commons_queries.commons(tx, ask.part("name"))
        row = queries.row(tx, commons.id, _number(ask.part("number")))
        steward = enacting.may_decide(tx, as_in_office(tx, ask.actor, commons.id), commons.id)
        mine = queries.has_code(row, code) or (
            ask.actor.id is not None and ask.actor.id == row.asker_id
        )
        dates = (row.acknowledge_by, row.decide_by)
        return ask.page(
            "commons/removal.html",
            tab="removals",
            twin=links.commons_twin(commons.name, "removals", str(row.number)),
            commons=commons,
            row=row,
            label=rules.LABELS[State(row.state)],
            is_late=queries.is_overdue(row, tx.now),
            is_steward=steward,
            is_mine=mine,
            code=code if mine else "",
            may_appeal=mine and row.state == State.REFUSED and row.appeal_until is not None,
            sent=ask.form,
            next_step=rules.next_step(State(row.state), dates, row.appeal_until),
            fault=error.message if error else "",
            status=problems.status(error) if error else 200,
        )


def step(ask: Ask) -> Response:
    """Acknowledge, decide or appeal."""
    word, code = ask.form.get("step"), ask.form.get("code")
    try:
        with ask.ground.write() as tx:
            commons = commons_queries.commons(tx, ask.part("name"))
            number = _number(ask.part("number"))
            row = queries.row(tx, commons.id, number)
            if word == "acknowledge":
                enacting.acknowledge(tx, ask.actor, row)
            elif word == "appeal":
                enacting.appeal(tx, ask.actor, row, code=code, words=ask.form.get("words"))
            elif word not in ("fulfil", "refuse"):
                raise Unknown("There is no such step.")
        if word in ("fulfil", "refuse"):
            reason = ask.form.get("reason")
            enacting.decide(
                ask.ground, ask.actor, commons.id, number, fulfil=word == "fulfil", reason=reason
            )
    except HubError as error:
        return _one(ask, error=error)
    return see(links.with_query(links.commons(commons.name, "removals", str(number)), code=code))


def _number(text: str) -> int:
    number = whole(text, digits_max=NUMBER_DIGITS_MAX)
    if number is None:
        raise rules.unknown_removal()
    return number


ROUTES = [
    get("/commons/{name}/removals", listed, access=Access.ANYONE),
    get("/commons/{name}/removals/new", new, access=Access.ANYONE),
    post("/commons/{name}/removals/new", send, access=Access.ANYONE),
    get("/commons/{name}/removals/{number}", one, access=Access.ANYONE),
    post("/commons/{name}/removals/{number}", step, access=Access.ANYONE),
    get("/removal", new, access=Access.ANYONE),
    post("/removal", send, access=Access.ANYONE),
]
