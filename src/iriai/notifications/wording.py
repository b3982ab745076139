"""A notification in plain words, and where it leads. Pure."""

from urllib.parse import quote

from iriai.notifications.asking import VOTE_OPENED, Asked
from iriai.notifications.queries import Noted
from iriai.notifications.rules import Reason

VERBS = {
    "opened discussion": "began a discussion",
    "opened pull request": "opened a pull request",
    "commented": "commented",
    "edited": "added your name to a comment",
    "opened": "reopened it",
    "closed": "closed it",
    "merged": "merged it",
    "locked": "locked it",
    "unlocked": "unlocked it",
    "hid": "hid your comment",
    "committed": "committed",
    "pushed": "pushed",
    "moved": "renamed or moved it",
    "duplicated": "made a copy",
    "asked for access to": "asked for access",
    "let somebody into": "let you in",
    "refused somebody access to": "did not let you in",
}


OF_PROPOSALS = "proposal/"
OF_IT = {
    "seconded": "{actor} seconded {what}",
    "objected to": "{actor} objected to {what}, with a reason",
    "opened the vote on": "The vote on {what} is open",
    "tied": "The vote on {what} is a tie, which waits for the casting vote",
    "passed": "{what} has passed",
    "failed": "{what} has not passed{why}",
    "enacted": "{what} is done",
    "could not enact": "{what} passed, but could not be done{why}",
}
OF_VOTES = {
    Asked.OPEN: "The vote on {what} is open, and you have a voice in it",
    Asked.DONE: "The vote on {what} is open, and you have voted",
    Asked.OVER: "The vote on {what} is over",
}
"""That a vote was opened, as that stands for its reader now."""

OF_POTS = "pot/"
OF_ALLOTMENTS = {
    "queued": "Your allotment for {project} waits its turn in the pot of {commons}",
    "allotted": "You have an allotment for {project} from the pot of {commons}",
    "lent": "{project} is lent what others leave unused in the pot of {commons}",
    "recalled": "What {project} was lent in {commons} goes back in a day; nothing is deleted",
    "noticed": "What {project} holds in {commons} lies cold, and your allotment will be taken back",
    "renewed": "Your allotment for {project} in {commons} stays: it is used again",
    "reclaimed": "Your allotment for {project} in {commons} was taken back; nothing is deleted",
}
OF_ALLOTMENTS_OF_YOURS = {
    "queued": "The allotment of {who} for {project} waits its turn in the pot of {commons}",
    "allotted": "{who} has an allotment for {project} from the pot of {commons}",
    "noticed": "What {project} of {who} holds in {commons} lies cold, and the allotment will be "
    "taken back",
    "renewed": "The allotment of {who} for {project} in {commons} stays: it is used again",
    "reclaimed": "The allotment of {who} for {project} in {commons} was taken back; nothing is "
    "deleted",
}
"""Of an institution for which one speaks; what is not here is said of the project alone."""

OF_MEMBERS = ("member/", "seat/", "election/")

