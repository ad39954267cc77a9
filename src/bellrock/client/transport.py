"""HTTP/1.1 to a region: over TCP, TLS 1.3 or a Unix socket, one connection for each request."""

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from typing_extensions import override

TIMEOUT: Final = 10.0
"""Seconds until an answer must be there, where nobody says how long."""
MAX_ANSWER: Final = 256 * 1024 * 1024
"""Octets of an answer that are read."""


class Place(Struct, frozen=True):
    """Where a region answers: a host and port, with TLS or without, or a Unix socket."""

    host: str = ""
    port: int = 0
    tls: bool = False
    unix: str = ""


def parse_place(url: str) -> Place:
    """`https://HOST:PORT`, `http://HOST:PORT` or `unix:PATH`.

    Raises:
        ValueError: none of these.
    """
    if url.startswith("unix:") and len(url) > len("unix:"):
        return Place(unix=url.removeprefix("unix:"))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port is None or parts.path not in ("", "/"):
        raise ValueError(f"{url!r} is not https://HOST:PORT, http://HOST:PORT or unix:PATH")
    return Place(parts.hostname, parts.port, parts.scheme == "https")


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@contextmanager
def answering(
    place: Place, tls: ssl.SSLContext | None, method: str, target: str, headers: Mapping[str, str], content: bytes | None, within: float
) -> Iterator[http.client.HTTPResponse]:  # fmt: skip
    """Ask; the answer's body is read inside the block.

    Args:
        tls: what a region with TLS is held to.
        target: path and query.
        within: seconds that the connection may be silent.

    Raises:
        OSError: no connection, or it ended; ssl.SSLError among them.
        http.client.HTTPException: what answers there speaks no HTTP.
    """
    connection = connected(place, tls, within)
    try:
        connection.request(method, target, content, dict(headers))
        yield connection.getresponse()
    finally:
        connection.close()


def connected(place: Place, tls: ssl.SSLContext | None, within: float) -> http.client.HTTPConnection:
    """A connection that is not open yet."""
    if place.unix:
        return UnixConnection(place.unix, within)
    if place.tls:
        return http.client.HTTPSConnection(place.host, place.port, timeout=within, context=tls)
    return http.client.HTTPConnection(place.host, place.port, timeout=within)
