"""Whether the database is sound: columns, SQLite's own checks, a row behind each reference."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from iriai.base.migrate import lacking
from iriai.base.tx import Ground

FINDINGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the database, said in a sentence."""

    message: str


def findings(ground: Ground) -> Iterator[Finding]:
    """What is wrong with the database. PostgreSQL checks pages and references as it goes."""
    with ground.read() as tx:
        for each in lacking(tx.connection):
            yield Finding(f"The database lacks {each}, which its schema has.")
    if ground.engine.dialect.name != "sqlite":
        return
    with ground.read() as tx:
        for row in tx.connection.execute(text(f"PRAGMA integrity_check({FINDINGS_MAX})")):
            if row[0] != "ok":
                yield Finding(f"The database file is damaged: {row[0]}.")
        for count, row in enumerate(tx.connection.execute(text("PRAGMA foreign_key_check"))):
            if count == FINDINGS_MAX:
                return
            yield Finding(
                f"Row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there."
            )
