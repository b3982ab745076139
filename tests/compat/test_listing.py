"""Lists and searches by today's client: every parameter of `list_models` and its kin."""

import json
import sys
import time
import typing
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, hf_api
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import disable_progress_bars

disable_progress_bars()

MODELS = {
    "distilbert-small": {
        "README.md": b"---\nlicense: mit\nlanguage: [en, fr]\npipeline_tag: fill-mask\n"
        b"library_name: transformers\ndatasets: [ada/wiki]\ntags: [tiny]\n"
        b"co2_eq_emissions:\n  emissions: 40\n---\n# A card about glockenspiels\n",
        "config.json": b'{"model_type": "bert", "architectures": ["BertForMaskedLM"]}',
    },
    "llama-large": {
        "README.md": b"---\nlicense: apache-2.0\nlanguage: en\npipeline_tag: text-generation\n"
        b"library_name: transformers\ntags: [tiny, gguf]\n---\n",
        "config.json": b'{"model_type": "llama"}',
    },
    "nothing-said": {"a.txt": b"a"},
}


@pytest.fixture(scope="module")
def api(hub):
    api = HfApi(endpoint=hub.url, token=hub.token)
    for name, files in MODELS.items():
        made(api, name, files)
    api.update_repo_settings("ada/llama-large", gated="manual")
    card = b"---\nlicense: cc-by-4.0\nlanguage: [sw]\ntask_categories: [translation]\n"
    card += b"size_categories: [n<1K]\nmultilinguality: [multilingual]\ntask_ids: [x]\n"
    card += b"language_creators: [found]\ntags: ['benchmark:official']\n"
    card += b"pretty_name: \xe4\xb8\xad\xe6\x96\x87\xe8\xaf\xad\xe6\x96\x99\n---\n"
    made(api, "wiki", {"README.md": card}, repo_type="dataset")
    made(api, "other-data", {"README.md": b"---\nlicense: mit\n---\n"}, repo_type="dataset")
    card = b"---\ntitle: Draw a picture\nemoji: x\nsdk: gradio\nmodels: [ada/llama-large]\n"
    card += b"datasets: [ada/wiki]\nshort_description: it draws\n---\n"
    made(api, "drawing", {"README.md": card}, repo_type="space", space_sdk="gradio")
    made(
        api,
        "still",
        {"README.md": b"---\nsdk: static\n---\n"},
        repo_type="space",
        space_sdk="static",
    )
    return api


def made(api, name, files, **kind):
    api.create_repo(f"ada/{name}", **kind)
    kind.pop("space_sdk", None)
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(f"ada/{name}", operations, commit_message="files", **kind)


def models(api, **asked):
    return sorted(each.id.removeprefix("ada/") for each in api.list_models(author="ada", **asked))


def datasets(api, **asked):
    return sorted(each.id.removeprefix("ada/") for each in api.list_datasets(author="ada", **asked))


def spaces(api, **asked):
    return sorted(each.id.removeprefix("ada/") for each in api.list_spaces(author="ada", **asked))


