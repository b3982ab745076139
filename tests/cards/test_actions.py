"""Cards, kept beside real repositories on both databases and stores."""

import json
import struct
import threading

import numpy as np
import pytest
import safetensors.numpy
from sqlalchemy import select
from tests.repos.conftest import settled
from tests.support.overlap import overtaken

from iriai.base import jobs
from iriai.base.errors import HubError
from iriai.cards import actions, queries
from iriai.cards import jobs as cards_jobs
from iriai.cards.queries import Wanted
from iriai.cards.tables import FacetRow
from iriai.repos import actions as repos
from iriai.repos.actions import AddLarge, DeleteFile
from iriai.repos.tables import RepoRow

CARD = b"""---
language: [no, en]
license: apache-2.0
tags: [tiny]
base_model: ada/base
---
# Tiny
"""
CONFIG = {"architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 30_000}


@pytest.fixture
def any_town(any_ground):
    return settled(any_ground)


def card(town, repo):
    actions.refresh(town.ground, repo.id)
    with town.ground.read() as tx:
        return queries.card(tx, repo.id)


def facets(town, repo):
    with town.ground.read() as tx:
        asked = select(FacetRow.facet).where(FacetRow.repo_id == repo.id)
        return set(tx.connection.execute(asked).scalars())


def found(town, **wanted):
    with town.ground.read() as tx:
        return set(tx.connection.execute(queries.matching(Wanted(**wanted))).scalars())


def weights(**shapes):
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return safetensors.numpy.save(tensors)


def test_a_card_is_read_from_the_newest_commit_of_main(any_town):
    repo = any_town.repo()
    any_town.commit(repo, {"README.md": CARD, "config.json": json.dumps(CONFIG).encode()})
    kept = card(any_town, repo)
    assert kept.sha == any_town.again(repo).head
    assert kept.data["language"] == ["no", "en"]
    assert (kept.library_name, kept.pipeline_tag, kept.licence) == (
        "transformers", "fill-mask", "apache-2.0",
    )  # fmt: skip
    assert kept.config == {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
    assert {"tiny", "no", "language:no", "license:apache-2.0", "transformers"} <= facets(
        any_town, repo
    )


def test_a_changed_card_replaces_the_old_one_and_a_removed_one_leaves_none(any_town):
    repo = any_town.repo()
    any_town.commit(repo, {"README.md": CARD})
    card(any_town, repo)
    any_town.commit(repo, {"README.md": b"---\nlicense: mit\n---\n"})
    assert card(any_town, repo).licence == "mit"
    assert facets(any_town, repo) == {"license:mit"}
    repos.commit(any_town.ground, any_town.ada, repo, [DeleteFile("README.md")], title="no card")
    kept = card(any_town, repo)
    assert (kept.data, kept.tags, kept.licence) == ({}, (), None)


def test_parameters_are_read_from_large_and_small_weights(any_town):
    repo = any_town.repo()
    content = weights(a=(3, 4), b=(5,))
    sha256 = any_town.send(repo, content)
    large = AddLarge("model.safetensors", sha256, len(content))
    repos.commit(any_town.ground, any_town.ada, repo, [large], title="weights")
    assert card(any_town, repo).safetensors == {"parameters": {"F32": 17}, "total": 17}
    assert found(any_town, parameters_min=17, parameters_max=17) == {repo.id}
    assert found(any_town, parameters_min=18) == set()


def test_the_shards_of_a_model_are_added_up(any_town):
    repo = any_town.repo()
    any_town.commit(
        repo,
        {
            "model.safetensors.index.json": b"{}",
            "model-00001-of-00002.safetensors": weights(a=(10,)),
            "model-00002-of-00002.safetensors": weights(b=(7,)),
            "other.safetensors": weights(c=(1000,)),
        },
    )
    assert card(any_town, repo).safetensors["total"] == 17


def test_a_gguf_file_says_what_it_holds(any_town):
    repo = any_town.repo()

    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    data = b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
    data += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    data += text("llama.context_length") + struct.pack("<II", 4, 2048)
    data += text("t") + struct.pack("<IQIQ", 1, 99, 0, 0)
    any_town.commit(repo, {"m.gguf": data})
    kept = card(any_town, repo)
    assert kept.gguf == {"total": 99, "architecture": "llama", "context_length": 2048}
    assert "gguf" in kept.tags


@pytest.mark.parametrize(
    "readme",
    [b"---\na: &x [1]\nb: *x\n---\n", b"---\n" + b"[" * 5_000 + b"\n---\n", b"\xff\xfe---\n", b""],
)
def test_a_card_that_cannot_be_read_is_an_empty_one(any_town, readme):
    repo = any_town.repo()
    any_town.commit(repo, {"README.md": readme, "model.safetensors": b"rubbish", "x.gguf": b"GGUF"})
    kept = card(any_town, repo)
    assert (kept.data, kept.safetensors, kept.gguf) == ({}, None, None)


def test_of_a_repository_without_a_commit_there_is_no_card(any_town):
    repo = any_town.repo()
    with any_town.ground.read() as tx:
        assert queries.card(tx, repo.id + 1) is None


def test_listings_find_what_all_of_the_asked_words_hold_for(any_town):
    first, second, other = (any_town.repo(name) for name in ("one", "two", "three"))
    any_town.commit(first, {"README.md": CARD})
    any_town.commit(second, {"README.md": b"---\nlanguage: no\nlicense: mit\n---\n"})
    any_town.commit(other, {"README.md": b"---\nlanguage: de\n---\n"})
    for repo in (first, second, other):
        actions.refresh(any_town.ground, repo.id)
    assert found(any_town, language="no") == {first.id, second.id}
    assert found(any_town, tags=("no", "tiny")) == {first.id}
    assert found(any_town, tags=("license:mit",), language="no") == {second.id}
    assert found(any_town, licence="apache-2.0", tags=("base_model:ada/base",)) == {first.id}
    assert found(any_town, tags=("tiny", "license:mit")) == set()
    with any_town.ground.read() as tx:
        query = queries.narrowed(select(RepoRow.id), RepoRow.id, Wanted(licence="mit"))
        assert list(tx.connection.execute(query).scalars()) == [second.id]
        counted = queries.counted(tx, "licence", [first.id, second.id, other.id], 10)
        assert counted == [("apache-2.0", 1), ("mit", 1)]


def test_a_card_may_be_read_by_many_at_once(any_town):
    repo = any_town.repo()
    any_town.commit(repo, {"README.md": CARD})
    errors = []

    def read():
        try:
            actions.refresh(any_town.ground, repo.id)
        except HubError as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert card(any_town, repo).licence == "apache-2.0"


def test_an_older_card_never_takes_the_place_of_a_newer(any_town, monkeypatch):
    repo = any_town.repo()
    any_town.commit(repo, {"README.md": CARD})

    def read():
        actions.refresh(any_town.ground, repo.id)

    def changed():
        any_town.commit(repo, {"README.md": CARD.replace(b"apache-2.0", b"mit")})
        read()

    overtaken(monkeypatch, actions, read, changed)
    with any_town.ground.read() as tx:
        assert queries.card(tx, repo.id).licence == "mit"


def test_the_job_reads_a_card_and_minds_no_repository_that_is_gone(any_town):
    repo = any_town.repo()
    any_town.commit(repo, {"README.md": CARD})
    assert cards_jobs.refresh
    with any_town.ground.write() as tx:
        tx.enqueue("cards.refresh", {"repo_id": repo.id}, key=f"card:{repo.id}")
        tx.enqueue("cards.refresh", {"repo_id": 999_999})
    assert jobs.run_due(any_town.ground) >= 2
    with any_town.ground.read() as tx:
        assert queries.card(tx, repo.id).licence == "apache-2.0"
        states = tx.connection.execute(select(jobs.Job.kind, jobs.Job.error)).all()
    assert [state for state in states if state[0] == "cards.refresh"] == []
