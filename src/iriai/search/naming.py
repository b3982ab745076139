"""What a search names, rather than describes: an address, or the name that repositories have.

It stands before all that merely mentions it, where nobody asked for another order.
"""

from sqlalchemy import select

from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.rows import listed
from iriai.repos.tables import RepoRow
from iriai.search.rules import Asked
from iriai.search.tables import SearchDoc

NAMED_MAX = 20
"""How many repositories of one name, the most wanted ones, stand before the rest."""


def named(tx: Tx, viewer: Actor, asked: Asked) -> list[int]:
    """The repositories whose address or name is what was searched for, the most wanted first."""
    if len(asked.search) != 1:
        return []
    owner, slash, name = asked.search[0].strip().rpartition("/")
    keys = {fold(name), fold("-".join(name.split()))} - {""}
    if not keys or (slash and not owner):
        return []
    query = (
        select(RepoRow.id)
        .outerjoin(SearchDoc, SearchDoc.repo_id == RepoRow.id)
        .where(RepoRow.kind == asked.kind, RepoRow.name_key.in_(sorted(keys)), listed(viewer))
        .order_by(SearchDoc.trending.is_(None), SearchDoc.trending.desc(), RepoRow.id.desc())
        .limit(NAMED_MAX)
    )
    if slash:
        query = query.join(Account, Account.id == RepoRow.owner_id).where(
            Account.name_key == fold(owner)
        )
    return list(tx.connection.execute(query).scalars())
