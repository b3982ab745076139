"""How to use a repository: commands and code with this hub's own address in them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from iriai.cards.queries import Card
from iriai.repos.rules import Kind, Repo
from iriai.web.texts import gettext as _

AUTO_CLASSES = {
    "text-generation": "AutoModelForCausalLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
    "translation": "AutoModelForSeq2SeqLM",
    "summarization": "AutoModelForSeq2SeqLM",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "fill-mask": "AutoModelForMaskedLM",
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to use a repository."""

    title: str
    text: str


def snippets(repo: Repo, card: Card | None, names: Sequence[str], url: str) -> list[Snippet]:
    """The ways to use a repository, the likeliest first."""
    kind = "" if repo.kind is Kind.MODEL else f" --repo-type {repo.kind}"
    given = "" if repo.kind is Kind.MODEL else f', repo_type="{repo.kind}"'
    found = [*_of_library(repo, card, names, url)]
    found.append(
        Snippet(
            _("Command line"),
            f"export HF_ENDPOINT={url}\nhf download {repo.full_name}{kind}",
        )
    )
    found.append(
        Snippet(
            "huggingface_hub",
            "from huggingface_hub import snapshot_download\n\n"
            f'folder = snapshot_download("{repo.full_name}"{given},\n'
            f'                           endpoint="{url}")',
        )
    )
    found.append(
        Snippet(
            "git",
            f"git lfs install\ngit clone {url}/{repo.address}",
        )
    )
    return found


def _of_library(repo: Repo, card: Card | None, names: Sequence[str], url: str) -> list[Snippet]:
    if repo.kind is Kind.DATASET:
        return [
            Snippet(
                "datasets",
                f"# export HF_ENDPOINT={url}\nfrom datasets import load_dataset\n\n"
                f'data = load_dataset("{repo.full_name}")',
            )
        ]
    library = card.library_name if card else None
    if library == "sentence-transformers":
        return [
            Snippet(
                library,
                f"# export HF_ENDPOINT={url}\n"
                "from sentence_transformers import SentenceTransformer\n\n"
                f'model = SentenceTransformer("{repo.full_name}")\nvectors = model.encode(["…"])',
            )
        ]
    if repo.kind is Kind.MODEL and (library == "transformers" or "config.json" in names):
        auto = AUTO_CLASSES.get((card.pipeline_tag if card else "") or "", "AutoModel")
        return [
            Snippet(
                "transformers",
                f"# export HF_ENDPOINT={url}\nfrom transformers import AutoTokenizer, {auto}\n\n"
                f'tokenizer = AutoTokenizer.from_pretrained("{repo.full_name}")\n'
                f'model = {auto}.from_pretrained("{repo.full_name}")',
            )
        ]
    return []
