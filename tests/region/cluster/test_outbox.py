"""Words that wait for the database."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.cluster import outbox as module
from bellrock.region.cluster.outbox import ROOM, Outbox
from bellrock.region.cluster.words import Event, Nth, Say, Shut, decode
from bellrock.region.store import StoreAway


class Desk:
    """Takes letters when it is open."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, tuple]] = []
        self.numbers: list[tuple[str, int]] = []
        self.open = asyncio.Event()
        self.away = False
        self.closed = 0

    async def write(self, letters) -> None:
        await self.open.wait()
        if self.away:
            raise StoreAway("cut off")
        for recipient, body in letters:
            nth, *words = decode(body.removeprefix(recipient.encode()))
            assert isinstance(nth, Nth)
            self.letters.append((recipient, tuple(words)))
            self.numbers.append((recipient, nth.number))

    async def close(self) -> None:
        self.closed += 1


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_waits_for_one_member_is_one_letter_and_in_order():
    async def run() -> None:
        desk = Desk()
        box = Outbox(desk, lambda recipient, body: recipient.encode() + body)
        running = asyncio.create_task(box.run())
        box.put("a", Shut(1))
        await settle()
        for number in range(2, 6):
            box.put("a" if number % 2 else "b", Shut(number))
        assert box.waiting == 4, "the first is being written"
        desk.open.set()
        await settle()
        assert desk.letters == [("a", (Shut(1),)), ("b", (Shut(2), Shut(4))), ("a", (Shut(3), Shut(5)))]
        assert desk.numbers == [("a", 1), ("b", 1), ("a", 2)]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_a_long_letter_is_cut_in_several(monkeypatch):
    monkeypatch.setattr(module, "MAX_LETTER", 2)

    async def run() -> None:
        desk = Desk()
        desk.open.set()
        box = Outbox(desk, lambda recipient, body: recipient.encode() + body)
        for number in range(5):
            box.put("a", Shut(number))
        running = asyncio.create_task(box.run())
        await settle()
        assert [len(words) for _, words in desk.letters] == [2, 2, 1]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_those_who_have_much_to_say_wait_for_room():
    async def run() -> None:
        desk = Desk()
        box = Outbox(desk, lambda recipient, body: recipient.encode() + body)
        running = asyncio.create_task(box.run())
        await settle()
        for number in range(ROOM):
            box.put("a", Shut(number))
        waiting = asyncio.create_task(box.room())
        await asyncio.wait_for(waiting, 5)  # the writer has taken them
        for number in range(ROOM):
            box.put("a", Shut(number))
        waiting = asyncio.create_task(box.room())
        await settle()
        assert not waiting.done()
        desk.open.set()
        await asyncio.wait_for(waiting, 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_a_database_that_is_away_ends_it_and_nothing_is_kept():
    async def run() -> None:
        desk = Desk()
        desk.away = True
        desk.open.set()
        box = Outbox(desk, lambda recipient, body: recipient.encode() + body)
        box.put("a", Shut(1))
        with pytest.raises(StoreAway, match="cut off"):
            await box.run()
        assert box.waiting == 0

    asyncio.run(run())


def test_too_much_that_waits_is_a_database_that_is_away(monkeypatch):
    monkeypatch.setattr(module, "MAX_WORDS", 3)

    async def run() -> None:
        desk = Desk()
        box = Outbox(desk, lambda recipient, body: recipient.encode() + body)
        for number in range(4):
            box.put("a", Shut(number))
        with pytest.raises(StoreAway, match="4 words wait"):
            await box.run()
        assert (desk.closed, box.waiting) == (1, 0)

    asyncio.run(run())


def test_letters_and_statements_are_bounded_in_octets_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr(module, "MAX_OCTETS", 1000)
    monkeypatch.setattr(module, "MAX_STATEMENT", 1500)

    async def run() -> None:
        desk = Desk()
        desk.open.set()
        written: list[int] = []
        write = desk.write

        async def counted(letters) -> None:
            written.append(sum(len(body) for _, body in letters))
            await write(letters)

        desk.write = counted
        box = Outbox(desk, lambda recipient, body: recipient.encode() + body)
        said = [
            Event(number, {"type": "x", "body": bytes(size)}) for number, size in enumerate((5, 700, 300, 5000, 5, 5))
        ]
        for word in (*said, Say(1, "agent", "m" * 900)):
            box.put("a", word)
        running = asyncio.create_task(box.run())
        await settle()
        assert [word for _, words in desk.letters for word in words] == [*said, Say(1, "agent", "m" * 900)]
        assert [len(words) for _, words in desk.letters] == [1, 1, 1, 1, 2, 1]
        assert len(written) > 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
