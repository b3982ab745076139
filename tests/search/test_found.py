"""What can be found, by whom, in which order, on both databases."""

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select, update
from tests.repos.conftest import settled

from iriai.base.errors import Invalid
from iriai.base.events import HUB
from iriai.cards import actions as cards
from iriai.identity.rules import ANYONE
from iriai.repos import actions as repos
from iriai.repos import powers
from iriai.repos.actions import Add
from iriai.repos.rules import Visibility
from iriai.repos.tables import RepoRow
from iriai.search import actions, documents, index, jobs, vocabulary
from iriai.search.meaning import known_words
from iriai.search.queries import found
from iriai.search.rules import Asked, Order
from iriai.search.tables import SearchSpelling


@pytest.fixture
def town(any_ground):
    return settled(any_ground)


def made(town, name, card="", *, actor=None, owner="ada", **more):
    repo = town.repo(name, owner=owner, actor=actor, **more)
    if card:
        operations = [Add("README.md", card.encode())]
        repos.commit(town.ground, actor or town.ada, repo, operations, title="card")
        cards.refresh(town.ground, repo.id)
    return repo


def indexed(town, clock):
    """The index is current, and everything is in it rather than fresh."""
    clock.advance(minutes=5)
    actions.refresh(town.ground)


def names(town, *search, viewer=ANYONE, order=Order.TRENDING, kind="model", limit=30, **more):
    with town.ground.read() as tx:
        asked = Asked(kind, search=search, **more)
        return [each.name for each in found(tx, viewer, asked, order, limit=limit).repos]


def both(town, clock, look, expected):
    """The same is found before and after the index has it."""
    assert look() == expected
    indexed(town, clock)
    assert look() == expected


def test_a_word_in_the_middle_of_a_name_is_found(town, clock):
    made(town, "distilbert-tiny")
    made(town, "llama-7b")
    both(town, clock, lambda: names(town, "bert"), ["distilbert-tiny"])
    assert names(town, "Llama 7B") == ["llama-7b"]
    assert names(town, "ada/llama") == ["llama-7b"]
    assert names(town, "bert", "tiny") == ["distilbert-tiny"]
    assert names(town, "bert", "llama") == []


def test_what_has_the_very_name_stands_before_mentions_once_over_all_pages(town, clock):
    made(town, "tiny-bert")
    made(town, "tiny-bert", owner="lab")
    made(town, "tiny-bert", owner="eve", actor=town.eve, visibility=Visibility.PRIVATE)
    for number in range(5):
        made(town, f"m{number}", "---\nbase_model: ada/tiny-bert\n---\nMade in a lab.\n")
    mentions = [f"ada/m{number}" for number in reversed(range(5))]

    def pages(text, limit, *, viewer=ANYONE, **more):
        shown, after = [], None
        with town.ground.read() as tx:
            while True:
                page = found(
                    tx, viewer, Asked("model", search=(text,), **more),
                    after=after, limit=limit, named_first=True,
                )  # fmt: skip
                shown += [each.full_name for each in page.repos]
                after = page.after
                if after is None:
                    return shown

    assert pages("ada/tiny-bert", 30) == ["ada/tiny-bert"]
    indexed(town, clock)
    for limit in (1, 2, 3, 30):
        assert pages("ada/tiny-bert", limit) == ["ada/tiny-bert", *mentions]
        both = pages("Tiny BERT", limit)
        assert (set(both[:2]), both[2:]) == ({"ada/tiny-bert", "lab/tiny-bert"}, mentions)
    assert pages("tiny-bert", 30, tags=("base_model:ada/tiny-bert",)) == mentions
    assert len(pages("tiny-bert", 2, viewer=town.eve)) == 8