def eventually(look, expected, seconds=180):
    """The index follows within a minute, or later where much else is done."""
    until = time.monotonic() + seconds
    while (found := look()) != expected and time.monotonic() < until:
        time.sleep(0.5)
    assert found == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"search": "bert"}, ["distilbert-small"]),
        ({"search": "BERT small"}, ["distilbert-small"]),
        ({"search": "ada/llama"}, ["llama-large"]),
        ({"filter": "fill-mask"}, ["distilbert-small"]),
        ({"filter": "tiny"}, ["distilbert-small", "llama-large"]),
        ({"filter": ["tiny", "fr"]}, ["distilbert-small"]),
        ({"filter": ["tiny", "license:mit"]}, ["distilbert-small"]),
        ({"filter": "transformers"}, ["distilbert-small", "llama-large"]),
        ({"trained_dataset": "ada/wiki"}, ["distilbert-small"]),
        ({"trained_dataset": ["dataset:ada/wiki"]}, ["distilbert-small"]),
        ({"pipeline_tag": "text-generation"}, ["llama-large"]),
        ({"gated": True}, ["llama-large"]),
        ({"gated": False}, ["distilbert-small", "nothing-said"]),
        ({"apps": "ollama"}, ["llama-large"]),
        ({"apps": ["ollama", "mlx-lm"]}, ["llama-large"]),
        ({"inference": "warm"}, []),
        ({"inference_provider": "all"}, []),
        ({"num_parameters": "min:1B"}, []),
        ({"cardData": True, "emissions_thresholds": (10, 50)}, ["distilbert-small"]),
        ({"search": "small", "filter": "tiny", "sort": "likes"}, ["distilbert-small"]),
    ],
)
def test_models_are_listed_as_asked(api, asked, expected):
    assert models(api, **asked) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"search": "wiki"}, ["wiki"]),
        ({"dataset_name": "wiki"}, ["wiki"]),
        ({"dataset_name": "wiki", "search": "other"}, []),
        ({"language": "sw"}, ["wiki"]),
        ({"language": ["language:sw"]}, ["wiki"]),
        ({"task_categories": "translation"}, ["wiki"]),
        ({"task_ids": "x"}, ["wiki"]),
        ({"size_categories": "n<1K"}, ["wiki"]),
        ({"multilinguality": "multilingual"}, ["wiki"]),
        ({"language_creators": "found"}, ["wiki"]),
        ({"benchmark": True}, ["wiki"]),
        ({"benchmark": "official"}, ["wiki"]),
        ({"gated": True}, []),
        ({"filter": ("license:mit",)}, ["other-data"]),
        ({"full": True, "filter": "license:cc-by-4.0"}, ["wiki"]),
    ],
)
def test_datasets_are_listed_as_asked(api, asked, expected):
    assert datasets(api, **asked) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["drawing", "still"]),
        ({"search": "draw"}, ["drawing"]),
        ({"filter": "gradio"}, ["drawing"]),
        ({"filter": ["static"]}, ["still"]),
        ({"models": "ada/llama-large"}, ["drawing"]),
        ({"datasets": ["ada/wiki"]}, ["drawing"]),
        ({"datasets": "ada/other-data"}, []),
        ({"linked": True}, ["drawing"]),
        ({"full": True, "search": "still"}, ["still"]),
    ],
)
def test_spaces_are_listed_as_asked(api, asked, expected):
    assert spaces(api, **asked) == expected


@pytest.mark.parametrize(
    "sort", ["created_at", "downloads", "last_modified", "likes", "trending_score"]
)
@pytest.mark.parametrize("search", [None, "l"])
def test_every_order_is_one(api, sort, search):
    kinds = [api.list_models, api.list_datasets]
    if sort != "downloads":
        kinds.append(api.list_spaces)
    for listed in kinds:
        assert len(list(listed(sort=sort, author="ada"))) >= 2
    found = list(api.list_models(sort=sort, author="ada", expand=["createdAt", "lastModified"]))
    if sort in {"created_at", "last_modified"}:
        moments = [getattr(each, sort) for each in found]
        assert moments == sorted(moments, reverse=True)
    if search:
        assert list(api.list_models(sort=sort, search="l", limit=1)) is not None


def test_a_limit_is_kept_and_pages_follow_each_other(api, hub):
    assert len(list(api.list_models(limit=2))) == 2
    seen, url = [], f"{hub.url}/api/models?limit=1&filter=tiny"
    while url:
        with urllib.request.urlopen(url) as answer:
            seen += [each["id"] for each in json.load(answer)]
            link = answer.headers["Link"]
        url = link.split("<")[1].split(">")[0] if link else None
    assert seen == ["ada/llama-large", "ada/distilbert-small"]


