"""A repository in the browser, from the first form to the last."""

import json
import os
import re
import struct

import pytest

from iriai.base import jobs
from iriai.identity.rules import ANYONE
from iriai.repos import queries as repos
from iriai.repos.rules import Kind
from iriai.search import downloads
from iriai.search.downloads import Fetched
from tests.web.conftest import Visitor, text

README = "---\nlicense: mit\ntags:\n- speech\n---\n# Tiny\n\nA *small* model.\n"


def tensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(24)


def test_a_model_is_made_filled_and_read(ada):
    where = ada.model(licence="mit")
    assert where == "/ada/tiny"
    assert "Nothing here yet" not in text(ada.see(where))
    ada.send(f"{where}/edit/main/README.md", text=README.replace("\n", "\r\n"), way="commit")
    page = ada.see(where)
    assert "<em>small</em>" in page.text
    assert "mit" in text(page)
    assert f"hf download ada/tiny" in text(page)  # noqa: F541
    assert "No files beside the card yet" in text(page)
    ada.send(f"{where}/new/main", path="notes.txt", text="Some.", way="commit")
    assert "No files beside the card yet" not in text(ada.see(where))
    shown = ada.see(f"{where}/raw/main/README.md")
    assert shown.text == README


def test_a_card_with_broken_metadata_is_refused_with_its_line_and_the_text_is_kept(ada):
    has, none = ada.model("has", licence="mit"), ada.model("none")
    for wrong, why in (("tags: [a", "line 2"), ("license: mit\nmodel-index: foo", "model-index")):
        sent = f"---\n{wrong}\n---\n# Kept words\n"
        form = {"text": sent, "way": "commit"}
        edited = ada.send(f"{has}/edit/main/README.md", status=400, **form)
        written = ada.send(f"{none}/new/main", status=400, path="README.md", **form)
        for page in (edited, written):
            assert "Nothing was committed" in text(page)
            assert why in text(page)
            assert "# Kept words" in page.text
        ada.send(f"{none}/new/main", path=f"{len(wrong)}/README.md", **form)


def test_a_card_that_cannot_be_read_is_said_so_to_who_may_put_it_right(ada):
    where = ada.model(licence="mit")
    ada.send(f"{where}/upload/main", files=[("files", ("README.md", b"---\ntags: [a\n---\n# A\n"))])
    page = text(ada.see(where))
    assert "cannot be read as it is" in page
    assert "(line 2, column" in page
    assert "cannot be read" not in text(ada.other().see(where))


def test_the_first_page_leaves_out_what_the_hub_makes_by_itself(ada):
    ada.send("/organizations/new", name="lab", fullname="")
    ada.send("/new-dataset", owner="ada", name="tiny", visibility="public")
    ada.model("charter")
    ada.see("/datasets/lab/charter")
    page = ada.see("/")
    assert "/datasets/ada/tiny" in page.text
    assert 'href="/ada/charter"' in page.text
    assert "/datasets/lab/charter" not in page.text
    assert "1 dataset " in text(page)


def test_uploaded_files_are_one_commit_and_large_ones_go_to_the_store(ada):
    where = ada.model()
    big = os.urandom(300_000)
    sent = ada.send(
        f"{where}/upload/main",
        files=[
            ("files", ("notes.txt", b"a\nb\n")),
            ("files", ("weights.bin", big)),
            ("files", ("m.safetensors", tensors())),
        ],
        folder="parts",
        way="commit",
        title="Add the parts",
    )
    assert "3 files changed" in text(ada.see(sent.headers["location"]))
    listed = text(ada.see(f"{where}/tree/main/parts"))
    assert re.search(r"weights\.bin (LFS|Xet)", listed)
    assert not re.search(r"notes\.txt (LFS|Xet)", listed)
    assert "2 × 3" in text(ada.see(f"{where}/blob/main/parts/m.safetensors"))
    assert "Add the parts" in text(ada.see(f"{where}/commits/main"))
    assert list((ada.ground.store.staging()).glob("form-*")) == []


def test_the_upload_page_names_the_command_that_its_reader_may_use(ada):
    where = ada.model()
    assert "hf upload ada/tiny ./folder</code>" in ada.see(f"{where}/upload/main").text
    visitor = ada.other().join("bob")
    said = "hf upload ada/tiny ./folder --create-pr</code>"
    assert said in visitor.see(f"{where}/upload/main").text


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(ada):
    where = ada.model(licence="mit")
    form = ada.see(f"{where}/edit/main/README.md")
    parent = re.search(r'name="parent" value="(\w+)"', form.text)[1]
    ada.send(f"{where}/edit/main/README.md", text="# First\n", way="commit", parent=parent)
    late = ada.send(
        f"{where}/edit/main/README.md", status=409, text="# Second\n", way="commit", parent=parent
    )
    assert "# Second" in late.text
    assert "refresh" in text(late)


def test_line_ends_stay_what_they_were(ada):
    where = ada.model()
    ada.send(f"{where}/upload/main", files=[("files", ("a.txt", b"one\r\ntwo\r\n"))], way="commit")
    ada.send(f"{where}/edit/main/a.txt", text="one\r\ntwo\r\nthree\r\n", way="commit")
    assert ada.see(f"{where}/raw/main/a.txt").content == b"one\r\ntwo\r\nthree\r\n"


