"""`--to ADDRESS[:PORT]|NAME[:PORT]`, `--from INTERFACE|ADDRESS|AGENT` and files of them, as they are typed."""

import asyncio
import contextlib
import socket
import threading
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from bellrock.cli.address import MAX_NAME
from bellrock.cli.output import EXIT_UNREADABLE, Failure

MAX_FILE: Final = 8 << 20
MAX_ENDPOINTS: Final = 100_000
MAX_ADDRESSES: Final = 8
"""Of a name that are tried."""
RESOLVING: Final = 2.0
"""Seconds that a name may take."""


class EndpointError(ValueError):
    """A text that is no endpoint; one line."""


class Endpoint(Struct, frozen=True):
    """What is to be tried."""

    host: str
    """An address as the kernel writes it, or a name."""
    port: int = 0
    name: str = ""
    """Set where `host` came from a name."""

    @property
    def is_address(self) -> bool:
        """Whether nothing has to be resolved."""
        return _address(self.host) is not None


def parse_endpoint(text: str) -> Endpoint:
    """`10.0.0.2`, `10.0.0.2:69`, `fd00::2`, `[fd00::2]:69`, `fe80::1%eth0`, `rack-1`, `rack-1.example:69`.

    Raises:
        EndpointError: none of these.
    """
    text = text.strip()
    if "://" in text:
        raise EndpointError(f"{_short(text)} is a URL; expected its ADDRESS[:PORT] or NAME[:PORT]")
    if (alone := _address(text)) is not None:
        return Endpoint(_one_host(alone))
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        host = _address(inside)
        if not bracket or host is None or ":" not in host or (rest and not rest.startswith(":")):
            raise EndpointError(f"{_short(text)} is no address; IPv6 with a port is [fd00::2]:69")
        return Endpoint(_one_host(host), _port(rest[1:], text) if rest else 0)
    name, colon, port = text.partition(":")
    host = _address(name)
    if host is None and not _is_name(name):
        raise EndpointError(f"{_short(text)} is no address and no name; expected ADDRESS[:PORT] or NAME[:PORT]")
    return Endpoint(_one_host(host) if host else name, _port(port, text) if colon else 0, "" if host else name)


def on_its_link(address: str, interface: str) -> str:
    """An address, with the link that a link-local one means.

    Raises:
        EndpointError: it is link-local, and nobody said on which link.
    """
    found = ip_address(address)
    if found.version == 4 or not found.is_link_local or "%" in address:
        return address
    if not interface:
        raise EndpointError(f"{address} means nothing beyond a link; say which: {address}%eth0, or --from eth0")
    return f"{address}%{interface}"


def swallowed_port(text: str, port: int) -> str:
    """`fd00::2:53` is an address; what to write where its last part was meant as the port, empty where it is none."""
    text = text.strip()
    head, _, tail = text.rpartition(":")
    if tail != str(port) or _address(text) is None or _address(head) is None:
        return ""
    return f"{text} is taken as an address; port {port} of {head} is [{head}]:{port}"


def is_name(text: str) -> bool:
    """Whether a host may be called so (RFC 1123 §2.1; underscores pass, as they are about)."""
    return _is_name(text)


def read_endpoints(path: str) -> list[str]:
    """The lines of a file, or of stdin for `-`; comments (#) and empty ones left out.

    Raises:
        Failure: it cannot be read, or is too large.
    """
    try:
        with click.open_file(path, "rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
    if len(raw) <= MAX_FILE:
        _check_text(path, raw)
    lines = [line.partition("#")[0].strip() for line in raw.decode("utf-8-sig", errors="replace").splitlines()]
    found = [line for line in lines if line]
    if len(raw) > MAX_FILE or len(found) > MAX_ENDPOINTS:
        raise Failure(f"{path}: more than {MAX_ENDPOINTS} endpoints or {MAX_FILE >> 20} MiB")
    return found


def _check_text(path: str, raw: bytes) -> None:
    """Refuse what is no text by its first such line, instead of each of thousands."""
    for number, line in enumerate(raw.splitlines(), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if not text.replace("\t", "").isprintable():
            raise Failure(f"{path}:{number}: no text; expected one target on each line, in UTF-8")


def interfaces_here() -> list[str]:
    """All of this machine's, also loopback and those that are down."""
    return [name for _, name in socket.if_nameindex()]


async def resolve(name: str, within: float = RESOLVING) -> tuple[str, ...]:
    """The addresses that a name has, in the order in which this machine would connect to them, at most MAX_ADDRESSES.

    The system's own way (nsswitch.conf, /etc/hosts, resolv.conf), in a thread that nobody waits for beyond RESOLVING or
    `within` seconds: it cannot be ended.

    Raises:
        EndpointError: it has none; one line.
    """
    within = min(within, RESOLVING)
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            known = dict.fromkeys(str(answer[4][0]) for answer in answers)
            result: tuple[str, ...] | OSError = tuple(known)[:MAX_ADDRESSES]
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError(0, "no name of a host")
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, found, result)

    threading.Thread(target=ask, daemon=True, name=f"resolve {name}").start()
    try:
        async with asyncio.timeout(within):
            return await found
    except TimeoutError:
        raise EndpointError(f"name {name} does not resolve: no answer within {within:g} s") from None
    except OSError as error:
        raise EndpointError(f"name {name} does not resolve: {(error.strerror or str(error)).lower()}") from None


def _settle(found: "asyncio.Future[tuple[str, ...]]", result: tuple[str, ...] | OSError) -> None:
    if found.done():
        return
    if isinstance(result, tuple):
        found.set_result(result)
    else:
        found.set_exception(result)


def secret_value(path: Path, option: str) -> str:
    """The secret that a file holds, without the end of its line.

    Raises:
        Failure: it cannot be read, is empty, or others may read it.
    """
    try:
        with path.open("rb") as file:
            mode = path.stat().st_mode
            raw = file.read(8193)
    except OSError as error:
        raise Failure(f"-o {option}={path}: {error.strerror}", EXIT_UNREADABLE) from None
    text = raw.decode(errors="replace").rstrip("\r\n")
    if not text or len(raw) > 8192 or not text.isprintable():
        raise Failure(f"-o {option}={path}: expected one line of 1 to 8192 characters")
    if mode & 0o004:
        raise Failure(f"-o {option}={path}: everybody may read it; chmod 600 {path}")
    return text


def _one_host(address: str) -> str:
    """The address, if it can be that of a host.

    Raises:
        EndpointError: it is that of many, or of none.
    """
    found = ip_address(address)
    kind = "a multicast" if found.is_multicast else "the broadcast" if address == "255.255.255.255" else ""
    if found.is_unspecified or kind:
        raise EndpointError(
            f"{address} is {kind or 'the unspecified'} address and none of a host; expected the address of one"
        )
    return address


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return 0 < len(text) <= MAX_NAME and all(
        0 < len(label) <= 63 and label[0] != "-" != label[-1] and label.isascii() and label.replace("-", "").replace("_", "").isalnum() for label in labels
    ) and not labels[-1].isdigit()  # fmt: skip


def _port(text: str, whole: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0
    if not 1 <= number <= 65535:
        raise EndpointError(f"{_short(whole)}: expected a port from 1 to 65535 behind the colon")
    return number


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "…")
