"""What is done in a case: reported, looked at, dismissed or charged, answered, decided, appealed.

What a decision does to a person's rights or to a repository is enacted: `enactment/cases.py` calls
these and then sees to the effect. Nobody acts in their own case.
"""

from datetime import timedelta

from iriai.base.errors import Conflict, Denied, Invalid
from iriai.base.tx import Tx
from iriai.commons.cases import panels, queries, rules, subjects
from iriai.commons.cases.bench import Matter, Verdict
from iriai.commons.cases.reach import require_reach
from iriai.commons.cases.recording import CLOCK, SOMEBODY, act, tell
from iriai.commons.cases.rules import Bench, Concern, State
from iriai.commons.cases.tables import CaseRow, PanelRow, SanctionRow
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries as membership
from iriai.commons.membership.reach import require_office_reach
from iriai.commons.membership.rules import STEWARD
from iriai.identity.rules import Actor

RULE_LENGTH_MAX = 200


def report(
    tx: Tx,
    actor: Actor,
    *,
    subject: str,
    words: str,
    commons_id: int | None = None,
    is_affected: bool = False,
) -> CaseRow:
    """Tell those who look after a commons what is wrong. Whoever is signed in may."""
    reporter = require_reach(actor)
    rules.require_room_for_report(queries.reports_today(tx, reporter))
    what = subjects.found(tx, actor, subject, commons_id=commons_id)
    of_office = queries.acts_as_steward(tx, what.commons_id, actor) and not is_affected
    made = CaseRow(
        commons_id=what.commons_id,
        number=queries.next_number(tx, CaseRow, what.commons_id),
        concern=what.concern,
        subject=what.subject,
        account_id=what.account_id,
        repo_id=None if what.repo is None else what.repo.id,
        reporter_id=reporter,
        is_of_office=of_office and reporter != what.account_id,
        words=rules.clean_words(words, "What is wrong"),
        state=State.REPORTED,
        opened_at=tx.now,
    )
    tx.session.add(made)
    tx.flush()
    act(tx, made, "report", reporter, words=made.words)
    tell(tx, made, SOMEBODY, "reported", "rights", concern=made.concern)
    if not _can_act(tx, made):
        _refer(tx, made, "No steward of this commons is free to deal with this.")
    return made


def triage(tx: Tx, actor: Actor, found: CaseRow) -> None:
    """Say that one looks at a report."""
    mine = _require_steward(tx, actor, found)
    rules.require_state(State(found.state), State.REPORTED)
    found.state = State.TRIAGED
    act(tx, found, "triage", mine)
    tell(tx, found, actor.name, "looked at", "rights")


def dismiss(tx: Tx, actor: Actor, found: CaseRow, *, reasons: str) -> None:
    """Say that nothing follows, and why."""
    mine = _require_steward(tx, actor, found)
    rules.require_state(State(found.state), State.REPORTED, State.TRIAGED, State.CHARGED)
    found.reasons = rules.clean_words(reasons, "The reason")
    found.state, found.closed_at, found.decided_at = State.DISMISSED, tx.now, tx.now
    act(tx, found, "dismiss", mine, words=found.reasons)
    tell(tx, found, actor.name, "dismissed", "rights", private={"reasons": found.reasons})


def charge(
    tx: Tx, actor: Actor, found: CaseRow, *, rule: str, facts: str, asked: str, ground: str = ""
) -> None:
    """Tell whoever is concerned: the facts, the rule that they break, and what is asked of them."""
    mine = _require_steward(tx, actor, found)
    rules.require_state(State(found.state), State.REPORTED, State.TRIAGED)
    charter = charters.in_force(tx, found.commons_id)
    found.ground = rules.clean_ground(charter, ground) if ground else found.ground
    found.rule = rules.clean_words(rule, "The rule")
    if len(found.rule) > RULE_LENGTH_MAX:
        raise Invalid(f"Name the rule in at most {RULE_LENGTH_MAX} characters.")
    found.facts = rules.clean_words(facts, "The facts")
    found.asked = rules.clean_words(asked, "What is asked")
    found.state, found.charged_at = State.CHARGED, tx.now
    act(tx, found, "charge", mine, words=found.facts)
    private = {"facts": found.facts, "asked": found.asked, "rule_cited": found.rule}
    tell(tx, found, actor.name, "charged", "rights", private=private, ground=found.ground)


def answer(tx: Tx, actor: Actor, found: CaseRow, *, words: str) -> None:
    """Whoever is concerned says how they see it."""
    mine = require_reach(actor)
    if mine != found.account_id:
        raise Denied("Only whoever this case concerns answers it.", code="NotConcerned")
    rules.require_state(State(found.state), State.CHARGED, State.REFERRED)
    found.answer, found.answered_at = rules.clean_words(words, "Your answer"), tx.now
    act(tx, found, "answer", mine, words=found.answer)
    tell(tx, found, SOMEBODY, "answered", "rights", private={"answer": found.answer})


