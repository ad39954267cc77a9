"""The line at the door."""

import asyncio

import pytest

from bellrock.region.service import door as module
from bellrock.region.service.door import Door


class Room:
    """Room for so many."""

    def __init__(self, room=0, most=3):
        self.room, self.asked = room, 0
        self.door = Door(self.enter, lambda: most)

    def enter(self):
        self.asked += 1
        if not self.room:
            return False
        self.room -= 1
        return True

    async def stand(self, who, came):
        if await self.door.pass_through():
            came.append(who)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_where_there_is_room_nobody_waits():
    room = Room(2)
    assert asyncio.run(room.door.pass_through())
    assert (room.room, room.asked, room.door.waiting) == (1, 1, 0)


def test_first_come_first_served(monkeypatch):
    monkeypatch.setattr(module, "STEP", 0.0)

    async def scene():
        room, came = Room(), []
        async with asyncio.TaskGroup() as tasks:
            for who in "abc":
                tasks.create_task(room.stand(who, came))
                await settle()
            assert room.door.waiting == 3
            room.room = 1
            await settle()
            assert came == ["a"]
            room.room = 2
        assert came == ["a", "b", "c"]
        assert (room.room, room.door.waiting) == (0, 0)

    asyncio.run(scene())


def test_who_comes_while_others_stand_in_line_does_not_overtake_them(monkeypatch):
    monkeypatch.setattr(module, "STEP", 0.0)

    async def scene():
        room, came = Room(), []
        first = asyncio.create_task(room.stand("first", came))
        await settle()
        room.room = 1
        second = asyncio.create_task(room.stand("second", came))
        await first
        room.room = 1
        await second
        assert came == ["first", "second"]

    asyncio.run(scene())


def test_a_line_that_is_long_takes_nobody_more():
    async def scene():
        room, came = Room(most=1), []
        task = asyncio.create_task(room.stand("first", came))
        await settle()
        assert not await room.door.pass_through()
        assert room.door.waiting == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert room.door.waiting == 0, "who hangs up leaves the line"

    asyncio.run(scene())


def test_nobody_waits_for_long_and_the_next_one_moves_up(monkeypatch):
    monkeypatch.setattr(module, "PATIENT", 0.01)

    async def scene():
        room = Room()
        assert not await room.door.pass_through()
        room.room = 1
        assert await room.door.pass_through()

    asyncio.run(scene())
