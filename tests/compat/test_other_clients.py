"""Clients that are not Hugging Face's: opendal, datatrove, lm-eval, and transformers.js in Node."""

import json
from pathlib import Path

import pandas as pd
import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from tests.support.clients import node_modules, python_beside, run, run_code

BESIDE = ("opendal", "datatrove", "loguru", "humanize")
LM_EVAL = (
    *("lm-eval", "requests", "urllib3", "certifi", "charset-normalizer", "idna", "jsonlines"),
    *("more-itertools", "sqlitedict", "pytablewriter"),
)
TRANSFORMERS_JS = ("@huggingface/transformers@4",)


@pytest.fixture(scope="module")
def python():
    return python_beside("clients", *BESIDE)


@pytest.fixture(scope="module")
def api(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.token)


@pytest.fixture(scope="module")
def rows(api):
    api.create_repo("ada/rows", repo_type="dataset", private=True)
    lines = "".join(
        json.dumps({"text": f"row {each}", "id": str(each)}) + "\n" for each in range(9)
    )
    files = {"data/a.jsonl": lines.encode(), "big.bin": bytes(range(256)) * 9_000}
    api.create_commit(
        "ada/rows",
        repo_type="dataset",
        operations=[CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="Rows",
    )
    return "ada/rows"


def test_opendal_lists_looks_up_and_reads_ranges(any_hub, python, rows):
    code = """
import os, opendal
o = opendal.Operator(
    "huggingface", repo_type="dataset", repo_id="ada/rows", revision="main",
    endpoint=os.environ["HF_ENDPOINT"], token=os.environ["HF_TOKEN"],
)
print(sorted(each.path for each in o.list("/")))
print(sorted(each.path for each in o.scan("/") if not each.path.endswith("/")))
print(o.stat("big.bin").content_length, o.stat("data/").mode.is_dir())
assert o.read("data/a.jsonl").startswith(b'{"text": "row 0"')
assert o.read("big.bin") == bytes(range(256)) * 9_000
with o.open("big.bin", "rb") as file:
    file.seek(1_000_000)
    assert file.read(300) == (bytes(range(256)) * 9_000)[1_000_000:1_000_300]
try:
    o.stat("none.txt")
except opendal.exceptions.NotFound:
    print("not found")
"""
    said = run_code(python, code, env=any_hub.env).stdout.splitlines()
    assert said[0] == "['.gitattributes', 'big.bin', 'data/']"
    assert said[1] == "['.gitattributes', 'big.bin', 'data/a.jsonl']"
    assert said[2] == "2304000 True"
    assert said[3] == "not found"


def test_datatrove_reads_a_dataset_and_writes_another(any_hub, python, api, rows, tmp_path):
    code = """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.huggingface import HuggingFaceDatasetWriter
LocalPipelineExecutor(
    pipeline=[
        JsonlReader("hf://datasets/ada/rows/data", glob_pattern="*.jsonl"),
        HuggingFaceDatasetWriter(
            dataset="ada/troved", private=False, local_working_dir=sys.argv[1] + "/work",
            output_filename="data/${rank}.parquet", cleanup=False,
        ),
    ],
    tasks=1, logging_dir=sys.argv[1] + "/logs",
).run()
"""
    run_code(python, code, str(tmp_path), env=any_hub.env)
    files = api.list_repo_files("ada/troved", repo_type="dataset")
    (made,) = [each for each in files if each.endswith(".parquet")]
    local = api.hf_hub_download("ada/troved", made, repo_type="dataset", cache_dir=tmp_path)
    assert list(pd.read_parquet(local)["text"]) == [f"row {each}" for each in range(9)]


def test_lm_eval_logs_its_results_to_the_hub(any_hub, api, tmp_path):
    python = python_beside("lm-eval", *LM_EVAL)
    code = """
import os, sys
from lm_eval.loggers.evaluation_tracker import EvaluationTracker
from lm_eval.utils import simple_parse_args_string
said = "hub_results_org=ada,details_repo_name=details,push_results_to_hub=True," \\
    "push_samples_to_hub=True,public_repo=True,token=" + os.environ["HF_TOKEN"]
tracker = EvaluationTracker(output_path=sys.argv[1], **simple_parse_args_string(said))
tracker.general_config_tracker.log_experiment_args("dummy", "", "", "", "")
tracker.general_config_tracker.model_name = "ada/tiny"
tracker.general_config_tracker.model_name_sanitized = "ada__tiny"
results = {
    "results": {"exam": {"acc,none": 0.5}}, "configs": {"exam": {"dataset_path": "ada/exam"}},
    "versions": {"exam": 1}, "n-shot": {"exam": 0}, "higher_is_better": {"exam": {"acc": True}},
}
samples = {"exam": [{
    "doc_id": 0, "doc": {"question": "?"}, "target": "a", "arguments": [("q", "a")],
    "resps": [["a"]], "filtered_resps": ["a"], "acc": 1.0,
    "doc_hash": "1" * 64, "prompt_hash": "2" * 64, "target_hash": "3" * 64,
}]}
tracker.save_results_aggregated(results=results, samples=samples)
tracker.save_results_samples(task_name="exam", samples=samples["exam"])
tracker.recreate_metadata_card()
"""
    run_code(python, code, str(tmp_path), env=any_hub.env)
    files = api.list_repo_files("ada/details", repo_type="dataset")
    assert [each for each in files if "/results_" in each]
    assert [each for each in files if "/samples_exam_" in each]
    assert "README.md" in files
    card = api.hf_hub_download("ada/details", "README.md", repo_type="dataset", cache_dir=tmp_path)
    assert "ada__tiny__exam" in Path(card).read_text(encoding="utf-8")


SCRIPT = """
import { env, AutoConfig, AutoTokenizer } from "@huggingface/transformers";
const [remoteHost, name, cacheDir] = process.argv.slice(2);
env.remoteHost = remoteHost; env.cacheDir = cacheDir; env.allowLocalModels = false;
const config = await AutoConfig.from_pretrained(name);
const tokenizer = await AutoTokenizer.from_pretrained(name);
const { input_ids } = tokenizer("hello world");
console.log(JSON.stringify({
  type: config.model_type, ids: Array.from(input_ids.data, Number),
}));
"""


def test_transformers_js_loads_a_configuration_and_a_tokenizer(any_hub, api, tmp_path):
    folder = node_modules("transformers.js", TRANSFORMERS_JS)
    vocabulary = {"[UNK]": 0, "hello": 1, "world": 2}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    files = {
        "config.json": {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 8},
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "unk_token": "[UNK]",
        },
    }
    api.create_repo("ada/tiny-js")
    api.create_commit(
        "ada/tiny-js",
        operations=[CommitOperationAdd(k, json.dumps(v).encode()) for k, v in files.items()],
        commit_message="A tiny model",
    )
    script = folder / f"load-{tmp_path.name}.mjs"
    script.write_text(SCRIPT)
    try:
        done = run(
            ["node", str(script), any_hub.url + "/", "ada/tiny-js", str(tmp_path / "cache")],
            any_hub.env,
            cwd=folder,
        )
    finally:
        script.unlink()
    assert json.loads(done.stdout) == {"type": "bert", "ids": [1, 2]}