def test_a_reader_proposes_a_change_and_sees_it_as_a_pull_request(ada):
    where = ada.model(licence="mit")
    bob = ada.other().join("bob")
    form = bob.see(f"{where}/edit/main/README.md")
    assert "Straight onto" not in text(form)
    bob.send(f"{where}/edit/main/README.md", status=403, text="# Mine\n", way="commit")
    sent = bob.send(
        f"{where}/edit/main/README.md", text="# Better\n", way="propose", title="Say it better"
    )
    assert sent.headers["location"] == f"{where}/discussions/1"
    assert "Say it better" in text(ada.see(f"{where}/discussions/1"))
    assert "# Better" in text(ada.see(f"{where}/discussions/1/files"))
    assert "Say it better" in text(ada.see(f"{where}/discussions"))
    assert "Better" not in text(ada.see(where))


def test_a_path_that_would_hurt_who_downloads_it_is_refused_with_its_reason(ada):
    where = ada.model()
    for path in ("../x", ".git/config", "a//b", "CON", "x\ny"):
        refused = ada.send(f"{where}/new/main", status=400, path=path, text="x", way="commit")
        assert 'role="alert"' in refused.text


TAILS = (
    "", "/tree/main", "/blob/main/README.md", "/commits/main", "/settings", "/discussions",
    "/raw/main/.gitattributes", "/resolve/main/.gitattributes", "/edit/main/README.md",
    "/upload/main", "/image/main/a.png", "/commit/main", "/discussions/1",
)  # fmt: skip
OF_ITS_OWN = {"x-request-id", "date", "ratelimit"}


def test_a_private_repository_looks_exactly_like_none(ada):
    ada.send("/new", owner="ada", name="secret", visibility="private")
    for visitor in (ada.other(), ada.other().join("bob")):
        for tail in TAILS:
            hidden = visitor.client.get("/ada/secret" + tail)
            missing = visitor.client.get("/ada/nothing" + tail)
            assert hidden.status_code == missing.status_code, tail
            assert hidden.status_code in (303, 401, 404), tail
            heads = [
                {
                    name: value.replace("/ada/nothing", "/ada/secret")
                    for name, value in answer.headers.items()
                    if name not in OF_ITS_OWN
                }
                for answer in (hidden, missing)
            ]
            assert heads[0] == heads[1]
            assert hidden.text == missing.text
            assert "secret" not in hidden.text
    assert "secret" not in ada.other().see("/ada").text
    listed = ada.other().see("/models?search=secret")
    assert "Nothing fits" in text(listed)
    assert "/ada/secret" not in listed.text


def test_the_old_address_of_a_renamed_repository_leads_to_the_new_one(ada):
    where = ada.model()
    ada.send(f"{where}/settings", act="move", owner="ada", name="small")
    turned = ada.see("/ada/tiny/tree/main?x=1", status=307)
    assert turned.headers["location"] == "/ada/small/tree/main?x=1"


def test_deleting_asks_for_the_name_and_leaves_a_tombstone(ada):
    where = ada.model()
    refused = ada.send(f"{where}/settings", status=400, act="delete", confirm="ada/tin")
    assert "Type ada/tiny" in text(refused)
    ada.send(f"{where}/settings", act="delete", confirm="ada/tiny")
    assert "removed" in text(ada.see(where, status=410))
    ada.send("/new", status=409, owner="ada", name="tiny", visibility="public")


def test_only_who_administers_a_repository_changes_its_settings(ada):
    where = ada.model()
    bob = ada.other().join("bob")
    bob.see(f"{where}/settings", status=403)
    bob.send(f"{where}/settings", status=403, act="delete", confirm="ada/tiny")
    ada.see(where)


def test_pictures_come_from_a_route_that_gives_nothing_else(ada):
    where = ada.model()
    png = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")
    ada.send(
        f"{where}/upload/main",
        files=[("files", ("a.png", png)), ("files", ("b.png", b"<script>alert(1)</script>"))],
        way="commit",
    )
    shown = ada.see(f"{where}/image/main/a.png")
    assert shown.headers["content-type"] == "image/png"
    assert "sandbox" in shown.headers["content-security-policy"]
    ada.see(f"{where}/image/main/b.png", status=400)
    assert f'src="{where}/image/main/a.png"' in ada.see(f"{where}/blob/main/a.png").text


@pytest.mark.parametrize("kind", ["new", "new-dataset", "new-space"])
def test_each_kind_of_repository_has_its_pages(ada, kind):
    where = ada.send(f"/{kind}", owner="ada", name="thing", licence="mit", visibility="public")
    where = where.headers["location"]
    for tail in (
        "",
        "/tree/main",
        "/blob/main/README.md",
        "/commits/main",
        "/commit/main",
        "/discussions",
        "/settings",
        "/edit/main/README.md",
        "/new/main",
        "/upload/main",
        "/delete/main/README.md",
    ):
        ada.see(where + tail)
    visitor = ada.other()
    for tail in ("", "/tree/main", "/blob/main/README.md", "/commits/main", "/discussions"):
        visitor.see(where + tail)


