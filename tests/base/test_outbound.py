"""The one way out leads to the public internet, and nowhere else."""

import socket
import threading
import time
from ipaddress import ip_address

import pytest

from iriai.base import outbound
from iriai.base.errors import Invalid
from iriai.base.outbound import (
    Refused,
    Unreachable,
    call,
    may_call,
    networks,
    require_may_call,
    target,
)

LOCAL = networks("127.0.0.0/8")

REFUSED_FORMS = [
    # this machine, in all its spellings
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0",
    "0.0.0.1",
    "2130706433",
    "4294967297",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.01",
    "127.0.0.0x1",
    "1.1.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "127%2e0%2e0%2e1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::1%25lo]",
    "[::1%lo]",
    # private networks, carriers, links, metadata of clouds
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "168.63.129.16",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.170",
    "192.0.0.192",
    "[fe80::1]",
    "[fe80::a9fe:a9fe]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    # protocols, documentation, benchmarks, many at once, the future
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "198.18.0.1",
    "198.19.255.255",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.175.48.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    # IPv4 in IPv6's clothes
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001::7f00:1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2620:4f:8000::1]",
]

REFUSED_URLS = [
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/_",
    "http:127.0.0.1",
    "http:/127.0.0.1",
    "//127.0.0.1/",
    "http://",
    "http:///path",
    "http://ada:secret@example.org/",
    "http://example.org@127.0.0.1/",
    "http://example.org#@127.0.0.1:99999/",
    "http://127.0.0.1\\@example.org/",
    "http://example.org:/",
    "http://example.org:0/",
    "http://example.org:22/",
    "http://example.org:25/",
    "http://example.org:65536/",
    "http://example.org:80x/",
    "http://[::1/",
    "http://::1/",
    "http://exa mple.org/",
    "http://example.org/a\r\nX-Injected: 1",
    "http://example.org/\n",
    "\thttp://example.org/",
    "http://exämple.org/",
    "http://-example.org/",
    "http://a..b/",
    "http://" + "a" * 64 + ".org/",
    "http://example.org/" + "a" * 2_000,
    "",
]


class Receiver:
    """Whoever listens on this machine: it counts calls, and answers with fixed bytes."""

    def __init__(self, answer: bytes = b"", *, family: int = socket.AF_INET, drip: float = 0):
        self.answer, self.drip = answer, drip
        self.heard: list[bytes] = []
        self.socket = socket.socket(family)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.speak, args=(line,), daemon=True).start()

    def speak(self, line):
        with line:
            heard = line.recv(65_536)
            if b"Content-Length: 4" in heard and not heard.endswith(b"body"):
                heard += line.recv(65_536)
            self.heard.append(heard)
            for at in range(0, len(self.answer), 1 if self.drip else len(self.answer)):
                try:
                    line.sendall(self.answer[at:] if not self.drip else self.answer[at : at + 1])
                except OSError:
                    return
                time.sleep(self.drip)

    def close(self):
        self.socket.close()


