"""Headers of weights and images, honest and hostile."""

import contextlib
import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from iriai.readers.gguf import read_gguf
from iriai.readers.images import read_image
from iriai.readers.json_files import read_json
from iriai.readers.refusals import Refused
from iriai.readers.tensors import HEADER_BYTES_MAX, read_safetensors


def _safetensors(header, body=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def test_parameters_are_counted_by_type_as_the_library_wrote_them():
    tensors = {
        "a": np.zeros((3, 4), np.float32),
        "b": np.zeros((5,), np.float16),
        "c": np.zeros((), np.float32),
    }
    data = safetensors.numpy.save(tensors, metadata={"format": "pt"})
    read = read_safetensors(data, size=len(data))
    assert read["parameters"] == {"F32": 13, "F16": 5}
    assert (read["total"], read["tensor_count"]) == (18, 3)
    assert read["metadata"] == {"format": "pt"}
    shapes = {tensor["name"]: (tensor["shape"], tensor["bytes"]) for tensor in read["tensors"]}
    assert shapes == {"a": ([3, 4], 48), "b": ([5], 10), "c": ([], 4)}


def test_tensors_are_listed_as_a_model_counts_its_layers():
    counted = ["7", "h.0.w", "h.2.w", "h.10.b", "h.10.w", "h.²", "head"]
    data = safetensors.numpy.save({name: np.zeros((1,), np.float32) for name in reversed(counted)})
    names = [tensor["name"] for tensor in read_safetensors(data, size=len(data))["tensors"]]
    assert names == counted


def test_a_header_that_is_not_all_there_asks_for_the_rest():
    data = _safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
    assert read_safetensors(data[:20], size=len(data)) == {"more": len(data) - 4}


TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234567",
        _safetensors({}, length=HEADER_BYTES_MAX + 1),
        _safetensors({}, length=(1 << 64) - 1),
        _safetensors(b"not json"),
        _safetensors(b"[]"),
        _safetensors(b"[" * 10_000),
        _safetensors({"a": 1}, bytes(4)),
        _safetensors({"a": TENSOR | {"dtype": 7}}, bytes(4)),
        _safetensors({"a": TENSOR | {"shape": [-1]}}, bytes(4)),
        _safetensors({"a": TENSOR | {"shape": [1 << 62, 1 << 62]}}, bytes(4)),
        _safetensors({"a": TENSOR | {"shape": [True]}}, bytes(4)),
        _safetensors({"a": TENSOR | {"data_offsets": [4, 0]}}, bytes(4)),
        _safetensors({"a": TENSOR | {"data_offsets": [0, 5]}}, bytes(4)),
        _safetensors({"a": TENSOR | {"data_offsets": [0]}}, bytes(4)),
    ],
)
def test_a_safetensors_header_that_lies_is_refused(data):
    with pytest.raises(Refused):
        read_safetensors(data, size=len(data))


def _text(text):
    return struct.pack("<Q", len(text)) + text.encode()


def _gguf(entries=b"", entry_count=0, tensors=b"", tensor_count=0, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensor_count, entry_count) + entries + tensors


TENSOR_INFO = _text("blk.0.weight") + struct.pack("<IQQIQ", 2, 32, 10, 2, 0)


def test_a_gguf_header_gives_its_metadata_and_tensors():
    entries = (
        _text("general.architecture") + struct.pack("<I", 8) + _text("llama")
        + _text("llama.context_length") + struct.pack("<II", 4, 4096)
        + _text("tokenizer.tokens") + struct.pack("<IIQ", 9, 8, 20) + _text("ab") * 20
        + _text("scale") + struct.pack("<If", 6, float("inf"))
    )  # fmt: skip
    data = _gguf(entries, 4, TENSOR_INFO, 1)
    read = read_gguf(data, size=len(data))
    assert read["metadata"] == {
        "general.architecture": "llama",
        "llama.context_length": 4096,
        "tokenizer.tokens": {"length": 20, "first": ["ab"] * 8},
        "scale": "inf",
    }
    assert read["tensors"] == [{"name": "blk.0.weight", "dtype": "Q4_0", "shape": [32, 10]}]
    assert read["total"] == 320


def test_a_gguf_header_that_is_not_all_there_asks_for_more_until_it_is():
    data = _gguf(_text("k") + struct.pack("<IIQ", 9, 8, 50) + _text("word") * 50, 1, TENSOR_INFO, 1)
    have, asked = 4, 0
    while "more" in (read := read_gguf(data[:have], size=len(data))):
        assert read["more"] > have
        have, asked = read["more"], asked + 1
    assert read["total"] == 320
    assert asked > 10


@pytest.mark.parametrize(
    "data",
    [
        b"GGML" + bytes(40),
        _gguf(version=99) + bytes(10),
        _gguf(entry_count=1 << 40),
        _gguf(tensor_count=1 << 40),
        _gguf(_text("k") + struct.pack("<IIQ", 9, 8, 1 << 40), 1),
        _gguf(_text("k") + struct.pack("<IQ", 8, 1 << 50), 1),
        _gguf(_text("k") + struct.pack("<I", 77), 1),
        _gguf(_text("k") + struct.pack("<IIQ", 9, 9, 1) * 9, 1),
        _gguf(tensors=_text("t") + struct.pack("<I", 99), tensor_count=1),
        _gguf(
            tensors=_text("t") + struct.pack("<IQQIQ", 2, 1 << 40, 1 << 40, 0, 0), tensor_count=1
        ),
    ],
)
def test_a_gguf_header_that_lies_is_refused(data):
    with pytest.raises(Refused):
        read_gguf(data, size=len(data))


def _png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


@pytest.mark.parametrize(
    ("data", "form", "size"),
    [
        (_png(640, 480), "png", (640, 480)),
        (b"GIF89a" + struct.pack("<HH", 20, 10) + bytes(8), "gif", (20, 10)),
        (
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0" + struct.pack(">HBHH", 11, 8, 30, 40) + bytes(9),
            "jpeg", (40, 30),
        ),
        (
            b"RIFF\x20\0\0\0WEBPVP8X" + bytes(8) + (99).to_bytes(3, "little")
            + (49).to_bytes(3, "little") + bytes(4),
            "webp", (100, 50),
        ),
    ],
)  # fmt: skip
def test_an_image_says_its_size(data, form, size):
    read = read_image(data)
    assert (read["format"], (read["width"], read["height"])) == (form, size)


def test_an_image_of_fifty_thousand_pixels_square_is_refused():
    with pytest.raises(Refused, match="pixels"):
        read_image(_png(50_000, 50_000))


def test_of_a_json_file_only_the_asked_keys_are_kept():
    text = b'{"model_type": "bert", "vocab": [1], "x": NaN, "architectures": ["BertModel"]}'
    assert read_json(text, keys=["model_type", "architectures", "x", "none"]) == {
        "model_type": "bert", "architectures": ["BertModel"], "x": None
    }  # fmt: skip
    with pytest.raises(Refused):
        read_json(b"[" * 100_000, keys=[])
    with pytest.raises(Refused):
        read_json(b"[]", keys=[])


@given(st.binary(max_size=400), st.sampled_from([b"", b"GGUF\x03\0\0\0", b"\xff\xd8\xff", b"RIFF"]))
def test_any_bytes_give_an_answer_or_a_refusal(tail, start):
    data = start + tail
    for reader in (
        lambda: read_safetensors(data, size=len(data)),
        lambda: read_gguf(data, size=len(data)),
        lambda: read_image(data),
        lambda: read_json(data, keys=["a"]),
    ):
        with contextlib.suppress(Refused):
            assert isinstance(reader(), dict)
