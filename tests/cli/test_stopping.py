"""A wish to stop, whenever it comes."""

import asyncio
import os
import signal

import pytest

from bellrock.cli.stopping import TERMINAL_GONE, Stopping

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


@pytest.mark.parametrize("number", TERMINAL_GONE)
def test_a_terminal_that_is_gone_stops_who_asked_for_it(number):
    stopping = Stopping(TERMINAL_GONE)
    os.kill(os.getpid(), number)
    assert asyncio.run(stopped(stopping))


def test_what_nohup_ignores_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Stopping(TERMINAL_GONE)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGQUIT) is not signal.SIG_DFL


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
