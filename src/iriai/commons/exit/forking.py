"""Fork a commons: its repositories with all their history, under a new name and a new log.

A fork needs nobody's leave. It begins as the organisation of who makes it, and its first entry
cites the signed checkpoint at which it parted: what was decided until then can be proven there.
Members and seats do not come along; who wants to belong joins. Nor do repositories of which
something is held: who holds it does not decide here, and nobody here could end it.
"""

from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from iriai.base.tx import Ground
from iriai.commons import actions
from iriai.commons import queries as commons_queries
from iriai.commons.exit import carrying, importing, judging, rows
from iriai.commons.exit.carrying import Told
from iriai.commons.exit.importing import Brought
from iriai.commons.tlog import actions as tlog
from iriai.identity.rules import Actor
from iriai.repos.rules import HeldBy

TABLES = ("repos", "repo_names", "gone_commits", "discussions", "discussion_events")
KEY_BYTES = 12


def fork(ground: Ground, actor: Actor, folder: Path, name: str, told: Told) -> Brought:
    """Make the commons `name` out of an export; `actor` owns it."""
    export = judging.opened(folder)
    judging.require_sound(folder, export)
    carried = importing.read_rows(folder, export)
    held = _held(carried)
    export = replace(export, repos=tuple(each for each in export.repos if each.id not in held))
    where = carrying.plan(ground, export, f"fork {name}")
    carrying.bring(ground, folder, export, where, told)
    with ground.write() as tx:
        made = actions.found_organisation(tx, actor, name=name)
        tx.flush()
        commons_id = commons_queries.of(tx, made.id)
        numbers: rows.Numbers = {
            "repos": dict(where.places),
            "accounts": {export.account_id: made.id},
            "commons": {export.commons_id: commons_id},
        }
        stranger = importing.account(tx, commons_queries.HUB_NAME) or 0
        for row in carried["accounts"]:
            known = importing.account(tx, row["name"])
            if known is not None:
                numbers["accounts"].setdefault(row["id"], known)
        kept = {each: _kept(each, carried.get(each, []), where) for each in TABLES}
        rows.number(tx, "discussions", kept["discussions"], numbers)
        rows.number(tx, "discussion_events", kept["discussion_events"], numbers)
        for table in TABLES:
            rows.put(tx, table, kept[table], numbers, stranger)
        importing.set_counters(tx, TABLES)
        carrying.put_refs(tx, export, where)
        tx.record(
            commons_id,
            actor.name,
            "forked",
            f"commons/{name}",
            source=export.origin,
            size=export.size,
            root=export.root,
            checkpoint=export.note,
        )
        importing.say_refs(tx, actor, export, where)
    tlog.checkpoint(ground, commons_id)
    return Brought(name, commons_id, len(export.repos), len(export.objects), export.bytes)


def _held(carried: dict[str, list[rows.Row]]) -> set[int]:
    """The repositories of which something is held."""
    found = {row["id"] for row in carried["repos"] if row["held_reason"]}
    return found | {row["repo_id"] for row in carried.get("held_files", [])}


def _kept(table: str, some: list[rows.Row], where: carrying.Plan) -> list[rows.Row]:
    """The rows of what was carried, as they begin anew here."""
    if table == "repos":
        return [row | {"held_by": HeldBy.OWNERS.value} for row in some if row["id"] in where.places]
    if table in ("repo_names", "gone_commits", "discussions"):
        return [row for row in some if row["repo_id"] in where.places]
    return [row | {"key": token_hex(KEY_BYTES)} for row in some]
