"""The log in plain words."""

from iriai.web import sentences


def test_an_entry_reads_as_a_sentence():
    said = sentences.sentence
    assert said("ada", "created", "repo/ada/tiny", {}) == "ada created the model ada/tiny."
    assert said("ada", "committed", "repo/ada/tiny", {}) == "ada committed to the model ada/tiny."
    assert said("ada", "joined", "account/ada", {}) == "ada joined."
    founded = said("ada", "founded", "account/lab", {"kind": "organisation"})
    assert founded == "ada founded the organisation lab."
    assert said("ada", "deleted", "repo/datasets/ada/x", {}) == "ada deleted the dataset ada/x."
    granted = said("ada", "granted", "membership/lab/bob", {"role": "write"})
    assert granted == "ada granted the role of bob in lab as write."
    assert (
        said("ada", "renamed", "account/ada", {"to": "lin"})
        == "ada renamed the account ada to lin."
    )


def test_a_private_repository_is_named_by_its_number_alone():
    assert sentences.sentence("ada", "created", "repo/7", {}) == (
        "ada created the private repository number 7."
    )
    tagged = sentences.sentence("ada", "created ref of", "repo/7", {})
    assert tagged == "ada made a branch or tag in the private repository number 7."
    assert sentences.link("repo/7") == ""


def test_a_subject_leads_to_its_page():
    assert sentences.link("repo/datasets/ada/x") == "/datasets/ada/x"
    assert sentences.link("account/ada") == "/ada"
    assert sentences.link("commons/hub") == "/commons/hub/log"
    assert sentences.link("token/3") == ""


def test_a_discussion_is_named_with_the_repository_it_is_about():
    said = sentences.sentence
    subject = "repo/datasets/ada/x/discussions/3"
    assert (
        said("bob", "commented", subject, {})
        == "bob commented on discussion 3 of the dataset ada/x."
    )
    opened = said("bob", "opened pull request", subject, {})
    assert opened == "bob opened pull request 3 of the dataset ada/x."
    assert (
        said("bob", "opened discussion", subject, {})
        == "bob opened discussion 3 of the dataset ada/x."
    )
    hid = said("ada", "hid", f"{subject}/comment/ab", {})
    assert hid == "ada hid a comment in discussion 3 of the dataset ada/x."
    assert sentences.link(f"{subject}/comment/ab") == "/datasets/ada/x/discussions/3"
    assert sentences.link("repo/7/discussions/3") == ""


def test_what_belongs_to_a_commons_is_named_with_it():
    said = sentences.sentence
    amended = said("system:decision/lab/3", "amended", "charter/lab", {})
    assert amended == "Decision 3 of lab amended the charter of lab."
    assert said("ada", "seconded", "proposal/lab/3", {}) == "ada seconded proposal 3 of lab."
    admitted = said("system:decision/lab/4", "admitted", "member/lab/ben", {})
    assert admitted == "Decision 4 of lab admitted ben as a member of lab."
    assert said("system:charter/lab", "took in", "commons/lab", {}) == (
        "The hub took in what there was into the commons lab."
    )
    assert said("panel/1", "varied", "case/lab/2", {}) == "Panel 1 varied case 2 of lab."
    assert sentences.link("charter/lab") == "/commons/lab/charter"
    assert sentences.link("proposal/lab/3") == "/commons/lab/proposals/3"
    assert sentences.link("seat/lab/9") == "/commons/lab/members"


def test_in_its_own_log_a_commons_goes_without_saying():
    def said(*entry):
        return sentences.sentence(*entry, {}, here="lab")

    assert said("ada", "seconded", "proposal/lab/3") == "ada seconded proposal 3."
    assert said("ada", "seconded", "proposal/web/3") == "ada seconded proposal 3 of web."
    assert said("hana", "applied", "member/lab/hana") == "hana asked to become a member."
    assert said("system:clock", "passed", "proposal/lab/3") == "Proposal 3 passed."
    assert said("system:decision/lab/3", "amended", "charter/lab") == (
        "Decision 3 amended the charter."
    )
    assert said("system:operator", "reported", "pot/lab") == (
        "The operator reported what was used of the pot."
    )
    assert said("somebody", "accepted a seat on", "panel/lab/1") == (
        "Somebody accepted a seat on panel 1."
    )
    asked = said("somebody", "received", "removal/lab/2")
    assert asked == "Somebody asked for data to be removed: request 2."
