"""Which builds somebody let in."""

from collections.abc import Sequence

from sqlalchemy import select

from iriai.base.tx import Tx
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.signin.publishers.rules import Wanted
from iriai.signin.publishers.tables import Publisher


def publishers_of(tx: Tx, actor: Actor) -> Sequence[Publisher]:
    """The builds that the actor let in, newest first."""
    mine = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(mine))
    asked = select(Publisher).where(Publisher.account_id == mine)
    return tx.session.scalars(asked.order_by(Publisher.id.desc())).all()


def wanted(publisher: Publisher) -> Wanted:
    """Which runs a publisher stands for."""
    return Wanted(
        publisher.repository,
        publisher.repository_number,
        publisher.workflow,
        publisher.environment,
    )
