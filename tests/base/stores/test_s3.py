"""A bucket that is slow, broken or far away, behind a real S3 server that checks signatures."""

import base64
import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.exceptions import ClientError
from tests.support import seaweed, waiting
from tests.support.proxy import Proxy

from iriai.base.errors import Invalid, Unavailable
from iriai.base.stores import breaker, open_store
from iriai.base.stores.s3_client import parse_address

KEY = "xorbs/ab/abcdef"
DATA = bytes(range(256)) * 40_000  # 10 MB
GIVEN_UP_SECONDS_MAX = 120  # 8 where nothing else runs; 180 for who waits until it is hung up on


@pytest.fixture
def proxy():
    with Proxy(("127.0.0.1", seaweed.server().port)) as standing:
        yield standing


@pytest.fixture
def far(proxy, tmp_path):
    """A fresh bucket, with the proxy in between."""
    return behind(proxy, tmp_path)


def behind(proxy, tmp_path, options=""):
    place = seaweed.fresh_store().split("@")[1].split("?")[0]
    url = seaweed.server().url(place, endpoint=proxy.url) + options
    return open_store(url, staging=tmp_path / "staging")


def test_the_server_checks_the_sum_that_we_send():
    client = seaweed.server().client()
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    with pytest.raises(ClientError):
        client.put_object(Bucket=seaweed.BUCKET, Key="sum", Body=b"some", ChecksumSHA256=wrong)


def test_a_few_failures_are_tried_again(far, proxy):
    proxy.answers = [503]
    far.put(KEY, b"some bytes")
    proxy.answers = [500]
    proxy.drop()
    assert far.read(KEY) == b"some bytes"


def test_a_store_that_fails_on_is_unavailable_and_nothing_is_acknowledged(far, proxy, tmp_path):
    proxy.answers = [503] * 50
    with pytest.raises(Unavailable):
        far.put(KEY, b"some bytes")
    assert far.faults == 1
    proxy.answers = []
    assert not far.exists(KEY)


def test_a_read_that_breaks_off_goes_on_where_it_stopped(far, proxy):
    far.put(KEY, DATA)
    proxy.drop()
    proxy.cut_down = [3_000_000, 2_000_000]
    assert b"".join(far.stream(KEY)) == DATA
    assert proxy.cut_down == []


def test_a_range_that_breaks_off_goes_on_where_it_stopped(far, proxy):
    far.put(KEY, DATA)
    proxy.drop()
    proxy.cut_down = [3_000_000]
    assert far.read(KEY, 1_000, 9_000_000) == DATA[1_000:9_000_000]


def test_an_upload_that_breaks_off_is_tried_again(far, proxy):
    proxy.cut_up = [2_000_000]
    far.put(KEY, DATA)
    assert proxy.cut_up == []
    assert far.read(KEY) == DATA


def test_bytes_garbled_on_the_way_up_are_never_acknowledged_as_they_are(far, proxy):
    proxy.garble_up = [5_000_000]
    try:
        far.put(KEY, DATA)
    except Unavailable:
        assert not far.exists(KEY)
    else:
        assert far.read(KEY) == DATA
    assert proxy.garble_up == []


def test_a_big_file_that_breaks_off_for_good_leaves_no_parts(far, proxy, tmp_path):
    path = tmp_path / "big"
    path.write_bytes(DATA * 3)
    proxy.cut_up = [3_000_000] * 50
    with pytest.raises(Unavailable):
        far.put(KEY, path)
    proxy.cut_up = []
    time.sleep(breaker.REST_SECONDS + 0.1)
    assert not far.exists(KEY)
    far.sweep(datetime.now(UTC) + timedelta(hours=1))
    client = seaweed.server().client()
    pending = client.list_multipart_uploads(Bucket=seaweed.BUCKET).get("Uploads", [])
    assert [each for each in pending if KEY in each["Key"]] == []


def test_parts_left_by_a_crash_are_swept_once_they_are_old(bucket):
    client = seaweed.server().client()
    prefix = bucket._prefix
    client.create_multipart_upload(Bucket=seaweed.BUCKET, Key=f"{prefix}{KEY}")
    assert bucket.sweep(datetime.now(UTC) - timedelta(days=1)) == 0
    assert bucket.sweep(datetime.now(UTC) + timedelta(days=1)) == 1
    assert bucket.sweep(datetime.now(UTC) + timedelta(days=1)) == 0


