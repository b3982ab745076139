"""What a card may say, and what a repository's facts are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.cards import rules
from iriai.cards.facts import facts
from iriai.cards.rules import NO_METADATA, judged

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["license", "language", "tags", "model-index", "datasets", "base_model", "pipeline_tag",
     "size_categories", "configs", "dataset_info", "sdk", "metrics", "license_name", "colorFrom"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("---\nlicense: mit\n---\n# Hi", "license: mit"),
        ("---\r\nlicense: mit\r\n---\r\n# Hi", "license: mit"),
        ("\ufeff---\nlicense: mit\n---", "license: mit"),
        ("\n\n---\na: 1\nb: 2\n---\n", "a: 1\nb: 2"),
        ("---\n---\ntext", ""),
        ("# No metadata\n---\na: 1\n---\n", None),
        ("---\nnever closed", None),
        ("", None),
    ],
)
def test_front_matter_is_the_block_at_the_start(text, block):
    assert rules.split(text)[0] == block


def test_what_follows_the_front_matter_is_the_body():
    assert rules.split("---\na: 1\n---\n# Title\n") == ("a: 1", "# Title\n")
    assert rules.split("# Title\n") == (None, "# Title\n")


def test_a_card_without_metadata_is_a_warning_and_no_error():
    found = judged({}, "model")
    assert (found.errors, found.warnings) == ((), (NO_METADATA,))


def test_a_model_index_that_is_no_list_is_an_error():
    assert judged({"model-index": "foo"}, "model").errors == ('"model-index" must be an array.',)


def test_an_unknown_licence_is_an_error_that_says_which_exist():
    text = judged({"license": "asdf"}, "model").text()
    assert text.startswith('- Error: "license" must be one of [apache-2.0, mit, ')


@pytest.mark.parametrize(
    ("kind", "card"),
    [
        ("model", {"language": "English"}),
        ("model", {"language": ["en", 7]}),
        ("model", {"tags": "one"}),
        ("model", {"tags": [{}]}),
        ("model", {"base_model": "not an id"}),
        ("model", {"pipeline_tag": ["a"]}),
        ("model", {"model-index": [{"name": "x", "results": [{}]}]}),
        ("model", {"model-index": [{"results": []}]}),
        ("dataset", {"size_categories": "huge"}),
        ("dataset", {"configs": [{"data_files": "x"}]}),
        ("space", {"sdk": "php"}),
        ("space", {"short_description": "x" * 61}),
    ],
)
def test_each_malformed_value_is_an_error(kind, card):
    assert judged(card, kind).errors


GOOD = {
    "language": ["en", "no", "zh-hant"],
    "license": "apache-2.0",
    "tags": ["a", "b"],
    "pipeline_tag": "text-generation",
    "base_model": "ada/base",
    "datasets": ["ada/data"],
    "model-index": [
        {
            "name": "x",
            "results": [
                {
                    "task": {"type": "text-generation"},
                    "dataset": {"name": "D", "type": "ada/data"},
                    "metrics": [{"type": "accuracy", "value": 0.5}],
                }
            ],
        }
    ],
}


def test_a_good_card_has_no_findings():
    found = judged(GOOD, "model")
    assert (found.errors, found.warnings) == ((), ())


@given(st.dictionaries(KEYS, ANYTHING, max_size=6), st.sampled_from(["model", "dataset", "space"]))
def test_any_metadata_is_judged_and_gives_facts_without_falling_over(card, kind):
    found = judged(card, kind)
    assert len(found.errors) <= rules.MESSAGES_MAX
    assert all(isinstance(tag, str) for tag in facts(kind, card, ["a.csv"], config=card).tags)


def test_a_named_licence_stands_for_other():
    assert rules.licence_of({"license": "mit"}) == "mit"
    assert rules.licence_of({"license": "other", "license_name": "my-own"}) == "other:my-own"
    assert rules.licence_of({"license": ["mit", "gpl-3.0"]}) == "mit"
    assert rules.licence_of({"license": {"a": 1}}) is None


def test_the_tags_of_a_model_come_from_card_files_and_configuration():
    found = facts(
        "model",
        GOOD | {"tags": ["mine"]},
        ["README.md", "config.json", "model.safetensors", "sub/x.onnx"],
        config={
            "model_type": "llama",
            "architectures": ["LlamaForCausalLM"],
            "auto_map": {"a": "b"},
        },
        body="See https://arxiv.org/abs/1706.03762 and arXiv:1810.04805.",
    )
    assert found.tags == (
        "transformers", "safetensors", "onnx", "llama", "text-generation", "mine", "custom_code",
        "en", "no", "zh-hant", "dataset:ada/data", "arxiv:1706.03762", "arxiv:1810.04805",
        "base_model:ada/base", "base_model:finetune:ada/base", "license:apache-2.0",
    )  # fmt: skip
    assert (found.library_name, found.pipeline_tag, found.licence) == (
        "transformers", "text-generation", "apache-2.0",
    )  # fmt: skip
    assert {"language:no", "no"} <= found.facets


@pytest.mark.parametrize(
    ("files", "config", "library", "task"),
    [
        (["modules.json", "config.json"], {}, "sentence-transformers", "sentence-similarity"),
        (["model_index.json"], {}, "diffusers", None),
        (["adapter_config.json"], {}, "peft", None),
        (["config.json"], {"model_type": "bert", "architectures": ["BertForMaskedLM"]},
         "transformers", "fill-mask"),
        (["config.json"], {"model_type": "x"}, None, None),
        (["sub/adapter_config.json"], {}, None, None),
    ],
)  # fmt: skip
def test_a_library_and_a_task_are_known_by_the_files_they_leave(files, config, library, task):
    found = facts("model", {}, files, config=config)
    assert (found.library_name, found.pipeline_tag) == (library, task)


def test_an_adapter_a_merge_and_a_quantised_model_are_told_from_a_finetune():
    def relation(files, **card):
        tags = facts("model", card, files).tags
        return next(tag for tag in tags if tag.count(":") == 2).split(":")[1]

    assert relation(["adapter_config.json"], base_model="a/b") == "adapter"
    assert relation([], base_model=["a/b", "c/d"]) == "merge"
    assert relation(["x.gguf"], base_model="a/b") == "quantized"
    assert relation(["x.gguf"], base_model="a/b", base_model_relation="merge") == "merge"


def test_the_tags_of_a_dataset_carry_their_kind():
    card = {"language": "no", "license": "cc-by-4.0", "task_categories": ["translation"],
            "size_categories": "n<1K", "tags": ["x"]}  # fmt: skip
    assert facts("dataset", card, ["data/train.parquet", "a.csv", "README.md"]).tags == (
        "task_categories:translation", "language:no", "license:cc-by-4.0", "size_categories:n<1K",
        "format:parquet", "format:csv", "x",
    )  # fmt: skip
