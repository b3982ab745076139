"""What is over goes away by itself, and nothing else does."""

from sqlalchemy import func, select

from iriai.identity import actions, queries
from iriai.identity.jobs import tidy
from iriai.identity.rules import OPERATOR
from iriai.identity.tables import Invite, Session


def count(ground, table) -> int:
    with ground.read() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_only_what_is_over_is_tidied_away(any_ground, clock):
    ground = any_ground
    actions.add_person(ground, OPERATOR, name="ada")
    with ground.write() as tx:
        ada = queries.actor_named(tx, "ada")
        account = queries.person(tx, "ada")
        old = actions.open_session(tx, account).raw
        link = actions.invite(tx, ada)
    clock.advance(days=29)
    tidy(ground, {})
    assert (count(ground, Session), count(ground, Invite)) == (1, 1)
    clock.advance(days=1)
    with ground.write() as tx:
        tx.session.add(  # beside the old one, which signing in again would remove
            Session(
                digest=b"new",
                account_id=account.id,
                created_at=tx.now,
                expires_at=tx.now.replace(year=2030),
            )
        )
    tidy(ground, {})
    with ground.read() as tx:
        assert queries.actor_by_session(tx, old) is None
    assert (count(ground, Session), count(ground, Invite)) == (1, 1)
    clock.advance(days=15)
    tidy(ground, {})
    assert (count(ground, Session), count(ground, Invite)) == (1, 0)
    assert link
