"""The Xet door, as clients no library would be see it."""

import http.client
import json
import re
import struct
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import lz4.frame
import pytest
from tests.api.xet_clients import Cas, Upload, create
from tests.support import xet
from tests.support.wire import Wire

from iriai.blobs.xet import hashes, shard, xorb

FORMS = ["/main", "", "/None?create_pr=1", "/refs%2Fpr%2F1", "/refs/pr/1", "/" + "a" * 40]


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


@pytest.fixture(scope="module")
def cas(ada, public):
    return Cas.of(ada, public)


def files(hub, prefix: str) -> int:
    folder = Path(hub.settings["IRIAI_DATA"]) / "store" / prefix
    return sum(1 for path in folder.rglob("*") if path.is_file())


# -- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("access", ["read", "write"])
def test_a_token_comes_in_json_and_in_headers_for_every_form_of_revision(ada, public, access, form):
    answer = ada.ask("GET", f"/api/models/{public}/xet-{access}-token{form}")
    assert answer.status_code == 200
    granted = answer.json()
    assert set(granted) == {"casUrl", "accessToken", "exp"}
    assert answer.headers["X-Xet-Cas-Url"] == granted["casUrl"]
    assert answer.headers["X-Xet-Access-Token"] == granted["accessToken"]
    assert answer.headers["X-Xet-Token-Expiration"] == str(granted["exp"])
    assert re.search(r"/xet/g\d+$", granted["casUrl"])


def test_what_may_share_chunks_is_sent_to_one_address(ada, bob, public, private):
    """Clients keep what they sent by the whole address, whoever sent it."""
    body = {"name": "of-bob", "type": "model"}
    assert bob.ask("POST", "/api/repos/create", json=body).status_code == 200
    own = {Cas.of(ada, repo).url for repo in (public, private)}
    others = [
        Cas.of(bob, "bob/of-bob").url,
        bob.ask("GET", f"/api/models/{public}/xet-write-token/main?create_pr=1").json()["casUrl"],
    ]
    assert len(own) == 1
    assert len(own | set(others)) == 3
    assert {Cas.of(wire, public, "read").url for wire in (ada, bob)} == {f"{ada.hub.url}/xet/g1"}


def test_whoever_may_read_gets_a_token_to_read_and_no_other(nobody, bob, public):
    for wire in (nobody, bob):
        assert wire.ask("GET", f"/api/models/{public}/xet-read-token/main").status_code == 200
    assert nobody.ask("GET", f"/api/models/{public}/xet-write-token/main").status_code == 401
    assert bob.ask("GET", f"/api/models/{public}/xet-write-token/main").status_code == 403


def test_whoever_may_open_a_pull_request_may_send_what_is_in_it(nobody, bob, public):
    path = f"/api/models/{public}/xet-write-token/main?create_pr=1"
    assert bob.ask("GET", path).status_code == 200
    assert nobody.ask("GET", path).status_code == 401


def test_a_private_repository_is_as_missing_as_a_missing_one(nobody, bob, private):
    for wire in (nobody, bob):
        for access in ("read", "write"):
            there = wire.ask("GET", f"/api/models/{private}/xet-{access}-token/main")
            missing = wire.ask("GET", f"/api/models/ada/nothing/xet-{access}-token/main")
            assert there.status_code == missing.status_code == (401 if wire is nobody else 404)
            assert there.content == missing.content
            assert set(there.headers) == set(missing.headers)


@pytest.mark.parametrize("token", ["", "xet_", "xet_e30.00", "nonsense", "xet_" + "a" * 9_000])
def test_without_a_good_token_the_store_asks_for_one(cas, token):
    answer = cas.ask("GET", f"/v1/reconstructions/{'0' * 64}", token=token)
    assert answer.status_code == 401


def test_a_token_that_was_changed_is_no_token(cas):
    body, _, signature = cas.token.removeprefix("xet_").partition(".")
    for forged in (f"xet_{body[:-2]}AA.{signature}", f"xet_{body}.{'0' * len(signature)}"):
        assert cas.xorb(b"x", "0" * 64, token=forged).status_code == 401


def test_a_token_to_read_does_not_write(ada, public):
    reader = Cas.of(ada, public, "read")
    upload = Upload.of(1)
    assert reader.xorb(upload.body, upload.name).status_code == 403
    assert reader.shard(upload.shard).status_code == 403


def test_a_pass_is_worth_no_more_than_its_holder_is_now(ada, bob):
    name = create(ada, "closing")
    Upload.of(3).send(Cas.of(ada, name))
    reader = Cas.of(bob, name, "read")
    asked = f"/v1/reconstructions/{Upload.of(3).file}"
    assert reader.ask("GET", asked).status_code == 200
    answer = ada.ask("PUT", f"/api/models/{name}/settings", json={"visibility": "private"})
    assert answer.status_code == 200, answer.text
    assert reader.ask("GET", asked).status_code == 404
    assert Cas.of(ada, name, "read").ask("GET", asked).status_code == 200


