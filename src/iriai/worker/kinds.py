"""Every module that registers a kind of job. Importing them is what makes them known."""

from importlib import import_module
from importlib.util import find_spec

MODULES = (
    "iriai.blobs.jobs",
    "iriai.buckets.jobs",
    "iriai.cards.jobs",
    "iriai.commons.charter.jobs",
    "iriai.commons.exit.jobs",
    "iriai.commons.jobs",
    "iriai.commons.pot.jobs",
    "iriai.commons.tlog.jobs",
    "iriai.evaluations.jobs",
    "iriai.identity.jobs",
    "iriai.notifications.jobs",
    "iriai.repos.jobs",
    "iriai.search.jobs",
    "iriai.signin.jobs",
    "iriai.webhooks.jobs",
)


def import_all() -> None:
    """Make every kind of job known to `base.jobs`."""
    for name in MODULES:
        if find_spec(name) is not None:
            import_module(name)
