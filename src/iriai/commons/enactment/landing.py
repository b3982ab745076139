"""Commits, merges and pushes, judged for what they do to what is not one person's alone.

A commit can change a licence, and move the branch that a commons holds; so every one passes here.
It is weighed outside the transaction, where git objects are read, and ruled on inside the one that
lands it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from iriai.base.errors import Conflict, Denied
from iriai.base.numbers import whole
from iriai.base.tx import Ground, Tx
from iriai.cards import actions as cards
from iriai.cards import reading
from iriai.cards.facts import tells
from iriai.commons import queries, rules
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Charter
from iriai.commons.enactment import voted_on
from iriai.commons.enactment.deciding import decide, is_collective, refused
from iriai.commons.enactment.registry import Decision
from iriai.commons.membership import queries as membership
from iriai.discussions import actions as discussions
from iriai.discussions import merging
from iriai.discussions import queries as discussions_queries
from iriai.discussions import rules as discussions_rules
from iriai.identity.rules import Actor
from iriai.repos import actions as repos
from iriai.repos import guarded, powers, pushes, signing
from iriai.repos import queries as repos_queries
from iriai.repos.actions import Landed, Prepared
from iriai.repos.commits import Witness
from iriai.repos.landing import on_the_newest
from iriai.repos.pushes import README_BYTES_MAX, Pushed, Weighed
from iriai.repos.rules import MAIN, PULLS, STALE, HeldBy, Repo

Ruling = Callable[[Tx, Actor], None]
Judge = Callable[[Prepared | Weighed], Ruling]
Licences = tuple[str, ...]

log = logging.getLogger(__name__)


def commit(
    ground: Ground,
    actor: Actor,
    repo: Repo,
    *,
    witness: Witness | None = None,
    decision: Decision | None = None,
    **change: Any,
) -> Landed:
    """Land a commit, judged for what it does to the licence. Keywords: `repos.actions.commit`.

    One that opens a pull request is written down among the discussions, in its own transaction.
    With a `decision` of the commons nobody's own right is asked, only that it decided this.
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
                target=landed.target,
            )
            _bring(tx, actor, repo, landed.moved)
        if witness is not None:
            witness(tx, landed)

    judge = _judge(repo, decision)
    if decision is None:
        with explained(ground, repo, create_pr=bool(change.get("create_pr"))):
            landed = repos.commit(ground, actor, repo, judge=judge, witness=told, **change)
    else:
        first = partial(queries.lock, commons_id=decision.commons_id)
        landed = powers.commit(
            ground, actor, repo, judge=judge, first=first, witness=told, **change
        )
    if any(tells(path) for path in landed.changed):  # else the job that was asked for is enough
        refresh_card(ground, repo, landed.moved)
    return landed


@contextmanager
def explained(ground: Ground, repo: Repo, *, create_pr: bool = False) -> Iterator[None]:
    """Say by which rule main of what a commons holds stays closed, and where to propose."""
    try:
        yield
    except Denied as refusal:
        if refusal.code != "Forbidden" or repo.held_by is not HeldBy.COMMONS or create_pr:
            raise
        with ground.read() as tx:
            commons_id = queries.of(tx, repo.owner_id)
            charter = charters.in_force(tx, commons_id)
            votes = membership.votes(tx, commons_id)
        action = Action.CHARTER_AMEND if guarded.is_charter(repo) else Action.RESOURCE_MERGE
        raise refused(ground, charter, repo.owner, action, repo.full_name, electors=votes) from None


