"""What every store promises, run over a disk, memory and a real S3 server."""

import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iriai.base.errors import Invalid, Unknown
from iriai.base.stores import open_store
from iriai.base.stores.protocol import KEY_LENGTH_MAX

KEY = "xorbs/ab/abcdef"
same_store = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_what_was_put_can_be_read(store):
    store.put(KEY, b"some bytes")
    assert store.read(KEY) == b"some bytes"
    assert store.size(KEY) == 10
    assert store.exists(KEY)


def test_an_empty_object_is_an_object(store):
    store.put(KEY, b"")
    assert store.exists(KEY)
    assert store.size(KEY) == 0
    assert store.read(KEY) == b""
    assert list(store.stream(KEY)) == []


def test_a_file_is_consumed_by_putting_it(store):
    path = store.staging() / "upload"
    path.write_bytes(b"from a file")
    store.put(KEY, path)
    assert store.read(KEY) == b"from a file"
    assert not path.exists()


def test_a_file_from_another_folder_can_be_put_too(store, tmp_path):
    path = tmp_path / "elsewhere"
    path.write_bytes(b"from elsewhere")
    store.put(KEY, path)
    assert store.read(KEY) == b"from elsewhere"
    assert not path.exists()


def test_a_big_file_arrives_whole(store):
    path = store.staging() / "big"
    data = os.urandom(1 << 20) * 21 + b"tail"
    path.write_bytes(data)
    store.put(KEY, path)
    digest = hashlib.sha256()
    for piece in store.stream(KEY, piece=700_000):
        assert len(piece) <= 700_000
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(data).digest()
    assert store.size(KEY) == len(data)
    assert list(store.staging().iterdir()) == []


def test_a_key_is_written_once(store):
    store.put(KEY, b"first")
    path = store.staging() / "again"
    path.write_bytes(b"other")
    store.put(KEY, path)
    assert store.read(KEY) == b"first"
    assert not path.exists()


def test_putting_another_number_of_bytes_replaces_a_damaged_object(store):
    store.put(KEY, b"trunc")
    store.put(KEY, b"truncated no longer")
    assert store.read(KEY) == b"truncated no longer"


@pytest.mark.parametrize("ask", ["read", "stream", "size", "empty range"])
def test_a_missing_object_is_unknown(store, ask):
    asks = {
        "read": lambda: store.read(KEY),
        "stream": lambda: list(store.stream(KEY)),
        "size": lambda: store.size(KEY),
        "empty range": lambda: store.read(KEY, 3, 3),
    }
    with pytest.raises(Unknown) as caught:
        asks[ask]()
    assert caught.value.code == "ObjectMissing"
    assert not store.exists(KEY)


@same_store
@given(data=st.binary(max_size=64), start=st.integers(0, 80), length=st.integers(0, 80) | st.none())
def test_ranges_behave_as_slices(store, data, start, length):
    key = f"slices/{hashlib.sha256(data).hexdigest()}"
    store.put(key, data)
    end = None if length is None else start + length
    assert store.read(key, start, end) == data[start:end]
    assert b"".join(store.stream(key, start, end, piece=7)) == data[start:end]


@pytest.mark.parametrize("ends", [(-1, None), (-5, 3), (0, -1)])
def test_a_range_before_the_beginning_is_invalid(store, ends):
    store.put(KEY, b"some bytes")
    with pytest.raises(Invalid):
        store.read(KEY, *ends)


def test_deleting_is_idempotent(store):
    store.delete(KEY)
    store.put(KEY, b"x")
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)
    store.put(KEY, b"y")
    assert store.read(KEY) == b"y"


def test_a_listing_shows_keys_sizes_and_times(store):
    keys = ["git/7/b.pack", "git/7/b.idx", "git/70/a.pack", "git/7-x", "lfs/aa/bb/cc", "git/7/a/z"]
    for key in keys:
        store.put(key, key.encode())
    found = list(store.entries(""))
    assert sorted(entry.key for entry in found) == sorted(keys)
    assert all(entry.size == len(entry.key) for entry in found)
    assert all(abs(datetime.now(UTC) - entry.modified_at) < timedelta(minutes=5) for entry in found)


def test_a_listing_starts_with_any_prefix(store):
    for key in ["git/7/b.pack", "git/7/b.idx", "git/70/a.pack", "lfs/aa"]:
        store.put(key, b"x")
    listed = {
        p: sorted(e.key for e in store.entries(p)) for p in ["git/7", "git/7/", "git/7/b.p", "no"]
    }
    assert listed == {
        "git/7": ["git/7/b.idx", "git/7/b.pack", "git/70/a.pack"],
        "git/7/": ["git/7/b.idx", "git/7/b.pack"],
        "git/7/b.p": ["git/7/b.pack"],
        "no": [],
    }


@pytest.mark.parametrize(
    "key",
    [
        *("", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "./a", "a/.hidden", "staging/x"),
        *("a b", "a\\b", "a\0b", "a\nb", "ä", "a%2fb", "-flag", "x" * (KEY_LENGTH_MAX + 1)),
    ],
)
def test_no_key_escapes_the_store(store, key):
    for attempt in (
        lambda: store.put(key, b"x"),
        lambda: store.read(key),
        lambda: store.size(key),
        lambda: store.exists(key),
        lambda: store.delete(key),
        lambda: store.local_path(key),
    ):
        with pytest.raises(Invalid):
            attempt()


@pytest.mark.parametrize("prefix", ["../", "/etc/", "a/../", "//"])
def test_no_listing_escapes_the_store(store, prefix):
    with pytest.raises(Invalid):
        list(store.entries(prefix))


def test_many_who_put_the_same_object_all_succeed(store):
    data = os.urandom(100_000)
    failures = []

    def put():
        try:
            store.put(KEY, data)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert store.read(KEY) == data
    assert store.faults == 0


def test_unfinished_files_are_swept_once_they_are_old(store):
    (store.staging() / "unfinished").write_bytes(b"x")
    assert store.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.sweep(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert list(store.staging().iterdir()) == []


def test_a_working_store_passes_its_probe(store):
    store.probe()
    assert list(store.entries("")) == []


@pytest.mark.parametrize("url", ["", "ftp://x/y", "s3://", "s3://bucket?colour=red"])
def test_an_address_that_makes_no_sense_is_invalid(url, tmp_path):
    with pytest.raises(Invalid):
        open_store(url, staging=tmp_path)
