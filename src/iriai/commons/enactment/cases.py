"""What cases do to rights and to things: sanctions, holds and panels' verdicts take effect here.

The rows of `commons/cases` say what is in force; `_settle` reads them and sets the person's or the
repository's state to match, in the same transaction. So every way out (time, appeal, verdict, a
hold that is lifted) is the same step, and doing it twice changes nothing.
"""

import logging
from collections.abc import Callable
from typing import Any

from iriai.base.errors import Unavailable
from iriai.base.events import HUB
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons
from iriai.commons.cases import actions, bench, holding, panels, queries, rules
from iriai.commons.cases.bench import Matter, Sitting, Verdict
from iriai.commons.cases.rules import Concern, Measure
from iriai.commons.cases.rules import State as Stage
from iriai.commons.cases.tables import CaseRow, HoldRow, PanelRow, SanctionRow
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Rung
from iriai.commons.enactment import case_marks, held_files, last_word
from iriai.commons.enactment.weighing import RESTRICTIONS, weight, weight_beside_cases
from iriai.commons.membership import powers as members
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import State
from iriai.commons.tlog import actions as tlog
from iriai.discussions import powers as discussions
from iriai.gates import actions as gates
from iriai.gates import queries as gate_queries
from iriai.identity import powers as identity
from iriai.identity.rules import Actor, Restriction
from iriai.repos import powers as repos
from iriai.repos.rules import Gated

SYSTEM = "system:cases"

log = logging.getLogger(__name__)


def decide(tx: Tx, actor: Actor, found: CaseRow, *, rung: str, reasons: str) -> SanctionRow | None:
    """Decide a case on a rung, with its effect; None while a second steward is awaited."""
    made = actions.decide(tx, actor, found, rung=rung, reasons=reasons)
    if made is not None:
        _settle_case(tx, found)
    return made


def dismiss(tx: Tx, actor: Actor, found: CaseRow, *, reasons: str) -> None:
    """Dismiss a case; what was held for it is served again."""
    actions.dismiss(tx, actor, found, reasons=reasons)
    _settle_case(tx, found)


def appeal(tx: Tx, actor: Actor, found: CaseRow, *, words: str, string: str = "") -> PanelRow:
    """Appeal a decision; its effect is stayed where the charter says so."""
    made = actions.appeal(tx, actor, found, words=words, string=string)
    _settle_case(tx, found)
    return made


def hold(tx: Tx, actor: Actor, **asked: Any) -> HoldRow:
    """Place a hold, or ask a second steward for it. Keywords: `cases.holding.hold`."""
    if asked.get("commons_id") is not None:
        commons.lock(tx, asked["commons_id"])
    made = holding.hold(tx, actor, **asked)
    _settle_hold(tx, made)
    return made


def second_hold(tx: Tx, actor: Actor, found: HoldRow) -> None:
    """Agree to a hold, which is in force with this."""
    holding.second(tx, actor, found)
    _settle_hold(tx, found)


def lift_hold(tx: Tx, actor: Actor, found: HoldRow) -> None:
    """End a hold before its time."""
    holding.lift(tx, actor, found)
    _settle_hold(tx, found)


def open_case(tx: Tx, actor: Actor, found: HoldRow) -> CaseRow:
    """Open a case about what is held, so that the hold does not lapse before it is decided."""
    holding.require_may_keep(tx, actor, found)
    made = actions.report(
        tx, actor, subject=found.subject, words=found.reason, commons_id=found.commons_id
    )
    holding.keep(tx, found, made)
    _settle_hold(tx, found)
    return made


def say(
    tx: Tx, actor: Actor, found: PanelRow, *, verdict: str, reasons: str, rung: str = ""
) -> None:
    """Give a verdict; the one that makes the panel's is carried out at once."""
    level = 0
    if verdict == Verdict.VARIED and queries.case_of_panel(tx, found) is not None:
        level = _level(tx, found, rung)
    if panels.say(tx, actor, found, verdict, reasons=reasons, rung=rung, level=level):
        concluded(tx, found)


def concluded(tx: Tx, found: PanelRow) -> None:
    """Carry out what a panel has said."""
    carry = CARRIED.get(Matter(found.matter))
    if carry is not None:
        carry(tx, found)


