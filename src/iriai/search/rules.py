"""What may be asked of the index, how rows are ordered, and what counts as a download. Pure.

Each order sorts by one number, made of the value and the repository's id, so that a
page ends at a place that stays put while rows come, go and move.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Invalid
from iriai.search import words

SEARCH_WORDS_MAX = 12
FILTERS_MAX = 20
FILTER_LENGTH_MAX = 240
PAGE_LENGTH_MAX = 1_000
OWNERS_MAX = 500
TYPO_WORDS_MAX = 5
"""How many known words may stand in for one that nothing has."""

ID_BITS = 26
VALUE_MAX = (1 << 37) - 1
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
CENTISECONDS = 100

TRENDING_DAYS = 7
ACCOUNT_AGE_MIN = timedelta(days=7)
COUNT_ONCE_IN = timedelta(minutes=5)
DOWNLOADS_DAYS = 30
ANONYMOUS_ALLOWANCE = 10
LIKE_POINTS, ACCOUNT_POINTS = 10, 4


class Order(StrEnum):
    """By what repositories are sorted, the most or newest first."""

    TRENDING = "trending"
    UPDATED = "updated"
    CREATED = "created"
    DOWNLOADS = "downloads"
    LIKES = "likes"


class Weight(StrEnum):
    """What a download is worth to trending."""

    ACCOUNT = "account"
    ANONYMOUS = "anonymous"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for. All of it must hold; of `sdks` and `apps` one each.

    `stand_ins` are the known words to take for one that nothing has.
    """

    kind: str
    search: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: str | None = None
    pipeline_tag: str | None = None
    library: str | None = None
    language: str | None = None
    licence: str | None = None
    gated: bool | None = None
    parameters_min: int | None = None
    parameters_max: int | None = None
    sdks: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    stand_ins: Mapping[str, tuple[str, ...]] | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """The words searched for, each once."""
        found = (run for text in self.search for run in words.runs(text))
        return tuple(dict.fromkeys(found))[:SEARCH_WORDS_MAX]

    @property
    def facets(self) -> tuple[str, ...]:
        """The tags that must all be there, as cards keep them."""
        return (*self.tags, *([f"language:{self.language}"] if self.language else []))

    @property
    def is_plain(self) -> bool:
        """Whether this is only about what repositories themselves say: kind, owner, gate."""
        return self == replace(
            Asked(self.kind), author=self.author, gated=self.gated, stand_ins=self.stand_ins
        )


def require_asked(asked: Asked) -> None:
    """Questions are of a bounded length."""
    given = (asked.author, asked.pipeline_tag, asked.library, asked.language, asked.licence)
    texts = [*asked.search, *asked.tags, *asked.sdks, *asked.apps, *filter(None, given)]
    if any(len(each) > FILTER_LENGTH_MAX for each in texts):
        raise Invalid(f"A filter has at most {FILTER_LENGTH_MAX} characters.")
    if len(asked.tags) + len(asked.search) + len(asked.apps) + len(asked.sdks) > FILTERS_MAX:
        raise Invalid(f"Ask for at most {FILTERS_MAX} words and tags at once.")


# -- numbers -----------------------------------------------------------------------------------

_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMBT]?)", re.IGNORECASE)
_FACTOR = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def parameters(text: str) -> tuple[int | None, int | None]:
    """`min:6B,max:128B` as two bounds, both inclusive; either may be left out."""
    bounds: dict[str, int] = {}
    for piece in text.split(","):
        name, _, amount = piece.strip().partition(":")
        found = _AMOUNT.fullmatch(amount.strip())
        if name not in {"min", "max"} or found is None or name in bounds:
            raise Invalid('"num_parameters" looks like min:6B,max:128B; either part may be absent.')
        number, unit = found.groups()
        bounds[name] = min(round(float(number) * _FACTOR[unit.upper()]), (1 << 62) - 1)
    return bounds.get("min"), bounds.get("max")


def key(value: int, repo_id: int) -> int:
    """Where a repository stands in an order: by value, and among equals the newest first."""
    return max(0, min(value, VALUE_MAX)) << ID_BITS | repo_id


def moment_value(at: datetime) -> int:
    """A moment as a number to sort by."""
    return int((at - EPOCH).total_seconds() * CENTISECONDS)


