"""What each field of a charter may hold: the limits of its numbers, the words it knows. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from iriai.commons.charter import rules
from iriai.commons.charter.rules import DAYS_MAX, PANEL

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,99}", re.ASCII)
COMMONS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95})?")
SHA256 = re.compile(r"[0-9a-f]{64}")
QUORUM = "quorum_factor * sqrt(active_electors)"
"""The one way a quorum is worked out; a charter may say so, and can say nothing else."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `least` to `most`."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words."""

    words: tuple[str, ...]


LIMITS: Mapping[tuple[type, str], Between | OneOf] = {
    (rules.Charter, "charter"): Between(rules.SCHEMA_VERSION, rules.SCHEMA_VERSION),
    (rules.Kinds, "person"): Between(0, 10),
    (rules.Kinds, "institution"): Between(0, 10),
    (rules.Admit, "sponsors"): Between(0, 10),
    (rules.Admit, "or_contributions"): Between(0, 1_000),
    (rules.Members, "elector_after_days"): Between(0, 365),
    (rules.Members, "emeritus_after_days"): Between(30, DAYS_MAX),
    (rules.Members, "max_share_per_institution"): Between(0.01, 1),
    (rules.Recall, "petition"): Between(0.01, 1),
    (rules.Role, "seats"): Between(1, 100),
    (rules.Role, "term_days"): Between(1, DAYS_MAX),
    (rules.Role, "max_terms"): Between(1, 100),
    (rules.Role, "scope"): OneOf(("commons", "resource")),
    (rules.Procedure, "hours"): Between(1, 2_160),
    (rules.Procedure, "second"): Between(0, 20),
    (rules.Procedure, "deliberate_days"): Between(0, 365),
    (rules.Procedure, "vote_days"): Between(1, 90),
    (rules.Procedure, "ratio"): Between(1, 10),
    (rules.Procedure, "quorum_factor"): Between(0, 10),
    (rules.Openness, "min_mof_class"): Between(1, 3),
    (rules.Openness, "data_card"): OneOf(("recommended", "required")),
    (rules.Gates, "reasons"): OneOf(("required",)),
    (rules.Gates, "answer_days"): Between(1, 365),
    (rules.Gates, "reapply_days"): Between(0, DAYS_MAX),
    (rules.Step, "days"): Between(1, DAYS_MAX),
    (rules.Sanctions, "fade_days"): Between(1, DAYS_MAX),
    (rules.Holds, "stewards"): Between(1, 10),
    (rules.Holds, "max_hours"): Between(1, 168),
    (rules.Appeals, "window_days"): Between(1, 365),
    (rules.Appeals, "panel"): Between(1, 21),
    (rules.Appeals, "answer_days"): Between(1, 365),
    (rules.Removal, "ack_days"): Between(1, 30),
    (rules.Removal, "decide_days"): Between(1, 365),
    (rules.Removal, "mirrors_hours"): Between(1, 720),
    (rules.Pool, "floor_share"): Between(0, 1),
    (rules.Pool, "queue_share"): Between(0, 1),
    (rules.Pool, "round_share"): Between(0, 1),
    (rules.Pool, "queue_rule"): OneOf(("drf",)),
    (rules.Pool, "small_share"): Between(0, 1),
    (rules.Pool, "reclaim_cold_days"): Between(1, DAYS_MAX),
    (rules.Pool, "notice_days"): Between(1, 365),
    (rules.Operator, "ratify_days"): Between(1, 30),
}

LATER = ("peer.add",)
"""Actions that a charter may name already, for which there is no engine yet."""

MAY_BE_PANELS = frozenset(
    {rules.Action.MEMBER_SUSPEND, rules.Action.MEMBER_EXPEL, rules.Action.REMOVAL_DECIDE}
)
"""What a panel can decide: matters of one person. Everything else is its members' to decide."""

NEVER_ALONE = frozenset(
    {
        rules.Action.RESOURCE_DELETE,
        rules.Action.RESOURCE_TRANSFER,
        rules.Action.RESOURCE_RELICENSE,
        rules.Action.RESOURCE_RETURN,
        rules.Action.MEMBER_EXPEL,
        rules.Action.CHARTER_AMEND,
        rules.Action.CHARTER_AMEND_ENTRENCHED,
    }
)
"""What nobody decides at once where the members decide."""

BY_VOTE = frozenset({rules.Action.CHARTER_AMEND, rules.Action.CHARTER_AMEND_ENTRENCHED})
"""What takes a vote where the members decide: the charter itself."""

__all__ = ["LIMITS", "PANEL", "Between", "OneOf"]