def _level(tx: Tx, found: PanelRow, rung: str) -> int:
    """How high the rung is that a panel names, which is no higher than it may go."""
    case = tx.session.get_one(CaseRow, found.matter_id)
    charter = charters.in_force(tx, found.commons_id)
    wanted = rules.level(rules.ladder(charter, Concern(case.concern)), rung)
    given = queries.sanction_of(tx, case.id)
    if given is not None:
        bench.require_milder(wanted.number, given.level)
    else:
        stands = queries.stands_on(tx, case)
        bench.require_in_reach(wanted.number, stands, is_from_above=panels.is_from_above(found))
        rules.require_step(wanted, stands, ground=case.ground)
    return wanted.number


def _case_concluded(tx: Tx, found: PanelRow) -> None:
    _settle_case(tx, actions.concluded(tx, found))


def _gate_concluded(tx: Tx, found: PanelRow) -> None:
    if found.verdict != Verdict.UPHELD:
        gates.grant_on_appeal(tx, found.matter_id, by=f"panel/{found.number}")


CARRIED: dict[Matter, Callable[[Tx, PanelRow], None]] = {
    Matter.CASE: _case_concluded,
    Matter.SANCTION: _case_concluded,
    Matter.GATE: _gate_concluded,
}


# -- the clock -----------------------------------------------------------------------------------


def due(ground: Ground) -> None:
    """Write down what time has done to cases, holds and panels, and draw what waits for a lot."""
    with ground.read() as tx:
        holds = [(each.id, each.commons_id) for each in queries.unended_holds(tx)]
        sanctions = [(each.id, each.commons_id) for each in queries.unended_sanctions(tx)]
        waiting = [(each.id, each.commons_id) for each in queries.open_panels(tx)]
    for number, commons_id in holds:
        _alone(ground, commons_id, _hold_due, number)
    for number, commons_id in sanctions:
        _alone(ground, commons_id, _sanction_due, number)
    for number, commons_id in waiting:
        if _alone(ground, commons_id, _close, number):
            tlog.checkpoint(ground, commons_id)  # the one that the lot is drawn from
        _alone(ground, commons_id, _panel_due, number)


def _alone(ground: Ground, commons_id: int, work: Callable[[Tx, int], bool], number: int) -> bool:
    """One row, one transaction: what fails keeps nothing else from its time."""
    try:
        with ground.write() as tx:
            commons.lock(tx, commons_id)
            return work(tx, number)
    except Unavailable:
        raise
    except Exception:
        log.exception("What was due with %s %s could not be done.", work.__name__, number)
        return False


def _hold_due(tx: Tx, number: int) -> bool:
    found = tx.session.get_one(HoldRow, number)
    ended = holding.end_due(tx, found)
    if ended:
        _settle_hold(tx, found)
    return ended


def _sanction_due(tx: Tx, number: int) -> bool:
    found = tx.session.get_one(SanctionRow, number)
    changed = actions.end_due(tx, found)
    if changed or found.rung == Rung.EXPEL:
        _settle_case(tx, tx.session.get_one(CaseRow, found.case_id))
    return changed


def _close(tx: Tx, number: int) -> bool:
    return panels.close(tx, tx.session.get_one(PanelRow, number))


def _panel_due(tx: Tx, number: int) -> bool:
    found = tx.session.get_one(PanelRow, number)
    if found.state == Sitting.CLOSED:
        return panels.draw(tx, found, _involved(tx, found))
    if not panels.overdue(tx, found):
        return False
    if panels.conclude(tx, found):
        concluded(tx, found)
    elif found.form == bench.Form.VOTE:
        panels.unheard(tx, found)
        concluded(tx, found)
    else:
        panels.replace(tx, found)
    return True


def _involved(tx: Tx, found: PanelRow) -> set[int]:
    """Who cannot sit on this panel."""
    if found.matter in (Matter.CASE, Matter.SANCTION):
        return actions.excluded(tx, tx.session.get_one(CaseRow, found.matter_id))
    mine = set() if found.appellant_id is None else {found.appellant_id}
    if found.matter == Matter.GATE:
        mine |= gate_queries.involved(tx, found.matter_id)
    return mine


