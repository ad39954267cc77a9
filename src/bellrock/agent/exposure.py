"""An agent's figures for whoever runs it: by HTTP on this machine alone, or in a file for node_exporter."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bellrock.link.device import LinkError
from bellrock.wire.exposition import CONTENT_TYPE
from bellrock.wire.logline import line

MAX_HEAD: Final = 8192
"""Octets of a request's line and headers."""
PATIENCE: Final = 5.0
"""Seconds for a request to come, and for its answer to be taken."""
AT_ONCE: Final = 8
"""Connections that are served at one time; further ones are closed."""
EVERY: Final = 15.0
"""Seconds between two writings of the file."""
MAX_UNIX_PATH: Final = 107
"""Octets, unix(7): sun_path has 108, the last of them zero."""
SOCKET_MODE: Final = 0o660
_NO_FILE: Final = "there is something else than a regular file, which is not replaced"

log = logging.getLogger(__name__)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Address = tuple[IPAddress, int]
Answer = tuple[str, str, bytes]
"""Status with its reason, content type, body."""


def place_of(where: str) -> Path | Address | None:
    """`127.0.0.1:PORT`, `[::1]:PORT` or `unix:/PATH`, taken apart; None for "".

    Raises:
        LinkError: it is none of these, or not loopback: one line.
    """
    if not where:
        return None
    if where.startswith("unix:") and where != "unix:":
        return _socket_path(where)
    host, _, port = where.rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        number = int(port) if port.isascii() and port.isdecimal() else -1
    except ValueError:
        address, number = None, -1
    if address is None or not 0 <= number <= 65535 or (address.version == 6) is not host.startswith("["):
        raise LinkError(f"--metrics {where}: expected 127.0.0.1:PORT, [::1]:PORT or unix:/PATH")
    if not address.is_loopback:
        raise LinkError(
            f"--metrics {where}: figures are told on loopback or a Unix socket only, as nobody is asked who he is; "
            "have an exporter or a proxy with TLS on this machine pass them on"
        )
    return address, number


def _socket_path(where: str) -> Path:
    path = where.removeprefix("unix:")
    if not path.startswith("/") or "\0" in path:
        raise LinkError(f"--metrics {where}: a Unix socket needs an absolute path, unix:/PATH")
    if (size := len(os.fsencode(path))) > MAX_UNIX_PATH:
        raise LinkError(f"--metrics {where}: the path of a Unix socket has at most {MAX_UNIX_PATH} octets, not {size}")
    return Path(path)


def listen(where: str) -> socket.socket | None:
    """A socket that listens at a place; None for "".

    Raises:
        LinkError: it is no place (`place_of`), or cannot be had: one line.
    """
    place = place_of(where)
    if place is None:
        return None
    try:
        return _listen_unix(place) if isinstance(place, Path) else _listen_tcp(*place)
    except OSError as error:
        raise LinkError(f"--metrics {where}: {error.strerror or error}; choose another place") from None


def _listen_tcp(address: IPAddress, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(AT_ONCE)
    except BaseException:
        listener.close()
        raise
    return listener


def _listen_unix(path: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not _is_answered(path):
            path.unlink()  # of an agent that was killed
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(SOCKET_MODE)
        listener.listen(AT_ONCE)
    except BaseException:
        listener.close()
        raise
    return listener


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        try:
            one.connect(str(path))
        except OSError:
            return False
    return True


class Exposure:
    """Answers `GET /metrics`, `/healthz` and `/readyz`: a small part of HTTP/1.1 (RFC 9112), one request on each connection."""

    def __init__(self, text: Callable[[], bytes], ready: Callable[[], bool]) -> None:
        self._text = text
        self._ready = ready
        self._serving = 0

    async def serve(self, listener: socket.socket) -> None:
        """Answer on a socket, until cancelled."""
        server = await asyncio.start_server(self._connected, sock=listener, limit=MAX_HEAD)
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._serving >= AT_ONCE:
            writer.transport.abort()
            return
        self._serving += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._exchange(reader, writer)
        except (OSError, TimeoutError):
            pass  # gone, or too slow: there is nobody to tell
        finally:
            self._serving -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            head = b""
        except asyncio.IncompleteReadError:
            return
        method, status, kind, body = self._answer(head)
        lines = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(lines.encode() + (b"" if method == b"HEAD" else body))
        await writer.drain()

    def _answer(self, head: bytes) -> tuple[bytes, str, str, bytes]:
        # RFC 9112 §3: method SP request-target SP HTTP-version.
        words = head.partition(b"\r\n")[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return b"", *_plain("400 Bad Request")
        method, target = words[0], words[1].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return method, *_plain("405 Method Not Allowed")
        if target == b"/metrics":
            return method, "200 OK", CONTENT_TYPE, self._text()
        if target == b"/healthz" or (target == b"/readyz" and self._ready()):
            return method, *_plain("200 OK")
        if target == b"/readyz":
            return method, *_plain("503 Service Unavailable", "no region listens; reports wait on disk")
        return method, *_plain("404 Not Found", "there are /metrics, /healthz and /readyz")


async def keep_file(path: Path, text: Callable[[], bytes]) -> None:
    """Write the figures again and again, whole or not at all, as node_exporter's textfile collector wants it, until cancelled."""
    complained = False
    while True:
        try:
            await asyncio.to_thread(write_whole, path, text())
            complained = False
        except OSError as error:
            if not complained:
                log.warning(line("metrics-not-written", file=path, error=error.strerror))
            complained = True
        await asyncio.sleep(EVERY)


def why_not(path: Path) -> str:
    """Why figures cannot be kept in a file of that name; nothing where they can."""
    if path.suffix != ".prom":
        return f"{path}: node_exporter reads only names that end with .prom; give such a name"
    try:
        _see_that_it_is_ours(path)
    except FileExistsError:
        return f"{path}: {_NO_FILE}; give another name"
    except OSError as error:
        return f"{path}: {error.strerror or error}; give another name"
    if not path.parent.is_dir():
        return f"{path}: there is no directory {path.parent}; make it first, or give another"
    return ""


def _see_that_it_is_ours(path: Path) -> None:
    # A device, a pipe or a link would be gone, for whoever uses it, once a file has its name.
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, _NO_FILE, str(path))


def write_whole(path: Path, octets: bytes) -> None:
    """Put a file in the place of the one that was there, readable by everybody.

    Raises:
        OSError: it cannot be written, or what is there is no regular file, and stays.
    """
    _see_that_it_is_ours(path)
    # node_exporter reads *.prom: the name of what is not finished must end otherwise.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(octets)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _plain(status: str, why: str = "") -> Answer:
    return status, "text/plain; charset=utf-8", f"{why or status[4:].lower()}\n".encode()
