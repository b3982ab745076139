"""A charter is changed: the pull request is merged by the decision, and is in force as it lands.

The text that was voted on is what comes into force: a pull request that has moved since, or a
charter that has, ends the decision as one that cannot be enacted. Where an organisation leaves
`owners` or `solo`, its people become members in the same transaction, and what it has already is
held by the commons once the notice is over.
"""

from functools import partial
from typing import Any

from iriai.base.errors import Conflict, Invalid
from iriai.base.names import clean_account_name
from iriai.base.numbers import whole
from iriai.base.tx import Ground, Tx
from iriai.commons import actions as commons
from iriai.commons import queries as commons_queries
from iriai.commons.charter import actions as charters
from iriai.commons.charter import amending, powers, presets, queries
from iriai.commons.charter.rules import FILE_NAME, Action, Charter, Preset
from iriai.commons.enactment import alone
from iriai.commons.enactment.registry import Decision, Done, Payload, lands
from iriai.commons.membership import powers as membership
from iriai.commons.tables import Commons
from iriai.discussions import actions as discussions
from iriai.identity.rules import Actor
from iriai.repos import powers as repos
from iriai.repos import queries as repos_queries
from iriai.repos.actions import Add, Landed
from iriai.repos.rules import Repo

PULL_DIGITS_MAX = 9


def _clean(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    found = _checked(tx, commons_id, payload)
    if found.action is Action.CHARTER_AMEND_ENTRENCHED:
        way = found.before.actions[found.action]
        if way != found.before.actions[Action.CHARTER_AMEND]:
            raise Invalid(
                "This changes a line that is entrenched: propose charter.amend.entrenched.",
                code="Entrenched",
            )
    return _payload(
        found, queries.version(tx, commons_id).digest, amending.repository(tx, commons_id).id
    )


def _clean_entrenched(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    found = _checked(tx, commons_id, payload)
    return _payload(
        found, queries.version(tx, commons_id).digest, amending.repository(tx, commons_id).id
    )


def _checked(tx: Tx, commons_id: int, payload: Payload) -> amending.Check:
    given = str(payload.get("pull", "")).strip().lstrip("#")
    number = whole(given, digits_max=PULL_DIGITS_MAX)
    if number is None:
        raise Invalid("Say which pull request of the charter: “pull” is its number.")
    found = amending.check(tx, commons_id, number)
    if found.faults:
        raise Invalid(" ".join(found.faults[:5]), code="Charter")
    alone.require_last(tx, commons_id, found.before, found.charter)
    return found


def _payload(found: amending.Check, before: str, repo_id: int) -> dict[str, Any]:
    return {
        "pull": found.number,
        "sha": found.sha,
        "before": before,
        "digest": queries.digest(found.text),
        "changes": list(found.changes[: amending.CHANGES_SAID_MAX]),
        "readme": found.readme_changes,
        "repo_id": repo_id,
    }


def _words(payload: Payload) -> str:
    return amending.in_words(payload["changes"], readme=bool(payload["readme"]))


def found(
    ground: Ground,
    actor: Actor,
    *,
    name: str,
    fullname: str = "",
    private_by_default: bool = False,
    preset: Preset = Preset.OWNERS,
    **choices: Any,
) -> str:
    """Found an organisation with the charter its founder chose; its name is given back."""
    text = presets.text(preset, clean_account_name(name), **choices)
    with ground.write() as tx:
        made = commons.found_organisation(
            tx,
            actor,
            name=name,
            fullname=fullname,
            private_by_default=private_by_default,
            charter=text,
        )
        if preset not in {Preset.SOLO, Preset.OWNERS} and made.commons_id is not None:
            membership.found(tx, actor.name, made.commons_id)
        given, commons_id = made.name, made.commons_id
    if commons_id is not None:
        charters.publish(ground, commons_id)
    return given


def publish_charter(ground: Ground, commons_id: int) -> Repo | None:
    """See to it that a commons' charter can be cloned, for who wants to change it now."""
    return charters.publish(ground, commons_id)


@lands(Action.CHARTER_AMEND, clean=_clean, words=_words)
def amend(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    """Merge the pull request that was voted on, and put its charter into force as it lands."""
    _amend(ground, decision, payload, done)


@lands(Action.CHARTER_AMEND_ENTRENCHED, clean=_clean_entrenched, words=_words)
def amend_entrenched(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    """The same, for a line that is entrenched."""
    _amend(ground, decision, payload, done)


def _amend(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    with ground.read() as tx:
        repo = amending.repository(tx, decision.commons_id)
        found = _checked(tx, decision.commons_id, payload)
        if found.sha != payload["sha"]:
            raise Conflict("The pull request has changed since it was proposed; propose it anew.")
        if queries.version(tx, decision.commons_id).digest != payload["before"]:
            raise Conflict("Another charter has come into force since; propose this one anew.")
        head = repos_queries.by_id(tx, repo.id).head
    operations = [Add(FILE_NAME, found.text.encode())]
    if payload["readme"]:
        readme = amending.read_file(ground, repo, found.sha, amending.README)
        operations.append(Add(amending.README, readme))

    def landed(tx: Tx, what: Landed) -> None:
        if queries.version(tx, decision.commons_id).digest != payload["before"]:
            raise Conflict("Another charter has come into force since; propose this one anew.")
        _put_into_force(tx, decision, found.before, found.text, number=found.number, sha=what.sha)
        done(tx)

    repos.commit(
        ground,
        decision.actor,
        repo,
        operations=operations,
        title=f"The charter as decided in {decision.reference} (#{found.number})",
        parent=head,
        first=partial(commons_queries.lock, commons_id=decision.commons_id),
        witness=landed,
    )


def _put_into_force(
    tx: Tx, decision: Decision, before: Charter, text: str, *, number: int, sha: str
) -> None:
    commons_id = decision.commons_id
    repo = amending.repository(tx, commons_id)
    account_id = tx.session.get_one(Commons, commons_id).account_id
    since = queries.version(tx, commons_id).holds_from
    after, _ = amending.check_text(tx, commons_id, text)
    alone.require_last(tx, commons_id, before, after)
    leaves_owners = after.is_collective and not before.is_collective
    if leaves_owners and account_id is not None:
        owned = repos_queries.count_of(tx, decision.actor, account_id)
        since = charters.holds_from(tx, has_repositories=owned > 1)  # the charter's is one
    powers.adopt(
        tx,
        commons_id,
        text,
        decision=decision.reference,
        holds_from=since,
        cited={"rule": decision.rule, "charter": decision.charter, "commit": sha},
    )
    if leaves_owners:
        membership.found(tx, decision.actor_name, commons_id, cited=decision.cited)
    elif before.is_collective and not after.is_collective:
        alone.begin(tx, commons_id)
    discussions.mark_merged(tx, decision.actor, repo, number, sha=sha)


def hold_what_is_due(ground: Ground) -> int:
    """Have every commons of members hold what its organisation has. Returns how much is new."""
    total = 0
    with ground.read() as tx:
        waiting = charters.due_to_hold(tx)
    for commons_id, account_id in waiting:
        with ground.write() as tx:
            commons_queries.lock(tx, commons_id)
            taken = repos.take_into_the_commons(tx, account_id)
            if taken:
                name = queries.name_of(tx, commons_id)
                facts: dict[str, Any] = {
                    "repositories": taken,
                    "charter": queries.version(tx, commons_id).digest,
                }
                by = f"system:charter/{name}"
                tx.record(commons_id, by, "took in", f"commons/{name}", **facts)
            total += taken
    return total