ANSWERED = "{what} has answered; its word is the last, and its reasons are on its page"
OF_CASES = {
    "case": {
        "reported": "Something was reported: {what}",
        "looked at": "{actor} looks at what you reported: {what}",
        "charged": "{what} was opened, and whoever it is about may answer",
        "answered": "There is an answer in {what}",
        "asked a second steward on": "{actor} asks a second steward to decide {what}",
        "referred": "{what} goes to a panel drawn by lot",
        "dismissed": "{what} was dismissed",
        "decided": "{what} was decided",
        "appealed": "{what} was appealed",
        "upheld": "The decision in {what} stands",
        "varied": "The decision in {what} is changed",
        "overturned": "The decision in {what} does not stand",
        "ended the effect of": "What was decided in {what} is over",
        "faded": "{what} has faded by a rung",
    },
    "panel": {
        "asked for": "A panel was asked for: {what}",
        "answered on": ANSWERED,
        "drew": "{what} was drawn",
    },
    "hold": {
        "asked a second steward for": "{actor} asks a second steward to agree to {what}",
        "placed": "{what} was placed",
        "kept": "{what} lasts until its case is decided",
        "lifted": "{what} was lifted",
        "lapsed": "{what} has lapsed",
        "ended": "{what} has ended with its case",
    },
    "removal": {
        "received": "Somebody asks for data to be removed: {what}",
        "acknowledged": "{what} was read, and the files are not served from now on",
        "refused": "{what} was refused",
        "fulfilled": "{what} was fulfilled",
        "appealed": "The refusal of {what} was appealed",
        "upheld": "A panel kept the refusal of {what}",
    },
}
CALLED = {"case": "case", "panel": "panel", "hold": "hold", "removal": "request"}
DRAWN = {
    None: "You were drawn by lot for {what}",
    Asked.OPEN: "You were drawn by lot for {what}: say there whether you sit",
    Asked.DONE: "You sit on {what}",
    Asked.DECLINED: "You were drawn by lot for {what}, and do not sit on it",
    Asked.OVER: "You were drawn by lot for {what}, which is over",
}
"""That somebody was drawn, as that stands for them now."""
OF_THEM = {
    "admitted": "You are a member of {commons}",
    "suspended": "You are suspended in {commons}; the page of members says until when",
    "restored": "Your suspension in {commons} is over",
    "expelled": "You are no member of {commons} any more",
    "retired": "You rest as a member of {commons}; one click brings you back",
    "sponsored": "{actor} vouches for you in {commons}",
    "put to the members": "The members of {commons} decide on you",
    "seated": "You are {role} in {commons}",
    "made caretaker": "You take care of the office of {role} in {commons}",
    "expired from": "Your term as {role} in {commons} is over",
    "recalled from": "You were recalled as {role} in {commons}",
    "withdrawn from": "Your seat as {role} in {commons} has ended",
    "opened a petition on": "{actor} asks your seat as {role} in {commons} back",
    "put to the vote": "The recall of your seat as {role} in {commons} is put to the vote",
    "nominated for": "{actor} named you for the office of {role} in {commons}; accept, or not",
    "opened the ballot of": "The ballot you stand on for {role} in {commons} is open",
    "filled": "You were elected {role} in {commons}",
}
OF_YOURS = {
    "admitted": "{who} is a member of {commons}, and you speak for it",
    "suspended": "{who} is suspended in {commons}; the page of members says until when",
    "restored": "The suspension of {who} in {commons} is over",
    "expelled": "{who} is no member of {commons} any more",
    "retired": "{who} rests as a member of {commons}; one click of yours brings it back",
    "sponsored": "{actor} vouches for {who} in {commons}",
    "put to the members": "The members of {commons} decide on {who}",
}
"""What is done about an institution for which one speaks."""


def sentence(noted: Noted) -> str:
    """What happened, in one line: `bob commented on ada/tiny #3: A question`."""
    found, repo = noted.notification, noted.repo
    if found.subject.startswith("membership/"):
        return _role(noted)
    if found.subject.startswith(OF_MEMBERS):
        return _of_members(noted)
    if found.subject.startswith(OF_PROPOSALS):
        return _of_proposal(noted)
    if found.subject.startswith(OF_POTS):
        _, commons, who = (*found.subject.split("/", 2), "")[:3]
        words = OF_ALLOTMENTS.get(found.verb, "The pot of {commons} has changed")
        if who:
            words = OF_ALLOTMENTS_OF_YOURS.get(found.verb, words)
        return words.format(commons=commons, project=found.detail, who=who)
    if found.subject.partition("/")[0] in OF_CASES:
        return _of_case(noted)
    name = repo.full_name if repo is not None else "a repository that is not yours to see"
    where = f"{name} #{found.number}: {noted.title}" if found.number else name
    joined = {"commented": "on", "edited": "on", "committed": "to", "pushed": "to"}.get(
        found.verb, "–"
    )
    said = f": {found.detail}" if found.detail else ""
    return f"{found.actor} {VERBS.get(found.verb, found.verb)} {joined} {where}{said}"


