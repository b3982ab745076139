"""Ways round the charter that somebody might try: a side door is no door."""

from dataclasses import replace
from datetime import timedelta

import pytest

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.commons import enactment
from iriai.commons.breakglass.rules import Act as OperatorAct
from iriai.commons.breakglass.rules import Basis
from iriai.commons.cases import actions as cases
from iriai.commons.cases import queries as case_queries
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import cases as enacting
from iriai.commons.enactment import operator, people, removals
from iriai.commons.exit import asking as exports
from iriai.commons.membership import powers as members
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals import scope
from iriai.commons.proposals.rules import State
from iriai.commons.removal import actions as removal
from iriai.commons.removal import queries as requests
from iriai.discussions import attachments
from iriai.gates import actions as gates
from iriai.identity.rules import ANYONE, Act, Grant, Reach, TokenScope
from iriai.repos import actions as repos
from iriai.repos import powers
from iriai.repos import queries as repo_queries
from iriai.repos import rules as repo_rules
from iriai.repos.operations import Add, DeleteFile, DeleteFolder
from iriai.repos.rules import Gated
from iriai.repos.tables import RepoRow
from tests.support.commons import Town
from tests.support.prepared import Prepared

CHARTER = "datasets/lab/charter"


def with_stewards(ground, _clock):
    """A community of four, two of them stewards, and somebody from outside."""
    town = Town(ground).found("language-community", "ada", "bob", "cyd", "dan")
    town.seat("ada", "steward")
    town.seat("bob", "steward")
    town.person("eve")
    return town


LAB = Prepared(with_stewards)


@pytest.fixture
def lab(tmp_path, clock):
    with LAB.copied(tmp_path, clock) as made:
        yield made


@pytest.fixture
def published(lab):
    enactment.publish_charter(lab.ground, lab.commons_id)
    return lab


def model(town, name, owner="lab", licence=None):
    ground, by = town.ground, town.person("cyd")
    if owner == "lab":
        made = enactment.create_repository(ground, by, kind="model", owner=owner, name=name)
    else:
        made = repos.create(ground, by, kind="model", owner=owner, name=name)
    if licence is not None:
        card = f"---\nlicense: {licence}\n---\n".encode()
        enactment.commit(ground, by, made, operations=[Add("README.md", card)], title="Card")
    return made


def held(town, by="ada"):
    with town.ground.write() as tx:
        made = enacting.hold(
            tx, town.person(by), subject="repo/lab/tiny", ground="malware", reason="Look."
        ).number
    with town.ground.write() as tx:
        found = case_queries.hold(tx, town.commons_id, made)
        enacting.second_hold(tx, town.person("bob"), found)
    return made


def state(town, repo_id):
    with town.ground.read() as tx:
        return tx.session.get_one(RepoRow, repo_id)


def test_no_steward_suspends_anybody_without_a_case(lab):
    for name in ("cyd", "bob"):
        with pytest.raises(Denied, match="in a case"):
            lab.propose("ada", "member.suspend", payload={"name": name, "days": 3650})


def test_a_discussion_elsewhere_lends_no_maintainer_another_repository(lab):
    mine, other = model(lab, "mine"), model(lab, "other")
    lab.charter(
        lab.preset(
            "language-community", **{"resource.gate:__significant": "resource.gate: routine"}
        )
    )
    lab.seat("dan", "maintainer", repo_id=mine.id)
    asked = lab.propose(
        "dan",
        "resource.gate",
        payload={"repo": "lab/other", "gated": "manual"},
        discussion=(mine.id, 1),
    )
    assert asked.state is State.OPEN
    lab.tick()
    assert state(lab, other.id).gated is None
    own = lab.propose("dan", "resource.gate", payload={"repo": "lab/mine", "gated": "manual"})
    assert own.state is State.PASSED


