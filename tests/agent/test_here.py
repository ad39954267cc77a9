"""A look at one's own host: real servers and rules in a namespace; what cannot be told is None."""

import asyncio
import socket
import subprocess
from contextlib import closing

import pytest

from bellrock.agent import here as module
from bellrock.agent.here import Inspector, resolvers, serves
from bellrock.firewall.verify.own import Serves
from bellrock.link.device import LinkError
from bellrock.model import Interface, InterfaceKind
from bellrock.model.here import Neighbour, Route
from bellrock.model.listening import Listener, Owner
from tests.link.namespaces import network_namespace


def listed():
    """The ruleset of this namespace, as the companion lists it."""
    return tuple(
        subprocess.run(["nft", how, "list", "ruleset"], capture_output=True, check=True).stdout for how in ("-j", "-a")
    )


async def rules():
    printed, text = listed()
    return printed, text.decode()


def bound(kind, address, port):
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return closing(sock)


@pytest.fixture
def inside():
    with network_namespace() as one:
        one.veth("eth0", "far")
        one.ip("addr add 10.0.0.2/24 dev eth0")
        one.ip("route add default via 10.0.0.1")
        one.ip("neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud stale")
        yield one


def nft(text):
    subprocess.run(["nft", text], check=True)


@pytest.mark.lab
def test_a_rack_with_a_rule_in_its_way(inside):
    nft("table inet filter { chain input { type filter hook input priority 0; counter; udp dport 69 drop; }; }")
    with (
        bound(socket.SOCK_DGRAM, "0.0.0.0", 69),
        bound(socket.SOCK_STREAM, "10.0.0.2", 80),
        bound(socket.SOCK_DGRAM, "0.0.0.0", 40000),
    ):
        one = asyncio.run(Inspector("rack-1", ("rack",), rules).look(waiting=3, advertised=("https://10.0.0.2:5240",)))
    assert (one.host, one.roles, one.advertised) == ("rack-1", ("rack",), ("https://10.0.0.2:5240",))
    assert ("eth0", "10.0.0.2/24") in one.addresses
    assert ("eth0", 1500) in one.links
    assert [(it.protocol, it.port) for it in one.listeners] == [("udp", 69), ("tcp", 80)]
    assert one.neighbours == (Neighbour("10.0.0.1", "02:00:00:00:00:01", "eth0", "known"),)
    assert Route("0.0.0.0/0", "eth0", "10.0.0.1") in one.routes
    assert [(it.flow, it.direction) for it in one.blocked] == [("tftp", "in")]
    assert "udp dport 69 drop" in one.blocked[0].rule
    assert [it.interface for it in one.answers] == ["eth0"]
    assert one.load.waiting == 3
    assert one.clock_synchronised in (True, False)


@pytest.mark.lab
def test_rules_are_judged_once_until_they_change(inside, monkeypatch):
    judged = []
    monkeypatch.setattr(module, "blocked", lambda *given, **_: judged.append(given) or ())

    async def scene():
        one = Inspector("rack-1", ("rack",), rules)
        for text in (
            "table inet t { chain input { type filter hook input priority 0; counter; }; }",
            None,
            "add rule inet t input drop",
        ):
            if text:
                nft(text)
            await one.look()

    asyncio.run(scene())
    assert len(judged) == 2


@pytest.mark.lab
def test_without_the_right_to_rules_and_where_they_cannot_be_read_nothing_is_known_of_them(inside):
    async def refused():
        raise OSError(0, "the companion is gone")

    async def garbage():
        return b"{", ""

    for ask in (None, refused, garbage):
        assert asyncio.run(Inspector("rack-1", ("rack",), ask).look()).blocked is None


def test_what_the_kernel_does_not_tell_is_none(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(1, "no")

    def refuse_links():
        raise LinkError("no rtnetlink")

    monkeypatch.setattr(module, "listening", refuse)
    monkeypatch.setattr(module, "LinkMonitor", refuse_links)
    monkeypatch.setattr(module.tables, "neighbours", refuse)
    monkeypatch.setattr(module.tables, "routes", refuse)
    one = asyncio.run(Inspector("rack-1", ("rack",), rules, tmp_path).look())
    assert (one.listeners, one.neighbours, one.routes, one.blocked, one.resolvers) == (None,) * 5
    assert one.addresses == ()


@pytest.mark.parametrize(
    ("conf", "resolved", "said"),
    [
        ("nameserver 10.0.0.53\n", None, ("10.0.0.53",)),
        ("nameserver 127.0.0.53\n", "nameserver 10.0.0.54\n", ("10.0.0.54",)),
        ("search example\n", None, ()),
        (None, None, None),
    ],
)
def test_resolvers(tmp_path, conf, resolved, said):
    (tmp_path / "etc").mkdir()
    (tmp_path / "run/systemd/resolve").mkdir(parents=True)
    for name, text in (("etc/resolv.conf", conf), ("run/systemd/resolve/resolv.conf", resolved)):
        if text is not None:
            (tmp_path / name).write_text(text)
    assert resolvers(tmp_path) == said


def test_bridges_for_what_runs_inside(monkeypatch):
    def bridge(name, kind=InterfaceKind.BRIDGE):
        return Interface(name=name, index=1, mac="02:00:00:00:00:01", kind=kind)

    found = [
        bridge("docker0"),
        bridge("br-0f3a"),
        bridge("br0"),
        bridge("virbr0"),
        bridge("virbr0-nic", InterfaceKind.OTHER),
    ]
    monkeypatch.setattr(module, "_links", lambda: tuple(found))
    assert asyncio.run(Inspector("a", ()).look()).inside == ("docker0", "br-0f3a", "virbr0")


def listener(port=67, protocol="udp", address="0.0.0.0", family=4, **more):
    return Listener(protocol=protocol, family=family, address=address, port=port, **more)


@pytest.mark.parametrize(
    ("given", "served"),
    [
        (listener(69), {Serves("udp", 69, 4)}),
        (listener(69, address="127.0.0.1"), set()),
        (listener(69, address="::1", family=6), set()),
        (listener(80, "tcp", "::", 6, dual=True), {Serves("tcp", 80, 4), Serves("tcp", 80, 6)}),
        (listener(80, "tcp", "fd00::2", 6, dual=True), {Serves("tcp", 80, 6)}),
    ],
)
def test_what_is_served_to_others(given, served, monkeypatch):
    monkeypatch.setattr(module.packet_sockets, "readers", frozenset)
    assert serves((given,)) == served


@pytest.mark.lab
@pytest.mark.parametrize("raw", [True, False])
def test_a_server_of_dhcp_that_reads_raw_frames_meets_no_rules(inside, raw):
    """As isc-dhcp-server and kea do; here it is this process."""
    protocol = 0x0800 if raw else 0x88CC
    with (
        bound(socket.SOCK_DGRAM, "0.0.0.0", 67),
        closing(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))),
    ):
        one = module.listening().here
        assert (Serves("udp", 67, 4) in serves(one)) is not raw


@pytest.mark.parametrize(("mine", "served"), [(True, True), (False, False)])
def test_of_owners_that_may_not_be_looked_at_only_others_raw_sockets_count(monkeypatch, mine, served):
    import os

    owner = Owner(os.getpid() if mine else 4711, "x")
    monkeypatch.setattr(module.packet_sockets, "readers", lambda: frozenset((9,)))
    monkeypatch.setattr(module.proc, "owners", lambda _: module.proc.Owners({9: (owner,)}, 0))
    assert (Serves("udp", 67, 4) in serves((listener(),))) is served
