"""Is what is about to be served sound? Asked before the first byte of a xorb leaves the hub.

Xet clients check lengths only, so a flipped bit on a disk would be delivered in silence. Where we
send the bytes ourselves, the chunks asked for are read and hashed first, unless this process did so
lately and the file has not been touched since (see `sound`).
"""

from bisect import bisect_left, bisect_right

from iriai.base.errors import Invalid
from iriai.base.tx import Ground
from iriai.blobs import content, queries
from iriai.blobs.xet.hashes import from_hex


def require_sound(ground: Ground, xorb: str, first: int, last: int) -> int:
    """Read through chunks that are bytes `first` to `last` of a xorb; how long the xorb is.

    `Unavailable` (`ObjectDamaged`) where one is not what it should be.
    """
    with ground.read() as tx:
        table = queries.chunk_table(tx, from_hex(xorb))
    start = bisect_right(table.ends, first)
    end = bisect_left(table.ends, last + 1) + 1
    if last >= table.body_bytes or table.start(start) != first or table.start(end) != last + 1:
        raise Invalid("This range does not begin and end with chunks.")
    content.require_sound(ground, from_hex(xorb), table, start, end)
    return table.body_bytes
