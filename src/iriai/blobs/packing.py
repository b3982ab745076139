"""Pack a file into xorbs, in a process of its own: `python -m iriai.blobs.packing FILE FOLDER`.

The client's own library does it, so that a file sent by LFS is cut exactly as if it had been sent
by Xet. It gets a folder and nothing else: no settings, no credentials, no hub.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from iriai.base.errors import Unavailable

START_SECONDS = 60
BYTES_PER_SECOND_MIN = 5_000_000
ARGUMENTS = 3


def pack(file: Path, folder: Path) -> None:
    """Pack `file` into xorbs and shards under `folder`."""
    seconds = START_SECONDS + file.stat().st_size / BYTES_PER_SECOND_MIN
    environment = {
        "HOME": str(folder),
        "HF_HOME": str(folder / "home"),
        "HF_XET_CACHE": str(folder / "cache"),
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-m", __name__, str(file.absolute()), str(folder.absolute())]
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable("Packing a file into xorbs took too long.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace")[-500:]
        raise Unavailable(f"Packing a file into xorbs failed: {said}")


def xorbs(folder: Path) -> Iterator[tuple[str, Path]]:
    """The xorbs that were made, by name."""
    for path in sorted((folder / "xet/xorbs/xorbs").iterdir()):
        prefix, dot, name = path.name.partition(".")
        if prefix == "default" and dot and "." not in name:
            yield name, path


def shards(folder: Path) -> Iterator[bytes]:
    """The shards that were made."""
    for path in sorted((folder / "xet/xorbs/shards").glob("*.mdb")):
        yield path.read_bytes()


def main(arguments: list[str]) -> int:
    """In the process."""
    if len(arguments) != ARGUMENTS:
        return 2
    import hf_xet  # noqa: PLC0415 - only here, and it starts threads

    file, folder = arguments[1:]
    session = hf_xet.XetSession()
    with session.new_upload_commit(endpoint=f"local://{folder}") as commit:
        commit.start_upload_file(file, sha256=hf_xet.COMPUTE_SHA256)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