def merge(
    ground: Ground,
    actor: Actor,
    repo: Repo,
    number: int,
    *,
    text: str = "",
    decision: Decision | None = None,
    sha: str | None = None,
    done: Callable[[Tx], None] | None = None,
) -> discussions_rules.Event:
    """Merge a pull request into its branch, as one commit, once that goes without conflict.

    `sha` is the revision of it that was decided on, if one was: nothing else is merged then. `done`
    is called in the transaction that merges it.
    """
    happened: list[discussions_rules.Event] = []

    def told(found: discussions_rules.Discussion, tip: str, tx: Tx, landed: Landed) -> None:
        if discussions_queries.sides(tx, found).tip != tip:
            raise Conflict(STALE, code="BranchMoved")  # the rest would stand there as merged
        happened.append(discussions.mark_merged(tx, actor, repo, number, sha=landed.sha, text=text))
        if done is not None:
            done(tx)

    if decision is None:
        discussions_rules.require_may_merge(actor, repo)

    def attempt() -> discussions_rules.Event:
        found, worked_out, brought = _mergeable(ground, repo, number)
        others = dict.fromkeys((found.author, *(each.author for each in brought)))
        names = [name for name in others if name is not None and name != actor.name]
        voted_on.require_the_same(sha, worked_out.tip)
        commit(
            ground,
            actor,
            repo,
            operations=worked_out.operations,
            revision=found.base,
            title=f"{found.title} (#{number})",
            description=signing.credit(ground, names),
            parent=worked_out.base,
            witness=partial(told, found, worked_out.tip),
            decision=decision,
        )
        return happened[-1]

    return on_the_newest(attempt)


def _mergeable(
    ground: Ground, repo: Repo, number: int
) -> tuple[discussions_rules.Discussion, merging.Merge, list[discussions_rules.Event]]:
    """A pull request that can be merged, how, and who brought what to it."""
    with ground.read() as tx:
        found = discussions_queries.discussion(tx, repo, number)
        sides = discussions_queries.sides(tx, found)
        brought = discussions_queries.brought(tx, found.id)
    discussions_rules.require_mergeable(found, [])
    if sides.tip is None:
        raise Conflict("This pull request has no commits any more.")
    if sides.target is None:
        raise discussions_rules.target_gone(found)
    objects = repos_queries.objects(ground, repo.id)
    worked_out = merging.merge(objects, sides.target, sides.tip)
    if worked_out.is_unrelated:
        raise discussions_rules.unrelated(found)
    discussions_rules.require_mergeable(found, list(worked_out.conflicts))
    if not worked_out.operations:
        raise Conflict(f"There is nothing to merge: {found.target} has all of it already.")
    return found, worked_out, brought


def push(ground: Ground, actor: Actor, repo: Repo, **change: Any) -> Pushed:
    """Land a git push, judged as a commit is. Keywords: `repos.pushes.push`."""

    def rule(tx: Tx, _: Actor) -> None:
        voted_on.require_settled(tx, repo, [each.name for each in change["updates"]])

    def told(tx: Tx, moved: Mapping[str, str | None]) -> None:
        _bring(tx, actor, repo, moved)

    change |= {"rule": rule, "witness": told}
    with ground.read() as tx:
        rule(tx, actor)  # before all of it is read
        change["keeps_past"] = _is_promised(tx, repo)
    with explained(ground, repo):
        pushed = pushes.push(ground, actor, repo, judge=_judge(repo), **change)
    refresh_card(ground, repo, pushed.moved)
    return pushed


def _is_promised(tx: Tx, repo: Repo) -> bool:
    """Whether a commons will hold it once its notice is over: till then nobody rewrites it."""
    return repo.held_by is HeldBy.OWNERS and is_collective(tx, repo.owner_id)


def squash(ground: Ground, actor: Actor, repo: Repo, revision: str, message: str) -> Landed:
    """One commit of a whole history, which a pull request before the members is not made to be."""

    def rule(tx: Tx, ref: str, sha: str) -> None:
        voted_on.require_settled(tx, repo, [ref])
        _bring(tx, actor, repo, {ref: sha})
        if _is_promised(tx, repo):
            held = replace(repo, held_by=HeldBy.COMMONS)
            guarded.require_history_kept(held, ref, hub=ground.settings.url)

    return repos.squash(ground, actor, repo, revision, message, rule=rule)