def test_an_office_is_asked_back_by_petition_alone(lab):
    with lab.ground.read() as tx:
        seat = membership.seats(tx, lab.commons_id)[0]
    with pytest.raises(Invalid, match="petition"):
        lab.propose("cyd", "seat.recall", payload={"seat": str(seat.id)})


def test_strangers_learn_no_names_of_private_repositories_by_proposing(lab):
    enactment.create_repository(
        lab.ground,
        lab.person("ada"),
        kind="model",
        owner="lab",
        name="hidden",
        visibility="private",
    )
    said = []
    for name in ("hidden", "nothing"):
        with pytest.raises(HubError) as refused:
            lab.propose("eve", "resource.delete", payload={"repo": f"lab/{name}"})
        said.append(refused.value.message)
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("resource.freeze", {"reason": "x"}),
        ("resource.delist", {}),
        ("resource.gate", {"gated": "manual"}),
        ("resource.label", {"text": "void"}),
        ("resource.relicense", {"licence": "mit"}),
    ],
)
def test_the_charter_itself_is_not_frozen_hidden_or_labelled(published, action, more):
    with pytest.raises(Denied, match="The charter of lab cannot be"):
        published.propose("ada", action, payload={"repo": CHARTER, **more})


def test_who_writes_to_the_charter_is_told_how_it_is_amended_and_by_how_many(published):
    with published.ground.read() as tx:
        repo = repo_queries.repo(tx, ANYONE, "dataset", "lab/charter")
    eve = published.person("eve")
    with pytest.raises(Denied) as refused, enactment.explained(published.ground, repo):
        repo_rules.require_write(eve, repo)
    assert "(charter.amend)" in refused.value.message
    assert "of the 4 who have a vote" in refused.value.message
    assert "of 100" not in refused.value.message


def test_neither_cases_nor_holds_nor_operators_nor_removals_reach_the_charter(published):
    town, ground = published, published.ground
    with pytest.raises(Denied, match="cannot be"), ground.write() as tx:
        cases.report(tx, town.person("cyd"), subject=f"repo/{CHARTER}", words="I dislike it.")
    for subject in (f"repo/{CHARTER}", f"repo/{CHARTER}/file/CHARTER.yaml"):
        with pytest.raises(Denied, match="cannot be"), ground.write() as tx:
            enacting.hold(tx, town.person("ada"), subject=subject, ground="malware", reason="Look.")
    with pytest.raises(Denied, match="cannot be"), ground.write() as tx:
        operator.break_glass(
            tx, "lab", OperatorAct.HOLD, CHARTER, reason="x", basis=Basis.EMERGENCY
        )
    with pytest.raises(Denied, match="cannot be"), ground.write() as tx:
        repo = repo_queries.repo(tx, ANYONE, "dataset", "lab/charter")
        removal.ask(tx, ANYONE, repo, paths="CHARTER.yaml", words="It names me.")


def test_nobody_deals_with_their_own_request_for_removal(lab):
    model(lab, "tiny", licence="mit")
    ada = lab.person("ada")
    with lab.ground.write() as tx:
        repo = repo_queries.repo(tx, ada, "model", "lab/tiny")
        number = removal.ask(tx, ada, repo, paths="README.md", words="It is mine.")[0].number
    with pytest.raises(Denied, match="yourself"), lab.ground.write() as tx:
        removals.acknowledge(tx, ada, requests.row(tx, lab.commons_id, number))
    with pytest.raises(Denied, match="yourself"):
        removals.decide(lab.ground, ada, lab.commons_id, number, fulfil=True, reason="x")
    payload = {"removal": number, "fulfil": True, "reason": "x"}
    with pytest.raises(Invalid, match="page of the request"):
        lab.propose("ada", "removal.decide", payload=payload)


