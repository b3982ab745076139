"""Another licence in a card: what it then says, and the decided commit that says so."""

from iriai.base.errors import Conflict
from iriai.base.tx import Ground
from iriai.cards import rules as cards
from iriai.commons.enactment import landing
from iriai.commons.enactment.registry import Decision, Done
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos.git.entries import Folder
from iriai.repos.landing import on_the_newest
from iriai.repos.operations import Add
from iriai.repos.rules import MAIN, Repo

README = "README.md"


def write(
    ground: Ground, actor: Actor, repo: Repo, licence: str, *, decision: Decision, done: Done
) -> None:
    """Write a licence into the card on main, on top of whatever main is by then."""

    def attempt() -> None:
        _attempt(ground, actor, repo, licence, decision=decision, done=done)

    on_the_newest(attempt)


def _attempt(
    ground: Ground, actor: Actor, repo: Repo, licence: str, *, decision: Decision, done: Done
) -> None:
    with ground.read() as tx:
        main = repos.ref(tx, repo.id, MAIN)
    if main is None:
        raise Conflict("This repository has no main branch any more.")
    objects = repos.objects(ground, repo.id)
    entry = objects.find_entry(main.commit, README)
    if isinstance(entry, Folder):
        raise Conflict(f"{README} of {repo.address} is a folder; there is no card to write in.")
    before = "" if entry is None else objects.blob(entry.oid).decode(errors="replace")
    after = relicensed(before, licence)
    if after == before:
        raise Conflict(f"{repo.address} has the licence {licence} already.")
    landing.commit(
        ground,
        actor,
        repo,
        operations=[Add(README, after.encode())],
        title=f"Licence {licence} (decision {decision.reference})",
        parent=main.commit,
        witness=lambda tx, _: done(tx),
        decision=decision,
    )


def relicensed(text: str, licence: str) -> str:
    """A card with another licence; everything else in it stays as it is. Pure."""
    front, body = cards.split(text)
    line = f"license: {licence}"
    if front is None:
        return f"---\n{line}\n---\n{text}"
    lines: list[str] = []
    inside = replaced = False
    for each in front.splitlines():
        if each.startswith("license:"):
            lines, inside, replaced = [*lines, line], True, True
        elif inside and each.startswith((" ", "-")):
            continue  # the rest of a list of licences
        elif not each.startswith(("license_name:", "license_link:")):
            lines, inside = [*lines, each], False
    if not replaced:
        lines.append(line)
    return "---\n" + "\n".join(lines) + "\n---\n" + body