# -- xorbs ---------------------------------------------------------------------------------------


def hostile_xorbs():
    good = Upload.of(2)
    bomb = lz4.frame.compress(bytes(60_000_000), store_size=False)
    bomb = bytes([0]) + len(bomb).to_bytes(3, "little") + bytes([1, 0, 0, 2]) + bomb
    return {
        "truncated": (good.body[:-1], good.name),
        "truncated header": (good.body + b"\0\0", good.name),
        "mislabelled": (good.body, Upload.of(3).name),
        "bomb": (bomb, "0" * 64),
        "empty": (b"", good.name),
        "rubbish": (xet.noise(100_000, seed=1), good.name),
        "only a footer": (xet.footer(), good.name),
        "bad name": (good.body, "z" * 64),
        "upper case": (good.body, good.name.upper()),
        "too many chunks": (xet.chunk(b"x") * (xorb.XORB_CHUNKS_MAX + 1), good.name),
        "unknown scheme": (xet.chunk(b"abc")[:4] + b"\7" + xet.chunk(b"abc")[5:], good.name),
    }


@pytest.mark.parametrize("what", hostile_xorbs())
def test_a_hostile_xorb_gets_a_clear_4xx_and_leaves_nothing(hub, cas, what):
    body, name = hostile_xorbs()[what]
    before = files(hub, "")
    answer = cas.xorb(body, name)
    assert answer.status_code in (400, 413)
    assert answer.json()["error"]
    assert files(hub, "") == before


def test_a_body_longer_than_any_xorb_is_refused_before_it_is_sent(cas):
    where = urlsplit(cas.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    connection.putrequest("POST", f"{where.path}/v1/xorbs/default/{'0' * 64}")
    connection.putheader("Authorization", f"Bearer {cas.token}")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    with closing(connection):
        assert connection.getresponse().status == 413


@pytest.mark.parametrize("path", ["/xorb/default/", "/xorbs/default/", "/v1/xorbs/anything/"])
def test_xorbs_are_taken_at_the_paths_of_all_generations(cas, path):
    upload = Upload.of(1_000 + len(path))
    assert cas.xorb(upload.body, upload.name, path=path).json() == {"was_inserted": True}
    assert cas.xorb(upload.body, upload.name, path=path).json() == {"was_inserted": False}


def test_a_xorb_exists_only_for_who_sent_it_or_can_read_it(ada, bob, cas, public, private):
    upload = Upload.of(10)
    upload.send(Cas.of(ada, private))
    asked = f"/v1/xorbs/default/{upload.name}"
    assert Cas.of(ada, private, "read").ask("HEAD", asked).status_code == 200
    assert Cas.of(bob, public, "read").ask("HEAD", asked).status_code == 404
    assert cas.ask("HEAD", asked).status_code == 404
    assert cas.ask("HEAD", f"/v1/xorbs/default/{'0' * 64}").status_code == 404


# -- shards --------------------------------------------------------------------------------------


def test_a_shard_is_answered_in_lines_with_the_verdict_last(cas):
    upload = Upload.of(20)
    cas.xorb(upload.body, upload.name)
    answer = cas.shard(upload.shard, path="/v2/shards")
    assert answer.status_code == 200
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-1] == {"type": "result", "result": 1}
    again = cas.shard(upload.shard, path="/v2/shards")
    assert json.loads(again.text.splitlines()[-1]) == {"type": "result", "result": 0}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/shard/default/" + "0" * 64),
        ("PUT", "/shard/default/" + "0" * 64),
        ("POST", "/shards"),
        ("POST", "/v1/shards"),
    ],
)
def test_shards_are_taken_at_the_paths_of_all_generations(cas, method, path):
    upload = Upload.of(30 + len(method) + len(path))
    cas.xorb(upload.body, upload.name)
    assert cas.shard(upload.shard, path=path, method=method).json() == {"result": 1}


@pytest.mark.parametrize("path", ["/v1/shards", "/v2/shards"])
def test_a_foreign_xorb_is_answered_exactly_as_a_missing_one(ada, bob, private, path):
    mine = create(bob, "mine-" + path[1:3])
    upload = Upload.of(40 + len(path) + int(path[2]))
    foreign = Cas.of(bob, mine.replace("ada/", "bob/"))
    missing = foreign.shard(upload.shard, path=path)
    upload.send(Cas.of(ada, private))
    there = foreign.shard(upload.shard, path=path)
    assert there.status_code == missing.status_code == 400
    assert there.content == missing.content
    assert set(there.headers) == set(missing.headers)


