"""Cards as they arrive: text that the sandbox reads and the rules judge."""

import json
import struct

import pytest

from iriai.base.errors import Invalid
from iriai.cards import reading


def test_norwegian_metadata_is_valid():
    text = "---\nlanguage: no\nlicense: mit\n---\n"
    assert reading.front_matter(text) == {"language": "no", "license": "mit"}
    assert reading.validation(text, "model").errors == ()


def test_metadata_that_is_no_yaml_is_an_error_with_its_line():
    found = reading.validation("---\na: b: c\n---\n", "model")
    assert len(found.errors) == 1
    assert "line 1" in found.errors[0]


def test_a_bomb_of_aliases_is_an_error_and_costs_nothing():
    bomb = "a: &a [x]\n" + "\n".join(f"k{n}: [*a, *a]" for n in range(9))
    assert "aliases" in reading.validation(f"---\n{bomb}\n---\n", "model").errors[0]
    assert reading.lenient_front_matter(f"---\n{bomb}\n---\n") == {}


def test_metadata_of_more_than_64_kib_is_refused():
    with pytest.raises(Invalid, match="64 KiB"):
        reading.front_matter("---\na: " + "x" * 70_000 + "\n---\n")


def test_the_licences_of_a_readme_are_read_from_its_metadata_only():
    assert reading.licences("---\nlicense: gpl-3.0\n---\nlicense: mit") == ("gpl-3.0",)
    assert reading.licences("---\nlicense: [mit, gpl-3.0]\n---\n") == ("mit", "gpl-3.0")
    assert reading.licences("license: mit") == ()


def test_a_header_is_read_in_as_many_pieces_as_it_needs():
    tensors = {
        f"layer.{n}": {"dtype": "BF16", "shape": [2], "data_offsets": [4 * n, 4 * n + 4]}
        for n in range(8_000)
    }
    text = json.dumps(tensors).encode()
    data = struct.pack("<Q", len(text)) + text + bytes(32_000)
    asked = []

    def read(start, end):
        asked.append((start, end))
        return data[start:end]

    header = reading.safetensors_header(read, len(data))
    assert (header["total"], header["parameters"]) == (16_000, {"BF16": 16_000})
    assert len(asked) == 2


def test_a_header_that_claims_gigabytes_is_refused_without_reading_them():
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k"
    data += struct.pack("<IQ", 8, 1 << 40)
    with pytest.raises(Invalid):
        reading.gguf_header(lambda start, end: data[start:end].ljust(end, b"\0"), 1 << 41)


def test_of_a_configuration_that_is_no_json_nothing_is_known():
    assert reading.json_keys(b"{broken", ["a"]) == {}
    assert reading.json_keys(b'{"a": 1, "b": 2}', ["a"]) == {"a": 1}
