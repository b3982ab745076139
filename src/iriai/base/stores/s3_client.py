"""The way to an S3-compatible server: its address, a client with time-outs, and its errors."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from iriai.base.errors import HubError, Invalid, Unavailable
from iriai.base.stores.breaker import Breaker
from iriai.base.stores.protocol import clean_key, missing

CONNECT_SECONDS = 3
READ_SECONDS = 20
ATTEMPTS_MAX = 3
CONNECTIONS_MAX = 32
REGION = "us-east-1"

OPTIONS = {"endpoint", "public_endpoint", "region", "timeout", "direct"}
NOT_FOUND = {"404", "NoSuchKey", "NotFound"}
REFUSED = {
    "403": "refuses our keys",
    "AccessDenied": "refuses our keys",
    "InvalidAccessKeyId": "does not know our access key",
    "SignatureDoesNotMatch": "says that our secret key is wrong",
    "NoSuchBucket": "has no such bucket",
    "NoSuchUpload": "lost the upload",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a bucket is and with which keys; what is `None` comes from the usual `AWS_…`.

    `direct`: whether others are sent there to read for themselves.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    public_endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    timeout: float = READ_SECONDS
    direct: bool = True


def parse_address(url: str) -> Address:
    """Read `s3://[KEY:SECRET@]bucket[/prefix][?option=…&…]`, with the options of `OPTIONS`."""
    parts = urlsplit(url)
    keys, _, bucket = parts.netloc.rpartition("@")
    access, _, secret = keys.partition(":")
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not bucket:
        raise Invalid("The store's URL is not of the form s3://bucket/prefix.")
    options = parse_qs(parts.query)
    unknown = options.keys() - OPTIONS
    if unknown:
        raise Invalid(f"The store's URL has an unknown option: {', '.join(sorted(unknown))}.")
    return Address(
        bucket=bucket,
        prefix=f"{clean_key(prefix)}/" if prefix else "",
        endpoint=options.get("endpoint", [None])[0],
        public_endpoint=options.get("public_endpoint", [None])[0],
        region=options.get("region", [None])[0],
        access_key=unquote(access) or None,
        secret_key=unquote(secret) or None,
        timeout=_seconds(options.get("timeout", [str(READ_SECONDS)])[0]),
        direct=_switch(options.get("direct", ["on"])[0]),
    )


def _seconds(text: str) -> float:
    if not text.isdecimal() or not int(text):
        raise Invalid("The store's time-out is a whole number of seconds.")
    return float(text)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise Invalid("The store's option `direct` is on or off.")
    return text == "on"


class Connection:
    """Clients for one address, made when first needed: boto3 takes long to import."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._breaker = Breaker(f"The S3 store {address.bucket}")
        self._clients: dict[str | None, Any] = {}
        self._lock = threading.Lock()

    def client(self) -> Any:
        """The client for our own calls."""
        return self._client(self.address.endpoint)

    def signer(self) -> Any:
        """The client that signs URLs for others, who may see the server at another address."""
        return self._client(self.address.public_endpoint or self.address.endpoint)

    @contextmanager
    def calls(self, key: str) -> Iterator[Any]:
        """The client, its failures turned into our errors; a store that is down rests."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        self._breaker.require_closed()
        try:
            yield self.client()
        except ClientError as error:
            problem = self._problem(key, error)
            if isinstance(problem, Unavailable) and _is_failure(error):
                self._breaker.failed()
            raise problem from error
        except BotoCoreError as error:
            self._breaker.failed()
            raise self._unavailable(f"does not answer ({type(error).__name__})") from error
        else:
            self._breaker.succeeded()

    def _client(self, endpoint: str | None) -> Any:
        with self._lock:
            if endpoint not in self._clients:
                self._clients[endpoint] = _made(self.address, endpoint)
            return self._clients[endpoint]

    def _problem(self, key: str, error: Any) -> HubError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in NOT_FOUND:
            return missing(key)
        return self._unavailable(REFUSED.get(code, f"answered {code or 'an error'}"))

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(f"The S3 store {self.address.bucket} {what}.", code="StoreFailed")


def status_of(error: Any) -> int:
    """The HTTP status inside a botocore `ClientError`."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _is_failure(error: Any) -> bool:
    return status_of(error) == 0 or status_of(error) >= 500  # noqa: PLR2004 - HTTP's own number


def _region(address: Address) -> str | None:
    return address.region or os.environ.get("AWS_REGION")  # boto3 reads only AWS_DEFAULT_REGION


def _made(address: Address, endpoint: str | None) -> Any:
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.session.Session(
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        region_name=_region(address),
    )
    return session.client(
        "s3",
        endpoint_url=endpoint,
        region_name=_region(address) or session.region_name or REGION,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
            connect_timeout=min(CONNECT_SECONDS, address.timeout),
            read_timeout=address.timeout,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
            max_pool_connections=CONNECTIONS_MAX,
            tcp_keepalive=True,
            request_checksum_calculation="when_required",  # ours are given as plain headers
            response_checksum_validation="when_required",
        ),
    )
