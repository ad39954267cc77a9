"""Who is let in where many want to be, and what is left for those who come later."""

from __future__ import annotations

import asyncio
import resource
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.region import crowd as module
from bellrock.region import front
from bellrock.region.crowd import Crowd, Listener, room
from tests.region.joining import TLS, Joiner
from tests.region.support import asynchronous, region, until

PLACES = [f"192.0.2.{number}" for number in range(1, 30)]


def test_one_place_takes_half_and_leaves_the_rest_to_others():
    crowd = Crowd(16)
    assert sum(crowd.enter("192.0.2.1") for _ in range(100)) == 8
    assert sum(crowd.enter("192.0.2.2") for _ in range(100)) == 4
    assert sum(crowd.enter(f"2001:db8::{number + 1}") for number in range(100)) == 2, "one /64 is one place"
    assert crowd.refused == 92 + 96 + 98
    assert crowd.enter("192.0.2.3"), "who was not here yet"


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(PLACES)), max_size=200), st.integers(1, 40))
def test_nobody_is_over_the_limit_and_a_newcomer_finds_any_place_that_is_left(steps, limit):
    crowd, here = Crowd(limit), []
    for coming, where in steps:
        if coming:
            new = where not in here
            if crowd.enter(where):
                here.append(where)
            else:
                assert not new or len(here) == limit
        elif where in here:
            here.remove(where)
            crowd.leave(where)
        assert len(here) <= limit
    for where in here:
        crowd.leave(where)
    assert (crowd._total, crowd._here) == (0, {})


@asynchronous
async def test_connections_that_say_nothing_keep_nobody_out(tmp_path, monkeypatch):
    monkeypatch.setattr(front, "room", lambda _: 8)
    monkeypatch.setattr(module, "place", lambda address: address)
    async with region(tmp_path, listen=TLS) as running:
        port = int(running.tls.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0)) for _ in range(20)]
        try:
            heard = [asyncio.create_task(reader.read()) for reader, _ in idle]
            await until(lambda: sum(one.done() for one in heard) == 16)
            assert (await Joiner().join(running.tls)).state == "joined"
        finally:
            for _, writer in idle:
                writer.close()
            await asyncio.gather(*heard, *(writer.wait_closed() for _, writer in idle), return_exceptions=True)


def test_a_connection_that_is_closed_twice_leaves_once():
    crowd = Crowd(4)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listener = Listener(listening, crowd)
        with listener, socket.create_connection(listener.getsockname()):
            listener.setblocking(True)
            taken, _ = listener.accept()
            assert crowd._total == 1
            taken.close()
            taken.close()
            assert crowd._total == 0


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "places"),
    [
        (1024, 1 << 20, 24096, 20_000),
        (1024, 20_000, 20_000, 15_904),
        (1024, 4096, 4096, 2048),
        (256, 256, None, 128),
        (1 << 20, 1 << 20, None, 20_000),
        (1024, resource.RLIM_INFINITY, 24096, 20_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, 20_000),
    ],
)
def test_half_of_the_descriptors_are_kept_for_all_else(monkeypatch, soft, hard, asked, places):
    set_to: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(module.resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(module.resource, "setrlimit", lambda kind, values: set_to.append((kind, values)))
    assert room(20_000) == places
    assert set_to == ([(resource.RLIMIT_NOFILE, (asked, hard))] if asked else [])
