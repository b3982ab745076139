"""What a handler reads of a request, found in its own source: for the OpenAPI document.

A handler reads parameters through a few functions of `bodies.py` and `request.query_params`, with
their names as literals. So the names and kinds stand in its syntax tree and in those of the
functions of its module that it calls.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any

DEPTH_MAX = 4
QUERY = {"query_flag": "boolean", "query_number": "integer"}
BODY = {"text_field": "string", "flag_field": "boolean"}
BODY_NAMES = frozenset({"body", "form", "fields", "given", "found"})
NAME = re.compile(r"[A-Za-z_]\w*(\[\])?")
JSON = frozenset({"with_json", "json_body", "parsed_json"})


@dataclass
class Reads:
    """Names and their JSON types; "" where any type may come."""

    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    is_json: bool = False


def reads_of(handler: Callable[..., Any]) -> Reads:
    """What a handler and the functions of its module that it calls read."""
    inner = inspect.unwrap(handler)
    module = inspect.getmodule(inner)
    found = Reads()
    if module is not None and inner.__name__ in _functions(module):
        _follow(module, inner.__name__, found, set())
    return found


@lru_cache(maxsize=256)
def _functions(module: ModuleType) -> dict[str, ast.AST]:
    """The functions at a module's top, and those inside them."""
    tree = ast.parse(inspect.getsource(module))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name: each for each in ast.walk(tree) if isinstance(each, kinds)}


def _follow(module: ModuleType, name: str, found: Reads, seen: set[str]) -> None:
    if name in seen or len(seen) > DEPTH_MAX * 8:
        return
    seen.add(name)
    functions = _functions(module)
    for node in ast.walk(functions[name]):
        if isinstance(node, ast.Call):
            _note(node, found)
        if isinstance(node, ast.Name | ast.Attribute):
            word = node.id if isinstance(node, ast.Name) else node.attr
            found.is_json |= word in JSON
            if isinstance(node, ast.Name) and word in functions:
                _follow(module, word, found, seen)
        _note_membership(node, found)


def _note(call: ast.Call, found: Reads) -> None:
    """A call that reads a parameter whose name is a literal."""
    word = _word(call.func)
    literals = list(_literals(call))
    if not literals:
        return
    if word not in (*QUERY, "unquoted") and call.args and _word(call.args[0]) == "request":
        found.query.setdefault(literals[0], "array")
    elif word in QUERY:
        found.query[literals[0]] = QUERY[word]
    elif word in BODY:
        found.body[literals[0]] = BODY[word]
    elif word in ("get", "getlist") and isinstance(call.func, ast.Attribute):
        owner = _word(call.func.value)
        if owner in ("query_params", "query"):
            found.query[literals[0]] = "string" if word == "get" else "array"
        elif owner in BODY_NAMES:
            found.body.setdefault(literals[0], "")


def _note_membership(node: ast.AST, found: Reads) -> None:
    """`"name" in request.query_params`."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.In):
        return
    left = node.left
    if isinstance(left, ast.Constant) and isinstance(left.value, str):
        owner = _word(node.comparators[0])
        if owner in ("query_params", "query"):
            found.query.setdefault(left.value, "string")


def _word(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _literals(call: ast.Call) -> Iterator[str]:
    for each in call.args:
        if not isinstance(each, ast.Constant) or not isinstance(each.value, str):
            continue
        if NAME.fullmatch(each.value):  # the label of a signature and a default are no names
            yield each.value