# -- effects -------------------------------------------------------------------------------------


def _settle_case(tx: Tx, found: CaseRow) -> None:
    """Make rights and things as the sanctions and holds in force have it."""
    for each in queries.holds_of_case(tx, found.id):
        if holding.end_due(tx, each):
            _settle_hold(tx, each)
    if Concern(found.concern).is_thing and found.repo_id is not None:
        settle_repo(tx, found.commons_id, found.repo_id)
    elif found.account_id is not None:
        settle_person(tx, found.commons_id, found.account_id)


def _settle_hold(tx: Tx, found: HoldRow) -> None:
    concern = Concern(found.concern)
    if concern is Concern.PERSON and found.account_id is not None:
        settle_person(tx, found.commons_id, found.account_id)
    elif concern is Concern.REPOSITORY and found.repo_id is not None:
        settle_repo(tx, found.commons_id, found.repo_id)
    elif concern is Concern.COMMENT and found.repo_id is not None:
        _settle_comment(tx, found)
    elif found.repo_id is not None:
        path = found.subject.partition(held_files.MARK)[2]
        held_files.settle(tx, found.commons_id, found.repo_id, path)


def settle_person(tx: Tx, commons_id: int, account_id: int) -> None:
    """The harshest that is in force; what others decided, and takes as much, is left alone."""
    organisation = None if commons_id == HUB else membership.organisation_id(tx, commons_id)
    taken = []
    for each in queries.in_force(tx, commons_id, account_id=account_id):
        kind = RESTRICTIONS.get(Rung(each.rung))
        if kind is not None:
            taken.append((kind, each.until, _case_url(tx, each.case_id)))
        if each.rung == Rung.EXPEL and _is_final(tx, each):
            _expel(tx, commons_id, account_id, organisation)
    taken += [
        (Restriction.SUSPEND, held.until, cases_url(tx, commons_id))
        for held in queries.holds_in_force(tx, commons_id, account_id=account_id)
    ]
    present = identity.restriction(tx, account_id, organisation)
    theirs = None
    if present is not None and not _is_ours(tx, commons_id, present.appeal_at):
        theirs = weight_beside_cases(present.kind, present.until, present.appeal_at)
    if theirs is not None and theirs >= max((weight(*each[:2]) for each in taken), default=theirs):
        return  # another decision binds as much; it ends as that decision says
    row = membership.member(tx, commons_id, account_id)
    belongs = row is not None and row.state in (State.MEMBER, State.EMERITUS)
    if not taken:
        if row is not None and row.state is State.SUSPENDED:
            members.restore(tx, SYSTEM, commons_id, account_id)
        identity.lift(tx, account_id, organisation)
        return
    taking, until, url = max(taken, key=lambda each: weight(*each[:2]))
    if belongs and taking is Restriction.SUSPEND:
        members.suspend(tx, SYSTEM, commons_id, account_id, until, appeal_at=url)
    identity.restrict(tx, account_id, organisation, taking, until, appeal_at=url)


def _is_final(tx: Tx, given: SanctionRow) -> bool:
    """Whether it cannot be appealed any more: until then who is expelled is only suspended."""
    found = tx.session.get_one(CaseRow, given.case_id)
    until = found.appeal_until
    return found.state != Stage.APPEALED and (until is None or tx.now >= until)


def _expel(tx: Tx, commons_id: int, account_id: int, organisation: int | None) -> None:
    row = membership.member(tx, commons_id, account_id)
    if row is not None and row.state in (State.MEMBER, State.EMERITUS, State.SUSPENDED):
        members.expel(tx, SYSTEM, commons_id, account_id)
    elif row is None and organisation is not None:
        identity.set_role_until(tx, account_id, organisation, None)


