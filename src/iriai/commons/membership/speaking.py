"""In whose name somebody takes part: their own, or that of an institution for which they speak.

An institution speaks through its stewards (its admins while owners decide there), whether or not
they are members themselves. Where institutions vote, all who are from one count as one: they are of
one *house*, whose second for its own proposal is none. From one is who belongs to it, and who
speaks for it, in whatever voice. Whoever is of no such institution is a house of their own.
"""

from collections.abc import Iterable

from sqlalchemy import select

from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Charter
from iriai.commons.membership import queries, rules
from iriai.commons.membership.rules import Kind, State
from iriai.commons.membership.speaker import Speaker
from iriai.identity.tables import Account, AccountKind


def speakers(tx: Tx, commons_id: int, account_id: int | None) -> list[Speaker]:
    """In whose names somebody can speak here, the one that is meant if they say nothing first.

    That is themselves where people vote or no institution is theirs, else their institution.
    """
    if account_id is None:
        return []
    charter = charters.in_force(tx, commons_id)
    own = queries.standing(tx, commons_id, account_id)
    if not charter.is_collective:
        name = tx.session.get_one(Account, account_id).name
        return [Speaker(account_id, account_id, name, own)] if own.is_member else []
    kept = {row.account_id: row for row in queries.rows(tx, commons_id)}
    members = {
        row.account_id: row
        for row in kept.values()
        if row.kind is Kind.INSTITUTION and rules.state_of(row, tx.now) is State.MEMBER
    }
    spoken = queries.represented(tx, account_id, list(members))
    voting = _voting(charter, members)
    also_of = frozenset(spoken & voting)
    found = [
        Speaker(
            account_id,
            each,
            members[each].name,
            rules.standing(charter, members[each], (), (), tx.now),
            each,
            also_of,
        )
        for each in sorted(spoken, key=lambda one: members[one].name)
    ]
    if own.is_member:
        house = own.institution_id if own.institution_id in voting else min(also_of, default=None)
        mine = Speaker(account_id, account_id, kept[account_id].name, own, house, also_of)
        found.insert(0 if charter.members.kinds.person or not found else len(found), mine)
    return found


def choose(
    tx: Tx, commons_id: int, account_id: int, voice: int | str | None = None
) -> Speaker | None:
    """The name in which they speak: the one they chose, by number or name, or the first.

    None for who is no member and speaks for none; `Denied` where what they chose is not theirs.
    """
    found = speakers(tx, commons_id, account_id)
    if voice is None or voice == "":
        return found[0] if found else None
    wanted = str(voice).strip().casefold()
    for each in found:
        if wanted in (str(each.member_id), each.name.casefold()):
            return each
    raise Denied(
        f"You do not speak for {str(voice)[:80]} here: only stewards of an institution that is a "
        "member do.",
        code="Forbidden",
    )


def institutions(tx: Tx, commons_id: int, account_id: int | None) -> list[rules.Row]:
    """The institutions for which somebody speaks here, members and those at rest."""
    if account_id is None or not charters.in_force(tx, commons_id).is_collective:
        return []
    there = [
        row
        for row in queries.rows(tx, commons_id)
        if row.kind is Kind.INSTITUTION and row.state in (State.MEMBER, State.EMERITUS)
    ]
    mine = queries.represented(tx, account_id, [row.account_id for row in there])
    return [row for row in there if row.account_id in mine]


def require(tx: Tx, commons_id: int, account_id: int) -> Speaker:
    """Whoever takes part, as a member or for an institution; who rests is told to return first."""
    found = choose(tx, commons_id, account_id)
    if found is None:
        charter = charters.in_force(tx, commons_id)
        rules.require_member(queries.standing(tx, commons_id, account_id), charter.commons)
    assert found is not None  # noqa: S101 - or it would have been refused
    return found


def accounts(tx: Tx, commons_id: int, account_id: int | None) -> list[tuple[int, str]]:
    """On whose accounts somebody can keep things here, by number and name, the usual one first.

    Those in whose names they speak, and the institution they are from, which comes first where
    institutions vote and people do not.
    """
    found = [(each.member_id, each.name) for each in speakers(tx, commons_id, account_id)]
    own = queries.member(tx, commons_id, account_id) if account_id is not None else None
    home = own.institution_id if own is not None and own.state is State.MEMBER else None
    if home is None or any(number == home for number, _ in found):
        return found
    at_home = queries.member(tx, commons_id, home)
    if at_home is None or rules.state_of(at_home, tx.now) is not State.MEMBER:
        return found
    kinds = charters.in_force(tx, commons_id).members.kinds
    found.insert(len(found) if kinds.person else 0, (home, at_home.name))
    return found


def people_behind(tx: Tx, account_ids: Iterable[int]) -> list[int]:
    """Who hears what concerns these accounts: a person, and of an institution who speaks for it."""
    asked = select(Account.id, Account.kind, Account.commons_id).where(
        Account.id.in_(sorted(set(account_ids))), Account.deleted_at.is_(None)
    )
    found: list[int] = []
    for row in tx.connection.execute(asked):
        if row.kind == AccountKind.PERSON:
            found.append(row.id)
        elif row.commons_id is not None:
            found += [each.holder_id for each in queries.stewards(tx, row.commons_id)]
    return found


def houses(tx: Tx, commons_id: int) -> set[int]:
    """Who has a vote now, each institution once with all who are from it."""
    charter = charters.in_force(tx, commons_id)
    electors = queries.electors(tx, commons_id)
    if not charter.is_collective:
        return {each.account_id for each in electors}
    institutions = {each.account_id for each in electors if each.kind is Kind.INSTITUTION}
    spoken = _spoken_for(tx, institutions)
    found = set()
    for each in electors:
        at_home = each.institution_id if each.institution_id in institutions else None
        found.add(at_home or spoken.get(each.account_id) or each.account_id)
    return found


def _spoken_for(tx: Tx, institutions: Iterable[int]) -> dict[int, int]:
    """Who speaks for an institution, and for which; of several, as their own voice counts."""
    asked = select(Account.id, Account.commons_id).where(Account.id.in_(sorted(institutions)))
    found: dict[int, int] = {}
    for row in tx.connection.execute(asked.order_by(Account.id)):
        if row.commons_id is not None:
            for each in queries.stewards(tx, row.commons_id):
                found.setdefault(each.holder_id, row.id)
    return found


def _voting(charter: Charter, institutions: dict[int, rules.Row]) -> set[int]:
    return set(institutions) if charter.members.kinds.institution else set()