def test_no_steward_takes_data_out_alone(lab):
    model(lab, "tiny", licence="mit")
    ada, bob = lab.person("ada"), lab.person("bob")
    with lab.ground.write() as tx:
        repo = repo_queries.repo(tx, ada, "model", "lab/tiny")
        number = removal.ask(tx, ANYONE, repo, paths="README.md", words="Mine.")[0].number
    with pytest.raises(Conflict, match="Acknowledge"):
        removals.decide(lab.ground, ada, lab.commons_id, number, fulfil=True, reason="So.")
    with lab.ground.write() as tx:
        removals.acknowledge(tx, ada, requests.row(tx, lab.commons_id, number))
    with pytest.raises(Denied, match="nobody takes data out alone"):
        removals.decide(lab.ground, ada, lab.commons_id, number, fulfil=True, reason="So.")
    removals.decide(lab.ground, bob, lab.commons_id, number, fulfil=True, reason="So.")
    with lab.ground.read() as tx:
        assert requests.row(tx, lab.commons_id, number).state == "fulfilled"


def test_no_stranger_makes_a_hold_last(lab):
    model(lab, "tiny")
    number = held(lab)
    with pytest.raises(Denied, match="stewards"), lab.ground.write() as tx:
        found = case_queries.hold(tx, lab.commons_id, number)
        enacting.open_case(tx, lab.person("eve"), found)


def test_the_word_of_a_steward_ends_with_their_term(lab):
    """Two place a hold: one who is a steward, and one who was when they asked, are not two."""
    made = model(lab, "tiny")
    lab.seat("dan", "steward", days=1)
    with lab.ground.write() as tx:
        number = enacting.hold(
            tx, lab.person("dan"), subject="repo/lab/tiny", ground="malware", reason="Look."
        ).number
    lab.ground.clock.advance(days=1)
    with pytest.raises(Conflict, match="no office any more"), lab.ground.write() as tx:
        found = case_queries.hold(tx, lab.commons_id, number)
        enacting.second_hold(tx, lab.person("bob"), found)
    assert state(lab, made.id).held_reason is None


def test_one_hold_does_not_follow_another(lab):
    model(lab, "tiny")
    held(lab)
    lab.tick(hours=73)
    with pytest.raises(Conflict, match="held already"):
        held(lab)
    lab.tick(days=31)
    held(lab)


def test_dismissing_a_case_undoes_nothing_that_others_decided(lab):
    made, ground = model(lab, "tiny"), lab.ground
    with ground.write() as tx:
        operator.break_glass(
            tx, "lab", OperatorAct.HOLD, "lab/tiny", reason="A court.", basis=Basis.LEGAL_ORDER
        )
        powers.freeze(tx, made.id, "All of us decided so.")
        members.suspend(
            tx, "system:decision/lab/1", lab.commons_id, lab.person("dan").id,
            tx.now + timedelta(days=90), appeal_at="http://hub/commons/lab/proposals/1",
        )  # fmt: skip
    for subject in ("repo/lab/tiny", "account/dan"):
        with ground.write() as tx:
            found = cases.report(
                tx, lab.person("ada"), subject=subject, words="?", commons_id=lab.commons_id
            )
            enacting.dismiss(tx, lab.person("ada"), found, reasons="Nothing.")
    assert state(lab, made.id).frozen_reason == "All of us decided so."
    assert state(lab, made.id).held_reason is not None
    with ground.read() as tx:
        found = membership.standing(tx, lab.commons_id, lab.person("dan").id)
    assert found.state == "suspended"


def test_what_others_decided_outlasts_a_case_about_the_same_thing(lab):
    """A label and a place outside of lists: the case adds its own, and takes that away again."""
    made, ground = model(lab, "tiny"), lab.ground
    with ground.write() as tx:
        operator.break_glass(
            tx, "lab", OperatorAct.DELIST, "lab/tiny", reason="A court.", basis=Basis.LEGAL_ORDER
        )
        powers.label(tx, made.id, "Made of old recordings.")
    with ground.write() as tx:
        ada = lab.person("ada")
        found = cases.report(tx, ada, subject="repo/lab/tiny", words="?", commons_id=lab.commons_id)
        cases.charge(tx, ada, found, rule="Cards", facts="It has none.", asked="Write one.")
        enacting.decide(tx, ada, found, rung="label", reasons="It has none.")
    said = state(lab, made.id).label
    assert said.startswith("A warning was put here")
    assert said.endswith("\nMade of old recordings.")
    assert state(lab, made.id).is_delisted
    lab.tick(days=1_000)
    assert state(lab, made.id).label == "Made of old recordings."
    assert state(lab, made.id).is_delisted


