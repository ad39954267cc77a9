"""A probe's way to the network: the record, the exchange, strangers, loads."""

import asyncio
import socket

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import TooMuch
from bellrock.model import Monotonic
from bellrock.probe.manners import Manners
from bellrock.probe.net import MAX_TRACED, MAX_WORDS, Net, Record
from bellrock.probe.values import Ask, Load
from bellrock.wire.text import endpoint
from tests.probe.peers import tcp_server, udp_server


def net(port: int, *, octets: int = 4096, spacing: float = 0.0) -> Net:
    return Net(
        Ask(flow="ntp", address="127.0.0.1", port=port), Load(packets=8, octets=octets, spacing=spacing), Manners()
    )


def test_a_record_is_bounded_and_keeps_the_last():
    record = Record()
    for number in range(MAX_TRACED + 10):
        record.sent(f"{number} " + "x" * 1000, number)
    assert len(record.steps) == MAX_TRACED
    assert record.steps[-1].what.startswith(f"{MAX_TRACED + 9} ")
    assert all(len(step.what) <= MAX_WORDS for step in record.steps)


def test_the_round_trip_is_of_the_first_answer_to_the_first_question():
    record = Record()
    record.received("unasked")
    assert record.rtt is None
    record.sent("a question")
    record.received("an answer", at=Monotonic(0.0))  # a clock of the kernel's may be a little behind
    first = record.rtt
    record.sent("another")
    record.received("and its answer")
    assert (first, record.rtt) == (0.0, 0.0)


def test_what_has_happened():
    record = Record()
    assert (record.began, record.answered, record.said, record.stuck) == (False, False, False, False)
    record.noticed("something")
    assert (record.began, record.answered) == (True, False)
    record.received("an answer")
    assert (record.answered, record.said) == (True, True)


def test_a_connection_alone_is_an_answer_but_nothing_said():
    async def act(way):
        async with await way.connect():
            pass

    with tcp_server(lambda connection: connection.recv(1)) as port:
        way = net(port)
        asyncio.run(act(way))
    assert (way.record.answered, way.record.said) == (True, False)
    assert [step.what for step in way.record.steps] == [
        f"TCP SYN to 127.0.0.1:{port}",
        "TCP connection from 127.0.0.1 stands",
    ]


def test_no_connection_leaves_what_was_sent():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        way = net(held.getsockname()[1])
        with pytest.raises(Obstructed) as caught:
            asyncio.run(way.connect())
    assert caught.value.obstacle is Obstacle.RESET
    assert [step.direction for step in way.record.steps] == ["sent"]


def test_a_way_apart_has_a_record_of_its_own():
    way = net(9)
    other = way.apart()
    other.record.sent("x")
    assert (way.record.began, other.record.began, other.ask) == (False, True, way.ask)


async def asked(way, tries=3, wait=0.05, port=0):
    with way.datagrams(port) as exchange:
        return await exchange.ask(b"question", "a question", tries, wait)


def test_a_question_is_asked_again_until_somebody_answers():
    seen = []

    def third(payload, say):
        seen.append(payload)
        if len(seen) == 3:
            say(b"answer")

    with udp_server(third) as port:
        way = net(port)
        came = asyncio.run(asked(way, wait=0.3))
    assert came.payload == b"answer"
    assert [step.direction for step in way.record.steps] == ["sent"] * 3


def test_nobody_answers():
    with udp_server(lambda *_: None) as port, pytest.raises(TimeoutError):
        asyncio.run(asked(net(port)))
    with udp_server(lambda *_: None) as port, pytest.raises(TimeoutError):
        asyncio.run(asked(net(port), tries=0))


def test_strangers_are_passed_over_and_noted():
    def answer(_payload, say):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(b"from elsewhere", ("127.0.0.1", local[0]))
        say(b"answer")

    local: list[int] = []

    async def act(way):
        with way.datagrams() as exchange:
            await exchange.send(b"hello", "first", port=9)  # a port of our own is chosen with the first that is sent
            local.append(exchange.local[1])
            try:
                await exchange.send(b"question", "a question")
            except Obstructed:
                await exchange.send(b"question", "a question")
            while True:
                try:
                    return await exchange.receive(way.ask.port)
                except Obstructed:
                    continue

    with udp_server(answer) as port:
        way = net(port)
        came = asyncio.run(act(way))
    assert came.payload == b"answer"
    assert way.record.stranger.startswith("127.0.0.2 port ")
    assert [step.what for step in way.record.steps if step.direction == "noticed"] == [
        f"14 octets from {way.record.stranger}, who was not asked"
    ]


def test_another_port_of_the_target_is_a_stranger_where_one_port_is_asked():
    def answer(_payload, say):
        say(b"elsewhere", True)
        say(b"here")

    async def act(way, port):
        with way.datagrams() as exchange:
            await exchange.send(b"question", "")
            return await exchange.receive(port)

    with udp_server(answer) as port:
        way = net(port)
        assert asyncio.run(act(way, port)).payload == b"here"
        assert asyncio.run(act(net(port), 0)).payload == b"elsewhere"
    assert [step.direction for step in way.record.steps] == ["noticed"]


def test_more_than_the_load_says_is_not_read():
    def much(_payload, say):
        for _ in range(5):
            say(bytes(1000))

    async def act(way):
        with way.datagrams() as exchange:
            await exchange.send(b"question", "a question")
            while True:
                await exchange.receive()

    with udp_server(much) as port, pytest.raises(TooMuch, match="more came in than this probe reads"):
        asyncio.run(act(net(port, octets=2500)))


@pytest.mark.parametrize(("address", "text"), [("192.0.2.1", "192.0.2.1:69"), ("fd00::1", "[fd00::1]:69")])
def test_endpoints(address, text):
    assert endpoint(address, 69) == text
