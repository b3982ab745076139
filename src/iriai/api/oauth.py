"""Signing in to other programs with an account of this hub: OAuth 2 and OpenID Connect.

Called by `hf auth login` (`_oauth_device.py`) and for new tokens, by builds that publish without a
secret (`_oidc.py`), by hub.js and every OpenID client. Errors are said as OAuth says them.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, limits
from iriai.api.bodies import body_bytes, parsed_json
from iriai.api.problems import header_text
from iriai.api.shapes import object_id
from iriai.base.errors import Gone, HubError, Unavailable, Unknown
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.queries import PersonOverview
from iriai.identity.rules import Act, Actor, Subject, may
from iriai.repos import queries as repos
from iriai.signin.apps import actions as apps
from iriai.signin.apps import queries, rules, signing
from iriai.signin.apps.actions import Client, Given
from iriai.signin.apps.rules import Refused
from iriai.signin.issuers import Unproved
from iriai.signin.publishers import actions as publishers

BODY_BYTES_MAX = 64 << 10
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
SIGNED_TOKENS = frozenset(
    {"urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"}
)
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
UNAUTHORISED = 401
TOO_MANY = 429
BASIC = {"WWW-Authenticate": 'Basic realm="iriai"'}

TELLING = frozenset({"profile", "email"})
"""The scopes with one of which an app learns more of somebody than that they are the same."""

Fields = dict[str, str]


# -- who may know what ---------------------------------------------------------------------------


def configuration(request: Request) -> Response:
    """Where everything is (OpenID Connect Discovery, RFC 8414)."""
    here = door.ground_of(request).settings.url
    return door.json_answer(
        {
            "issuer": here,
            "authorization_endpoint": f"{here}/oauth/authorize",
            "token_endpoint": f"{here}/oauth/token",
            "device_authorization_endpoint": f"{here}/oauth/device",
            "revocation_endpoint": f"{here}/oauth/revoke",
            "userinfo_endpoint": f"{here}/oauth/userinfo",
            "jwks_uri": f"{here}/oauth/jwks",
            "scopes_supported": list(rules.SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                DEVICE_CODE,
                TOKEN_EXCHANGE,
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [signing.ALGORITHM],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "none",
            ],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": [
                "sub", "name", "preferred_username", "profile", "picture", "website", "email",
                "email_verified", "orgs",
            ],
            "prompt_values_supported": ["none", "login", "consent"],
            "service_documentation": f"{here}/docs/api",
        }
    )  # fmt: skip


def jwks(request: Request) -> Response:
    """What our signatures are checked with."""
    return door.json_answer(signing.public_keys(door.ground_of(request)))


@door.reading
def userinfo(request: Request, tx: Tx) -> Response:
    """Who an app's token belongs to. Called by hub.js `oauthHandleRedirect`."""
    actor = door.actor_of(request)
    door.require_signed_in(actor)
    me = identity.whoami(tx, actor)
    knows = may(actor, Act.KNOW_EMAIL, Subject(me.account.id))
    scopes = None if actor.token_id is None else queries.scopes_of_token(tx, actor.token_id)
    said = person(door.ground_of(request).settings.url, me, knows=knows)
    if scopes is not None and not TELLING & set(scopes):
        said = {"sub": said["sub"]}
    return door.json_answer(said, headers=NOT_KEPT)


def person(here: str, me: PersonOverview, *, knows: bool) -> dict[str, Any]:
    """What an app learns of somebody, in OpenID's words and Hugging Face's."""
    account = me.account
    said: dict[str, Any] = {
        "sub": object_id(account.id),
        "name": account.fullname or account.name,
        "preferred_username": account.name,
        "profile": f"{here}/{account.name}",
        "picture": f"{here}/avatars/{account.name}.svg",
        "website": account.homepage,
        "isPro": False,
        "canPay": False,
        "orgs": [
            {
                "sub": object_id(each.id),
                "name": each.fullname or each.name,
                "preferred_username": each.name,
                "picture": f"{here}/avatars/{each.name}.svg?organisation",
                "roleInOrg": each.role.value,
                "isEnterprise": False,
                "canPay": False,
            }
            for each in me.organisations
        ],
    }
    if knows:
        said |= {"email": account.email, "email_verified": False}
    return said


