"""HTTP as firmware, iPXE, an installer and APT speak it: one request, one answer, over one connection."""

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from bellrock.lab.client.names import host_of
from bellrock.lab.client.story import BootFailed, Story

MOST: Final = 64 << 20
"""Octets of an answer."""
_PART: Final = 1 << 16
AGENTS: Final = {
    "firmware": "UefiHttpBoot/1.0",
    "ipxe": "iPXE/1.21.1 (g988d2)",
    "installer": "Cloud-Init/24.1.3",
    "apt": "Debian APT-HTTP/1.3 (2.7.14)",
}


class Answer(Struct, frozen=True):
    """An answer, whole."""

    status: int
    body: bytes


class Asking(Struct, frozen=True, kw_only=True):
    """A request, and how it goes."""

    url: str
    step: str
    agent: str
    method: str = "GET"
    body: bytes = b""
    proxy: str = ""
    login: str = ""
    trust: str = ""
    linger: float = 0.0
    """Seconds of silence on the open connection, before the same request is made over it again."""


def fetch(asking: Asking, resolve: Callable[[str], str], story: Story) -> Answer:
    """Make a request.

    Raises:
        BootFailed: it was not answered with a status below 400, or not to its end.
    """
    host, port = host_of(asking.proxy or asking.url)
    address = resolve(host)
    story.reach(asking.step)
    # A connection is given time for several repetitions of what is lost (RFC 6298 §2: the first after a second).
    seconds = story.settings.patience * 5
    connection = _connection(asking, host, address, port, seconds)
    try:
        answer = _answer(connection, asking, seconds)
        if asking.linger:
            time.sleep(asking.linger)
            answer = _answer(connection, asking, seconds)
    except (OSError, http.client.HTTPException) as error:
        raise BootFailed(asking.step, f"{asking.url} at {address}: {_words(error)}") from None
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        raise BootFailed(asking.step, f"{asking.url} at {address}: status {answer.status}")
    story.tell(asking.step, "worked", f"{asking.method} {asking.url}: {answer.status}, {len(answer.body)} octets")
    return answer


def _connection(asking: Asking, host: str, address: str, port: int, seconds: float) -> http.client.HTTPConnection:
    if asking.url.startswith("https:") and not asking.proxy:
        return _Secure(host, address, port, seconds, asking.trust)
    return _Plain(host, address, port, seconds)


class _Plain(http.client.HTTPConnection):
    """To an address that is known already, under a name."""

    def __init__(self, host: str, address: str, port: int, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address

    def connect(self) -> None:  # type: ignore[explicit-override] # typing.override needs Python 3.12
        """Connect to the address."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _Secure(_Plain):
    def __init__(self, host: str, address: str, port: int, seconds: float, trust: str) -> None:
        super().__init__(host, address, port, seconds)
        # TLS 1.2, as most firmware has it: the server's certificate is then seen on the wire.
        self._context = ssl.create_default_context(cafile=trust or None)
        self._context.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect(self) -> None:  # type: ignore[explicit-override] # typing.override needs Python 3.12
        """Connect, and begin TLS."""
        super().connect()
        try:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)
        except OSError:
            self.sock.close()
            raise


def _answer(connection: http.client.HTTPConnection, asking: Asking, seconds: float) -> Answer:
    parts = urlsplit(asking.url)
    target = asking.url if asking.proxy else (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "User-Agent": AGENTS[asking.agent], "Accept": "*/*"}
    if asking.login:
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(asking.login.encode()).decode()}"
    if asking.body:
        headers["Content-Length"] = str(len(asking.body))
    connection.putrequest(asking.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(asking.body or None)
    response = connection.getresponse()
    return Answer(response.status, _body(response, seconds))


def _body(response: http.client.HTTPResponse, seconds: float) -> bytes:
    """All of it, within a time in which something comes again and again."""
    parts, size, until = [], 0, time.monotonic() + seconds * 4
    while part := response.read(_PART):
        parts.append(part)
        size += len(part)
        if size > MOST or time.monotonic() > until:
            raise http.client.HTTPException(f"it did not end after {size} octets")
    return b"".join(parts)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
