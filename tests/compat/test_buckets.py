"""Buckets with today's client: its API, its command line, and its file system."""

import json
import os
import time
from contextlib import ExitStack

import httpx
import pytest
from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.errors import BucketBatchError, BucketNotFoundError, HfHubHTTPError

from iriai.api.bucket_events import STREAMS_EACH_MAX
from tests.support import clients, waiting


@pytest.fixture(scope="module")
def api(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.token)


@pytest.fixture(scope="module")
def bob(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.person("bob"))


@pytest.fixture
def bucket(api, request):
    name = f"ada/b-{abs(hash(request.node.nodeid)) % 10**8}"
    api.create_bucket(name)
    yield name
    api.delete_bucket(name, missing_ok=True)


def test_a_bucket_is_made_found_listed_and_deleted(api, any_hub):
    made = api.create_bucket("fresh")
    assert made.url == f"{any_hub.url}/buckets/ada/fresh"
    assert made.bucket_id == "ada/fresh"
    assert api.create_bucket("ada/fresh", exist_ok=True).bucket_id == "ada/fresh"
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_bucket("ada/fresh")
    assert refused.value.response.status_code == 409
    info = api.bucket_info("ada/fresh")
    assert (info.id, info.private, info.size, info.total_files) == ("ada/fresh", False, 0, 0)
    assert [each.id for each in api.list_buckets(search="fre")] == ["ada/fresh"]
    assert [each.id for each in api.list_buckets("ada", search="nothing")] == []
    sized = {(each.id, each.type): each for each in api.list_user_repos()}
    mine = sized["ada/fresh", "bucket"]
    assert (mine.visibility, mine.storage) == ("public", 0)
    assert mine.updated_at >= info.created_at
    api.delete_bucket("ada/fresh")
    with pytest.raises(BucketNotFoundError) as missing:
        api.bucket_info("ada/fresh")
    assert missing.value.bucket_id == "ada/fresh"
    assert ("ada/fresh", "bucket") not in {(each.id, each.type) for each in api.list_user_repos()}
    api.delete_bucket("ada/fresh", missing_ok=True)
    with pytest.raises(BucketNotFoundError):
        api.delete_bucket("ada/fresh")


def test_files_are_sent_and_listed(api, bucket, tmp_path):
    (tmp_path / "big.bin").write_bytes(os.urandom(3_000_000))
    api.batch_bucket_files(
        bucket,
        add=[
            (b"hello", "hello.txt"),
            (tmp_path / "big.bin", "models/é big#1.bin"),
            (b"", "empty.txt"),
            (b"x", "models/deep/x.txt"),
            (b"y", "models.json"),
        ],
    )
    info = api.bucket_info(bucket)
    assert (info.size, info.total_files) == (3_000_007, 5)
    flat = {each.path: each.type for each in api.list_bucket_tree(bucket)}
    assert flat == {
        "empty.txt": "file",
        "hello.txt": "file",
        "models": "directory",
        "models.json": "file",
    }
    inside = [each.path for each in api.list_bucket_tree(bucket, prefix="models/")]
    assert inside == ["models/deep", "models/é big#1.bin"]
    whole = {each.path: each for each in api.list_bucket_tree(bucket, recursive=True)}
    assert len(whole) == 5
    assert whole["models/é big#1.bin"].size == 3_000_000
    assert whole["hello.txt"].mtime is not None
    assert [each.path for each in api.get_bucket_paths_info(bucket, ["hello.txt", "no"])] == [
        "hello.txt"
    ]
    metadata = api.get_bucket_file_metadata(bucket, "models/é big#1.bin")
    assert metadata.size == 3_000_000
    assert metadata.xet_file_data.file_hash == whole["models/é big#1.bin"].xet_hash


