"""What people write into proposals, in its one accepted form. Pure."""

from iriai.base.errors import Excessive, Invalid

TITLE_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 20_000
REASON_LENGTH_MIN = 12
REASON_LENGTH_MAX = 4_000


def clean_title(title: str) -> str:
    """A title in one line."""
    title = " ".join(title.replace("\0", "").split())
    if not title:
        raise Invalid("A proposal needs a title.")
    if len(title) > TITLE_LENGTH_MAX:
        raise Invalid(f"A title has at most {TITLE_LENGTH_MAX} characters.")
    return title


def clean_text(text: str) -> str:
    """What the proposer says about it."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if len(text) > TEXT_LENGTH_MAX:
        raise Excessive(f"The text of a proposal has at most {TEXT_LENGTH_MAX:,} characters.")
    return text


def clean_reason(reason: str) -> str:
    """An objection's reason. A bare "no" is none: others must be able to answer it."""
    reason = " ".join(reason.replace("\0", "").split())
    if len(reason) < REASON_LENGTH_MIN or " " not in reason:
        raise Invalid(
            "An objection needs its reason in a sentence, so that others can answer it.",
            code="ReasonMissing",
        )
    if len(reason) > REASON_LENGTH_MAX:
        raise Excessive(f"A reason has at most {REASON_LENGTH_MAX:,} characters.")
    return reason
