"""What a commons says: a statement changes nothing but that it has been said."""

from typing import Any

from iriai.base.errors import Invalid
from iriai.base.tx import Tx
from iriai.commons.charter.rules import Action
from iriai.commons.enactment.registry import Decision, Payload, enacts

STATEMENT_LENGTH_MAX = 4_000


def _clean(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    del tx, commons_id
    text = str(payload.get("text", "")).replace("\0", "").strip()
    if not text:
        raise Invalid("A statement needs a text: what shall the commons say?")
    if len(text) > STATEMENT_LENGTH_MAX:
        raise Invalid(f"A statement has at most {STATEMENT_LENGTH_MAX:,} characters.")
    return {"text": text}


def _words(payload: Payload) -> str:
    return f"Say: {payload['text']}"


@enacts(Action.STATEMENT, clean=_clean, words=_words)
def state(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Say it, in the log, for ever."""
    subject = f"proposal/{decision.reference}"
    tx.record(
        decision.commons_id,
        decision.actor_name,
        "stated",
        subject,
        text=payload["text"],
        **decision.cited,
    )