# -- devices and tokens -------------------------------------------------------------------------


def device(request: Request, fields: Fields) -> Response:
    """A device asks to be let in. Called by `request_device_code`."""
    here, client = door.ground_of(request).settings.url, client_of(request, fields)
    with door.ground_of(request).write() as tx:
        made = apps.begin_device(
            tx,
            client_id=client.id,
            scope=fields.get("scope", ""),
            device=request.headers.get("user-agent", ""),
            network=limits.asker(request),
        )
    return door.json_answer(
        {
            "device_code": made.code,
            "user_code": made.user_code,
            "verification_uri": f"{here}/oauth/device",
            "verification_uri_complete": f"{here}/oauth/device?user_code={made.user_code}",
            "interval": rules.POLL_SECONDS,
            "expires_in": int(rules.DEVICE_CODE.total_seconds()),
        },
        headers=NOT_KEPT,
    )


def token(request: Request, fields: Fields) -> Response:
    """Tokens for a code, a device code, a refresh token, or a build's own signed token."""
    ground, kind = door.ground_of(request), fields.get("grant_type", "")
    if kind not in GIVERS and kind != TOKEN_EXCHANGE:
        raise Refused("This grant_type is not known here.", code="unsupported_grant_type")
    if kind == TOKEN_EXCHANGE:
        return from_build(request, fields)
    given = GIVERS[kind](request, client_of(request, fields), fields)
    with ground.read() as tx:
        said = in_words(request, tx, given)
    return door.json_answer(said, headers=NOT_KEPT)


def from_device(request: Request, client: Client, fields: Fields) -> Given:
    """For a device that was let in. Called by `poll_device_token`."""
    return apps.poll_device(door.ground_of(request), client, code=required(fields, "device_code"))


def from_code(request: Request, client: Client, fields: Fields) -> Given:
    """For the code of a redirect."""
    return apps.change_code(
        door.ground_of(request),
        client,
        code=required(fields, "code"),
        redirect_uri=fields.get("redirect_uri", ""),
        verifier=fields.get("code_verifier", ""),
    )


def from_refresh(request: Request, client: Client, fields: Fields) -> Given:
    """For a refresh token. Called by `refresh_access_token`."""
    return apps.refresh(door.ground_of(request), client, raw=required(fields, "refresh_token"))


def from_build(request: Request, fields: Fields) -> Response:
    """For a build's own signed token (RFC 8693). Called by `exchange_oidc_token`."""
    if fields.get("subject_token_type") not in SIGNED_TOKENS:
        raise Refused("Send an id_token as subject_token.", code="invalid_request")
    ground, resource = door.ground_of(request), required(fields, "resource")
    proof = publishers.prove(ground, required(fields, "subject_token"))
    kind, full_name = address.resource(resource)

    def repo_of(tx: Tx, actor: Actor) -> int | None:
        try:
            now = repos.moved(tx, actor, kind, full_name) or full_name
            return repos.repo(tx, actor, kind, now).id
        except (Unknown, Gone):
            return None

    given = publishers.publish(
        ground, proof, account=None if "/" in full_name else full_name, repo_of=repo_of
    )
    return door.json_answer(
        {
            "access_token": given.raw,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "bearer",
            "expires_in": int(given.lasts.total_seconds()),
            "resource": resource,
        },
        headers=NOT_KEPT,
    )


GIVERS: Mapping[str, Callable[[Request, Client, Fields], Given]] = {
    "authorization_code": from_code,
    "refresh_token": from_refresh,
    DEVICE_CODE: from_device,
}


def in_words(request: Request, tx: Tx, given: Given) -> dict[str, Any]:
    """Tokens as a client reads them, and for OpenID who they belong to, signed."""
    said: dict[str, Any] = {
        "access_token": given.access,
        "token_type": "bearer",
        "expires_in": int(given.lasts.total_seconds()),
        "refresh_token": given.refresh,
        "scope": " ".join(given.scopes),
    }
    if "openid" in given.scopes:
        said["id_token"] = id_token(request, tx, given)
    return said