@pytest.mark.parametrize("path", [None, "README.md"])
def test_the_words_of_what_is_held_are_not_found_however_old_it_is(town, clock, path):
    repo = made(town, "a", "---\ntags: [protein-folding]\n---\nTrained on *glockenspiel*.\n")
    indexed(town, clock)
    clock.advance(days=30)
    indexed(town, clock)
    assert names(town, "glockenspiel") == names(town, "folding") == ["a"]
    until = clock() + timedelta(days=3)
    with town.ground.write() as tx:
        if path is None:
            powers.hold(tx, repo.id, reason="Look.", until=until)
        else:
            powers.hold_file(tx, repo.id, path, reason="Look.", until=until)
    jobs.reread(town.ground, {"repo_id": repo.id})
    assert names(town, "glockenspiel") == names(town, "folding") == []
    clock.advance(hours=1)
    with town.ground.write() as tx:
        powers.release(tx, repo.id)
        powers.release_file(tx, repo.id, "README.md")
    jobs.reread(town.ground, {"repo_id": repo.id})
    assert names(town, "glockenspiel") == names(town, "folding") == ["a"]


def test_letters_that_stand_apart_do_not_make_a_word(town, clock):
    made(town, "berlin-expert")
    indexed(town, clock)
    assert names(town, "bert") == []


def test_cards_and_tags_are_found_by_their_words(town, clock):
    card = "---\nlicense: mit\ntags: [protein-folding]\n---\n# Hello\nTrained on *glockenspiel*.\n"
    made(town, "a", card)
    indexed(town, clock)
    assert names(town, "glockenspiel") == ["a"]
    assert names(town, "folding") == ["a"]
    assert names(town, "glockenspi") == []  # the middle of words is for names


def test_a_card_is_searched_to_its_end(town, clock):
    many = " ".join(
        "".join(each) + "ing" for each in product("bdfgjkl", "aeiou", "bcdfghjklmnprstvwxz")
    )
    made(town, "long", f"# Long\n{many}\n\nglockenspiel\n")
    indexed(town, clock)
    assert names(town, "glockenspiel") == names(town, "luxing") == ["long"]


def test_what_was_indexed_in_another_way_is_indexed_anew(town, clock, monkeypatch):
    made(town, "a", "one two three four\n")
    with monkeypatch.context() as before:
        before.setattr(documents, "README_WORDS_MAX", 3)
        before.setattr(documents, "EDITION", "w1")
        indexed(town, clock)
    assert (names(town, "three"), names(town, "four")) == (["a"], [])
    assert actions.sweep(town.ground) == 1
    assert names(town, "four") == ["a"]
    assert actions.sweep(town.ground) == 0


def test_every_script_is_searched(town, clock):
    made(town, "han", "---\npretty_name: 大语言模型\n---\n中文的文本。\n", kind="dataset")
    made(town, "ru", "---\ntitle: Большая модель\n---\n", kind="dataset")
    made(town, "hi", "---\ntitle: हिन्दी पाठ\n---\n", kind="dataset")
    made(town, "fr", "---\ntitle: Café de l'été\n---\n", kind="dataset")
    indexed(town, clock)
    for text, name in (
        ("语言模型", "han"),
        ("中文", "han"),
        ("文", "han"),
        ("МОДЕЛЬ", "ru"),
        ("हिन्दी", "hi"),
        ("cafe", "fr"),
        ("ÉTÉ", "fr"),
    ):
        assert names(town, text, kind="dataset") == [name], text


def test_a_slip_of_the_fingers_still_finds(town, clock):
    made(town, "distilbert-tiny")
    made(town, "translation", "---\ntitle: Переводчик 机器学习模型\n---\n")
    indexed(town, clock)
    with town.ground.read() as tx:
        page = found(tx, ANYONE, Asked("model", search=("distilbret",)))
        assert [each.name for each in page.repos] == ["distilbert-tiny"]
        assert page.meant == {"distilbret": ("distilbert",)}
    assert names(town, "transaltion") == ["translation"]
    assert names(town, "переводчек") == ["translation"]
    assert names(town, "机器字习模型") == ["translation"]
    assert names(town, "zzzzqqqq") == []