@pytest.mark.parametrize("path", ["/v1/shards", "/v2/shards"])
def test_a_client_that_counts_on_what_is_not_there_is_made_to_forget(hub, path):
    carol = Wire(hub, hub.person("carol-" + path[1:3]))
    repo = create(carol, "kept").replace("ada/", f"carol-{path[1:3]}/")
    first = Cas.of(carol, repo)
    upload = Upload.of(45 + int(path[2]))
    assert first.shard(b"rubbish", path=path).status_code == 400
    assert Cas.of(carol, repo).url == first.url
    assert first.shard(upload.shard, path=path).status_code == 400
    second = Cas.of(carol, repo)
    assert second.url != first.url
    upload.send(second)
    assert Cas.of(carol, repo).url == second.url
    carol.close()


@pytest.mark.parametrize("path", ["/v1/shards", "/v2/shards"])
@pytest.mark.parametrize("damage", ["rubbish", "truncated", "forged sha256", "huge count"])
def test_a_hostile_shard_gets_a_clear_4xx_and_leaves_nothing(hub, cas, path, damage):
    upload = Upload.of(50)
    cas.xorb(upload.body, upload.name)
    forged = xet.claim(upload.table, 0, 4, "ab" * 32)
    data = {
        "rubbish": xet.noise(5_000, seed=5),
        "truncated": upload.shard[:-1],
        "forged sha256": xet.shard([forged], [upload.table]),
        "huge count": upload.shard[:48] + struct.pack("<32sIIII", b"x" * 32, 0, 2**32 - 1, 0, 0),
    }[damage]
    before = files(hub, "shards")
    answer = cas.shard(data, path=path)
    assert answer.status_code in (400, 413)
    assert answer.json()["error"]
    assert files(hub, "shards") == before


# -- reconstructions and fetches -----------------------------------------------------------------


@pytest.fixture(scope="module")
def sent(cas):
    upload = Upload.of(60)
    upload.send(cas)
    return upload


@pytest.mark.parametrize("path", ["/reconstruction/", "/reconstructions/", "/v1/reconstructions/"])
def test_a_reconstruction_leads_to_the_bytes(ada, cas, sent, path):
    answer = cas.ask("GET", path + sent.file, headers={"Range": "bytes=25000-44999"})
    told = answer.json()
    assert told["offset_into_first_range"] == 5_000
    (term,) = told["terms"]
    assert term == {
        "hash": sent.name,
        "unpacked_length": 40_000,
        "range": {"start": 1, "end": 3},
    }
    (fetch,) = told["fetch_info"][sent.name]
    asked = f"bytes={fetch['url_range']['start']}-{fetch['url_range']['end']}"
    got = ada.ask("GET", fetch["url"], token="", headers={"Range": asked})
    assert got.status_code == 206
    raw = b"".join(xorb.contents(memoryview(got.content)))
    assert raw[5_000:25_000] == sent.content[25_000:45_000]


def test_the_newer_form_names_one_range_for_each_url(cas, sent):
    told = cas.ask("GET", f"/v2/reconstructions/{sent.file}").json()
    (entry,) = told["xorbs"][sent.name]
    (ranged,) = entry["ranges"]
    assert ranged["chunks"] == {"start": 0, "end": 4}
    assert ranged["bytes"] == {"start": 0, "end": len(sent.body) - 1}
    assert told["offset_into_first_range"] == 0


def test_past_the_end_of_a_file_is_416_in_both_forms(cas, sent):
    for version in ("v1", "v2"):
        answer = cas.ask(
            "GET",
            f"/{version}/reconstructions/{sent.file}",
            headers={"Range": "bytes=80000-90000"},
        )
        assert answer.status_code == 416


def test_a_file_is_told_only_to_tokens_of_repositories_that_hold_it(ada, private, sent):
    other = Cas.of(ada, private, "read")
    there = other.ask("GET", f"/v1/reconstructions/{sent.file}")
    missing = other.ask("GET", f"/v1/reconstructions/{'1' * 64}")
    assert there.status_code == missing.status_code == 404
    assert there.content == missing.content


def fetch_url(cas, sent):
    told = cas.ask("GET", f"/v1/reconstructions/{sent.file}", headers={"Range": "bytes=0-19999"})
    fetch = told.json()["fetch_info"][sent.name][0]
    return fetch["url"], fetch["url_range"]["end"]


@pytest.mark.parametrize("asked", [None, "bytes=0-", "bytes=0-1", "bytes=0-99999", "bytes=1-20007"])
def test_a_fetch_url_is_good_for_its_one_range_only(ada, cas, sent, asked):
    url, end = fetch_url(cas, sent)
    assert end == 20_007
    headers = {"Range": asked} if asked else {}
    assert ada.ask("GET", url, token="", headers=headers).status_code == 403


