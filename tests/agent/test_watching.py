"""The target's side: it answers who has the key, nobody else, and leaves services alone."""

import asyncio
import socket

import pytest
from msgspec import structs

from bellrock.agent import watching
from bellrock.agent.watching import MAX_REPLIES, Watcher
from bellrock.contract import Order
from bellrock.contract.walk import Seen, TellPath, Watching, WatchPath
from bellrock.diagnosis.sighted import Passed
from bellrock.link.nexthop import Ports
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.wire import marked
from bellrock.wire.glimpse import Ends, Glimpse
from bellrock.wire.mark import Kind
from tests.agent.walks import BLOCKS, HERE, WALK, Said, Wires, is_reply, path, play, text, watched


def rig(*passed, **rest):
    said = Said()
    return Watcher(Wires(*passed, **rest), None, said), said


@pytest.fixture
def client():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HERE, 0))
        sock.settimeout(5)
        yield sock


async def answer(client):
    return await asyncio.to_thread(client.recvfrom, 2048)


def test_a_right_mark_is_answered_and_strangers_are_not(client):
    async def scene():
        watcher, said = rig()
        wanted = path()
        async with watched(watcher, wanted):
            assert (await said.first(Watching)).listener == "own"
            for stranger in (b"", b"hello", text(key="00" * 32), text(Kind.REPLY), b"x" * 60_000):
                client.sendto(stranger, (HERE, wanted.port))
            client.sendto(text(Kind.PROBE, 3), (HERE, wanted.port))
            client.sendto(marked.payload(wanted.port, text(number=2), HERE), (HERE, wanted.port))
            got, (address, port) = await answer(client)
            assert is_reply(got)
            assert (address, port) == (HERE, wanted.port)
        served = (await said.first(Seen)).served
        assert (served.accepted, served.strangers, served.replies) == (1, 5, 1)
        assert (served.peer, served.peer_port) == client.getsockname()
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recvfrom(2048)

    play(scene)


def test_a_captured_request_that_is_sent_again_and_again_is_answered_so_many_times_and_no_more(client):
    async def scene():
        watcher, said = rig()
        wanted = path()
        async with watched(watcher, wanted):
            await said.first(Watching)
            for _ in range(MAX_REPLIES + 10):
                client.sendto(text(), (HERE, wanted.port))
            for _ in range(MAX_REPLIES):
                await answer(client)
        assert (await said.first(Seen)).served.replies == MAX_REPLIES

    play(scene)


def test_an_answer_from_a_port_of_its_own(client):
    async def scene():
        watcher, said = rig()
        wanted = path(separate=True)
        async with watched(watcher, wanted):
            await said.first(Watching)
            client.sendto(text(), (HERE, wanted.port))
            _, (address, port) = await answer(client)
            assert address == HERE
            assert port != wanted.port

    play(scene)