def _bring(tx: Tx, actor: Actor, repo: Repo, moved: Mapping[str, str | None]) -> None:
    """Commits to a pull request stand there as of who brought them, where it takes any."""
    for ref, sha in moved.items():
        number = whole(ref.removeprefix(PULLS)) if ref.startswith(PULLS) else None
        if number is not None and sha is not None:
            discussions.bring(tx, actor, repo, number, sha=sha)


def refresh_card(ground: Ground, repo: Repo, moved: Mapping[str, str]) -> None:
    """Read the card anew where main moved; should we die now, the job asked for does it."""
    if MAIN not in moved:
        return
    try:
        cards.refresh(ground, repo.id)
    except Exception:  # it has landed, and is answered as landed; the job tries again
        log.exception("The card of %s could not be read.", repo.subject)


def _judge(repo: Repo, decision: Decision | None = None) -> Judge:
    """Weigh a prepared change outside the transaction; what is given back rules on it inside."""

    def judge(prepared: Prepared | Weighed) -> Ruling:
        before: Licences = ()
        after: Licences = ()
        if (
            prepared.ref == MAIN
            and prepared.readme is not None
            and repo.held_by is not HeldBy.PERSON
            and not (isinstance(prepared, Prepared) and prepared.create_pr)
        ):
            before, after = _licences(prepared.readme_before), _licences(prepared.readme)

        def rule(tx: Tx, actor: Actor) -> None:
            if isinstance(prepared, Prepared) and prepared.create_pr:
                return
            if decision is None:
                voted_on.require_settled(tx, repo, [prepared.ref])
            if isinstance(prepared, Prepared):
                _bring(tx, actor, repo, {prepared.ref: prepared.sha})
            if prepared.ref == MAIN:
                _rule(tx, actor, repo, decision, before, after)
                tx.enqueue("cards.refresh", {"repo_id": repo.id}, key=f"card:{repo.id}")

        return rule

    return judge


def _rule(  # noqa: PLR0917 - who, where, by what, from which licence to which
    tx: Tx,
    actor: Actor,
    repo: Repo,
    decision: Decision | None,
    before: Licences,
    after: Licences,
) -> None:
    """Whether main may move so: who may merge, which licences there may be, who changes them."""
    if repo.held_by is HeldBy.PERSON:
        return
    relicenses = rules.relicenses(before, after)
    if decision is None:
        if repo.held_by is HeldBy.COMMONS:
            decide(tx, actor, Action.RESOURCE_MERGE, repo)
        if relicenses:
            decide(tx, actor, Action.RESOURCE_RELICENSE, repo)
    elif relicenses and decision.action is not Action.RESOURCE_RELICENSE:
        raise Denied(
            "This also changes the licence, which was not decided; propose resource.relicense.",
            code="CharterSays",
        )
    coming = [each for each in after if each not in before]
    if coming:
        charter = charters.in_force(tx, queries.of(tx, repo.owner_id))
        for each in coming:
            require_licence_allowed(charter, each)
    if relicenses:
        said = ", ".join(after) or None
        powers.relicense(tx, actor, repo, before=", ".join(before), after=said)


def require_licence_allowed(charter: Charter, licence: str) -> None:
    """A resource has a licence that the charter allows; one that names none allows any."""
    allowed = charter.licences.allow
    if allowed and licence.casefold() not in {each.casefold() for each in allowed}:
        raise Denied(
            f"The charter of {charter.commons} (licences.allow) does not allow {licence}. It "
            f"allows {', '.join(allowed)}.",
            code="LicenceNotAllowed",
        )


def _licences(readme: bytes | None) -> Licences:
    """What a README grants; one that is too long to be shown as a card grants nothing."""
    if not readme or len(readme) > README_BYTES_MAX:
        return ()
    return reading.licences(readme.decode(errors="replace"))
