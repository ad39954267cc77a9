"""Where the region listens: what is allowed, and sockets that are bound here, so that errors are ours."""

import errno
import ipaddress
import os
import socket
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct, structs
from typing_extensions import override

from bellrock.region.errors import RegionError

BACKLOG: Final = 512
QUIET: Final = 20
"""Seconds of silence after which the kernel asks whether the peer is still there."""
USER_TIMEOUT: Final = 30
"""Seconds that data may wait for a peer that does not take it."""
UNIX: Final = "unix:"
EXPECTED: Final = "expected IPV4:PORT, [IPV6]:PORT or unix:/path"


class AddressError(RegionError):
    """The region cannot listen there: which address, why, and what to do."""


class Address(Struct, frozen=True):
    """Where to listen: an IP address with a port, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""
    tls: bool = False

    @override
    def __str__(self) -> str:
        if self.path:
            return f"{UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """For people and agents."""
        if self.path:
            return str(self)
        return f"https://{self}" if self.tls else f"http://{self}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it: a loopback address or a unix socket."""
        return bool(self.path) or ipaddress.ip_address(self.host).is_loopback

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for all addresses of its family."""
        return not self.path and ipaddress.ip_address(self.host).is_unspecified


def parse_address(text: str) -> Address:
    """`127.0.0.1:5240`, `[::1]:5240`, `localhost:5240` or `unix:/path`; port 0 is any free one.

    Beyond loopback an address is served with TLS. `https://` and `http://` in front say it for this address.

    Raises:
        AddressError: not of these forms.
    """
    if text.startswith(UNIX):
        path = text.removeprefix(UNIX)
        if not path.startswith("/"):
            raise AddressError(f"listen address {text!r}: a unix socket needs an absolute path, unix:/path")
        return Address(path=path)
    scheme, slashes, where = text.rpartition("://")
    host, colon, port = where.removesuffix("/").rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        # A zone belongs to link-local addresses, which are neither loopback nor anyone's but this host's.
        host = str(ipaddress.ip_address(host))
    except ValueError:
        raise AddressError(f"listen address {text!r}: {EXPECTED}") from None
    if scheme not in ("http", "https") and slashes:
        raise AddressError(f"listen address {text!r}: {EXPECTED}; in front of it only https:// or http://")
    if not colon or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise AddressError(f"listen address {text!r}: expected a port from 0 to 65535 after the last colon")
    address = Address(host, int(port))
    return structs.replace(address, tls=scheme == "https" or (not slashes and not address.is_loopback))


def allow(addresses: Iterable[Address], *, in_lab: bool) -> None:
    """Check that the region may listen there: with TLS anywhere; without it on loopback, unix sockets, and in a lab's own network.

    Raises:
        AddressError: it may not.
    """
    for address in addresses:
        if address.tls or address.is_loopback:
            continue
        if not in_lab:
            raise AddressError(
                f"listen address {address.url}: beyond loopback the region speaks TLS only; leave out http://"
            )
        if not in_own_network():
            raise AddressError(
                f"listen address {address.url}: a lab's region listens without TLS only inside the lab's own network "
                "namespace, and this process is not in one, or may not look into /proc/1/ns/net to find out"
            )


def in_own_network(proc: Path = Path("/proc")) -> bool:
    """Whether this process's network namespace is another than init's; False where that cannot be read."""
    try:
        return (proc / "self/ns/net").readlink() != (proc / "1/ns/net").readlink()
    except OSError:
        return False


class Listeners:
    """Bound sockets.

    Attributes:
        sockets: all of them.
        addresses: where each listens, with the port that the kernel chose.
    """

    def __init__(self, sockets: list[socket.socket], tls: Iterable[bool] = ()) -> None:
        """`tls`: for each, whether it is served with TLS."""
        self.sockets = sockets
        spoken = [*tls, *[False] * len(sockets)]
        self.addresses = [
            structs.replace(bound_address(one), tls=secure) for one, secure in zip(sockets, spoken, strict=False)
        ]
        self._files = {one.path: _inode(one.path) for one in self.addresses if one.path}

    def speaking(self, *, tls: bool) -> list[socket.socket]:
        """Those that are served with TLS, or those that are not."""
        return [one for one, where in zip(self.sockets, self.addresses, strict=True) if where.tls is tls]

    def close(self) -> None:
        """Close them, and remove those of them that are in the file system, unless another process has put its own there."""
        for one in self.sockets:
            one.close()
        for path, inode in self._files.items():
            if inode is not None and _inode(path) == inode:
                os.unlink(path)


def bind(addresses: Iterable[Address]) -> Listeners:
    """Listening sockets, all or none.

    Raises:
        AddressError: an address is taken, is given twice, or cannot be used.
    """
    sockets: list[socket.socket] = []
    wanted = list(addresses)
    for address in wanted:
        if wanted.count(address) > 1 and address.port != 0:
            raise AddressError(f"listen address {address} is given twice; once is enough")
    try:
        for address in wanted:
            sockets.append(_bind(address))  # noqa: PERF401 -- those bound so far are closed when one fails
    except BaseException:
        Listeners(sockets).close()
        raise
    return Listeners(sockets, [address.tls for address in wanted])


def bound_address(listener: socket.socket) -> Address:
    """Where a socket listens, with the port that the kernel chose."""
    name = listener.getsockname()
    return Address(path=name) if isinstance(name, str) else Address(name[0], name[1])


def _inode(path: str) -> int | None:
    try:
        return os.lstat(path).st_ino
    except OSError:
        return None


def _bind(address: Address) -> socket.socket:
    if address.path:
        return _bind_unix(address)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # With the protocol by its number: only then asyncio switches Nagle's algorithm off, which would hold back small answers for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it: a peer that takes nothing for so long is let go by the kernel (RFC 5482).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT * 1000)
        # One of which nothing is heard is asked by the kernel, which also knows it to be there while the region takes nothing from it:
        # pings of WebSockets wait behind the reports of an agent that is being held back, and would end its stream for being patient.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, QUIET // 2)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(address, error) from None
    listener.setblocking(False)
    return listener


def _bind_unix(address: Address) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear_stale(address.path)
        # The socket takes its mode from the umask; a chmod afterwards would leave it open for a moment.
        mask = os.umask(0o077)
        try:
            listener.bind(address.path)
        finally:
            os.umask(mask)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(_why(address, error)) from None
    listener.setblocking(False)
    return listener


def _clear_stale(path: str) -> None:
    """Remove a unix socket that nobody listens on any more."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "a file that is no socket is there; move it away")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _refused(address: Address, error: OSError) -> AddressError:
    refused = AddressError(_why(address, error))
    if error.errno == errno.EADDRINUSE:
        refused.port = address.port
    return refused


def _why(address: Address, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"cannot listen on {address}: {error.strerror or error}"
    if address.path:
        return f"cannot listen on {address}: another process listens there; stop it, or choose another path"
    return f"cannot listen on {address}: the port is held by another process; stop it, or choose another port"