@pytest.fixture
def receiver():
    made = []

    def make(*args, **kwargs):
        made.append(Receiver(*args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_there_are_enough_forms_to_try():
    assert len(REFUSED_FORMS) >= 60


def test_no_form_of_an_address_that_is_not_public_is_called(receiver):
    canary = receiver(b"HTTP/1.1 200 OK\r\n\r\n")
    canary_6 = receiver(b"HTTP/1.1 200 OK\r\n\r\n", family=socket.AF_INET6)
    for host in REFUSED_FORMS:
        for port in (canary.port, canary_6.port):
            with pytest.raises((Refused, Unreachable)):
                call("POST", f"http://{host}:{port}/", body=b"body", seconds=3)
    assert canary.heard == canary_6.heard == []


@pytest.mark.parametrize(
    "host", [*REFUSED_FORMS, "hub.localhost", "Localhost.", "localhost.localdomain"]
)
def test_what_is_certainly_not_public_is_refused_before_it_is_written_down(host):
    with pytest.raises(Refused):
        require_may_call(f"https://{host}:8443/hook")


def test_a_name_is_written_down_and_judged_when_it_is_called():
    for host in ("localhost.example.org", "notlocalhost", "hook.internal"):
        assert require_may_call(f"http://{host}/").host == host
    assert require_may_call("http://localhost:8700/", LOCAL).literal is None
    with pytest.raises(Refused, match="not on the public internet"):
        require_may_call("http://localhost:8700/", networks("10.0.0.0/8"))


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_has_one_reading_or_is_refused(url):
    with pytest.raises(Refused):
        target(url)


@pytest.mark.parametrize("host", ["1.1.1.1", "8.8.8.8", "192.0.1.1", "223.255.255.255"])
def test_public_addresses_of_the_old_kind_may_be_called(host):
    assert may_call(ip_address(host))
    assert target(f"https://{host}/").port == 443


@pytest.mark.parametrize("host", ["2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1"])
def test_public_addresses_of_the_new_kind_may_be_called(host):
    assert may_call(ip_address(host))
    assert target(f"https://[{host}]:8443/a?b").host_header == f"[{host}]:8443"


def test_every_address_of_a_host_must_be_allowed(receiver, monkeypatch):
    canary = receiver(b"HTTP/1.1 200 OK\r\n\r\n")
    mixed = ["127.0.0.1", "10.0.0.1"]

    def both(_host, port, **_more):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in mixed]

    monkeypatch.setattr(outbound.socket, "getaddrinfo", both)
    with pytest.raises(Refused):
        call("GET", f"http://mixed.example:{canary.port}/", allow=LOCAL)
    assert canary.heard == []


def test_a_host_is_resolved_once_and_called_at_that_address(receiver, monkeypatch):
    there = receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    asked = []

    def rebinding(_host, port, **_more):
        asked.append(_host)
        address = "127.0.0.1" if len(asked) == 1 else "10.9.9.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    plain = socket.getaddrinfo
    monkeypatch.setattr(
        outbound.socket,
        "getaddrinfo",
        lambda host, port, *a, **k: (
            plain(host, port, *a, **k) if host[0].isdigit() else rebinding(host, port)
        ),
    )
    answer = call("GET", f"http://hook.example:{there.port}/", allow=LOCAL)
    assert (answer.status, answer.body) == (200, b"ok")
    assert asked == ["hook.example"]
    assert f"Host: hook.example:{there.port}".encode() in there.heard[0]


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    canary = receiver(b"HTTP/1.1 200 OK\r\n\r\n")
    where = f"http://127.0.0.1:{canary.port}/"
    there = receiver(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\n\r\n".encode())
    assert call("GET", f"http://127.0.0.1:{there.port}/", allow=LOCAL).status == 302
    assert canary.heard == []


def test_proxies_of_the_environment_are_not_asked(receiver, monkeypatch):
    proxy = receiver(b"HTTP/1.1 200 OK\r\n\r\n")
    there = receiver(b"HTTP/1.1 204 No Content\r\n\r\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert call("GET", f"http://127.0.0.1:{there.port}/", allow=LOCAL).status == 204
    assert proxy.heard == []


def test_a_body_arrives_whole_with_its_headers(receiver):
    there = receiver(b"HTTP/1.1 200 OK\r\nX-Said: yes\r\n\r\nheard")
    answer = call(
        "POST",
        f"http://127.0.0.1:{there.port}/a?b=c",
        headers={"X-Webhook-Secret": "s"},
        body=b"body",
        allow=LOCAL,
    )
    assert (answer.headers["X-Said"], answer.body) == ("yes", b"heard")
    assert there.heard[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"X-Webhook-Secret: s\r\n" in there.heard[0]
    assert there.heard[0].endswith(b"\r\n\r\nbody")


def test_a_header_cannot_smuggle_another(receiver):
    there = receiver(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(Unreachable):
        call("GET", f"http://127.0.0.1:{there.port}/", headers={"X": "a\r\nY: b"}, allow=LOCAL)
    assert all(b"Y: b" not in each for each in there.heard)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    ],
)
def test_whoever_drips_is_hung_up_on(receiver, answer):
    there = receiver(answer, drip=0.05)
    started = time.monotonic()
    with pytest.raises(Unreachable):
        call("GET", f"http://127.0.0.1:{there.port}/", allow=LOCAL, seconds=0.5)
    assert time.monotonic() - started < 20


def test_no_more_of_an_answer_is_read_than_is_wanted(receiver):
    there = receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 1_000_000)
    answer = call("GET", f"http://127.0.0.1:{there.port}/", allow=LOCAL, answer_bytes_max=1_000)
    assert len(answer.body) == 1_000


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 999999 x\r\n\r\n"])
def test_what_is_not_http_is_no_answer(receiver, answer):
    there = receiver(answer or b"\n")
    with pytest.raises(Unreachable):
        call("GET", f"http://127.0.0.1:{there.port}/", allow=LOCAL, seconds=2)


def test_nobody_there_is_said_without_a_word_about_our_network():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable) as told:
        call("GET", f"http://127.0.0.1:{port}/", allow=LOCAL, seconds=2)
    assert "127" not in told.value.message


def test_the_operator_names_networks_and_nothing_else():
    assert may_call(ip_address("10.1.2.3"), networks("10.1.0.0/16, fd00::/8"))
    assert not may_call(ip_address("10.2.2.3"), networks("10.1.0.0/16, fd00::/8"))
    assert not may_call(ip_address("::ffff:10.1.2.3"), networks("10.1.0.0/16"))
    for text in ("10.1.0.1/16", "everything", "10.0.0.0/8 " * 101):
        with pytest.raises(Invalid):
            networks(text)
