"""People, tokens and organisations from the command line, on an empty folder and beside a hub."""

import json
import sqlite3

import pytest
from tests.cli.commands import Shell

from iriai.base import credentials


def log(shell: Shell) -> list[str]:
    with sqlite3.connect(shell.folder / "data" / "iriai.db") as connection:
        entries = connection.execute("SELECT entry FROM events ORDER BY id").fetchall()
    connection.close()
    facts = [json.loads(entry) for (entry,) in entries]
    return [f"{each['actor']} {each['verb']} {each['subject']}" for each in facts]


def test_an_empty_folder_gets_people_organisations_and_tokens_each_recorded(shell):
    assert shell.ok("user", "add", "ada", "--fullname", "Ada Lovelace") == "ada has an account.\n"
    shell.ok("user", "add", "bob")
    shell.ok("org", "add", "lab", "--member", "ada:admin", "--member", "bob:write")
    token = shell.ok("token", "add", "ada", "--role", "write", "--name", "laptop")
    assert credentials.is_token(token.removesuffix("\n"))
    assert log(shell) == [
        "operator added account/ada",
        "operator added account/bob",
        "operator founded account/lab",
        "operator founded commons/lab",
        "operator minted token/1",
    ]


def test_a_password_comes_by_standard_input_and_stands_in_no_argument(shell):
    shell.ok("user", "add", "ada", "--password-stdin", given="correct horse battery\n")
    shell.ok("user", "password", "ada", "--password-stdin", given="another one entirely\n")
    assert "at least 10" in shell.refused("user", "add", "b", "--password-stdin", given="short\n")
    assert "no password" in shell.refused("user", "add", "b", "--password-stdin")


@pytest.mark.parametrize(
    ("words", "sentence", "status"),
    [
        (("user", "add", "datasets"), "The name datasets is reserved; choose another.", 1),
        (("user", "add", "a--b"), "A name cannot hold '--' or '..'.", 1),
        (("token", "add", "nobody-here"), "There is no account called 'nobody-here'.", 1),
        (("token", "add", "club"), "club is an organisation; this is for a person.", 1),
        (("token", "add", "ada", "--days", "0"), "A token lasts from 1 to 3650 days.", 1),
        (("org", "add", "lab", "--member", "ada:owner"), "'owner' is none", 1),
        (("org", "add", "lab", "--member", "eve:read"), "There is no account called 'eve'.", 1),
        (("org", "add", "lab", "--member", "club:read"), "club is an organisation;", 1),
        (("org", "add", "lab", "--member", "ada"), "write it USER:ROLE, as in ada:admin", 2),
        (("org", "add", "lab", "--member", "ada:admin", "--member", "Ada:read"), "named twice", 2),
        (("org", "member", "club", "ada:read"), "somebody who does: iriai org member club", 1),
        (("token", "add", "ada", "--role", "admin"), "'admin' is not one of 'read', 'write'", 2),
        (("users", "add", "ada"), "No such command 'users'", 2),
        (("user", "add"), "Missing argument 'NAME'", 2),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(shell, words, sentence, status):
    shell.ok("user", "add", "ada")
    if "club" in " ".join(words):
        shell.ok("org", "add", "club")
    assert sentence in shell.refused(*words, status=status)


def test_a_refused_organisation_leaves_nothing_behind(shell):
    shell.refused("org", "add", "lab", "--member", "nobody-here:read")
    shell.ok("user", "add", "ada")
    shell.ok("org", "add", "lab", "--member", "ada:read")


def test_an_organisation_without_an_admin_is_said_to_have_none_and_gets_one(shell):
    shell.ok("user", "add", "ada")
    shell.ok("user", "add", "bob")
    said = shell.ok("org", "add", "lab")
    assert said.splitlines() == [
        "lab is an organisation.",
        "Nobody administers it yet. Name somebody who does: iriai org member lab USER:admin",
    ]
    assert shell.ok("org", "member", "lab", "ada:admin") == "ada has the role admin in lab.\n"
    shell.ok("org", "member", "lab", "bob:write")
    assert log(shell)[-2:] == [
        "operator granted membership/lab/ada",
        "operator granted membership/lab/bob",
    ]
    said = shell.ok("org", "add", "club", "--member", "bob:read").splitlines()[-1]
    way = said.partition("iriai ")[2].replace("USER", "bob").replace("WHY", "first").split()
    assert "lapses" in shell.ok(*way)


def test_an_operator_ends_somebodys_sessions_tokens_and_second_factor(shell):
    shell.ok("user", "add", "ada")
    token = shell.ok("token", "add", "ada").strip()
    assert "password alone" in shell.ok("user", "reset-second-factor", "ada")
    shell.ok("user", "sign-out", "ada", "--tokens")
    with sqlite3.connect(shell.folder / "data" / "iriai.db") as connection:
        revoked = connection.execute(
            "SELECT revoked_at FROM tokens WHERE digest = ?", (credentials.digest(token),)
        ).fetchone()
    connection.close()
    assert revoked[0] is not None
    assert log(shell)[-2:] == ["operator changed account/ada"] * 2
    assert "called 'nobody-here'" in shell.refused("user", "sign-out", "nobody-here")
