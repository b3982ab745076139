"""Discussions by forms alone."""

import io
import json
import re

import pandas as pd

from iriai.discussions import actions as discussions
from iriai.identity import queries as people
from iriai.repos import actions as repos
from iriai.repos import queries
from tests.web.conftest import text


def edited_as_proposal(bob, model):
    """Bob proposes another README, from the browser."""
    form = bob.see(f"{model}/edit/main/.gitattributes").text
    sha = re.search(r'name="(?:parent|sha|base)" value="([0-9a-f]{40})"', form)
    fields = {sha[0].split('"')[1]: sha[1]} if sha else {}
    sent = {"text": "*.bin filter=lfs\n", "title": "Fewer patterns", "way": "propose", **fields}
    return bob.send(f"{model}/edit/main/.gitattributes", **sent).headers["location"]


def test_a_discussion_is_begun_answered_and_closed_by_forms(ada):
    model = ada.model()
    bob = ada.other().join("bob")
    made = bob.send(
        f"{model}/discussions/new", title="What data?", text="Which **data**?", what="discussion"
    )
    where = made.headers["location"]
    assert where == f"{model}/discussions/1"
    assert "<strong>data</strong>" in bob.see(where).text
    ada.send(where, act="say", text="Mine.")
    bob.send(where, act="say", text="Thanks.", become="closed")
    page = text(ada.see(where))
    assert "Mine." in page
    assert "closed it" in page
    assert "What data?" not in text(ada.see(f"{model}/discussions"))
    assert "What data?" in text(ada.see(f"{model}/discussions?status=all"))


def test_a_preview_changes_nothing(ada):
    model = ada.model()
    sent = {"title": "Look", "text": "*so*", "what": "discussion", "preview": "yes"}
    page = ada.send(f"{model}/discussions/new", status=200, **sent)
    assert "<em>so</em>" in page.text
    assert 'value="Look"' in page.text
    assert "Nothing here" in text(ada.see(f"{model}/discussions"))


def test_a_proposal_from_the_browser_is_read_and_merged(ada):
    model = ada.model()
    bob = ada.other().join("bob")
    edited_as_proposal(bob, model)
    where = f"{model}/discussions/1"
    assert "Fewer patterns" in text(ada.see(where))
    assert ".gitattributes" in text(ada.see(f"{where}/files"))
    assert "Merge" not in text(bob.see(where)).split("To fetch it")[0].split("Send")[0]
    ada.send(where, act="merge")
    assert "merged it" in text(bob.see(where))
    assert "filter=lfs" in ada.client.get(f"{model}/raw/main/.gitattributes").text


def test_a_long_thread_comes_in_parts_the_newest_first(ada):
    model = ada.model()
    with ada.ground.write() as tx:
        actor = people.actor_named(tx, "ada")
        repo = queries.repo(tx, actor, "model", model[1:])
        number = discussions.open_discussion(tx, actor, repo, title="A long one").number
        for each in range(205):
            discussions.comment(tx, actor, repo, number, text=f"Word {each}.")
    where = f"{model}/discussions/{number}"
    newest, first = text(ada.see(where)), text(ada.see(f"{where}?page=1"))
    assert "Part 3 of 3" in newest
    assert ("Word 204." in newest, "Word 99." in newest) == (True, False)
    assert ("Word 0." in first, "Word 99." in first, "Word 100." in first) == (True, True, False)
    assert "Word 204." in text(ada.see(f"{where}?page=99"))


def test_a_pull_request_is_for_the_branch_its_form_names(ada):
    model = ada.model()
    assert 'name="target"' not in ada.see(f"{model}/discussions/new").text
    with ada.ground.write() as tx:
        actor = people.actor_named(tx, "ada")
        repos.create_branch(tx, actor, queries.repo(tx, actor, "model", model[1:]), "next")
    assert ">next</option>" in ada.see(f"{model}/discussions/new").text
    sent = {"title": "Into next", "what": "pull_request", "target": "next"}
    where = ada.send(f"{model}/discussions/new", **sent).headers["location"]
    assert "for next" in text(ada.see(where))
    assert "that next lacks" in text(ada.see(f"{where}/files"))
    refused = ada.send(f"{model}/discussions/new", status=404, **{**sent, "target": "nowhere"})
    assert "Invalid rev id: nowhere" in text(refused)


