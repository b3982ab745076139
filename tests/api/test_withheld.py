"""What is held or was removed is served by no door, whatever a large file is asked for by."""

import base64
import hashlib
import json
import subprocess

import pytest
from tests.api.test_lfs_door import told
from tests.api.xet_clients import Cas, Upload
from tests.support import waiting
from tests.support.wire import Wire

from iriai.api.git.packets import DELIMITER, FLUSH, packet

TALES = "datasets/tales/voices"


class Place:
    """A commons `tales` with a dataset in which somebody's voice is a large file."""

    def __init__(self, hub):
        self.hub = hub
        token = hub.person("bob")
        hub.run("org", "add", "tales", "--member", "ada:admin", "--member", "bob:admin")
        self.ada, self.bob, self.nobody = Wire(hub, hub.token), Wire(hub, token), Wire(hub)
        self.voice, self.song = Upload.of(1), Upload.of(2)
        body = {"name": "voices", "type": "dataset", "organization": "tales"}
        assert self.bob.ask("POST", "/api/repos/create", json=body).status_code == 200
        self.cas = Cas.of(self.bob, "tales/voices", kind="dataset")
        for each in (self.voice, self.song):
            each.send(self.cas)
        self.first = self.commit({"voice.bin": self.voice, "song.bin": self.song})

    def commit(self, large, text="A change"):
        lines = [{"key": "header", "value": {"summary": text}}]
        content = base64.b64encode(text.encode()).decode()
        lines += [
            {"key": "file", "value": {"path": "a.txt", "content": content, "encoding": "base64"}}
        ]
        for path, each in large.items():
            facts = {"path": path, "algo": "sha256", "oid": each.sha256, "size": len(each.content)}
            lines += [{"key": "lfsFile", "value": facts}]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = self.bob.ask("POST", f"/api/{TALES}/commit/main", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["commitOid"]

    def statuses(self, each, path, revision="main"):
        """What resolve, the LFS batch and Xet say of a file to somebody without an account."""
        resolved = self.nobody.ask("HEAD", f"/{TALES}/resolve/{revision}/{path}").status_code
        entry = told(self.nobody, TALES, each.content, operation="download")
        batch = entry["error"]["code"] if "error" in entry else 200
        cas = Cas.of(self.nobody, "tales/voices", "read", "dataset")
        made_of = cas.ask("GET", f"/v1/reconstructions/{each.file}").status_code
        newer = self.nobody.ask(
            "GET", cas.url.replace("/v1", "") + f"/v2/reconstructions/{each.file}", token=cas.token
        ).status_code
        return [302 if resolved < 400 else resolved, batch, made_of, newer]

    def fetch(self, wishes):
        """A request of protocol 2 for objects."""
        body = packet(b"command=fetch\n") + DELIMITER + packet(b"no-progress\n") + wishes
        headers = {
            "Git-Protocol": "version=2",
            "Content-Type": "application/x-git-upload-pack-request",
        }
        return self.nobody.ask("POST", f"/{TALES}/git-upload-pack", content=body, headers=headers)

    def ranged(self, each):
        """A signed address of some of a file's bytes, and what it takes to fetch them."""
        cas = Cas.of(self.nobody, "tales/voices", "read", "dataset")
        made_of = cas.ask("GET", f"/v1/reconstructions/{each.file}").json()
        (fetch,) = made_of["fetch_info"][each.name]
        span = fetch["url_range"]
        return fetch["url"], {"Range": f"bytes={span['start']}-{span['end']}"}

    def post(self, path, **body):
        answer = self.ada.ask("POST", f"/api/commons/tales/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


WORD = "quillwort"
"""Stands in every file of the model below, and nowhere else."""
CARD = f"---\nlicense: mit\ntags: [{WORD}]\n---\n# {WORD}\n"
SHOWN = (
    "/{0}",
    "/{0}/blob/main/said.txt",
    "/{0}/commit/{1}",
    "/{0}/discussions/1/files",
    "/api/models/{0}",
    "/api/models/{0}?expand=tags&expand=cardData&expand=config",
    "/api/models/{0}/discussions/1?diff=1",
    "/v2/{0}/manifests/latest",
    "/api/models?author=tales&full=true&cardData=true",
)
"""Where somebody without an account could meet what the files of a model say."""


@pytest.fixture(scope="module")
def place(hub):
    made = Place(hub)
    yield made
    for wire in (made.ada, made.bob, made.nobody):
        wire.close()


def test_a_held_large_file_is_refused_by_hash_as_it_is_by_name(place):
    assert place.statuses(place.voice, "voice.bin") == [302, 200, 200, 200]
    entry = told(place.nobody, TALES, place.voice.content, operation="download")
    links = [(entry["actions"]["download"]["href"], {}), place.ranged(place.voice)]
    held = place.post(
        "holds", subject=f"repo/{TALES}/file/voice.bin", ground="malware", reason="It runs code."
    )
    for link, headers in links:  # what was signed before it was held
        answer = place.nobody.ask("GET", link, headers=headers)
        assert answer.headers["X-Error-Code"] == "Held"
    place.commit({"voice.bin": place.song}, "Another at its place")
    assert place.statuses(place.voice, "voice.bin") == [403, 403, 403, 403]
    refused = told(place.nobody, TALES, place.voice.content, operation="download")
    assert "commons/tales/cases" in refused["error"]["message"]
    place.post(f"holds/{held['number']}/lift")
    assert place.statuses(place.voice, "voice.bin", place.first) == [302, 200, 200, 200]


def test_nothing_is_copied_out_of_where_something_is_held(place):
    held = place.post(
        "holds", subject=f"repo/{TALES}/file/song.bin", ground="malware", reason="It runs code."
    )
    body = {"type": "dataset", "name": "taken"}
    assert place.bob.ask("POST", "/api/repos/create", json=body).status_code == 200
    asked = {
        "target": {"type": "dataset", "name": "bob/taken"},
        "files": [{"sha256": place.song.sha256}],
    }
    copy, batch = f"/api/{TALES}/lfs-files/duplicate", "datasets/bob/taken"
    assert place.bob.ask("POST", copy, json=asked).json()["failed"]
    entry = told(place.bob, batch, place.song.content, operation="upload")
    assert "upload" in entry["actions"]  # a hash alone gives nothing: the bytes are asked for
    line = {"type": "copyFile", "path": "song.bin", "xetHash": place.song.file}
    line |= {"sourceRepoType": "dataset", "sourceRepoId": "tales/voices"}
    assert place.bob.ask("POST", "/api/buckets/bob/kept", json={}).status_code < 300
    bucket = {"content": json.dumps(line).encode()}
    by_hash = place.bob.ask("POST", "/api/buckets/bob/kept/batch", **bucket).json()
    assert "commons/tales/cases" in by_hash["failed"][0]["error"]
    whole = {"repository": "bob/whole"}
    refused = place.bob.ask("POST", f"/api/{TALES}/duplicate", json=whole)
    assert refused.headers["x-error-code"] == "Held"
    place.post(f"holds/{held['number']}/lift")
    assert not place.bob.ask("POST", copy, json=asked).json()["failed"]
    assert place.bob.ask("POST", "/api/buckets/bob/kept/batch", **bucket).json()["success"]
    assert place.bob.ask("POST", f"/api/{TALES}/duplicate", json=whole).status_code == 200


def test_what_was_removed_is_gone_by_every_door(place, tmp_path):
    place.commit({"gone.bin": place.voice, "voice.bin": place.song}, "Again")
    before = place.commit({}, "Once more")
    asked = place.nobody.ask(
        "POST",
        "/api/removal",
        json={"subject": f"repo/{TALES}", "paths": ["gone.bin", "voice.bin"], "words": "Mine."},
    ).json()
    number = asked["number"]
    place.post(f"removals/{number}/acknowledge")
    place.post(f"removals/{number}/fulfil", reason="It is theirs.")
    assert place.statuses(place.voice, "gone.bin", before) == [410, 404, 404, 404]
    git = ["git", "-c", "protocol.version=2", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    url = f"{place.hub.url}/{TALES}"
    done = subprocess.run(
        [*git, "fetch", url, before], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    require_no_way_round(place, before)
    subprocess.run([*git, "fetch", "-q", url, "main"], check=True, timeout=60)
    assert (
        hashlib.sha256(place.voice.content).hexdigest()
        not in subprocess.run(
            [*git, "log", "-p", "FETCH_HEAD"], capture_output=True, text=True, check=True
        ).stdout
    )


def require_no_way_round(place, gone):
    """What was removed is refused wherever in a request its name stands, and however written."""
    have = b"".join(packet(b"have %040x\n" % number) for number in range(2_000))
    wants = b"".join(packet(b"want %040x\n" % number) for number in range(300))
    for before in (b"", have, wants + have):
        for wish in (gone, gone.upper()):
            body = before + packet(f"want {wish}\n".encode()) + packet(b"done\n") + FLUSH
            answer = place.fetch(body)
            assert answer.status_code == 410, (len(body), answer.content[:200])
    too_long = place.fetch(have * 90)
    assert too_long.status_code == 413
    assert "8,388,608" in too_long.text


def model(place):
    """A public model, its newest commit, and a pull request that changes a file."""
    place.bob.ask("POST", "/api/repos/create", json={"name": "tiny", "organization": "tales"})

    def commit(query, **files):
        lines = [{"key": "header", "value": {"summary": "A change"}}]
        for path, content in files.items():
            facts = {"path": path.replace("_", "."), "content": content, "encoding": "utf-8"}
            lines += [{"key": "file", "value": facts}]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = place.bob.ask(
            "POST", f"/api/models/tales/tiny/commit/main{query}", content=body, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["commitOid"]

    said = json.dumps({"model_type": WORD})
    made = commit("", README_md=CARD, said_txt=f"{WORD}\n", config_json=said)
    commit("?create_pr=1", said_txt=f"{WORD} {WORD}\n")
    return made


def seen(place, sha):
    """Of all places where a file's words could be met, those where they are."""
    there = [each.format("tales/tiny", sha) for each in SHOWN]
    return {each for each in there if WORD in place.nobody.ask("GET", each).text}


@pytest.mark.parametrize("what", ["", "/file/README.md /file/said.txt /file/config.json"])
def test_nothing_tells_what_a_held_file_says(place, what):
    sha = (
        model(place)
        if not what
        else place.nobody.ask("GET", "/api/models/tales/tiny").json()["sha"]
    )
    everywhere = {each.format("tales/tiny", sha) for each in SHOWN if "/v2/" not in each}
    assert waiting.until(lambda: seen(place, sha) == everywhere), seen(place, sha)
    subjects = [f"repo/tales/tiny{each}" for each in what.split(" ")]
    held = [
        place.post("holds", subject=each, ground="privacy", reason="It names people.")["number"]
        for each in subjects
    ]
    assert waiting.until(lambda: not seen(place, sha)), seen(place, sha)
    edit = place.bob.ask("GET", "/tales/tiny/edit/main/said.txt")
    assert WORD not in edit.text
    for number in held:
        place.post(f"holds/{number}/lift")
    assert waiting.until(lambda: seen(place, sha) == everywhere), seen(place, sha)
