"""Large files through the real clients: by Xet, by LFS, by plain HTTP, all the same bytes."""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import server, xet

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
SIZE = 200_000_000 if LONG else 20_000_000
EDITS_BYTES_MAX = 400_000  # 0.2 % of 200 MB; three edits touch some chunks of at most 128 KiB each

UPLOAD = """
import sys
from huggingface_hub import HfApi
repo, file, path, kind = sys.argv[1:5]
api = HfApi()
api.create_repo(repo, repo_type=kind, exist_ok=True, private="private" in repo)
api.upload_file(path_or_fileobj=file, path_in_repo=path, repo_id=repo, repo_type=kind)
"""
DOWNLOAD = """
import sys
from huggingface_hub import hf_hub_download
repo, path, kind, folder = sys.argv[1:5]
print(hf_hub_download(repo, path, repo_type=kind, local_dir=folder))
"""
HAVE: set[str] = set()
QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
BY_LFS = {"HF_HUB_DISABLE_XET": "1"}


def upload(hub, file: Path, repo="ada/big", path="big.bin", kind="model", **more: str) -> None:
    env = hub.env | QUIET | more
    hub.client(sys.executable, "-c", UPLOAD, repo, file, path, kind, env=env)


def download(hub, folder: Path, repo="ada/big", path="big.bin", kind="model", **more: str) -> Path:
    env = hub.env | QUIET | more
    said = hub.client(sys.executable, "-c", DOWNLOAD, repo, path, kind, folder, env=env).stdout
    return Path(said.strip().splitlines()[-1])


def once(hub, file: Path) -> None:
    """See that a hub has the file in `ada/big`."""
    if hub.url not in HAVE:
        upload(hub, file)
        HAVE.add(hub.url)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored(hub, prefix: str) -> int:
    """How many bytes lie in a folder of a hub's store."""
    folder = Path(hub.settings["IRIAI_DATA"]) / "store" / prefix
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.LiveHub]:
    """The usual hub, with a line in its log for each request."""
    made = server.living(tmp_path_factory.mktemp("hub"), flags=("--access-log",))
    yield made
    made.stop()