def test_files_are_read_whole_and_in_part_and_removed(api, bucket, tmp_path):
    big = os.urandom(3_000_000)
    api.batch_bucket_files(
        bucket,
        add=[(b"hello", "hello.txt"), (big, "models/é big#1.bin"), (b"", "empty.txt")],
    )
    there = tmp_path / "there"
    api.download_bucket_files(
        bucket,
        [
            ("models/é big#1.bin", there / "big"),
            ("hello.txt", there / "h"),
            ("empty.txt", there / "e"),
        ],
    )
    assert (there / "big").read_bytes() == big
    assert (there / "h").read_bytes() == b"hello"
    assert (there / "e").read_bytes() == b""
    api.batch_bucket_files(bucket, add=[(b"hello again", "hello.txt")], delete=["empty.txt"])
    assert api.bucket_info(bucket).size == 3_000_011
    plain = httpx.get(f"{api.endpoint}/buckets/{bucket}/resolve/hello.txt")
    assert (plain.status_code, plain.content) == (200, b"hello again")
    part = httpx.get(
        f"{api.endpoint}/buckets/{bucket}/resolve/models%2F%C3%A9%20big%231.bin",
        headers={"Range": "bytes=1000000-1000099"},
    )
    assert (part.status_code, part.content) == (206, big[1_000_000:1_000_100])


def test_what_was_not_sent_or_has_no_good_path_is_refused_by_name(api, bucket):
    with pytest.raises(BucketBatchError) as refused:
        api.batch_bucket_files(
            bucket,
            copy=[("bucket", bucket, "f" * 64, "a.txt"), ("bucket", "ada/none", "e" * 64, "b.txt")],
        )
    assert [each["path"] for each in refused.value.failures] == ["a.txt", "b.txt"]
    with pytest.raises(BucketBatchError) as refused:
        api.batch_bucket_files(bucket, add=[(b"1", "../up.txt"), (b"2", "fine.txt")])
    assert [each["path"] for each in refused.value.failures] == ["../up.txt"]
    assert [each.path for each in api.list_bucket_tree(bucket, recursive=True)] == ["fine.txt"]


def test_a_private_bucket_is_not_there_for_others(api, bob, bucket):
    api.batch_bucket_files(bucket, add=[(b"secret words", "s.txt")])
    assert bob.bucket_info(bucket).total_files == 1
    xet_hash = api.get_bucket_file_metadata(bucket, "s.txt").xet_file_data.file_hash
    with pytest.raises(ConnectionError, match="403"):  # hf_xet's own, before a batch is sent
        bob.batch_bucket_files(bucket, add=[(b"mine", "m.txt")])
    with pytest.raises(HfHubHTTPError):
        bob.batch_bucket_files(bucket, delete=["s.txt"])
    with pytest.raises(HfHubHTTPError):
        bob.update_bucket_settings(bucket, private=True)
    api.update_bucket_settings(bucket, private=True)
    for ask in (
        lambda: bob.bucket_info(bucket),
        lambda: list(bob.list_bucket_tree(bucket)),
        lambda: list(bob.get_bucket_paths_info(bucket, ["s.txt"])),
        lambda: bob.delete_bucket(bucket),
        lambda: bob.move_bucket(bucket, "bob/taken"),
    ):
        with pytest.raises(HfHubHTTPError) as refused:
            ask()
        assert refused.value.response.status_code == 404
    assert httpx.get(f"{api.endpoint}/buckets/{bucket}/resolve/s.txt").status_code == 401
    assert httpx.get(f"{api.endpoint}/api/buckets/{bucket}/xet-read-token").status_code == 401
    assert bucket not in [each.id for each in bob.list_buckets("ada")]
    own = "bob/thief"
    bob.create_bucket(own)
    with pytest.raises(BucketBatchError):
        bob.batch_bucket_files(own, copy=[("bucket", bucket, xet_hash, "stolen.txt")])
    api.update_bucket_settings(bucket, private=False)
    bob.batch_bucket_files(own, copy=[("bucket", bucket, xet_hash, "given.txt")])
    assert httpx.get(f"{api.endpoint}/buckets/{own}/resolve/given.txt").content == b"secret words"


def test_a_moved_bucket_answers_to_both_names(api, bucket):
    api.batch_bucket_files(bucket, add=[(b"1", "one.txt")])
    api.move_bucket(bucket, f"{bucket}-new")
    assert api.bucket_info(f"{bucket}-new").total_files == 1
    assert api.bucket_info(bucket).id == f"{bucket}-new"
    api.delete_bucket(f"{bucket}-new")


