"""Scores and leaderboards with today's client, on both pairs of state."""

import json
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml
from huggingface_hub import EvalResultEntry, HfApi, eval_result_entries_to_yaml
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

HF = Path(sys.executable).with_name("hf")
SECONDS = 120
BENCHMARK = "name: Exam\ntasks:\n- id: easy\n  split: test\n- id: hard\n"


@pytest.fixture(scope="module")
def api(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.token)


@pytest.fixture(scope="module")
def bob(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.person("bob"))


@pytest.fixture
def exam(api, request):
    name = f"ada/exam-{abs(hash(request.node.nodeid)) % 10**8}"
    api.create_repo(name, repo_type="dataset")
    put(api, name, "eval.yaml", BENCHMARK, repo_type="dataset")
    return name


def put(api, repo, path, text, **more):
    return api.upload_file(path_or_fileobj=text.encode(), path_in_repo=path, repo_id=repo, **more)


def score(api, model, exam, value, *, task="easy", path="exam", create_pr=False, **more):
    entries = [EvalResultEntry(dataset_id=exam, task_id=task, value=value, **more)]
    text = yaml.dump(eval_result_entries_to_yaml(entries))
    return put(api, model, f".eval_results/{path}.yaml", text, create_pr=create_pr)


def board(api, exam, length, **more):
    """The leaderboard, once the worker has read what was sent."""
    until = time.monotonic() + SECONDS
    while len(rows := api.get_dataset_leaderboard(exam, **more)) != length:
        assert time.monotonic() < until, rows
        time.sleep(0.2)
    return rows


def results(api, name, length):
    """What a model's page of the API says of its scores, once the worker has read them."""
    until = time.monotonic() + SECONDS
    address = f"{api.endpoint}/api/models/{name}?expand=evalResults"
    while len(told := httpx.get(address).json().get("evalResults", [])) != length:
        assert time.monotonic() < until, told
        time.sleep(0.2)
    return told


def model(api, name, **more):
    return api.create_repo(name, **more).repo_id


def test_scores_of_a_model_are_read_and_ranked(api, bob, exam):
    first, second = model(api, f"{exam}-a"), model(bob, exam.replace("ada/", "bob/") + "-b")
    score(
        api, first, exam, 0.25, source_url=f"{api.endpoint}/ada/logs", source_name="Logs",
        notes="no tools", date="2026-01-15",
    )  # fmt: skip
    score(bob, second, exam, 61.5)
    found = api.model_info(first, expand=["evalResults"]).eval_results
    assert [(each.dataset_id, each.task_id, each.value) for each in found] == [(exam, "easy", 0.25)]
    assert (found[0].source_name, found[0].notes, found[0].date) == (
        "Logs",
        "no tools",
        "2026-01-15",
    )
    rows = board(api, exam, 2)
    assert [(each.rank, each.model_id, each.value) for each in rows] == [
        (1, second, 61.5),
        (2, first, 0.25),
    ]
    assert rows[1].filename == ".eval_results/exam.yaml"
    assert rows[1].source == {
        "url": f"{api.endpoint}/ada/logs", "name": "Logs", "isExternal": False
    }  # fmt: skip
    assert (rows[0].author.username, rows[0].verified, rows[0].pull_request) == ("bob", False, None)


def test_a_derived_model_is_in_the_whole_leaderboard_only(api, exam):
    base, tuned = model(api, f"{exam}-base"), model(api, f"{exam}-tuned")
    put(api, tuned, "README.md", f"---\nbase_model: {base}\n---\n")
    score(api, base, exam, 1)
    score(api, tuned, exam, 2)
    every = board(api, exam, 2, base_model_only=False)
    assert [each.model_id for each in api.get_dataset_leaderboard(exam)] == [base]
    assert [each.model_id for each in every] == [tuned, base]
    only = api.get_dataset_leaderboard(exam, base_model_only=True)
    assert [each.model_id for each in only] == [base]


