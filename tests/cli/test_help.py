"""Help that answers at once and speaks of every command, and errors of one sentence."""

import resource
from importlib.metadata import packages_distributions

import pytest
from tests.conftest import LONG

from iriai import __version__
from iriai.cli.main import COMMANDS

NAMES = [name for family in COMMANDS.values() for name in family]
WORDS = [(name,) for name in NAMES] + [
    ("user", "add"),
    ("user", "password"),
    ("token", "add"),
    ("org", "add"),
]
HELP_SECONDS = 2.5  # of one processor; 0.2 where no other program shares it and its caches
PACKAGES = {"click"}
"""What help is made of, beside ours. Some of the others take as long to load as all of it."""
LINE_MAX = 100


def test_help_answers_at_once_and_names_every_command(shell):
    shell.is_cold = True
    taken = []
    shell.variables["PYTHONPROFILEIMPORTTIME"] = "1"
    for _ in range(5 if LONG else 2):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = shell.run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in NAMES)
    assert min(taken) < HELP_SECONDS
    loaded = {line.rpartition("|")[2].split(".")[0].strip() for line in done.stderr.splitlines()}
    installed = {name for name in packages_distributions() if not name.startswith("_")}
    assert loaded & installed - {"iriai"} == PACKAGES


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_command_has_a_page_of_help_that_fits(shell, words):
    said = shell.ok(*words, "--help")
    assert said.startswith(f"Usage: iriai {' '.join(words)}")
    assert len(said.splitlines()) > 5
    assert max(len(line) for line in said.splitlines()) <= LINE_MAX
    assert "None" not in said
    assert not (shell.folder / "data").exists()


@pytest.mark.parametrize(
    "words",
    ["user", "token", "org", "commons"]
    + [f"commons {each}" for each in ("log", "vote", "budget", "panel", "pot")],
)
def test_no_summary_of_a_command_is_cut_off(shell, words):
    shell.variables["COLUMNS"] = "80"
    said = shell.ok(*words.split(), "--help").partition("Commands:")[2].split("\n")
    assert len(said) > 1
    assert [line for line in said if line.rstrip().endswith(("...", "…"))] == []


def test_the_version_is_said(shell):
    assert shell.ok("--version") == f"iriai {__version__}\n"


@pytest.mark.parametrize(
    ("words", "sentence", "status"),
    [
        (("--data", "/proc/none"), "/proc/none cannot be used: No such file or directory.", 3),
        (("--database-url", "nonsense"), "database_url is sqlite:///… with a path", 1),
        (("--store-url", "ftp://x"), "A store's URL starts with file://, s3:// or memory:", 1),
        (
            ("--database-url", "postgresql+psycopg://a@127.0.0.1:1/x"),
            "The database cannot be used: connection failed",
            3,
        ),
        (("--config", "none.toml"), "There is no settings file at none.toml.", 1),
    ],
)
def test_a_setting_that_leads_nowhere_is_said_in_a_sentence(shell, words, sentence, status):
    said = shell.refused("migrate", *words, status=status)
    assert said.startswith(f"Error: {sentence}")
    assert len(said.splitlines()) == 1


def test_settings_come_from_the_file_in_the_data_folder(shell):
    (shell.folder / "data").mkdir()
    (shell.folder / "data" / "iriai.toml").write_text('database_url = "sqlite:///elsewhere.db"\n')
    shell.ok("migrate")
    assert (shell.folder / "elsewhere.db").exists()
    assert not (shell.folder / "data" / "iriai.db").exists()
