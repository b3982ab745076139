from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import xet

from iriai.base.errors import Invalid
from iriai.blobs.xet import plan as plans
from iriai.blobs.xet import xorb
from iriai.blobs.xet.shard import Term


@st.composite
def files(draw):
    """Some xorbs, a file made of runs of their chunks, and a range of that file."""
    bodies, tables = {}, {}
    for _ in range(draw(st.integers(1, 3))):
        raws = draw(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8))
        body, table = xet.xorb(raws, draw(st.sampled_from([0, 1])))
        bodies[table.root()], tables[table.root()] = body, table
    terms = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(sorted(tables)))
        start = draw(st.integers(0, len(tables[name]) - 1))
        end = draw(st.integers(start + 1, len(tables[name])))
        terms.append(Term(name, start, end, tables[name].raw_length(start, end)))
    size = sum(term.length for term in terms)
    first = draw(st.integers(0, size - 1))
    return bodies, tables, terms, first, draw(st.integers(first, size - 1))


def whole(bodies, tables, terms):
    made = b""
    for term in terms:
        table = tables[term.xorb]
        piece = memoryview(bodies[term.xorb])[table.start(term.start) : table.start(term.end)]
        made += b"".join(xorb.contents(piece))
    return made


@given(files())
def test_a_plan_makes_up_exactly_the_bytes_asked_for(made):
    bodies, tables, terms, first, last = made
    plan = plans.plan(terms, tables, first, last)
    content = whole(bodies, tables, plan.terms)
    asked = whole(bodies, tables, terms)[first : last + 1]
    assert content[plan.skip : plan.skip + len(asked)] == asked


@given(files())
def test_no_chunk_is_in_a_plan_that_the_range_does_not_touch(made):
    _, tables, terms, first, last = made
    plan = plans.plan(terms, tables, first, last)
    first_term, last_term = plan.terms[0], plan.terms[-1]
    head = tables[first_term.xorb].lengths(first_term.start, first_term.start + 1)[0]
    tail = tables[last_term.xorb].lengths(last_term.end - 1, last_term.end)[0]
    planned = sum(term.length for term in plan.terms)
    assert plan.skip < head
    assert planned - tail < plan.skip + last - first + 1 <= planned


@given(files())
def test_every_term_lies_in_one_fetch_and_fetches_never_touch(made):
    _, tables, terms, first, last = made
    plan = plans.plan(terms, tables, first, last)
    for term in plan.terms:
        assert any(
            fetch.start <= term.start and term.end <= fetch.end for fetch in plan.fetches[term.xorb]
        )
    for name, fetches in plan.fetches.items():
        for fetch in fetches:
            assert fetch.first == tables[name].start(fetch.start)
            assert fetch.last + 1 == tables[name].start(fetch.end)
        for before, after in pairwise(fetches):
            assert before.end < after.start


def test_a_range_that_ends_before_it_begins_makes_no_sense():
    _, table = xet.xorb([b"one"])
    terms = [Term(table.root(), 0, 1, 3)]
    for first, last in ((2, 1), (-1, 2)):
        with pytest.raises(Invalid, match="range"):
            plans.plan(terms, {table.root(): table}, first, last)


def test_only_the_xorbs_of_the_range_are_named():
    _, one = xet.xorb([b"one"])
    _, two = xet.xorb([b"two"])
    terms = [Term(one.root(), 0, 1, 3), Term(two.root(), 0, 1, 3)]
    tables = {one.root(): one, two.root(): two}
    assert set(plans.plan(terms, tables, 0, 2).fetches) == {one.root()}
    assert set(plans.plan(terms, tables, 2, 3).fetches) == set(tables)