def test_rows_have_what_was_asked_for(api):
    plain = next(iter(api.list_models(search="distilbert")))
    assert (plain.pipeline_tag, plain.library_name, plain.trending_score) == (
        "fill-mask",
        "transformers",
        0,
    )
    assert (plain.card_data, plain.siblings, plain.config) == (None, None, None)
    full = next(iter(api.list_models(search="distilbert", full=True, cardData=True)))
    assert {each.rfilename for each in full.siblings} >= {"README.md", "config.json"}
    assert full.card_data.license == "mit"
    config = next(iter(api.list_models(search="distilbert", fetch_config=True))).config
    assert config["model_type"] == "bert"
    only = next(iter(api.list_models(search="distilbert", expand=["trendingScore", "likes"])))
    assert (only.trending_score, only.likes, only.tags) == (0, 0, None)
    data = next(iter(api.list_datasets(search="wiki", full=True)))
    assert data.card_data.pretty_name == "中文语料"
    space = next(iter(api.list_spaces(search="drawing", expand=["models", "datasets", "sdk"])))
    assert (space.models, space.datasets, space.sdk) == (
        ["ada/llama-large"],
        ["ada/wiki"],
        "gradio",
    )


@pytest.mark.parametrize(
    "query", ["sort=random", "num_parameters=6B", "apps=nonsense", "expand=x", "cursor=x"]
)
def test_what_makes_no_sense_is_refused(api, hub, query):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{hub.url}/api/models?{query}")
    assert error.value.code == 400
    assert "error" in json.load(error.value)


def test_words_of_cards_are_found_once_the_index_has_them(api):
    eventually(lambda: models(api, search="glockenspiels"), ["distilbert-small"])
    assert models(api, search="distilbret") == ["distilbert-small"]
    eventually(lambda: datasets(api, search="语料"), ["wiki"])


def test_spaces_are_searched_by_their_words(api):
    eventually(lambda: [each.id for each in api.search_spaces("picture")], ["ada/drawing"])
    found = next(iter(api.search_spaces("draw picture", sdk=["gradio", "docker"])))
    assert (found.title, found.sdk, found.author, found.runtime) == (
        "Draw a picture",
        "gradio",
        "ada",
        None,
    )
    assert list(api.search_spaces("draw", sdk="static", include_non_running=True)) == []
    assert list(api.search_spaces("draw", filter="gradio"))


def test_private_repositories_are_listed_to_their_members_alone(api, hub):
    made(api, "hidden-gem", {"README.md": b"---\ntags: [hush]\n---\n"})
    api.update_repo_settings("ada/hidden-gem", private=True)
    nobody = HfApi(endpoint=hub.url, token=False)
    for asked in ({"search": "gem"}, {"filter": "hush"}, {"sort": "created_at"}, {}):
        assert "hidden-gem" in models(api, **asked)
        assert "hidden-gem" not in models(nobody, **asked)
    with urllib.request.urlopen(f"{hub.url}/api/quicksearch?q=gem") as answer:
        assert json.load(answer)["models"] == []


def test_what_is_built_on_a_model_is_counted_as_far_as_one_may_see_it(api, hub):
    base = "ada/distilbert-small"
    card = b"---\nbase_model: ada/distilbert-small\n---\n"
    for name, is_private in (("tuned", False), ("tuned-in-secret", True)):
        api.create_repo(f"ada/{name}", private=is_private)
        api.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=f"ada/{name}")
    try:
        eve = HfApi(endpoint=hub.url, token=False)
        for client, count in ((api, 2), (eve, 1)):
            found = client.model_info(base, expand=["childrenModelCount", "transformersInfo"])
            assert found.children_model_count == count
            (row,) = client.list_models(filter="fill-mask", expand=["childrenModelCount"])
            assert row.children_model_count == count
        assert found.transformers_info.auto_model == "AutoModelForMaskedLM"
    finally:
        for name in ("tuned", "tuned-in-secret"):
            api.delete_repo(f"ada/{name}")


def test_a_model_tells_the_spaces_whose_cards_name_it(api):
    assert api.model_info("ada/llama-large", expand=["spaces"]).spaces == ["ada/drawing"]
    assert api.model_info("ada/nothing-said", expand=["spaces"]).spaces == []


