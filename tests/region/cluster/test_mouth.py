"""Requests of other members, answered by an application of the test's own: what is said to the member, word by word."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bellrock.region.cluster import mouth as module
from bellrock.region.cluster.mouth import Mouth
from bellrock.region.cluster.words import EACH, Event, Open, Shut, Taken, weight
from bellrock.region.protocol import CHANNEL
from bellrock.region.tls import Channel
from tests.region.cluster.support import in_time

SHOWN = Channel(True, b"\x07" * 32, "agent", "0a")


def asked(stream: int = 1, kind: str = "http", **more: Any) -> Open:
    return Open(
        **{
            "stream": stream, "kind": kind, "path": "/api/v1/hosts", "raw_path": b"/api/v1/hosts", "query": b"a=b", "headers": ((b"host", b"h"),),
            "scheme": "https", "http_version": "1.1", "method": "GET", "client": ("192.0.2.1", 5), "extensions": ("x",), "channel": SHOWN, **more,
        }
    )  # fmt: skip


class Talk:
    """A mouth, and what it says."""

    def __init__(self, app: Any) -> None:
        self.said: list[tuple[str, Any]] = []
        self.mouth = Mouth(app, lambda member, word: self.said.append((member, word)), self._room)

    async def _room(self) -> None:
        await asyncio.sleep(0)

    def events(self, stream: int = 1) -> list[dict[str, Any]]:
        return [word.event for _, word in self.said if isinstance(word, Event) and word.stream == stream]

    async def until(self, holds: Any) -> None:
        while not holds():
            await asyncio.sleep(0)


def body(part: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": part, "more_body": more}


START = {"type": "http.response.start", "status": 200, "headers": []}


def test_the_application_sees_the_request_as_it_came():
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend((scope, await receive()))
        await send(START)
        await send(body(b"x", more=False))

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked())
        talk.mouth.hear("m", Event(1, {"type": "http.request", "body": b"q", "more_body": False}))
        await talk.until(lambda: len(talk.events()) == 2)
        await talk.until(lambda: not talk.mouth._running)
        assert talk.events() == [START, body(b"x", more=False)]
        assert {member for member, _ in talk.said} == {"m"}

    in_time(run())
    scope, event = seen
    assert (scope["type"], scope["method"], scope["query_string"], scope["headers"]) == (
        "http",
        "GET",
        b"a=b",
        [(b"host", b"h")],
    )
    assert (scope["extensions"], scope["state"], scope["client"]) == ({"x": {}}, {CHANNEL: SHOWN}, ("192.0.2.1", 5))
    assert event["body"] == b"q"


def test_a_websocket_has_no_method_but_its_protocols():
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope)
        await send({"type": "websocket.close", "code": 1000, "reason": ""})

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked(kind="websocket", subprotocols=("one",)))
        await talk.until(lambda: talk.events())

    in_time(run())
    assert "method" not in seen[0]
    assert seen[0]["subprotocols"] == ["one"]


def test_an_answer_is_no_further_ahead_than_the_window_and_goes_on_as_it_is_taken():
    parts = [bytes([number]) * 1000 for number in range(20)]

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        for part in parts:
            await send(body(part))
        await send(body(b"", more=False))

    async def run() -> None:
        talk = Talk(app)
        each = EACH + 1000
        talk.mouth.hear("m", asked(window=4 * each))
        for _ in range(500):
            await asyncio.sleep(0)
        ahead = talk.events()
        assert len(ahead) == 5, "four that fill the window, and the start, which counts less"
        taken = sum(map(weight, ahead))
        talk.mouth.hear("m", Taken(1, each))
        for _ in range(500):
            await asyncio.sleep(0)
        assert len(talk.events()) == 6
        talk.mouth.hear("m", Taken(1, 1 << 30))
        talk.mouth.hear("m", Taken(7, 1))
        while talk.mouth._running:
            talk.mouth.hear("m", Taken(1, 1 << 30))
            await asyncio.sleep(0)
        assert b"".join(event.get("body", b"") for event in talk.events()) == b"".join(parts)
        assert taken > 4 * each - EACH

    in_time(run())


def test_to_a_member_that_knows_no_windows_all_is_said_at_once():
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        for _ in range(100):
            await send(body(b"x" * 100_000))
        await send(body(b"", more=False))

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked())
        talk.mouth.hear("m", Event(1, {"type": "http.request"}))
        await talk.until(lambda: not talk.mouth._running)
        assert len(talk.events()) == 101
        assert not any(isinstance(word, Taken) for _, word in talk.said)

    in_time(run())


def test_what_the_application_took_of_a_request_is_told():
    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked(window=1 << 20))
        assert talk.said == [("m", Taken(1, 0))], "it says that it will tell"
        parts = [{"type": "http.request", "body": b"x" * 1000, "more_body": at < 9} for at in range(10)]
        for part in parts:
            talk.mouth.hear("m", Event(1, part))
        await talk.until(lambda: not talk.mouth._running)
        told = sum(word.weight for _, word in talk.said if isinstance(word, Taken))
        assert told == sum(map(weight, parts))

    in_time(run())


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("limit", ["MAX_EVENTS", "MAX_WEIGHT"])
def test_a_client_that_says_more_than_is_taken_is_cut_off_and_told_so(monkeypatch, kind, limit):
    monkeypatch.setattr(module, limit, {"MAX_EVENTS": 3, "MAX_WEIGHT": 3 * (EACH + 10)}[limit])

    async def app(*_: Any) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked(kind=kind))
        for _ in range(3):
            talk.mouth.hear("m", Event(1, {"type": "http.request", "body": b"x" * 10}))
        assert not talk.events()
        talk.mouth.hear("m", Event(1, {"type": "http.request", "body": b"x" * 10}))
        assert not talk.mouth._running
        if kind == "websocket":
            assert [event["code"] for event in talk.events()] == [1013]
        else:
            start, end = talk.events()
            assert start["status"] == json.loads(end["body"])["status"] == 503
            assert (b"retry-after", b"2") in start["headers"]
        talk.mouth.hear("m", Event(1, {"type": "http.request"}))

    in_time(run())


def test_an_answer_that_had_begun_ends_where_it_is():
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await asyncio.Event().wait()

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked())
        await talk.until(lambda: talk.events())
        for _ in range(module.MAX_EVENTS + 1):
            talk.mouth.hear("m", Event(1, {"type": "http.request"}))
        assert talk.events() == [START, body(b"", more=False)]

    in_time(run())


def test_requests_of_one_member_are_bounded_and_those_of_another_are_not_touched(monkeypatch):
    monkeypatch.setattr(module, "MAX_RUNNING", 2)

    async def app(*_: Any) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        talk = Talk(app)
        for stream in (1, 2, 3, 2):  # the second one anew takes no more room
            talk.mouth.hear("m", asked(stream))
        talk.mouth.hear("n", asked(1))
        assert sorted(talk.mouth._running) == [("m", 1), ("m", 2), ("n", 1)]
        assert [event.get("status") for event in talk.events(3)] == [503, None]
        talk.mouth.hear("m", Shut(1))
        talk.mouth.hear("m", Shut(1))
        talk.mouth.hear("m", asked(4))
        assert sorted(talk.mouth._running) == [("m", 2), ("m", 4), ("n", 1)]
        talk.mouth.gone("m")
        assert sorted(talk.mouth._running) == [("n", 1)]
        await talk.mouth.close()
        assert not talk.mouth._running

    in_time(run())


@pytest.mark.parametrize(("kind", "last"), [("http", body(b"", more=False)), ("websocket", None)])
def test_a_fault_ends_the_answer_and_is_logged(caplog, kind, last):
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("broken")

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked(kind=kind))
        await talk.until(lambda: talk.events())
        (event,) = talk.events()
        assert event == last or event["code"] == 1011
        await talk.until(lambda: not talk.mouth._running)

    in_time(run())
    assert "fault path=/api/v1/hosts member=m" in caplog.text


def test_a_body_that_is_long_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(module, "MAX_PART", 4)

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"0123456789", more=False))

    async def run() -> None:
        talk = Talk(app)
        talk.mouth.hear("m", asked(window=1 << 20))
        await talk.until(lambda: not talk.mouth._running)
        assert talk.events()[1:] == [body(b"0123"), body(b"4567"), body(b"89", more=False)]

    in_time(run())
