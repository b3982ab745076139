"""Mail that this hub sends, through whatever SMTP server its operator named.

Plain text, one recipient, and headers that say no person wrote it. A password is only ever sent
over TLS. Without `smtp_url` there is no mail, and pages that would need it say so.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from iriai.base.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from iriai.settings import Settings

SECONDS = 20.0
PORTS = {"smtp": 587, "smtps": 465}
LOCAL = ("localhost", "127.0.0.1", "::1")
REFUSED_FOR_GOOD = 500


class Undeliverable(Invalid):
    """The server says that nobody has this address."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter. `key` makes its Message-ID, so that the same letter sent twice is known to be."""

    to: str
    subject: str
    text: str
    key: str
    stop_url: str = ""


def is_set_up(settings: "Settings") -> bool:
    """Whether this hub can send mail."""
    return bool(settings.smtp_url)


def composed(settings: "Settings", mail: Mail, at: "datetime") -> EmailMessage:
    """A letter as it goes out. Line breaks in a header are an error, never another header."""
    host = urlsplit(settings.url).hostname or "localhost"
    made = EmailMessage(policy=SMTP)
    made["From"] = settings.mail_from or f"iriai <iriai@{host}>"
    made["To"] = mail.to
    made["Subject"] = " ".join(mail.subject.split())
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{mail.key}@{host}>"
    made["Auto-Submitted"] = "auto-generated"
    if mail.stop_url:
        made["List-Unsubscribe"] = f"<{mail.stop_url}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(mail.text, cte="quoted-printable")
    return made


def send(settings: "Settings", mail: Mail, at: "datetime") -> None:
    """Hand a letter to the server. `Undeliverable` if it says nobody has this address."""
    if not is_set_up(settings):
        raise Unavailable("This hub sends no mail: its operator set no smtp_url.", code="NoMail")
    try:
        letter = composed(settings, mail, at)
    except ValueError:
        raise Undeliverable("This is not an address that mail can be sent to.") from None
    try:
        with _server(settings.smtp_url) as server:
            server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        code = next((code for code, _ in error.recipients.values()), 0)
        if code >= REFUSED_FOR_GOOD:
            raise Undeliverable("The mail server says that nobody has this address.") from None
        raise Unavailable("The mail server does not take mail just now.", code="NoMail") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable("The mail server does not take mail just now.", code="NoMail") from error


def _server(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise Invalid("smtp_url is smtp://[user:password@]host[:port] or smtps://….")
    port = parts.port or PORTS[parts.scheme]
    secure = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            parts.hostname, port, timeout=SECONDS, context=secure
        )
    else:
        server = smtplib.SMTP(parts.hostname, port, timeout=SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=secure)
            server.ehlo()
        elif parts.username and parts.hostname not in LOCAL:
            server.close()
            raise Unavailable("The mail server offers no TLS; the password stays here.")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