def test_a_slip_in_a_word_of_a_card_still_finds_in_any_script(town, clock):
    card = "---\ndescription: Ein schönes Lexikon\n---\nFrom Antarctica: ледники, ιστορία.\n"
    made(town, "ice", card)
    made(town, "own", "Mountaineering in secret.\n", visibility="private")
    made(town, "other", "Sheets of antartica papers, misspelt.\n", kind="dataset")
    indexed(town, clock)
    for typed in ("antartica", "schöns", "леднки", "ιστρια"):
        assert names(town, typed) == ["ice"], typed
    assert names(town, "mountainering", viewer=town.ada) == []
    assert names(town, "antartica", kind="dataset") == ["other"]


def test_words_of_names_then_frequent_ones_are_meant_first(town, clock):
    made(town, "glacier")
    made(town, "a", "glaciar glacies\n")
    made(town, "b", "glacies\n")
    indexed(town, clock)
    with town.ground.read() as tx:
        assert known_words(tx, "model", "glacie") == ("glacier", "glacies")
        assert known_words(tx, "model", "glaciex") == ("glacier", "glacies")
        assert known_words(tx, "dataset", "glaciex") == ()
    made(town, "glacies")
    indexed(town, clock)
    with town.ground.read() as tx:
        assert known_words(tx, "model", "glaciex") == ("glacies", "glacier")


def test_words_that_nothing_has_any_more_are_forgotten(town, clock):
    made(town, "stays", "mountaineering\n")
    gone = made(town, "goes", "glockenspiel\n")
    indexed(town, clock)
    assert vocabulary.forget(town.ground) == 0
    with town.ground.write() as tx:
        repos.delete(tx, town.ada, gone)
    jobs.rank(town.ground, {})
    with town.ground.read() as tx:
        kept = set(tx.connection.execute(select(SearchSpelling.word)).scalars())
    assert kept == {"stays", "mountaineering"}
    made(town, "back", "glockenspiel\n")
    indexed(town, clock)
    assert names(town, "glokenspiel") == ["back"]


def test_words_of_cards_are_kept_while_there_is_room(town, clock, monkeypatch):
    monkeypatch.setattr(vocabulary, "ROWS_MAX", 30)
    made(town, "first", "mountaineering\n")
    indexed(town, clock)
    made(town, "second", "glockenspiel\n")
    indexed(town, clock)
    assert names(town, "mountainering") == ["first"]
    assert names(town, "glokenspiel") == []
    assert names(town, "secnod") == ["second"]


def test_several_filters_must_all_hold(town, clock):
    made(town, "one", "---\nlicense: mit\ntags: [a, b]\nlanguage: fr\n---\n")
    made(town, "two", "---\nlicense: mit\ntags: [a]\npipeline_tag: fill-mask\n---\n")
    both(town, clock, lambda: names(town, tags=("a", "b")), ["one"])
    assert names(town, tags=("a",)) == ["two", "one"]
    assert names(town, tags=("a",), language="fr") == ["one"]
    assert names(town, tags=("a",), pipeline_tag="fill-mask") == ["two"]
    assert names(town, tags=("a", "license:mit"), author="ADA") == ["two", "one"]
    assert names(town, tags=("a",), author="bob") == []
    assert names(town, "two", tags=("b",)) == []


def test_private_repositories_are_found_by_their_members_alone(town, clock):
    made(town, "secret-thing", "---\ntags: [hush]\n---\n", visibility="private")
    for _ in range(2):
        assert names(town, "secret", viewer=town.ada) == ["secret-thing"]
        assert names(town, "secret", viewer=town.bob) == []
        assert names(town, "secret") == []
        assert names(town, tags=("hush",)) == []
        assert names(town, "sceret") == []
        indexed(town, clock)
    with town.ground.write() as tx:
        tx.connection.execute(update(RepoRow).values(visibility="public"))
        tx.record(HUB, "system:test", "opened", "repos")
    assert names(town, "secret") == []  # until the index hears of it
    assert names(town, "secret", viewer=town.ada) == ["secret-thing"]


def test_what_became_private_is_gone_at_once(town, clock):
    made(town, "open-thing")
    indexed(town, clock)
    assert names(town, "thing") == ["open-thing"]
    with town.ground.write() as tx:
        tx.connection.execute(update(RepoRow).values(visibility="private"))
        tx.record(HUB, "system:test", "closed", "repos")
    assert names(town, "thing") == []


