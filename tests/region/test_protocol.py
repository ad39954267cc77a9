"""HTTP with a bounded head."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from urllib.parse import urlsplit

import pytest

from bellrock.region import protocol
from bellrock.region.protocol import CHANNEL, MAX_HEAD, shown_in
from bellrock.region.tls import Channel
from tests.region.joining import TLS
from tests.region.support import asynchronous, read_on, region, until


async def converse(running, *pieces: bytes) -> bytes:
    """Send pieces, and read all that comes back until the region closes."""
    host, _, port = running.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynchronous
async def test_a_head_that_does_not_end_is_cut_off(tmp_path):
    async with region(tmp_path) as running:
        answer = await converse(running, b"GET / HTTP/1.1\r\nX: ", *[b"a" * 4096] * (2 * MAX_HEAD // 4096))
        assert answer == b"reset" or b"400 Bad Request" in answer
        many = [b"X%d: y\r\n" % number for number in range(2 * MAX_HEAD // 8)]
        answer = await converse(running, b"GET / HTTP/1.1\r\n", *many)
        assert answer == b"reset" or b"400 Bad Request" in answer


@asynchronous
async def test_a_large_body_behind_a_small_head_is_no_large_head(tmp_path):
    async with region(tmp_path) as running:
        body = b'{"token": "' + b"x" * (MAX_HEAD + 5000) + b'"}'
        head = b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        answer = await converse(running, head % len(body) + body)
        assert b"400 Bad Request" in answer
        assert b"application/problem+json" in answer


@asynchronous
async def test_each_request_of_a_connection_is_counted_anew(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        for _ in range(8):
            answer = await client.get("/healthz", headers={"X": "a" * (MAX_HEAD // 4)})
            assert answer.status_code == 200


def test_what_a_connection_showed_is_in_the_scopes_state():
    shown = Channel(True, b"x", "agent", "7")
    assert shown_in({"state": {CHANNEL: shown}}) == shown
    for scope in ({}, {"state": {}}, {"state": {CHANNEL: "forged"}}):
        assert shown_in(scope) == Channel(), "what is not known was not shown"


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET /healthz HTTP/1.1\r\n",),
        (b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n", b"{"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HT"),
    ],
    ids=["nothing", "half a head", "half a body", "empty lines after an answer", "half a second head"],
)
@pytest.mark.parametrize("listen", [("127.0.0.1:0",), TLS], ids=["plain", "tls"])
@asynchronous
async def test_who_does_not_say_all_of_a_request_is_cut_off(tmp_path, monkeypatch, pieces, listen):
    monkeypatch.setattr(protocol, "WHOLE", 0.2)
    async with region(tmp_path, listen=listen) as running:
        url = urlsplit(running.ready.addresses[0] if listen is not TLS else running.tls)
        context = ssl._create_unverified_context() if listen is TLS else None
        reader, writer = await asyncio.open_connection(url.hostname, url.port, ssl=context)
        try:
            for piece in pieces:
                writer.write(piece)
                if b"\r\n\r\n" in piece and piece.startswith(b"GET"):
                    await reader.readuntil(b'{"status":"ok"}')
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 10) == b"", (
                    "ended, and before uvicorn's 15 s between requests"
                )
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynchronous
async def test_a_stream_and_a_long_answer_are_not_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "WHOLE", 0.2)
    async with region(tmp_path) as running, running.live() as live, running.client() as client:
        await live.recv()
        reading = asyncio.ensure_future(read_on(live))  # a client that does not read hears no pong either
        due = asyncio.get_running_loop().time() + 4 * protocol.WHOLE
        await until(lambda: asyncio.get_running_loop().time() > due)
        assert await (await live.ping())
        assert (await client.get("/healthz")).status_code == 200
        reading.cancel()
