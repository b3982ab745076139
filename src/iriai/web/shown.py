"""How facts are written for a person: sizes, counts, moments, digests. Pure."""

from datetime import UTC, datetime, timedelta

from iriai.base.numbers import KILO, in_bytes
from iriai.commons.queries import HUB_NAME, Named
from iriai.web.texts import gettext as _

DIGEST_LENGTH = 7
HUB_FULLNAME = "This hub"
"""What the hub's commons is called from the first; in a sentence it is written small."""
MONTH_DAYS = 30
YEAR_DAYS = 365
SCORE_WHOLE = 1_000_000


def size(count: int | None) -> str:
    """Bytes: `1.2 GB`."""
    return "–" if count is None else in_bytes(count)


def figure(count: int | None) -> str:
    """A count, whole below a thousand: `942`, `1.3k`, `22.7M`, `1.1B`."""
    if count is None:
        return "–"
    value, suffixes = float(count), ("", "k", "M", "B", "T")
    at = 0
    while value >= KILO - 0.5 and at < len(suffixes) - 1:
        value, at = value / KILO, at + 1
    shown = f"{value:.0f}" if at == 0 or value >= 100 else f"{value:.1f}".removesuffix(".0")  # noqa: PLR2004
    return shown + suffixes[at]


def score(value: float) -> str:
    """A score, with as many digits as it has, six at most that count: `0.412`, `61.5`, `1200`."""
    return f"{value:.0f}" if value == int(value) and abs(value) < SCORE_WHOLE else f"{value:.6g}"


def whole(count: int) -> str:
    """A count with its thousands apart: `22,713,216`."""
    return f"{count:,}"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago: `just now`, `5 minutes ago`, then the day."""
    if moment is None:
        return _("never")
    passed = now - moment
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed < timedelta(hours=1):
        return _span(int(passed.total_seconds() // 60), _("minute"), _("minutes"))
    if passed < timedelta(days=1):
        return _span(int(passed.total_seconds() // 3600), _("hour"), _("hours"))
    if passed < timedelta(days=MONTH_DAYS):
        return _span(passed.days, _("day"), _("days"))
    if passed < timedelta(days=YEAR_DAYS):
        return _span(passed.days // MONTH_DAYS, _("month"), _("months"))
    return day(moment)


def _span(count: int, one: str, many: str) -> str:
    return _("{count} {unit} ago").format(count=count, unit=one if count == 1 else many)


def day(moment: datetime) -> str:
    """A date: `23 November 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def minute(moment: datetime) -> str:
    """A moment, exact to the minute, in UTC: `23 November 2026, 14:05 UTC`."""
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def iso(moment: datetime) -> str:
    """A moment as machines read it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def short(digest: str) -> str:
    """The first digits of a digest."""
    return digest[:DIGEST_LENGTH]


def called(commons: Named) -> str:
    """What a commons is called in the middle of a sentence."""
    if commons.name == HUB_NAME and commons.fullname in ("", HUB_FULLNAME):
        return _("this hub")
    return commons.fullname or commons.name
