"""Libraries that stand on the client: each in a process of its own, with an empty cache."""

import json
import os
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.support import clients
from tests.support.clients import OLDER, python_of, run

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
MANY = 1_000 if LONG else 120


def python(hub, code, *words, **env):
    """Run code in a fresh process whose only knowledge of the hub is its environment."""
    done = clients.run_code(sys.executable, code, *words, env=hub.env | env)
    return done.stdout.strip()


def hf(hub, *words):
    """Run the `hf` command."""
    return run([Path(sys.executable).with_name("hf"), *words], hub.env).stdout


def test_the_command_line_signs_in_uploads_and_downloads(any_hub, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub").mkdir(parents=True)
    (source / "config.json").write_text("{}")
    (source / "sub" / "model.safetensors").write_bytes(b"\0" * 100_000)
    who, _, _, one = clients.hf(
        any_hub.env,
        ("auth", "whoami"),
        ("upload", "ada/by-hf", str(source)),
        ("download", "ada/by-hf", "--local-dir", str(target)),
        ("download", "ada/by-hf", "config.json"),
    )
    assert "ada" in who
    for path in ("config.json", "sub/model.safetensors"):
        assert (target / path).read_bytes() == (source / path).read_bytes()
    assert one.strip().splitlines()[-1].endswith("config.json")


@pytest.fixture
def many(tmp_path):
    for number in range(MANY):
        path = tmp_path / f"{number % 7}" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(number))
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 4_000)
    return tmp_path


def listed(hub, repo):
    return HfApi(hub.url, token=hub.token).list_repo_files(repo, repo_type="dataset")


def test_a_folder_of_many_files_is_uploaded(any_hub, many):
    hf(any_hub, "upload", "ada/many", many, "--repo-type", "dataset")
    assert len(listed(any_hub, "ada/many")) == MANY + 2


def test_a_large_folder_is_uploaded_by_the_command_that_older_clients_have(any_hub, many):
    """Clients from 2.0 do with `hf upload` what `hf upload-large-folder` did."""
    command = python_of(OLDER[0]).with_name("hf")
    kind = ("--repo-type", "dataset")
    run([command, "upload-large-folder", "ada/large", many, *kind], any_hub.env)
    assert len(listed(any_hub, "ada/large")) == MANY + 2


def test_a_snapshot_is_the_whole_repository(any_hub, tmp_path):
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)) * 9_000)
    (tmp_path / "config.json").write_text('{"a": 1}')
    hf(any_hub, "upload", "ada/snapped", str(tmp_path))
    code = (
        "from huggingface_hub import snapshot_download; from pathlib import Path\n"
        "where = Path(snapshot_download('ada/snapped'))\n"
        "print(sorted(each.name for each in where.iterdir()))\n"
        "again = snapshot_download('ada/snapped', local_files_only=True)\n"
        "assert Path(again) == where\n"
        "print((where / 'weights.bin').stat().st_size)"
    )
    names, size = python(any_hub, code).splitlines()
    assert names == "['.gitattributes', 'config.json', 'weights.bin']"
    assert int(size) == 256 * 9_000


def test_the_file_system_writes_lists_reads_and_removes(any_hub):
    code = """
from huggingface_hub import HfApi, HfFileSystem
HfApi().create_repo("ada/fs", repo_type="dataset")
fs = HfFileSystem()
with fs.open("datasets/ada/fs/a/b.txt", "w") as file:
    file.write("0123456789" * 10)
listed = fs.ls("datasets/ada/fs", detail=False)
assert listed == ["datasets/ada/fs/a", "datasets/ada/fs/.gitattributes"]  # folders first
assert fs.info("datasets/ada/fs/a/b.txt")["size"] == 100
with fs.open("datasets/ada/fs/a/b.txt", "rb", block_size=10) as file:
    file.seek(95)
    assert file.read(100) == b"56789"
assert fs.glob("datasets/ada/fs/**/*.txt") == ["datasets/ada/fs/a/b.txt"]
fs.cp_file("datasets/ada/fs/a/b.txt", "datasets/ada/fs/c.txt")
fs.rm("datasets/ada/fs/a/b.txt")
fs.invalidate_cache()
assert fs.exists("datasets/ada/fs/c.txt") and not fs.exists("datasets/ada/fs/a/b.txt")
print("done")
"""
    assert python(any_hub, code) == "done"


def test_pandas_reads_and_writes_by_address(any_hub):
    code = """
import pandas
from huggingface_hub import HfApi
HfApi().create_repo("ada/frames", repo_type="dataset")
frame = pandas.DataFrame({"number": range(1000), "text": [str(each) for each in range(1000)]})
frame.to_csv("hf://datasets/ada/frames/data.csv", index=False)
frame.to_parquet("hf://datasets/ada/frames/data.parquet")
for read in (pandas.read_csv, ):
    assert list(read("hf://datasets/ada/frames/data.csv")["number"]) == list(range(1000))
assert pandas.read_parquet("hf://datasets/ada/frames/data.parquet").equals(frame)
print("done")
"""
    assert python(any_hub, code) == "done"


def test_datasets_are_pushed_and_loaded_plain_and_streaming(any_hub):
    code = """
import datasets
rows = {"text": [f"row {each}" for each in range(500)], "label": [each % 3 for each in range(500)]}
made = datasets.Dataset.from_dict(rows)
made.push_to_hub("ada/rows")
made.select(range(10)).push_to_hub("ada/rows", "small", split="test")
loaded = datasets.load_dataset("ada/rows", split="train")
assert loaded.to_dict() == rows
streamed = datasets.load_dataset("ada/rows", split="train", streaming=True)
assert list(streamed) == list(made)
assert datasets.load_dataset("ada/rows", "small")["test"].num_rows == 10
assert set(datasets.get_dataset_config_names("ada/rows")) == {"default", "small"}
print("done")
"""
    assert python(any_hub, code, HF_DATASETS_DISABLE_PROGRESS_BARS="1").splitlines()[-1] == "done"


def test_transformers_finds_its_config_and_tokenizer(any_hub, tmp_path):
    words = ["[UNK]", "[PAD]", "hello", "world"]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: number for number, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"})
    )
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "bert", "hidden_size": 32, "num_attention_heads": 2})
    )
    hf(any_hub, "upload", "ada/words", str(tmp_path))
    code = """
from transformers import AutoConfig, AutoTokenizer
assert AutoConfig.from_pretrained("ada/words").hidden_size == 32
tokenizer = AutoTokenizer.from_pretrained("ada/words")
print(tokenizer("hello world nobody")["input_ids"])
tokenizer.push_to_hub("ada/words-again")
assert AutoTokenizer.from_pretrained("ada/words-again")("world")["input_ids"] == [3]
"""
    assert python(any_hub, code).splitlines()[-1] == "[2, 3, 0]"


@pytest.mark.parametrize("writes", [True, False])
def test_a_client_with_an_unsafe_token_is_told_at_once(any_hub, writes):
    code = (
        "from huggingface_hub import HfApi; from huggingface_hub.errors import HfHubHTTPError\n"
        "import time; waited = []; time.sleep = waited.append\n"
        "try:\n"
        "    HfApi().create_repo('ada/never') if WRITES else HfApi().model_info('ada/words')\n"
        "except HfHubHTTPError as error:\n"
        "    print(error.response.status_code, waited)"
    ).replace("WRITES", str(writes))
    assert python(any_hub, code, HF_TOKEN="hf_" + "x" * 37) == "401 []"