def id_token(request: Request, tx: Tx, given: Given) -> str:
    """Who signed in, to this app, signed by the hub."""
    from authlib.oidc.core.util import create_half_hash  # noqa: PLC0415 - three megabytes

    here, issued = door.ground_of(request).settings.url, int(tx.now.timestamp())
    me = identity.whoami(tx, identity.actor(tx, given.account_id))
    claims = {
        "iss": here,
        "sub": object_id(given.account_id),
        "aud": given.client_id,
        "iat": issued,
        "exp": issued + int(given.lasts.total_seconds()),
        "at_hash": create_half_hash(given.access, signing.ALGORITHM).decode(),
    }
    if given.nonce:
        claims["nonce"] = given.nonce
    if given.since is not None:
        claims["auth_time"] = int(given.since.timestamp())
    if TELLING & set(given.scopes):
        claims = person(here, me, knows="email" in given.scopes) | claims
    return signing.signed(door.ground_of(request), claims)


def revoke(request: Request, fields: Fields) -> Response:
    """End what a token was given for (RFC 7009). An unknown one is no error."""
    with door.ground_of(request).write() as tx:
        apps.revoke(tx, fields.get("token", ""))
    return Response(status_code=200, headers=NOT_KEPT)


# -- how an app asks ----------------------------------------------------------------------------


def required(fields: Fields, name: str) -> str:
    """A field that must be there."""
    found = fields.get(name, "")
    if not found:
        raise Refused(f"{name} is missing.", code="invalid_request")
    return found


def client_of(request: Request, fields: Fields) -> Client:
    """Which app asks: by Basic credentials, or by fields of its form."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return Client(fields.get("client_id", ""), fields.get("client_secret", ""))
    try:
        name, _, secret = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("The client's credentials cannot be read.", code="invalid_client") from None
    return Client(unquote_plus(name), unquote_plus(secret))


def fields_of(request: Request, body: bytes) -> Fields:
    """The fields of a form, or of a JSON object: clients send both."""
    if "json" in request.headers.get("content-type", ""):
        parsed = parsed_json(body)
        return {name: value for name, value in parsed.items() if isinstance(value, str)}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise Refused("This form cannot be read.", code="invalid_request") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused("A field was sent twice.", code="invalid_request")
    return fields


Asked = Callable[[Request, Fields], Response]


def asked(work: Asked) -> Any:
    """A handler of a form by an app, which says itself who it is: no token of a person's counts."""

    def answer(request: Request, body: bytes) -> Response:
        try:
            request.state.admit()
            return work(request, fields_of(request, body))
        except Unavailable:
            raise  # a 503, which clients that poll pass over
        except HubError as error:
            return refused(error)

    async def endpoint(request: Request) -> Response:
        body = await body_bytes(request, limit=BODY_BYTES_MAX)
        return await door.in_thread(answer, request, body)

    endpoint.__name__ = getattr(work, "__name__", "asked")
    endpoint.__doc__ = work.__doc__
    endpoint.authenticates = True  # type: ignore[attr-defined]
    return endpoint


def refused(error: HubError) -> Response:
    """An error in OAuth's words. Whoever asks too often is told what a device understands."""
    word = error.code if isinstance(error, Refused | Unproved) else "invalid_request"
    status = UNAUTHORISED if word == "invalid_client" else 400
    if error.code == "TooManyRequests":
        word, status = "slow_down", TOO_MANY
    said = {"error": word, "error_description": error.message}
    headers = (
        NOT_KEPT
        | error.headers
        | {
            "X-Error-Code": word,
            "X-Error-Message": header_text(error.message),
        }
    )
    if status == UNAUTHORISED:
        headers |= BASIC
    return door.json_answer(said, status, headers)


_LOOK = ["GET", "HEAD"]
ROUTES: list[DeclaredRoute] = [
    route(path, configuration, methods=_LOOK, access=Access.ANYONE)
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
] + [
    route("/oauth/jwks", jwks, methods=_LOOK, access=Access.ANYONE),
    route("/oauth/userinfo", userinfo, methods=[*_LOOK, "POST"], access=Access.SIGNED_IN),
    route("/oauth/device", asked(device), methods=["POST"], access=Access.ANYONE),
    route("/oauth/token", asked(token), methods=["POST"], access=Access.ANYONE),
    route("/oauth/revoke", asked(revoke), methods=["POST"], access=Access.ANYONE),
]
