"""The configurations of docs/operate.md, taken from there: real proxies before a real hub."""

import os
import re
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from tests.support import processes, server, waiting

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
BYTES = os.urandom(1 << 20) * 24


def written(name: str) -> str:
    """The configuration that the page gives for this proxy."""
    found = re.search(rf"^{name}:\n\n```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def nginx(folder: Path, port: int, hub_port: int) -> list[str]:
    """The command for nginx, its configuration in `folder`, without TLS and on our ports."""
    text = written("nginx").replace("server 127.0.0.1:8701;", "")
    text = text.replace("127.0.0.1:8700", f"127.0.0.1:{hub_port}")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off; {user} pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n{text}}}\n"
    )
    return [program("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, hub_port: int) -> list[str]:
    """The command for Caddy, the same way."""
    text = written("Caddy").replace("127.0.0.1:8700 127.0.0.1:8701", f"127.0.0.1:{hub_port}")
    text = text.replace("hub.example.org", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text(f"{{\n    admin off\n}}\n{text}")
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile")]


def program(name: str) -> str:
    """Where the proxy is; skips where it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed, so nothing can stand before the hub.")
    return found


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def proxied(request, tmp_path):
    port = processes.free_ports(1)[0]
    hub = server.LiveHub(tmp_path, settings={"IRIAI_BASE_URL": f"http://127.0.0.1:{port}"})
    command = request.param(tmp_path, port, hub.port)
    hub.start()
    hub.token = hub.person("ada")
    log = tmp_path / "proxy.log"
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    process = processes.start(command, log=log, environment=home)
    processes.wait_until(lambda: processes.listens(port), process, log=log, seconds=waiting.SECONDS)
    yield HfApi(f"http://127.0.0.1:{port}", token=hub.token), hub
    processes.stop(process, signal.SIGTERM)
    hub.stop()


def test_clients_upload_and_download_through_the_documented_proxies(proxied, tmp_path):
    api, hub = proxied
    api.create_repo("ada/far")
    for path, data in {"large.bin": BYTES, "a folder/ü+%2F.txt": b"odd"}.items():
        api.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id="ada/far")
    pull = api.create_pull_request("ada/far", title="Of refs with slashes")
    for revision in ("main", pull.git_reference):
        got = api.hf_hub_download(
            "ada/far", "large.bin", revision=revision, local_dir=tmp_path / str(revision)
        )
        assert Path(got).read_bytes() == BYTES
    odd = api.hf_hub_download("ada/far", "a folder/ü+%2F.txt", cache_dir=tmp_path / "cache")
    assert Path(odd).read_bytes() == b"odd"
    ranged = urllib.request.Request(
        f"{api.endpoint}/ada/far/resolve/main/large.bin", headers={"Range": "bytes=-7"}
    )
    with urllib.request.urlopen(ranged) as answer:
        assert (answer.status, answer.read()) == (206, BYTES[-7:])
    clone = ["git", "clone", "-q", f"{api.endpoint}/ada/far", str(tmp_path / "clone")]
    hub.client(*clone, env=hub.env | {"GIT_LFS_SKIP_SMUDGE": "1"})
    assert (tmp_path / "clone" / "large.bin").read_bytes().startswith(b"version https://git-lfs")