def settle_repo(tx: Tx, commons_id: int, repo_id: int) -> None:
    """The harshest measure in force, a label that says so, and a hold above all."""
    given = [
        (each, _measure(tx, each)) for each in queries.in_force(tx, commons_id, repo_id=repo_id)
    ]
    given = [(each, measure) for each, measure in given if measure is not None]
    measures = {measure for _, measure in given}
    said = None
    if given:
        worst = max(given, key=lambda each: list(Measure).index(each[1]))  # type: ignore[arg-type]
        url = _case_url(tx, worst[0].case_id)
        said = case_marks.said(worst[1], name=_name(tx, commons_id), url=url)  # type: ignore[arg-type]
    label, frozen, holding_it = repos.marks(tx, repo_id)
    wanted = case_marks.beside(said, label, cases_url=cases_url(tx, commons_id))
    if wanted != (label or None):
        repos.label(tx, repo_id, wanted)
    if queries.gating(tx, repo_id) is not None:  # else nobody took it off lists in a case
        others = last_word.is_delisted(tx, commons_id, repo_id)
        repos.delist(tx, repo_id, is_delisted=Measure.DELIST in measures or others)
    if _is_ours(tx, commons_id, frozen) or (Measure.FREEZE in measures and not frozen):
        others_say = last_word.frozen(tx, commons_id, repo_id)
        repos.freeze(tx, repo_id, said if Measure.FREEZE in measures else others_say)
    _settle_gate(tx, repo_id, Measure.GATE in measures)
    held = queries.holds_in_force(tx, commons_id, repo_id=repo_id)
    ours = not holding_it or _is_ours(tx, commons_id, holding_it)
    if Measure.TOMBSTONE in measures and said is not None:
        repos.hold(tx, repo_id, reason=said, until=None, is_gone=True)
    elif held and ours:
        last = max(held, key=lambda each: each.until)
        repos.hold(tx, repo_id, reason=_held(tx, last), until=last.until)
    elif ours and (others_hold := last_word.held(tx, commons_id, repo_id)) is not None:
        repos.hold(tx, repo_id, reason=others_hold[0], until=others_hold[1])
    elif ours:
        repos.release(tx, repo_id)


def _is_ours(tx: Tx, commons_id: int, said: str) -> bool:
    """Whether a case put this there: it says at which one. What others decided is left alone."""
    return cases_url(tx, commons_id) in said


def _measure(tx: Tx, given: SanctionRow) -> Measure | None:
    """What a sanction against a thing amounts to now that it may have faded."""
    fade = charters.in_force(tx, given.commons_id).sanctions.fade_days
    last = rules.Last(given.level, given.starts_at)
    stands = rules.standing_level(last, fade, now=tx.now)
    return None if stands == 0 else list(Measure)[stands - 1]


def _settle_gate(tx: Tx, repo_id: int, wanted: bool) -> None:
    """Put a gate there, and take away only one that was put there like this."""
    ours = queries.gating(tx, repo_id)
    if ours is None:
        return
    if wanted and ours.was_gated is None:
        before = repos.gated(tx, repo_id)
        ours.was_gated = "" if before is None else before.value
        repos.gate(tx, repo_id, Gated.MANUAL)
    elif not wanted and ours.was_gated is not None:
        if repos.gated(tx, repo_id) is Gated.MANUAL:  # or else others decided since
            repos.gate(tx, repo_id, Gated(ours.was_gated) if ours.was_gated else None)
        ours.was_gated = None


def _settle_comment(tx: Tx, found: HoldRow) -> None:
    key = found.subject.partition("/comment/")[2]
    if key:
        is_held = queries.is_held(tx, found)
        reason = _held(tx, found) if is_held else None
        discussions.hold_comment(tx, key, reason=reason, until=found.until)


def _held(tx: Tx, found: HoldRow) -> str:
    return held_files.said(tx, found, cases_url=cases_url(tx, found.commons_id))


def _name(tx: Tx, commons_id: int) -> str:
    return queries.name_of(tx, commons_id)


def _case_url(tx: Tx, case_id: int) -> str:
    found = tx.session.get_one(CaseRow, case_id)
    return f"{cases_url(tx, found.commons_id)}/{found.number}"


def cases_url(tx: Tx, commons_id: int) -> str:
    """Where the cases of a commons are; what a case puts anywhere says so."""
    return f"{tx.ground.settings.url}/commons/{queries.name_of(tx, commons_id)}/cases"