def test_what_was_deleted_or_renamed_is_no_longer_found_by_its_name(town, clock):
    repo, other = made(town, "older-name"), made(town, "leaving")
    indexed(town, clock)
    with town.ground.write() as tx:
        repos.move(tx, town.ada, repo, to_owner="ada", to_name="newer")
        repos.delete(tx, town.ada, other)
    for _ in range(2):
        assert (names(town, "newer"), names(town, "leaving")) == (["newer"], [])
        indexed(town, clock)
    assert names(town, "older-name") == []


@pytest.mark.parametrize("order", list(Order))
def test_pages_follow_each_other_while_rows_come_and_go(town, clock, order):
    for number in range(12):
        repo = made(town, f"page-{number}")
        clock.advance(seconds=1)
        with town.ground.write() as tx:
            here = update(RepoRow).where(RepoRow.id == repo.id)
            tx.connection.execute(here.values(downloads=number % 3, likes=number % 2))
    indexed(town, clock)
    actions.sweep(town.ground)
    seen, after = [], None
    while True:
        with town.ground.read() as tx:
            page = found(tx, ANYONE, Asked("model", ("page",)), order, after=after, limit=3)
        seen += [each.name for each in page.repos]
        made(town, f"page-late-{len(seen)}")
        after = page.after
        if after is None:
            break
    early = [each for each in seen if "late" not in each]
    assert sorted(early) == sorted(f"page-{number}" for number in range(12))
    assert len(set(seen)) == len(seen)
    if order is Order.CREATED:
        assert early == [f"page-{number}" for number in reversed(range(12))]
    if order is Order.DOWNLOADS:
        assert [int(each[5:]) % 3 for each in early] == [2] * 4 + [1] * 4 + [0] * 4


def test_every_way_through_the_index_leads_to_the_same_pages(town, clock, monkeypatch):
    words, numbers = ("alpha", "beta", "alphabet"), range(11, -1, -1)
    for number in reversed(numbers):
        tags = [f"t{number % 2}", f"t{number % 3}"]
        made(town, f"{words[number % 3]}-{number}", f"---\ntags: {tags}\n---\nbeta\n")
        clock.advance(seconds=1)
    indexed(town, clock)
    texts = ((), ("alpha",), ("beta",), ("alphabet",), ("pha",), ("nothing",))
    for search, tags in product(texts, ((), ("t0",), ("t0", "t1"), ("t1", "t2"))):
        should = [
            number
            for number in numbers
            if {f"t{number % 2}", f"t{number % 3}"}.issuperset(tags)
            and all(word == "beta" or word in words[number % 3] for word in search)
        ]
        asked = Asked("model", search, tags=tags)
        for gathered, walked in ((10**9, 1), (-1, 10**9), (-1, 3)):
            monkeypatch.setattr(index, "GATHERED_MAX", gathered)
            monkeypatch.setattr(index, "WALKED_MAX", walked)
            assert leafed_through(town, asked) == should, asked


def leafed_through(town, asked):
    """The numbers at the ends of the names that are found, the newest first, page by page."""
    seen, after = [], None
    while True:
        with town.ground.read() as tx:
            page = found(tx, ANYONE, asked, Order.CREATED, after=after, limit=3)
        seen += [int(repo.name.rpartition("-")[2]) for repo in page.repos]
        after = page.after
        if after is None:
            return seen


def test_a_place_that_makes_no_sense_is_refused(town):
    with town.ground.read() as tx, pytest.raises(Invalid):
        found(tx, ANYONE, Asked("model", ("a",)), after="q")


def test_taking_everything_again_changes_nothing(town, clock):
    made(town, "same", "---\ntags: [x]\n---\nwords\n")
    indexed(town, clock)
    actions.sweep(town.ground)
    actions.sweep(town.ground)
    indexed(town, clock)
    assert names(town, "words") == ["same"]
    assert names(town, "same", order=Order.LIKES) == ["same"]