def test_what_members_took_off_lists_stays_off_when_a_case_ends(lab):
    made, ground = model(lab, "tiny"), lab.ground
    asked = lab.propose("ada", "resource.delist", payload={"repo": "lab/tiny", "delisted": "true"})
    if asked.is_running:
        lab.second("bob", asked.number)
        lab.tick(days=15)
        if lab.see(asked.number).state is State.VOTING:
            for name in ("ada", "bob", "cyd"):
                lab.vote(name, asked.number, 1, 2)
            lab.tick(days=15)
    lab.tick()
    assert lab.see(asked.number).state is State.ENACTED
    with ground.write() as tx:
        ada = lab.person("ada")
        found = cases.report(tx, ada, subject="repo/lab/tiny", words="?", commons_id=lab.commons_id)
        cases.charge(tx, ada, found, rule="Cards", facts="It has none.", asked="Write one.")
        enacting.decide(tx, ada, found, rung="label", reasons="It has none.")
    lab.tick(days=1_000)
    assert state(lab, made.id).label is None
    assert state(lab, made.id).is_delisted


def test_what_comes_in_has_a_licence_that_the_charter_allows(lab):
    model(lab, "closed", owner="cyd", licence="openrail")
    cyd = lab.person("cyd")
    with pytest.raises(Denied, match=r"licences\.allow"), lab.ground.write() as tx:
        repo = repo_queries.repo(tx, cyd, "model", "cyd/closed")
        enactment.move_repository(tx, cyd, repo, to_owner="lab", to_name="closed")
    with lab.ground.read() as tx:
        repo = repo_queries.repo(tx, cyd, "model", "cyd/closed")
    with pytest.raises(Denied, match=r"licences\.allow"):
        enactment.duplicate_repository(
            lab.ground, cyd, repo, owner="lab", name="copy", visibility=None
        )


def require_no_word(lab, reach, number, model_id):
    """With a token of this reach ada, a steward, and eve do nothing in their own names."""
    ada, eve = (replace(lab.person(name), scope=TokenScope(reach)) for name in ("ada", "eve"))

    def ask_in(tx):
        repo = repo_queries.by_id(tx, model_id, eve)
        gates.ask(tx, eve, repo, given={}, again_after=timedelta(days=1))

    for act in (
        ask_in,
        lambda tx: removals.acknowledge(tx, ada, requests.row(tx, lab.commons_id, number)),
        lambda tx: attachments.require_may_attach(tx, eve),
        lambda tx: enactment.propose(
            tx, ada, lab.commons_id, action=Action.STATEMENT, payload={"text": "Tea."}
        ),
    ):
        with pytest.raises(Denied) as refused, lab.ground.write() as tx:
            act(tx)
        assert refused.value.code == "TokenScope"
    with pytest.raises(Denied, match="does not reach"):
        removals.decide(lab.ground, ada, lab.commons_id, number, fulfil=True, reason="So.")


