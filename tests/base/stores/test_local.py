"""A disk that fails, fills or lies, and what the store says then."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from iriai.base import durable
from iriai.base.errors import Unavailable
from iriai.base.stores import DiskStore

KEY = "lfs/ab/cd/abcdef"

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed, so no fault can be injected"
)

PUT = """
from pathlib import Path
from iriai.base.errors import Unavailable
from iriai.base.stores import DiskStore
import sys
store = DiskStore(Path(sys.argv[1]))
for number in range(2):
    try:
        store.put("lfs/ab/cd/abcdef", b"some bytes")
    except Unavailable as error:
        print(error.code, store.faults, flush=True)
    else:
        print("acknowledged", store.faults, flush=True)
"""


def put_under(root: Path, *injections: str, program: str = PUT) -> list[str]:
    """Run `program` with faults injected into its system calls; what it printed."""
    command = ["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync,rename,write"]
    for each in injections:
        command += ["-e", f"inject={each}"]
    command += [os.path.realpath(sys.executable), "-c", textwrap.dedent(program), str(root)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.stdout.split("\n")[:-1]


@pytest.fixture
def root(tmp_path):
    DiskStore(tmp_path / "store").put("lfs/ab/cd/other", b"before")
    return tmp_path / "store"


@needs_strace
def test_a_failed_fsync_of_the_file_is_never_acknowledged(root):
    assert put_under(root, "fsync:error=EIO:when=1") == ["StoreFailed 1", "acknowledged 1"]
    store = DiskStore(root)
    assert store.read(KEY) == b"some bytes"
    assert list(store.staging().iterdir()) == []


@needs_strace
def test_an_object_whose_file_could_not_be_synced_is_not_visible(root):
    assert put_under(root, "fsync:error=EIO") == ["StoreFailed 1", "StoreFailed 2"]
    store = DiskStore(root)
    assert not store.exists(KEY)
    assert store.read("lfs/ab/cd/other") == b"before"
    assert list(store.staging().iterdir()) == []


@needs_strace
@pytest.mark.parametrize("call", [2, 3, 4, 5])
def test_a_failed_fsync_of_any_folder_is_not_acknowledged_and_the_object_is_written_anew(
    root, call
):
    said = put_under(root, f"fsync:error=EIO:when={call}")
    assert said == ["StoreFailed 1", "acknowledged 1"]
    assert DiskStore(root).read(KEY) == b"some bytes"


@needs_strace
def test_a_full_disk_is_said_and_leaves_nothing(root):
    said = put_under(root, "write:error=ENOSPC:when=1", "fsync:error=ENOSPC")
    assert said[0] == "StoreFull 0"
    store = DiskStore(root)
    assert not store.exists(KEY)
    assert list(store.staging().iterdir()) == []


@needs_strace
def test_a_kill_at_any_system_call_leaves_all_or_nothing(tmp_path):
    for number in range(1, 40):
        root = tmp_path / str(number)
        said = put_under(root, f"fsync,rename:signal=SIGKILL:when={number}")
        store = DiskStore(root)
        if store.exists(KEY):
            assert store.read(KEY) == b"some bytes"
        if len(said) == 2:
            break
        assert "acknowledged 0" not in said or store.exists(KEY)
        store.put(KEY, b"some bytes")
        assert store.read(KEY) == b"some bytes"
    else:
        pytest.fail("the program never ran to its end")


def test_a_write_beyond_what_a_file_may_hold_leaves_nothing(root):
    program = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4, 4))\n" + PUT.lstrip()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert done.stdout == "StoreFull 0\nStoreFull 0\n"
    assert not DiskStore(root).exists(KEY)


def test_new_bytes_are_refused_before_the_disk_is_full(root):
    with pytest.raises(Unavailable) as caught:
        durable.require_room(root, more=1 << 60)
    assert caught.value.code == "StoreFull"


def test_a_link_planted_in_an_objects_place_is_damage(root, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for you")
    (root / KEY).symlink_to(secret)
    store = DiskStore(root)
    with pytest.raises(Unavailable):
        store.read(KEY)
    with pytest.raises(Unavailable):
        store.size(KEY)
    store.put(KEY, b"not for you")
    assert not (root / KEY).is_symlink()
    assert store.read(KEY) == b"not for you"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_folder_or_pipe_in_an_objects_place_is_damage(root, make):
    make(root / KEY)
    with pytest.raises(Unavailable):
        DiskStore(root).read(KEY)


def test_a_planted_link_is_not_taken_for_an_upload(root, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for you")
    store = DiskStore(root)
    link = store.staging() / "upload"
    link.symlink_to(secret)
    with pytest.raises(Unavailable):
        store.put(KEY, link)
    assert not store.exists(KEY)
    assert secret.read_bytes() == b"not for you"


def test_the_file_of_an_object_is_at_its_key(root):
    assert DiskStore(root).local_path("lfs/ab/cd/other").read_bytes() == b"before"


def test_a_disk_signs_no_urls(root):
    assert DiskStore(root).signed_url(KEY, seconds=60) is None


def test_folders_removed_by_hand_are_made_again(root):
    store = DiskStore(root)
    store.put(KEY, b"x")
    shutil.rmtree(root / "lfs")
    store.put(KEY, b"x")
    assert store.read(KEY) == b"x"
