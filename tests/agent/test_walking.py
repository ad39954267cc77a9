"""The source's side, against a real target on loopback."""

import asyncio
import socket

import pytest

from bellrock.agent.walking import Walker, distance, request
from bellrock.agent.watching import Watcher
from bellrock.contract import Order
from bellrock.contract.walk import Seen, Sighting, WalkPath, Watching
from bellrock.diagnosis.sighted import Passed
from bellrock.wire.glimpse import Complaint, Ends, Glimpse
from bellrock.wire.mark import Kind
from tests.agent.walks import HERE, Said, Wires, path, play, text, watched


async def walk(wanted, *passed, speak=False, hops=16, **rest):
    said = Said()
    why = await Walker(Wires(*passed, **rest), None, said).walk(Order("1", WalkPath(wanted, speak, hops)))
    return said[0] if said else why


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_the_other_agent_answers(protocol):
    async def scene():
        target = Said()
        wanted = path(protocol)
        async with watched(Watcher(Wires(), None, target), wanted):
            await target.first(Watching)
            sent = (await walk(wanted, speak=True)).sent
            assert (sent.answered, sent.marked, sent.answered_by, sent.obstacle) == (True, True, HERE, "")
            assert (sent.source, sent.source_port, sent.interface) == (HERE, wanted.source_port, "lo")
        assert (await target.first(Seen)).served.accepted == 1

    play(scene)


@pytest.mark.parametrize(("protocol", "obstacle"), [("udp", "port unreachable"), ("tcp", "reset")])
def test_nobody_listens(protocol, obstacle):
    async def scene():
        sent = (await walk(path(protocol))).sent
        assert (sent.answered, sent.obstacle) == (False, obstacle)

    play(scene)


def test_silence():
    async def scene():
        wanted = path()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((HERE, wanted.port))
            told = await walk(wanted)
            sent = told.sent
            assert (sent.tries, sent.answered, sent.obstacle) == (3, False, "")
            assert told.watched >= sent.waited >= wanted.within, "what comes in later than that is late"
            assert silent.recv(100) == text(number=0)

    play(scene)


def test_a_service_that_answers_has_no_mark():
    async def scene():
        wanted = path()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
            service.bind((HERE, wanted.port))
            task = asyncio.ensure_future(walk(wanted))
            _, peer = await asyncio.to_thread(service.recvfrom, 100)
            service.sendto(text(), peer)
            sent = (await task).sent
            assert (sent.answered, sent.marked) == (True, False)

    play(scene)


@pytest.mark.parametrize(
    "said", [b"", b"220 mail ESMTP greets whoever comes, at some length\r\n", None], ids=["closes", "greets", "mute"]
)
def test_a_tcp_service_that_is_not_the_other_agent(said):
    async def scene():
        writers = []

        async def serve(_, writer):
            writers.append(writer)
            if said is not None:
                writer.write(said)
                writer.close()

        server = await asyncio.start_server(serve, HERE, 0)
        async with server:
            wanted = path("tcp", server.sockets[0].getsockname()[1])
            sent = (await walk(wanted, speak=True)).sent
            assert (sent.answered, sent.marked) == (True, False)
            assert bool(sent.why) is (said is None or said == b"")
            quiet = (await walk(path("tcp", wanted.port), speak=False)).sent
            assert (quiet.answered, quiet.obstacle) == (True, "")
            for writer in writers:
                writer.close()

    play(scene)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_a_source_that_is_not_of_this_host(protocol):
    async def scene():
        sent = (await walk(path(protocol, source="192.0.2.77"))).sent
        assert (sent.obstacle, sent.tries) == ("local", 0 if protocol == "udp" else 1)
        assert "192.0.2.77" in sent.why

    play(scene)


def test_a_low_source_port_that_is_taken():
    async def scene():
        wanted = path(source_port=68, fixed=True, source=HERE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((HERE, 68))
            assert (await walk(wanted)).sent.obstacle == "local"

    play(scene)


def test_too_many_walks_and_no_address():
    async def scene():
        assert "8 walks" in await walk(path(), busy=True)
        assert "nonsense" in await walk(path(target="nonsense", source_port=68, source="nonsense"))

    play(scene)


def test_routers_are_looked_for_where_something_left():
    wanted = path()
    ends = Ends("udp", HERE, wanted.source_port, HERE, wanted.port)
    left = Passed(1.0, "eth0", True, Glimpse(ends=ends, hop_limit=64, payload=text()))
    exceeded = Passed(
        1.0, "eth0", False, Complaint(by="10.0.0.1", to=HERE, kind=11, code=0, about=ends, quoted=text(Kind.PROBE, 1))
    )

    async def scene():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((HERE, wanted.port))
            silent.settimeout(1)
            seen = await walk(wanted, left, exceeded, hops=3)
            assert [one.what for one in seen.sightings] == ["request", "error"]
            got = [silent.recvfrom(100) for _ in range(6)]
            assert sorted((payload, port) for payload, (_, port) in got[3:]) == sorted(
                (text(Kind.PROBE, hops), wanted.source_port + hops) for hops in (1, 2, 3)
            )

    play(scene)


@pytest.mark.parametrize(("left", "routers"), [(63, 1), (64, 0), (60, 4), (127, 1), (250, 5), (0, None)])
def test_distance_by_what_is_left_of_the_hop_limit(left, routers):
    reply = Sighting(at=1.0, what="reply", out=False, interface="e", source="b", source_port=1, destination="a", destination_port=2, hop_limit=left)  # fmt: skip
    assert distance((reply,)) == routers
    assert distance(()) is None


def test_a_request_is_in_the_shape_of_its_protocol():
    assert request(path(port=53), 0, Kind.REQUEST).endswith(b"\7invalid\0\0\x10\0\1")
    assert text(Kind.PROBE, 7) in request(path(port=69), 7, Kind.PROBE)
