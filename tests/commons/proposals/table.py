"""The table of who may propose, second, object and vote, read from a charter's text alone.

With PyYAML and nothing of the hub's own reading, so that the two can differ.
"""

from dataclasses import dataclass

import yaml

from iriai.identity.rules import Role

PRESETS = ("owners", "solo", "consortium", "university", "language-community", "agency")
OWNED = ("owners", "solo")


@dataclass(frozen=True)
class Person:
    """Somebody, by what the table asks of them. `days`: for how long a member; None: a founder."""

    state: str = "visitor"
    days: float | None = None
    office: str | None = None
    role: Role | None = None
    house: str | None = None
    speaks: str | None = None


PEOPLE = {
    "stranger": Person(),
    "applying": Person("applicant"),
    "newcomer": Person("member", days=0),
    "settling": Person("member", days=20),
    "founder": Person("member"),
    "other": Person("member", role=Role.ADMIN),
    "resting": Person("emeritus"),
    "barred": Person("suspended"),
    "gone": Person("left"),
    "outcast": Person("expelled"),
    "gus": Person("member", office="steward"),
    "max": Person("member", office="maintainer"),
    "kim": Person("member", office="maintainer of it"),
    "moe": Person("member", office="maintainer of another"),
    "sue": Person("member", office="secretary"),
    "eve": Person("member", office="past steward"),
    "pupil": Person("member", role=Role.CONTRIBUTOR, house="school"),
    "rita": Person(speaks="school"),
    "fay": Person("member", speaks="school"),
    "nell": Person(speaks="college"),
    "reader": Person(role=Role.READ),
    "writer": Person("expelled", role=Role.WRITE),
    "zoe": Person(role=Role.ADMIN),
    "zed": Person("suspended", role=Role.ADMIN),
}
"""The college has left, so whoever speaks for it speaks for nobody here."""

SCHOOL = "school"


class Table:
    """What a charter's text says of everybody, by its plain words."""

    def __init__(self, text, about=None):
        self.text = text
        self.about = about  # the repository that is decided about, if it is about one
        self.said = yaml.safe_load(text)
        self.is_owned = self.said["preset"] in OWNED
        kinds = self.said.get("members", {}).get("kinds", {})
        self.votes = {kind: kinds.get(kind, 0) for kind in ("person", "institution")}
        self.wait = self.said.get("members", {}).get("elector_after_days")

    def way(self, action):
        """The procedure of an action as it is written; None where it is a panel's."""
        return self.said["decisions"].get(self.said["actions"][action])

    def is_member(self, name):
        person = PEOPLE[name]
        return person.role is not None if self.is_owned else person.state == "member"

    def takes_part(self, name):
        return self.is_member(name) or (not self.is_owned and PEOPLE[name].speaks == SCHOOL)

    def speaks_for_school(self, name):
        """Whether they speak in its name unless they say otherwise: where they have no vote."""
        if self.is_owned or PEOPLE[name].speaks != SCHOOL:
            return False
        return not self.is_member(name) or not self.votes["person"]

    def house(self, name):
        """With whom they count as one."""
        person = PEOPLE[name]
        counted = self.votes["institution"] and not self.is_owned
        if self.speaks_for_school(name) or (counted and person.speaks == SCHOOL):
            return SCHOOL
        return (person.house if counted else None) or name

    def proposes(self, name, action):
        way = self.way(action)
        if action == "seat.fill" or way is None or not self.takes_part(name):
            return False  # elections begin by themselves; a panel judges in a case
        if way["path"] == "at_once" and (
            action == "removal.decide" or (action == "member.suspend" and not self.is_owned)
        ):
            return False  # that is done in a case, or on the page of the request
        return action != "seat.grant" or "maintainer" in self.said.get("roles", {})

    def decides(self, name, way):
        """Whether their word alone is the decision."""
        if way["path"] != "at_once":
            return False
        if self.is_owned:
            return PEOPLE[name].role is Role.ADMIN
        office = None if self.speaks_for_school(name) else PEOPLE[name].office
        return {
            "members": self.takes_part(name),
            "maintainers": office in ("steward", "maintainer")
            or (office == "maintainer of it" and self.about == "lab/tiny"),
            "stewards": office == "steward",
        }[way["who"]]

    def seconds(self, name, proposer, way):
        if not self.takes_part(name) or self.house(name) == self.house(proposer):
            return False
        return way["path"] != "at_once" or self.decides(name, way)

    def elects(self, name, later):
        """Whether they have a vote of their own, so many days after today."""
        person = PEOPLE[name]
        if self.is_owned:
            return person.role is Role.ADMIN
        if person.state != "member" or not self.votes["person"]:
            return False
        return person.days is None or person.days + later >= self.wait

    def votes_at(self, name, later):
        spoken = PEOPLE[name].speaks == SCHOOL and self.votes["institution"] > 0
        return self.elects(name, later) or (spoken and not self.is_owned)
