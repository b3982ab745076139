"""The LFS door: the batch, uploads at signed addresses, parts, and bytes for anyone."""

import hashlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.xet_clients import Cas, Upload, create
from tests.support import xet
from tests.support.wire import Wire

from iriai.blobs.rules import PART_BYTES_MIN

LFS = {"Content-Type": "application/vnd.git-lfs+json", "Accept": "application/vnd.git-lfs+json"}


@pytest.fixture(scope="module")
def ada(hub):
    wire = Wire(hub, hub.token)
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def bob(hub):
    wire = Wire(hub, hub.person("bob"))
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def nobody(hub):
    wire = Wire(hub)
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def public(ada):
    return create(ada, "public")


@pytest.fixture(scope="module")
def private(ada):
    return create(ada, "private", private=True)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def batch(wire, repo, *contents, operation="upload", transfers=("basic",), suffix=".git"):
    objects = [{"oid": sha256(content), "size": len(content)} for content in contents]
    body = {"operation": operation, "transfers": list(transfers), "objects": objects}
    path = f"/{repo}{suffix}/info/lfs/objects/batch"
    return wire.ask("POST", path, json={**body, "hash_algo": "sha256"}, headers=LFS)


def told(wire, repo, content, **more):
    """What the batch says of one object."""
    answer = batch(wire, repo, content, **more)
    assert answer.status_code == 200, answer.text
    (entry,) = answer.json()["objects"]
    return entry


def send(wire, repo, content):
    """Send an object as git-lfs does."""
    entry = told(wire, repo, content)
    if "actions" in entry:
        upload = entry["actions"]["upload"]["href"]
        assert wire.ask("PUT", upload, token="", content=content).status_code == 200


def fetched(wire, repo, content, **headers):
    link = told(wire, repo, content, operation="download")["actions"]["download"]["href"]
    return wire.ask("GET", link, token="", headers=headers)


def files(hub) -> int:
    folder = Path(hub.settings["IRIAI_DATA"]) / "store"
    return sum(1 for path in folder.rglob("*") if path.is_file())


def test_an_object_is_sent_verified_and_fetched_without_credentials(ada, public):
    content = xet.noise(100_000, seed=1)
    entry = told(ada, public, content)
    assert entry["oid"] == sha256(content)
    upload, verify = entry["actions"]["upload"], entry["actions"]["verify"]
    body = {"oid": sha256(content), "size": len(content)}
    assert ada.ask("POST", verify["href"], json=body).status_code == 404
    assert ada.ask("PUT", upload["href"], token="", content=content).status_code == 200
    assert ada.ask("POST", verify["href"], token="", json=body).status_code == 200
    assert "actions" not in told(ada, public, content)
    got = fetched(ada, public, content)
    assert got.content == content
    assert got.headers["ETag"] == f'"{sha256(content)}"'


@pytest.mark.parametrize("prefix", ["", "datasets/", "spaces/"])
@pytest.mark.parametrize("suffix", [".git", ""])
def test_the_batch_is_found_under_every_kind_with_and_without_git(ada, prefix, suffix):
    kind = {"": "model", "datasets/": "dataset", "spaces/": "space"}[prefix]
    create(ada, "every" + suffix.strip("."), kind=kind)
    name = f"{prefix}ada/every{suffix.strip('.')}"
    answer = batch(ada, name, b"hello", suffix=suffix)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.git-lfs+json"
    assert answer.json()["transfer"] == "basic"


def test_bytes_that_are_not_what_was_announced_are_refused_and_leave_nothing(hub, ada, public):
    content = b"what was announced"
    href = told(ada, public, content)["actions"]["upload"]["href"]
    before = files(hub)
    for wrong in (b"what was announceD", content + b"!", content[:-1], b""):
        answer = ada.ask("PUT", href, token="", content=wrong)
        assert answer.status_code in (400, 413), wrong
        assert answer.json()["error"]
    assert files(hub) == before
    assert "actions" in told(ada, public, content)


def test_an_upload_address_is_good_for_its_object_only(ada, public):
    href = told(ada, public, b"one")["actions"]["upload"]["href"]
    other = sha256(b"two")
    query = {key: values[0] for key, values in parse_qs(urlsplit(href).query).items()}
    bare = href.partition("?")[0]
    for path, change in (
        (bare.replace(sha256(b"one"), other), {}),
        (bare, {"for": query["for"].replace("-", "9-", 1)}),
        (bare, {"for": ""}),
        (bare, {"size": "4"}),
        (bare, {"e": str(int(query["e"]) + 1)}),
        (bare, {"s": "0" * 40}),
    ):
        answer = ada.ask("PUT", path, token="", params={**query, **change}, content=b"two")
        assert answer.status_code == 403
    assert ada.ask("GET", href, token="").status_code == 403


