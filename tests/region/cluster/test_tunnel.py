"""Requests that another process answers: `Tunnel` and `Mouth` back to back, with an application of the test's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bellrock.region.cluster import mouth as mouth_module
from bellrock.region.cluster import tunnel as module
from bellrock.region.cluster.face import Face
from bellrock.region.cluster.mouth import Mouth
from bellrock.region.cluster.tunnel import Tunnel
from bellrock.region.cluster.words import Event, Open, Shut, decode, encode
from bellrock.region.protocol import CHANNEL, shown_in
from bellrock.region.tls import Channel

SHOWN = Channel(True, b"\x07" * 32, "agent", "0a")


async def room() -> None:
    """There is always some."""


class Wire:
    """The two ends, with the words between them encoded as letters are."""

    def __init__(self, app: Any) -> None:
        self.tunnel = Tunnel(self._there, room)
        self.mouth = Mouth(app, self._back, room)
        self.cut = False
        self.said: list[Any] = []

    def _there(self, word: Any) -> None:
        self.said.append(word)
        if not self.cut:
            self.mouth.hear("m", decode(encode((word,)))[0])  # type: ignore[arg-type]

    def _back(self, member: str, word: Any) -> None:
        assert member == "m"
        if not self.cut:
            self.tunnel.hear(decode(encode((word,)))[0])  # type: ignore[arg-type]


class Client:
    """The server's side of one request."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = asyncio.Queue()
        for event in events:
            self.events.put_nowait(event)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return await self.events.get()

    async def send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(event.get("body", b"") for event in self.sent[1:])


