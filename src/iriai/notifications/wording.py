"""A notification in plain words, and where it leads. Pure."""

from urllib.parse import quote

from iriai.notifications.queries import Noted

VERBS = {
    "opened discussion": "began a discussion",
    "opened pull request": "opened a pull request",
    "commented": "commented",
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
    "opened the vote on": "The vote on {what} is open, and you have a voice in it",
    "tied": "The vote on {what} is a tie, which waits for the casting vote",
    "passed": "{what} has passed",
    "failed": "{what} has not passed{why}",
    "enacted": "{what} is done",
    "could not enact": "{what} passed, but could not be done{why}",
}
OF_MEMBERS = ("member/", "seat/", "election/")
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


def sentence(noted: Noted) -> str:
    """What happened, in one line: `bob commented on ada/tiny #3: A question`."""
    found, repo = noted.notification, noted.repo
    if found.subject.startswith("membership/"):
        return _role(noted)
    if found.subject.startswith(OF_MEMBERS):
        return _of_members(noted)
    if found.subject.startswith(OF_PROPOSALS):
        return _of_proposal(noted)
    name = repo.full_name if repo is not None else "a repository that is not yours to see"
    where = f"{name} #{found.number}: {noted.title}" if found.number else name
    joined = {"commented": "on", "committed": "to", "pushed": "to"}.get(found.verb, "–")
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
    words = OF_THEM.get(found.verb)
    actor = "The hub" if found.actor.startswith("system:") else found.actor
    if words is None:
        return f"{actor} {found.verb} {role or 'a member'} in {commons}"
    return words.format(actor=actor, commons=commons, role=role)


def _of_proposal(noted: Noted) -> str:
    found = noted.notification
    _, commons, number = found.subject.split("/", 2)
    words = OF_IT.get(found.verb, "{actor} {verb} {what}")
    said = words.format(
        actor="The hub" if found.actor.startswith("system:") else found.actor,
        verb=found.verb,
        what=f"proposal {number} of {commons}",
        why=f": {found.detail}" if found.detail else "",
    )
    return said[0].upper() + said[1:]
