"""What a process measures of itself."""

from __future__ import annotations

import asyncio
import os
import time

import psutil
import pytest

from bellrock.region import instruments as module
from bellrock.region.instruments import ALL, LOOP_LAG, feel_pulse, measured, process, timed
from bellrock.wire.exposition import Histogram, render
from tests.region.support import asynchronous


def test_what_takes_long_is_measured_however_it_ends():
    took = Histogram("took", "x", "step")
    with timed(took, "a"):
        pass
    with pytest.raises(KeyError), timed(took, "a"):
        raise KeyError
    assert took.count("a") == 2


def test_each_call_of_a_function_is_measured():
    took = Histogram("took", "x")

    @measured(took)
    def double(number: int, *, by: int = 2) -> int:
        """Doubles."""
        return number * by

    assert (double(2), double(2, by=3), double.__doc__) == (4, 6, "Doubles.")
    assert took.count() == 2


@asynchronous
async def test_a_loop_that_was_held_up_is_late(monkeypatch):
    lag = Histogram("lag", "x", bounds=(0.05,))
    monkeypatch.setattr(module, "LOOP_LAG", lag)
    monkeypatch.setattr(module, "PULSE", 0.01)
    task = asyncio.ensure_future(feel_pulse())
    await asyncio.sleep(0)
    time.sleep(0.1)  # noqa: ASYNC251 -- the loop is to be held up
    while not lag.count():
        await asyncio.sleep(0.001)
    task.cancel()
    assert b'lag_bucket{le="0.05"} 0' in render([lag])


def test_what_a_process_takes_is_as_others_measure_it():
    found, other = process(), psutil.Process()
    assert 0 < found.cpu <= sum(other.cpu_times()[:2]) + 1
    assert found.resident == pytest.approx(other.memory_info().rss, rel=0.2)
    assert abs(found.descriptors - len(os.listdir("/proc/self/fd"))) <= 2
    assert found.max_descriptors == other.rlimit(psutil.RLIMIT_NOFILE)[0]


def test_without_proc_it_is_not_known(tmp_path):
    found = process(tmp_path)
    assert (found.resident, found.descriptors) == (0, 0)
    assert found.cpu > 0


def test_all_have_names_of_their_own():
    names = [one.name for one in (*ALL, LOOP_LAG)]
    assert len(set(names)) == len(names)
    assert all(name.startswith("bellrock_") for name in names)
