"""Reports of what was used elsewhere, as others write them. Pure.

Slurm's accounting as `sacct --parsable2 --allocations --format=User,ElapsedRaw,AllocTRES` prints it
(other columns may stand there too), or JSON of our own, which is what the export is:
`{"commons": "lab", "usage": {"ada": {"gpu_hours": 12}}}`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from iriai.base.errors import Invalid
from iriai.commons.pot import limits
from iriai.commons.pot.rules import IN_BYTES, clean_unit

SECONDS = 3600
HOURS = {unit: tres for unit, (tres, _) in limits.SLURM.items()}
ELAPSED = re.compile(r"(?:(\d{1,6})-)?(\d{1,3}):(\d{2}):(\d{2})")
LINES_MAX = 5_000_000


@dataclass(frozen=True, slots=True)
class Report:
    """How much of each unit everybody used. `unknown`: users of the machines who are no members."""

    commons: str
    amounts: Mapping[str, Mapping[str, int]]
    unknown: tuple[str, ...] = ()


def read(text: str, members: Iterable[str]) -> Report:
    """A report in either form; whole hours, begun ones counted."""
    names = list(members)
    is_json = text.lstrip().startswith("{")
    found = _json(text, names) if is_json else _sacct(text.splitlines(), names)
    if not found.amounts:
        others = f", only {', '.join(sorted(found.unknown)[:5])}" if found.unknown else ""
        raise Invalid(f"This report has nothing of any member{others}. Nothing was changed.")
    return found


def commons_of(text: str) -> str:
    """The commons that a report of our own names, or ""."""
    if not text.lstrip().startswith("{"):
        return ""
    found = _parsed(text).get("commons", "")
    return found if isinstance(found, str) else ""


def _parsed(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        raise Invalid("This is no JSON.") from None
    if not isinstance(found, dict):
        raise Invalid('A report is an object: {"commons": …, "usage": {"ada": {"gpu_hours": 12}}}.')
    return found


def _json(text: str, members: list[str]) -> Report:
    found = _parsed(text)
    usage = found.get("usage")
    if not isinstance(usage, dict):
        raise Invalid('A report has "usage": by name, how much of each unit.')
    amounts: dict[str, dict[str, int]] = {}
    unknown = []
    for name, figures in usage.items():
        if name not in members:
            unknown.append(str(name))
            continue
        if not isinstance(figures, dict):
            raise Invalid(f"What {name[:80]!r} used is no object of units.")
        for unit, amount in figures.items():
            if isinstance(amount, bool) or not isinstance(amount, int) or amount < 0:
                raise Invalid(f"What {name[:80]!r} used of {unit[:32]!r} is no whole number.")
            amounts.setdefault(_unit(unit), {})[name] = amount
    return Report(commons_of(text), amounts, tuple(unknown))


def _unit(given: str) -> str:
    unit = clean_unit(given)
    if unit in IN_BYTES:
        raise Invalid(f"{unit} is measured by the hub itself; leave it out of the report.")
    return unit


def _sacct(lines: list[str], members: list[str]) -> Report:
    if not lines or "|" not in lines[0]:
        raise Invalid("This is neither JSON nor what `sacct --parsable2` prints.")
    if len(lines) > LINES_MAX:
        raise Invalid(f"A report has at most {LINES_MAX:,} lines; make several.")
    head = [each.strip() for each in lines[0].split("|")]
    if "User" not in head or not {"Elapsed", "ElapsedRaw"} & set(head):
        raise Invalid("sacct must print User, ElapsedRaw and AllocTRES, with its header.")
    known = {limits.label(name): name for name in members}
    seconds: dict[str, dict[str, int]] = {}
    unknown: dict[str, None] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        fields = line.split("|")
        if len(fields) != len(head):
            raise Invalid(f"Line {number} has {len(fields)} fields, not {len(head)}.")
        row = dict(zip(head, fields, strict=True))
        if not row["User"] or "." in row.get("JobID", ""):
            continue  # a step of a job, whose time is the job's
        name = known.get(row["User"])
        if name is None:
            unknown[row["User"]] = None
            continue
        for unit, amount in _used(row, number).items():
            mine = seconds.setdefault(unit, {})
            mine[name] = mine.get(name, 0) + amount
    amounts = {
        unit: {name: -(-amount // SECONDS) for name, amount in each.items()}
        for unit, each in seconds.items()
    }
    return Report("", amounts, tuple(unknown))


def _used(row: Mapping[str, str], number: int) -> dict[str, int]:
    """Seconds of each unit that one job used."""
    elapsed = _elapsed(row, number)
    tres = dict(
        each.split("=", 1) for each in row.get("AllocTRES", "").split(",") if each.count("=") == 1
    )
    if "cpu" not in tres and row.get("AllocCPUS", "").isdecimal():
        tres["cpu"] = row["AllocCPUS"]
    return {
        unit: elapsed * int(tres[name])
        for unit, name in HOURS.items()
        if tres.get(name, "").isdecimal()
    }


def _elapsed(row: Mapping[str, str], number: int) -> int:
    raw = row.get("ElapsedRaw", "").strip()
    if raw.isdecimal():
        return int(raw)
    found = ELAPSED.fullmatch(row.get("Elapsed", "").strip())
    if found is None:
        raise Invalid(f"Line {number} does not say how long its job ran.")
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
