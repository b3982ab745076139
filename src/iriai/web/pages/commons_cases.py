"""Cases, holds and panels of a commons, and where anything can be reported.

Who sees what is said by `commons.cases.queries`: the parties, stewards and the panel see a case
whole, everybody a summary without names.
"""

from typing import Any

from starlette.responses import Response

from iriai.base.errors import HubError
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.commons import queries as commons_queries
from iriai.commons.cases import bench, figures, panels, queries, records, rules, wording
from iriai.commons.cases.bench import Matter, Sitting, Verdict
from iriai.commons.cases.rules import Concern
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Ground
from iriai.commons.enactment import case_steps, cases
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see

PAGE_MAX = 10_000
NUMBER_DIGITS_MAX = 9


def listed(ask: Ask) -> Response:
    """The cases of a commons, the holds in force, and figures."""
    return _listed(ask)


def _listed(ask: Ask, *, error: HubError | None = None) -> Response:
    page = ask.number("page", 0, most=PAGE_MAX)
    with ask.ground.read() as tx:
        commons = commons_queries.commons(tx, ask.part("name"))
        found = queries.cases(tx, ask.actor, commons.id, page=page)
        here = links.commons(commons.name, "cases")
        return ask.page(
            "commons/cases.html",
            tab="cases",
            twin=links.commons_twin(commons.name, "cases"),
            commons=commons,
            cases=found,
            labels=rules.LABELS,
            said=wording,
            holds=queries.holds(tx, commons.id),
            figures=figures.figures(tx, commons.id),
            is_steward=queries.acts_as_steward(tx, commons.id, ask.actor),
            grounds=[each.value for each in Ground],
            sent=ask.form,
            next_step=wording.CASES,
            newer=links.with_query(here, page=page - 1) if page else None,
            older=links.with_query(here, page=page + 1)
            if len(found) == queries.PAGE_LENGTH
            else "",
            fault=error.message if error else "",
            status=problems.status(error) if error else 200,
        )


def place_hold(ask: Ask) -> Response:
    """Place a hold, or take a step of one."""
    try:
        with ask.ground.write() as tx:
            commons = commons_queries.commons(tx, ask.part("name"))
            number = ask.form.get("hold")
            if number:
                case_steps.hold_step(
                    tx, ask.actor, commons.id, _number(number), ask.form.get("step")
                )
            else:
                named = {name: ask.form.get(name) for name in ("ground", "reason")}
                named["subject"] = links.subject(ask.form.get("subject"))
                cases.hold(tx, ask.actor, commons_id=commons.id, **named)
    except HubError as error:
        return _listed(ask, error=error)
    return see(links.commons(commons.name, "cases"))


def one(ask: Ask) -> Response:
    """One case, and what can be done in it."""
    return _one(ask)


def appeal(ask: Ask) -> Response:
    """Where whoever is concerned appeals."""
    return _one(ask, template="commons/appeal.html")


def _one(
    ask: Ask, *, template: str = "commons/case.html", error: HubError | None = None
) -> Response:
    with ask.ground.read() as tx:
        commons = commons_queries.commons(tx, ask.part("name"))
        found = queries.case(tx, ask.actor, commons.id, _number(ask.part("number")))
        acts = queries.acts(tx, found.row.id) if found.is_whole else []
        charter = charters.in_force(tx, commons.id)
        steps = rules.ladder(charter, Concern(found.row.concern))
        fade, given = charter.sanctions.fade_days, found.sanction
        people = {each.actor_id for each in acts if each.actor_id is not None}
        return ask.page(
            template,
            tab="cases",
            twin=links.commons_twin(commons.name, "cases", str(found.row.number)),
            commons=commons,
            case=found,
            row=found.row,
            label=rules.LABELS[found.state],
            said=wording,
            acts=acts,
            names=queries.names(tx, people),
            ladder=steps,
            fades="" if given is None else wording.of_fading(given, fade, tx.now),
            stands=queries.stands_on(tx, found.row) if found.is_whole else 0,
            may_act=found.is_steward and ask.actor.id not in queries.parties(found.row),
            grounds=[each.value for each in charter.holds.grounds],
            stays=charter.sanctions.stay_on_appeal,
            sent=ask.form,
            next_step=wording.of_case(found.row, found.panel),
            fault=error.message if error else "",
            status=problems.status(error) if error else 200,
        )


