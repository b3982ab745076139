"""Paths find their routes, the most particular first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.routing import Match, Route

from iriai.base.switchboard import Found, Switchboard


def answer(_request):
    return Response()


PATHS = [
    "/",
    "/models",
    "/api/whoami-v2",
    "/api/models",
    "/api/models/{owner}/{name}",
    "/api/models/{owner}/{name}/tree/{tail:path}",
    "/api/models/{owner}/{name}/discussions/{number:int}",
    "/datasets/{owner}/{name}",
    "/datasets/{owner}/{name}/resolve/{tail:path}",
    "/{owner}",
    "/{owner}/{name}",
    "/{owner}/{name}.git/info/refs",
    "/{owner}/{name}/info/refs",
    "/{owner}/{name}/resolve/{tail:path}",
]
BOARD = Switchboard(Route(path, answer, methods=["GET"]) for path in PATHS)


@pytest.mark.parametrize(
    ("path", "route", "params"),
    [
        ("/", "/", {}),
        ("/models", "/models", {}),
        ("/ada", "/{owner}", {"owner": "ada"}),
        ("/ada/tiny", "/{owner}/{name}", {"owner": "ada", "name": "tiny"}),
        ("/datasets/ada/d", "/datasets/{owner}/{name}", {"owner": "ada", "name": "d"}),
        ("/datasets/squad", "/{owner}/{name}", {"owner": "datasets", "name": "squad"}),
        (
            "/ada/tiny.git/info/refs",
            "/{owner}/{name}.git/info/refs",
            {"owner": "ada", "name": "tiny"},
        ),
        (
            "/ada/tiny/resolve/refs%2Fpr%2F1/a/b",
            "/{owner}/{name}/resolve/{tail:path}",
            {"owner": "ada", "name": "tiny", "tail": "refs%2Fpr%2F1/a/b"},
        ),
        (
            "/api/models/ada/tiny/discussions/7",
            "/api/models/{owner}/{name}/discussions/{number:int}",
            {"owner": "ada", "name": "tiny", "number": "7"},
        ),
    ],
)
def test_a_path_finds_its_most_particular_route(path, route, params):
    found = BOARD.find("GET", path)
    assert isinstance(found, Found)
    assert (found.route.path, found.params) == (route, params)


def test_a_path_nobody_serves_finds_nothing():
    assert BOARD.find("GET", "/api/models/a/b/c") == frozenset()


def test_a_wrong_method_learns_the_right_ones():
    assert "GET" in BOARD.find("PUT", "/models")


def test_one_method_on_one_path_has_one_route():
    twice = [Route("/a/{x}", answer, methods=["GET"]), Route("/a/{y}", answer, methods=["GET"])]
    with pytest.raises(ValueError, match="the same route"):
        Switchboard(twice)


segments = st.sampled_from(
    [
        "",
        "ada",
        "tiny",
        "tiny.git",
        "api",
        "models",
        "datasets",
        "resolve",
        "info",
        "refs",
        "7",
        "discussions",
        "tree",
    ]
)


@given(st.lists(segments, min_size=1, max_size=7))
def test_it_finds_a_route_just_where_trying_each_in_turn_does(pieces):
    path = "/" + "/".join(pieces)
    scope = {"type": "http", "path": path, "method": "GET", "root_path": ""}
    one_by_one = [
        route
        for route in (Route(each, answer, methods=["GET"]) for each in PATHS)
        if route.matches(scope)[0] is Match.FULL
    ]
    found = BOARD.find("GET", path)
    assert isinstance(found, Found) == bool(one_by_one)
    if isinstance(found, Found):
        assert found.route.path in {each.path for each in one_by_one}
