"""What restricts somebody more: what it takes, and then for how long. Pure."""

from datetime import UTC, datetime

from iriai.commons.charter.rules import Rung
from iriai.identity.rules import Restriction

RESTRICTIONS = {
    Rung.THROTTLE: Restriction.THROTTLE,
    Rung.WRITE: Restriction.WRITE,
    Rung.SUSPEND: Restriction.SUSPEND,
    Rung.EXPEL: Restriction.SUSPEND,
}
HARSHEST = tuple(Restriction)
FOR_EVER = datetime.max.replace(tzinfo=UTC)

Weight = tuple[int, datetime]


def weight(kind: str, until: datetime | None) -> Weight:
    """How much a restriction weighs; one without an end is the longest."""
    return HARSHEST.index(Restriction(kind)), until or FOR_EVER


def weight_beside_cases(kind: str, until: datetime | None, appeal_at: str) -> Weight:
    """How much what others than a case decided weighs beside what cases take.

    Members' own decision ends as it says. An operator's act, which says of nowhere to appeal, is
    over in days: it is no reason for a case to be shorter.
    """
    return weight(kind, None if appeal_at else until)
