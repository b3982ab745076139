"""The log in plain words: an entry as a sentence, its subject as a link. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from iriai.web import links
from iriai.web.texts import gettext as _

VALUE_LENGTH_MAX = 200
WHOLE = {
    ("joined", "account"): _("{actor} joined."),
    ("passed", "proposal"): _("Proposal {name}{of} passed."),
    ("enacted", "proposal"): _("Proposal {name}{of} was carried out."),
    ("counted", "proposal"): _("The votes on proposal {name}{of} were counted."),
    ("applied", "member"): _("{actor} asked to become a member{of}."),
    ("received", "removal"): _("Somebody asked for data to be removed{of}: request {name}."),
}
"""Entries whose subject goes without saying, or is said in another way."""

VERBS = {
    ("proposed", "proposal"): _("made"),
    ("asked for", "panel"): _("called for"),
    ("created ref of", "repo"): _("made a branch or tag in"),
    ("deleted ref of", "repo"): _("deleted a branch or tag of"),
    ("gave a verdict on", "panel"): _("gave a verdict in"),
}
"""Verbs that read better in another word."""

OF_COMMONS = {
    "charter": _("the charter{of}"),
    "member": _("{name} as a member{of}"),
    "seat": _("seat {name}{of}"),
    "election": _("the election of {name}{of}"),
    "petition": _("petition {name}{of}"),
    "proposal": _("proposal {name}{of}"),
    "case": _("case {name}{of}"),
    "panel": _("panel {name}{of}"),
    "hold": _("hold {name}{of}"),
    "removal": _("the removal request {name}{of}"),
    "pot": _("the pot{of} {name}"),
}
"""Subjects that belong to a commons: `proposal/lab/3`."""

PAGES = {
    "charter": "charter",
    "member": "members",
    "seat": "members",
    "election": "members",
    "petition": "members",
    "proposal": "proposals",
    "case": "cases",
    "panel": "panels",
    "hold": "cases",
    "removal": "removals",
    "pot": "pot",
}
"""Under which page of its commons such a subject is seen."""

SOMEBODY = "somebody"
"""Who acts where the log does not say who it was."""

NUMBERED = frozenset({"proposal", "case", "panel", "removal"})
"""Of these each has a page of its own, under its number."""

DISCUSSION = re.compile(r"(?P<repository>.+)/discussions/(?P<number>\d+)(?P<comment>/comment/.+)?")

PREPOSITIONS = {
    ("broke glass", "account"): _(" on "),
    ("broke glass", "repo"): _(" on "),
    ("commented", "repo"): _(" on "),
    ("committed", "repo"): _(" to "),
    ("pushed", "repo"): _(" to "),
    ("allotted", "pot"): _(" out of "),
    ("declared", "pot"): _(" what is given to "),
    ("lent", "pot"): _(" what is unused of "),
    ("noticed", "pot"): _(" cold data in "),
    ("queued", "pot"): _(" a request to "),
    ("recalled", "pot"): _(" what was lent out of "),
    ("reclaimed", "pot"): _(" an allotment for "),
    ("renewed", "pot"): _(" an allotment out of "),
    ("reported", "pot"): _(" what was used of "),
    ("proposed", "repo"): _(" a change to "),
    ("took in", "commons"): _(" what there was into "),
}
"""What stands between some verbs and their subject."""


def sentence(
    actor: str, verb: str, subject: str, facts: Mapping[str, Any], *, here: str = ""
) -> str:
    """An entry as one sentence, such as `ada committed to the model ada/tiny`.

    `here`: the commons in whose log it is read, which then goes without saying.
    """
    what, _slash, rest = subject.partition("/")
    actor = _actor(actor, here)
    name = _subject(subject, is_group=facts.get("kind") == "organisation", here=here)
    whole = WHOLE.get((verb, what))
    if whole is not None:
        commons, _slash, number = rest.partition("/")
        return whole.format(actor=actor, name=number, of=_of(commons, here))
    if verb == "opened pull request":
        return f"{actor} {verb} {name.removeprefix(_('discussion '))}{_more(facts)}."
    joined = PREPOSITIONS.get((verb, what), " ")
    verb = "opened" if verb == "opened discussion" else VERBS.get((verb, what), verb)
    return f"{actor} {verb}{joined}{name}{_more(facts)}."


def named(subject: str) -> str:
    """What an entry is about, in words: `the model ada/tiny`."""
    return _subject(subject)


def pairs(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The facts of an entry, as names and values."""
    return [(name.replace("_", " "), _value(value)) for name, value in facts.items()]


