"""Asking for removal by forms, without an account."""

import re

from iriai.commons import actions as _commons  # noqa: F401 - the same hub
from tests.web.conftest import text


def test_a_stranger_asks_and_reads_what_became_of_it(ada):
    where = ada.model()
    ada.send(f"{where}/new/main", path="bob.csv", content="bob,1\n", title="Add")
    stranger = ada.other()
    assert "no account" in text(stranger.see("/removal?subject=repo/ada/tiny"))
    sent = stranger.send("/removal", subject="repo/ada/tiny", paths="bob.csv", words="It is me.")
    mine = sent.headers["location"]
    page = text(stranger.see(mine))
    assert "It is me." in page
    assert "A steward looks at it by" in page
    bare = re.sub(r"\?.*", "", mine)
    assert "It is me." not in text(ada.other().see(bare))
    listed = text(ada.other().see("/commons/hub/removals"))
    assert "Request 1" in listed


def test_what_is_missing_is_said_on_the_form(visitor):
    assert "Repository not found" in text(
        visitor.send("/removal", subject="repo/no/one", paths="a", words="b", status=404)
    )
    visitor.see("/commons/hub/removals/9", status=404)
