"""The key with which this hub signs who somebody is, for apps (OpenID Connect).

It is made once and kept in the database, beside the instance's secret, because every process signs
with it. `joserfc` makes the tokens; what they say is written in `api/oauth.py`.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from iriai.base import instance
from iriai.base.tx import Ground

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

KEY = "signin_key"
KEY_BITS = 2_048
ALGORITHM = "RS256"


def signed(ground: Ground, claims: Mapping[str, Any]) -> str:
    """A token that says `claims`, signed by this hub."""
    from joserfc import jwt

    key = _key(ground)
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, dict(claims), key)


def public_keys(ground: Ground) -> dict[str, Any]:
    """What others check our signatures with (a JSON Web Key Set)."""
    shown = _key(ground).as_dict(private=False)
    return {"keys": [shown | {"alg": ALGORITHM, "use": "sig"}]}


def _key(ground: Ground) -> "RSAKey":
    from joserfc.jwk import RSAKey

    with ground.read() as tx:
        kept = instance.fact(tx, KEY)
    if kept is None:
        fresh = RSAKey.generate_key(KEY_BITS, auto_kid=True).as_dict(private=True)
        with ground.write() as tx:
            kept = instance.settle(tx, KEY, json.dumps(fresh))
    return _read(kept)


@lru_cache(maxsize=8)
def _read(kept: str) -> "RSAKey":
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(json.loads(kept))