def test_what_is_hidden_says_why_and_by_whom(ada):
    model = ada.model()
    bob = ada.other().join("bob")
    bob.send(f"{model}/discussions/new", title="Look here", text="buy this", what="discussion")
    where = f"{model}/discussions/1"
    key = re.search(r'id="event-([0-9a-f]{24})"', ada.see(where).text)[1]
    refused = ada.send(where, status=400, act="hide", key=key, reason="")
    assert "reason" in text(refused)
    ada.send(where, act="hide", key=key, reason="advertising")
    page = text(bob.see(where))
    assert "Hidden by ada: advertising" in page
    assert "buy this" not in page


def test_a_locked_thread_says_so_and_takes_no_more(ada):
    model = ada.model()
    bob = ada.other().join("bob")
    bob.send(f"{model}/discussions/new", title="A quarrel", text="no!", what="discussion")
    where = f"{model}/discussions/1"
    ada.send(where, act="lock", reason="cool down")
    assert "cool down" in text(bob.see(where))
    bob.send(where, status=403, act="say", text="yes!")
    ada.send(where, act="lock", unlock="yes")
    bob.send(where, act="say", text="sorry")


def test_markup_in_a_comment_stays_text(ada):
    model = ada.model()
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))"
    sent = {"title": "<b>evil</b>", "text": evil, "what": "discussion"}
    ada.send(f"{model}/discussions/new", **sent)
    page = ada.see(f"{model}/discussions/1").text
    assert "<script>alert" not in page
    assert "onerror" not in re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL)
    assert 'href="javascript:' not in page
    assert "<b>evil</b>" not in page
    ada.send(
        f"{model}/discussions/1", act="say", text="Put it into a <style> tag.\n\nThe <unk> end."
    )
    page = ada.see(f"{model}/discussions/1").text
    assert "<p>Put it into a &lt;style&gt; tag.</p>\n<p>The &lt;unk&gt; end.</p>" in page


def test_private_discussions_are_not_there_for_others(ada):
    model = ada.model()
    ada.send(f"{model}/discussions/new", title="Inside", text="x", what="discussion")
    ada.send(f"{model}/settings", status=303, act="change", visibility="private", gated="no")
    bob = ada.other().join("bob")
    for path in ("/discussions", "/discussions/1", "/discussions/new", "/discussions/1/files"):
        bob.see(model + path, status=404)


def safetensors(**tensors):
    header, at = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = 4 * shape[0]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(at)


def parquet(**columns):
    out = io.BytesIO()
    pd.DataFrame(columns).to_parquet(out)
    return out.getvalue()


def test_weights_and_tables_are_compared_by_what_their_headers_say(ada):
    model = ada.model()

    def send(way, **contents):
        files = [("files", (name.replace("_", "."), each)) for name, each in contents.items()]
        return ada.send(f"{model}/upload/main", files=files, way=way, title="Change").headers

    first = {
        "w_safetensors": safetensors(a=("F32", [4]), b=("F32", [2])),
        "t_parquet": parquet(id=[1, 2], text=["a", "b"]),
    }
    send("commit", **first, x_safetensors=b"rubbish" * 10)
    second = {
        "w_safetensors": safetensors(a=("F16", [8]), c=("F32", [3])),
        "t_parquet": parquet(id=[1, 2, 3], text=["a", "b", "c"], more=[0.5, 1, 2]),
    }
    there = send("propose", **second, x_safetensors=b"other rubbish")["location"]
    page = text(ada.see(f"{there}/files"))
    for said in (
        "tensor a F32 4 F16 8", "tensor b F32 2", "tensor c F32 3", "rows 2 3",
        "column more optional DOUBLE", "The header cannot be compared",
    ):  # fmt: skip
        assert said in page
