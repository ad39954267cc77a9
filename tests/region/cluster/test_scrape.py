"""Metrics of a process that does not lead."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.cluster import scrape as module
from bellrock.region.cluster.scrape import MOST, REMEMBERED, Scrape
from tests.region.cluster.test_tunnel import Client, scope


def scraped(status: int, method: str = "GET", query: bytes = b"") -> tuple[Client, list[str]]:
    """What is answered, where the leader answers its question with a status."""
    asked: list[str] = []

    async def leader(found, _receive, send) -> None:
        asked.append(f"{found['method']} {found['path']}{found['query_string'].decode()}")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"said by the leader", "more_body": False})

    async def run() -> Client:
        client = Client()
        found = scope(method, "/metrics", query_string=query)
        await Scrape(leader, lambda: b"metrics 1\n")(found, client.receive, client.send)
        return client

    return asyncio.run(run()), asked


def test_whom_the_leader_knows_is_told_this_processs_own():
    client, asked = scraped(200)
    assert asked == ["GET /api/v1/me"]
    assert (client.status, client.body) == (200, b"metrics 1\n")
    assert dict(client.sent[0]["headers"])[b"content-type"].startswith(b"text/plain; version=0.0.4")


@pytest.mark.parametrize("status", [401, 403, 503])
def test_whom_it_does_not_know_is_told_what_it_says(status):
    client, _ = scraped(status)
    assert (client.status, client.body) == (status, b"said by the leader")


def test_other_methods_are_the_leaders_affair():
    client, asked = scraped(405, "POST", b"x=1")
    assert asked == ["POST /metricsx=1"]
    assert client.status == 405


def test_of_parameters_it_says_the_same():
    client, asked = scraped(400, query=b"x=1")
    assert asked == ["GET /metricsx=1"]
    assert (client.status, client.body) == (400, b"said by the leader")
    client, _ = scraped(200, query=b"&")
    assert client.body == b"metrics 1\n", "nothing was asked for: its own figures, not the leader's"


class Desk:
    """A process that asks a leader, or leads itself: what either answers is set."""

    def __init__(self) -> None:
        self.status = 200
        self.scrape = Scrape(self.answer, lambda: b"metrics 1\n")

    async def answer(self, _scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"said", "more_body": False})

    async def ask(
        self, token: str, status: int, *, leads: bool = False, path: str = "/metrics", cookie: str = "", **how: object
    ) -> tuple[int, bytes]:
        self.status = status
        client = Client()
        app = self.scrape.watching(self.answer) if leads else self.scrape
        shown = ((b"authorization", token), (b"cookie", cookie))
        headers = [(name, value.encode()) for name, value in shown if value]
        await app(scope("GET", path, query_string=b"", headers=headers, **how), client.receive, client.send)
        return client.status, client.body


OWN, AWAY = (200, b"metrics 1\n"), (503, b"said")


@pytest.mark.parametrize("leads", [False, True])
def test_where_nobody_can_say_who_asks_whoever_was_known_is_told(leads):
    async def run() -> None:
        desk = Desk()
        assert await desk.ask("a", 503) == AWAY
        assert await desk.ask("a", 200, leads=leads) == ((200, b"said") if leads else OWN)
        assert await desk.ask("a", 503) == OWN
        assert [await desk.ask(token, 503) for token in ("b", "")] == [AWAY, AWAY]
        assert (await desk.ask("a", 401, leads=leads))[0] == 401, "it was revoked"
        assert await desk.ask("a", 503) == AWAY

    asyncio.run(run())


def test_a_leader_that_refuses_everything_makes_nobody_known():
    async def run() -> None:
        desk = Desk()
        for status, token, path in ((403, "a", "/metrics"), (200, "a", "/api/v1/me"), (200, "", "/metrics")):
            assert (await desk.ask(token, status, leads=True, path=path))[0] == status
        assert [await desk.ask(token, 503) for token in ("a", "")] == [AWAY, AWAY]

    asyncio.run(run())


FAR = {"client": ("192.0.2.1", 5), "scheme": "https"}


@pytest.mark.parametrize(
    ("known", "asks"),
    [
        ({"client": ("127.0.0.1", 5), "scheme": "http"}, {"client": ("192.0.2.1", 5), "scheme": "http"}),
        ({"client": None, "scheme": "http"}, FAR),
        (FAR, {**FAR, "scheme": "http"}),
    ],
    ids=["loopback", "unix", "tls"],
)
def test_who_was_known_is_known_by_the_way_on_which_it_came(known, asks):
    async def run() -> None:
        desk = Desk()
        await desk.ask("a", 200, **known)
        assert (await desk.ask("a", 503, **known), await desk.ask("a", 503, **asks)) == (OWN, AWAY)

    asyncio.run(run())


@pytest.mark.parametrize("status", [400, 405, 429, 500])
@pytest.mark.parametrize("leads", [False, True])
def test_an_answer_that_says_nothing_of_who_asks_makes_nobody_forgotten(status, leads):
    async def run() -> None:
        desk = Desk()
        await desk.ask("a", 200)
        assert (await desk.ask("a", status, leads=leads))[0] == status
        assert await desk.ask("a", 503) == OWN

    asyncio.run(run())


def test_what_came_with_a_cookie_is_not_remembered():
    async def run() -> None:
        desk = Desk()
        assert await desk.ask("anything", 200, cookie="bellrock_session=right") == OWN
        assert await desk.ask("anything", 503) == AWAY

    asyncio.run(run())


def test_a_token_that_ends_has_all_forgotten():
    async def run() -> None:
        desk = Desk()
        await desk.ask("a", 200)
        desk.scrape.forget()
        assert await desk.ask("a", 503) == AWAY
        await desk.ask("a", 200)
        assert await desk.ask("a", 503) == OWN

    asyncio.run(run())


def test_nobody_is_remembered_for_long_and_few_are(monkeypatch):
    async def run() -> None:
        desk, now = Desk(), [0.0]
        monkeypatch.setattr(module.asyncio, "get_running_loop", lambda: type("Loop", (), {"time": lambda _: now[0]})())
        await desk.ask("first", 200)
        now[0] = REMEMBERED - 1
        assert await desk.ask("first", 503) == OWN
        now[0] = REMEMBERED
        assert await desk.ask("first", 503) == AWAY
        for number in range(MOST + 1):
            await desk.ask(f"{number}", 200)
        assert [await desk.ask(token, 503) for token in ("0", "1", f"{MOST}")] == [AWAY, OWN, OWN]

    asyncio.run(run())
