"""A process whose clock is far from the database's takes no part."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from iriai.base import clock
from iriai.base.errors import Unavailable


@pytest.mark.parametrize("wrong", [timedelta(days=60), timedelta(minutes=-1)])
def test_a_clock_that_is_far_from_the_databases_is_refused(any_ground, wrong):
    engine = any_ground.engine
    clock.require_agreed(engine)
    if engine.dialect.name == "sqlite":
        assert clock.apart(engine, lambda: clock.now() + wrong) == timedelta()
        return
    with pytest.raises(Unavailable, match="ahead" if wrong > timedelta() else "behind"):
        clock.require_agreed(engine, lambda: clock.now() + wrong)


def test_what_a_statement_was_given_is_not_told_when_it_fails(any_ground):
    asked = text("SELECT * FROM nowhere WHERE secret = :secret")
    with pytest.raises(DBAPIError, match="nowhere") as wrong, any_ground.engine.connect() as made:
        made.execute(asked, {"secret": "hf_abc"})
    assert "hf_abc" not in str(wrong.value)
