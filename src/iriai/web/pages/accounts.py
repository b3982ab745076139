"""A person or an organisation: who they are, and what of theirs the reader may see."""

from starlette.responses import Response

from iriai.base.errors import Unknown
from iriai.base.routing import Access
from iriai.buckets import queries as buckets
from iriai.commons.charter import queries as charters
from iriai.identity import queries
from iriai.identity.rules import may_govern
from iriai.repos import queries as repos
from iriai.repos.queries import Filters, Sort
from iriai.repos.rules import Kind
from iriai.social import queries as social
from iriai.web import links
from iriai.web.door import Ask, get, see
from iriai.web.rows import rows
from iriai.web.texts import gettext as _

LISTED = 20
MEMBERS_LISTED = 24


def account(ask: Ask) -> Response:
    """The page of an account; an old name leads to the new one."""
    name = ask.part("owner")
    with ask.ground.read() as tx:
        try:
            found = queries.account(tx, name)
        except Unknown:
            there = queries.renamed(tx, name)
            if there is None:
                raise
            return see(links.account(there))
        groups = []
        for kind, title in (
            (Kind.MODEL, _("Models")),
            (Kind.DATASET, _("Datasets")),
            (Kind.SPACE, _("Spaces")),
        ):
            filters = Filters(kind=kind, author=found.name)
            page = repos.listing(tx, ask.actor, filters, Sort.UPDATED, None, LISTED)
            if page.repos:
                more = links.listing(kind.value, author=found.name) if page.after else ""
                groups.append((kind.value, title, rows(tx, page.repos), len(page.repos), more))
        stored = buckets.buckets_of(tx, ask.actor, found.id, limit=LISTED)
        is_group = found.is_organisation
        members = queries.members(tx, found.id, limit=MEMBERS_LISTED) if is_group else ()
        members_count = queries.members_count(tx, found.id) if is_group else 0
        figures = social.figures(tx, ask.actor, found.id)
        taken_over_at = charters.taking_over(tx, found.id) if is_group else None
        organisations = () if is_group else queries.organisations_of(tx, found.id)
    kind_of_account = "organizations" if is_group else "users"
    return ask.page(
        "account.html",
        twin=f"/api/{kind_of_account}{links.account(found.name)}/overview",
        account=found,
        groups=groups,
        buckets=stored,
        members=members,
        members_count=members_count,
        organisations=organisations,
        taken_over_at=taken_over_at,
        figures=figures,
        own=ask.actor.id == found.id,
        may_govern=may_govern(ask.actor, found.id),
    )


ROUTES = [get("/{owner}", account, access=Access.ANYONE)]
