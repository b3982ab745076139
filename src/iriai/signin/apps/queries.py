"""What can be seen of apps, of the consents given to them, and of devices that wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iriai.base import credentials
from iriai.base.errors import Invalid, Unknown
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.identity.tables import Account
from iriai.signin.apps import rules
from iriai.signin.apps.rules import DeviceStatus, Refused
from iriai.signin.apps.tables import App, AppGrant, AppToken, DeviceCode


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of an app to be let in, as far as it is right.

    `redirect_uri` is where its answer goes; `says_where`, whether the request itself said so.
    """

    app: App
    owner: str
    redirect_uri: str
    says_where: bool
    scopes: tuple[str, ...]
    state: str
    nonce: str | None
    challenge: str | None
    prompts: frozenset[str]


@dataclass(frozen=True, slots=True)
class LetIn:
    """An app or a command line that somebody let in."""

    id: int
    name: str
    homepage: str
    device: str
    scopes: tuple[str, ...]
    organisations: tuple[int, ...]
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits to be let in."""

    name: str
    is_command_line: bool
    device: str
    network: str
    scopes: tuple[str, ...]
    created_at: datetime


def app(tx: Tx, client_id: str) -> App:
    """The app that calls itself this."""
    asked = select(App).where(App.client_id == client_id[:64], App.deleted_at.is_(None))
    found = tx.session.scalar(asked)
    if found is None:
        raise Unknown("No such app is registered here.", code="invalid_client")
    return found


def apps_of(tx: Tx, actor: Actor) -> Sequence[App]:
    """The apps that the actor registered, newest first."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = select(App).where(App.owner_id == actor.id, App.deleted_at.is_(None))
    return tx.session.scalars(asked.order_by(App.id.desc())).all()


def own_app(tx: Tx, actor: Actor, client_id: str) -> App:
    """An app that the actor registered."""
    found = next((each for each in apps_of(tx, actor) if each.client_id == client_id), None)
    if found is None:
        raise Unknown("You have no such app.", code="AppNotFound")
    return found


def let_in(tx: Tx, actor: Actor) -> Sequence[LetIn]:
    """What the actor let in and did not shut out again, newest first."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = (
        select(AppGrant, App.name, App.homepage)
        .outerjoin(App, App.id == AppGrant.app_id)
        .where(AppGrant.account_id == actor.id, AppGrant.ended_at.is_(None))
        .order_by(AppGrant.id.desc())
    )
    return [
        LetIn(
            id=grant.id,
            name=name or rules.COMMAND_LINE_NAME,
            homepage=homepage or "",
            device=grant.device,
            scopes=tuple(grant.scopes),
            organisations=tuple(grant.organisations),
            created_at=grant.created_at,
            last_used_at=grant.last_used_at,
        )
        for grant, name, homepage in tx.session.execute(asked)
    ]


def destination(tx: Tx, given: Mapping[str, str]) -> tuple[App, str]:
    """Which app asks, and where its answer goes: an address it registered, or nowhere.

    What fails here is told to the person and never redirected: the address may be anybody's.
    """
    found = app(tx, given.get("client_id", ""))
    uri = given.get("redirect_uri", "")
    if not uri and len(found.redirect_uris) == 1:
        return found, found.redirect_uris[0]
    if not rules.redirect_fits(found.redirect_uris, uri):
        raise Invalid("This app did not register the address that it wants to go back to.")
    return found, uri


def asked(tx: Tx, given: Mapping[str, str]) -> Asked:
    """A request to be let in. What is wrong with it is `Refused`, to be told to the app."""
    found, uri = destination(tx, given)
    if given.get("response_type") != "code":
        raise Refused("Only response_type=code is given here.", code="unsupported_response_type")
    if len(given.get("state", "")) > rules.STATE_LENGTH_MAX:
        raise Refused("The state is too long.", code="invalid_request")
    if len(given.get("nonce", "")) > rules.NONCE_LENGTH_MAX:
        raise Refused("The nonce is too long.", code="invalid_request")
    challenge = rules.clean_challenge(
        given.get("code_challenge", ""),
        given.get("code_challenge_method", ""),
        required=found.secret_digest is None,
    )
    return Asked(
        app=found,
        owner=tx.session.get_one(Account, found.owner_id).name,
        redirect_uri=uri,
        says_where=bool(given.get("redirect_uri")),
        scopes=rules.clean_scopes(given.get("scope", "openid profile")),
        state=given.get("state", ""),
        nonce=given.get("nonce") or None,
        challenge=challenge,
        prompts=frozenset(given.get("prompt", "").split()),
    )


def consented(tx: Tx, actor: Actor, asking: Asked) -> AppGrant | None:
    """The newest consent that covers all the app asks for now, if there is one."""
    found = select(AppGrant).where(
        AppGrant.app_id == asking.app.id,
        AppGrant.account_id == actor.id,
        AppGrant.ended_at.is_(None),
    )
    for grant in tx.session.scalars(found.order_by(AppGrant.id.desc())):
        if set(asking.scopes) <= set(grant.scopes):
            return grant
    return None


def scopes_of_token(tx: Tx, token_id: int) -> tuple[str, ...] | None:
    """The scopes that an app's token was given with; None of a token that no app was given."""
    asked = (
        select(AppGrant.scopes)
        .join(AppToken, AppToken.grant_id == AppGrant.id)
        .where(AppToken.token_id == token_id, AppGrant.app_id.is_not(None))
    )
    found = tx.connection.execute(asked).scalar_one_or_none()
    return None if found is None else tuple(found)


def waiting(tx: Tx, actor: Actor, user_code: str) -> Waiting:
    """The device that shows this code, for somebody who may let it in."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    found = waiting_row(tx, user_code)
    name = rules.COMMAND_LINE_NAME
    if found.app_id is not None:
        name = tx.session.get_one(App, found.app_id).name
    return Waiting(
        name=name,
        is_command_line=found.app_id is None,
        device=found.device,
        network=found.network,
        scopes=tuple(found.scopes),
        created_at=found.created_at,
    )


def waiting_row(tx: Tx, user_code: str) -> DeviceCode:
    """The row of a device that waits, by the code it shows."""
    digest = credentials.digest(rules.clean_user_code(user_code))
    asked = select(DeviceCode).where(
        DeviceCode.user_digest == digest,
        DeviceCode.status == DeviceStatus.PENDING.value,
        DeviceCode.expires_at > tx.now,
    )
    found = tx.session.scalar(asked)
    if found is None:
        raise Unknown(
            "No device waits with this code. It may be mistyped, used or too old.", code="UserCode"
        )
    return found


def names_of(tx: Tx, ids: Sequence[int]) -> list[str]:
    """The names of organisations, for a page."""
    return sorted(each.name for each in identity.accounts_by_id(tx, ids).values())