def scope(method: str = "GET", path: str = "/api/v1/hosts", kind: str = "http", **more: Any) -> dict[str, Any]:
    made = {
        "type": kind, "path": path, "raw_path": path.encode(), "query_string": b"x=1", "headers": [(b"host", b"h")],
        "scheme": "https", "http_version": "1.1", "client": ("192.0.2.1", 5), "server": ("192.0.2.2", 5240),
        "state": {CHANNEL: SHOWN}, "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    return made | ({"method": method} if kind == "http" else {"subprotocols": []}) | more


async def echo(found: Any, receive: Any, send: Any) -> None:
    """Answers with what it was asked."""
    body, more = b"", found["method"] not in ("GET", "HEAD")
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    said = {"path": found["path"], "query": found["query_string"].decode(), "client": found["client"][0],
            "agent": shown_in(found).agent, "body": body.decode(), "scheme": found["scheme"]}  # fmt: skip
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": json.dumps(said).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def in_time(test) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await test

    asyncio.run(bounded())


def test_a_request_is_answered_as_if_it_had_come_there():
    async def run() -> None:
        wire, client = Wire(echo), Client({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        await wire.tunnel(scope(), client.receive, client.send)
        assert client.status == 200
        assert client.sent[0]["headers"] == [(b"x-a", b"1")]
        assert json.loads(client.body) == {
            "path": "/api/v1/hosts", "query": "x=1", "client": "192.0.2.1", "agent": "agent", "body": "", "scheme": "https"
        }  # fmt: skip
        assert isinstance(wire.said[-1], Shut)
        await asyncio.sleep(0)
        assert wire.mouth._running == {}

    in_time(run())


def test_a_body_in_parts_arrives_whole():
    async def run() -> None:
        parts = [{"type": "http.request", "body": part, "more_body": part != b"c"} for part in (b"a", b"b", b"c")]
        wire, client = Wire(echo), Client(*parts)
        wire.tunnel.begin()
        await wire.tunnel(scope("POST"), client.receive, client.send)
        assert json.loads(client.body)["body"] == "abc"

    in_time(run())


def test_without_a_leader_a_request_waits_and_then_is_told_so(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def run() -> None:
        wire, client = Wire(echo), Client()
        await wire.tunnel(scope(), client.receive, client.send)
        assert client.status == 503
        assert dict(client.sent[0]["headers"])[b"retry-after"] == b"2"
        assert "No process of the region leads" in json.loads(client.body)["detail"]

    in_time(run())


def test_a_process_that_is_cut_off_says_so_soon(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 1000.0)
    monkeypatch.setattr(module, "CUT_OFF", 0.01)

    async def run() -> None:
        wire, client = Wire(echo), Client()
        wire.tunnel._stands = lambda: False
        await wire.tunnel(scope(), client.receive, client.send)
        assert client.status == 503
        assert module.AWAY.encode() in client.body

    in_time(run())


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 503)])
def test_when_the_leader_changes_what_does_no_harm_is_asked_again(method, status):
    async def run() -> None:
        wire = Wire(echo)
        client = Client({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        wire.cut = True
        asked = asyncio.create_task(wire.tunnel(scope(method), client.receive, client.send))
        while not any(isinstance(word, Open) for word in wire.said):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        wire.tunnel.end()
        wire.cut = False
        wire.tunnel.begin()
        await asked
        assert client.status == status
        if status == 503:
            assert "see whether it was done" in json.loads(client.body)["detail"]

    in_time(run())


def test_an_answer_that_had_begun_is_not_begun_again():
    async def half(_found: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    async def run() -> None:
        wire, client = Wire(half), Client({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        asked = asyncio.create_task(wire.tunnel(scope(), client.receive, client.send))
        while not client.sent:
            await asyncio.sleep(0)
        wire.tunnel.end()
        await asked
        assert [event["type"] for event in client.sent] == ["http.response.start"]

    in_time(run())


def test_a_websocket_goes_both_ways_and_ends_when_the_leader_does():
    async def talk(_found: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"] * 2})

    async def run() -> None:
        wire, client = Wire(talk), Client({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "ab"})
        wire.tunnel.begin()
        asked = asyncio.create_task(wire.tunnel(scope(kind="websocket"), client.receive, client.send))
        while len(client.sent) < 2:
            await asyncio.sleep(0)
        assert client.sent[1]["text"] == "abab"
        wire.tunnel.end()
        await asked
        assert client.sent[-1] == {"type": "websocket.close", "code": 1013, "reason": module.NO_LEADER}

    in_time(run())


def test_a_client_that_goes_ends_it_at_the_leader_too():
    gone = asyncio.Event()

    async def waiting(_found: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        assert (await receive())["type"] == "websocket.connect"
        assert (await receive())["type"] == "websocket.disconnect"
        gone.set()
        await send({"type": "websocket.close", "code": 1000, "reason": ""})

    async def run() -> None:
        wire = Wire(waiting)
        client = Client({"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001})
        wire.tunnel.begin()
        await wire.tunnel(scope(kind="websocket"), client.receive, client.send)
        await gone.wait()

    in_time(run())


def test_a_fault_of_the_application_ends_the_answer_and_is_logged(caplog):
    async def broken(_found: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("broken")

    async def run() -> None:
        wire, client = Wire(broken), Client({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        await wire.tunnel(scope(), client.receive, client.send)
        assert client.body == b""

    in_time(run())
    assert "fault path=/api/v1/hosts member=m" in caplog.text


def test_a_client_that_does_not_read_and_one_that_sends_too_much_are_cut_off(monkeypatch):
    monkeypatch.setattr(mouth_module, "MAX_EVENTS", 2)
    monkeypatch.setattr(module, "MAX_EVENTS", 2)

    async def flood(_found: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.Event().wait()

    async def run() -> None:
        wire, client = Wire(flood), Client({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        await wire.tunnel(scope("POST"), client.receive, client.send)
        assert len(client.sent) < 10
        deaf = Wire(lambda *_: asyncio.Event().wait())
        deaf.mouth.hear(
            "m",
            Open(
                stream=1, kind="http", path="/", raw_path=b"/", query=b"", headers=(), scheme="http", http_version="1.1"
            ),
        )
        for _ in range(3):
            deaf.mouth.hear("m", Event(1, {"type": "http.request"}))
        assert deaf.mouth._running == {}

    in_time(run())


def test_silent_callers_of_one_place_leave_room_for_others_and_yield_to_who_shows_a_credential(monkeypatch):
    monkeypatch.setattr(module, "MAX_STREAMS", 8)

    async def silent(found: Any, receive: Any, send: Any) -> None:
        if found["method"] == "POST":
            await receive()
        await echo(found, receive, send)

    async def run() -> None:
        wire = Wire(silent)
        wire.tunnel.begin()
        post = scope("POST", headers=[], state={})
        flood = [Client() for _ in range(8)]
        asked = [asyncio.create_task(wire.tunnel(post, one.receive, one.send)) for one in flood]
        while len(wire.mouth._running) < 4:
            await asyncio.sleep(0)
        assert [one.status for one in flood[4:]] == [503] * 4, "one place has half"
        assert b"Too many requests" in flood[7].body
        told = dict(flood[7].sent[0]["headers"])
        assert told[b"x-request-id"].decode() == json.loads(flood[7].body)["request_id"] != ""

        elsewhere = Client({"type": "http.request", "body": b"", "more_body": False})
        await wire.tunnel(scope(headers=[], state={}, client=("198.51.100.1", 1)), elsewhere.receive, elsewhere.send)
        assert elsewhere.status == 200
        known = Client({"type": "http.request", "body": b"", "more_body": False})
        await wire.tunnel(scope(headers=[(b"authorization", b"Bearer x")]), known.receive, known.send)
        assert known.status == 200
        await asked[0]
        assert b"Too many requests" in flood[0].body, "the oldest made room"
        assert not flood[1].sent
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert not wire.tunnel._here
        assert not wire.tunnel._streams

    in_time(run())


def test_what_waits_for_a_slow_client_is_bounded_in_octets_but_one_event_may_be_large(monkeypatch):
    monkeypatch.setattr(module, "MAX_OCTETS", 100)
    caller = module._Caller(scope(), None)
    assert caller.take({"type": "websocket.send", "text": "x" * 200})
    assert not caller.take({"type": "websocket.send", "bytes": b"x"})
    assert asyncio.run(caller.next())["text"]
    assert caller.octets == 0
    assert caller.take({"type": "http.response.body", "body": b"x" * 60})
    assert caller.take({"type": "http.response.body", "body": b"x" * 40})
    assert not caller.take({"type": "http.response.body", "body": b"x"})


def test_members_that_are_gone_are_answered_no_more():
    async def run() -> None:
        wire, client = Wire(lambda *_: asyncio.Event().wait()), Client()
        wire.tunnel.begin()
        asked = asyncio.create_task(wire.tunnel(scope(), client.receive, client.send))
        while not wire.mouth._running:
            await asyncio.sleep(0)
        wire.mouth.gone("another")
        assert wire.mouth._running
        wire.mouth.gone("m")
        assert not wire.mouth._running
        await wire.mouth.close()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    in_time(run())


def test_a_process_answers_for_itself_alone_what_concerns_itself():
    async def run() -> None:
        asked: list[str] = []

        def app(name: str):
            async def answer(found: Any, _receive: Any, _send: Any) -> None:
                asked.append(f"{name} {found['path']}")

            return answer

        face = Face(app("own"), app("tunnel"), app("scrape"))
        stream = scope(kind="websocket", path="/api/v1/agents/stream")
        for one in (
            scope(path="/healthz"),
            scope(path="/readyz"),
            scope(path="/metrics"),
            stream,
            scope(),
            scope(path="/api/v1/agents/stream"),
        ):
            await face(one, None, None)
        face.leads = app("region")
        for one in (scope(path="/healthz"), stream, scope(), scope(path="/metrics")):
            await face(one, None, None)
        assert asked == [
            "own /healthz", "own /readyz",
            "scrape /metrics", "own /api/v1/agents/stream", "tunnel /api/v1/hosts",
            "tunnel /api/v1/agents/stream", "own /healthz", "own /api/v1/agents/stream", "region /api/v1/hosts",
            "region /metrics",
        ]  # fmt: skip

    in_time(run())


def test_a_long_answer_comes_in_pieces_and_whole(monkeypatch):
    monkeypatch.setattr(mouth_module, "MAX_PART", 4)

    async def long(_found: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"0123456789", "more_body": False})

    async def run() -> None:
        wire, client = Wire(long), Client({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        await wire.tunnel(scope(), client.receive, client.send)
        assert [event["body"] for event in client.sent[1:]] == [b"0123", b"4567", b"89"]
        assert [event["more_body"] for event in client.sent[1:]] == [True, True, False]

    in_time(run())


def test_those_who_wait_are_answered_here_when_this_process_leads():
    async def run() -> None:
        wire, client = (
            Wire(lambda *_: asyncio.Event().wait()),
            Client({"type": "http.request", "body": b"", "more_body": False}),
        )
        wire.tunnel.begin()
        asked = asyncio.create_task(wire.tunnel(scope(), client.receive, client.send))
        while not wire.mouth._running:
            await asyncio.sleep(0)
        waiting = Client({"type": "http.request", "body": b"abc", "more_body": False})
        wire.tunnel.end()
        posted = asyncio.create_task(wire.tunnel(scope("POST"), waiting.receive, waiting.send))
        await asyncio.sleep(0)
        wire.tunnel.begin(echo)
        await asyncio.gather(asked, posted)
        assert (client.status, waiting.status) == (200, 200)
        assert json.loads(waiting.body)["body"] == "abc"
        wire.tunnel.end()
        wire.tunnel.begin()
        assert wire.tunnel._own is None

    in_time(run())


def test_an_answer_to_a_slow_client_waits_at_the_leader_and_comes_whole(monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 64 * 1024)
    sent = 0

    async def large(_found: Any, _receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            sent += 1000
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    class Slow(Client):
        reads = asyncio.Event()

        async def send(self, event: dict[str, Any]) -> None:
            await self.reads.wait()
            await super().send(event)

    async def run() -> None:
        wire, client = Wire(large), Slow({"type": "http.request", "body": b"", "more_body": False})
        wire.tunnel.begin()
        asked = asyncio.create_task(wire.tunnel(scope(), client.receive, client.send))
        for _ in range(2000):
            await asyncio.sleep(0)
        assert 10_000 < sent <= 64 * 1024
        client.reads.set()
        await asked
        assert len(client.body) == 1_000_000

    in_time(run())


def test_a_large_request_is_no_further_ahead_than_what_the_leader_has_taken(monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 64 * 1024)
    goes_on = asyncio.Event()

    async def busy(found: Any, receive: Any, send: Any) -> None:
        await goes_on.wait()
        await echo(found, receive, send)

    async def run() -> None:
        parts = [{"type": "http.request", "body": b"x" * 1000, "more_body": at < 999} for at in range(1000)]
        wire, client = Wire(busy), Client(*parts)
        wire.tunnel.begin()
        asked = asyncio.create_task(wire.tunnel(scope("POST"), client.receive, client.send))
        for _ in range(3000):
            await asyncio.sleep(0)
        events = [word for word in wire.said if isinstance(word, Event)]
        assert 0 < len(events) < 100
        goes_on.set()
        await asked
        assert len(json.loads(client.body)["body"]) == 1_000_000

    in_time(run())