def test_signed_addresses_end_with_the_rights_of_whom_they_were_given_to(hub, ada, nobody):
    """A token that was revoked, a repository that is hidden: neither by its old addresses."""
    name, content, coming = create(ada, "ending"), b"the weights of ending", b"more of them"
    send(ada, name, content)
    cyd = Wire(hub, hub.person("cyd"))
    get = told(cyd, name, content, operation="download")["actions"]["download"]["href"]
    create(cyd, "own")
    own = "cyd/own"
    put = told(cyd, own, coming)["actions"]["upload"]["href"]
    entry = told(cyd, own, coming, transfers=("multipart",))
    (part,) = parts_of(entry)[1]
    asked = [
        ("GET", get, {}),
        ("PUT", part, {"content": coming}),
        ("POST", entry["actions"]["upload"]["href"], {"json": {"parts": []}}),
        ("PUT", put, {"content": coming}),
        ("POST", entry["actions"]["verify"]["href"], {"json": body_of(coming)}),
    ]
    got = [cyd.ask(method, href, token="", **more) for method, href, more in asked]
    assert [each.status_code for each in got] == [200, 200, 400, 200, 200]
    hub.run("user", "sign-out", "cyd", "--tokens")
    got = [cyd.ask(method, href, token="", **more) for method, href, more in asked]
    assert {each.headers["X-Error-Code"] for each in got} == {"Expired"}
    entry = told(nobody, name, content, operation="download")
    get = entry["actions"]["download"]["href"]
    assert ada.ask("GET", get, token="").content == content
    hidden = ada.ask("PUT", f"/api/models/{name}/settings", json={"visibility": "private"})
    assert hidden.status_code == 200
    assert ada.ask("GET", get, token="").headers["X-Error-Code"] == "Expired"
    cyd.close()


def body_of(content):
    return {"oid": sha256(content), "size": len(content)}


def test_a_planted_name_reads_nothing_and_says_nothing(ada, bob, private):
    secret = xet.noise(5_000, seed=2)
    send(ada, private, secret)
    create(bob, "mine")
    there = told(bob, "bob/mine", secret, operation="download")
    missing = told(bob, "bob/mine", b"nobody has this", operation="download")
    assert there["error"] == missing["error"]
    assert there["error"]["code"] == 404
    entry = told(bob, "bob/mine", secret)
    assert "upload" in entry["actions"]
    body = {"oid": sha256(secret), "size": len(secret)}
    verify = entry["actions"]["verify"]["href"]
    assert bob.ask("POST", verify, json=body).status_code == 404
    assert "error" in told(bob, "bob/mine", secret, operation="download")


def test_what_the_sender_can_read_elsewhere_is_linked_and_not_sent_again(ada, bob, public):
    content = xet.noise(5_000, seed=3)
    send(ada, public, content)
    create(bob, "linked")
    assert "actions" not in told(bob, "bob/linked", content)
    assert fetched(bob, "bob/linked", content).content == content


def test_a_size_that_is_not_the_objects_own_is_an_error_of_that_object_alone(ada, public):
    content = xet.noise(5_000, seed=4)
    send(ada, public, content)
    objects = [
        {"oid": sha256(content), "size": 1},
        {"oid": sha256(b"fine"), "size": 4},
        {"oid": "short", "size": 4},
        {"oid": sha256(b"x").upper(), "size": 1},
        {"oid": sha256(b"x"), "size": -1},
        "nonsense",
    ]
    body = {"operation": "upload", "objects": objects}
    answer = ada.ask("POST", f"/{public}.git/info/lfs/objects/batch", json=body).json()["objects"]
    errors = [entry["error"]["code"] for entry in answer if "error" in entry]
    assert errors == [422] * 5
    assert sum("actions" in entry for entry in answer) == 1
    assert all(isinstance(e["oid"], str) and isinstance(e["size"], int) for e in answer)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operation": "steal", "objects": []},
        {"operation": "upload", "objects": {}},
        {"operation": "upload", "objects": [], "transfers": ["pigeon"]},
        {"operation": "upload", "objects": [], "hash_algo": "md5"},
        {"operation": "upload", "objects": [{"oid": "a", "size": 1}] * 1_001},
    ],
)
def test_a_batch_that_makes_no_sense_is_told_so(ada, public, body):
    answer = ada.ask("POST", f"/{public}.git/info/lfs/objects/batch", json=body)
    assert answer.status_code in (400, 413)
    assert answer.json()["message"] == answer.json()["error"]


