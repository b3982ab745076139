"""Which GGUF file a word such as `Q4_K_M` or `latest` means, from the files' names alone. Pure.

A repository offers one model in several quantisations, each a file, or several where it is cut into
parts. Clients name one by its label (in any case), by the file's whole name, or not at all; then it
is the one that Hugging Face's documentation promises: Q4_K_M if it is there, else the nearest.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iriai.base.errors import Invalid

FILES_MAX = 1_000
TAG_LENGTH_MAX = 300
DEFAULT_TAGS = frozenset({"", "latest", "default"})

LABELS = [
    "Q4_K_M", "Q4_K_S", "Q4_K_L", "Q4_K_XL", "Q4_K", "IQ4_NL_XL", "IQ4_NL", "IQ4_XS", "Q4_0",
    "Q4_1", "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "MXFP4_MOE", "MXFP4", "Q5_K_M", "Q5_K_S", "Q5_K_L",
    "Q5_K_XL", "Q5_K", "Q5_0", "Q5_1", "Q3_K_L", "Q3_K_XL", "Q3_K_M", "Q3_K_S", "Q3_K", "IQ3_M",
    "IQ3_S", "IQ3_XS", "IQ3_XXS", "Q6_K_L", "Q6_K_XL", "Q6_K", "Q8_0", "Q8_K_XL", "Q8_K", "Q2_K_L",
    "Q2_K_XL", "Q2_K_S", "Q2_K", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "TQ2_0", "TQ1_0", "IQ1_M",
    "IQ1_S", "BF16", "F16", "FP16", "F32", "FP32",
]  # fmt: skip
"""Every label, in the order in which one is chosen for somebody who names none."""

_RANK = {label: place for place, label in enumerate(LABELS)}
_BY_LENGTH = sorted(LABELS, key=len, reverse=True)
_LABEL = re.compile(
    rf"(?<![A-Za-z0-9])(?:UD-)?({'|'.join(_BY_LENGTH)})(?![A-Za-z0-9])", re.IGNORECASE
)
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantised:
    """One quantisation of a model: its label, and its file or the parts of it in order."""

    label: str
    paths: tuple[str, ...]

    @property
    def is_in_parts(self) -> bool:
        """Whether it is cut into several files."""
        return len(self.paths) > 1


def label(path: str) -> str:
    """The label in a file's name, or in its folder's; the whole stem where there is none."""
    folder, _, name = path.rpartition("/")
    for text in (name, folder):
        found = _LABEL.findall(text)
        if found:
            return str(found[-1]).upper()
    return _PART.sub("", name).removesuffix(".gguf").upper()


def is_projector(path: str) -> bool:
    """Whether a file lets a model see, rather than being one."""
    return "mmproj" in path.rpartition("/")[2].lower()


def quantised(paths: Iterable[str]) -> list[Quantised]:
    """The quantisations among these files, in the order of choosing."""
    groups: dict[str, list[str]] = {}
    files = [path for path in paths if path.lower().endswith(".gguf") and not is_projector(path)]
    for path in sorted(files)[:FILES_MAX]:
        groups.setdefault(_PART.sub("", path), []).append(path)
    found = [Quantised(label(group[0]), tuple(group)) for group in groups.values()]
    return sorted(found, key=lambda each: (_RANK.get(each.label, len(_RANK)), each.paths))


def projector(paths: Iterable[str]) -> str | None:
    """The file that lets the model see: the one in half precision before others."""
    found = [path for path in paths if path.lower().endswith(".gguf") and is_projector(path)]
    order = {"F16": 0, "FP16": 0, "BF16": 1, "F32": 2, "FP32": 2}
    return min(found, key=lambda path: (order.get(label(path), 3), path), default=None)


def chosen(offered: Sequence[Quantised], tag: str) -> Quantised:
    """The quantisation that a tag means; `Invalid` in the words Hugging Face has for it."""
    if not offered:
        raise Invalid("Repository is not GGUF or is not compatible with llama.cpp", code="NotGguf")
    if tag.lower() in DEFAULT_TAGS:
        return offered[0]
    wanted = tag.lower().removesuffix(".gguf")
    for each in offered:
        stems = (path.rpartition("/")[2].lower().removesuffix(".gguf") for path in each.paths)
        if wanted == each.label.lower() or wanted in stems:
            return each
    plain = wanted.upper().removeprefix("UD-")
    for each in offered:
        if plain == each.label:
            return each
    raise Invalid(
        'The specified tag is not a valid quantization scheme. Please use another tag or "latest"',
        code="ManifestUnknown",
    )
