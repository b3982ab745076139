"""What happened in Valley Speech: half a year of a small language community, as its people did it.

A chapter is a day of the story, by how long ago it was; between chapters the clock of the commons
strikes. What is to be seen at the end runs still: a vote, an objection, a request for removal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from iriai.cli.demo.commons.town import Town
from iriai.commons.charter import presets
from iriai.commons.charter.rules import FILE_NAME, Action, Preset

NAME = "valley-speech"
FULLNAME = "Valley Speech"
NEWCOMER = "eve"
PEOPLE = {
    "ada": "Ada Holm",
    "bob": "Bob Ferrer",
    "cleo": "Cleo Maran",
    "dan": "Dan Osei",
    "eve": "Eve Lindqvist",
    "finn": "Finn Aro",
    "gita": "Gita Rao",
    "ivo": "Ivo Petrov",
    "hana": "Hana Sato",
}
FOUNDERS = ("ada", "bob", "cleo", "dan")
VOICES, WORDS = "village-voices", "word-list"
DATASET = f"datasets/{NAME}/{VOICES}"
TERABYTE = 10**12

CHARTER = "Decide together, as a language community"
LICENCE = "A licence for the recordings"
GATE = "Who may download the recordings of children"
ROUND = "Share out the GPU hours of this spring"
MEETING = "Meet on the first Tuesday of each month"
MAINTAINER = "Cleo looks after the recordings"
DISK = "Disk space from the valley library"
HOURS = "GPU hours from the coast university"
SCANS = "scanner_hours"
TRAINING = "Hours for Eve's speech recogniser"
TAGGING = "Hours for Gita's tagger"
TAPES = "Disk space for Finn's tapes"
SCANNER = "Scanner hours from the valley museum"
SCANNER_AWAY = "The scanner is away until summer"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A day of the story: how long ago, called what, and what is done."""

    days_ago: float
    name: str
    tell: Callable[[Town], None]


ROWS = ("speaker,village,seconds,text", "S1,Upper Mill,4.2,the river rose in the night")
CARD = """---
license: cc-by-4.0
language: en
pretty_name: Village Voices
---
# Village Voices

Short recordings from four villages, with what is said in them. People gave them on the terms that
the commons decides on together, and may ask for them back.
"""


def _founding(town: Town) -> None:
    town.found(FOUNDERS[0], FULLNAME, FOUNDERS[1:])


def _charter(town: Town) -> None:
    text = presets.text(Preset.LANGUAGE_COMMUNITY, NAME)
    text = text.replace("reclaim_cold_days: 365", "reclaim_cold_days: 150")
    number = town.commit(
        "ada", "charter", {FILE_NAME: text.encode()}, title=CHARTER, create_pr=True
    )
    made = town.propose("ada", Action.CHARTER_AMEND, {"pull": number}, title=CHARTER)
    town.second(made, "bob", "cleo", "dan")


def _recordings(town: Town) -> None:
    town.dataset("cleo", VOICES)
    rows = [*ROWS, "S2,Ferry Landing,6.0,we sang it at every wedding"]
    files = {"README.md": CARD.encode(), "rows.csv": _lines(rows)}
    town.commit("cleo", VOICES, files, title="The first recordings")
    files = {"children.csv": _lines([ROWS[0], "S7,Upper Mill,3.1,my dog is called Pepper"])}
    town.commit("cleo", VOICES, files, title="Recordings of the school")
    town.commit("cleo", VOICES, {"speaker-9.csv": _lines([ROWS[0]])}, title="One more speaker")
    town.dataset("dan", WORDS)
    town.commit("dan", WORDS, {"words.csv": _lines(["word,meaning", "beck,stream"])}, "Words")


def _nominations(town: Town) -> None:
    town.stand("steward", ("ada", "bob", "cleo"))
    town.stand("secretary", ("dan",))


def _elections(town: Town) -> None:
    for role, marks in (("steward", (1, 1, 1)), ("secretary", (1, 2))):
        number = town.numbered(f"Election: {role}")
        town.vote(number, dict.fromkeys(FOUNDERS, marks))


def _applications(town: Town) -> None:
    words = {
        "eve": "I build a speech recogniser for our school.",
        "finn": "I record my grandparents and their neighbours.",
        "gita": "I write a tagger and would like to share it.",
        "ivo": "I transcribe recordings in the evenings.",
    }
    for name, text in words.items():
        town.apply(name, text, ("ada", "bob"))


def _maintainer(town: Town) -> None:
    payload = {"role": "maintainer", "name": "cleo", "repository": DATASET}
    made = town.propose("ada", Action.SEAT_GRANT, payload, title=MAINTAINER)
    town.second(made, "dan")


def _gives(town: Town, title: str, unit: str, by: str, amount: int) -> None:
    payload = {"unit": unit, "by": by, "amount": str(amount)}
    town.second(town.propose("ada", Action.POOL_DECLARE, payload, title=title), "bob")