def require_no_decision(lab, scope, number):
    """An app that opens discussions votes for nobody, and holds no office."""
    ada = replace(lab.person("ada"), scope=scope)
    running = lab.propose("bob").number
    with lab.ground.write() as tx:
        case = cases.report(
            tx, lab.person("eve"), subject="repo/lab/tiny", words="?", commons_id=lab.commons_id
        ).number
    for act in (
        lambda tx: enactment.propose(
            tx, ada, lab.commons_id, action=Action.STATEMENT, payload={"text": "Tea."}
        ),
        lambda tx: proposals.object_(tx, ada, lab.commons_id, running, reason="No tea."),
        lambda tx: people.leave(tx, ada, lab.commons_id),
        lambda tx: removals.acknowledge(tx, ada, requests.row(tx, lab.commons_id, number)),
        lambda tx: cases.triage(tx, ada, case_queries.row(tx, lab.commons_id, case)),
        lambda tx: enacting.hold(tx, ada, subject="repo/lab/tiny", ground="malware", reason="?"),
    ):
        with pytest.raises(Denied) as refused, lab.ground.write() as tx:
            act(tx)
        assert refused.value.code == "TokenScope"
    with lab.ground.read() as tx, pytest.raises(Unknown):
        case_queries.case(tx, ada, lab.commons_id, case)
    with lab.ground.read() as tx:
        assert case_queries.case(tx, lab.person("ada"), lab.commons_id, case).is_whole
        assert not case_queries.cases(tx, ada, lab.commons_id)


def test_a_token_with_no_permission_to_speak_does_nothing_in_its_owners_name(lab):
    """An app that was let in only to know who somebody is, be they a steward."""
    made = model(lab, "tiny", licence="mit")
    with lab.ground.write() as tx:
        powers.gate(tx, made.id, Gated.MANUAL)
        repo = repo_queries.by_id(tx, made.id)
        number = removal.ask(tx, ANYONE, repo, paths="README.md", words="Mine.")[0].number
    for reach in (Reach.FINE_GRAINED, Reach.READ):
        require_no_word(lab, reach, number, made.id)
    nothing = replace(lab.person("ada"), scope=TokenScope(Reach.FINE_GRAINED))
    with pytest.raises(Denied, match="does not reach"), lab.ground.write() as tx:
        exports.ask(tx, nothing, lab.commons_id)
    only_talks = TokenScope(Reach.FINE_GRAINED, (Grant(frozenset({Act.DISCUSS}), anywhere=True),))
    require_no_decision(lab, only_talks, number)
    talker = replace(lab.person("eve"), scope=only_talks)
    with pytest.raises(Denied, match=r"user\.email\.read"), lab.ground.write() as tx:
        repo = repo_queries.by_id(tx, made.id, talker)
        gates.ask(tx, talker, repo, given={}, again_after=timedelta(days=1))


def test_in_an_office_a_token_must_name_the_commons_as_for_a_vote(lab):
    """Cases, holds, removals, what is read there, and exports: all of it is the commons'."""
    made = model(lab, "tiny", licence="mit")
    ada, eve = lab.person("ada"), lab.person("eve")
    with lab.ground.write() as tx:
        repo = repo_queries.by_id(tx, made.id)
        number = removal.ask(tx, ANYONE, repo, paths="README.md", words="Mine.")[0].number
        how = {"subject": "repo/lab/tiny", "words": "?", "commons_id": lab.commons_id}
        case = cases.report(tx, eve, **how).number
    acts = frozenset({Act.DISCUSS, Act.DECIDE, Act.READ})

    def named(account_id):
        scope = TokenScope(Reach.FINE_GRAINED, (Grant(acts, account_id=account_id),))
        return replace(ada, scope=scope)

    def found(tx):
        return case_queries.row(tx, lab.commons_id, case)

    charge = {"rule": "Cards", "facts": "It has none.", "asked": "Write one."}
    for act in (
        lambda tx, who: cases.triage(tx, who, found(tx)),
        lambda tx, who: cases.charge(tx, who, found(tx), **charge),
        lambda tx, who: enacting.hold(
            tx, who, subject="repo/lab/tiny", ground="malware", reason="It is."
        ),
        lambda tx, who: removals.acknowledge(tx, who, requests.row(tx, lab.commons_id, number)),
        lambda tx, who: exports.ask(tx, who, lab.commons_id),
    ):
        with pytest.raises(Denied) as refused, lab.ground.write() as tx:
            act(tx, named(ada.id))
        assert refused.value.code == "TokenScope"
        with lab.ground.write() as tx:
            act(tx, named(lab.account_id))
    with lab.ground.read() as tx:
        assert case_queries.seen(tx, named(lab.account_id), found(tx)).is_whole
        assert not case_queries.seen(tx, named(ada.id), found(tx)).is_whole