def path(noted: Noted) -> str:
    """Where it can be seen, as a path on this hub."""
    found, repo = noted.notification, noted.repo
    if found.subject.startswith("membership/"):
        return "/" + quote(found.subject.split("/")[1])
    if found.subject.startswith(OF_MEMBERS):
        what, commons, rest = found.subject.split("/", 2)
        role = rest if what == "election" else found.detail if what == "seat" else ""
        base = f"/commons/{quote(commons)}"
        return f"{base}/seats/{quote(role)}" if role else f"{base}/members"
    if found.subject.startswith(OF_PROPOSALS):
        _, commons, number = found.subject.split("/", 2)
        return f"/commons/{quote(commons)}/proposals/{quote(number)}"
    if found.subject.partition("/")[0] in OF_CASES:
        what, commons, number = found.subject.split("/", 2)
        page = f"/commons/{quote(commons)}/"
        return page + ("cases" if what == "hold" else f"{what}s/{quote(number)}")
    if found.subject.startswith(OF_POTS):
        return f"/commons/{quote(found.subject.split('/')[1])}/pot"
    if repo is None:
        return "/notifications"
    base = "/" + quote(repo.address)
    if found.verb == "asked for access to":
        return f"{base}/settings/access"
    if found.verb == "refused somebody access to":
        return f"{base}/ask-access"
    if found.number is None:
        return base
    anchor = f"#event-{found.comment}" if found.comment else ""
    return f"{base}/discussions/{found.number}{anchor}"


def _role(noted: Noted) -> str:
    found = noted.notification
    _, group, person = (*found.subject.split("/", 2), "", "")[:3]
    if found.verb == "accepted":
        return f"{person} joined {group} as {found.detail}"
    if found.verb == "ended":
        return f"{found.actor} ended your role in {group}"
    return f"{found.actor} gave you the role {found.detail} in {group}"


def _of_members(noted: Noted) -> str:
    found = noted.notification
    what, commons, rest = found.subject.split("/", 2)
    role = rest if what == "election" else found.detail
    is_yours = what == "member" and found.reason is Reason.OWN
    words = (OF_YOURS if is_yours else OF_THEM).get(found.verb)
    actor = "The hub" if found.actor.startswith("system:") else found.actor
    if words is None:
        return f"{actor} {found.verb} {role or 'a member'} in {commons}"
    return words.format(actor=actor, commons=commons, role=role, who=rest)


def _of_case(noted: Noted) -> str:
    """What happened, and what happens next."""
    found = noted.notification
    what, commons, number = found.subject.split("/", 2)
    seated = what == "panel" and found.reason is Reason.PART and found.verb != "answered on"
    words = OF_CASES[what].get(found.verb, "{actor} {verb} {what}")
    detail = found.detail if words != ANSWERED else ""
    if seated:
        words = DRAWN[noted.asked]
        detail = found.detail if noted.asked in (Asked.OPEN, Asked.DONE) else ""
    said = words.format(
        actor="The hub" if found.actor.startswith("system:") else found.actor,
        verb=found.verb,
        what=f"{CALLED[what]} {number} of {commons}",
    )
    return f"{said[0].upper()}{said[1:]}. {detail}".rstrip(". ") + "."


def _of_proposal(noted: Noted) -> str:
    found = noted.notification
    _, commons, number = found.subject.split("/", 2)
    words = OF_IT.get(found.verb, "{actor} {verb} {what}")
    if found.verb == VOTE_OPENED and noted.asked is not None:
        words = OF_VOTES[noted.asked]
    title = f" (“{noted.title}”)" if noted.title else ""
    said = words.format(
        actor="The hub" if found.actor.startswith("system:") else found.actor,
        verb=found.verb,
        what=f"proposal {number} of {commons}{title}",
        why=f": {found.detail}" if found.detail else "",
    )
    return said[0].upper() + said[1:]
