"""Llama.cpp and ollama, request by request: what their pull code asks, header for header.

Neither program can be had where these tests run; the requests are ollama's (`server/auth.go`,
`server/download.go`, `server/images.go`) and llama.cpp's (`common/download.cpp`).
"""

import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import time
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from huggingface_hub import CommitOperationAdd, HfApi

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OLLAMA = {"User-Agent": "ollama/0.12.0 (amd64 linux) Go/go1.24.1", "Accept": MANIFEST}
LLAMA = {"User-Agent": "llama-cpp", "Accept": "application/json"}


def gguf(seed):
    """A whole GGUF file of one tensor, larger than what git keeps itself."""
    text = b"llama"
    entry = (
        struct.pack("<Q", 20) + b"general.architecture" + struct.pack("<IQ", 8, len(text)) + text
    )
    tensor = struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, 8, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + entry + tensor
    return head + hashlib.sha256(str(seed).encode()).digest() * 4_000


@pytest.fixture(scope="module")
def api(any_hub):
    return HfApi(endpoint=any_hub.url, token=any_hub.token)


@pytest.fixture(scope="module")
def files():
    return {
        "Tiny-Q4_K_M.gguf": gguf(1),
        "Tiny-Q8_0.gguf": gguf(2),
        "mmproj-Tiny-F16.gguf": gguf(3),
        "big/Tiny-BF16-00001-of-00002.gguf": gguf(4),
        "big/Tiny-BF16-00002-of-00002.gguf": gguf(5),
        "template": b"{{ .Prompt }}",
        "params": b'{"stop": ["<end>"]}',
    }


@pytest.fixture(scope="module")
def model(api, files):
    return filled(api, "ada/Tiny-GGUF", files)


@pytest.fixture(scope="module")
def secret(api, files):
    return filled(api, "ada/Secret-GGUF", files, private=True)


