"""nginx as a peer: Debian's own, sendfile on, WebDAV PUT, on a free port and a generated file."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from tests.support import processes

CONFIG = """
daemon off;
worker_processes auto;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        dav_methods PUT DELETE;
    }}
}}
"""


def program() -> str | None:
    """Where nginx is, if it is installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Nginx:
    """One running nginx that serves the files of `root`."""

    def __init__(self, root: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = processes.free_ports(1)[0]
        user = "user root;" if os.geteuid() == 0 else ""
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, root=root, port=self.port, user=user))
        log = folder / "out.log"
        self._process = processes.start(
            [str(program()), "-e", folder / "error.log", "-c", config], log=log
        )
        processes.wait_until(self._answers, self._process, log=log, seconds=10)

    def _answers(self) -> bool:
        return processes.listens(self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        processes.stop(self._process, signal.SIGTERM)


def version() -> str:
    """What nginx says it is."""
    done = subprocess.run([str(program()), "-v"], capture_output=True, text=True, check=True)
    return done.stderr.strip().removeprefix("nginx version: ")