def decide(tx: Tx, actor: Actor, found: CaseRow, *, rung: str, reasons: str) -> SanctionRow | None:
    """Decide on a rung. Where that takes two, the first waits for the second: None until then."""
    mine = _require_steward(tx, actor, found)
    rules.require_state(State(found.state), State.CHARGED)
    charter = charters.in_force(tx, found.commons_id)
    step = rules.level(rules.ladder(charter, Concern(found.concern)), rung)
    rules.require_step(step, queries.stands_on(tx, found), ground=found.ground)
    free = _free_stewards(tx, found)
    needed = rules.require_bench(step, len(free))
    if found.charged_at is not None and found.ground is None:
        rules.require_answer_time(step, found.charged_at, found.answered_at, now=tx.now)
    cleaned = rules.clean_words(reasons, "The reason")
    if needed is Bench.TWO_STEWARDS and not _seconded(tx, found, mine, step.name):
        act(tx, found, "propose", mine, words=cleaned, rung=step.name)
        tell(tx, found, actor.name, "asked a second steward on", "sanctions.ladder", rung=step.name)
        return None
    act(tx, found, "decide", mine, words=cleaned, rung=step.name)
    return sanction(tx, found, step, reasons=cleaned, by=actor.name)


def sanction(tx: Tx, found: CaseRow, step: rules.Level, *, reasons: str, by: str) -> SanctionRow:
    """Write down what a case ends with; it can be appealed from now on."""
    charter = charters.in_force(tx, found.commons_id)
    found.state, found.decided_at = State.DECIDED, tx.now
    found.rung, found.reasons = step.name, reasons
    found.appeal_until = rules.appeal_until(charter, now=tx.now)
    is_thing = Concern(found.concern).is_thing
    made = SanctionRow(
        commons_id=found.commons_id,
        case_id=found.id,
        account_id=found.account_id,
        repo_id=found.repo_id if is_thing else None,
        rung=step.name,
        level=step.number,
        starts_at=tx.now,
        until=rules.sanction_until(step, now=tx.now),
        drops=0,
    )
    tx.session.add(made)
    tell(
        tx,
        found,
        by,
        "decided",
        "sanctions.ladder",
        private={"reasons": reasons},
        rung=step.name,
        appeal_until=found.appeal_until.isoformat(),
        until=None if made.until is None else made.until.isoformat(),
    )
    for key, moment in (("until", made.until), ("window", found.appeal_until)):
        if moment is not None:
            tx.enqueue("commons.tick", {}, key=f"case:{found.id}:{key}", delay=moment - tx.now)
    return made


def refer(tx: Tx, actor: Actor, found: CaseRow, *, words: str) -> PanelRow:
    """Let a panel decide what no steward may, or should."""
    mine = _require_steward(tx, actor, found)
    rules.require_state(State(found.state), State.TRIAGED, State.CHARGED)
    cleaned = rules.clean_words(words, "Why a panel")
    act(tx, found, "refer", mine, words=cleaned)
    return _refer(tx, found, cleaned)


def _refer(tx: Tx, found: CaseRow, words: str) -> PanelRow:
    found.state = State.REFERRED
    closes_at = tx.now + timedelta(days=rules.ANSWER_DAYS)
    tell(tx, found, CLOCK, "referred", "sanctions.ladder", private={"words": words})
    return panels.open_panel(
        tx,
        found.commons_id,
        Matter.CASE,
        found.id,
        appellant_id=found.account_id,
        words=words,
        closes_at=closes_at,
    )


def appeal(tx: Tx, actor: Actor, found: CaseRow, *, words: str, string: str = "") -> PanelRow:
    """Ask a panel to look at a decision again; what can be stayed is stayed until it has."""
    mine = require_reach(actor)
    if mine != found.account_id:
        raise Denied("Only whoever was decided against can appeal.", code="NotConcerned")
    rules.require_state(State(found.state), State.DECIDED)
    rules.require_in_window(found.appeal_until, now=tx.now)
    assert found.appeal_until is not None  # noqa: S101 - `require_in_window` has seen to it
    cleaned = rules.clean_words(words, "Why it is wrong")
    found.state = State.APPEALED
    given = queries.sanction_of(tx, found.id)
    stays = charters.in_force(tx, found.commons_id).sanctions.stay_on_appeal
    if given is not None and stays and found.ground is None:
        given.stayed_at = tx.now
    act(tx, found, "appeal", mine, words=cleaned)
    is_stayed = given is not None and given.stayed_at is not None
    tell(
        tx,
        found,
        SOMEBODY,
        "appealed",
        "appeals.window_days",
        private={"words": cleaned},
        stayed=is_stayed,
    )
    return panels.open_panel(
        tx,
        found.commons_id,
        Matter.SANCTION,
        found.id,
        appellant_id=mine,
        words=cleaned,
        closes_at=found.appeal_until,
        string=string,
    )


