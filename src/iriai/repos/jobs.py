"""What is done about repositories while nobody waits."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.repos import compaction, releasing, sweeping

SWEEP_EVERY = timedelta(hours=6)
RELEASE_EVERY = timedelta(days=1)


@job("repos.compact")
def compact(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Make few packs of a repository's many."""
    compaction.compact(ground, int(payload["repo_id"]))


@job("repos.purge")
def purge(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Delete the bytes of a repository that was deleted a grace ago."""
    sweeping.purge(ground, int(payload["repo_id"]))


@job("repos.sweep", every=SWEEP_EVERY)
def sweep(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Delete packs that nobody needs any more."""
    sweeping.sweep_retired(ground)
    sweeping.sweep_orphans(ground)


@job("repos.release", every=RELEASE_EVERY)
def release(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Let go of large files that were sent long ago and that no commit came to name."""
    releasing.release_all(ground)