def test_a_store_that_never_answers_is_given_up_soon_and_then_at_once(proxy, tmp_path):
    far = behind(proxy, tmp_path, "&timeout=1")
    proxy.silent = True

    def attempt(_number):
        with pytest.raises(Unavailable):
            far.size(KEY)

    def is_back():
        with suppress(Unavailable):
            far.put(KEY, b"back")
            return True

    started = time.monotonic()
    with ThreadPoolExecutor(breaker.FAILURES_MAX) as pool:
        list(pool.map(attempt, range(breaker.FAILURES_MAX)))
    assert time.monotonic() - started < GIVEN_UP_SECONDS_MAX
    asked = proxy.connections
    attempt(0)
    assert proxy.connections == asked, "it asked a store that was given up"
    proxy.silent = False
    proxy.drop()
    assert waiting.until(is_back)
    assert far.read(KEY) == b"back"


def test_a_wrong_secret_key_is_said_in_a_sentence(tmp_path):
    url = seaweed.fresh_store().replace(seaweed.SECRET_KEY, "wrong")
    with pytest.raises(Unavailable, match="key"):
        open_store(url, staging=tmp_path).put(KEY, b"x")


def test_a_missing_bucket_is_said_in_a_sentence(tmp_path):
    url = seaweed.server().url("nowhere-at-all")
    with pytest.raises(Unavailable):
        open_store(url, staging=tmp_path).probe()


def test_keys_may_come_from_the_usual_variables(tmp_path, monkeypatch):
    for name, value in seaweed.server().environment.items():
        monkeypatch.setenv(name, value)
    store = open_store(f"s3://{seaweed.BUCKET}/from-environment", staging=tmp_path)
    store.put(KEY, b"x")
    assert store.read(KEY) == b"x"


def test_a_signed_url_reads_without_keys(bucket):
    bucket.put(KEY, DATA)
    url = bucket.signed_url(
        KEY, seconds=60, filename="модель.bin", content_type="application/octet-stream"
    )
    answer = httpx.get(url)
    assert answer.content == DATA
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "filename*=UTF-8''%D0%BC" in answer.headers["content-disposition"]
    assert httpx.get(url.split("?")[0]).status_code == 403


def test_a_signed_range_reads_that_range_and_no_other(bucket):
    bucket.put(KEY, DATA)
    url = bucket.signed_url(KEY, seconds=60, byte_range=(100, 199))
    assert "range" in httpx.URL(url).params["X-Amz-SignedHeaders"].split(";")
    answer = httpx.get(url, headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.content == DATA[100:200]
    for other in ({}, {"Range": "bytes=0-199"}, {"Range": "bytes=100-"}):
        assert httpx.get(url, headers=other).status_code == 403


def test_a_signed_url_ends_and_cannot_be_changed(bucket):
    bucket.put(KEY, b"some bytes")
    bucket.put("xorbs/ab/other", b"a secret")
    url = bucket.signed_url(KEY, seconds=1)
    assert httpx.get(url.replace("abcdef", "other")).status_code == 403
    assert httpx.get(url.replace("X-Amz-Expires=1", "X-Amz-Expires=9999")).status_code == 403
    time.sleep(2.1)
    assert httpx.get(url).status_code == 403


def test_others_may_see_the_bucket_at_another_address(tmp_path, proxy):
    store = open_store(f"{seaweed.fresh_store()}&public_endpoint={proxy.url}", staging=tmp_path)
    store.put(KEY, b"some bytes")
    url = store.signed_url(KEY, seconds=60)
    assert url.startswith(proxy.url)
    assert httpx.get(url).content == b"some bytes"
    assert proxy.connections == 1


def test_where_nobody_is_to_be_sent_to_the_bucket_no_url_is_signed(tmp_path):
    store = open_store(f"{seaweed.fresh_store()}&direct=off", staging=tmp_path)
    store.put(KEY, b"some bytes")
    assert store.signed_url(KEY, seconds=60) is None
    assert store.read(KEY) == b"some bytes"


def test_an_address_gives_its_parts():
    address = parse_address("s3://k%2Fey:se%40cret@bucket/some/prefix?endpoint=http://h:1")
    assert (address.access_key, address.secret_key) == ("k/ey", "se@cret")
    assert (address.bucket, address.prefix, address.endpoint) == (
        "bucket",
        "some/prefix/",
        "http://h:1",
    )


BAD_ADDRESSES = [
    "s3://bucket/../up",
    "s3://bucket?timeout=soon",
    "s3://bucket?direct=perhaps",
    "s3:///key",
]


@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_an_address_that_cannot_be_is_invalid(url):
    with pytest.raises(Invalid):
        parse_address(url)


def test_a_file_larger_than_memory_allows_goes_up_in_bounded_parts(bucket, tmp_path):
    path = tmp_path / "big"
    with path.open("wb") as file:
        for _ in range(8):
            file.write(os.urandom(8 << 20))
    digest = hashlib.sha256(path.read_bytes()).digest()
    bucket.put(KEY, path)
    found = hashlib.sha256()
    for piece in bucket.stream(KEY):
        found.update(piece)
    assert found.digest() == digest
