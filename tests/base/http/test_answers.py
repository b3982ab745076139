"""Ranges over the wire, whatever the bytes come from."""

import random
from email.parser import BytesParser

import httpx
import pytest
from tests.support import seaweed

from iriai.base.http.answers import Stream, answer, source_of
from iriai.base.stores import open_store

DATA = random.Random(3).randbytes(1 << 20) * 3 + b"end"
ETAG = '"name"'
KEY = "lfs/aa/bb/object"


async def cut(start, end):
    for position in range(start, end, 100_000):
        yield DATA[position : min(position + 100_000, end)]


@pytest.fixture(params=["disk", "memory", "s3", "stream"])
def url(request, live, tmp_path):
    if request.param == "stream":
        source = Stream(len(DATA), cut)
    else:
        urls = {"disk": tmp_path.as_uri(), "memory": "memory:"}
        place = seaweed.fresh_store() if request.param == "s3" else urls[request.param]
        store = open_store(place, staging=tmp_path / "staging")
        store.put(KEY, DATA)
        source = source_of(store, KEY, len(DATA))

    async def app(scope, receive, send):
        await answer(
            scope, send, source, etag=ETAG, content_type="x/y", headers=[(b"x-more", b"1")]
        )

    return live(app).url


def test_the_whole_is_answered_with_its_name_and_type(url):
    got = httpx.get(url)
    assert (got.status_code, got.content) == (200, DATA)
    assert got.headers["etag"] == ETAG
    assert got.headers["content-type"] == "x/y"
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["x-more"] == "1"
    assert int(got.headers["content-length"]) == len(DATA)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", DATA[:1]),
        ("bytes=100-2000000", DATA[100:2_000_001]),
        ("bytes=3000000-", DATA[3_000_000:]),
        ("bytes=-3", DATA[-3:]),
        ("bytes=5-99999999", DATA[5:]),
    ],
    ids=["first byte", "middle", "from", "last bytes", "past the end"],
)
def test_a_range_is_answered_with_those_bytes(url, asked, expected):
    got = httpx.get(url, headers={"Range": asked})
    assert (got.status_code, got.content) == (206, expected)
    start = DATA.index(expected)
    assert got.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(DATA)}"


def test_several_ranges_come_as_parts(url):
    spans = [(10, 19), (1_000_000, 2_100_000), (0, 4)]
    got = httpx.get(url, headers={"Range": "bytes=" + ",".join(f"{a}-{b}" for a, b in spans)})
    assert got.status_code == 206
    assert int(got.headers["content-length"]) == len(got.content)
    message = BytesParser().parsebytes(
        f"Content-Type: {got.headers['content-type']}\r\n\r\n".encode() + got.content
    )
    parts = message.get_payload()
    assert [part["content-range"] for part in parts] == [
        f"bytes {a}-{b}/{len(DATA)}" for a, b in spans
    ]
    boundary = got.headers["content-type"].split("boundary=")[1]
    raw = got.content.split(f"\r\n--{boundary}".encode())[1:-1]
    assert [each.partition(b"\r\n\r\n")[2] for each in raw] == [DATA[a : b + 1] for a, b in spans]


def test_a_range_outside_is_said_with_the_size(url):
    got = httpx.get(url, headers={"Range": f"bytes={len(DATA)}-"})
    assert got.status_code == 416
    assert got.headers["content-range"] == f"bytes */{len(DATA)}"


def test_a_client_that_has_it_gets_nothing_again(url):
    got = httpx.get(url, headers={"If-None-Match": ETAG})
    assert (got.status_code, got.content, got.headers["etag"]) == (304, b"", ETAG)


def test_a_range_of_another_version_gets_the_whole(url):
    got = httpx.get(url, headers={"Range": "bytes=0-9", "If-Range": '"older"'})
    assert (got.status_code, len(got.content)) == (200, len(DATA))


def test_head_says_what_get_would_and_sends_nothing(url):
    with httpx.Client(base_url=url) as client:
        for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=0-9,20-29"}):
            got = client.head("/", headers=headers)
            assert (got.status_code, got.content) == (200, b"")
            assert int(got.headers["content-length"]) == len(DATA)
        assert client.get("/", headers={"Range": "bytes=0-9"}).content == DATA[:10]


def test_a_missing_object_fails_before_the_first_byte(live, tmp_path):
    store = open_store("memory:")
    source = source_of(store, KEY, 100)

    async def app(scope, receive, send):
        await answer(scope, send, source, etag=ETAG, content_type="x/y")

    assert httpx.get(live(app).url).status_code == 500
