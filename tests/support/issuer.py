"""A build service that signs tokens for its runs: keys and discovery over real HTTP, here."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey


class Issuer:
    """One issuer with one key. `rotate` takes another key; `asked` counts what was fetched."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.shown = [self.key]
        self.asked: list[str] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                body = json.dumps(issuer.documents[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def documents(self) -> dict[str, object]:
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
            },
            "/jwks": {"keys": [each.as_dict(private=False) for each in self.shown]},
        }

    def rotate(self) -> None:
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.shown.append(self.key)

    def token(self, audience: str, *, key: RSAKey | None = None, now: float = 0, **claims) -> str:
        """A token as GitHub's workflows get it."""
        key, at = key or self.key, int(now or time.time())
        told = {
            "iss": self.url,
            "aud": audience,
            "iat": at,
            "nbf": at,
            "exp": at + 300,
            "jti": str(uuid4()),
            "sub": "repo:octo/build:ref:refs/heads/main",
            "repository": "octo/build",
            "repository_id": "4711",
            "repository_owner": "octo",
            "workflow_ref": "octo/build/.github/workflows/publish.yml@refs/heads/main",
        } | claims
        header = {"alg": "RS256", "kid": key.kid}
        return jwt.encode(header, {k: v for k, v in told.items() if v is not None}, key)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
