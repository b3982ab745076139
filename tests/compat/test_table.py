"""Every function of the clients, tried on a live hub; docs/compatibility.md says what was seen.

The functions are those that the installed client has, so one that nobody tries fails a test. A page
cannot be better than what was run: it is written from a full run (IRIAI_TEST_LONG=1 with
IRIAI_WRITE_TABLE=1: both generations of the client, both pairs of state), and each later run, a
sample included, must come to the same. Each client has a hub of its own: names are theirs alone.
"""

import json
import os
import random
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support import clients, server

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
WRITES = os.environ.get("IRIAI_WRITE_TABLE") == "1"
PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
DRIVER = Path(__file__).parent / "drives" / "table.py"
SCRIPT = Path(__file__).parent / "drives" / "hub.mjs"
PYTHON = {
    "2.4.0": lambda: sys.executable,
    "1.19.0": lambda: clients.python_of(clients.OLDER[0]),
}
CLIENTS = (*PYTHON, "hub.js")
SAMPLE = 9
SEED = 11
SECONDS = 900
WORKS, NOT_HERE, NO = "works", "501", "no"
WORDS = {
    "no groups": "no groups",
    WORKS: "works",
    NOT_HERE: "501",
    "elsewhere": "another host",
    "not in the client": "not in the client",
    "no runtime": "no runtime",
}
HEAD = """# Which client functions work

Written by `tests/compat/test_table.py`, which calls each of these on a live hub: with SQLite and a
folder, and with PostgreSQL and S3. Nobody writes here by hand. `works`: it gave what its
documentation promises, and its errors are the ones that the client knows. `501`: this hub is not
the place for it (running spaces and jobs), and says so in a sentence. `another host`: the client
asks somebody else than the hub. `not in the client`: the client refuses it by itself, whatever the
hub. `no runtime`: the client reads that the space is not running here. `no groups`: the hub keeps
no resource groups, so taking a thing out of its group works and every group's name is a 404.
"""


@pytest.fixture(params=server.STATES if LONG else server.STATES[:1])
def hub(request, tmp_path):
    """A live hub with two people and two organisations."""
    made = furnished(tmp_path / "hub", str(request.param))
    yield made
    made.stop()


def furnished(folder, state):
    """A running hub with those who are asked about."""
    made = server.living(folder, state)
    for name in ("crew", "huggingface"):
        made.run("org", "add", name, "--member", "ada:admin")
    made.bob_token = made.person("bob")
    return made


def environment(hub):
    return hub.env | {"BOB_TOKEN": hub.bob_token, "ORGANISATION": "crew"}


def drive(client, hub, folder, chosen):
    """Run drives in the client's own environment. Returns its report."""
    out = folder / "report.json"
    if client == "hub.js":
        modules = clients.node_modules()
        script = modules / f"table-{hub.port if hub else 0}.mjs"
        script.write_text(SCRIPT.read_text())
        command = ["node", script, out, *chosen]
        try:
            clients.run(command, environment(hub) if hub else {}, cwd=modules, seconds=SECONDS)
        finally:
            script.unlink()
    else:
        env = environment(hub) if hub else {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": ""}
        command = [PYTHON[client](), DRIVER, out, *chosen]
        clients.run(command, env, seconds=SECONDS)
    return json.loads(out.read_text())


@cache
def _functions(client, folder):
    return drive(client, None, folder, ["none"])


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """What a client has, and which drive claims what of it."""
    folder = tmp_path_factory.mktemp("known")
    return lambda client: _functions(client, folder)


def outcome(function, report):
    """What a report says of a function: by its drives, all of which must have passed."""
    drives = [
        name
        for name, claims in report["drives"].items()
        if function in claims and name in report["ran"]
    ]
    if not drives or any(report["ran"][name]["failure"] for name in drives):
        return NO
    seen = {each for name in drives for each in report["ran"][name]["came_to"].get(function, [])}
    for word in WORDS:
        if word in seen:
            return word
    return NO


def listed():
    """The page, as a table: function, then a word for each client."""
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if len(cells) == len(CLIENTS[:-1]) + 1 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = dict(zip(CLIENTS[:-1], cells[1:], strict=True))
        if len(cells) == 2 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = {"hub.js": cells[1]}
    return rows


FOUND = {}


@pytest.mark.parametrize("client", CLIENTS)
def test_every_function_is_claimed_by_a_drive(known, client):
    report = known(client)
    claimed = {each for claims in report["drives"].values() for each in claims}
    assert sorted(set(report["functions"]) - claimed) == []


@pytest.mark.parametrize("client", CLIENTS if LONG else CLIENTS[:1])
def test_what_was_seen_is_what_the_page_says(hub, known, tmp_path, client):
    names = sorted(known(client)["drives"])
    chosen = names if LONG else random.Random(SEED).sample(names, min(SAMPLE, len(names)))
    report = drive(client, hub, tmp_path, chosen)
    failures = {name: ran["failure"] for name, ran in report["ran"].items() if ran["failure"]}
    assert not failures, "\n\n".join(f"{name}: {why}" for name, why in failures.items())
    note(client, report)
    if WRITES:
        return
    page = listed()
    for function, words in FOUND[client].items():
        said = page.get(function, {}).get(client)
        assert words == {next((k for k, v in WORDS.items() if v == said), said)}, function


def note(client, report):
    """Keep what a run says of the functions all of whose drives were in it."""
    for function in report["functions"]:
        drives = {name for name, claims in report["drives"].items() if function in claims}
        if drives <= set(report["ran"]):
            FOUND.setdefault(client, {}).setdefault(function, set()).add(outcome(function, report))


def test_the_page_is_whole_and_has_no_no_in_it(known):
    if WRITES:
        write(known)
    page = listed()
    for client in CLIENTS:
        for function in known(client)["functions"]:
            assert page.get(function, {}).get(client) in WORDS.values(), (client, function)


def write(known):
    """Write the page from what this run saw."""
    lines = [HEAD]
    python = CLIENTS[:-1]
    every = sorted({each for client in python for each in known(client)["functions"]})
    for title, prefix in (
        ("`HfApi`", "HfApi."),
        ("`HfFileSystem`", "HfFileSystem."),
        ("The `hf` commands", "hf "),
    ):
        heads = " | ".join(f"huggingface_hub {each}" for each in python)
        lines += [f"## {title}\n", f"| function | {heads} |", "|---|---|---|"]
        for function in (each for each in every if each.startswith(prefix)):
            words = " | ".join(word(client, function, known) for client in python)
            lines.append(f"| `{function}` | {words} |")
        lines.append("")
    lines += ["## `@huggingface/hub` for JavaScript\n", "| function | 2.17.5 |", "|---|---|"]
    lines += [
        f"| `{each}` | {word('hub.js', each, known)} |"
        for each in sorted(known("hub.js")["functions"])
    ]
    PAGE.write_text("\n".join(lines) + "\n")


def word(client, function, known):
    """What the page says of a function of a client."""
    if function not in known(client)["functions"]:
        return "-"
    found = FOUND.get(client, {}).get(function, {NO})
    return WORDS.get(found.copy().pop(), NO) if len(found) == 1 else NO