def step(ask: Ask) -> Response:
    """Take a step in a case."""
    word = ask.form.get("step")
    try:
        with ask.ground.write() as tx:
            commons = commons_queries.commons(tx, ask.part("name"))
            number = _number(ask.part("number"))
            case_steps.case_step(tx, ask.actor, commons.id, number, word, _given(ask))
    except HubError as error:
        template = "commons/appeal.html" if word == "appeal" else "commons/case.html"
        return _one(ask, template=template, error=error)
    return see(links.commons(commons.name, "cases", str(number)))


def panel(ask: Ask) -> Response:
    """One panel: how it was drawn, what it is asked, and what it said."""
    return _panel(ask)


def _panel(ask: Ask, *, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        commons = commons_queries.commons(tx, ask.part("name"))
        found = queries.panel(tx, commons.id, _number(ask.part("number")))
        seat = queries.seat_of(tx, found, ask.actor)
        mine = ask.actor.id is not None and ask.actor.id == found.appellant_id
        steward = queries.acts_as_steward(tx, commons.id, ask.actor)
        case = queries.case_of_panel(tx, found)
        above = panels.is_from_above(found)
        said = bench.outcomes(Matter(found.matter), is_from_above=above)
        steps: Any = ()
        if case is not None and Verdict.VARIED in said:
            charter = charters.in_force(tx, commons.id)
            steps = rules.ladder(charter, Concern(case.concern))
        return ask.page(
            "commons/panel.html",
            tab="cases",
            twin=links.commons_twin(commons.name, "panels", str(found.number)),
            commons=commons,
            panel=found,
            said=wording,
            record=records.record_of(tx, ask.actor, found),
            case=case,
            seat=seat,
            knows=mine or steward or seat is not None,
            may_give=found.state == Sitting.WAITING and (mine or steward),
            string=found.appellant_string if mine else found.decider_string,
            sits=found.state == Sitting.SITTING and seat is not None,
            verdicts=[each.value for each in said],
            is_from_above=above,
            ladder=steps,
            sent=ask.form,
            next_step=wording.of_panel(found),
            fault=error.message if error else "",
            status=problems.status(error) if error else 200,
        )


def panel_step(ask: Ask) -> Response:
    """Give a string, take or decline a seat, or give a verdict."""
    try:
        with ask.ground.write() as tx:
            commons = commons_queries.commons(tx, ask.part("name"))
            number = _number(ask.part("number"))
            word = ask.form.get("step")
            case_steps.panel_step(tx, ask.actor, commons.id, number, word, _given(ask))
    except HubError as error:
        return _panel(ask, error=error)
    return see(links.commons(commons.name, "panels", str(number)))


def report(ask: Ask) -> Response:
    """Where anything can be reported."""
    return _report(ask)


def _report(ask: Ask, *, error: HubError | None = None) -> Response:
    return ask.page(
        "commons/report.html",
        subject=ask.form.get("subject") or ask.query("subject"),
        sent=ask.form,
        next_step=wording.CASES,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
    )


def send_report(ask: Ask) -> Response:
    """Report it."""
    try:
        with ask.ground.write() as tx:
            heard = ask.form.get("commons").strip()
            commons_id = commons_queries.commons(tx, heard).id if heard else None
            given = _given(ask) | {"subject": links.subject(ask.form.get("subject"))}
            made = case_steps.report(tx, ask.actor, given, commons_id=commons_id)
            name = queries.name_of(tx, made.commons_id)
            number = made.number
    except HubError as error:
        return _report(ask, error=error)
    return see(links.commons(name, "cases", str(number)))


def _given(ask: Ask) -> dict[str, str]:
    return {name: values[0] for name, values in ask.form.fields.items() if values}


def _number(text: str) -> int:
    number = whole(text, digits_max=NUMBER_DIGITS_MAX)
    if number is None:
        raise rules.unknown_case()
    return number


ROUTES = [
    get("/commons/{name}/cases", listed, access=Access.ANYONE),
    post("/commons/{name}/cases", place_hold, access=Access.SIGNED_IN),
    get("/commons/{name}/cases/{number}", one, access=Access.ANYONE),
    post("/commons/{name}/cases/{number}", step, access=Access.SIGNED_IN),
    get("/commons/{name}/cases/{number}/appeal", appeal, access=Access.SIGNED_IN),
    post("/commons/{name}/cases/{number}/appeal", step, access=Access.SIGNED_IN),
    get("/commons/{name}/panels/{number}", panel, access=Access.ANYONE),
    post("/commons/{name}/panels/{number}", panel_step, access=Access.SIGNED_IN),
    get("/report", report, access=Access.SIGNED_IN),
    post("/report", send_report, access=Access.SIGNED_IN),
]
