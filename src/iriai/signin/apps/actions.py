"""What is done with apps: registering them, letting them in, shutting them out.

What they then get for it is given out in `tokens`, and offered here too.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import func, select, update

from iriai.base import credentials
from iriai.base.errors import Excessive
from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.actions import shut_out_everywhere
from iriai.identity.fields import clean_homepage
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.signin.apps import queries, rules
from iriai.signin.apps.queries import Asked
from iriai.signin.apps.rules import DeviceStatus, Refused
from iriai.signin.apps.tables import App, AppCode, AppGrant, DeviceCode
from iriai.signin.apps.tokens import (
    Client,
    Given,
    change_code,
    end,
    poll_device,
    refresh,
    revoke,
)

__all__ = [
    "Client",
    "Device",
    "Given",
    "begin_device",
    "change_app",
    "change_code",
    "consent",
    "delete_app",
    "end_everything",
    "give_code",
    "let_device_in",
    "poll_device",
    "refresh",
    "register_app",
    "renew_secret",
    "revoke",
    "shut_out",
    "turn_device_away",
]


@dataclass(frozen=True, slots=True)
class Device:
    """A device that may now ask to be let in."""

    code: str = field(repr=False)
    user_code: str


# -- apps ---------------------------------------------------------------------------------------


def register_app(
    tx: Tx,
    actor: Actor,
    *,
    name: str,
    homepage: str = "",
    redirects: Sequence[str] = (),
    has_secret: bool = False,
) -> tuple[App, str | None]:
    """Register an app. Its secret, where it can keep one, is returned this once."""
    owner = _require_session(actor)
    if len(queries.apps_of(tx, actor)) >= rules.APPS_MAX:
        raise Excessive(f"An account has at most {rules.APPS_MAX} apps; delete one first.")
    raw = credentials.fresh_secret() if has_secret else None
    made = App(
        client_id=str(uuid4()),
        secret_digest=None if raw is None else credentials.digest(raw),
        owner_id=owner,
        name=rules.clean_app_name(name),
        homepage=clean_homepage(homepage),
        redirect_uris=rules.clean_redirects(redirects),
        created_at=tx.now,
    )
    tx.session.add(made)
    tx.record(HUB, actor.name, "registered", f"app/{made.client_id}", name=made.name)
    return made, raw


def change_app(
    tx: Tx, actor: Actor, client_id: str, *, name: str, homepage: str, redirects: Sequence[str]
) -> App:
    """Change what an app says of itself and where it may send people."""
    found = queries.own_app(tx, actor, client_id)
    found.name = rules.clean_app_name(name)
    found.homepage = clean_homepage(homepage)
    found.redirect_uris = rules.clean_redirects(redirects)
    tx.record(HUB, actor.name, "changed", f"app/{client_id}", name=found.name)
    return found


def renew_secret(tx: Tx, actor: Actor, client_id: str) -> str:
    """Give an app a new secret, returned this once; the one before is worthless from now on."""
    found = queries.own_app(tx, actor, client_id)
    if found.secret_digest is None:
        raise Refused("This app keeps no secret.", code="NoSecret")
    raw = credentials.fresh_secret()
    found.secret_digest = credentials.digest(raw)
    tx.record(HUB, actor.name, "changed", f"app/{client_id}", fields=["secret"])
    return raw


def delete_app(tx: Tx, actor: Actor, client_id: str) -> None:
    """Delete an app; everything it was let do ends."""
    found = queries.own_app(tx, actor, client_id)
    found.deleted_at = tx.now
    open_ones = select(AppGrant.id).where(AppGrant.app_id == found.id, AppGrant.ended_at.is_(None))
    for grant_id in tx.connection.execute(open_ones).scalars().all():
        end(tx, actor.name, grant_id)
    tx.record(HUB, actor.name, "deleted", f"app/{client_id}")


# -- consent ------------------------------------------------------------------------------------


def consent(tx: Tx, actor: Actor, asking: Asked, *, organisations: Sequence[str] = ()) -> AppGrant:
    """Let an app do what it asks for, for oneself and for the named organisations one is in."""
    person = _require_session(actor)
    mine = {each.name: each.id for each in identity.organisations_of(tx, person)}
    chosen = sorted(mine[name] for name in organisations if name in mine)
    made = AppGrant(
        app_id=asking.app.id,
        account_id=person,
        scopes=list(asking.scopes),
        organisations=chosen,
        created_at=tx.now,
    )
    tx.session.add(made)
    private = {"scopes": made.scopes, "organisations": chosen, "account": person}
    tx.record(HUB, actor.name, "let in", f"app/{asking.app.client_id}", private=private)
    return made


def give_code(tx: Tx, actor: Actor, asking: Asked, grant: AppGrant) -> str:
    """The code that the app gets in the redirect: good once, for minutes."""
    _require_session(actor)
    raw = credentials.fresh_secret()
    tx.session.add(
        AppCode(
            digest=credentials.digest(raw),
            grant_id=grant.id,
            redirect_uri=asking.redirect_uri if asking.says_where else "",
            challenge=asking.challenge,
            nonce=asking.nonce,
            expires_at=tx.now + rules.CODE,
        )
    )
    tx.flush()
    return raw


def shut_out(tx: Tx, actor: Actor, grant_id: int) -> None:
    """Take back what one let an app or a command line do; its tokens are worthless at once."""
    person = _require_session(actor)
    found = tx.session.get(AppGrant, grant_id)
    if found is not None and found.account_id == person and found.ended_at is None:
        end(tx, actor.name, grant_id)
        tx.record(HUB, actor.name, "shut out", f"grant/{grant_id}")


def end_everything(tx: Tx, actor: Actor, *, person: str, tokens: bool) -> None:
    """Sign somebody out everywhere, for the operator; with `tokens`, their programs too."""
    found = identity.person(tx, person)
    if tokens:
        open_ones = select(AppGrant.id).where(
            AppGrant.account_id == found.id, AppGrant.ended_at.is_(None)
        )
        for grant_id in tx.connection.execute(open_ones).scalars().all():
            end(tx, actor.name, grant_id)
    shut_out_everywhere(tx, actor, found, tokens=tokens)


# -- devices ------------------------------------------------------------------------------------


def begin_device(
    tx: Tx, *, client_id: str, scope: str = "", device: str = "", network: str = ""
) -> Device:
    """Let a device wait for somebody who lets it in."""
    app = None if client_id == rules.COMMAND_LINE else queries.app(tx, client_id)
    waiting = select(func.count()).where(DeviceCode.expires_at > tx.now)
    if (
        tx.connection.execute(waiting.select_from(DeviceCode)).scalar_one()
        >= rules.DEVICE_CODES_MAX
    ):
        raise Excessive("Too many devices wait already; try again soon.", code="TooManyRequests")
    letters = "".join(
        secrets.choice(rules.USER_CODE_LETTERS) for _ in range(rules.USER_CODE_LENGTH)
    )
    made = Device(credentials.fresh_secret(), f"{letters[:4]}-{letters[4:]}")
    tx.session.add(
        DeviceCode(
            digest=credentials.digest(made.code),
            user_digest=credentials.digest(made.user_code),
            app_id=None if app is None else app.id,
            scopes=[] if app is None else list(rules.clean_scopes(scope or "openid profile")),
            device=device[: rules.DEVICE_LENGTH_MAX],
            network=network,
            status=DeviceStatus.PENDING.value,
            interval_seconds=rules.POLL_SECONDS,
            created_at=tx.now,
            expires_at=tx.now + rules.DEVICE_CODE,
        )
    )
    tx.flush()
    return made


def let_device_in(
    tx: Tx, actor: Actor, *, user_code: str, reach: str = "write", organisations: Sequence[str] = ()
) -> None:
    """Let the device in that shows this code: a command line as far as `reach`, an app as asked."""
    person = _require_session(actor)
    found = queries.waiting_row(tx, user_code)
    if found.app_id is None and reach not in rules.LOGIN_SCOPES:
        raise Refused("Choose how far it may reach.", code="invalid_scope")
    mine = {each.name: each.id for each in identity.organisations_of(tx, person)}
    made = AppGrant(
        app_id=found.app_id,
        account_id=person,
        scopes=[reach] if found.app_id is None else found.scopes,
        organisations=sorted(mine[name] for name in organisations if name in mine),
        device=found.device,
        created_at=tx.now,
    )
    tx.session.add(made)
    tx.flush()
    _decide(tx, found, DeviceStatus.APPROVED, made.id)
    private = {"scopes": made.scopes, "account": person}
    tx.record(HUB, actor.name, "let in", f"grant/{made.id}", private=private)


def turn_device_away(tx: Tx, actor: Actor, *, user_code: str) -> None:
    """Refuse the device that shows this code."""
    _require_session(actor)
    _decide(tx, queries.waiting_row(tx, user_code), DeviceStatus.DENIED, None)


def _decide(tx: Tx, found: DeviceCode, status: DeviceStatus, grant_id: int | None) -> None:
    decided = tx.connection.execute(
        update(DeviceCode)
        .where(DeviceCode.id == found.id, DeviceCode.status == DeviceStatus.PENDING.value)
        .values(status=status.value, grant_id=grant_id)
    )
    if decided.rowcount != 1:
        raise Refused("This was decided already.", code="UserCode")


def _require_session(actor: Actor) -> int:
    """Only somebody who signed in lets others in; a token cannot."""
    person = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(person))
    return person
