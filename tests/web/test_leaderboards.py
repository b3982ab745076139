"""Leaderboards and scores, as people see them."""

from iriai.evaluations import actions
from iriai.identity.rules import ANYONE
from iriai.repos import queries
from tests.web.conftest import text

EXAM = "name: Exam\ntasks:\n- id: easy\n- id: hard\n"


def score(value, task="easy", more=""):
    return f"- dataset: {{id: ada/exam, task_id: {task}}}\n  value: {value}\n{more}"


def put(visitor, where, path, content, way="commit"):
    sent = visitor.send(f"{where}/new/main", path=path, text=content, way=way, title="A change")
    kind, name = ("dataset", "ada/exam") if "datasets" in where else ("model", where.strip("/"))
    with visitor.ground.read() as tx:
        repo = queries.repo(tx, ANYONE, kind, name)
    actions.refresh(visitor.ground, repo.id)
    return sent.headers["location"]


def exam(ada):
    where = ada.send("/new-dataset", owner="ada", name="exam", visibility="public")
    put(ada, where.headers["location"], "eval.yaml", EXAM)
    return where.headers["location"]


def test_a_benchmark_shows_its_leaderboard_by_task(ada):
    where = exam(ada)
    assert "scored on 2 tasks" in text(ada.see(where))
    assert "No scores yet" in text(ada.see(f"{where}/leaderboard"))
    model = ada.model()
    put(ada, model, ".eval_results/a.yaml", score(0.5) + score(12, "hard", "  notes: no tools\n"))
    page = text(ada.see(f"{where}/leaderboard"))
    assert "ada/tiny" in page
    assert " 0.5 " in page
    hard = text(ada.see(f"{where}/leaderboard?task=hard"))
    assert "no tools" in hard
    assert " 12 " in hard
    ada.see(f"{where}/leaderboard?task=none", status=404)
    assert "ada/exam easy" in text(ada.see(model))
    ada.see(f"{model}/leaderboard", status=404)


def test_a_proposed_score_is_marked_as_the_communitys(ada):
    where, model = exam(ada), ada.model()
    bob = ada.other().join("bob")
    put(bob, model, ".eval_results/b.yaml", score(0.9), way="propose")
    for page in (f"{where}/leaderboard", model):
        assert "community #1" in text(ada.see(page))


def test_a_file_that_cannot_be_read_is_told_to_those_who_can_mend_it(ada):
    model = ada.model()
    put(ada, model, ".eval_results/c.yaml", "- value: 1\n")
    assert "Entry 1:" in text(ada.see(model))
    bob = ada.other().join("bob")
    assert "Entry 1:" not in text(bob.see(model))


def test_the_benchmarks_writer_vouches_on_the_page(ada):
    where, model = exam(ada), ada.model()
    page = f"{where}/leaderboard"
    wrong = ada.client.post(page, data={"task": "easy", "model": "ada/tiny", "value": "much"})
    assert (wrong.status_code, "A score is a number" in wrong.text) == (400, True)
    made = ada.client.post(page, data={"task": "easy", "model": "ada/tiny", "value": "0.7"})
    token = made.text.partition("readonly>")[2].partition("</textarea>")[0]
    put(ada, model, ".eval_results/a.yaml", score(0.7, more=f"  verifyToken: {token}\n"))
    assert "verified" in text(ada.see(model))
    bob = ada.other().join("bob")
    assert "Vouch" not in text(bob.see(page))
    refused = bob.client.post(page, data={"task": "easy", "model": "ada/tiny", "value": "0.7"})
    assert refused.status_code == 403