def link(subject: str) -> str:
    """Where the subject of an entry can be seen; empty where it has no page."""
    what, _slash, name = subject.partition("/")
    if what == "account":
        return links.account(name)
    if what == "commons":
        return links.commons(name, "log")
    if what in PAGES:
        commons, _slash, rest = name.partition("/")
        own = [rest] if what in NUMBERED and rest.isdecimal() else []
        return links.commons(commons, PAGES[what], *own)
    if what == "repo" and not name.partition("/")[0].isdecimal():
        return "/" + links.quoted(name.partition("/comment/")[0])
    return ""


def _actor(actor: str, here: str) -> str:
    """Who did it, to begin a sentence: a person as they write it, or what acts for nobody."""
    if actor.startswith("system:decision/"):
        commons, _slash, number = actor.removeprefix("system:decision/").rpartition("/")
        return _("Decision {number}{of}").format(number=number, of=_of(commons, here))
    if actor.startswith("panel/"):
        return _("Panel {number}").format(number=actor.removeprefix("panel/"))
    if actor == "system:operator":
        return _("The operator")
    if actor.startswith("system:"):
        return _("The hub")
    return _("Somebody") if actor == SOMEBODY else actor


def _of(commons: str, here: str) -> str:
    """Of which commons, where that does not go without saying."""
    return "" if commons == here else _(" of {commons}").format(commons=commons)


def _subject(subject: str, *, is_group: bool = False, here: str = "") -> str:
    what, _slash, name = subject.partition("/")
    if what == "repo":
        return _repository(name)
    if what == "membership":
        group, _slash, person = name.partition("/")
        return _("the role of {person} in {group}").format(person=person, group=group)
    if what in OF_COMMONS:
        commons, _slash, rest = name.partition("/")
        return OF_COMMONS[what].format(of=_of(commons, here), name=rest).rstrip()
    words = {
        "account": _("the organisation {name}") if is_group else _("the account {name}"),
        "token": _("the access token {name}"),
        "invite": _("the invitation {name}"),
        "commons": _("the commons {name}"),
        "key": _("a key that signs this log"),
    }
    return words.get(what, "{name}").format(name=name if what in words else subject)


def _repository(name: str) -> str:
    discussion = DISCUSSION.fullmatch(name)
    if discussion is not None:
        words = _("a comment in discussion {number} of {repository}")
        if not discussion["comment"]:
            words = _("discussion {number} of {repository}")
        held = _repository(discussion["repository"])
        return words.format(number=discussion["number"], repository=held)
    if "/" not in name:
        return _("the private repository number {name}").format(name=name)
    first, _slash, rest = name.partition("/")
    if first == "datasets":
        return _("the dataset {name}").format(name=rest)
    if first == "spaces":
        return _("the space {name}").format(name=rest)
    return _("the model {name}").format(name=name)


def _more(facts: Mapping[str, Any]) -> str:
    """The one fact that belongs into the sentence."""
    for key, words in (("role", _(" as {value}")), ("to", _(" to {value}"))):
        if isinstance(facts.get(key), str):
            return words.format(value=facts[key][:VALUE_LENGTH_MAX])
    title = facts.get("title")
    return f": “{title[:VALUE_LENGTH_MAX]}”" if isinstance(title, str) else ""


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(each)}" for key, each in value.items())[:VALUE_LENGTH_MAX]
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)[:VALUE_LENGTH_MAX]
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)[:VALUE_LENGTH_MAX]
