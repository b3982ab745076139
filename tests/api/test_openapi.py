"""The OpenAPI document: every route is in it, it is sound, and a hub stands by it when asked."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import clients, server
from tests.support.asgi import ask

import iriai.api
from iriai import app
from iriai.api import openapi

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
WRITES = os.environ.get("IRIAI_WRITE_TABLE") == "1"
PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BEGIN, END = "<!-- every address, by tests/api/test_openapi.py -->", "<!-- end -->"
EXAMPLES = 20 if LONG else 1
PHASES = "examples,fuzzing" if LONG else "fuzzing"
SECONDS = 3_000 if LONG else 240
VERSION = "4.32.5"
CHECKS = "status_code_conformance"  # no 500 is declared, so each one is found
SHARE = 3
SEED = 7
ELSEWHERE = "/(jobs|scheduled-jobs|kernels)|/events$"  # 501, and a stream without an end
OTHER_KINDS = "^/(api/)?(datasets|spaces)/"  # whose handlers are those of models


@pytest.fixture
def document(doors):
    answer = ask(doors.hub, "GET", openapi.ADDRESS)
    assert answer.status == 200
    return answer.json


def declared():
    """Every route of the API as (method, path) of OpenAPI."""
    return {
        (method.lower(), openapi.PARAMETER.sub(r"{\1}", each.path))
        for each in app.routes_of(iriai.api)
        for method in each.methods
    }


def test_every_route_is_in_the_document_and_nothing_else(document):
    found = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert found == declared()
    assert document["openapi"].startswith("3.1")


def test_every_operation_says_what_it_takes_and_what_may_come_back(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"{([a-z_]+)}", path)), where
            assert operation["x-access"], where
            assert operation["summary"], where
            assert operation["responses"], where
    tree = document["paths"]["/api/models/{owner}/{name}/tree/{tail}"]["get"]
    assert {"recursive", "expand", "limit", "cursor"} <= {e["name"] for e in tree["parameters"]}
    made = document["paths"]["/api/repos/create"]["post"]["requestBody"]["content"]
    properties = made["application/json"]["schema"]["properties"]
    assert {"name", "organization", "visibility", "private"} <= set(properties)
    assert "X-Error-Code" in document["components"]["responses"]["404"]["headers"]


def listed(document):
    """Every address under the name of its group, in Markdown that fits a phone."""
    groups = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            said = operation["summary"].removesuffix(".")
            key = (path, operation["x-access"], said)
            rows = groups.setdefault(operation["tags"][0].capitalize(), {})
            rows.setdefault(key, []).append(method.upper())
    for group, rows in sorted(groups.items()):
        yield f"\n### {group}\n"
        for (path, access, said), methods in rows.items():
            yield f"- `{' '.join(sorted(methods))} {path}` ({access}): {said}."


def test_the_page_lists_every_address_of_the_document(document):
    head, _, rest = PAGE.read_text().partition(BEGIN)
    text = "\n".join([BEGIN, *listed(document), "", END])
    if WRITES:
        PAGE.write_text(f"{head}{text}{rest.partition(END)[2]}")
    assert text in PAGE.read_text()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    made = server.living(tmp_path_factory.mktemp("hub"))
    made.run("org", "add", "crew", "--member", "ada:admin")
    yield made
    made.stop()


def schemathesis():
    """The program, in an environment of its own: it asks for other versions than the hub does."""
    folder = clients.cache() / f"schemathesis-{VERSION}"
    with clients.once(folder) as missing:
        if missing:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=SECONDS)
            pip = [folder / "bin" / "python", "-m", "pip", "install", "-q"]
            subprocess.run([*pip, f"schemathesis=={VERSION}"], check=True, timeout=SECONDS)
    return folder / "bin" / "schemathesis"


def left_out(document):
    """What is not asked: what cannot be, and in a sample two of three addresses, by chance."""
    if LONG:
        return ELSEWHERE
    paths = sorted(document["paths"])
    others = set(paths) - set(random.Random(SEED).sample(paths, len(paths) // SHARE))
    return "|".join([ELSEWHERE, OTHER_KINDS, *(f"^{re.escape(each)}$" for each in sorted(others))])


def test_no_request_of_schemathesis_ends_in_what_the_document_does_not_declare(hub, document):
    program = schemathesis()
    done = subprocess.run(
        [
            *(program, "run", f"{hub.url}{openapi.ADDRESS}", "--checks", CHECKS),
            *("--header", f"Authorization: Bearer {hub.token}", "--phases", PHASES),
            *("--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color", "--workers", "2"),
            *("--request-timeout", "60"),
            *("--exclude-path-regex", left_out(document)),
        ],
        env=hub.env,
        cwd=hub.folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in hub.log.read_text(), hub.log.read_text()[-4000:]
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