@pytest.mark.parametrize("reach", [Act.DISCUSS, Act.WRITE])
def test_a_token_that_may_talk_decides_nothing_at_once(lab, reach):
    made = model(lab, "tiny", licence="mit")
    ada = lab.person("ada")
    grant = Grant(frozenset({Act.DISCUSS, Act.DECIDE, reach}), account_id=lab.account_id)
    scope = TokenScope(Reach.FINE_GRAINED, (grant,))
    lab.people["ada"] = replace(ada, scope=scope)
    payload = {"repo_id": made.id, "text": "Look out."}
    with pytest.raises(Denied, match=r"repo\.settings\.write"):
        lab.propose("ada", "resource.label", payload=payload)
    assert lab.propose("ada").state is State.OPEN  # what members decide, they may propose
    lab.people["ada"] = ada
    assert lab.propose("ada", "resource.label", payload=payload).state is State.PASSED


BIG = b"word " * 1_000_000
"""What a card is not any more when it stands behind this."""


@pytest.mark.parametrize(
    "operations",
    [
        [Add("README.md", b"---\nlicense: [mit, cc-by-nc-4.0]\n---\n")],
        [Add("README.md", b"---\nlicense: mit\n---\n" + BIG)],
        [DeleteFile("README.md"), Add("README.md/text", b"No card.")],
    ],
    ids=["another licence beside it", "a card too long to be read", "a folder in its place"],
)
def test_no_commit_takes_a_licence_from_what_is_held(lab, operations):
    made, cyd = model(lab, "tiny", licence="mit"), lab.person("cyd")
    with pytest.raises(Denied, match=r"resource\.relicense"):
        enactment.commit(lab.ground, cyd, made, operations=operations, title="Card")


def test_a_card_takes_the_place_of_a_folder_that_was_called_like_it(lab):
    made, cyd = model(lab, "tiny"), lab.person("cyd")
    enactment.commit(lab.ground, cyd, made, operations=[Add("README.md/a", b"a")], title="Odd")
    change = [DeleteFolder("README.md"), Add("README.md", b"---\nlicense: mit\n---\n")]
    assert enactment.commit(lab.ground, cyd, made, operations=change, title="Card").sha


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("resource.delete", {"repo_id": "abc"}),
        ("resource.delete", {"repo_id": [1]}),
        ("resource.delete", {"repo_id": 1e30}),
        ("resource.merge", {"repo": "lab/tiny", "number": 1e30}),
        ("operator.ratify", {"act": 1e30}),
    ],
)
def test_numbers_that_are_none_are_refused_in_a_sentence(lab, action, payload):
    model(lab, "tiny")
    with pytest.raises(HubError):
        lab.propose("cyd", action, payload=payload)


def test_nobody_fills_the_list_of_what_runs(lab):
    with pytest.raises(Excessive, match="your own"):
        for number in range(12):
            lab.propose("cyd", payload={"text": f"Tea {number}."})
    assert lab.propose("dan").state is State.OPEN


def test_a_few_do_not_fill_the_list_together():
    running = dict.fromkeys("abcde", 0)
    for name in "abcde" * scope.RUNNING_OF_ONE_MAX:
        try:
            scope.require_room(sum(running.values()), running[name])
        except Excessive:
            continue
        running[name] += 1
    taken = sum(running.values())
    assert min(running.values()) >= 8
    assert taken < scope.RUNNING_OF_MAX
    for before in range(taken, scope.RUNNING_OF_MAX):
        scope.require_room(before, 0)
    with pytest.raises(Excessive):
        scope.require_room(scope.RUNNING_OF_MAX, 0)
