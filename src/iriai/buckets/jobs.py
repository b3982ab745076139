"""What is done about buckets while nobody waits."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.buckets import changes, releasing

RELEASE_EVERY = timedelta(days=1)


@job("buckets.purge")
def purge(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Forget the files of a bucket that was deleted a grace ago."""
    releasing.purge(ground, int(payload["bucket_id"]))


@job("buckets.release", every=RELEASE_EVERY)
def release(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Let go of what was sent to buckets and no file has any more, and of what changed long ago."""
    releasing.release_all(ground)
    changes.forget(ground)
