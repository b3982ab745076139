"""What Belenios makes of our votes."""

import json
import shutil
import subprocess
from fractions import Fraction

import pytest

from iriai.commons.counting import ballot_export, belenios
from iriai.commons.counting.ballot_export import Cast, Option, Sheet


@pytest.fixture
def tool():
    found = shutil.which("belenios-tool")
    if found is None:
        pytest.skip("belenios-tool is not installed: apt-get install belenios-tool")
    return found


def vote(*ballots):
    return Sheet(
        method=ballot_export.A5,
        options=(Option(text="tea"), Option(text="milk"), Option(text="keep", default=True)),
        electors=None,
        factor=Fraction(3, 2),
        ballots=tuple(Cast(marks=marks, receipt=str(place)) for place, marks in enumerate(ballots)),
        about={"commons": "lab", "proposal": 3, "title": "What shall we drink?"},
    )


def test_published_ballots_are_counted_by_belenios_with_the_same_winner(tool):
    sheet = vote((1, 2, 3), (1, None, 2), (2, 1, 3), (1, 3, 2))
    done = subprocess.run(
        [tool, "method", "schulze", "--nchoices=3", "--blank-allowed=true"],
        input=json.dumps(belenios.ballots(sheet)),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["winners"][0] == ballot_export.count(sheet)["chosen"]


def test_belenios_makes_an_election_of_our_questions(tool, tmp_path):
    (tmp_path / "template.json").write_text(json.dumps(belenios.template(vote())))

    def run(*words):
        done = subprocess.run(
            [tool, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    group = ["--group", "RFC-3526-2048"]
    uuid = run("setup", "generate-token").strip()
    run("setup", "generate-trustee-key", *group)
    run("setup", "generate-credentials", "--uuid", uuid, "--count", "2", *group)
    for key in tmp_path.glob("*.pubkey"):
        (tmp_path / "public_keys.jsons").write_text(key.read_text())
    run("setup", "make-trustees")
    for credentials in tmp_path.glob("*.pubcreds"):
        (tmp_path / "public_creds.json").write_text(credentials.read_text())
    run("setup", "make-election", "--uuid", uuid, "--template", "template.json", *group)
    made = json.loads((tmp_path / "election.json").read_text())
    assert made["name"] == "What shall we drink?"
