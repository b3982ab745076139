"""What ARCHITECTURE.md promises and an import linter cannot see."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "iriai"
PARTS = (
    "identity",
    "blobs",
    "repos",
    "cards",
    "social",
    "collections",
    "discussions",
    "gates",
    "commons",
)
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "handler"}
SQLALCHEMY_HOOKS = {"process_bind_param", "process_result_value"}
VAGUE_CLASS = re.compile(r"(Manager|Service|Handler|Helper|Util|Utils)$")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE), ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Each call as `name.attribute` and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            yield f"{name}.{node.func.attr}", node.lineno


def test_every_part_has_its_four_files():
    missing = [
        f"{part}/{name}.py"
        for part in PARTS
        for name in ("rules", "tables", "actions", "queries")
        if not (SOURCE / part / f"{name}.py").exists()
    ]
    assert missing == []


def test_every_module_fits_four_hundred_lines():
    sizes = {
        str(p): len((SOURCE / p).read_text(encoding="utf-8").splitlines()) for p, _ in modules()
    }
    assert {path: lines for path, lines in sizes.items() if lines > MODULE_LINES_MAX} == {}


def test_every_function_fits_a_screen():
    long = [
        f"{path}:{function.lineno} {function.name} has {function.end_lineno - function.lineno + 1}"
        for path, tree in modules()
        for function in functions(tree)
        if not path.is_relative_to("migrations")
        and (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_thing_has_a_name_that_says_its_job():
    vague = [str(p) for p, _ in modules() if {p.stem, *p.parts[:-1]} & VAGUE]
    for path, tree in modules():
        vague += [
            f"{path}:{node.lineno} class {node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name)
        ]
        vague += [
            f"{path}:{function.lineno} {function.name}"
            for function in functions(tree)
            if function.name.startswith("process_") and function.name not in SQLALCHEMY_HOOKS
        ]
    assert vague == []


def test_only_the_clock_asks_what_time_it_is():
    asked = [
        f"{path}:{line} {call}"
        for path, tree in modules()
        for call, line in calls(tree)
        if call in {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
        and path != Path("base/clock.py")
    ]
    assert asked == []


def test_only_the_unit_of_work_commits():
    committed = [
        f"{path}:{line} {call}"
        for path, tree in modules()
        for call, line in calls(tree)
        if call in {"session.commit", "connection.commit"}
        and path.parts[0] not in {"base", "migrations"}
    ]
    assert committed == []


def test_rules_touch_nothing_outside_themselves():
    touched = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        if path.name == "rules.py"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in {"open", "print", "input"})
        or (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"})
    ]
    assert touched == []


def test_tests_use_real_things_and_no_mocks():
    mocking = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__)
        and re.search(r"unittest\.mock|import mock|MagicMock|mock\.patch", path.read_text("utf-8"))
    ]
    assert mocking == []


def test_every_test_is_named_by_a_sentence():
    short = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for function in functions(ast.parse(path.read_text("utf-8")))
        if function.name.startswith("test_") and function.name.count("_") < 3
    ]
    assert short == []


def test_the_locks_pin_every_package_by_hash_and_name_no_host():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.match(r"[\w.-]+", each).group().lower() for each in project["dependencies"]}
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        pins = re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,-]+\])?==\S+", text, re.MULTILINE)
        assert wanted - set(pins) == set(), "run `make lock`"
        assert "://" not in text
        assert all(
            "--hash=sha256:" in block
            for block in re.split(r"\n(?=[a-z0-9])", text)
            if "==" in block
        )


def test_every_route_declares_who_may_ask():
    import iriai.api
    import iriai.web.pages
    from iriai.app import require_reserved, routes_of
    from iriai.base.routing import Access

    routes = [*routes_of(iriai.api), *routes_of(iriai.web.pages)]
    assert len(routes) > 50
    assert [each.path for each in routes if not isinstance(each.access, Access)] == []
    require_reserved(routes)


def test_what_changes_something_is_never_open_to_whoever_may_only_read():
    import iriai.api
    from iriai.api import unsupported
    from iriai.app import routes_of
    from iriai.base.routing import Access

    asking = {  # POST because the question is long, nothing is kept, or the body is the proof
        "appeal_removal",
        "ask_for_removal",
        "batch",
        "device",
        "no_locks",
        "paths_info",
        "preupload",
        "revoke",
        "revoke_leaked",
        "fetch",
        "telemetry",
        "token",
        "validate_yaml",
    }
    loose = [
        f"{sorted(each.methods)} {each.path} {each.endpoint.__name__}"
        for each in routes_of(iriai.api)
        if each.methods - {"GET", "HEAD", "OPTIONS"}
        and each.access in {Access.ANYONE, Access.REPO_READ}
        and each not in unsupported.ROUTES
        and each.endpoint.__name__ not in asking
    ]
    assert loose == []
