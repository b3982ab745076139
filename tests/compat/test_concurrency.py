"""Many at once: no commit is lost, and none is told it landed when it did not."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import disable_progress_bars

from tests.conftest import LONG

disable_progress_bars()
NUMBERS = itertools.count(1)
MANY = 64 if LONG else 24  # tests/repos/test_commits.py has 64 in every run
STALE = "The branch was updated since you opened this page. Please refresh and try again."


@pytest.fixture
def api(each_hub):
    return HfApi(endpoint=each_hub.url, token=each_hub.token)


@pytest.fixture
def repo(api):
    name = f"ada/busy-{next(NUMBERS)}"
    api.create_repo(name)
    return name


def at_once(work):
    """The outcome of each of many simultaneous calls: a result or an error."""

    def outcome(number):
        try:
            return work(number)
        except HfHubHTTPError as error:
            return error

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(outcome, range(MANY)))


def test_of_many_commits_on_one_parent_one_lands_and_the_others_are_told_why(api, repo):
    parent = api.model_info(repo).sha

    def commit(number):
        operation = CommitOperationAdd(f"{number}.txt", b"%d" % number)
        return api.create_commit(
            repo, [operation], commit_message=f"number {number}", parent_commit=parent
        )

    outcomes = at_once(commit)
    lost = [each for each in outcomes if isinstance(each, HfHubHTTPError)]
    assert len(lost) == MANY - 1
    assert {each.response.status_code for each in lost} == {412}
    assert all(STALE in str(each) for each in lost)
    assert len(api.list_repo_commits(repo)) == 2


def test_many_commits_of_different_files_without_a_parent_all_land(api, repo):
    def commit(number):
        return api.create_commit(
            repo,
            [CommitOperationAdd(f"{number}.txt", b"%d" % number)],
            commit_message=f"number {number}",
        )

    outcomes = at_once(commit)
    assert not [each for each in outcomes if isinstance(each, HfHubHTTPError)]
    assert len({each.oid for each in outcomes}) == MANY
    assert len(api.list_repo_files(repo)) == MANY + 1
    history = api.list_repo_commits(repo)
    assert len(history) == MANY + 1
    assert {each.oid for each in outcomes} < {each.commit_id for each in history}


def test_of_two_commits_of_one_file_the_last_wins_and_both_are_kept(api, repo):
    def commit(number):
        content = b"%d" % number
        return api.create_commit(
            repo, [CommitOperationAdd("same.txt", content)], commit_message=str(number)
        )

    outcomes = at_once(commit)
    assert not [each for each in outcomes if isinstance(each, HfHubHTTPError)]
    history = api.list_repo_commits(repo)
    assert len(history) == MANY + 1
    assert Path(api.hf_hub_download(repo, "same.txt")).read_text() == history[0].title


def test_of_many_who_make_one_repository_one_makes_it(api):
    name = f"ada/raced-{next(NUMBERS)}"
    outcomes = at_once(lambda _number: api.create_repo(name))
    lost = [each for each in outcomes if isinstance(each, HfHubHTTPError)]
    assert len(lost) == MANY - 1
    assert {each.response.status_code for each in lost} == {409}