def excluded(tx: Tx, found: CaseRow) -> set[int]:
    """Who cannot sit in judgement: the parties, whoever reported, and who acted in it before."""
    involved = queries.parties(found) | queries.deciders(tx, found.id)
    return involved | ({found.reporter_id} if found.reporter_id is not None else set())


def concluded(tx: Tx, panel: PanelRow) -> CaseRow:
    """What a panel's verdict does to its case; the effect on rights is enacted after this."""
    found = tx.session.get_one(CaseRow, panel.matter_id)
    by, reasons = f"panel/{panel.number}", panel.reasons or "The panel gave no reasons."
    charter = charters.in_force(tx, found.commons_id)
    steps = rules.ladder(charter, Concern(found.concern))
    if panel.matter == Matter.CASE:
        if panel.verdict == Verdict.VARIED and panel.rung is not None:
            sanction(tx, found, rules.level(steps, panel.rung), reasons=reasons, by=by)
            return found
        found.state, found.closed_at, found.decided_at = State.DISMISSED, tx.now, tx.now
        found.reasons = reasons
        tell(tx, found, by, "dismissed", "appeals.panel", private={"reasons": reasons})
        return found
    given = queries.sanction_of(tx, found.id)
    if given is None:
        raise Conflict("This case has no sanction that a panel could judge.")
    _resume(tx, given)
    found.outcome = panel.verdict
    if panel.verdict == Verdict.OVERTURNED:
        given.ended_at, given.ended_by = tx.now, "overturned"
        found.state, found.closed_at = State.EXPIRED, tx.now
    else:
        found.state = State.DECIDED
        if panel.verdict == Verdict.VARIED and panel.rung is not None:
            step = rules.level(steps, panel.rung)
            given.rung, given.level, found.rung = step.name, step.number, step.name
            given.until = rules.sanction_until(step, now=tx.now)
    found.appeal_until = None
    tell(
        tx,
        found,
        by,
        str(panel.verdict),
        "appeals.panel",
        private={"reasons": reasons},
        rung=given.rung,
    )
    return found


def _resume(tx: Tx, given: SanctionRow) -> None:
    """A sanction that was stayed goes on, for as long as it had left."""
    if given.stayed_at is not None:
        if given.until is not None:
            given.until = tx.now + max(timedelta(), given.until - given.stayed_at)
        given.stayed_at = None


def end_due(tx: Tx, given: SanctionRow) -> bool:
    """Write down what the clock has done to a sanction: its end, or a rung that faded."""
    found = tx.session.get_one(CaseRow, given.case_id)
    changed = False
    fade = charters.in_force(tx, given.commons_id).sanctions.fade_days
    runs = given.ended_at is None and given.stayed_at is None
    if runs and given.until is not None and tx.now >= given.until:
        given.ended_at, given.ended_by, changed = tx.now, "expired", True
        tell(tx, found, CLOCK, "ended the effect of", "sanctions.ladder", rung=given.rung)
    drops = min(given.level, (tx.now - given.starts_at) // timedelta(days=fade))
    if drops > given.drops and given.stayed_at is None and given.rung != "expel":
        given.drops, changed = drops, True
        stands = given.level - drops
        tell(tx, found, CLOCK, "faded", "sanctions.fade_days", stands_on=stands)
        if stands == 0:
            if given.ended_at is None:
                given.ended_at, given.ended_by = tx.now, "faded"
            if found.state == State.DECIDED:
                found.state, found.closed_at = State.EXPIRED, tx.now
    return changed


# -- who may -------------------------------------------------------------------------------------


def _require_steward(tx: Tx, actor: Actor, found: CaseRow) -> int:
    mine = require_office_reach(tx, actor, found.commons_id)
    if not membership.standing(tx, found.commons_id, mine).holds(STEWARD):
        raise Denied("Cases are dealt with by the stewards of the commons.", code="NotASteward")
    rules.require_no_party(mine, queries.parties(found))
    return mine


def _free_stewards(tx: Tx, found: CaseRow) -> set[int]:
    return queries.stewards(tx, found.commons_id) - queries.parties(found)


def _can_act(tx: Tx, found: CaseRow) -> bool:
    return bool(_free_stewards(tx, found))


def _seconded(tx: Tx, found: CaseRow, mine: int, rung: str) -> bool:
    """Whether another steward, who still is one, has asked for this very rung."""
    asked = {
        each.actor_id
        for each in queries.acts(tx, found.id)
        if each.kind == "propose" and each.rung == rung
    }
    return bool((asked & _free_stewards(tx, found)) - {mine})
