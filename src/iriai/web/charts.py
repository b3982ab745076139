"""Pictures the server draws: an account's parcel of the commons.

An avatar is a small map made from the name alone: a few fields, a path or two, perhaps water.
The same name gives the same picture on every hub, and drawing it tells nothing of who is there.
"""

import hashlib
from collections.abc import Iterator

LANDS = ("#3f7d53", "#5b8f4e", "#86a968", "#b9c98a", "#2f6240", "#6f9e7c")
CROPS = ("#d9b24c", "#e6cd85", "#c98f3d", "#cf7f5b", "#b7654a", "#efe0b0")
WATERS = ("#4f9bb5", "#7fb8c9", "#2f7591", "#a9d0dc")
PATH = "#fffefb"


def avatar(name: str) -> str:
    """The picture of an account, as SVG on a square of 32."""
    dice = _dice(name)
    land, crop, water = (_pick(dice, colours) for colours in (LANDS, CROPS, WATERS))
    other = _pick(dice, LANDS + CROPS)
    bend, start = 4 + next(dice) % 10, 6 + next(dice) % 20
    cross, sweep = 8 + next(dice) % 16, next(dice) % 14 - 7
    path = f"M{start} 0C{start + bend} 12 {start - bend} 20 {32 - start} 32"
    other_path = f"M0 {cross}C10 {cross + sweep} 22 {cross - sweep} 32 {cross + sweep}"
    fields = [
        f'<path fill="{land}" d="M0 0h32v32H0z"/>',
        f'<path fill="{crop}" d="{path}H32V0z"/>',
        f'<path fill="{other}" d="{other_path}V32H0z" opacity=".82"/>',
        *_detail(dice, water, start, cross),
    ]
    paths = f'<path d="{path}"/><path d="{other_path}"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        + "".join(fields)
        + f'<g fill="none" stroke="{PATH}" stroke-width="1.6">{paths}</g></svg>'
    )


def _detail(dice: Iterator[int], water: str, start: int, cross: int) -> Iterator[str]:
    """A pond, a stream or furrows."""
    kind = next(dice) % 3
    if kind == 0:
        place = f'cx="{6 + next(dice) % 20}" cy="{6 + next(dice) % 20}"'
        size = f'rx="{4 + next(dice) % 4}" ry="{3 + next(dice) % 3}"'
        yield f'<ellipse {place} {size} fill="{water}"/>'
    elif kind == 1:
        at = 4 + next(dice) % 22
        stream = f"M{at} 0C{at + 8} 10 {at - 8} 22 {at + 3} 32"
        yield f'<path d="{stream}" fill="none" stroke="{water}" stroke-width="4.5"/>'
    else:
        lines = "".join(f"M0 {cross + 3 + 3 * n}h32" for n in range(7))
        yield f'<path d="{lines}" stroke="{PATH}" stroke-width=".7" opacity=".55"/>'
    place = f'cx="{(start + 14) % 28 + 2}" cy="{(cross + 12) % 28 + 2}"'
    yield f'<circle {place} r="1.8" fill="{LANDS[4]}"/>'


def _dice(name: str) -> Iterator[int]:
    """Numbers from 0 to 255 that depend on the name alone."""
    seed = hashlib.sha256(name.casefold().encode()).digest()
    while True:
        yield from seed
        seed = hashlib.sha256(seed).digest()


def _pick(dice: Iterator[int], colours: tuple[str, ...]) -> str:
    return colours[next(dice) % len(colours)]


def bar(amount: int, most: int, limit: int = 0) -> str:
    """An amount as a bar in a cell of its table, on the track of what is allowed, as SVG."""
    over = " over" if limit and amount > limit else ""
    return (
        '<svg class="measure" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false"><rect class="track" width="{_part(limit, most)}" height="10"/>'
        f'<rect class="amount{over}" y="2" width="{_part(amount, most)}" height="6"/></svg>'
    )


def scale(value: float) -> str:
    """A value from 0 to 1 as a mark on a line, as SVG; the sentence beside it says the same."""
    at = 4 + 192 * min(max(value, 0.0), 1.0)
    return (
        '<svg class="scale" viewBox="0 0 200 10" aria-hidden="true" focusable="false">'
        '<path class="track" d="M4 5h192"/>'
        f'<circle class="amount" cx="{at:.1f}" cy="5" r="4"/></svg>'
    )


def _part(amount: int, most: int) -> float:
    """The length of a bar in percent; what there is at all can be seen."""
    return max(0.8, round(100 * min(amount, most) / most, 1)) if amount > 0 and most > 0 else 0
