"""What the ledger writes into entries of a log, and reads there again.

An entry names the rows that it changed, but for those whose key is not for everybody: the name that
a digest stands for would be the same in the next entry about them, and so tell whom a case is about
who is named in the open elsewhere. Of all such rows of an entry its public half says one thing,

    "hidden": "<SHA-256>"

of canonical JSON that lies beside the entry (`events.hidden`): their names and digests, and a salt
of its own. No two entries have that in common. Whoever has the database reads the rows there, and
holds them to what the entry says; that a part is missing or another is a fault of its own. A log
that was brought from elsewhere comes without: its entry `imported` tells all anew, so that nothing
hidden from before it counts. Entries of older hubs name hidden rows in their state; that holds
until another entry says more of them.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, insert

from iriai.base import events
from iriai.base.events import ENTRY_BYTES_MAX, SALT_BYTES, Event, Recorded, canonical

if TYPE_CHECKING:
    from iriai.base.tx import Tx

STATE_ROWS_MAX = 300
"""Rows whose digests one entry holds, when there are too many for the entry they belong to."""
HIDDEN = "~"
HIDDEN_DIGITS = 32
HIDDEN_NAME = re.compile(rf"/{HIDDEN}[0-9a-f]{{{HIDDEN_DIGITS}}}$")
CONTINUED = "continued"
IMPORTED = "imported"

State = dict[str, str]
Change = Mapping[str, str | None]


def is_hidden(name: str) -> bool:
    """Whether a row is one whose name in the log does not say its key."""
    return HIDDEN_NAME.search(name) is not None


def shown(state: Mapping[str, str]) -> State:
    """The rows that everybody may read of."""
    return {name: value for name, value in state.items() if not is_hidden(name)}


def restate(tx: "Tx", recorded: Recorded, state: Change) -> bool:
    """Say in an event of this transaction what became of governed rows; False if it was undone.

    It is written anew: whoever changed one of these rows after us waited for us, and so has the
    later id, whenever they began. The order of ids is the order of changes. What one entry has no
    room for, further ones continue.
    """
    gone = tx.connection.execute(delete(Event).where(Event.id == recorded.id))
    if gone.rowcount == 0:
        return False
    more: dict[str, Any] = {}
    hidden = {name: value for name, value in state.items() if is_hidden(name)}
    kept = _beside(hidden) if hidden else None
    if kept is not None:
        more["hidden"] = events.hidden_digest(kept)
    rows = sorted(state.items() - hidden.items())
    whole = canonical({**recorded.entry, **more} | ({"state": dict(rows)} if rows else {})).decode()
    if len(whole.encode()) <= ENTRY_BYTES_MAX:
        tx.connection.execute(insert(Event), {**recorded.row, "entry": whole, "hidden": kept})
        return True
    tx.connection.execute(insert(Event), recorded.row)
    for row in _continued(recorded, rows, more):
        tx.connection.execute(insert(Event), row | {"hidden": kept if "hidden" in more else None})
        more.clear()
    return True


def _beside(hidden: Change) -> str:
    return canonical({"salt": secrets.token_hex(SALT_BYTES), "state": hidden}).decode()


def _continued(
    recorded: Recorded, rows: list[tuple[str, str | None]], more: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The events that go on where one has no room; `more` stands in the one that is made next."""
    plain = {**recorded.entry, "verb": CONTINUED, "facts": {}}
    plain.pop("private", None)
    for start in range(0, max(len(rows), 1), STATE_ROWS_MAX):
        state = {"state": dict(some)} if (some := rows[start : start + STATE_ROWS_MAX]) else {}
        entry = canonical({**plain, **more, **state}).decode()
        yield {**recorded.row, "verb": CONTINUED, "salt": None, "private": None, "entry": entry}


def apply(state: State, entry: Mapping[str, Any], hidden: Change | None = None) -> None:
    """Bring a state forward by one entry, and by what lies beside it."""
    if entry.get("verb") == IMPORTED:
        for name in [each for each in state if is_hidden(each)]:
            del state[name]
    for name, value in [*entry.get("state", {}).items(), *(hidden or {}).items()]:
        if value is None:
            state.pop(name, None)
        else:
            state[name] = value


def read_beside(entry: Mapping[str, Any], kept: str | None) -> Change | None:
    """What lies beside an entry; None where it is missing, or not what the entry says."""
    if "hidden" not in entry:
        return None if kept is not None else {}
    if kept is None or events.hidden_digest(kept) != entry["hidden"]:
        return None
    found: Change = orjson.loads(kept)["state"]
    return found