def test_what_an_open_pull_request_says_is_the_communitys_until_merged_or_closed(api, bob, exam):
    mine = model(api, f"{exam}-m")
    commit = score(bob, mine, exam, 0.9, create_pr=True)
    number = commit.pr_num
    rows = board(api, exam, 1)
    assert [(each.model_id, each.pull_request) for each in rows] == [(mine, number)]
    told = httpx.get(f"{api.endpoint}/api/models/{mine}?expand=evalResults").json()
    assert [each.get("pullRequest") for each in told["evalResults"]] == [number]
    api.change_discussion_status(mine, number, "closed")
    assert api.get_dataset_leaderboard(exam) == []
    again = score(bob, mine, exam, 0.8, create_pr=True).pr_num
    api.merge_pull_request(mine, again)
    assert len(api.model_info(mine, expand=["evalResults"]).eval_results) == 1
    rows = board(api, exam, 1)
    assert [(each.value, each.pull_request) for each in rows] == [(0.8, None)]
    score(bob, mine, exam, 0.99, path="better", create_pr=True)
    assert len(api.model_info(mine, expand=["evalResults"]).eval_results) == 2
    assert [each.value for each in api.get_dataset_leaderboard(exam)] == [0.8]


def test_a_file_that_cannot_be_read_says_why_and_hides_no_other(api, exam):
    mine = model(api, f"{exam}-m")
    score(api, mine, exam, 0.5)
    put(api, mine, ".eval_results/broken.yaml", "- dataset: {id: 1}\n")
    put(api, mine, ".eval_results/bomb.yaml", "a: &a [x]\nb: *a\n")
    told = results(api, mine, 3)
    assert [each.get("filename") for each in told] == [
        ".eval_results/exam.yaml", ".eval_results/bomb.yaml", ".eval_results/broken.yaml"
    ]  # fmt: skip
    assert "aliases" in told[1]["error"]
    assert told[2]["error"].startswith("Entry 1:")
    assert [each.value for each in api.model_info(mine, expand=["evalResults"]).eval_results] == [
        0.5
    ]


def test_a_score_is_verified_when_the_benchmarks_writer_vouched_for_just_it(api, bob, exam):
    mine = model(bob, exam.replace("ada/", "bob/") + "-m")
    where = f"{api.endpoint}/api/datasets/{exam}/leaderboard/vouch"
    asked = {"modelId": mine, "taskId": "easy", "value": 0.75}
    head = {"Authorization": f"Bearer {api.token}"}
    token = httpx.post(where, json=asked, headers=head).json()["verifyToken"]
    refused = httpx.post(where, json=asked, headers={"Authorization": f"Bearer {bob.token}"})
    assert refused.status_code == 403
    score(bob, mine, exam, 0.75, verify_token=token)
    assert [each.verified for each in board(api, exam, 1)] == [True]
    score(bob, mine, exam, 0.76, verify_token=token)
    assert api.model_info(mine, expand=["evalResults"]).eval_results[0].value == 0.76
    assert [each.verified for each in api.get_dataset_leaderboard(exam)] == [False]


def test_who_may_not_see_a_model_does_not_see_its_score(api, bob, exam):
    hidden = model(api, f"{exam}-h", private=True)
    score(api, hidden, exam, 3)
    assert [each.model_id for each in board(api, exam, 1)] == [hidden]
    assert bob.get_dataset_leaderboard(exam) == []
    api.update_repo_settings(exam, private=True, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        bob.get_dataset_leaderboard(exam)


def test_a_dataset_that_is_no_benchmark_has_no_leaderboard(api, any_hub, exam):
    api.create_repo("ada/plain", repo_type="dataset", exist_ok=True)
    with pytest.raises(HfHubHTTPError) as refused:
        api.get_dataset_leaderboard("ada/plain")
    assert refused.value.response.headers["X-Error-Code"] == "LeaderboardNotFound"
    put(api, exam, "eval.yaml", "tasks: none\n", repo_type="dataset")
    with pytest.raises(HfHubHTTPError):
        api.get_dataset_leaderboard(exam)


def test_the_command_line_prints_a_leaderboard(api, any_hub, exam):
    score(api, model(api, f"{exam}-m"), exam, 0.5)
    board(api, exam, 1)
    done = any_hub.client(HF, "datasets", "leaderboard", exam, "--format", "json")
    assert [(each["rank"], each["value"]) for each in json.loads(done.stdout)] == [(1, 0.5)]
    listed = any_hub.client(
        HF, "datasets", "ls", "--filter", "benchmark:official", "--format", "json"
    )
    assert exam in {each["id"] for each in json.loads(listed.stdout)}


def test_a_moved_benchmark_keeps_its_scores(api, exam):
    score(api, model(api, f"{exam}-m"), exam, 0.5)
    board(api, exam, 1)
    api.move_repo(exam, f"{exam}-moved", repo_type="dataset")
    assert [each.value for each in api.get_dataset_leaderboard(f"{exam}-moved")] == [0.5]