def test_people_have_a_picture_that_is_there(api, hub):
    for address in (api.whoami()["avatarUrl"], api.get_user_overview("ada").avatar_url):
        with urllib.request.urlopen(hub.url + address) as answer:
            assert answer.headers["content-type"] == "image/svg+xml"


def test_tags_are_known_by_type(api):
    tags = api.get_model_tags()
    assert {"id": "license:mit", "label": "mit", "type": "license"}.items() <= next(
        each for each in tags["license"] if each["id"] == "license:mit"
    ).items()
    assert any(each["id"] == "text-generation" for each in tags["pipeline_tag"])
    assert {"dataset", "language", "library", "license", "other", "pipeline_tag"} <= tags.keys()
    assert {"benchmark", "language", "size_categories", "task_ids"} <= api.get_dataset_tags().keys()
    assert any(
        each["id"] == "task_categories:translation" and each["label"] == "translation"
        for each in api.get_dataset_tags()["task_categories"]
    )


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("model", hf_api.ExpandModelProperty_T),
        ("dataset", hf_api.ExpandDatasetProperty_T),
        ("space", hf_api.ExpandSpaceProperty_T),
    ],
)
def test_the_fields_an_error_lists_are_those_that_the_client_knows(api, kind, known):
    name = {"model": "nothing-said", "dataset": "wiki", "space": "still"}[kind]
    for ask in (
        lambda: api.repo_info(f"ada/{name}", repo_type=kind, expand=["foo"]),
        lambda: list(getattr(api, f"list_{kind}s")(expand=["foo"])),
    ):
        with pytest.raises(HfHubHTTPError) as told:
            ask()
        head, _, listed = told.value.server_message.partition("[")
        assert head == '"expand" must be one of '
        internal = {"xetEnabled"}
        assert set(listed.removesuffix("]").split(", ")) - internal == set(typing.get_args(known))


def test_every_task_is_told_with_a_model_if_there_is_one(hub):
    with urllib.request.urlopen(f"{hub.url}/api/tasks") as answer:
        tasks = json.load(answer)
    assert all(isinstance(each["widgetModels"], list) for each in tasks.values())
    assert "text-generation" in tasks


def test_downloads_count_gets_of_query_files_once_a_client_and_never_heads(api, hub):
    where = f"{hub.url}/ada/distilbert-small/resolve/main"
    nobody = HfApi(endpoint=hub.url, token=False)
    for _ in range(3):
        nobody.get_hf_file_metadata(url=f"{where}/config.json")
    urllib.request.urlopen(f"{where}/README.md").read()
    for _ in range(3):
        urllib.request.urlopen(f"{where}/config.json").read()
    signed = urllib.request.Request(
        f"{where}/config.json", headers={"Authorization": f"Bearer {hub.token}"}
    )
    urllib.request.urlopen(signed).read()

    def downloads():
        expand = ["downloads", "downloadsAllTime"]
        found = api.model_info("ada/distilbert-small", expand=expand)
        return found.downloads, found.downloads_all_time

    eventually(downloads, (2, 2))
    time.sleep(5)
    assert downloads() == (2, 2)


def test_the_command_line_lists(api, hub):
    def listed(*words):
        done = hub.client(Path(sys.executable).parent / "hf", *words, "--format", "json")
        return {each["id"] for each in json.loads(done.stdout)}

    assert listed("models", "ls", "--search", "bert") == {"ada/distilbert-small"}
    assert listed("models", "ls", "--gated", "--author", "ada") == {"ada/llama-large"}
    assert listed("models", "ls", "--apps", "ollama", "--sort", "likes") == {"ada/llama-large"}
    assert listed("models", "ls", "--num-parameters", "min:6B,max:128B") == set()
    assert listed("datasets", "ls", "--filter", "benchmark:official") == {"ada/wiki"}
    assert listed("spaces", "ls", "--search", "draw", "--expand", "sdk") == {"ada/drawing"}


def test_an_unknown_order_is_an_error_the_client_shows(api):
    with pytest.raises(HfHubHTTPError):
        list(api.list_models(sort="sideways"))
