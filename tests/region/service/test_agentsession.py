"""What is said on an agent's connection, and what the agent says of its host."""

from __future__ import annotations

import asyncio

from bellrock.contract import Ack, MeasureMtu, Order
from bellrock.contract.here import Told
from bellrock.model import Host, Wall
from bellrock.region.service import agentsession as module
from bellrock.region.service.agentsession import Session
from bellrock.region.service.clock import Offset


def test_what_an_agent_tells_of_its_host_is_taken_as_far_as_it_can_be(caplog):
    session = Session(Host("a", "rack"), "", Offset())
    addresses = (("eth0", "10.0.0.1/24"), ("eth0", "x"))
    session.told(Told(sent=Wall(5.0), whole=True, addresses=addresses))
    session.told(Told(sent=Wall(float("inf")), addresses=()))
    assert session.here is not None
    assert (session.here.seen, session.here.addresses) == (5.0, addresses[:1])
    assert caplog.text.count("here-left-out") == 1, "once in a while"
    assert "parts=addresses" in caplog.text


def test_a_session_tells_acknowledgements_before_its_end():
    async def tell() -> None:
        session = Session(Host("a", "rack"), "", Offset())
        session.ack(3)
        session.ack(7)
        session.ack(5)
        session.refuse("first")
        session.refuse("second")
        assert [await session.next(), await session.next()] == [Ack(7), "first"]
        other = Session(Host("a", "rack"), "", Offset())
        other.ack(1)
        assert await other.next() == Ack(1)
        waiting = asyncio.create_task(other.next())
        await asyncio.sleep(0)
        other.ack(1)
        assert await waiting == Ack(1), "a report that came twice is acknowledged twice"

    asyncio.run(tell())


def test_what_waited_for_the_region_is_known_until_it_has_read_all():
    session = Session(Host("a", "rack"), "", Offset())
    session.held = 20.0
    session.hears(0.5)
    assert session.held == 19.5
    session.held += 5.0
    session.hears(0.0)
    assert session.held == 24.5
    session.hears(module.QUIET)
    assert session.held == 0.0
    session.hears(0.5)
    assert session.held == 0.0


def test_a_session_tells_other_words_in_order_and_cuts_off_who_does_not_read(monkeypatch):
    monkeypatch.setattr(module, "MAX_WORDS", 2)

    async def tell() -> None:
        session = Session(Host("a", "rack"), "", Offset())
        orders = [Order(str(number), MeasureMtu()) for number in range(3)]
        for order in orders[:2]:
            session.say(order)
        session.ack(1)
        assert [await session.next() for _ in range(3)] == [Ack(1), *orders[:2]]
        for order in orders:
            session.say(order)
        assert [await session.next() for _ in range(3)] == [
            *orders[:2], "2 messages wait that this agent does not read",
        ]  # fmt: skip

    asyncio.run(tell())
