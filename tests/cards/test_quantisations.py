"""Which file a quantisation's tag means."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import HubError, Invalid
from iriai.cards import quantisations
from iriai.cards.quantisations import chosen, label, projector, quantised


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"),
        ("llama-3.2-1b-instruct-q8_0.gguf", "Q8_0"),
        ("model.IQ2_XXS.gguf", "IQ2_XXS"),
        ("Qwen3-8B-UD-Q4_K_XL.gguf", "Q4_K_XL"),
        ("BF16/model-00001-of-00002.gguf", "BF16"),
        ("model-f16.gguf", "F16"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("tiny.gguf", "TINY"),
        ("F16-study/model-Q5_K_S.gguf", "Q5_K_S"),
    ],
)
def test_a_files_name_says_its_quantisation(path, expected):
    assert label(path) == expected


FILES = ["m-Q8_0.gguf", "m-Q5_K_M.gguf", "m-Q4_K_M.gguf", "m-IQ4_XS.gguf", "mmproj-m-F16.gguf"]


def test_who_names_no_quantisation_gets_the_middle_one_or_the_nearest():
    assert chosen(quantised(FILES), "latest").paths == ("m-Q4_K_M.gguf",)
    assert chosen(quantised(["m-Q8_0.gguf", "m-IQ4_XS.gguf"]), "latest").paths == ("m-IQ4_XS.gguf",)
    assert chosen(quantised(["m-F16.gguf", "m-Q2_K.gguf"]), "").paths == ("m-Q2_K.gguf",)


@pytest.mark.parametrize("tag", ["Q8_0", "q8_0", "m-Q8_0.gguf", "M-Q8_0", "m-q8_0.GGUF"])
def test_a_tag_is_a_label_or_a_files_name_in_any_case(tag):
    assert chosen(quantised(FILES), tag).paths == ("m-Q8_0.gguf",)


def test_a_tag_that_is_not_there_is_refused_and_so_is_a_repository_without_models():
    with pytest.raises(Invalid, match="not a valid quantization scheme"):
        chosen(quantised(FILES), "Q3_K_S")
    with pytest.raises(Invalid, match="not GGUF"):
        chosen(quantised(["mmproj-F16.gguf", "README.md"]), "latest")


def test_parts_are_one_quantisation_in_order():
    parts = [f"Q4_K_M/m-Q4_K_M-0000{number}-of-00003.gguf" for number in (2, 1, 3)]
    (found,) = quantised(parts)
    assert found.is_in_parts
    assert found.paths == tuple(sorted(parts))


def test_what_lets_a_model_see_is_not_a_model():
    assert projector([*FILES, "mmproj-m-F32.gguf", "mmproj-m-BF16.gguf"]) == "mmproj-m-F16.gguf"
    assert projector(["m-Q8_0.gguf"]) is None


@given(st.lists(st.text(max_size=40).map(lambda stem: f"{stem}.gguf"), max_size=8), st.text())
def test_any_names_and_any_tag_give_a_file_or_a_sentence(paths, tag):
    offered = quantised(paths)
    assert sum(len(each.paths) for each in offered) <= len(paths)
    with contextlib.suppress(HubError):
        assert set(chosen(offered, tag).paths) <= set(paths)
    assert all(each.label == each.label.upper() for each in offered)
    assert len(quantisations.LABELS) == len(set(quantisations.LABELS))
