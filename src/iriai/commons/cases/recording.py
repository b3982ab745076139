"""How cases stand in the log: by number, with the rule that was applied, and nobody's name."""

from typing import Any

from iriai.base.tx import Tx
from iriai.commons.cases import queries
from iriai.commons.cases.tables import CaseAct, CaseRow
from iriai.commons.charter import queries as charters

SOMEBODY = "somebody"
CLOCK = "system:clock"
DIGEST_SHOWN = 12


def cited(tx: Tx, commons_id: int, rule: str) -> dict[str, str]:
    """The rule that something was done by, and the version of the charter that holds it."""
    digest = charters.version(tx, commons_id).digest
    return {"rule": rule, "charter": digest[:DIGEST_SHOWN]}


def tell(
    tx: Tx,
    found: CaseRow,
    actor: str,
    verb: str,
    rule: str,
    *,
    private: dict[str, Any] | None = None,
    **public: Any,
) -> None:
    """Record what was done in a case; whom it concerns stands in the private half."""
    name = queries.name_of(tx, found.commons_id)
    who = set() if found.account_id is None else {found.account_id}
    kept = {"about": found.subject, "concerned": list(queries.names(tx, who).values())}
    tx.record(
        found.commons_id,
        actor,
        verb,
        f"case/{name}/{found.number}",
        private=kept | (private or {}),
        **cited(tx, found.commons_id, rule),
        **{key: value for key, value in public.items() if value is not None},
    )


def act(
    tx: Tx,
    found: CaseRow,
    kind: str,
    actor_id: int | None,
    *,
    words: str = "",
    rung: str | None = None,
) -> None:
    """Write a step down in the case itself."""
    tx.session.add(
        CaseAct(
            commons_id=found.commons_id,
            case_id=found.id,
            kind=kind,
            actor_id=actor_id,
            rung=rung,
            words=words,
            at=tx.now,
        )
    )
