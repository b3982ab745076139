"""How much memory a hub and the processes it started have held."""

from pathlib import Path

from tests.support.server import LiveHub


def peak_megabytes(hub: LiveHub) -> float:
    """The largest resident set that the server's process had since it started."""
    assert hub.process is not None
    return _status(hub.process.pid, "VmHWM")


def forget_peak(hub: LiveHub) -> None:
    """Measure the peak from now on."""
    assert hub.process is not None
    Path(f"/proc/{hub.process.pid}/clear_refs").write_text("5", encoding="ascii")


def _status(process: int, name: str) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)
