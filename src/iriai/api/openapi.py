"""The OpenAPI document of this hub, made from the routes themselves and from nothing else.

Paths, methods and who may call come from the declared routes, sentences from the handlers'
docstrings, and the names of parameters from what a handler reads (`reading_of.py`). So a route
cannot be missing, and what is said of it is as true as the code.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai import __version__
from iriai.api import door
from iriai.api.reading_of import Reads, reads_of
from iriai.base.routing import Access, DeclaredRoute, route

ADDRESS = "/api/openapi.json"
PARAMETER = re.compile(r"{([a-z_]+)(?::[a-z]+)?}")
BODIED = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SIGNED_IN = frozenset(
    {
        Access.SIGNED_IN,
        Access.REPO_WRITE,
        Access.REPO_ADMIN,
        Access.ORG_ADMIN,
        Access.OPERATOR,
    }
)
ERRORS = {
    "400": "The request makes no sense.",
    "401": "A token is missing, wrong, expired or revoked.",
    "403": "One may know of it, but not do this.",
    "404": "It is not there, or not for you.",
    "405": "The address does not take this method.",
    "409": "It exists already, or changed meanwhile.",
    "410": "It was removed on purpose.",
    "412": "The branch is not where it was said to be.",
    "413": "The body is too large.",
    "416": "The range lies past the end.",
    "422": "The path policy refuses a path.",
    "429": "Too often; `Retry-After` says when to come back.",
    "501": "This hub does not do this.",
    "503": "The database or the store cannot just now; `Retry-After` says when.",
    "507": "No more room.",
}
OF_ITS_OWN = ("401", "403", "404", "429", "501", "503", "507")
DESCRIPTION = (
    "Unmodified Hugging Face clients call these addresses when `HF_ENDPOINT` names this hub. "
    "Every error is `{error}` with the same sentence in `X-Error-Message` and a word for machines "
    "in `X-Error-Code`. Lists come in pages; `Link: <…>; rel=next` leads on."
)


def document(routes: Iterable[DeclaredRoute], *, base_url: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for each in sorted(routes, key=lambda made: made.path):
        for method in sorted(each.methods or ()):
            path = PARAMETER.sub(r"{\1}", each.path)
            paths.setdefault(path, {})[method.lower()] = operation(each, method)
    return {
        "openapi": "3.1.0",
        "info": {"title": "iriai", "version": __version__, "description": DESCRIPTION},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "headers": {name: {"schema": {"type": "string"}} for name in _HEADERS},
            "responses": {status: _error(text) for status, text in ERRORS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`hf_…`"},
                "git": {"type": "http", "scheme": "basic", "description": "The token as password"},
            },
        },
    }


_HEADERS = ("X-Error-Code", "X-Error-Message", "X-Request-Id")
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "A sentence for a person"}},
}


def _error(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
        },
    }


def operation(made: DeclaredRoute, method: str) -> dict[str, Any]:
    """One method of one address."""
    reads = reads_of(made.endpoint)
    text = (made.endpoint.__doc__ or "").strip()
    summary, _, more = text.partition("\n\n")
    found: dict[str, Any] = {
        "operationId": f"{method.lower()} {made.path}",
        "summary": " ".join(summary.split()),
        "tags": [module_of(made).rpartition(".")[2].replace("_", " ")],
        "x-access": made.access.value,
        "parameters": [*_in_path(made.path), *_in_query(reads.query)],
        "responses": _responses(made),
        "security": _security(made),
    }
    if more:
        found["description"] = " ".join(more.split())
    if method in BODIED and (reads.body or reads.is_json):
        found["requestBody"] = {"content": {"application/json": {"schema": _schema(reads)}}}
    return found


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in PARAMETER.findall(path)
    ]


def _in_query(query: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": {"type": kind}}
        if kind != "array"
        else {"name": name, "in": "query", "schema": {"type": kind, "items": {"type": "string"}}}
        for name, kind in sorted(query.items())
    ]


def _schema(reads: Reads) -> dict[str, Any]:
    """What is read of a body; a client may send more, which is left alone."""
    properties = {name: {"type": kind} if kind else {} for name, kind in sorted(reads.body.items())}
    return {"type": "object", "properties": properties}


def _responses(made: DeclaredRoute) -> dict[str, Any]:
    """What may come back: as asked, elsewhere, or an error with its code."""
    if made.endpoint.__module__.endswith(".unsupported"):
        return {"501": {"$ref": "#/components/responses/501"}}
    found: dict[str, Any] = {
        "2XX": {"description": "As asked."},
        "3XX": {"description": "Elsewhere, or not changed since."},
        "4XX": {"$ref": "#/components/responses/400"},
    }  # and no 500: where one comes, it is a bug
    return found | {each: {"$ref": f"#/components/responses/{each}"} for each in OF_ITS_OWN}


def _security(made: DeclaredRoute) -> list[dict[str, list[str]]]:
    """A token; nothing too, where nobody in particular may ask."""
    schemes: list[dict[str, list[str]]] = [{"token": []}]
    if "/info/" in made.path or "git-" in made.path:
        schemes.append({"git": []})
    return schemes if made.access in SIGNED_IN else [{}, *schemes]


def module_of(made: DeclaredRoute) -> str:
    """The module of a route's handler."""
    return made.endpoint.__module__


def serve(request: Request) -> Response:
    """This hub's interface as an OpenAPI 3.1 document, made from its routes."""
    return door.json_answer(_served(_Routes(request.app.routes), door.base_url(request)))


class _Routes(tuple[DeclaredRoute, ...]):
    """The routes of the app: always the same ones, so one document serves."""

    __slots__ = ()

    def __hash__(self) -> int:
        """As few as there are apps."""
        return len(self)


@lru_cache(maxsize=4)
def _served(routes: _Routes, base_url: str) -> dict[str, Any]:
    return document(api_routes(routes), base_url=base_url)


def api_routes(routes: Iterable[DeclaredRoute]) -> list[DeclaredRoute]:
    """Those of this door; pages describe themselves."""
    return [each for each in routes if module_of(each).startswith(__package__)]


ROUTES: list[DeclaredRoute] = [
    route(ADDRESS, serve, methods=["GET"], access=Access.ANYONE),
]
