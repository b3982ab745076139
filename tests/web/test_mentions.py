"""Names and numbers in what people say, as links."""

import re

import pytest
from sqlalchemy import event

from iriai.discussions import rules
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.web import mentions
from tests.web.conftest import text

SAID = """@ada, @Bob and @nobody: as in #1, not #9 (nor #01), ada@example.org or x/y#1.

`@ada #1` and [@ada](https://example.org/@bob#1) and <kbd>@bob</kbd> &#39; @ada/tiny

    @ada in code

~~~
#1 in code
~~~
"""


def prose(page):
    """Each comment of a thread as HTML."""
    return re.findall(r'<div class="card prose"[^>]*>(.*?)</div>\n', page.text, re.DOTALL)


@pytest.fixture
def said(ada):
    """Ada's model, with a thread in which Bob called names; its address."""
    bob = ada.other().join("bob")
    where = bob.send(
        f"{ada.model()}/discussions/new", title="Look #1", text=SAID, what="discussion"
    ).headers["location"]
    return bob, where


def test_names_and_numbers_that_are_there_are_links_outside_of_code_and_links(ada, said):
    _, where = said
    shown = prose(ada.see(where))[0]
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', shown)
    assert links == [("/ada", "@ada"), ("/bob", "@Bob"), (where, "#1")]
    assert "@nobody: as in" in shown
    assert "<code>@ada #1</code>" in shown


def test_what_is_told_beside_comments_calls_names_too_and_stays_text(ada, said):
    _, where = said
    ada.send(where, act="rename", title="Ask @bob <b>of #1</b>")
    ada.send(where, act="lock", reason="see #1 & @bob")
    happened = re.findall(r'<p class="[^"]*happened">.*?</p>', ada.see(where).text, re.DOTALL)
    assert '<a href="/bob">@bob</a> &lt;b&gt;of ' in happened[0]
    assert f'see <a href="{where}">#1</a> &amp; <a href="/bob">@bob</a>' in happened[1]


def test_a_preview_shows_the_links_that_will_be_there(ada, said):
    _, where = said
    page = ada.send(where, status=200, act="say", text="Well, @bob: #1", preview="yes")
    assert f'Well, <a href="/bob">@bob</a>: <a href="{where}">#1</a>' in page.text


def test_a_name_that_was_left_leads_to_its_account_and_a_deleted_one_nowhere(ada, said):
    _, where = said
    ada.other().join("cleo")
    ada.send(where, act="say", text="Thanks @cleo, @bob")
    with ada.ground.write() as tx:
        identity.rename_account(tx, people.actor_named(tx, "bob"), account="bob", name="robert")
        identity.delete_account(tx, people.actor_named(tx, "cleo"), account="cleo")
    assert 'Thanks @cleo, <a href="/robert">@bob</a>' in ada.see(where).text


def test_all_that_a_page_calls_is_asked_in_one_statement(ada, said):
    _, where = said
    ada.send(where, act="say", text="nobody")
    counts = []
    for each in ("nothing", " ".join(f"@name{n} #{n}" for n in range(mentions.CALLED_MAX))):
        ada.send(where, act="say", text=each)
        counts.append(0)

        def note(*_facts):
            counts[-1] += 1

        event.listen(ada.ground.engine, "before_cursor_execute", note)
        assert "Look" in text(ada.see(where))
        event.remove(ada.ground.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("html", "called"),
    [
        ("@ada. #2, (@b-c)", ["@ada", "#2", "@b-c"]),
        ("&amp;@ada &#39; &lt;#3", ["@ada", "#3"]),
        ("#1a a#1 #1#2 /#3 ##4 #1234567890", []),
        ("@a.b/c @x@y a@b _@c", []),
        ('<a title="@x">@x <b>#1</b></a> <pre><code>@y</code> #2</pre> @z', ["@z"]),
    ],
)
def test_what_is_called_stands_in_text_by_itself(html, called):
    assert list(mentions.called([html])) == called


def test_the_pattern_takes_names_no_longer_than_names_are():
    assert rules.CALLED.search("@" + "a" * 97) is None
