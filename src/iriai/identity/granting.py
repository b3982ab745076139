"""What an access token can be given. Pure."""

from iriai.base.errors import Excessive, Invalid
from iriai.identity.rules import (
    ANYWHERE,
    CEILING,
    GRANTS_MAX,
    TOKEN_DAYS_MAX,
    TOKEN_ROLES,
    Grant,
    Reach,
)


def clean_grants(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """The grants of a fine-grained token: each about one thing, none beyond a token's reach."""
    if not grants:
        raise Invalid("A fine-grained token needs at least one permission.")
    if len(grants) > GRANTS_MAX:
        raise Excessive(f"A token names at most {GRANTS_MAX} repositories and accounts.")
    for grant in grants:
        if (grant.repo_id is not None) + (grant.account_id is not None) + grant.anywhere != 1:
            raise Invalid("A permission is about one repository or one account.")
        most = ANYWHERE if grant.anywhere else CEILING[Reach.FINE_GRAINED]
        if not grant.acts or grant.acts - most:
            raise Invalid("A token cannot hold this permission.")
    return grants


def clean_token(role: Reach, grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """The grants that go with a token's role: some for a fine-grained one, else none."""
    if role not in TOKEN_ROLES:
        raise Invalid(f"A token's role is one of {', '.join(TOKEN_ROLES)}.")
    if role is Reach.FINE_GRAINED:
        return clean_grants(grants)
    if grants:
        raise Invalid("Only a fine-grained token names what it may do where.")
    return ()


def clean_token_days(days: int | None) -> int | None:
    """For how many days a token is good; None is for ever."""
    if days is not None and not 1 <= days <= TOKEN_DAYS_MAX:
        raise Invalid(f"A token lasts from 1 to {TOKEN_DAYS_MAX} days.")
    return days
