"""What both WebSockets need."""

from __future__ import annotations

import asyncio

import pytest
from litestar.exceptions import WebSocketDisconnect

from bellrock.region.api import sockets
from bellrock.region.api.sockets import TooSlow, close, race, receive, send


class Stuck:
    """A socket whose peer takes nothing."""

    def __init__(self, *events) -> None:
        self.events = list(events)
        self.closed: list[tuple[int, str]] = []

    async def send_data(self, text, mode) -> None:
        await asyncio.Event().wait()

    async def receive(self):
        return self.events.pop(0)

    async def close(self, code, reason) -> None:
        self.closed.append((code, reason))
        if code == 1001:
            await asyncio.Event().wait()
        if code == 1002:
            raise WebSocketDisconnect(detail="gone")


def test_a_peer_that_takes_nothing_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(sockets, "SEND_WITHIN", 0.01)
    monkeypatch.setattr(sockets, "CLOSE_WITHIN", 0.01)

    async def talk() -> None:
        with pytest.raises(TooSlow):
            await send(Stuck(), "x")
        await close(Stuck(), 1001, "bye")
        await close(Stuck(), 1002, "bye")

    asyncio.run(talk())


def test_reasons_fit_a_closing_frame():
    one = Stuck()
    asyncio.run(close(one, 1000, "é" * 100))
    assert one.closed == [(1000, "é" * 61)]


def test_messages_texts_octets_and_the_end():
    one = Stuck(
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "text": ""},
        {"type": "websocket.receive", "bytes": b"b"},
        {"type": "websocket.receive"},
        {"type": "websocket.disconnect"},
    )

    async def read() -> list:
        return [await receive(one) for _ in range(5)]

    assert asyncio.run(read()) == ["a", "", b"b", b"", None]


def test_a_race_ends_with_the_first_and_raises_what_it_raises():
    ended = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def quick() -> None:
        ended.append("quick")

    async def fail() -> None:
        raise TooSlow("slow")

    async def run() -> None:
        await race(wait(), quick())
        with pytest.raises(TooSlow):
            await race(wait(), fail())

    asyncio.run(run())
    assert ended == ["quick", "cancelled", "cancelled"]
