"""What a leader does with words of the others, and how its leading ends."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from bellrock.contract import Done, encode
from bellrock.model import Host, Wall
from bellrock.region.cluster.led import Led
from bellrock.region.cluster.words import Alive, Arrived, Event, Fresh, Left, Nth, Open, Over, Refuse, Said, Say, Shut
from bellrock.region.store import StoreAway

HOST = Host("a", "a")
NOW = Wall(7.0)


class Parts:
    """Region, hall and mouth of a leader, which note what they are told."""

    def __init__(self, *, away: bool = False) -> None:
        self.told: list = []
        self.stopping = asyncio.Event()
        self.access = SimpleNamespace(refresh=self._refresh)
        self._away = away

    async def _refresh(self, now: Wall) -> None:
        self.told.append(("refresh", now))
        if self._away:
            raise StoreAway("cut off")

    def led(self) -> Led:
        async def runs() -> None:
            await asyncio.Event().wait()

        async def heard(member, word) -> None:
            self.told.append(("hall", member, word))

        async def closed() -> None:
            self.told.append("closed")

        async def stopped() -> None:
            self.told.append("stopped")

        self.stop = stopped
        hall = SimpleNamespace(
            hear=heard, gone=lambda member, why: self.told.append(("gone", member, why)), members=lambda: {"m", "n"},
            forget=lambda: self.told.append("forgotten"),
        )  # fmt: skip
        mouth = SimpleNamespace(
            hear=lambda member, word: self.told.append(("mouth", member, word)), close=closed,
            gone=lambda member: self.told.append(("shut", member)),
        )  # fmt: skip
        return Led(1, self, None, hall, mouth, asyncio.ensure_future(runs()))


def hear(parts: Parts, *words) -> list:
    async def run() -> list:
        led = parts.led()
        for word in words:
            await led.hear("m", word, NOW)
        led.task.cancel()
        return parts.told

    return asyncio.run(run())


def test_each_word_reaches_whom_it_is_for():
    of_agents = [Arrived(key=1, host=HOST, boot="b"), Left(1, "a", "bye"), Alive(((HOST, NOW, 0.0),)),
                 Said(1, "a", encode(Done("1")))]  # fmt: skip
    of_requests = [
        Open(stream=1, kind="http", path="/", raw_path=b"/", query=b"", headers=(), scheme="http", http_version="1.1"),
        Event(1, {}), Shut(1),
    ]  # fmt: skip
    told = hear(Parts(), *of_agents, *of_requests, Say(1, "a", "{}"), Refuse(1, "a", ""), Over(()), Nth(1))
    assert told == [("hall", "m", one) for one in of_agents] + [("mouth", "m", one) for one in of_requests]


def test_whoever_begins_anew_has_told_nothing_yet_whether_or_not_the_database_answers():
    for away in (False, True):
        gone = ("gone", "m", "the region process at which it streamed begins anew")
        assert hear(Parts(away=away), Fresh()) == [gone, ("shut", "m"), ("refresh", NOW)]


def test_members_that_are_not_there_any_more_are_gone_wherever_they_were_known():
    async def run() -> None:
        parts = Parts()
        led = parts.led()
        led.missing(("m", "was"), {"m"})
        assert {one[:2] for one in parts.told} == {(what, who) for what in ("gone", "shut") for who in ("was", "n")}
        led.task.cancel()

    asyncio.run(run())


def test_leading_ends_in_order_or_at_once():
    async def run() -> None:
        parts = Parts()
        led = parts.led()
        await led.stop()
        assert parts.told == ["closed", "stopped"]
        led.end()
        assert parts.stopping.is_set()
        assert set(parts.told[2:]) == {("shut", "m"), ("shut", "n"), "forgotten"}
        await asyncio.gather(led.task, return_exceptions=True)
        assert led.task.cancelled()

    asyncio.run(run())