async def converse(port, said):
    reader, writer = await asyncio.open_connection(HERE, port)
    try:
        writer.write(said)
        return await asyncio.wait_for(reader.read(100), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_over_tcp_strangers_are_let_go_without_a_word(monkeypatch):
    monkeypatch.setattr(watching, "SAY", 0.2)

    async def scene():
        watcher, said = rig()
        wanted = path("tcp")
        async with watched(watcher, wanted):
            assert (await said.first(Watching)).listener == "own"
            for stranger in (b"GET / HTTP/1.0\r\n\r\n" * 5, b"", b"bw1-", text(key="00" * 32), b"x" * 1_000_000):
                assert await converse(wanted.port, stranger) == b""
            assert is_reply(await converse(wanted.port, text()))
            assert is_reply(await converse(wanted.port, text() + b"and more"))
        served = (await said.first(Seen)).served
        assert (served.accepted, served.strangers, served.replies) == (2, 5, 2)

    play(scene)


def test_a_connection_that_had_begun_and_that_the_kernel_gave_up_is_told(monkeypatch):
    """Its answer is dropped by a rule of this host's own: the second try fails as well, and the kernel forgets it after a second."""

    async def scene():
        watcher, said = rig()
        wanted = path("tcp")
        table = [(9,), (wanted.source_port, 9)]
        monkeypatch.setattr(watching, "half_open", lambda port: table.pop() if table and port == wanted.port else ())
        monkeypatch.setattr(watching, "HALF_OPEN_EVERY", 0.01)
        async with watched(watcher, wanted):
            await said.first(Watching)
            while table:
                await asyncio.sleep(0.01)
        served = (await said.first(Seen)).served
        assert (served.accepted, served.half_open) == (0, 1)

    play(scene)


@pytest.mark.parametrize(
    ("beyond", "accepted"), [(0, 1), (1, 0), (31, 0)], ids=["request", "hop-limit-1", "hop-limit-31"]
)
def test_who_comes_from_the_requests_port_was_let_in_although_nothing_more_comes(monkeypatch, beyond, accepted):
    """The walk's other ports are those of packets with small hop limits: one that comes as far is no request, and no stranger."""
    monkeypatch.setattr(watching, "SAY", 0.05)

    async def scene():
        watcher, said = rig()
        wanted = path("tcp")
        async with watched(watcher, wanted):
            await said.first(Watching)
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((HERE, wanted.source_port + beyond))
                sock.setblocking(False)
                await asyncio.get_running_loop().sock_connect(sock, (HERE, wanted.port))
                assert await asyncio.get_running_loop().sock_recv(sock, 10) == b""
        served = (await said.first(Seen)).served
        assert (served.accepted, served.strangers, served.replies) == (accepted, 0, 0)

    play(scene)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("listen", [True, False])
def test_a_port_that_a_service_holds_stays_the_services(protocol, listen):
    async def scene():
        watcher, said = rig()
        wanted = path(protocol)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as service:
            service.bind((HERE, wanted.port))
            if protocol == "tcp":
                service.listen()
            async with watched(watcher, wanted, listen=listen):
                found = await said.first(Watching)
                assert found.listener == "held"
                assert found.why

    play(scene)


def test_nobody_listens_where_nobody_shall():
    async def scene():
        watcher, said = rig()
        wanted = path()
        async with watched(watcher, wanted, listen=False):
            assert await said.first(Watching) == Watching(order="1", listener="none")

    play(scene)


@pytest.mark.parametrize(("target", "says"), [("192.0.2.77", "annot assign"), ("nonsense", "nonsense")])
def test_an_address_that_is_not_of_this_host(target, says):
    async def scene():
        watcher, said = rig()
        async with watched(watcher, path(target=target)):
            found = await said.first(Watching)
            assert (found.listener, says in found.why) == ("none", True), found

    play(scene)


def test_what_the_wire_showed_is_told_with_the_way_back():
    ends = Ends("udp", HERE, 50016, HERE, 9)

    async def scene():
        passed = Passed(1.0, "eth0", False, Glimpse(ends=ends, hop_limit=63, payload=text()))
        watcher, said = rig(passed)
        async with watched(watcher, path(), listen=False):
            await said.first(Watching)
        seen = await said.first(Seen)
        assert [(one.what, one.hop_limit) for one in seen.sightings] == [("request", 63)]
        assert seen.served.interface == "lo"

    play(scene)


@pytest.mark.parametrize("separate", [False, True], ids=["same-port", "any-port"])
def test_a_way_back_that_is_not_there_is_told_as_the_routes_have_it(monkeypatch, separate):
    asked = []
    wanted = path(separate=separate)

    def no_way(peer, here, *, ports):
        asked.append((peer, here, ports))
        return Obstructed(Obstacle.REFUSING_ROUTE, why="a route of type blackhole")

    async def scene():
        ends = Ends("udp", HERE, 50016, HERE, 9)
        watcher, said = rig(Passed(1.0, "eth0", False, Glimpse(ends=ends, hop_limit=63, payload=text())))
        async with watched(watcher, wanted, listen=False):
            await said.first(Watching)
        served = (await said.first(Seen)).served
        assert (served.obstacle, served.why, served.interface) == ("refusing route", "a route of type blackhole", "")

    monkeypatch.setattr(watching, "next_hop", lambda *_, **__: None)
    monkeypatch.setattr(watching, "no_way", no_way)
    play(scene)
    assert asked == [(HERE, HERE, Ports("udp", 0 if separate else wanted.port, 50016))]


def test_a_walk_is_watched_once_and_told_once():
    async def scene():
        watcher, said = rig()
        wanted = path()
        assert "not watched here" in await watcher.tell(Order("0", TellPath(WALK)))
        async with watched(watcher, wanted):
            await said.first(Watching)
            assert "watched already" in await watcher.watch(Order("3", WatchPath(wanted)))
        assert "not watched here" in await watcher.tell(Order("4", TellPath(WALK)))

    play(scene)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_two_walks_never_take_each_other_for_a_service(protocol):
    async def scene():
        watcher, said = rig()
        wanted = path(protocol)
        other = structs.replace(wanted, walk="ff" * 8, source_port=next(BLOCKS))
        async with watched(watcher, wanted):
            await said.first(Watching)
            assert "another walk has" in await watcher.watch(Order("3", WatchPath(other)))
        said.clear()
        async with watched(watcher, other):
            assert (await said.first(Watching)).listener == "own"

    play(scene)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_the_port_is_free_when_the_result_is_told(protocol):
    async def scene():
        watcher, said = rig()
        wanted = path(protocol)
        free = []

        def say(message):
            if isinstance(message, Seen):
                kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
                with socket.socket(socket.AF_INET, kind) as sock:
                    sock.bind((HERE, wanted.port))
                free.append(wanted.port)
            return said(message)

        watcher._say = say
        async with watched(watcher, wanted):
            assert (await said.first(Watching)).listener == "own"
        assert free

    play(scene)


def test_a_stand_in_at_another_address_is_no_service():
    async def scene():
        watcher, said = rig()
        wanted = path()
        other = structs.replace(wanted, walk="ff" * 8, target="127.0.0.2")
        async with watched(watcher, wanted):
            await said.first(Watching)
            said.clear()
            async with watched(watcher, other, listen=False):
                assert (await said.first(Watching)).listener == "none"

    play(scene)


def test_a_watch_that_nobody_asks_for_ends(monkeypatch):
    monkeypatch.setattr(watching, "ARMED", 0.05)

    async def scene():
        watcher, _ = rig()
        assert await watcher.watch(Order("1", WatchPath(path("tcp")))) == ""
        assert "not watched here" in await watcher.tell(Order("2", TellPath(WALK)))

    play(scene)


def test_too_many_walks():
    async def scene():
        watcher, _ = rig(busy=True)
        assert "8 walks" in await watcher.watch(Order("1", WatchPath(path())))

    play(scene)
