"""A mail server that keeps what it is given."""

import socket
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller


class MailServer:
    """SMTP on a free port of this machine. Addresses in `unknown` are nobody's."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.unknown: set[str] = set()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{port}"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        """Take a recipient, unless nobody has that address."""
        if address in self.unknown:
            return "550 Nobody here has that address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        """Keep a letter."""
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 Kept"

    def stop(self) -> None:
        """Close the office."""
        self.controller.stop()
