"""The server that `bench.bytes` measures: our connections, and nothing else of the hub.

`GET /file` sends one file by range; `PUT /…` receives one, hashed and durable.
"""

import sys
from pathlib import Path

from iriai.base.http import ranges
from iriai.base.http.receiving import receive_file
from iriai.base.http.sending import send_file
from iriai.base.http.server import server

SIZE_MAX = 1 << 40


def main(root: Path, port: int) -> None:
    """Serve the files of `root` on `port`."""

    async def app(scope, receive, send) -> None:
        path = root / scope["path"].lstrip("/")
        if scope["method"] == "PUT":
            received = await receive_file(receive, path, size_max=SIZE_MAX, scope=scope)
            body = received.sha256.encode()
            head = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 201, "headers": head})
            await send({"type": "http.response.body", "body": body})
            return
        size = path.stat().st_size
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = ranges.asked(headers, size, '"bench"')
        span = asked.spans[0]
        head = [(b"content-range", span.content_range(size).encode())] * (asked.status == 206)
        await send_file(scope, send, path, span.start, span.end, asked.status, head)

    server(app, port=port, lifespan="off").run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