def test_a_fetch_url_ends_when_its_repository_is_hidden(ada, nobody):
    name, upload = create(ada, "vanishing"), Upload.of(6)
    upload.send(Cas.of(ada, name))
    theirs = [fetch_url(Cas.of(wire, name, "read"), upload) for wire in (nobody, ada)]

    def seen():
        asked = [(url, {"Range": f"bytes=0-{end}"}) for url, end in theirs]
        return [ada.ask("GET", url, token="", headers=each).status_code for url, each in asked]

    assert seen() == [206, 206]
    ada.ask("PUT", f"/api/models/{name}/settings", json={"visibility": "private"})
    assert seen() == [403, 206]


def test_a_fetch_url_that_was_changed_is_refused(ada, cas, sent):
    url, end = fetch_url(cas, sent)
    query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    bare = url.partition("?")[0]
    for change in (
        {"r": f"0-{len(sent.body) - 1}"},
        {"e": str(int(query["e"]) + 1)},
        {"for": "r1-0-0"},
        {"f": "0" * 64},
        {"s": "0" * 40},
        {"s": ""},
    ):
        asked = {**query, **change}
        ranged = {"Range": f"bytes={asked['r']}"}
        assert ada.ask("GET", bare, params=asked, token="", headers=ranged).status_code == 403
    other = bare.replace(sent.name, "0" * 64)
    ranged = {"Range": f"bytes=0-{end}"}
    assert ada.ask("GET", other, params=query, token="", headers=ranged).status_code == 403


# -- deduplication -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/chunk/", "/chunks/", "/v1/chunks/"])
@pytest.mark.parametrize("prefix", ["default", "default-merkledb"])
def test_a_chunk_of_a_readable_upload_leads_to_all_of_it_under_a_key(cas, sent, path, prefix):
    chunk = sent.table.hash(0)
    answer = cas.ask("GET", f"{path}{prefix}/{hashes.to_hex(chunk)}")
    assert answer.status_code == 200
    (found,) = shard.parse(answer.content).xorbs
    assert hashes.to_hex(found.hash) == sent.name
    for place in range(len(sent.table)):
        assert sent.table.hash(place) not in answer.content


def test_a_chunk_of_what_one_may_not_read_is_found_nowhere(ada, bob, cas, private, public):
    upload = Upload.of(70)
    upload.send(Cas.of(ada, private))
    asked = f"/v1/chunks/default/{hashes.to_hex(upload.table.hash(0))}"
    assert cas.ask("GET", asked).status_code == 200
    stranger = Cas.of(bob, public, "read")
    there = stranger.ask("GET", asked)
    missing = stranger.ask("GET", f"/v1/chunks/default/{'2' * 64}")
    assert there.status_code == missing.status_code == 404
    assert there.content == missing.content


def test_two_people_are_told_chunks_under_two_keys(ada, bob, public, sent):
    asked = f"/v1/chunks/default/{hashes.to_hex(sent.table.hash(0))}"
    told = [Cas.of(wire, public, "read").ask("GET", asked).content for wire in (ada, bob)]
    keys = [shard.FOOTER.unpack(answer[-shard.FOOTER.size :])[9] for answer in told]
    assert keys[0] != keys[1]


# -- what is answered and not done ---------------------------------------------------------------


def test_grants_are_missing_telemetry_is_swallowed_and_batches_are_not_implemented(ada, cas):
    asked = cas.ask("POST", f"/v1/xorb-grants/default/{'0' * 64}", json={"length": 1})
    assert asked.status_code == 404
    assert ada.ask("POST", "/v1/telemetry", json={}).status_code == 200
    assert cas.ask("POST", "/v1/telemetry", json={}).status_code == 200
    for version in ("v1", "v2"):
        answer = cas.ask("GET", f"/{version}/reconstructions?file_id={'0' * 64}")
        assert answer.status_code == 501


# -- damage --------------------------------------------------------------------------------------


def test_a_flipped_bit_is_served_to_nobody_and_the_next_upload_repairs_it(hub, ada):
    name = create(ada, "damaged")
    cas, upload = Cas.of(ada, name), Upload.of(80)
    upload.send(cas)
    url, end = fetch_url(cas, upload)
    path = Path(hub.settings["IRIAI_DATA"]) / "store/xorbs" / upload.name[:2] / upload.name
    content = bytearray(path.read_bytes())
    content[15_000] ^= 4
    path.write_bytes(content)
    fetch = {"headers": {"Range": f"bytes=0-{end}"}, "token": ""}
    assert ada.ask("GET", url, **fetch).status_code == 503
    assert cas.ask("GET", f"/v1/reconstructions/{upload.file}").status_code == 503
    assert Cas.of(ada, name).url != cas.url
    assert cas.xorb(upload.body, upload.name).status_code == 200
    assert ada.ask("GET", url, **fetch).status_code == 206
    assert cas.ask("GET", f"/v1/reconstructions/{upload.file}").status_code == 200