def test_history_comes_a_page_at_a_time(ada):
    where = ada.model()
    for number in range(32):
        ada.send(f"{where}/new/main", path=f"f{number}.txt", text="x", way="commit")
    first = ada.see(f"{where}/commits/main")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)[1]
    second = text(ada.see(older))
    assert "Add f31.txt" in text(first)
    assert "Add f31.txt" not in second
    assert "Add f0.txt" in second


def test_an_organisations_repository_is_shown_in_its_log(ada):
    ada.send("/organizations/new", name="lab", fullname="The Lab")
    ada.send("/new", owner="lab", name="tiny", visibility="public")
    ada.send("/lab/tiny/settings", act="delete", confirm="lab/tiny")
    from iriai.base import events

    events.seal(ada.ground)
    page = text(Visitor(ada.ground).see("/commons/lab/log"))
    assert "deleted the model lab/tiny" in page


def test_the_owner_downloads_from_a_private_repository_with_the_browser(ada):
    ada.send("/new", owner="ada", name="secret", visibility="private")
    ada.send("/ada/secret/new/main", path="a.html", text="<script>1</script>", way="commit")
    listed = ada.see("/ada/secret/tree/main").text
    where = re.search(r'href="(/ada/secret/resolve/main/a.html[^"]*)"', listed)[1]
    for address in (where, "/ada/secret/raw/main/a.html"):
        sent = ada.see(address)
        assert sent.text == "<script>1</script>"
        assert "sandbox" in sent.headers["content-security-policy"]
        assert sent.headers["x-content-type-options"] == "nosniff"
        assert sent.headers["content-type"].startswith(("text/plain", "application/octet-stream"))
    assert sent.headers.get("access-control-allow-credentials") is None
    assert "attachment" in ada.see(where).headers["content-disposition"]
    ada.other().see(where, status=401)


def test_a_gate_is_before_the_files_not_before_the_card(ada):
    where = ada.model(licence="mit")
    ada.send(f"{where}/edit/main/README.md", text=README, way="commit")
    ada.send(f"{where}/settings", act="change", visibility="public", gated="manual")
    visitor = ada.other()
    page = visitor.see(where)
    assert "restricted" in text(page)
    assert "<em>small</em>" in page.text
    for tail in ("/tree/main", "/blob/main/README.md", "/commits/main"):
        visitor.see(where + tail, status=403)
    visitor.see(f"{where}/raw/main/README.md", status=401)
    assert "gated" in text(visitor.see("/models"))


def test_a_link_to_a_private_page_as_json_works_for_who_is_signed_in(ada):
    ada.send("/new", owner="ada", name="hidden", visibility="private")
    page = ada.see("/ada/hidden")
    assert 'href="/api/models/ada/hidden"' in page.text
    followed = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    assert ada.see("/api/models/ada/hidden", **followed).json()["private"] is True
    for other in ("cross-site", "same-site", "none"):
        ada.see("/api/models/ada/hidden", 401, **{**followed, "Sec-Fetch-Site": other})
    ada.see("/api/models/ada/hidden", 401, **{**followed, "Sec-Fetch-Mode": "cors"})
    ada.see("/api/models/ada/hidden", 401)
    ada.other().see("/api/models/ada/hidden", 401, **followed)
    ada.see("/api/models/ada/hidden/xet-write-token/main", 401, **followed)


def test_the_card_of_a_dataset_shows_its_first_rows_and_who_was_trained_on_it(ada, clock):
    made = ada.send("/new-dataset", owner="ada", name="birds", licence="", visibility="public")
    where = made.headers["location"]
    rows = "bird,<script>count</script>\n" + "".join(f"crane {n},{n}\n" for n in range(50))
    files = [("files", ("train.csv", rows.encode())), ("files", ("a.jsonl", b'{"x": 1}\n'))]
    ada.send(f"{where}/upload/main", files=files, folder="", way="commit")
    assert "<script>count" not in ada.see(where).text
    page = text(ada.see(where))
    assert "train.csv The first 6 rows, 2 columns" in page
    assert "crane 5" in page
    assert "crane 6" not in page
    assert "crane 49" in text(ada.see(f"{where}/blob/main/train.csv"))
    model = ada.model(licence="mit")
    trained = "---\nlicense: mit\ndatasets: [ada/birds]\n---\n# Tiny\n"
    ada.send(f"{model}/edit/main/README.md", text=trained, way="commit")
    jobs.run_due(ada.ground)
    assert "Models trained on this ada/tiny" in text(ada.see(where))


def test_downloads_are_drawn_day_by_day(ada, clock):
    where = ada.model()
    with ada.ground.write() as tx:
        repo = repos.repo(tx, ANYONE, Kind.MODEL, "ada/tiny")
        assert downloads.count(tx, [Fetched(repo.id, "x", None, tx.now)]) == 1
    page = ada.see(where)
    assert "Downloads in 30 days 1" in text(page)
    assert page.text.count('<rect x="') == 1