def _asks(town: Town, title: str, name: str, **asked: str) -> None:
    payload = {"name": name, **asked}
    town.second(town.propose(name, Action.POOL_ALLOT_SMALL, payload, title=title), "cleo")


def _disk(town: Town) -> None:
    _gives(town, DISK, "bytes_stored", "Valley Library", 2 * TERABYTE)


def _tapes(town: Town) -> None:
    """Nothing is written to them, and after 150 days that is noticed."""
    size, project = str(60 * TERABYTE // 1000), "tapes of my grandparents"
    _asks(town, TAPES, "finn", unit="bytes_stored", amount=size, project=project)


def _hours(town: Town) -> None:
    _gives(town, HOURS, "gpu_hours", "Coast University", 4000)


def _scanner(town: Town) -> None:
    _gives(town, SCANNER, SCANS, "Valley Museum", 400)


def _scans(town: Town) -> None:
    for name, amount, project in (("ivo", "14", "parish registers"), ("dan", "13", "field notes")):
        _asks(town, f"Scanning {project}", name, unit=SCANS, amount=amount, project=project)


def _scanner_away(town: Town) -> None:
    """Most of the gift is taken back: of the next requests one is lent, and one waits."""
    _gives(town, SCANNER_AWAY, SCANS, "Valley Museum", 60)
    for name, project in (("gita", "old newspapers"), ("eve", "a songbook")):
        _asks(town, f"Scanning {project}", name, unit=SCANS, amount="12", project=project)


def _scans_used(town: Town) -> None:
    """Members need their own part: what was lent out of it goes back in a day."""
    town.used(SCANS, {"ada": 2, "bob": 2, "cleo": 2, "dan": 9, "finn": 2, "ivo": 8})


def _licence(town: Town) -> None:
    text = "People gave their voices to the valley. Whoever builds on them should share alike."
    payload = {"repo": DATASET, "licence": "cc-by-sa-4.0"}
    made = town.propose("finn", Action.RESOURCE_RELICENSE, payload, title=LICENCE, text=text)
    town.second(made, "cleo")
    other = {"repo": DATASET, "licence": "cc-by-nc-4.0"}
    town.rival("ivo", made, Action.RESOURCE_RELICENSE, other)


def _licence_votes(town: Town) -> None:
    first, other = (1, 3, 2), (2, 1, 3)
    ballots = dict.fromkeys(("ada", "cleo", "eve", "finn"), first) | {
        "ivo": other,
        "gita": other,
        "dan": (1, 2, 3),
        "bob": (3, 2, 1),
    }
    town.vote(town.numbered(LICENCE), ballots)


def _round(town: Town) -> None:
    projects = "eve; 300; a speech recogniser\ngita; 300; a tagger\nfinn; 200; cleaner audio"
    projects += "\nivo; 150; subtitles for the village films"
    payload = {"unit": "gpu_hours", "projects": projects}
    town.second(town.propose("bob", Action.POOL_ALLOT_ROUND, payload, title=ROUND), "ada")


def _round_votes(town: Town) -> None:
    both = {"ada": (1, 1, 0, 0), "bob": (1, 1, 0, 0), "cleo": (1, 0, 1, 0), "dan": (0, 1, 1, 0)}
    own = {"eve": (1, 0, 0, 1), "gita": (0, 1, 0, 0), "finn": (0, 0, 1, 0), "ivo": (1, 1, 1, 1)}
    town.vote(town.numbered(ROUND), both | own)


def _small_allotment(town: Town) -> None:
    payload = {"unit": "gpu_hours", "name": "eve", "amount": "80", "project": "more training"}
    town.second(town.propose("eve", Action.POOL_ALLOT_SMALL, payload, title=TRAINING), "cleo")


def _hours_used(town: Town) -> None:
    town.used("gpu_hours", {"eve": 260, "gita": 140, "finn": 35})


def _report(town: Town) -> None:
    words = "Ivo called our newest speakers illiterate, twice, in the discussion of the recordings."
    town.report("finn", "account/ivo", words)


def _charge(town: Town) -> None:
    town.case(
        "ada",
        1,
        "charge",
        rule="Speak of people as you would to them.",
        facts="Two comments, on two days, about people who had just given us their voices.",
        asked="Take the comments back, and say what you meant.",
    )


def _answer(town: Town) -> None:
    words = "I meant the transcripts, not the people. I have taken the comments back."
    town.case("ivo", 1, "answer", words=words)


def _sanction(town: Town) -> None:
    reasons = "The comments were about people, and it was the second time."
    town.case("ada", 1, "decide", rung="warning", reasons=reasons)


def _appeal(town: Town) -> None:
    words = "There was no first time that anybody told me of."
    town.case("ivo", 1, "appeal", words=words, string="snow on the upper mill")


def _panel(town: Town) -> None:
    town.answer_on_panel(
        1,
        ("varied", "nudge", "Nobody had told him before; a nudge comes first."),
        ("varied", "nudge", "He took it back within a day of being told."),
        ("varied", "nudge", "It was unkind, and a warning for a first time is too much."),
    )


def _removal(town: Town) -> None:
    words = "I am speaker 9. I was promised that my recordings would stay in the village."
    town.ask_for_removal(VOICES, "speaker-9.csv", words)


def _removed(town: Town) -> None:
    town.remove("cleo", 1, "The speaker asked for it, and it is theirs to ask.")


def _gate(town: Town) -> None:
    text = (
        "Their parents said yes to us, not to everybody. Should people say who they are and what "
        "for before they download?"
    )
    payload = {"repo": DATASET, "gated": "manual"}
    made = town.propose("bob", Action.RESOURCE_GATE, payload, title=GATE, text=text)
    town.second(made, "cleo")


def _gate_rival(town: Town) -> None:
    payload = {"repo": DATASET, "gated": "auto"}
    town.rival("gita", town.numbered(GATE), Action.RESOURCE_GATE, payload)


def _gate_votes(town: Town) -> None:
    ballots = {"ada": (1, 2, 3), "cleo": (2, 1, 3), "finn": (1, 2, 3), "ivo": (3, 2, 1)}
    town.vote(town.numbered(GATE), ballots)


def _meeting(town: Town) -> None:
    payload = {"text": "We meet on the first Tuesday of each month at seven, in the library."}
    made = town.propose("dan", Action.STATEMENT, payload, title=MEETING)
    town.second(made, "bob")


def _objection(town: Town) -> None:
    reason = "On Tuesdays the last ferry leaves at six: nobody from Ferry Landing could come."
    town.object_to("finn", town.numbered(MEETING), reason)


def _now(town: Town) -> None:
    town.apply("hana", "I teach at the school and could gather more recordings.", ("ada",))
    payload = {"unit": "gpu_hours", "name": "gita", "amount": "60", "project": "the tagger"}
    town.propose("gita", Action.POOL_ALLOT_SMALL, payload, title=TAGGING)


def _asked_again(town: Town) -> None:
    words = "My daughter is in this file, and she does not want to be any more."
    town.ask_for_removal(VOICES, "children.csv", words)


def _arrivals(password: str, town: Town) -> None:
    for name, fullname in PEOPLE.items():
        town.arrive(name, fullname, password if name == NEWCOMER else None)


def _nothing(_town: Town) -> None:
    """A day on which only the clock strikes."""


def _lines(rows: list[str]) -> bytes:
    return ("\n".join(rows) + "\n").encode()


DAYS: tuple[tuple[float, str, Callable[[Town], None]], ...] = (
    (219.9, "founding", _founding),
    (219, "charter", _charter),
    (218, "recordings", _recordings),
    (217, "nominations", _nominations),
    (210, "ballots open", _nothing),
    (208, "elections", _elections),
    (199, "elected", _nothing),
    (198, "applications", _applications),
    (194, "admitted", _nothing),
    (193, "disk", _disk),
    (190, "maintainer", _maintainer),
    (189.5, "tapes", _tapes),
    (186, "seated", _nothing),
    (180, "gifts", _hours),
    (176, "given", _nothing),
    (150, "licence", _licence),
    (142, "licence's vote", _nothing),
    (140, "licence's ballots", _licence_votes),
    (134, "licence's count", _nothing),
    (120, "round", _round),
    (112, "round's ballots", _round_votes),
    (100, "round's count", _nothing),
    (90, "small allotment", _small_allotment),
    (86, "allotted", _nothing),
    (80, "scanner", _scanner),
    (75, "scans", _scans),
    (70, "hours used", _hours_used),
    (60, "report", _report),
    (59, "charge", _charge),
    (58, "answer", _answer),
    (56, "sanction", _sanction),
    (54, "appeal", _appeal),
    (41, "lot", _nothing),
    (40, "panel", _panel),
    (30, "removal asked", _removal),
    (29, "removal acknowledged", lambda town: town.acknowledge("bob", 1)),
    (26, "removal", _removed),
    (11, "gate", _gate),
    (9, "gate's rival", _gate_rival),
    (6, "scanner away", _scanner_away),
    (3.5, "gate's vote", _nothing),
    (3, "gate's ballots", _gate_votes),
    (2.5, "meeting", _meeting),
    (1.5, "objection", _objection),
    (1.2, "removal asked again", _asked_again),
    (1, "removal held", lambda town: town.acknowledge("bob", 2)),
    (0.6, "scans used", _scans_used),
    (0.5, "now", _now),
    (0, "today", _nothing),
)
"""What happened after people arrived: how long ago, what it is called, and how it is done."""


def chapters(password: str) -> list[Chapter]:
    """The chapters in their order; the password is the newcomer's."""
    arrivals = Chapter(220, "arrivals", partial(_arrivals, password))
    return [arrivals, *(Chapter(*each) for each in DAYS)]