def test_strangers_do_not_send_to_what_they_cannot_read_and_are_not_told_that_it_is_there(
    nobody, bob, private
):
    for wire, status in ((nobody, 401), (bob, 404)):
        for operation in ("upload", "download"):
            there = batch(wire, private, b"x", operation=operation)
            missing = batch(wire, "ada/nothing", b"x", operation=operation)
            assert there.status_code == missing.status_code == status
            assert there.content == missing.content
            assert set(there.headers) == set(missing.headers)
    assert "Basic" in batch(nobody, private, b"x").headers["WWW-Authenticate"]


def test_nobody_sends_without_saying_who_and_everybody_fetches_what_is_public(ada, nobody, public):
    content = b"public bytes"
    send(ada, public, content)
    assert batch(nobody, public, b"x").status_code == 401
    assert fetched(nobody, public, content).content == content


def test_a_client_that_offers_xet_is_sent_that_way(ada, public):
    content = xet.noise(1_000, seed=6)
    answer = batch(ada, public, content, transfers=("basic", "multipart", "xet")).json()
    assert answer["transfer"] == "xet"
    upload = answer["objects"][0]["actions"]["upload"]
    assert set(upload["header"]) == {
        "X-Xet-Cas-Url",
        "X-Xet-Access-Token",
        "X-Xet-Token-Expiration",
        "X-Xet-Session-Id",
    }
    assert ada.ask("GET", upload["href"]).json()["casUrl"] == upload["header"]["X-Xet-Cas-Url"]


def parts_of(entry):
    header = entry["actions"]["upload"]["header"]
    links = [header[key] for key in header if key.isdigit()]
    assert [key for key in header if key.isdigit()] == [str(n + 1) for n in range(len(links))]
    return int(header["chunk_size"]), links


def test_an_upload_in_parts_is_joined_and_checked(hub, ada, public):
    content = xet.noise(PART_BYTES_MIN * 2 + 1_000, seed=7)
    entry = told(ada, public, content, transfers=("multipart",))
    length, links = parts_of(entry)
    assert len(links) == 3
    done = entry["actions"]["upload"]["href"]
    sent = []
    for number, link in enumerate(links):
        piece = content[length * number : length * (number + 1)]
        answer = ada.ask("PUT", link, token="", content=piece)
        assert answer.status_code == 200
        sent.append({"partNumber": number + 1, "etag": answer.headers["ETag"]})
        body = {"oid": sha256(content), "parts": sent}
        if number < len(links) - 1:
            assert ada.ask("POST", done, token="", json=body).status_code == 400
    assert ada.ask("POST", done, token="", json=body).status_code == 200
    assert fetched(ada, public, content).content == content
    name = urlsplit(done).path.rpartition("/")[2]
    parts = Path(hub.settings["IRIAI_DATA"]) / "store/parts" / name
    assert not [path for path in parts.rglob("*") if path.is_file()]


def test_parts_that_do_not_make_up_the_object_are_refused(ada, public):
    content = xet.noise(1_000, seed=8)
    entry = told(ada, public, content, transfers=("multipart",))
    _, (link,) = parts_of(entry)
    done = entry["actions"]["upload"]["href"]
    assert ada.ask("PUT", link, token="", content=content[:-1]).status_code == 400
    assert ada.ask("PUT", link, token="", content=content + b"!").status_code == 400
    wrong = ada.ask("PUT", link, token="", content=content[::-1]).headers["ETag"]
    for parts in ([], [{"partNumber": 1, "etag": "x"}], [{"partNumber": 2, "etag": wrong}], "x"):
        assert ada.ask("POST", done, token="", json={"parts": parts}).status_code == 400
    body = {"parts": [{"partNumber": 1, "etag": wrong}]}
    assert ada.ask("POST", done, token="", json=body).status_code == 400
    assert "actions" in told(ada, public, content)


def test_files_are_locked_listed_and_unlocked(ada, public):
    where = f"/{public}.git/info/lfs/locks"
    made = ada.ask("POST", where, json={"path": "a/big.psd", "ref": {"name": "refs/heads/main"}})
    assert made.status_code == 201
    lock = made.json()["lock"]
    assert (lock["path"], lock["owner"]) == ("a/big.psd", {"name": "ada"})
    again = ada.ask("POST", where, json={"path": "a/big.psd"})
    assert (again.status_code, again.json()["lock"]["id"]) == (409, lock["id"])
    second = ada.ask("POST", where, json={"path": "b.psd"}).json()["lock"]
    first_page = ada.ask("GET", f"{where}?limit=1", json={}).json()
    assert [each["id"] for each in first_page["locks"]] == [lock["id"]]
    rest = ada.ask("GET", f"{where}?cursor={first_page['next_cursor']}", json={}).json()
    assert [each["id"] for each in rest["locks"]] == [second["id"]]
    assert "next_cursor" not in rest
    one = ada.ask("GET", f"{where}?path=b.psd", json={}).json()["locks"]
    assert [each["id"] for each in one] == [second["id"]]
    told = ada.ask("POST", f"{where}/verify", json={}).json()
    assert ([each["path"] for each in told["ours"]], told["theirs"]) == (["a/big.psd", "b.psd"], [])
    assert ada.ask("POST", f"{where}/{lock['id']}/unlock", json={}).json()["lock"] == lock
    assert ada.ask("POST", f"{where}/{lock['id']}/unlock", json={}).status_code == 404
    assert ada.ask("GET", f"{where}?cursor=-1", json={}).status_code == 400
    for path in ("../up", "", "a" * 5_000):
        assert 400 <= ada.ask("POST", where, json={"path": path}).status_code < 500
    nobody = ada.ask("POST", where, token="", json={"path": "c.psd"})
    assert nobody.status_code == 401


