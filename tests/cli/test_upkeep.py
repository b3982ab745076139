"""Check, doctor, backup and restore, as an operator runs them."""

import os
import sqlite3
from dataclasses import replace

import pytest

from iriai.cli.serving import listening, only_server
from iriai.settings import load


@pytest.fixture
def lived_in(shell):
    shell.ok("user", "add", "ada")
    shell.ok("org", "add", "lab", "--member", "ada:admin")
    return shell


def test_a_sound_hub_checks_clean(lived_in):
    done = lived_in.run("check", "--read-data", "1/1")
    assert done.returncode == 0, done
    assert done.stdout == "Everything is as it should be.\n"


def test_damage_is_printed_and_changes_how_check_ends(lived_in):
    with sqlite3.connect(lived_in.folder / "data" / "iriai.db") as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("UPDATE memberships SET person_id = 99")
    connection.close()
    done = lived_in.run("check")
    assert done.returncode == 1
    assert done.stdout.startswith("Row ")
    assert "1 finding." in done.stderr


def test_a_finding_names_the_thing_and_what_is_wrong_with_it(lived_in):
    lived_in.ok("migrate")
    with sqlite3.connect(lived_in.folder / "data" / "iriai.db") as connection:
        connection.execute("UPDATE log_heads SET size = 7")
        connection.execute(
            "INSERT INTO log_heads (commons_id, size, root, sealed_at)"
            " SELECT 1, 7, zeroblob(32), '2026-01-05 09:00:00'"
            " WHERE NOT EXISTS (SELECT 1 FROM log_heads)"
        )
    connection.close()
    said = lived_in.run("check").stdout
    assert "The log holds 0 entries, its head says 7." in said


@pytest.mark.parametrize("command", ["check", "backup kept"])
def test_a_hub_that_is_not_there_is_not_called_sound(shell, command):
    said = shell.refused(*command.split(), "--data", "typo", status=1)
    assert f"There is no hub in {shell.folder / 'typo'}" in said
    assert not (shell.folder / "typo").exists()
    (shell.folder / "typo").mkdir()
    (shell.folder / "typo" / "iriai.db").touch()
    assert "There is no hub in" in shell.refused(*command.split(), "--data", "typo", status=1)


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "a/b", "1/0"])
def test_a_part_that_makes_no_sense_is_not_understood(shell, part):
    assert "is not a part such as 1/30" in shell.refused("check", "--read-data", part, status=2)


def test_a_doctor_changes_nothing_and_finds_this_machine_fit(shell):
    done = shell.run("doctor")
    assert done.returncode == 0, done
    assert "does not exist yet" in done.stdout
    assert not (shell.folder / "data").exists()
    shell.ok("migrate")
    said = shell.ok("doctor")
    assert "SQLite, and its file is sound" in said
    assert "write, read and remove took" in said


def test_a_doctor_finds_the_hub_that_runs_on_the_folder(shell):
    shell.ok("migrate")
    settings = load(data=shell.folder / "data", base_url="https://hub.example.org")
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with only_server(replace(settings, port=port), listens=True):
            said = shell.ok("doctor")
            assert f"{port} on 127.0.0.1: the hub on this folder, process {os.getpid()}" in said
            assert "https://hub.example.org" in said
            other = shell.ok("doctor", "--port", "0", "--host", "127.0.0.1")
            assert "ok       port         0 on 127.0.0.1 is free" in other
    with only_server(replace(settings, port=port), listens=True):
        assert "does not answer there" in shell.run("doctor").stdout
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        said = shell.ok("doctor", "--port", str(port))
        assert "address already in use, and not by a hub on this folder" in said


def test_a_doctor_says_what_to_do_about_trouble(shell):
    shell.variables = {"IRIAI_HOST": "0.0.0.0", "IRIAI_PORT": "0"}
    shell.variables |= {"IRIAI_DATABASE_URL": "postgresql+psycopg://a@127.0.0.1:1/x"}
    done = shell.run("doctor")
    assert done.returncode == 1
    assert "set --base-url to the address that people use" in done.stdout
    assert "TROUBLE  database     It does not answer" in done.stdout
    assert "2 troubles." in done.stderr


def test_a_hub_goes_into_a_folder_and_comes_out_of_it(lived_in):
    assert lived_in.ok("backup", "kept").startswith("Backed up ")
    said = lived_in.ok("restore", "kept", "--data", "again")
    assert "Now run `iriai check`" in said
    assert lived_in.run("check", "--data", "again", "--read-data", "1/1").returncode == 0
    assert lived_in.refused("user", "add", "ada", "--data", "again").startswith("Error: The name")


def test_a_backup_is_not_taken_into_the_hub_itself(lived_in):
    assert "choose a folder outside" in lived_in.refused("backup", "data/backup")


def test_a_restore_over_a_living_hub_is_refused(lived_in):
    lived_in.ok("backup", "kept")
    assert "restore into an empty one" in lived_in.refused("restore", "kept")
    assert "no finished backup" in lived_in.refused("restore", ".", "--data", "again")
