"""What is done with charters without a power: beginning with one, keeping it where all can read it.

`begin` writes the first version down as a commons is founded. `publish` makes the repository with
`CHARTER.yaml` and `README.md`; the worker sees to it too, should whoever founded be interrupted.
`draft` opens a pull request with a charter that was written in a form.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Ground, Tx
from iriai.commons.charter import amending, presets, queries, register, writing
from iriai.commons.charter.rules import FILE_NAME, Charter
from iriai.commons.charter.tables import CharterRow
from iriai.commons.tables import Commons
from iriai.repos import charters
from iriai.repos.guarded import CHARTER_NAME
from iriai.repos.rules import HeldBy, Kind, Repo
from iriai.repos.tables import RepoName

PUBLISH = "charter.publish"
NOTICE_DAYS = 14
"""So long before it happens it is announced that a commons comes to hold what there is."""


def begin(tx: Tx, commons_id: int, text: str) -> Charter:
    """Write down with which charter a commons begins, in the transaction that founds it."""
    _require_whole(tx, commons_id, text)
    charter = register.enter(tx, commons_id, text, decision=register.FOUNDING, holds_from=tx.now)
    tx.enqueue(PUBLISH, {"commons": commons_id}, key=f"charter:{commons_id}")
    return charter


def publish(ground: Ground, commons_id: int) -> Repo | None:
    """See to it that a commons keeps its charter in a repository; nothing if it does already."""
    with ground.write() as tx:
        account_id = tx.session.get_one(Commons, commons_id).account_id
        if account_id is None:
            return None
        present = charters.find(tx, account_id)
        if present is not None:
            return present
        name = queries.name_of(tx, commons_id)
        if queries.version(tx, commons_id).id is None:
            preset = queries.in_force(tx, commons_id).preset
            text = presets.text(preset, name)
            register.enter(tx, commons_id, text, decision=register.FOUNDING, holds_from=tx.now)
            tx.record(
                commons_id,
                "system:charter",
                "adopted",
                f"charter/{name}",
                digest=queries.digest(text),
                preset=preset.value,
            )
        charter, text = queries.in_force(tx, commons_id), queries.text(tx, commons_id)
    files = {FILE_NAME: text.encode(), amending.README: readme(ground, charter).encode()}
    held_by = HeldBy.COMMONS if charter.is_collective else HeldBy.OWNERS
    try:
        return charters.make(ground, account_id, files, held_by=held_by)
    except Conflict:  # the worker was faster
        with ground.read() as tx:
            return charters.find(tx, account_id)


def unpublished(tx: Tx) -> list[int]:
    """The commons that have no charter's repository yet."""
    has = select(RepoName.repo_id).where(
        RepoName.owner_id == Commons.account_id,
        RepoName.kind == Kind.DATASET.value,
        RepoName.key == CHARTER_NAME,
    )
    asked = select(Commons.id).where(Commons.account_id.is_not(None), ~has.exists())
    return list(tx.connection.execute(asked.order_by(Commons.id)).scalars())


def due_to_hold(tx: Tx) -> list[tuple[int, int]]:
    """The commons whose charter is of members, and their organisations, once the notice is over."""
    newest = select(CharterRow.holds_from).where(CharterRow.commons_id == Commons.id)
    newest = newest.order_by(CharterRow.number.desc()).limit(1)
    asked = select(Commons.id, Commons.account_id, newest.scalar_subquery()).where(
        Commons.preset.not_in(["solo", "owners"]), Commons.account_id.is_not(None)
    )
    return [
        (row[0], row[1])
        for row in tx.connection.execute(asked)
        if row[1] is not None and row[2] is not None and row[2] <= tx.now
    ]


def readme(ground: Ground, charter: Charter) -> str:
    """Why there is such a charter, to begin with: its people write on."""
    address = f"{ground.settings.url}/commons/{charter.commons}"
    return (
        "---\nlicense: cc0-1.0\n---\n"
        f"# The charter of {charter.commons}\n\n"
        f"{writing.story(charter)}\n\n"
        f"`{FILE_NAME}` is what the hub obeys; this page is for why. In plain words it stands at\n"
        f"<{address}/charter>, who may do what at <{address}/rights>.\n\n"
        "To change it, open a pull request here and propose it. Nobody merges it by hand: the\n"
        "decision does.\n"
    )


def _require_whole(tx: Tx, commons_id: int, text: str) -> None:
    faults = amending.check_text(tx, commons_id, text)[1]
    if faults:
        raise Invalid(" ".join(faults[:5]), code="Charter")


def holds_from(tx: Tx, *, has_repositories: bool) -> datetime:
    """From when a commons holds what its organisation has: with notice, where there is any."""
    return tx.now + timedelta(days=NOTICE_DAYS) if has_repositories else tx.now
