"""What the pot says about storage, told to whoever takes bytes in.

Parts below know nothing of pots. They obey rows that this writes: whenever a decision changes the
pot, and with the clock, for members come and go.
"""

from collections.abc import Mapping

from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons
from iriai.commons.enactment import serving
from iriai.commons.pot import queries, rules
from iriai.repos import powers, room

ENFORCED = (rules.BYTES_LOGICAL, rules.BYTES_STORED)


def refresh(tx: Tx, commons_id: int) -> bool:
    """Write down who may keep how much in a commons now. Returns whether that is news."""
    name = commons.named(tx, commons_id).name
    return powers.limit_storage(tx, commons_id, name, _limits(tx, commons_id))


def due(ground: Ground) -> None:
    """Keep what is written up with who is a member, wherever there is a pot."""
    with ground.read() as tx:
        waiting = queries.with_pots(tx)
    for commons_id in waiting:
        with ground.write() as tx:
            commons.lock(tx, commons_id)
            serving.due(tx, commons_id)
            if refresh(tx, commons_id):
                about = f"pot/{commons.named(tx, commons_id).name}"
                tx.record(commons_id, serving.CLOCK, "shared out", about)


def _limits(tx: Tx, commons_id: int) -> Mapping[tuple[str, int], tuple[int, int]]:
    there = [each for each in queries.pools(tx, commons_id) if each.unit in ENFORCED]
    if not any(each.capacity for each in there):
        return {}
    granted = queries.allotments(tx, commons_id)
    numbers = queries.numbers(tx, queries.members(tx, commons_id))
    held = queries.bytes_in_buckets(tx, commons_id)
    elsewhere = sum(size for person, size in held.items() if person not in numbers.values())
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for pool in there:
        if not pool.capacity:
            continue
        cut = queries.slice_(tx, commons_id, pool.unit)
        for name, number in numbers.items():
            most = rules.limit(cut, granted, name)
            found[pool.unit, number] = (most, held.get(number, 0))
        found[pool.unit, room.OTHERS] = (cut.free, elsewhere)
    return found
