"""The leaderboard of a dataset that is a benchmark, and vouching for a score on it."""

from starlette.responses import Response

from iriai.base.errors import Denied, HubError, Invalid, Unknown
from iriai.base.routing import Access
from iriai.evaluations import actions, queries
from iriai.repos import queries as repos
from iriai.repos.rules import Kind
from iriai.web import links, problems
from iriai.web.door import Ask, get, post
from iriai.web.repository import frame

SHOWN_MAX = 200
TASK_LENGTH_MAX = 200
SAID_IN_THE_FORM = (Invalid, Unknown, Denied)


def leaderboard(ask: Ask) -> Response:
    """The models that scored on a task of a benchmark."""
    return _page(ask, ask.query("task"))


def vouch(ask: Ask) -> Response:
    """Make a token with which a model's score counts as verified."""
    form, task = ask.form, ask.form.get("task")
    try:
        with ask.ground.write() as tx:
            dataset = repos.repo(tx, ask.actor, Kind.DATASET, _name(ask))
            given = form.get("value").strip()
            model = form.get("model").strip()
            token = actions.vouch(
                tx, ask.actor, dataset, task=task, model=model, value=_number(given)
            )
    except SAID_IN_THE_FORM as error:
        return _page(ask, task, error=error)
    return _page(ask, task, token=token)


def _page(ask: Ask, asked: str, *, token: str = "", error: HubError | None = None) -> Response:
    whole = ask.query("all") == "yes"
    with ask.ground.read() as tx:
        dataset = repos.repo(tx, ask.actor, Kind.DATASET, _name(ask))
        benchmark = queries.benchmark(tx, dataset)
        task = benchmark.task(asked[:TASK_LENGTH_MAX])
        entries = queries.leaderboard(tx, ask.actor, dataset, task.id, base_models_only=not whole)
    return ask.page(
        "repository/leaderboard.html",
        **frame(ask, dataset),
        benchmark=benchmark,
        task=task,
        entries=entries[:SHOWN_MAX],
        whole="yes" if whole else "",
        token=token,
        fault=error.message if error else "",
        sent=ask.form,
        status=problems.status(error) if error else 200,
        twin=links.with_query(links.twin(dataset, "leaderboard"), task_id=task.id),
    )


def _name(ask: Ask) -> str:
    return f"{ask.part('owner')}/{ask.part('name')}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Invalid("A score is a number, such as 0.61.") from None


ROUTES = [
    get("/datasets/{owner}/{name}/leaderboard", leaderboard, access=Access.ANYONE),
    post("/datasets/{owner}/{name}/leaderboard", vouch, access=Access.SIGNED_IN),
]
