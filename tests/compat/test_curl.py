"""Plain HTTP: what curl gets, by seven kinds of range, of a small file and of a large one."""

import random
import shutil
import subprocess

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import disable_progress_bars

disable_progress_bars()

LARGE = random.Random(3).randbytes(3 << 20)
SMALL = bytes(range(32, 127)) * 20
MIDDLE = "".join(f"line {number}\n" for number in range(200_000)).encode()
CONTENT = {"small.txt": SMALL, "middle.txt": MIDDLE, "large.bin": LARGE}


@pytest.fixture(scope="module")
def files(each_hub):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed.")
    api = HfApi(endpoint=each_hub.url, token=each_hub.token)
    api.create_repo("ada/ranges", exist_ok=True)
    for name, content in CONTENT.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=name, repo_id="ada/ranges")
    return f"{each_hub.url}/ada/ranges/resolve/main"


def curl(url, *options):
    """Status, headers (lower case) and body."""
    done = subprocess.run(["curl", "-s", "-i", *options, url], capture_output=True, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("0-0", 0, 1),
        ("0-99", 0, 100),
        ("100-", 100, None),
        ("-100", -100, None),
        ("1000-1999", 1000, 2000),
        ("0-99999999999", 0, None),
        ("500-99999999999", 500, None),
    ],
)
def test_a_range_gives_just_its_bytes(files, name, asked, start, end):
    status, headers, body = curl(f"{files}/{name}", "-r", asked)
    whole = CONTENT[name]
    wanted = whole[slice(start, end)]
    assert (status, body) == (206, wanted)
    first = start if start >= 0 else len(whole) + start
    assert headers["content-range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(whole)}"
    assert headers["content-length"] == str(len(wanted))
    assert headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("name", CONTENT)
def test_a_range_past_the_end_is_said_to_be_so(files, name):
    status, headers, _ = curl(f"{files}/{name}", "-r", "99999999999-")
    assert status == 416
    assert headers["content-range"] == f"bytes */{len(CONTENT[name])}"
    assert len(headers["x-repo-commit"]) == 40


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize("junk", ["bytes=", "bytes=a-b", "lines=1-2", "bytes=9-1", "bytes"])
def test_a_range_that_makes_no_sense_is_ignored(files, name, junk):
    status, _, body = curl(f"{files}/{name}", "-H", f"Range: {junk}")
    assert (status, body) == (200, CONTENT[name])


@pytest.mark.parametrize("name", CONTENT)
def test_a_thousand_ranges_cost_no_more_than_the_file(files, name):
    many = "bytes=" + ",".join(["0-"] * 1_000)
    status, _, body = curl(f"{files}/{name}", "-H", f"Range: {many}")
    assert (status, len(body)) == (200, len(CONTENT[name]))


@pytest.mark.parametrize("name", CONTENT)
def test_a_head_says_all_that_a_get_does(files, name):
    status, headers, body = curl(f"{files}/{name}", "-I")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == str(len(CONTENT[name]))
    assert len(headers["x-repo-commit"]) == 40
    tag = headers["etag"].strip('"')
    assert len(tag) == (64 if name == "large.bin" else 40)
    if name == "large.bin":
        assert headers["x-linked-size"] == str(len(LARGE))
        assert headers["x-linked-etag"] == headers["etag"]
        assert "content-encoding" not in headers
    status, _, body = curl(f"{files}/{name}", "-H", f"If-None-Match: {headers['etag']}")
    assert (status, body) == (304, b"")
    status, _, body = curl(f"{files}/{name}", "-r", "0-9", "-H", 'If-Range: "other"')
    assert (status, body) == (200, CONTENT[name])
    status, _, body = curl(f"{files}/{name}", "-r", "0-9", "-H", f"If-Range: {headers['etag']}")
    assert (status, body) == (206, CONTENT[name][:10])


def test_what_llama_cpp_asks_first_is_answered(files, each_hub):
    status, headers, _ = curl(f"{files}/large.bin", "-r", "0-0")
    assert (status, headers["content-range"]) == (206, f"bytes 0-0/{len(LARGE)}")
    status, headers, _ = curl(f"{files}/large.bin", "-I")
    assert (status, headers["accept-ranges"]) == (200, "bytes")
    status, _, body = curl(f"{each_hub.url}/api/models/ada/ranges/refs")
    assert (status, b'"branches":[{"name":"main"' in body) == (200, True)


def test_nothing_uploaded_runs_on_the_hubs_own_origin(each_hub, files):
    api = HfApi(endpoint=each_hub.url, token=each_hub.token)
    hostile = {
        "page.html": b"<script>alert(1)</script>",
        "image.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "feed.xml": b"<x/>",
        "code.js": b"alert(1)",
        "none": b"<!doctype html><script>alert(1)</script>",
    }
    for name, content in hostile.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=name, repo_id="ada/ranges")
        for verb in ("resolve", "raw"):
            url = f"{each_hub.url}/ada/ranges/{verb}/main/{name}"
            _, headers, body = curl(url)
            assert body == content
            assert headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in headers["content-security-policy"]
            assert "html" not in headers["content-type"]
            assert "javascript" not in headers["content-type"]
            if name != "code.js":
                assert headers["content-disposition"].startswith("attachment")


def test_raw_gives_the_pointer_of_a_large_file(each_hub, files):
    status, headers, body = curl(f"{each_hub.url}/ada/ranges/raw/main/large.bin")
    assert status == 200
    assert body.startswith(b"version https://git-lfs.github.com/spec/v1\noid sha256:")
    assert headers["content-type"].startswith("text/plain")


def test_a_browser_on_another_origin_may_read_what_it_needs(files):
    _, headers, _ = curl(f"{files}/large.bin", "-I", "-H", "Origin: http://elsewhere.example")
    assert headers["access-control-allow-origin"] == "*"
    for name in ("ETag", "Link", "X-Linked-Size", "X-Xet-Hash", "X-Error-Code", "Content-Range"):
        assert name in headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in headers
    status, headers, _ = curl(
        f"{files}/large.bin",
        *("-X", "OPTIONS", "-H", "Origin: http://elsewhere.example"),
        *("-H", "Access-Control-Request-Method: GET"),
        *("-H", "Access-Control-Request-Headers: authorization,range"),
    )
    assert status == 204
    assert "Authorization" in headers["access-control-allow-headers"]


def test_a_request_keeps_the_id_its_client_gave_it(files):
    _, headers, _ = curl(f"{files}/small.txt", "-H", "X-Request-Id: mine-1")
    assert headers["x-request-id"] == "mine-1"
    _, headers, _ = curl(f"{files}/small.txt", "-H", "X-Amzn-Trace-Id: trace-2")
    assert headers["x-request-id"] == "trace-2"
    _, headers, _ = curl(f"{files}/small.txt")
    assert len(headers["x-request-id"]) == 32
