"""Lists of repositories and how they are narrowed; tags; leaderboards."""

from huggingface_hub import errors

from .frame import At, drive, refused, soon

HTTP = errors.HfHubHTTPError


def card(**more: object) -> bytes:
    """A card with this in its front matter."""
    import json

    return f"---\n{json.dumps(more)}\n---\n# Card\n".encode()


@drive("HfApi.list_models")
def models(at: At) -> None:
    mine = at.repo(
        {
            "README.md": card(
                license="mit",
                language=["eu"],
                tags=["driven"],
                pipeline_tag="text-generation",
                datasets=["ada/driven-data"],
                library_name="transformers",
            ),
            "config.json": b'{"model_type": "bert"}',
        }
    )
    private = at.repo({"README.md": card(tags=["driven"])}, private=True)
    gated = at.repo({"README.md": card(tags=["driven"])})
    at.api.update_repo_settings(gated, gated="auto")

    def names(api: object = at.api, **asked: object) -> "list[str]":
        return sorted(each.id for each in api.list_models(author="ada", **asked))

    for asked in (
        {"filter": ["driven", "eu"]},
        {"filter": "license:mit", "pipeline_tag": "text-generation", "search": "models-"},
        {"filter": ["transformers", "driven"]},
        {"trained_dataset": "ada/driven-data"},
        {"filter": "driven", "gated": False, "search": mine.split("/")[1]},
    ):
        assert soon(lambda asked=asked: names(**asked) == [mine]), asked
    assert soon(lambda: names(filter="driven") == sorted([mine, private, gated]))
    assert names(filter="driven", gated=True) == [gated]
    assert names(at.nobody, filter="driven") == sorted([mine, gated])
    assert names(search="there-is-none-like-this") == []
    assert len(list(at.api.list_models(author="ada", limit=2))) == 2
    for sort in ("last_modified", "created_at", "trending_score", "downloads", "likes"):
        found = at.api.list_models(author="ada", sort=sort, limit=3)
        assert len(list(found)) == 3
    full = next(iter(at.api.list_models(filter=["driven", "eu"], full=True)))
    assert [each.rfilename for each in full.siblings]
    assert full.sha
    carded = next(
        iter(at.api.list_models(filter=["driven", "eu"], cardData=True, fetch_config=True))
    )
    assert carded.card_data.license == "mit"
    assert carded.config["model_type"] == "bert"
    few = next(iter(at.api.list_models(filter=["driven", "eu"], expand=["author", "sha"])))
    assert (few.author, few.last_modified) == ("ada", None)
    assert few.sha
    with refused(HTTP, 400, says='"expand" must be one of'):
        list(at.api.list_models(expand=["nonsense"]))
    assert names(filter="driven", num_parameters="min:6B,max:128B") == []


@drive("HfApi.list_datasets")
def datasets(at: At) -> None:
    mine = at.repo(
        {
            "README.md": card(
                license="mit",
                language=["eu"],
                task_categories=["text-classification"],
                size_categories=["n<1K"],
                tags=["driven"],
            )
        },
        repo_type="dataset",
    )
    private = at.repo({"README.md": card(tags=["driven"])}, repo_type="dataset", private=True)
    for asked in (
        {"filter": "task_categories:text-classification"},
        {"task_categories": "text-classification", "language": "eu"},
        {"size_categories": "n<1K"},
        {"dataset_name": mine},
        {"search": mine.split("/")[1], "gated": False},
    ):

        def found(asked: dict = asked) -> bool:
            listed = at.api.list_datasets(author="ada", **asked)
            return [each.id for each in listed] == [mine]

        assert soon(found), asked

    def both() -> bool:
        listed = at.api.list_datasets(author="ada", filter="driven")
        return {each.id for each in listed} == {mine, private}

    assert soon(both)
    open_to_all = [each.id for each in at.nobody.list_datasets(author="ada", filter="driven")]
    assert open_to_all == [mine]
    full = next(iter(at.api.list_datasets(author="ada", filter="driven", full=True)))
    assert full.siblings
    benchmarks = at.api.list_datasets(author="ada", benchmark="official")
    assert mine not in [each.id for each in benchmarks]
    expanded = next(iter(at.api.list_datasets(author="ada", expand=["author"], limit=1)))
    assert (expanded.author, expanded.sha) == ("ada", None)


@drive("HfApi.list_spaces", "HfApi.search_spaces")
def spaces(at: At) -> None:
    model = at.repo()
    name = at.repo(
        {"README.md": card(title="Parrots", sdk="docker", models=[model], tags=["driven"])},
        repo_type="space",
    )
    for asked in (
        {"author": "ada", "filter": "driven"},
        {"models": model},
        {"author": "ada", "search": name.split("/")[1]},
    ):

        def alone(asked: dict = asked) -> bool:
            return [each.id for each in at.api.list_spaces(**asked)] == [name]

        assert soon(alone), asked
    full = next(iter(at.api.list_spaces(author="ada", filter="driven", full=True)))
    assert (full.sdk, full.author) == ("docker", "ada")
    found = soon(lambda: list(at.api.search_spaces("parrots")))
    assert name in [each.id for each in found]
    assert list(at.api.search_spaces("parrots", sdk="gradio")) == []
    with refused(HTTP):
        list(at.api.search_spaces(""))


@drive("HfApi.get_model_tags", "HfApi.get_dataset_tags")
def tags_by_type(at: At) -> None:
    at.repo({"README.md": card(license="mit", tags=["driven"])})
    at.repo({"README.md": card(license="mit", language="eu")}, repo_type="dataset")
    found = soon(lambda: at.api.get_model_tags().get("license"))
    assert "license:mit" in [each["id"] for each in found]
    assert "task_categories" in at.api.get_dataset_tags()


@drive("HfApi.get_dataset_leaderboard")
def leaderboard(at: At) -> None:
    plain = at.repo(repo_type="dataset")
    with refused(HTTP):
        at.api.get_dataset_leaderboard(plain)
    bench = at.repo(
        {
            "eval.yaml": b"name: Driven\ntasks:\n- id: default\n",
            "README.md": card(license="mit"),
        },
        repo_type="dataset",
    )
    model = at.repo(
        {
            ".eval_results/driven.yaml": (
                f"- dataset:\n    id: {bench}\n    task_id: default\n  value: 71.5\n"
            ).encode()
        }
    )
    entries = soon(lambda: at.api.get_dataset_leaderboard(bench))
    assert [(each.model_id, each.value) for each in entries] == [(model, 71.5)]
    with refused(errors.RepositoryNotFoundError):
        at.api.get_dataset_leaderboard(at.name())
