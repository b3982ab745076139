"""`@huggingface/hub` for JavaScript: what it uploads, lists and downloads."""

import json
import random

import pytest

from tests.support.clients import node_modules, run

SCRIPT = """
import * as hub from "@huggingface/hub";
import { readFileSync } from "node:fs";
const [hubUrl, accessToken, name, big] = process.argv.slice(2);
const at = { hubUrl, accessToken, repo: name };
const made = await hub.createRepo({ ...at, license: "mit", private: false });
await hub.uploadFile({ ...at, file: { path: "a b/c.txt", content: new Blob(["hello"]) } });
const bytes = readFileSync(big);
await hub.uploadFile({ ...at, file: { path: "big.bin", content: new Blob([bytes]) } });
const pr = await hub.commit({ ...at, title: "please", isPullRequest: true, operations: [
  { operation: "addOrUpdate", path: "from-a-pull-request.txt", content: new Blob(["pr"]) },
] });
const collect = async (all) => {
  const found = [];
  for await (const each of all) found.push(each);
  return found;
};
const listed = await collect(hub.listFiles({ ...at, recursive: true }));
const proposed = await collect(hub.listFiles({ ...at, recursive: true, revision: "refs/pr/1" }));
const text = await (await hub.downloadFile({ ...at, path: "a b/c.txt" })).text();
const fromPull = await (
  await hub.downloadFile({ ...at, path: "from-a-pull-request.txt", revision: "refs/pr/1" })
).text();
const whole = Buffer.from(await (await hub.downloadFile({ ...at, path: "big.bin" })).arrayBuffer());
const plain = Buffer.from(
  await (await hub.downloadFile({ ...at, path: "big.bin", xet: false })).arrayBuffer()
);
const pointer = await (await hub.downloadFile({ ...at, path: "big.bin", raw: true })).text();
const stranger = await hub.checkRepoAccess({ hubUrl, repo: "none/none" }).catch((error) => error);
const info = await hub.modelInfo({ ...at, name, additionalFields: ["sha", "cardData"] });
const paths = await hub.pathsInfo({ ...at, paths: ["big.bin", "none"] });
const commits = await collect(hub.listCommits({ ...at }));
const exists = await hub.fileExists({ ...at, path: "big.bin" });
const missing = await hub.fileExists({ ...at, path: "none" });
const me = await hub.whoAmI({ hubUrl, accessToken });
await hub.deleteFile({ ...at, path: "a b/c.txt" });
const after = await collect(hub.listFiles({ ...at, recursive: true }));
const models = await collect(hub.listModels({ hubUrl, accessToken, search: { owner: "ada" } }));
await hub.deleteRepo({ ...at });
const gone = !(await hub.repoExists({ ...at }));
console.log(JSON.stringify({
  url: made.repoUrl, id: made.id, files: listed.map((each) => each.path).sort(),
  proposed: proposed.map((each) => each.path).sort(), text, fromPull,
  same: bytes.equals(whole), samePlain: bytes.equals(plain), pr: pr?.pullRequestUrl,
  sha: info.sha, license: info.cardData?.license, paths: paths.map((each) => each.path),
  titles: commits.map((each) => each.title), exists, missing, me: me.name,
  pointer, stranger: stranger.statusCode, madeAt: me.auth.accessToken.createdAt instanceof Date,
  after: after.map((each) => each.path).sort(), models: models.map((each) => each.name), gone,
}));
"""


@pytest.mark.parametrize("size", [3 << 20], ids=["3MiB"])
def test_the_javascript_client_uploads_lists_and_downloads(any_hub, tmp_path, size):
    modules = node_modules()
    big = tmp_path / "big.bin"
    big.write_bytes(random.Random(5).randbytes(size))
    script = modules / f"script-{any_hub.port}.mjs"
    script.write_text(SCRIPT)
    name = "ada/from-js"
    done = run(["node", script, any_hub.url, any_hub.token, name, big], any_hub.env, cwd=modules)
    script.unlink()
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["url"] == f"{any_hub.url}/{name}"
    assert len(said["id"]) == 24
    assert said["files"] == [".gitattributes", "README.md", "a b", "a b/c.txt", "big.bin"]
    assert "from-a-pull-request.txt" in said["proposed"]
    assert (said["text"], said["fromPull"]) == ("hello", "pr")
    assert said["same"] is True
    assert said["samePlain"] is True
    assert said["pointer"].startswith("version https://git-lfs.github.com/spec/v1\noid sha256:")
    assert (said["stranger"], said["madeAt"]) == (401, True)
    assert said["pr"] == f"{any_hub.url}/{name}/discussions/1"
    assert len(said["sha"]) == 40
    assert said["license"] == "mit"
    assert said["paths"] == ["big.bin"]
    assert said["titles"][-1] == "initial commit"
    assert (said["exists"], said["missing"], said["me"]) == (True, False, "ada")
    assert "a b/c.txt" not in said["after"]
    assert name in said["models"]
    assert said["gone"] is True
