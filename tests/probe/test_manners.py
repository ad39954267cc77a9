import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Monotonic
from bellrock.probe import manners
from bellrock.probe.manners import Manners


class Clock:
    """A clock that moves when somebody sleeps, and then later than was asked for."""

    def __init__(self, late=()):
        self.now = 0.0
        self._late = iter(late)

    def monotonic(self):
        return Monotonic(self.now)

    async def sleep(self, seconds):
        self.now += seconds + next(self._late, 0.0)


def sent(clock, wanted, spacing=0.2):
    """When packets to these addresses may go."""
    found = []

    async def one_after_the_other():
        gentle = Manners()
        for address in wanted:
            await gentle.wait(address, spacing)
            found.append((address, clock.now))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manners, "monotonic", clock.monotonic)
        patch.setattr(manners.asyncio, "sleep", clock.sleep)
        asyncio.run(one_after_the_other())
    return found


def test_the_first_goes_at_once_and_the_others_wait():
    assert sent(Clock(), "aaa") == [("a", 0.0), ("a", 0.2), ("a", 0.4)]


def test_other_addresses_do_not_wait():
    assert sent(Clock(), "abab") == [("a", 0.0), ("b", 0.0), ("a", 0.2), ("b", 0.2)]


def test_without_spacing_nobody_waits():
    assert sent(Clock(), "aaa", 0.0) == [("a", 0.0)] * 3


@given(st.lists(st.floats(0, 5), max_size=12))
def test_a_packet_that_was_late_pushes_back_the_next(late):
    times = [at for _, at in sent(Clock(late), "a" * 10)]
    assert all(after - before >= 0.2 - 1e-9 for before, after in itertools.pairwise(times))


def test_the_pause_begins_when_the_packet_has_left():
    clock = Clock()

    async def slowly():
        gentle = Manners()
        await gentle.wait("a", 0.2)
        clock.now += 0.15
        gentle.went("a", 0.2)
        await gentle.wait("a", 0.2)
        gentle.went("b", 0.0)
        assert "b" not in gentle._free

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manners, "monotonic", clock.monotonic)
        patch.setattr(manners.asyncio, "sleep", clock.sleep)
        asyncio.run(slowly())
    assert clock.now == pytest.approx(0.35)


def test_waiters_side_by_side_go_one_at_a_time():
    times = []

    async def one(gentle):
        await gentle.wait("a", 0.01)
        times.append(manners.monotonic())

    async def all_at_once():
        gentle = Manners()
        await asyncio.gather(*(one(gentle) for _ in range(5)))

    asyncio.run(all_at_once())
    assert len(times) == 5
    # The fifth has waited for four pauses, whoever was the first.
    assert max(times) - min(times) > 0.04 - 0.001


def test_who_came_first_is_served_first_although_others_ask_again_and_again():
    gentle, served = Manners(), []

    async def talk(name, times):
        for _ in range(times):
            await gentle.wait("bmc", 0.001)
            served.append(name)

    async def both():
        async with asyncio.TaskGroup() as group:
            group.create_task(talk("chatty", 20))
            group.create_task(talk("other", 3))

    asyncio.run(both())
    # Once both are in line they take turns.
    assert served[2:7] == ["other", "chatty", "other", "chatty", "other"]
    assert gentle._waiting._lines == {}


def test_what_is_remembered_is_bounded():
    gentle = Manners()

    async def many():
        for number in range(manners.MAX_ADDRESSES + 10):
            await gentle.wait(str(number), 0.001)

    asyncio.run(many())
    assert len(gentle._free) == manners.MAX_ADDRESSES
    assert "0" not in gentle._free


def test_alone_is_alone_and_in_turn():
    gentle, inside, order = Manners(), [0], []

    async def one(name):
        async with gentle.alone("a"):
            inside[0] += 1
            assert inside == [1]
            order.append(name)
            await asyncio.sleep(0)
            inside[0] -= 1

    async def all_at_once():
        await asyncio.gather(*(one(name) for name in range(5)))

    asyncio.run(all_at_once())
    assert order == [0, 1, 2, 3, 4]
    assert gentle._alone._lines == {}


def test_others_do_not_wait_for_who_is_alone_elsewhere_and_who_gives_up_stands_in_nobodys_way():
    gentle = Manners()

    async def talk():
        async with gentle.alone("a"):
            async with gentle.alone("b"):
                pass
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), gentle.alone("a"):
                    pytest.fail("it is not alone")
        async with asyncio.timeout(1), gentle.alone("a"):
            pass

    asyncio.run(talk())
    assert gentle._alone._lines == {}
