"""Random secrets that stand for somebody: access tokens, sessions, invitations.

Each is kept only as its SHA-256: 170 random bits need no slow hash. An access token reads
`hf_` + `iriai` + 4 characters of this instance + 29 random ones + 6 of a CRC-32, all alphanumeric:
the prefix because clients insist on it, the mark so that a scanner of leaked secrets knows whose it
is, the checksum so that it can tell a token from noise without asking anybody.
"""

import hashlib
import secrets
import string
import zlib

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
TOKEN_PREFIX = "hf_"  # noqa: S105 - not a secret, the start of every one
TOKEN_MARK = "iriai"  # noqa: S105
TOKEN_INSTANCE_LENGTH = 4
TOKEN_RANDOM_LENGTH = 29
TOKEN_CHECK_LENGTH = 6
TOKEN_LENGTH = (
    len(TOKEN_PREFIX)
    + len(TOKEN_MARK)
    + TOKEN_INSTANCE_LENGTH
    + TOKEN_RANDOM_LENGTH
    + TOKEN_CHECK_LENGTH
)
SECRET_BYTES = 32


def fresh_token(instance_secret: bytes) -> str:
    """A new access token of this instance."""
    random = "".join(secrets.choice(DIGITS) for _ in range(TOKEN_RANDOM_LENGTH))
    body = TOKEN_PREFIX + TOKEN_MARK + _instance_mark(instance_secret) + random
    return body + checksum(body)


def fresh_secret() -> str:
    """A new secret for a session or an invitation, fit for a URL."""
    return secrets.token_urlsafe(SECRET_BYTES)


def is_token(text: str) -> bool:
    """Whether `text` has the form of an access token, its checksum included."""
    if len(text) != TOKEN_LENGTH or not text.startswith(TOKEN_PREFIX + TOKEN_MARK):
        return False
    body, check = text[:-TOKEN_CHECK_LENGTH], text[-TOKEN_CHECK_LENGTH:]
    return body.isascii() and checksum(body) == check


def digest(raw: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()


def checksum(body: str) -> str:
    """The CRC-32 of `body` in base 62, six characters."""
    number, written = zlib.crc32(body.encode()), ""
    for _ in range(TOKEN_CHECK_LENGTH):
        number, digit = divmod(number, len(DIGITS))
        written = DIGITS[digit] + written
    return written


def _instance_mark(instance_secret: bytes) -> str:
    number = int.from_bytes(hashlib.sha256(b"token mark" + instance_secret).digest()[:8], "big")
    written = ""
    for _ in range(TOKEN_INSTANCE_LENGTH):
        number, digit = divmod(number, len(DIGITS))
        written += DIGITS[digit]
    return written