# -- bytes ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["by lfs", "by xet"])
def held(request, ada, public):
    """Content that the repository holds, sent either way."""
    if request.param == "by lfs":
        content = xet.noise(300_000, seed=9)
        send(ada, public, content)
        return content
    upload = Upload.of(90, chunks=9)
    upload.send(Cas.of(ada, public))
    return upload.content


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=19990-60010", (19_990, 60_010)),
        ("bytes=100000-", (100_000, None)),
        ("bytes=-1", (-1, None)),
        ("bytes=5-999999999", (5, None)),
    ],
)
def test_a_range_of_an_object_is_exactly_those_bytes(ada, public, held, asked, expected):
    first, last = expected
    got = fetched(ada, public, held, Range=asked)
    start = first % len(held)
    end = len(held) if last is None else last + 1
    assert got.status_code == 206
    assert got.content == held[start:end]
    assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(held)}"


def test_several_ranges_of_an_object_come_in_one_answer(ada, public, held):
    got = fetched(ada, public, held, Range="bytes=0-9,50000-50009,-5")
    assert got.status_code == 206
    assert got.headers["Content-Type"].startswith("multipart/byteranges")
    assert int(got.headers["Content-Length"]) == len(got.content)
    for piece in (held[:10], held[50_000:50_010], held[-5:]):
        assert piece in got.content


def test_past_the_end_is_416_and_a_known_tag_is_304(ada, public, held):
    past = fetched(ada, public, held, Range=f"bytes={len(held)}-")
    assert past.status_code == 416
    assert past.headers["Content-Range"] == f"bytes */{len(held)}"
    tag = f'"{sha256(held)}"'
    same = fetched(ada, public, held, **{"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    stale = fetched(ada, public, held, Range="bytes=0-1", **{"If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, held)
    fresh = fetched(ada, public, held, Range="bytes=0-1", **{"If-Range": tag})
    assert (fresh.status_code, fresh.content) == (206, held[:2])


def test_head_says_what_get_would(ada, public, held):
    link = told(ada, public, held, operation="download")["actions"]["download"]["href"]
    head = ada.ask("HEAD", link, token="")
    assert head.status_code == 200
    assert head.headers["Content-Length"] == str(len(held))
    assert head.headers["ETag"] == f'"{sha256(held)}"'


def test_a_damaged_xet_file_never_comes_to_its_end(hub, ada, public):
    import httpx

    upload = Upload.of(91, chunks=200)
    upload.send(Cas.of(ada, public))
    path = Path(hub.settings["IRIAI_DATA"]) / "store/xorbs" / upload.name[:2] / upload.name
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    link = told(ada, public, upload.content, operation="download")["actions"]["download"]["href"]
    got = b""
    with pytest.raises(httpx.HTTPError), ada.client.stream("GET", link) as answer:
        for piece in answer.iter_bytes():
            got += piece
    assert upload.content.startswith(got)
    assert len(got) < len(upload.content)
    assert ada.ask("GET", link, token="").status_code == 503
    entry = told(ada, public, upload.content)
    assert ada.ask(
        "PUT", entry["actions"]["upload"]["href"], token="", content=upload.content
    ).is_success
    assert ada.ask("GET", link, token="").content == upload.content


def test_a_shortened_whole_copy_is_never_sent(hub, ada, public):
    content = xet.noise(10_000, seed=11)
    send(ada, public, content)
    digest = sha256(content)
    path = Path(hub.settings["IRIAI_DATA"]) / "store/lfs" / digest[:2] / digest[2:4] / digest
    path.write_bytes(content[:-1])
    link = told(ada, public, content, operation="download")["actions"]["download"]["href"]
    assert ada.ask("GET", link, token="").status_code == 503
    send(ada, public, content)
    assert ada.ask("GET", link, token="").content == content
