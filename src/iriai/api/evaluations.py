"""Evaluation results and leaderboards, as the client's classes have them.

What a repository says of evaluations is read anew here if its branches moved and the worker has not
come to it yet.
"""

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import door, shapes
from iriai.api.bodies import Body, query_flag, text_field
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground
from iriai.evaluations import actions, queries, rules
from iriai.evaluations.rules import Entry, Found, Kept
from iriai.repos import queries as repos
from iriai.repos.rules import Kind, Repo, require_write

NAME_LENGTH_MAX = 200


def leaderboard(request: Request) -> Response:
    """The models that scored on a benchmark. Called by `get_dataset_leaderboard`.

    `base_model=false` takes derived models in; `task_id` chooses a task, else it is the first.
    """
    kind, full_name = door.repo_named(request)
    actor, ground = door.actor_of(request), door.ground_of(request)
    asked = request.query_params.get("task_id", "")[:NAME_LENGTH_MAX]
    given = request.query_params.get("base_model") is not None
    base_models_only = query_flag(request, "base_model") if given else True
    with ground.read() as tx:
        dataset = repos.repo(tx, actor, Kind(kind), full_name)
    actions.refresh(ground, dataset.id)
    with ground.read() as tx:
        task = queries.benchmark(tx, dataset).task(asked)
        found = queries.leaderboard(tx, actor, dataset, task.id, base_models_only=base_models_only)
    return door.json_answer([row(each, door.base_url(request)) for each in found])


@door.with_json
def vouch(request: Request, body: Body) -> Response:
    """A token that makes a model's score verified, for who writes to the benchmark."""
    kind, full_name = door.repo_named(request)
    value = body.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid('"value" must be a number.')
    actor, ground = door.actor_of(request), door.ground_of(request)
    with ground.read() as tx:
        dataset = repos.repo(tx, actor, Kind(kind), full_name)
        require_write(actor, dataset)
    actions.refresh(ground, dataset.id)
    with ground.write() as tx:
        token = actions.vouch(
            tx,
            actor,
            dataset,
            task=text_field(body, "taskId", default="", length_max=NAME_LENGTH_MAX),
            model=text_field(body, "modelId", length_max=NAME_LENGTH_MAX),
            value=float(value),
        )
    return door.json_answer({"verifyToken": token})


def of_model(ground: Ground, repo: Repo) -> list[shapes.Shape]:
    """What `expand=evalResults` gives: results, then files that cannot be read with their fault."""
    actions.refresh(ground, repo.id)
    with ground.read() as tx:
        return results(queries.of_model(tx, repo))


def results(found: Found) -> list[shapes.Shape]:
    """Results as `parse_eval_result_entries` reads them; it passes over those with an error."""
    made = [result(each) for each in found.kept[: rules.RESULTS_SHOWN_MAX]]
    return made + [{"filename": each.filename, "error": each.error} for each in found.faults]


def result(kept: Kept) -> shapes.Shape:
    """One result; the day is the commit's where the file names none."""
    data = rules.as_written(kept.result)
    data.setdefault("date", shapes.moment(kept.at))
    shape = {"filename": kept.filename, "verified": kept.is_verified, "data": data}
    if kept.number is not None:
        shape["pullRequest"] = kept.number
    return shape


def row(entry: Entry, base: str) -> shapes.Shape:
    """A row of a leaderboard. Read by `DatasetLeaderboardEntry`, with its author's `User`."""
    kept, model = entry.kept, entry.kept.model
    shape: shapes.Shape = {
        "rank": entry.rank,
        "modelId": model.full_name,
        "value": kept.result.value,
        "filename": kept.filename,
        "verified": kept.is_verified,
        "source": None,  # older clients fail where the key is not there
        "author": {
            "_id": shapes.object_id(model.owner_id),
            "name": model.owner,
            "fullname": entry.owner_fullname,
            "avatarUrl": shapes.avatar(model.owner),
            "type": "org" if entry.owner_is_organisation else "user",
        },
    }
    if kept.result.source is not None:
        url = kept.result.source["url"]
        is_ours = url == base or url.startswith(base + "/")
        shape["source"] = {**kept.result.source, "isExternal": not is_ours}
    if kept.number is not None:
        shape["pullRequest"] = kept.number
    if kept.result.notes is not None:
        shape["notes"] = kept.result.notes
    return shape


_WHERE = "/api/datasets/{owner}/{name}/leaderboard"
ROUTES: list[DeclaredRoute] = [
    route(_WHERE, leaderboard, methods=["GET", "HEAD"], access=Access.REPO_READ),
    route(f"{_WHERE}/vouch", vouch, methods=["POST"], access=Access.REPO_WRITE),
]
