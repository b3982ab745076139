"""The form of each typed action: which few questions one answers to propose it. Pure.

Where an answer must be something that exists, `Source` says what of; `enactment.offering` finds it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from iriai.commons.charter.rules import Action


class Source(StrEnum):
    """What there is to choose from."""

    REPOSITORY = "repository"
    REPOSITORY_OR_BUCKET = "repository_or_bucket"
    PULL = "pull"
    CHARTER_PULL = "charter_pull"
    PERSON = "person"
    MEMBER = "member"
    APPLICANT = "applicant"
    OFFICE = "office"
    SEAT = "seat"
    WARD = "ward"
    UNIT = "unit"
    ALLOTMENT = "allotment"
    REMOVAL = "removal"
    OPERATOR_ACT = "operator_act"
    CHILD = "child"


class Shape(StrEnum):
    """How an answer is given."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    TYPED = "typed"
    """A line, with what exists suggested as one types."""
    PICKED = "picked"
    """Chosen from what exists; typed, with suggestions, where that is more than a list holds."""
    ROWS = "rows"
    """Several of the same few lines, as projects of a round."""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `choices` are pairs of what is kept and what is read."""

    name: str
    label: str
    shape: Shape = Shape.LINE
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    source: Source | None = None
    is_optional: bool = False
    columns: tuple["Field", ...] = ()


YES_NO = (("yes", "Yes"), ("no", "No"))
PICKED_MAX = 100
"""More than that is typed."""
REPO = Field("repo", "Which repository", Shape.PICKED, source=Source.REPOSITORY)
MEMBER = Field("name", "Which member", Shape.TYPED, source=Source.MEMBER)
UNIT = Field("unit", "Of what", Shape.CHOICE, source=Source.UNIT)
AMOUNT = Field("amount", "How much", hint="A number, such as 500; of bytes also 200 GB.")
PULL_OF_CHARTER = Field(
    "pull", "Which pull request of the charter", Shape.CHOICE, source=Source.CHARTER_PULL
)
FORMS: Mapping[Action, tuple[Field, ...]] = MappingProxyType(
    {
        Action.STATEMENT: (Field("text", "What shall the commons say?", Shape.TEXT),),
        Action.RESOURCE_CREATE: (
            Field(
                "kind",
                "What kind",
                Shape.CHOICE,
                choices=(("model", "A model"), ("dataset", "A dataset"), ("space", "A space")),
            ),
            Field("name", "Its name", hint="Such as speech-of-the-valley."),
            Field(
                "visibility",
                "Who sees it",
                Shape.CHOICE,
                choices=(("public", "Everybody"), ("private", "Members alone")),
            ),
        ),
        Action.RESOURCE_MERGE: (
            REPO,
            Field("number", "Which pull request", Shape.TYPED, "Its number.", source=Source.PULL),
        ),
        Action.RESOURCE_LABEL: (
            REPO,
            Field("text", "What the label says", hint="Empty takes it off.", is_optional=True),
        ),
        Action.RESOURCE_DELIST: (
            REPO,
            Field(
                "delisted",
                "In lists and searches",
                Shape.CHOICE,
                choices=(("yes", "Leave it out"), ("no", "Show it again")),
            ),
        ),
        Action.RESOURCE_GATE: (
            REPO,
            Field(
                "gated",
                "The gate",
                Shape.CHOICE,
                choices=(
                    ("auto", "Whoever asks is let in"),
                    ("manual", "Each request is decided"),
                    ("none", "No gate"),
                ),
            ),
        ),
        Action.RESOURCE_FREEZE: (
            REPO,
            Field(
                "frozen",
                "Changes to it",
                Shape.CHOICE,
                choices=(("yes", "Freeze it: nobody changes it"), ("no", "Allow changes again")),
            ),
            Field("reason", "Why", hint="Shown to whoever wants to change it.", is_optional=True),
        ),
        Action.RESOURCE_VISIBILITY: (
            REPO,
            Field(
                "visibility",
                "Who sees it",
                Shape.CHOICE,
                choices=(("public", "Everybody"), ("private", "Members alone")),
            ),
        ),
        Action.RESOURCE_RELICENSE: (
            REPO,
            Field("licence", "Its licence", hint="Its identifier, such as apache-2.0."),
        ),
        Action.RESOURCE_TRANSFER: (
            REPO,
            Field("to_owner", "Its new owner", hint="Empty: as now.", is_optional=True),
            Field("to_name", "Its new name", hint="Empty: as now.", is_optional=True),
        ),
        Action.RESOURCE_DELETE: (
            Field(
                "repo",
                "Which repository or bucket",
                Shape.PICKED,
                source=Source.REPOSITORY_OR_BUCKET,
            ),
        ),
        Action.RESOURCE_RETURN: (
            REPO,
            Field("to_owner", "To whom it is given back", hint="The name of a person."),
            Field("to_name", "Its name there", hint="Empty: as now.", is_optional=True),
        ),
        Action.MEMBER_ADMIT: (Field("name", "Who", Shape.CHOICE, source=Source.APPLICANT),),
        Action.MEMBER_SUSPEND: (
            MEMBER,
            Field("days", "For how many days", Shape.NUMBER, "It ends by itself."),
        ),
        Action.MEMBER_EXPEL: (MEMBER,),
        Action.SEAT_GRANT: (
            Field("role", "Which office", Shape.CHOICE, source=Source.OFFICE, is_optional=True),
            Field("name", "To whom", Shape.TYPED, source=Source.MEMBER, is_optional=True),
            Field(
                "repository",
                "Of which repository",
                Shape.PICKED,
                "Only where the office is for one repository.",
                source=Source.REPOSITORY,
                is_optional=True,
            ),
            Field(
                "custody",
                "Or: which commons shall be taken into custody",
                Shape.CHOICE,
                "One that nobody there can decide for any more; members always vote on it.",
                source=Source.WARD,
                is_optional=True,
            ),
        ),
        Action.SEAT_FILL: (),
        Action.SEAT_RECALL: (Field("seat", "Which office", Shape.CHOICE, source=Source.SEAT),),
        Action.POOL_DECLARE: (
            Field(
                "unit",
                "Of what",
                Shape.TYPED,
                "bytes_stored, bytes_logical, bytes_served, or a unit of your own: gpu_hours.",
                source=Source.UNIT,
            ),
            Field("by", "Who gives it"),
            AMOUNT,
        ),
        Action.POOL_ALLOT_SMALL: (
            UNIT,
            MEMBER,
            AMOUNT,
            Field("project", "What it is for"),
        ),
        Action.POOL_ALLOT_ROUND: (
            UNIT,
            Field(
                "projects",
                "Projects",
                Shape.ROWS,
                columns=(MEMBER, AMOUNT, Field("project", "What it is for")),
            ),
        ),
        Action.POOL_RECLAIM: (
            Field("allotment", "Which allotment", Shape.CHOICE, source=Source.ALLOTMENT),
        ),
        Action.REMOVAL_DECIDE: (
            Field("removal", "Which request", Shape.CHOICE, source=Source.REMOVAL),
            Field(
                "fulfil",
                "What is asked for",
                Shape.CHOICE,
                choices=(("yes", "Remove it"), ("no", "Refuse")),
            ),
            Field("reason", "Why", Shape.TEXT),
        ),
        Action.CHILD_ADD: (Field("child", "Which commons", Shape.CHOICE, source=Source.CHILD),),
        Action.OPERATOR_RATIFY: (
            Field("act", "Which act of the operator", Shape.CHOICE, source=Source.OPERATOR_ACT),
        ),
        Action.CHARTER_AMEND: (PULL_OF_CHARTER,),
        Action.CHARTER_AMEND_ENTRENCHED: (PULL_OF_CHARTER,),
    }
)
BY_NAME = (Field("name", "Who", hint="The name of an account on this hub."),)
"""Whom owners admit: nobody applies to them, and so they name somebody."""
NOTHING_THERE: Mapping[Source, str] = MappingProxyType(
    {
        Source.REPOSITORY: "This commons has no repository yet.",
        Source.REPOSITORY_OR_BUCKET: "This commons has no repository or bucket yet.",
        Source.CHARTER_PULL: "No change of the charter waits. Write one on the charter's page.",
        Source.APPLICANT: "Nobody who has applied has what the charter asks for yet.",
        Source.OFFICE: "The charter knows no office that is granted.",
        Source.SEAT: "Nobody holds an office.",
        Source.UNIT: "Nothing is in the pot yet. Say first what somebody gives.",
        Source.ALLOTMENT: "No allotment is in force.",
        Source.REMOVAL: "No request waits to be decided.",
        Source.OPERATOR_ACT: "No act of the operator waits to be ratified.",
        Source.CHILD: "No commons whose charter names this one as its parent waits.",
    }
)
"""What is said in place of a choice with nothing to choose; elsewhere the field is left out."""

ELECTED = "An office is filled by an election, which any member calls on the page of that office."
GROUPS: tuple[tuple[str, tuple[Action, ...]], ...] = (
    ("Say something", (Action.STATEMENT,)),
    ("Repositories", tuple(each for each in Action if each.startswith("resource."))),
    ("Members", tuple(each for each in Action if each.startswith("member."))),
    ("Offices", tuple(each for each in Action if each.startswith("seat."))),
    ("The pot", tuple(each for each in Action if each.startswith("pool."))),
    (
        "The commons itself",
        (
            Action.CHARTER_AMEND,
            Action.CHARTER_AMEND_ENTRENCHED,
            Action.CHILD_ADD,
            Action.REMOVAL_DECIDE,
            Action.OPERATOR_RATIFY,
        ),
    ),
)
"""All actions, as they are listed to choose from."""

_AMOUNT = re.compile(r"([0-9][0-9,_ ]*(?:\.[0-9]{1,3})?)\s*([kKMGTP])B")
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


def shaped(
    fields: tuple[Field, ...], there: Mapping[str, tuple[tuple[str, str], ...]]
) -> tuple[Field, ...]:
    """The fields of a form; of what there is too much for a list is typed."""
    return tuple(
        replace(each, shape=Shape.TYPED)
        if each.shape is Shape.PICKED and len(there.get(each.name, ())) > PICKED_MAX
        else each
        for each in fields
    )


def amount(given: str) -> str:
    """An amount of bytes as people write it (`1.5 TB`) as a number; anything else as it is."""
    found = _AMOUNT.fullmatch(given.strip())
    if found is None:
        return given
    number, unit = found.groups()
    number = number.replace(",", "").replace("_", "").replace(" ", "")
    return str(int(Fraction(number) * 1_000 ** _POWERS[unit.upper()]))
