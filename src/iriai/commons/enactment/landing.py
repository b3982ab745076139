"""Commits, merges and pushes, judged for what they do to what is not one person's alone.

A commit can change a licence, and move the branch that a commons holds; so every one passes here.
It is weighed outside the transaction, where git objects are read, and ruled on inside the one that
lands it.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from iriai.base.errors import Conflict, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.cards import actions as cards
from iriai.cards import reading
from iriai.cards.facts import tells
from iriai.commons import rules
from iriai.commons.charter.rules import Action
from iriai.commons.enactment.deciding import decide
from iriai.discussions import actions as discussions
from iriai.discussions import merging
from iriai.discussions import queries as discussions_queries
from iriai.discussions import rules as discussions_rules
from iriai.identity.rules import Actor
from iriai.repos import actions as repos
from iriai.repos import powers, pushes
from iriai.repos import queries as repos_queries
from iriai.repos.actions import Landed, Prepared
from iriai.repos.commits import Witness
from iriai.repos.pushes import Pushed, Weighed
from iriai.repos.rules import MAIN, HeldBy, Repo

Ruling = Callable[[Tx], None]
Judge = Callable[[Prepared | Weighed], Ruling]

MERGE_ATTEMPTS_MAX = 20

log = logging.getLogger(__name__)


def commit(
    ground: Ground, actor: Actor, repo: Repo, *, witness: Witness | None = None, **change: Any
) -> Landed:
    """Land a commit, judged for what it does to the licence. Keywords: `repos.actions.commit`.

    One that opens a pull request is written down among the discussions, in its own transaction.
    """

    def told(tx: Tx, landed: Landed) -> None:
        if landed.number is not None:
            discussions.begin_pull_request(
                tx,
                actor,
                repo,
                landed.number,
                title=change["title"],
                description=change.get("description", ""),
            )
        if witness is not None:
            witness(tx, landed)

    judge = _judge(actor, repo)
    landed = repos.commit(ground, actor, repo, judge=judge, witness=told, **change)
    if any(tells(path) for path in landed.changed):  # else the job that was asked for is enough
        refresh_card(ground, repo, landed.moved)
    return landed


def merge(
    ground: Ground, actor: Actor, repo: Repo, number: int, *, text: str = ""
) -> discussions_rules.Event:
    """Merge a pull request into main, as one commit, once it can be done without conflict."""
    happened: list[discussions_rules.Event] = []

    def told(tx: Tx, landed: Landed) -> None:
        happened.append(discussions.mark_merged(tx, actor, repo, number, sha=landed.sha, text=text))

    for _ in range(MERGE_ATTEMPTS_MAX):
        found, worked_out = _mergeable(ground, repo, number)
        try:
            commit(
                ground,
                actor,
                repo,
                operations=worked_out.operations,
                title=f"{found.title} (#{number})",
                parent=worked_out.base,
                witness=told,
            )
        except Conflict as moved:
            if moved.code != "BranchMoved":
                raise
        else:
            return happened[-1]
    raise Unavailable("Main moves too fast to be merged into; try again.")


def _mergeable(
    ground: Ground, repo: Repo, number: int
) -> tuple[discussions_rules.Discussion, merging.Merge]:
    with ground.read() as tx:
        found = discussions_queries.discussion(tx, repo, number)
        ref = repos_queries.ref(tx, repo.id, found.ref)
        main = repos_queries.ref(tx, repo.id, MAIN)
    discussions_rules.require_mergeable(found, [])
    if ref is None or main is None:
        raise Conflict("This pull request has no commits any more.")
    objects = repos_queries.objects(ground, repo.id)
    worked_out = merging.merge(objects, main.commit, ref.commit)
    discussions_rules.require_mergeable(found, list(worked_out.conflicts))
    if not worked_out.operations:
        raise Conflict("There is nothing to merge: main has all of it already.")
    return found, worked_out


def push(ground: Ground, actor: Actor, repo: Repo, **change: Any) -> Pushed:
    """Land a git push, judged as a commit is. Keywords: `repos.pushes.push`."""
    pushed = pushes.push(ground, actor, repo, judge=_judge(actor, repo), **change)
    refresh_card(ground, repo, pushed.moved)
    return pushed


def refresh_card(ground: Ground, repo: Repo, moved: Mapping[str, str]) -> None:
    """Read the card anew where main moved; should we die now, the job asked for does it."""
    if MAIN not in moved:
        return
    try:
        cards.refresh(ground, repo.id)
    except Exception:  # it has landed, and is answered as landed; the job tries again
        log.exception("The card of %s could not be read.", repo.subject)


def _judge(actor: Actor, repo: Repo) -> Judge:
    """Weigh a prepared change outside the transaction; what is given back rules on it inside."""

    def judge(prepared: Prepared | Weighed) -> Ruling:
        before = after = None
        if (
            prepared.ref == MAIN
            and prepared.readme is not None
            and repo.held_by is not HeldBy.PERSON
        ):
            before, after = _licence(prepared.readme_before), _licence(prepared.readme)

        def rule(tx: Tx) -> None:
            if rules.relicenses(before, after):
                decide(tx, actor, Action.RESOURCE_RELICENSE, repo)
                powers.relicense(tx, actor, repo, before=before, after=after)
            if prepared.ref == MAIN:
                tx.enqueue("cards.refresh", {"repo_id": repo.id}, key=f"card:{repo.id}")

        return rule

    return judge


def _licence(readme: bytes | None) -> str | None:
    return reading.licence(readme.decode(errors="replace")) if readme else None
