"""The log at a million entries: how long its root takes, a proof, and what it takes to check one.

`python -m bench.log [entries]`. The root is computed from the entries alone, as somebody does who
trusts nothing; the proofs are made from the hashes that a hub keeps in its database.
"""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import insert

from iriai.base import events, merkle
from iriai.base.events import HUB, LogNode
from iriai.base.opening import open_ground
from iriai.settings import Settings

ENTRIES = 1_000_000
PROOFS = 1_000
ROWS_AT_ONCE = 10_000


def main(entries: int) -> None:
    """Print the figures."""
    texts = [b'{"at":"2026-01-05T09:00:00Z","verb":"created","subject":"%d"}' % n
             for n in range(entries)]  # fmt: skip
    began = time.perf_counter()
    leaves = [merkle.leaf_hash(text) for text in texts]
    tree = merkle.Tree()
    tree.extend(leaves)
    root = tree.root()
    print(f"root of {entries:,} entries: {time.perf_counter() - began:.2f} s (limit 2 s)")
    with tempfile.TemporaryDirectory() as folder:
        ground = open_ground(Settings(data=Path(folder)))
        fill(ground, leaves)
        dice, worst, total = Random(1), 0.0, 0.0
        for _ in range(PROOFS):
            index = dice.randrange(entries)
            began = time.perf_counter()
            with ground.read() as tx:
                proof = events.proven(tx, HUB, partial(merkle.inclusion, index, entries))
            took = time.perf_counter() - began
            worst, total = max(worst, took), total + took
            assert merkle.verify_inclusion(leaves[index], index, entries, proof, root)
        ground.engine.dispose()
    mean = total / PROOFS * 1000
    print(f"inclusion proof from the database: {mean:.2f} ms, at worst {worst * 1000:.2f} ms "
          "(limit 10 ms)")  # fmt: skip


def fill(ground, leaves) -> None:
    """Keep the hashes as sealing does."""
    row, level = list(leaves), 0
    with ground.write() as tx:
        while row:
            for start in range(0, len(row), ROWS_AT_ONCE):
                tx.connection.execute(
                    insert(LogNode),
                    [
                        {"commons_id": HUB, "level": level, "index": start + at, "hash": value}
                        for at, value in enumerate(row[start : start + ROWS_AT_ONCE])
                    ],
                )
            row = [merkle.node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
            level += 1


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)