def filled(api, name, files, **more):
    api.create_repo(name, **more)
    api.create_commit(
        name,
        operations=[CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="Models",
    )
    return name


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def pull(base, name, tag, headers=OLLAMA):
    """All of `ollama pull`: the manifest, each layer asked for by HEAD, fetched in ranges."""
    answer = httpx.get(f"{base}/v2/{name}/manifests/{tag}", headers=headers)
    assert answer.status_code == 200, answer.text
    manifest = answer.json()
    assert manifest["schemaVersion"] == 2
    found = {}
    for layer in [*manifest["layers"], manifest["config"]]:
        where = f"{base}/v2/{name}/blobs/{layer['digest']}"
        head = httpx.head(where, headers=headers)
        assert (head.status_code, int(head.headers["Content-Length"])) == (200, layer["size"])
        content, size = b"", layer["size"]
        step = max(size // 3, 1)
        for start in range(0, size, step):
            end = min(start + step, size) - 1
            part = httpx.get(where, headers={**headers, "Range": f"bytes={start}-{end}"})
            assert part.status_code in (206, 307), part.text
            assert part.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
            content += part.content
        assert digest(content) == layer["digest"]
        found[layer["mediaType"]] = content
    return answer, found


def test_ollama_pulls_a_model_with_what_belongs_to_it(any_hub, model, files):
    answer, layers = pull(any_hub.url, model, "Q8_0")
    assert answer.headers["Content-Type"] == MANIFEST
    assert answer.headers["Docker-Content-Digest"] == digest(answer.content)
    assert layers["application/vnd.ollama.image.model"] == files["Tiny-Q8_0.gguf"]
    assert layers["application/vnd.ollama.image.projector"] == files["mmproj-Tiny-F16.gguf"]
    assert layers["application/vnd.ollama.image.template"] == files["template"]
    assert json.loads(layers["application/vnd.ollama.image.params"]) == {"stop": ["<end>"]}
    config = json.loads(layers["application/vnd.docker.container.image.v1+json"])
    assert (config["model_format"], config["file_type"]) == ("gguf", "Q8_0")
    assert config["rootfs"]["diff_ids"] == [each["digest"] for each in answer.json()["layers"]]


@pytest.mark.parametrize("tag", ["latest", "Q4_K_M", "q4_k_m", "Tiny-Q4_K_M.gguf"])
def test_a_tag_chooses_the_file(any_hub, model, files, tag):
    answer = httpx.get(f"{any_hub.url}/v2/{model}/manifests/{tag}", headers=OLLAMA)
    assert answer.json()["layers"][0]["digest"] == digest(files["Tiny-Q4_K_M.gguf"])
    head = httpx.head(f"{any_hub.url}/v2/{model}/manifests/{tag}", headers=OLLAMA)
    assert int(head.headers["Content-Length"]) == len(answer.content)


def test_what_cannot_be_pulled_is_refused_with_a_sentence(any_hub, api, model):
    base = f"{any_hub.url}/v2/{model}"
    unknown = httpx.get(f"{base}/manifests/Q2_K", headers=OLLAMA)
    assert (unknown.status_code, "not a valid quantization" in unknown.text) == (400, True)
    parts = httpx.get(f"{base}/manifests/BF16", headers=OLLAMA)
    assert (parts.status_code, "sharded" in parts.text) == (400, True)
    api.create_repo("ada/plain", exist_ok=True)
    plain = httpx.get(f"{any_hub.url}/v2/ada/plain/manifests/latest", headers=OLLAMA)
    assert (plain.status_code, "not GGUF" in plain.text) == (400, True)
    for wrong in ("f" * 64, "x"):
        missing = httpx.get(f"{base}/blobs/sha256:{wrong}", headers=OLLAMA)
        assert (missing.status_code, missing.headers["X-Error-Code"]) == (404, "BlobUnknown")
    assert httpx.get(f"{any_hub.url}/v2/").status_code == 200


def test_a_private_model_is_pulled_with_a_token_only(any_hub, secret, model, files):
    manifests = f"{any_hub.url}/v2/{secret}/manifests/latest"
    missing = httpx.get(f"{any_hub.url}/v2/ada/none/manifests/latest", headers=OLLAMA)
    hidden = httpx.get(manifests, headers=OLLAMA)
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
    assert hidden.status_code == 401
    challenge = hidden.headers["WWW-Authenticate"]
    assert challenge.replace(secret, "ada/none") == missing.headers["WWW-Authenticate"]
    token = {"Authorization": f"Bearer {any_hub.token}"}
    _, layers = pull(any_hub.url, secret, "latest", {**OLLAMA, **token})
    assert layers["application/vnd.ollama.image.model"] == files["Tiny-Q4_K_M.gguf"]
    blob = f"{any_hub.url}/v2/{secret}/blobs/{digest(files['Tiny-Q4_K_M.gguf'])}"
    assert httpx.get(blob, headers=OLLAMA).status_code == 401


def asked_for(challenge, name):
    """A value of a challenge, found as ollama finds it: up to the quote before the next comma."""
    return re.search(rf'{name}="(.*?)"(?:,|$)', challenge)[1]


def signed_in(answer, key):
    """What ollama does with a 401: it signs the address of the token, and asks there."""
    challenge = answer.headers["WWW-Authenticate"].removeprefix("Bearer ")
    values = {
        "nonce": base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("="),
        "scope": asked_for(challenge, "scope"),
        "service": asked_for(challenge, "service"),
        "ts": str(int(time.time())),
    }
    url = f"{asked_for(challenge, 'realm')}?{urlencode(values)}"
    nothing = base64.b64encode(hashlib.sha256(b"").hexdigest().encode()).decode()
    signature = base64.b64encode(key.sign(f"GET,{url},{nothing}".encode())).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return httpx.get(url, headers={"Authorization": f"{public.split()[1]}:{signature}"})


def test_ollama_signs_in_with_its_key_to_pull_a_private_model(any_hub, files):
    key, password = Ed25519PrivateKey.generate(), "a long enough password"
    zoe = HfApi(endpoint=any_hub.url, token=any_hub.person("zoe"))
    secret = filled(zoe, "zoe/Secret-GGUF", files, private=True)
    manifests = f"{any_hub.url}/v2/{secret}/manifests/latest"
    challenged = httpx.get(manifests, headers=OLLAMA)
    refused = signed_in(challenged, key)
    assert (refused.status_code, "does not know your key" in refused.text) == (401, True)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    subprocess.run(
        [sys.executable, "-m", "iriai", "user", "password", "zoe", "--password-stdin"],
        env=any_hub.server_env, input=password, text=True, check=True,
    )  # fmt: skip
    browser = httpx.Client(base_url=any_hub.url, headers={"Origin": any_hub.url})
    browser.post("/login", data={"name": "zoe", "password": password})
    done = browser.post("/settings/tokens", data={"act": "register", "of": "work", "key": public})
    assert (done.status_code, public.split()[1][-6:] in done.text) == (200, True)
    given = signed_in(challenged, key)
    assert given.status_code == 200, given.text
    ticket = {**OLLAMA, "Authorization": f"Bearer {given.json()['token']}"}
    _, layers = pull(any_hub.url, secret, "latest", ticket)
    assert layers["application/vnd.ollama.image.model"] == files["Tiny-Q4_K_M.gguf"]
    browser.close()
    other = httpx.get(f"{any_hub.url}/v2/ada/none/manifests/latest", headers=ticket)
    assert (other.status_code, "WWW-Authenticate" in other.headers) == (401, True)
    whoami = httpx.get(f"{any_hub.url}/api/whoami-v2", headers=ticket)
    assert whoami.status_code == 401
    still = httpx.get(f"{any_hub.url}/v2/{secret}/manifests/Q9", headers=ticket)
    assert still.status_code == 400


def test_a_blob_is_read_only_where_the_repository_holds_it(any_hub, api, secret):
    other = filled(api, "ada/Other-GGUF", {"Other-Q8_0.gguf": gguf(9)}, private=True)
    with_token = {**OLLAMA, "Authorization": f"Bearer {any_hub.token}"}
    where = f"{any_hub.url}/v2/{secret}/blobs/{digest(gguf(9))}"
    assert httpx.get(where, headers=with_token).status_code == 404
    there = f"{any_hub.url}/v2/{other}/blobs/{digest(gguf(9))}"
    assert httpx.get(there, headers=with_token).content == gguf(9)


@pytest.mark.parametrize(
    ("tag", "path"),
    [("latest", "Tiny-Q4_K_M.gguf"), ("BF16", "big/Tiny-BF16-00001-of-00002.gguf")],
)
def test_older_llama_cpp_learns_the_files_name_and_resolves_it(any_hub, model, files, tag, path):
    told = httpx.get(f"{any_hub.url}/v2/{model}/manifests/{tag}", headers=LLAMA).json()
    assert told["ggufFile"]["rfilename"] == path
    assert told["mmprojFile"]["rfilename"] == "mmproj-Tiny-F16.gguf"
    where = f"{any_hub.url}/{model}/resolve/main/{path}"
    head = httpx.head(where, headers=LLAMA)
    assert int(head.headers["Content-Length"]) == len(files[path])
    assert head.headers["ETag"]
    assert httpx.get(where, headers=LLAMA).content == files[path]


def test_today_s_llama_cpp_finds_the_commit_the_tree_and_the_bytes(any_hub, model, files):
    refs = httpx.get(f"{any_hub.url}/api/models/{model}/refs", headers=LLAMA).json()
    sha = next(each["targetCommit"] for each in refs["branches"] if each["name"] == "main")
    assert len(sha) == 40
    tree = httpx.get(f"{any_hub.url}/api/models/{model}/tree/{sha}?recursive=true").json()
    sizes = {each["path"]: each["size"] for each in tree if each["type"] == "file"}
    path = "Tiny-Q8_0.gguf"
    assert sizes[path] == len(files[path])
    where = f"{any_hub.url}/{model}/resolve/{sha}/{path}"
    probe = httpx.get(where, headers={**LLAMA, "Range": "bytes=0-0"})
    assert (probe.status_code, probe.headers["Accept-Ranges"]) == (206, "bytes")
    head = httpx.head(where, headers=LLAMA)
    assert head.headers["ETag"].strip('"') == hashlib.sha256(files[path]).hexdigest()
    half = len(files[path]) // 2
    rest = httpx.get(where, headers={**LLAMA, "Range": f"bytes={half}-"})
    assert rest.content == files[path][half:]


def test_a_model_that_moved_is_still_pulled_by_its_old_name(any_hub, api):
    filled(api, "ada/Before-GGUF", {"B-Q8_0.gguf": gguf(7)})
    api.move_repo("ada/Before-GGUF", "ada/After-GGUF")
    _, layers = pull(any_hub.url, "ada/Before-GGUF", "latest")
    assert layers["application/vnd.ollama.image.model"] == gguf(7)
