"""Letters of other members, of which somebody may put one there again."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import ContractError
from bellrock.region.cluster import mailbox as module
from bellrock.region.cluster.mailbox import Mailbox
from bellrock.region.cluster.outbox import Outbox
from bellrock.region.cluster.seal import Seal
from bellrock.region.cluster.words import Fresh, Nth, Refuse, Shut, encode
from bellrock.region.logs import Limited
from bellrock.region.service import Secret
from bellrock.region.store import StoreAway
from bellrock.region.store.members import Letter

SECRET = Secret("4e5f6071", b"k" * 32, b"t" * 32)


class Pigeonhole:
    """Letters as they lie in the database."""

    def __init__(self) -> None:
        self.letters = asyncio.Event()
        self.waiting: list[Letter] = []
        self.away = False

    def put(self, *letters: Letter) -> None:
        self.waiting += letters
        self.letters.set()

    async def read(self) -> list[Letter]:
        if self.away:
            raise StoreAway("cut off")
        now, self.waiting = self.waiting[:2], self.waiting[2:]
        return now


class Post:
    """One who writes, and what lies in the database of it."""

    def __init__(self, sender: str) -> None:
        self._sender = sender
        self.outbox = Outbox(self, Seal(sender, lambda: (SECRET,)).close)
        self.letters: list[Letter] = []

    async def write(self, letters: list[tuple[str, bytes]]) -> None:
        self.letters += [Letter(self._sender, body) for _, body in letters]

    async def close(self) -> None:
        pytest.fail("nothing is too much")

    async def say(self, *words) -> Letter:
        for word in words:
            self.outbox.put("me", word)
        await self.outbox._write()
        return self.letters[-1]


class Desk:
    """A mailbox, and what is heard of it."""

    def __init__(self, monkeypatch) -> None:
        monkeypatch.setattr(module, "Limited", lambda _: Limited(0.0))
        self.heard: list = []
        self.hole = Pigeonhole()
        self.turning = asyncio.Lock()
        self.box = Mailbox(self.hole, Seal("me", lambda: (SECRET,)).open, self._hear, self.turning)

    async def _hear(self, sender: str, word) -> None:
        assert self.turning.locked()
        if word == Refuse(0, "", ""):
            raise ContractError("an order of 2027")
        self.heard.append((sender, word))

    async def read(self) -> list:
        running = asyncio.create_task(self.box.run())
        for _ in range(20):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        now, self.heard = self.heard, []
        return now


def test_each_letter_is_heard_once_and_in_order(monkeypatch, caplog):
    async def run() -> None:
        desk, one, other = Desk(monkeypatch), Post("one"), Post("other")
        letters = [await one.say(Shut(1), Shut(2)), await other.say(Fresh()), await one.say(Shut(3))]
        desk.hole.put(*letters)
        expected = [("one", Shut(1)), ("one", Shut(2)), ("other", Fresh()), ("one", Shut(3))]
        assert await desk.read() == expected
        assert caplog.records == []
        # By who writes to the database: all of them again, and one that was written to somebody else's name.
        desk.hole.put(*letters, Letter("other", letters[0].body))
        assert await desk.read() == []
        assert caplog.text.count("letter-not-understood") == 4
        assert "letter 1 came after letter 2: somebody put it there again" in caplog.text
        desk.hole.put(await one.say(Shut(4)), await other.say(Shut(1)))
        assert await desk.read() == [("one", Shut(4)), ("other", Shut(1))]

    asyncio.run(run())


def test_letters_that_are_lost_leave_a_gap_and_no_more(monkeypatch):
    async def run() -> None:
        desk, one = Desk(monkeypatch), Post("one")
        lost, kept = await one.say(Shut(1)), await one.say(Shut(2))
        desk.hole.put(kept, lost)
        assert await desk.read() == [("one", Shut(2))], "and what is put there late is not heard"

    asyncio.run(run())


def test_an_older_version_does_not_number_its_letters_and_a_newer_one_always_does(monkeypatch, caplog):
    async def run() -> None:
        desk, one = Desk(monkeypatch), Post("one")
        plain = Letter("one", Seal("one", lambda: (SECRET,)).close("me", encode((Shut(1),))))
        empty = Letter("one", Seal("one", lambda: (SECRET,)).close("me", encode(())))
        desk.hole.put(plain, plain, empty)
        assert await desk.read() == [("one", Shut(1)), ("one", Shut(1))]
        desk.hole.put(await one.say(Shut(2)), plain)
        assert await desk.read() == [("one", Shut(2))]
        assert "letter without number came after letter 1" in caplog.text

    asyncio.run(run())


def test_what_is_not_understood_is_told_and_the_rest_is_heard(monkeypatch, caplog):
    async def run() -> None:
        desk = Desk(monkeypatch)
        sealed = Seal("one", lambda: (SECRET,)).close
        strange = Letter("one", sealed("me", encode((Nth(1), {"type": "word-of-2027"}, Shut(5)))))
        desk.hole.put(strange, Letter("one", sealed("me", b"\xc1")), await Post("two").say(Refuse(0, "", ""), Shut(6)))
        assert await desk.read() == [("one", Shut(5)), ("two", Shut(6))]
        assert "word-of-2027" in caplog.text
        assert "an order of 2027" in caplog.text
        desk.hole.away = True
        desk.hole.put()
        with pytest.raises(StoreAway):
            await desk.box.run()

    asyncio.run(run())
