"""Older clients upload and download large files byte for byte, with Xet and without it.

And two people with one home do not stand in each other's way.
"""

import hashlib
import os
import random
import re
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.support import server
from tests.support.clients import OLDER, TODAY, python_of, run

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
BYTES = (200 if LONG else 20) << 20
GENERATIONS = [TODAY, *OLDER] if LONG else [OLDER[2]]  # test_xet_clients.py has today's
AT_ONCE = [True, False]
HOMES = [(each, at_once) for each in [TODAY, *OLDER] for at_once in AT_ONCE]
if not LONG:
    HOMES = [(TODAY, True), (OLDER[2], False)]

THERE_AND_BACK = """
import hashlib, sys
from huggingface_hub import HfApi, hf_hub_download
api, (repo, source) = HfApi(), sys.argv[1:]
api.create_repo(repo, exist_ok=True)
api.upload_file(path_or_fileobj=source, path_in_repo="weights/big.bin", repo_id=repo)
api.upload_file(path_or_fileobj=b'{"small": true}', path_in_repo="config.json", repo_id=repo)
info = {each.rfilename: each for each in api.model_info(repo, files_metadata=True).siblings}
assert info["weights/big.bin"].lfs is not None, info
assert info["config.json"].lfs is None, info
got = hf_hub_download(repo, "weights/big.bin", force_download=True)
with open(got, "rb") as file:
    print(hashlib.sha256(file.read()).hexdigest())
assert open(hf_hub_download(repo, "config.json")).read() == '{"small": true}'
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A file without repetition, so that nothing of it is deduplicated against itself."""
    path = tmp_path_factory.mktemp("big") / "big.bin"
    path.write_bytes(random.Random(7).randbytes(BYTES))
    return path


@pytest.fixture(scope="module", params=server.STATES if LONG else server.STATES[1:])
def any_hub(request, tmp_path_factory):
    """The usual hub, with a line in its log for each request."""
    folder = tmp_path_factory.mktemp("hub")
    made = server.living(folder, str(request.param), flags=("--access-log",))
    yield made
    made.stop()


SEEN = {
    "sent by xet": r"POST /xet/\S+/shards 200 ",
    "fetched by xet": r"GET /xet/\S+/reconstructions/\S+ 20[06] ",
    "sent whole": r"PUT /lfs/\S+ 20[0-9] ",
    "fetched whole": r"GET /ada/\S+/resolve/\S+/big.bin (?:20[06]|302) ",
}
"""What the hub's log has of each way that a large file can go."""


@pytest.mark.parametrize("way", ["xet", "plain"])
@pytest.mark.parametrize("generation", GENERATIONS, ids=str)
def test_a_large_file_comes_back_as_it_went(any_hub, big, tmp_path, generation, way):
    python = sys.executable if generation is TODAY else python_of(generation)
    env = any_hub.env | ({"HF_HUB_DISABLE_XET": "1"} if way == "plain" else {})
    repo = f"ada/{str(generation).replace('huggingface_hub', 'by')}-{way}"
    source = tmp_path / "big.bin"
    source.write_bytes(big.read_bytes() + repo.encode())  # one that the hub has not got yet
    before = any_hub.log.stat().st_size
    done = run([python, "-c", THERE_AND_BACK, repo, source], env)
    assert done.stdout.strip() == hashlib.sha256(source.read_bytes()).hexdigest()
    asked = any_hub.log.read_bytes()[before:].decode()
    ways = {name for name, pattern in SEEN.items() if re.search(pattern, asked)}
    word = "by xet" if way == "xet" else "whole"
    assert ways == {f"sent {word}", f"fetched {word}"}, asked


UPLOAD = """
import sys
from huggingface_hub import HfApi
api, (repo, source) = HfApi(), sys.argv[1:]
api.create_repo(repo)
api.upload_file(path_or_fileobj=source, path_in_repo="b.bin", repo_id=repo)
"""
DOWNLOAD = """
import sys
from huggingface_hub import hf_hub_download
print(hf_hub_download(sys.argv[1], "b.bin"))
"""


@pytest.mark.long  # of today's client; test_xet_clients.py has it both ways in every run
@pytest.mark.parametrize("writer", ["xet", "plain"])
def test_what_one_way_wrote_the_other_reads(any_hub, big, writer):
    plain = {"HF_HUB_DISABLE_XET": "1"}
    repo = f"ada/crossed-{writer}"
    writing, reading = (plain, {}) if writer == "plain" else ({}, plain)
    run([sys.executable, "-c", UPLOAD, repo, big], any_hub.env | writing)
    got = run([sys.executable, "-c", DOWNLOAD, repo], any_hub.env | reading).stdout.strip()
    assert Path(got).read_bytes() == big.read_bytes()


SEND = """
import os, sys
from huggingface_hub import HfApi
source, *all_of_them = sys.argv[1:]
for repo in all_of_them:
    api = HfApi(token=os.environ["HF_TOKEN" if repo.startswith("ada/") else "OTHER_TOKEN"])
    api.create_repo(repo, private=True)
    api.upload_file(path_or_fileobj=source, path_in_repo="b.bin", repo_id=repo)
"""


@pytest.fixture(scope="module")
def bob(any_hub):
    return any_hub.person("bob")


@pytest.mark.parametrize(("generation", "at_once"), HOMES, ids=str)
def test_what_another_account_sent_from_this_home_is_sent_again(
    any_hub, bob, tmp_path, generation, at_once
):
    """hf_xet remembers what it sent, whoever sent it, and leaves it out of what it sends next."""
    python = sys.executable if generation is TODAY else python_of(generation)
    secret = tmp_path / "secret.bin"
    seed = f"{generation} {at_once}"
    secret.write_bytes(random.Random(seed).randbytes(3 << 20))
    env, number = any_hub.env | {"OTHER_TOKEN": bob}, f"{generation.xet}-{at_once:d}"
    first, second = f"ada/secret-{number}", f"bob/secret-{number}"
    for repos in [(first, second)] if at_once else [(first,), (second,)]:
        run([python, "-c", SEND, secret, *repos], env)
    for repo, token in ((first, any_hub.token), (second, bob)):
        api = HfApi(any_hub.url, token=token)
        got = api.hf_hub_download(repo, "b.bin", local_dir=tmp_path / "got" / repo)
        assert Path(got).read_bytes() == secret.read_bytes()
