"""What is held or was removed is served by no door, whatever a large file is asked for by."""

import base64
import hashlib
import json
import subprocess

import pytest
from tests.api.test_lfs_door import told
from tests.api.xet_clients import Cas, Upload
from tests.support.wire import Wire

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

    def post(self, path, **body):
        answer = self.ada.ask("POST", f"/api/commons/tales/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def place(hub):
    made = Place(hub)
    yield made
    for wire in (made.ada, made.bob, made.nobody):
        wire.close()


def test_a_held_large_file_is_refused_by_hash_as_it_is_by_name(place):
    assert place.statuses(place.voice, "voice.bin") == [302, 200, 200, 200]
    held = place.post(
        "holds", subject=f"repo/{TALES}/file/voice.bin", ground="malware", reason="It runs code."
    )
    place.commit({"voice.bin": place.song}, "Another at its place")
    assert place.statuses(place.voice, "voice.bin") == [403, 403, 403, 403]
    refused = told(place.nobody, TALES, place.voice.content, operation="download")
    assert "commons/tales/cases" in refused["error"]["message"]
    place.post(f"holds/{held['number']}/lift")
    assert place.statuses(place.voice, "voice.bin", place.first) == [302, 200, 200, 200]


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
    subprocess.run([*git, "fetch", "-q", url, "main"], check=True, timeout=60)
    assert (
        hashlib.sha256(place.voice.content).hexdigest()
        not in subprocess.run(
            [*git, "log", "-p", "FETCH_HEAD"], capture_output=True, text=True, check=True
        ).stdout
    )