def xorbs_sent(hub) -> int:
    """How many xorbs clients have sent to a hub that notes its requests."""
    return len(re.findall(r" POST /\S+/v1/xorbs/", hub.log.read_text()))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "big.bin"
    with path.open("wb") as file:
        for seed in range(SIZE // 10_000_000):
            file.write(xet.noise(10_000_000, seed=seed))
    return path


def test_a_file_sent_by_xet_comes_back_by_xet_and_by_plain_http(any_hub, big, tmp_path):
    upload(any_hub, big)
    by_xet = download(any_hub, tmp_path / "xet")
    by_http = download(any_hub, tmp_path / "http", **BY_LFS)
    assert sha256(by_xet) == sha256(by_http) == sha256(big)


def test_a_file_sent_by_lfs_comes_back_by_every_way(any_hub, big, tmp_path):
    upload(any_hub, big, repo="ada/by-lfs", kind="dataset", **BY_LFS)
    by_xet = download(any_hub, tmp_path / "xet", repo="ada/by-lfs", kind="dataset")
    by_http = download(any_hub, tmp_path / "http", repo="ada/by-lfs", kind="dataset", **BY_LFS)
    assert sha256(by_xet) == sha256(by_http) == sha256(big)


def test_a_client_that_fetches_several_ranges_at_once_gets_the_same_file(any_hub, big, tmp_path):
    once(any_hub, big)
    several = {"HF_XET_CLIENT_ENABLE_MULTIRANGE_FETCHING": "true"}
    assert sha256(download(any_hub, tmp_path / "several", **several)) == sha256(big)


def test_files_of_every_awkward_size_come_back_as_they_were(hub, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    sizes = [1, 100, 8_191, 8_192, 70_000, 131_072, 131_073, 1_500_000]
    for size in sizes:
        (source / f"{size}.safetensors").write_bytes(xet.noise(size, seed=size))
    (source / "text.bin").write_bytes(b"the same line again and again\n" * 50_000)
    (source / "floats.bin").write_bytes(xet.floats(300_000, seed=1))
    env = hub.env | QUIET
    hub.client("hf", "upload", "ada/sizes", source, ".", env=env | path_of_clients())
    got = tmp_path / "got"
    hub.client("hf", "download", "ada/sizes", "--local-dir", got, env=env | path_of_clients())
    for path in source.iterdir():
        assert (got / path.name).read_bytes() == path.read_bytes()


def path_of_clients() -> dict[str, str]:
    folder = str(Path(sys.executable).parent)
    return {"PATH": folder + os.pathsep + os.environ["PATH"]}


def test_the_same_file_again_sends_no_xorb_and_an_edited_copy_very_little(hub, big, tmp_path):
    upload(hub, big, repo="ada/first")
    before, times = stored(hub, "xorbs"), xorbs_sent(hub)
    assert times > 0  # they are counted
    upload(hub, big, repo="ada/second")
    assert xorbs_sent(hub) == times
    edited = tmp_path / "edited.bin"
    shutil.copy(big, edited)
    content = bytearray(edited.read_bytes())
    content[SIZE // 2] ^= 1
    content[SIZE // 3 : SIZE // 3] = b"x" * 100
    edited.write_bytes(content + b"y" * 1_000)
    upload(hub, edited, repo="ada/edited")
    sent = stored(hub, "xorbs") - before
    assert 0 < sent <= EDITS_BYTES_MAX
    assert sha256(download(hub, tmp_path / "got", repo="ada/edited")) == sha256(edited)


def test_what_one_may_not_read_one_shares_nothing_with(hub, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(xet.noise(3_000_000, seed=77))
    upload(hub, secret, repo="ada/private-one")
    before = stored(hub, "shards")
    bob = hub.person("bob")
    upload(hub, secret, repo="bob/guess", HF_TOKEN=bob)
    listed = stored(hub, "shards") - before
    assert listed > 3_000_000 // 65_536 * 40  # all its chunks: he had to send everything
    assert sha256(download(hub, tmp_path / "got", repo="bob/guess")) == sha256(secret)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, (200, 0, SIZE - 1)),
        ("bytes=0-0", (206, 0, 0)),
        ("bytes=1000000-2999999", (206, 1_000_000, 2_999_999)),
        (f"bytes={SIZE - 5}-", (206, SIZE - 5, SIZE - 1)),
        ("bytes=-7", (206, SIZE - 7, SIZE - 1)),
        (f"bytes=10-{SIZE * 2}", (206, 10, SIZE - 1)),
        (f"bytes={SIZE}-", (416, 0, -1)),
    ],
)
def test_curl_reads_a_xet_file_by_any_range(any_hub, big, tmp_path, asked, expected):
    status, first, last = expected
    once(any_hub, big)
    got, head = tmp_path / "got", tmp_path / "head"
    ranged = ["-H", f"Range: {asked}"] if asked else []
    url = f"{any_hub.url}/ada/big/resolve/main/big.bin"
    any_hub.client("curl", "-sSL", *ranged, "-D", head, "-o", got, url)
    said = head.read_text().lower()
    assert f" {status} " in said
    if status != 416:
        assert f'etag: "{sha256(big)}"' in said
        with big.open("rb") as file:
            file.seek(first)
            assert got.read_bytes() == file.read(last - first + 1)


def test_curl_reads_several_ranges_of_a_xet_file_at_once(hub, big, tmp_path):
    once(hub, big)
    got = tmp_path / "got"
    url = f"{hub.url}/ada/big/resolve/main/big.bin"
    hub.client("curl", "-sS", "-r", "5-9,100000-100009", "-o", got, url)
    with big.open("rb") as file:
        content = file.read(100_010)
    assert content[5:10] in got.read_bytes()
    assert content[100_000:100_010] in got.read_bytes()
    assert got.read_bytes().count(b"Content-Range: bytes ") == 2