def test_files_are_copied_from_repositories_and_buckets(api, bucket, tmp_path):
    api.create_repo("ada/source", exist_ok=True)
    weights = os.urandom(1_200_000)
    api.upload_file(path_or_fileobj=weights, path_in_repo="w/model.bin", repo_id="ada/source")
    api.copy_files("hf://ada/source", f"hf://buckets/{bucket}/from/")
    paths = {each.path for each in api.list_bucket_tree(bucket, recursive=True)}
    assert "from/w/model.bin" in paths
    api.copy_files(f"hf://buckets/{bucket}/from/w/model.bin", f"hf://buckets/{bucket}/again.bin")
    api.download_bucket_files(bucket, [("again.bin", tmp_path / "again.bin")])
    assert (tmp_path / "again.bin").read_bytes() == weights


def test_the_file_system_reads_and_writes(api, bucket):
    fs = HfFileSystem(endpoint=api.endpoint, token=api.token, skip_instance_cache=True)
    root = f"hf://buckets/{bucket}"
    with fs.open(f"{root}/logs/a.txt", "wb") as out:
        out.write(b"first line\n")
    fs.pipe(f"{root}/logs/b/c.txt", b"deep")
    assert fs.ls(f"{root}/logs", detail=False) == [
        f"buckets/{bucket}/logs/a.txt",
        f"buckets/{bucket}/logs/b",
    ]
    assert fs.cat(f"{root}/logs/a.txt") == b"first line\n"
    assert fs.find(root) == [f"buckets/{bucket}/logs/a.txt", f"buckets/{bucket}/logs/b/c.txt"]
    assert fs.info(f"{root}/logs/b")["type"] == "directory"
    assert fs.glob(f"{root}/**/*.txt") == fs.find(root)
    with fs.open(f"{root}/logs/a.txt", "rb") as read:
        read.seek(6)
        assert read.read() == b"line\n"
    fs.cp_file(f"{root}/logs/a.txt", f"{root}/copy.txt")
    fs.rm(f"{root}/logs", recursive=True)
    assert not fs.exists(f"{root}/logs/a.txt")
    assert fs.cat(f"{root}/copy.txt") == b"first line\n"


def test_the_command_line_does_all_it_offers(any_hub, api, tmp_path):
    def hf(*commands):
        whole = (each if each.startswith("repos ") else f"buckets {each}" for each in commands)
        return clients.hf(any_hub.env, *(tuple(each.split()) for each in whole))

    here, there = tmp_path / "here", tmp_path / "there"
    (here / "sub").mkdir(parents=True)
    (here / "a.txt").write_text("alpha")
    (here / "sub" / "b.bin").write_bytes(os.urandom(200_000))
    data = "hf://buckets/ada/line/data"
    made, every, _, inside, tree, _, owned = hf(
        "create ada/line --private",
        "list",
        f"sync {here} {data}",
        "list ada/line -R --format json",
        "list ada/line/data --tree -R",
        f"sync {data} {there}",
        "repos list --type bucket --format json",
    )
    assert "ada/line" in made
    sizes = {each["id"]: (each["type"], each["visibility"]) for each in json.loads(owned)}
    assert sizes["ada/line"] == ("bucket", "private")
    assert "ada/line" in every
    assert {each["path"] for each in json.loads(inside)} == {"data/a.txt", "data/sub/b.bin"}
    assert "a.txt" in tree
    assert (there / "sub/b.bin").read_bytes() == (here / "sub/b.bin").read_bytes()
    (here / "a.txt").unlink()
    there_too = "hf://buckets/ada/line/c.bin"
    *_, told = hf(
        f"sync {here} {data} --delete",
        f"cp {data}/sub/b.bin {there_too}",
        f"cp {there_too} {tmp_path}/c.bin",
        "info ada/line",
    )
    assert "ada/line" in told
    left = {each.path for each in api.list_bucket_tree("ada/line", recursive=True)}
    assert left == {"data/sub/b.bin", "c.bin"}
    assert (tmp_path / "c.bin").stat().st_size == 200_000
    hf("rm ada/line/c.bin --yes", "move ada/line ada/line2")
    left = [each.path for each in api.list_bucket_tree("ada/line2", recursive=True)]
    assert left == ["data/sub/b.bin"]
    hf("delete ada/line2 --yes")
    assert list(api.list_buckets(search="line")) == []


