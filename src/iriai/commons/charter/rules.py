"""What a charter can say. Typed parameters, never code. Pure.

A charter is one value: `Charter` and the parts it is made of, each a field of `CHARTER.yaml` under
the same name. Every part has a default, so that a small commons writes a small file. What is not
said in the file is the default, never "anything goes".

Who decides what is read off two tables: `actions` names for each typed action a *procedure*, and
`decisions` says how that procedure goes: at once by those named, lazily, by vote, or by a panel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

SCHEMA_VERSION = 1
FILE_NAME = "CHARTER.yaml"
REPOSITORY_NAME = "charter"
FILE_BYTES_MAX = 64 * 1024
ROLES_MAX = 20
DECISIONS_MAX = 20
LICENCES_MAX = 200
DAYS_MAX = 3_650
PANEL = "panel"
"""The procedure of what only a panel drawn by lot decides; it is not among `decisions`."""


class Preset(StrEnum):
    """With which rules a commons began."""

    SOLO = "solo"
    OWNERS = "owners"
    CONSORTIUM = "consortium"
    UNIVERSITY = "university"
    LANGUAGE_COMMUNITY = "language-community"
    AGENCY = "agency"


class Path(StrEnum):
    """How a decision is reached."""

    AT_ONCE = "at_once"
    LAZY = "lazy"
    VOTE = "vote"


class Who(StrEnum):
    """Whose word is a decision, on the path `at_once`."""

    OWNERS = "owners"
    MEMBERS = "members"
    STEWARDS = "stewards"
    MAINTAINERS = "maintainers"
    ALL_OWNERS = "all_owners"


class Ballots(StrEnum):
    """Whether a ballot names its voter."""

    OPEN = "open"
    SECRET = "secret"  # noqa: S105 - a kind of ballot


class Counter(StrEnum):
    """How ballots are counted."""

    CONDORCET = "condorcet"
    EQUAL_SHARES = "equal_shares"


class Action(StrEnum):
    """What a commons can decide to do: the typed actions, most significant word first."""

    RESOURCE_CREATE = "resource.create"
    RESOURCE_MERGE = "resource.merge"
    RESOURCE_LABEL = "resource.label"
    RESOURCE_DELIST = "resource.delist"
    RESOURCE_GATE = "resource.gate"
    RESOURCE_FREEZE = "resource.freeze"
    RESOURCE_VISIBILITY = "resource.visibility"
    RESOURCE_RELICENSE = "resource.relicense"
    RESOURCE_TRANSFER = "resource.transfer"
    RESOURCE_DELETE = "resource.delete"
    RESOURCE_RETURN = "resource.return"
    MEMBER_ADMIT = "member.admit"
    MEMBER_SUSPEND = "member.suspend"
    MEMBER_EXPEL = "member.expel"
    SEAT_GRANT = "seat.grant"
    SEAT_FILL = "seat.fill"
    SEAT_RECALL = "seat.recall"
    POOL_DECLARE = "pool.declare"
    POOL_ALLOT_SMALL = "pool.allot.small"
    POOL_ALLOT_ROUND = "pool.allot.round"
    POOL_RECLAIM = "pool.reclaim"
    REMOVAL_DECIDE = "removal.decide"
    CHILD_ADD = "child.add"
    OPERATOR_RATIFY = "operator.ratify"
    STATEMENT = "statement"
    CHARTER_AMEND = "charter.amend"
    CHARTER_AMEND_ENTRENCHED = "charter.amend.entrenched"


class Drift(StrEnum):
    """What becomes of a change that drops a licence's duties."""

    WARN = "warn"
    BLOCK = "block"


class Right(StrEnum):
    """What every member keeps, whatever is decided."""

    READ_RULES = "read_rules"
    NOTICE_AND_REASON = "notice_and_reason"
    APPEAL = "appeal"
    EXPORT = "export"
    FORK = "fork"
    LEAVE = "leave"
    REMOVE_OWN = "remove_own"


class Rung(StrEnum):
    """A step of the ladder of sanctions, the mildest first."""

    NUDGE = "nudge"
    WARNING = "warning"
    THROTTLE = "throttle"
    WRITE = "write"
    SUSPEND = "suspend"
    EXPEL = "expel"


class Ground(StrEnum):
    """For what an emergency hold may be placed."""

    MALWARE = "malware"
    PRIVACY = "privacy"
    ILLEGAL = "illegal"
    CREDENTIAL = "credential"


