"""The connection over which an agent joins: the first of a region's addresses that answers and is what its beacons say."""

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import websockets
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect

from bellrock.agent.credentials import is_issued_by, region_context
from bellrock.contract.certificate import fingerprint
from bellrock.contract.join import MAX_MESSAGE, PATH

STAGGER: Final = 0.1
"""Seconds after which the next address is tried beside those that have not answered yet (RFC 8305 §5 recommends 0.25,
for hosts on the Internet; at least 0.1)."""
PATIENCE: Final = 4.0
"""Seconds for one address to answer, with TLS and all."""
MAX_CHAIN: Final = 4
"""Certificates that a server may show."""


class ChannelError(Exception):
    """No connection: at which address, why, in one clause."""


class SwappedError(ChannelError):
    """Somebody answers there who is not the region that the beacons tell of."""


class Channel(Struct, frozen=True):
    """A connection to a region that has not proved itself yet.

    Attributes:
        binding: SHA-256 of the certificate (DER) that the server showed (RFC 5929 `tls-server-end-point`); empty without TLS.
        chain: the certificates that it showed, its own first (DER).
    """

    url: str
    connection: ClientConnection
    binding: bytes = b""
    chain: tuple[bytes, ...] = ()


async def open_first(urls: Sequence[str], authority: str) -> Channel:
    """Connect to the first address that answers in time and shows a certificate of the authority.

    Each is given a head start of STAGGER before the next is tried beside it (RFC 8305); one that fails makes way at once.

    Args:
        urls: in the order of preference.
        authority: fingerprint that the server's authority must have; "" where the URL was typed by hand.

    Raises:
        SwappedError: nobody was right, and at least one showed another authority's certificate.
        ChannelError: nobody answered, or what answered is no region.
    """
    failures: list[ChannelError] = []
    tasks: set[asyncio.Task[Channel]] = set()
    waiting = list(urls)
    try:
        while waiting or tasks:
            if waiting:
                tasks.add(asyncio.ensure_future(open_one(waiting.pop(0), authority)))
            done, tasks = await asyncio.wait(
                tasks, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won = next((task for task in done if task.exception() is None), None)
            if won is not None:
                tasks |= done - {won}
                return won.result()
            failures += [_expected(task) for task in done]
    finally:
        await _give_up(tasks)
    raise _summary(failures)


async def open_one(url: str, authority: str) -> Channel:
    """Connect to one address.

    Raises:
        SwappedError, ChannelError: as `open_first`.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            connection = await _connect(url, authority)
    except TimeoutError:
        raise ChannelError(f"{url}: no answer within {PATIENCE:g} s") from None
    except ssl.SSLError as error:
        raise ChannelError(f"{url}: no TLS 1.3 there ({error.reason or error})") from None
    except OSError as error:
        raise ChannelError(f"{url}: {_words(error)}") from None
    except (websockets.WebSocketException, ValueError) as error:
        hint = "; is it https://?" if url.startswith("http://") else ""
        raise ChannelError(f"{url}: what answers there is not a region that can be joined ({error}){hint}") from None
    chain = _chain(connection)
    return Channel(url, connection, sha256(chain[0]).digest() if chain else b"", chain)


def check_chain(url: str, chain: Sequence[bytes], authority: str) -> None:
    """Whether a server's certificates lead to the authority of this fingerprint. When they are valid is not asked:
    the clocks may differ, and it is the exchange that follows which shows who is there, now.

    Raises:
        SwappedError: they do not.
    """
    try:
        shown = [x509.load_der_x509_certificate(der) for der in chain[:MAX_CHAIN]]
    except ValueError:
        raise SwappedError(f"{url}: shows a certificate that cannot be read") from None
    root = next((one for one in shown if fingerprint(one.public_bytes(Encoding.DER)) == authority), None)
    if root is None or not shown:
        seen = fingerprint(chain[-1])[:16] if chain else "none"
        raise SwappedError(
            f"{url}: shows a certificate of another authority ({seen}) than the beacons say ({authority[:16]})"
        )
    if not is_issued_by(shown[0], root) or not _serves(shown[0]):
        raise SwappedError(f"{url}: shows the right authority, and a certificate that this authority has not signed")


def _serves(certificate: x509.Certificate) -> bool:
    """Whether it was signed for a server: an agent's own certificate makes nobody a region (RFC 5280 §4.2.1.12)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usage


class Direct(connect):
    """A connection to the address that was meant. Whoever answers there, unproved, sends this machine nowhere else."""

    @override
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def _connect(url: str, authority: str) -> ClientConnection:
    kind = _held_to(url, authority) if authority else ClientConnection
    if url.startswith("unix:"):
        path = os.fspath(url.removeprefix("unix:"))
        return await Direct(
            f"ws://region{PATH}", unix=True, path=path, compression=None, max_size=MAX_MESSAGE, create_connection=kind
        )
    where = url.replace("http", "ws", 1).rstrip("/") + PATH
    context = _unverified() if url.startswith("https://") else None
    return await Direct(
        where, compression=None, proxy=None, ssl=context, max_size=MAX_MESSAGE, open_timeout=None,
        create_connection=kind,
    )  # fmt: skip


def _held_to(url: str, authority: str) -> type[ClientConnection]:
    """Connections that are over when TLS has shown somebody else: told nothing, and not waited for."""

    class Held(ClientConnection):
        @override
        async def handshake(self, *headers: Any, **more: Any) -> None:
            check_chain(url, _chain(self), authority)
            await super().handshake(*headers, **more)

    return Held


def _unverified() -> ssl.SSLContext:
    """TLS 1.3 to whoever answers: who it is shows in the chain (`check_chain`) and in the exchange, not in names and dates."""
    context = region_context()
    context.verify_mode = ssl.CERT_NONE
    return context


def _chain(connection: ClientConnection) -> tuple[bytes, ...]:
    tls = connection.transport.get_extra_info("ssl_object")
    if tls is None:
        return ()
    # Public from Python 3.13 on; before, the same call has been behind an underscore since 3.10.
    if hasattr(tls, "get_unverified_chain"):
        return tuple(tls.get_unverified_chain())
    return tuple(ssl.PEM_cert_to_DER_cert(shown.public_bytes()) for shown in tls._sslobj.get_unverified_chain())  # noqa: SLF001


def _words(error: OSError) -> str:
    """`Connection refused`, without the address, which is said before."""
    if isinstance(error, socket.gaierror):  # its numbers are the resolver's own
        return error.strerror or str(error)
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__


def _expected(task: asyncio.Task[Channel]) -> ChannelError:
    error = task.exception()
    if isinstance(error, ChannelError):
        return error
    raise error or asyncio.CancelledError


async def _give_up(tasks: set[asyncio.Task[Channel]]) -> None:
    """End the attempts that are no longer wanted, and close those that have just succeeded."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Channel):
            await outcome.connection.close()


def _summary(failures: list[ChannelError]) -> ChannelError:
    """All of them in one; a swapped certificate is the news, whatever else there is."""
    swapped = [error for error in failures if isinstance(error, SwappedError)]
    chosen = swapped or failures or [ChannelError("there is no address to try")]
    kind = SwappedError if swapped else ChannelError
    return kind("; ".join(str(error) for error in chosen))
