"""The charter that everybody reads is the one the log says is in force.

A charter's text lies twice: as a governed row, and as a file on main of the charter's repository,
which only a decision moves. Branches are no rows that a log tells of; this one is held to the row.
"""

from collections.abc import Iterator
from datetime import timedelta

from iriai.base.errors import HubError, Unknown
from iriai.base.ledger import Difference, beside
from iriai.base.ledger_reading import NOT_READ
from iriai.base.tx import Tx
from iriai.commons.charter import amending, queries, reading
from iriai.commons.charter.rules import FILE_NAME, Preset
from iriai.repos import queries as repos
from iriai.repos.rules import MAIN

FOLLOWS_WITHIN = timedelta(hours=1)


@beside
def published(tx: Tx, commons_id: int) -> Iterator[Difference]:
    """Where main of a charter's repository does not hold the charter in force."""
    try:
        repo = amending.repository(tx, commons_id)
    except Unknown:
        return  # not made yet: a job makes it of the charter in force
    main = repos.ref(tx, repo.id, MAIN)
    name = repo.full_name
    if main is None:
        yield Difference("refs", name, f"{name} has no main, where the charter in force should be.")
        return
    try:
        found = amending.read_file(tx.ground, repo, main.commit, FILE_NAME)
    except (HubError, *NOT_READ, OSError) as error:
        why = getattr(error, "message", None) or str(error)
        yield Difference("refs", name, f"{FILE_NAME} on main of {name} cannot be read: {why}")
        return
    if found not in _texts(tx, commons_id):
        message = f"{FILE_NAME} on main of {name} is not the charter in force."
        yield Difference("refs", name, message)


def _texts(tx: Tx, commons_id: int) -> set[bytes]:
    """What main may hold: the charter in force.

    Where `solo` ended because somebody came back, a job lands the one that follows, soon after.
    """
    allowed = {queries.text(tx, commons_id).encode()}
    version = queries.version(tx, commons_id)
    charter = queries.in_force(tx, commons_id)
    if version.number > 1 and tx.now < version.enacted_at + FOLLOWS_WITHIN:
        before = queries.text(tx, commons_id, version.number - 1)
        was, _ = reading.examined(before, commons=charter.commons)
        if was.preset is Preset.SOLO is not charter.preset:
            allowed.add(before.encode())
    return allowed