def id_of(place: int) -> int:
    """The repository at a place in an order."""
    return place & (1 << ID_BITS) - 1


def trending_score(*, accounts: int, anonymous: int, likes: int) -> int:
    """How much a repository is wanted this week: each downloader once, however often they came.

    Accounts younger than a week are not among them. Addresses are easily had, so that they can at
    most double what accounts say.
    """
    points = ACCOUNT_POINTS * accounts + LIKE_POINTS * likes
    return points + min(anonymous, ANONYMOUS_ALLOWANCE + points)


def weight(account_age: timedelta | None) -> Weight:
    """What the downloads of an account of this age count for in trending; None is nobody's."""
    if account_age is None:
        return Weight.ANONYMOUS
    return Weight.ACCOUNT if account_age >= ACCOUNT_AGE_MIN else Weight.NONE


# -- downloads ---------------------------------------------------------------------------------

MODEL_FILES = frozenset(
    """
    config.json config.yaml hyperparams.yaml params.json meta.yaml adapter_config.json
    model_index.json modules.json open_clip_config.json config_sentence_transformers.json
    saved_model.pb keras_metadata.pb mlx_config.json model.nemo pytorch_lora_weights.safetensors
    open_clip_model.safetensors model.pkl model.joblib sklearn_model.joblib
    flair-models.bin
    """.split()  # noqa: SIM905  a table of words
)
MODEL_ENDINGS = (".gguf", ".nemo", ".keras", ".mlmodel", ".tflite", ".spacy")
DATASET_FILES = frozenset({"README.md", ".huggingface.yaml", "dataset_infos.json"})
SPACE_FILES = frozenset({"README.md"})


def counts_as_download(kind: str, path: str) -> bool:
    """Whether fetching this file means that the repository is being used.

    Each library fetches one of these first; see the download stats in Hugging Face's documentation.
    Several at once are one download, for a client counts once in five minutes.
    """
    if kind == "model":
        name = path.rpartition("/")[2]
        return path in MODEL_FILES or name == "model_index.json" or path.endswith(MODEL_ENDINGS)
    return path in (DATASET_FILES if kind == "dataset" else SPACE_FILES)


LIBRARIES = frozenset(
    """
    adapter-transformers allennlp asteroid bertopic coreml diffusers espnet fairseq fastai fasttext
    flair flax gguf jax joblib keras keras-hub mlx mlx-lm ml-agents nemo onnx open_clip openvino
    paddlenlp paddlepaddle peft pyannote-audio pytorch rust safetensors sentence-transformers
    setfit sklearn skops spacy span-marker speechbrain stable-baselines3 stanza tensorboard tf
    tflite tf-keras timm transformers transformers.js trl ultralytics unity-sentis
    """.split()  # noqa: SIM905  a table of words
)
"""The tags that name a library or the format of one."""


# -- apps --------------------------------------------------------------------------------------

_GGUF = (("gguf",),)
_MLX = (("mlx",),)
_SERVED = tuple(
    ("transformers", form, task)
    for form in ("safetensors", "pytorch")
    for task in ("text-generation", "image-text-to-text")
)
_PICTURES = (("diffusers", "text-to-image"),)
APPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(
        """
        anythingllm atomic-chat backyard jan jellybox koboldcpp lemonade llama-cpp-python llama.cpp
        localai msty node-llama-cpp ollama pi recursechat sanctum text-generation-webui unsloth
        """.split(),  # noqa: SIM905  a table of words
        _GGUF,
    ),
    "lmstudio": _GGUF + _MLX,
    "mlx-lm": _MLX,
    **dict.fromkeys(("sglang", "tgi", "vllm"), _SERVED),
    "docker-model-runner": _GGUF + _SERVED,
    **dict.fromkeys(
        ("diffusionbee", "draw-things", "drawthings", "invoke", "joyfusion"), _PICTURES
    ),
}
"""What a program can run, as groups of tags of which one must stand whole."""


def app_tags(app: str) -> tuple[tuple[str, ...], ...]:
    """The groups of tags of what an app can run; `Invalid` for an app nobody told us of."""
    if app not in APPS:
        raise Invalid(f'"apps" must be one of [{", ".join(sorted(APPS))}]')
    return APPS[app]