class Conflict(StrEnum):
    """Who cannot sit on a panel."""

    PARTY = "party"
    SAME_INSTITUTION = "same_institution"
    LAST_TWO_PANELS = "last_two_panels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The charter that this one narrows: which commons', and its exact text by SHA-256 (hex)."""

    commons: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """How many votes a member of each kind has."""

    person: int = 1
    institution: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """How one becomes a member: sponsors, or that many merged contributions, then a decision."""

    sponsors: int = 2
    or_contributions: int = 3
    decision: str = "ordinary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Who belongs. `max_share_per_institution` bounds electors and panels of one institution."""

    kinds: Kinds = field(default_factory=Kinds)
    admit: Admit = field(default_factory=Admit)
    elector_after_days: int = 30
    emeritus_after_days: int = 365
    max_share_per_institution: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """How a seat is taken back: that share of the electors asks, then this procedure decides."""

    petition: float = 0.2
    decision: str = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An office. `seats` None: as many as are granted; `scope` resource: for one repository."""

    seats: int | None = None
    term_days: int = 365
    max_terms: int | None = None
    scope: str = "commons"
    elected_by: str | None = None
    granted_by: str | None = None
    recall: Recall | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """How decisions of one class are reached; only what its path needs is read.

    Lazily: after `hours` without a reasoned objection, `second` others for it; `on_objection` names
    the procedure that an objection leads to. By vote: `deliberate_days`, then `vote_days`; options
    need `ratio` to one against keeping things, and the quorum. `casting` names the role that breaks
    a tie; without it a tie keeps things as they are.
    """

    path: Path
    who: Who = Who.OWNERS
    hours: int = 72
    second: int = 1
    on_objection: str = "significant"
    deliberate_days: int = 0
    vote_days: int = 7
    ratio: int = 1
    quorum_factor: float = 1.5
    ballot: Ballots = Ballots.OPEN
    counter: Counter = Counter.CONDORCET
    one_seat: Counter = Counter.CONDORCET
    many_seats: Counter = Counter.EQUAL_SHARES
    casting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """Which licences resources may have (SPDX identifiers); none named: any."""

    allow: tuple[str, ...] = ()
    drift: Drift = Drift.WARN


@dataclass(frozen=True, slots=True, kw_only=True)
class Openness:
    """How open resources must be: a class of the Model Openness Framework (3 least, 1 most)."""

    min_mof_class: int | None = None
    data_card: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """How requests for gated resources are answered, and within how many days."""

    reasons: str = "required"
    answer_days: int = 10
    appeal: str = PANEL
    reapply_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung of the ladder and for how many days it lasts; None: no end of its own."""

    rung: Rung
    days: int | None = None


LADDER = (
    Step(rung=Rung.NUDGE),
    Step(rung=Rung.WARNING),
    Step(rung=Rung.THROTTLE, days=14),
    Step(rung=Rung.WRITE, days=30),
    Step(rung=Rung.SUSPEND, days=90),
    Step(rung=Rung.EXPEL),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanctions:
    """The ladder, written `throttle_14d`; after `fade_days` without another, a rung is dropped."""

    ladder: tuple[Step, ...] = LADDER
    fade_days: int = 180
    stay_on_appeal: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Emergency holds: by how many stewards, for how long, and for what."""

    stewards: int = 2
    max_hours: int = 72
    grounds: tuple[Ground, ...] = tuple(Ground)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeals:
    """Until when one may appeal, how many sit on a panel, and who does not."""

    window_days: int = 14
    panel: int = 5
    answer_days: int = 10
    exclude: tuple[Conflict, ...] = tuple(Conflict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Requests to remove data: how soon they are acknowledged, decided, and told to mirrors."""

    ack_days: int = 3
    decide_days: int = 30
    mirrors_hours: int = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How the pot is cut. The three shares add up to one."""

    floor_share: float = 0.3
    queue_share: float = 0.5
    round_share: float = 0.2
    queue_rule: str = "drf"
    small_share: float = 0.05
    reclaim_cold_days: int = 180
    notice_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What whoever runs the machines may do in an emergency, until when it must be ratified."""

    break_glass: bool = True
    ratify_days: int = 7


def _procedures() -> Mapping[str, Procedure]:
    return MappingProxyType(
        {
            "owners": Procedure(path=Path.AT_ONCE, who=Who.OWNERS),
            "all": Procedure(path=Path.AT_ONCE, who=Who.ALL_OWNERS),
        }
    )


def _actions() -> Mapping[Action, str]:
    amending = dict.fromkeys((Action.CHARTER_AMEND, Action.CHARTER_AMEND_ENTRENCHED), "all")
    return MappingProxyType(dict.fromkeys(Action, "owners") | amending)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """What a commons has agreed on. `actions` names a procedure of `decisions`, or `panel`."""

    commons: str
    charter: int = SCHEMA_VERSION
    preset: Preset = Preset.OWNERS
    parent: Parent | None = None
    members: Members = field(default_factory=Members)
    roles: Mapping[str, Role] = field(default_factory=lambda: MappingProxyType({}))
    decisions: Mapping[str, Procedure] = field(default_factory=_procedures)
    actions: Mapping[Action, str] = field(default_factory=_actions)
    licences: Licences = field(default_factory=Licences)
    openness: Openness = field(default_factory=Openness)
    gates: Gates = field(default_factory=Gates)
    sanctions: Sanctions = field(default_factory=Sanctions)
    holds: Holds = field(default_factory=Holds)
    appeals: Appeals = field(default_factory=Appeals)
    removal: Removal = field(default_factory=Removal)
    pool: Pool = field(default_factory=Pool)
    rights: tuple[Right, ...] = tuple(Right)
    operator: Operator = field(default_factory=Operator)
    later: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Actions that are agreed on but have no engine yet, such as `peer.add`; kept as written."""

    def procedure(self, action: Action) -> Procedure | None:
        """How this action is decided; None is by a panel alone."""
        name = self.actions[action]
        return None if name == PANEL else self.decisions[name]

    @property
    def is_collective(self) -> bool:
        """Whether members decide, rather than owners alone (`solo`, `owners`)."""
        return self.preset not in (Preset.SOLO, Preset.OWNERS)
