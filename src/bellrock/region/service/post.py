"""One HTTP POST to somebody who is told: TLS verified, no redirect followed, everything bounded."""

import asyncio
import contextlib
import ssl
from typing import Final
from urllib.parse import SplitResult, urlsplit

import h11

WITHIN: Final = 10.0
"""Seconds for one delivery, from the first packet to the status line."""
MAX_HEAD: Final = 16 * 1024
"""Octets that are read of an answer; what it says beyond its status is not wanted."""
PORTS: Final = {"http": 80, "https": 443}
MAX_URL: Final = 2000
MAX_SHOWN: Final = 100
"""Characters of a URL that a refusal repeats."""


class BadUrl(ValueError):  # noqa: N818 -- says what it is
    """Nothing can be delivered there: why."""


class Undelivered(Exception):  # noqa: N818 -- says what it is
    """It did not arrive, and why; `again`: it may arrive later."""

    def __init__(self, why: str, *, again: bool = True) -> None:
        super().__init__(why)
        self.again = again


def parse_url(text: str) -> SplitResult:
    """A URL to deliver to.

    Raises:
        BadUrl: not http or https, no host, or with credentials, which would be shown to whoever lists webhooks.
    """
    if len(text) > MAX_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise BadUrl(f"the URL must be at most {MAX_URL} printable ASCII characters without spaces")
    # Details are cut where they are too long, and the reason comes last.
    shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise BadUrl(f"{shown}: {error}") from None
    if url.scheme not in PORTS or not url.hostname or port == 0:
        raise BadUrl(f"{shown}: not http://HOST[:PORT]/… or https://HOST[:PORT]/…")
    if url.username is not None or url.password is not None or url.fragment:
        raise BadUrl("the URL must be without user name, password and fragment")
    return url


def context_of(authority: str) -> ssl.SSLContext:
    """TLS 1.2 or newer that holds a server to an authority, in PEM, or (empty) to those that this system trusts.

    Raises:
        BadUrl: it is no certificate.
    """
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError, TypeError) as error:  # a TypeError for text beyond ASCII
        raise BadUrl(f"the authority is no certificate in PEM ({error})") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def post(url: SplitResult, tls: ssl.SSLContext | None, body: bytes, headers: dict[str, str]) -> int:
    """Deliver; the status, which is one of 200 to 299.

    Raises:
        Undelivered: it did not arrive, or was not taken.
    """
    try:
        async with asyncio.timeout(WITHIN):
            return await _deliver(url, tls, body, headers)
    except TimeoutError:
        raise Undelivered(f"no answer within {WITHIN:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"its certificate will not do: {error.verify_message}") from None
    except (OSError, UnicodeError) as error:
        raise Undelivered(f"no connection: {getattr(error, 'strerror', None) or error}") from None
    except h11.RemoteProtocolError as error:
        raise Undelivered(f"what answers is no HTTP: {error}") from None


async def _deliver(url: SplitResult, tls: ssl.SSLContext | None, body: bytes, headers: dict[str, str]) -> int:
    host = url.hostname or ""
    reader, writer = await asyncio.open_connection(
        host, url.port or PORTS[url.scheme], ssl=tls if url.scheme == "https" else None
    )
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        fields = {"Host": url.netloc, "Content-Length": str(len(body)), "Connection": "close"} | headers
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        for event in (
            h11.Request(method="POST", target=target, headers=[*fields.items()]),
            h11.Data(body),
            h11.EndOfMessage(),
        ):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return _judged(await _status(connection, reader))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _status(connection: h11.Connection, reader: asyncio.StreamReader) -> int:
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            if not (octets := await reader.read(MAX_HEAD)):
                raise Undelivered("it hung up without an answer")
            connection.receive_data(octets)


def _judged(status: int) -> int:
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise Undelivered(f"status {status}: redirects are not followed; give the URL that it means", again=False)
    # RFC 9110 §15.5: 4xx says that the same will not do later either, but for those that say "later".
    raise Undelivered(f"status {status}", again=status >= 500 or status in (408, 425, 429))
