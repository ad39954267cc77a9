"""A wish to stop, whenever it comes."""

import asyncio
import os
import signal

import pytest

from bellrock.cli.stopping import Stopping

pytestmark = pytest.mark.usefixtures("restored_signals")


async def stopped(stopping):
    async with asyncio.timeout(5):
        await stopping.event().wait()
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_loop_runs_is_not_lost(number):
    stopping = Stopping()
    os.kill(os.getpid(), number)
    assert asyncio.run(stopped(stopping))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_wakes_a_loop_that_waits(number):
    stopping = Stopping()

    async def main():
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        return await stopped(stopping)

    assert asyncio.run(main())


def test_more_of_them_during_and_after_are_none_too_many():
    stopping = Stopping()

    async def main():
        event = stopping.event()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await event.wait()

    asyncio.run(main())
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) not in (signal.SIG_DFL, signal.default_int_handler)
