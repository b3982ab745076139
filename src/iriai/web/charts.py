"""Pictures the server draws: an account's parcel of the commons, bars, and who beats whom.

An avatar is a small map made from the name alone: a few fields, a path or two, perhaps water.
The same name gives the same picture on every hub, and drawing it tells nothing of who is there.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

LANDS = ("#3f7d53", "#5b8f4e", "#86a968", "#b9c98a", "#2f6240", "#6f9e7c")
CROPS = ("#d9b24c", "#e6cd85", "#c98f3d", "#cf7f5b", "#b7654a", "#efe0b0")
WATERS = ("#4f9bb5", "#7fb8c9", "#2f7591", "#a9d0dc")
PATH = "#fffefb"
DUELS_OPTIONS_MIN, DUELS_OPTIONS_MAX = 3, 8


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


def days(counts: Sequence[int]) -> str:
    """A bar for each day, as high as its count, as SVG; the words beside it give the figures."""
    most = max(counts, default=0) or 1
    bars = "".join(
        f'<rect x="{at * 10 + 1}" width="8" y="{40 - high:.1f}" height="{high:.1f}"/>'
        for at, high in ((at, 40 * count / most) for at, count in enumerate(counts) if count)
    )
    width = len(counts) * 10
    return (
        f'<svg class="days" viewBox="0 0 {width} 41" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false"><rect class="track" y="40" width="{width}" height="1"/>{bars}</svg>'
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


def duels(options: Sequence[str], count: Mapping[str, Any]) -> str:
    """Who beats whom as arrows between numbered options, as SVG; the list beside it says the same.

    Empty where a picture says no more than the list: few options, none beaten, or too many.
    """
    beats = list(count.get("beats") or [])
    if not beats or not DUELS_OPTIONS_MIN <= len(options) <= DUELS_OPTIONS_MAX:
        return ""
    places = {text: _on_circle(at, len(options)) for at, text in enumerate(options)}
    struck = {
        (each["winner"], each["loser"]) for those in count.get("struck") or [] for each in those
    }
    out = {each["option"] for each in count.get("dropped") or []}
    won = {count.get("winner"), *(count.get("winners") or [])}
    arrows = "".join(
        _arrow(places[each["winner"]], places[each["loser"]], each, struck)
        for each in beats
        if each["winner"] in places and each["loser"] in places
    )
    dots = "".join(
        f'<g class="{"won" if text in won else "out" if text in out else "option"}">'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="17"/>'
        f'<text x="{x:.1f}" y="{y + 5:.1f}">{at + 1}</text></g>'
        for at, (text, (x, y)) in enumerate(places.items())
    )
    return (
        '<svg class="duels" viewBox="0 0 360 260" aria-hidden="true" focusable="false">'
        f"{arrows}{dots}</svg>"
    )


def _on_circle(at: int, count: int) -> tuple[float, float]:
    angle = 2 * math.pi * at / count - math.pi / 2
    return 180 + 140 * math.cos(angle), 130 + 105 * math.sin(angle)


def _arrow(
    start: tuple[float, float],
    end: tuple[float, float],
    duel: Mapping[str, Any],
    struck: AbstractSet[tuple[str, str]],
) -> str:
    """A line from the winner to the loser with its figures a third of the way along."""
    length = math.dist(start, end) or 1.0
    x, y = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tip = (end[0] - 19 * x, end[1] - 19 * y)
    back = (tip[0] - 10 * x, tip[1] - 10 * y)
    head = " ".join(
        f"{px:.1f},{py:.1f}"
        for px, py in (tip, (back[0] - 5 * y, back[1] + 5 * x), (back[0] + 5 * y, back[1] - 5 * x))
    )
    kind = "arrow struck" if (duel["winner"], duel["loser"]) in struck else "arrow"
    middle = (start[0] + 0.38 * length * x, start[1] + 0.38 * length * y + 4)
    line = f"M{start[0]:.1f} {start[1]:.1f}L{back[0]:.1f} {back[1]:.1f}"
    place = f'x="{middle[0]:.1f}" y="{middle[1]:.1f}"'
    return (
        f'<g class="{kind}"><path d="{line}"/><polygon points="{head}"/>'
        f"<text {place}>{int(duel['votes'])}:{int(duel['against'])}</text></g>"
    )