def events_of(url, token, count, **query):
    """The first events of a stream, as name and data."""
    found, head = [], {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    with httpx.stream("GET", url, headers=head, params=query, timeout=waiting.SECONDS) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                found.append((name, json.loads(line[6:])))
                if len(found) == count:
                    break
    return found


def test_who_follows_a_bucket_hears_what_changed_and_what_changes(any_hub, api, bob, bucket):
    where = f"{any_hub.url}/api/buckets/{bucket}/events"
    start = api.bucket_info(bucket).created_at.isoformat().replace("+00:00", "Z")
    api.batch_bucket_files(bucket, add=[(b"one", "a.txt"), (b"two", "b.txt")])
    api.batch_bucket_files(bucket, add=[(b"more", "a.txt")], delete=["b.txt"])
    first, second, ready = events_of(where, any_hub.token, 3, since=start)
    assert (first[0], second[0], ready[0]) == ("changes", "changes", "ready")
    assert [(each["path"], each["op"]) for each in first[1]["changes"]] == [
        ("a.txt", "add"),
        ("b.txt", "add"),
    ]
    assert [(each["path"], each["op"]) for each in second[1]["changes"]] == [
        ("a.txt", "update"),
        ("b.txt", "delete"),
    ]
    assert second[1]["changes"][0]["size"] == 4
    assert ready[1]["cursor"] == second[1]["cursor"]
    again = events_of(where, any_hub.token, 2, cursor=first[1]["cursor"])
    assert again == [second, ready]
    assert events_of(where, any_hub.token, 1)[0] == ready
    assert events_of(where, any_hub.token, 1, cursor="999999999")[0][0] == "reset"
    head = {"Authorization": f"Bearer {any_hub.token}"}
    assert httpx.get(where, headers=head, params={"cursor": "x"}).status_code == 400
    assert httpx.get(where, headers=head, params={"since": "x"}).status_code == 400
    with httpx.stream("GET", where, timeout=waiting.SECONDS) as heard:
        lines = heard.iter_lines()
        assert next(lines) == "event: ready"
        api.update_bucket_settings(bucket, private=True)
        api.batch_bucket_files(bucket, add=[(b"three", "secret.txt")])
        assert not any("secret" in line for line in lines)
    assert httpx.get(where, headers={"Authorization": f"Bearer {bob.token}"}).status_code == 404


def test_who_follows_too_much_holds_up_nobody_else(any_hub, bucket):
    where = f"{any_hub.url}/api/buckets/{bucket}/events"
    with ExitStack() as open_streams:
        heard = [
            open_streams.enter_context(httpx.stream("GET", where, timeout=60)).iter_lines()
            for _ in range(STREAMS_EACH_MAX)
        ]
        assert {next(each) for each in heard} == {"event: ready"}
        assert httpx.get(where, timeout=60).status_code == 429
        assert events_of(where, any_hub.token, 1)[0][0] == "ready"


def test_the_file_system_follows_a_bucket_as_it_changes(any_hub, api, bucket):
    api.batch_bucket_files(bucket, add=[(b"one", "a.txt")])
    fs = HfFileSystem(endpoint=any_hub.url, token=any_hub.token, live_follow=True)
    root = f"buckets/{bucket}"
    assert [each["name"] for each in fs.ls(root)] == [f"{root}/a.txt"]
    time.sleep(2)  # the follower, a thread of the client's, is on its way, or comes later
    fs.ls(root)
    api.batch_bucket_files(bucket, add=[(b"two", "b.txt")])
    waiting.until(lambda: len(fs.ls(root)) == 2)
    assert sorted(each["name"] for each in fs.ls(root)) == [f"{root}/a.txt", f"{root}/b.txt"]
