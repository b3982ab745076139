"""The server: uvicorn with our connections, and a round every few seconds to drop stalled ones."""

import asyncio
import logging
import socket
from typing import Any

from uvicorn import Config, Server

from iriai.base.http.protocol import HEAD_BYTES_MAX, HubProtocol

KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 30
ROUND_TICKS = 50  # of uvicorn's 0.1 s
BACKLOG = 2048
PATIENCE_SECONDS = 1
"""How long the server waits in silence for what it still sends when it is stopped."""

log = logging.getLogger(__name__)


class HubServer(Server):
    """One process's server; `address` is known once it has `started`."""

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second; now and then, look over the connections."""
        if counter % ROUND_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, HubProtocol):
                    connection.look_over(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, let what has begun come to its end, and say so where that takes long."""
        telling = asyncio.create_task(self._tell_what_is_waited_for())
        try:
            await super().shutdown(sockets)
        finally:
            telling.cancel()

    async def _tell_what_is_waited_for(self) -> None:
        await asyncio.sleep(PATIENCE_SECONDS)
        if left := len(self.server_state.connections):
            log.warning(
                "Stopping when %s, in %d seconds at the latest. Ctrl-C again stops at once.",
                "what one client asked for is sent"
                if left == 1
                else f"what {left} clients asked for is sent",
                GRACE_SECONDS,
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        found = self.servers[0].sockets[0].getsockname()
        return str(found[0]), int(found[1])


def server(app: Any, *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> HubServer:
    """A server for the ASGI `app`, not yet running; `options` are uvicorn's."""
    config = Config(
        app,
        host=host,
        port=port,
        http=HubProtocol,
        ws="none",
        lifespan=options.pop("lifespan", "auto"),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        server_header=False,
        access_log=options.pop("access_log", False),
        log_config=None,
        **options,
    )
    logging.getLogger("uvicorn.error").addFilter(_was_no_stop)
    return HubServer(config)


def _was_no_stop(record: logging.LogRecord) -> bool:
    """Whether an error is one: what is cut because the server stops is told in a sentence."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def serve(app: Any, host: str, port: int, **options: Any) -> None:
    """Serve `app` until SIGINT or SIGTERM, then let what has begun come to its end."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server(app, host=host, port=port, **options).run()


def listening(host: str, port: int) -> socket.socket:
    """A bound, listening socket, for callers that must know the port before they serve."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
