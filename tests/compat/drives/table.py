"""Run drives in this environment: `python table.py OUT [DRIVE…]`. Writes what was seen as JSON."""

import importlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import huggingface_hub
from drives import commands, frame
from huggingface_hub import HfApi, HfFileSystem, utils

MODULES = (
    "buckets",
    "collections_and_people",
    "command_line",
    "discussions",
    "downloads",
    "files",
    "filesystem",
    "gates_and_webhooks",
    "listings",
    "not_here",
    "refs",
    "repositories",
)


def functions() -> "list[str]":
    """Everything public that this client has."""
    return [
        *(f"HfApi.{name}" for name in frame.public(HfApi)),
        *(f"HfFileSystem.{name}" for name in frame.public(HfFileSystem)),
        *(f"hf {name}" for name in commands.every()),
    ]


def main(out: str, *chosen: str) -> None:
    """Drive, and write down what came of it."""
    every = functions()
    for module in MODULES:
        importlib.import_module(f"drives.{module}")
    report: dict[str, Any] = {
        "version": huggingface_hub.__version__,
        "functions": every,
        "drives": {
            name: [claim for claim in claims if claim in every]
            for name, (_, claims) in frame.DRIVES.items()
        },
        "ran": {},
    }
    Path(out).write_text(json.dumps(report))
    if chosen == ("none",):
        return
    for name, came in ran(chosen or tuple(frame.DRIVES)):
        report["ran"][name] = came
        Path(out).write_text(json.dumps(report))


def ran(chosen: "tuple[str, ...]") -> "Iterator[tuple[str, dict[str, object]]]":
    """What came of each drive, as soon as it came."""
    utils.disable_progress_bars()
    utils.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    record = frame.Record()
    record.watch(HfApi, "HfApi.")
    record.watch(HfFileSystem, "HfFileSystem.")
    commands.RECORD = record
    frame.stay_home()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        at = frame.At(Path(folder))
        for name in chosen:
            record.came_to.clear()
            failure = frame.run(name, at)
            yield name, {"failure": failure, "came_to": dict(record.came_to)}


if __name__ == "__main__":
    main(*sys.argv[1:])
