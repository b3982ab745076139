"""Plain requests to a live hub, for tests that play a client no library would be."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.support.server import LiveHub


@dataclass
class Wire:
    """One person's connection to a hub; `token` is empty for nobody."""

    hub: LiveHub
    token: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> Any:
        """One request; `path` may be a whole URL. Without a token of its own, the person's."""
        url = path if path.startswith("http") else self.hub.url + path
        bearer = self.token if token is None else token
        headers = dict(more.pop("headers", {}))
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        return self.client.request(method, url, headers=headers, **more)

    def close(self) -> None:
        self.client.close()
