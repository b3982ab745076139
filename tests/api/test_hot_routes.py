"""The hot routes ask the database at most three things."""

import threading

import pytest
from sqlalchemy import event

from iriai.blobs import receiving as blobs
from iriai.commons import enactment
from iriai.identity import admission
from iriai.repos.actions import AddLarge

STATEMENTS_MAX = 3


@pytest.fixture
def counted(ground):
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        is_later = isinstance(threading.current_thread(), threading.Timer)  # it counts downloads
        if not statement.startswith("BEGIN") and not is_later:
            statements.append(statement)

    event.listen(ground.engine, "before_cursor_execute", note)
    return statements


def last_use_is_written_down():
    """Wait for the thread that does so: its statements are not the next request's."""
    admission._writer().submit(lambda: None).result()


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("HEAD", "/ada/tiny/resolve/main/config.json"),
        ("GET", "/ada/tiny/resolve/main/config.json"),
        ("HEAD", "/ada/tiny/resolve/refs%2Fheads%2Fmain/config.json"),
        ("GET", "/ada/tiny/raw/main/config.json"),
        ("GET", "/api/models/ada/tiny"),
        ("GET", "/api/models/ada/tiny/revision/main"),
        ("GET", "/api/models/ada/tiny?blobs=true"),
        ("GET", "/api/models/ada/tiny/tree/main?recursive=true"),
        ("GET", "/api/models/ada/tiny/refs"),
    ],
)
def test_a_hot_request_asks_the_database_three_things_at_most(
    doors, counted, method, url, signed_in
):
    ada, token = doors.person("ada")
    doors.repo(ada, "tiny")
    more = {"token": token} if signed_in else {}
    assert doors.ask(method, url, **more).status == 200
    last_use_is_written_down()
    counted.clear()
    assert doors.ask(method, url, **more).status == 200
    assert 1 <= len(counted) <= STATEMENTS_MAX, counted


def test_a_large_file_is_found_with_three_statements(doors, counted, ground, tmp_path):
    import hashlib

    ada, token = doors.person("ada")
    repo = doors.repo(ada, "tiny")
    content = b"\0" * 1_000
    sha256 = hashlib.sha256(content).hexdigest()
    path = ground.store.staging() / "object"
    path.write_bytes(content)
    blobs.receive_object(ground, repo.id, sha256, len(content), path)
    enactment.commit(
        ground, ada, repo, operations=[AddLarge("big.bin", sha256, 1_000)], title="large"
    )
    url = "/ada/tiny/resolve/main/big.bin"
    assert doors.ask("HEAD", url, token=token).status == 200
    last_use_is_written_down()
    counted.clear()
    found = doors.ask("HEAD", url, token=token)
    assert (found.status, found.headers["x-linked-size"]) == (200, "1000")
    assert len(counted) <= STATEMENTS_MAX
