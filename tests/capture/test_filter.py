"""Every filter, compiled by libpcap and run over a capture with known contents: it takes all packets of its flows, and no other."""

from dataclasses import replace
from functools import cache
from ipaddress import ip_network

import pcapy
import pytest

from bellrock.capture.filter import body, expression, notes
from bellrock.capture.values import NothingWantedError, Wanted
from bellrock.flows.catalogue import CATALOGUE, flow
from bellrock.flows.profiles import catalogue
from bellrock.flows.values import Role
from tests.capture.packets import KNOWN, STACKS, STRANGER, TFTP, WORLD, Packet, belongs, ethernet, universe

UNIVERSE = universe()
FRAMES = [[packet.frame(*tags) for packet in UNIVERSE] for tags in STACKS]
DEEPER = [packet.frame((0x88A8, 1), *STACKS[2]) for packet in UNIVERSE[:400]]
ARP = bytes.fromhex("ffffffffffff0200000000010806") + bytes(46)
SERVERS = {role: KNOWN[role] for role in (Role.RACK, Role.REGION)}
NODES = {Role.NODE: KNOWN[Role.NODE]}
ONLY4 = {role: nets[:1] for role, nets in KNOWN.items()}
WORLDS = {"nothing": {}, "servers": SERVERS, "nodes": NODES, "all": KNOWN, "IPv4": ONLY4}
IDS = [one.id for one in CATALOGUE]


def compiled(text):
    """Whether libpcap's program takes a frame."""
    program = pcapy.compile(1, 262144, text, 1, 0xFFFFFFFF)
    return lambda frame: bool(program.filter(frame))


@cache
def of_one(flow_id, world):
    return [belongs(packet, (flow(flow_id),), WORLDS[world]) for packet in UNIVERSE]


def expected(flows, world):
    return [any(each) for each in zip(*(of_one(one.id, world) for one in flows), strict=True)]


def check(text, wanted, depths=(0, 1, 2)):
    takes = compiled(text)
    for depth in depths:
        wrong = [at for at, (frame, want) in enumerate(zip(FRAMES[depth], wanted, strict=True)) if takes(frame) != want]
        assert not wrong, (depth, UNIVERSE[wrong[0]], text)
    return takes


def test_universe_tries_everything():
    taken = [sum(expected((one,), "nothing")) for one in CATALOGUE]
    assert all(taken)
    assert len(UNIVERSE) > 2 * sum(expected(CATALOGUE, "all")) > 400
    assert not all(expected(CATALOGUE, "nothing"))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("flow_id", IDS)
def test_each_flow_tagged_or_not(flow_id, world):
    one = flow(flow_id)
    wanted = expected((one,), world)
    asked = Wanted(flows=(one,), addresses=WORLDS[world])
    if not any(wanted):
        with pytest.raises(NothingWantedError, match="other IP version"):
            expression(asked)
        return
    takes = check(expression(asked), wanted)
    assert not any(takes(frame) for frame in DEEPER)
    assert not takes(ARP)


@pytest.mark.parametrize("first", range(len(CATALOGUE)))
def test_each_pair(first):
    for second in range(first + 1, len(CATALOGUE)):
        pair = (CATALOGUE[first], CATALOGUE[second])
        world = ("all", "nothing", "servers")[(first + second) % 3]
        check(expression(Wanted(flows=pair, addresses=WORLDS[world])), expected(pair, world), depths=(second % 3,))


@pytest.mark.parametrize("world", WORLDS)
def test_all_at_once(world):
    check(expression(Wanted(flows=CATALOGUE, addresses=WORLDS[world])), expected(CATALOGUE, world))


@pytest.mark.parametrize("tags", [0, 1])
def test_fewer_tags(tags):
    takes = compiled(expression(Wanted(flows=(flow("ntp"),), tags=tags)))
    packet = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 123)
    assert [takes(packet.frame(*stack)) for stack in STACKS] == [depth <= tags for depth in range(3)]


def test_three_of_another_profile():
    flows = tuple(one for one in catalogue("maas-3") if one.id in ("http-boot", "proxy", "syslog"))
    takes = compiled(expression(Wanted(flows=flows)))
    for protocol, port, want in ((6, 5248, True), (6, 8000, True), (17, 5247, True), (6, 80, False), (6, 3128, False)):
        assert takes(Packet(4, protocol, "10.0.0.1", "10.0.0.2", 40000, port).frame()) == want


@pytest.mark.parametrize("world", ["nothing", "all"])
@pytest.mark.parametrize("flow_id", ["dns", "syslog", "tftp", "ntp"])
def test_first_fragments_show_their_ports(flow_id, world):
    takes = compiled(expression(Wanted(flows=(flow(flow_id),), addresses=WORLDS[world])))
    for packet, want in zip(UNIVERSE, expected((flow(flow_id),), world), strict=True):
        if (
            packet.protocol != 17
            or packet.options
            or (flow_id == "tftp" and packet.payload[:2] not in (b"pp", b"\0\3"))
        ):
            continue
        if packet.family == 4:
            frame = ethernet(4, packet.around(packet.transport(), fragment=0x2000))
        else:
            frame = ethernet(6, packet.fragment6(packet.transport(), 0, True), *STACKS[1])
        assert takes(frame) == want, packet


def later_fragments(packet):
    return (
        ethernet(4, packet.around(b"\0\x35\0\x35later", fragment=0x2003)),
        ethernet(4, packet.around(b"\0\x35\0\x35later", fragment=0x0003), *STACKS[2]),
    )


def later_fragment6(packet):
    return ethernet(6, packet.fragment6(b"\0\x35\0\x35later", 8, True))


def test_later_fragments_between_known_addresses():
    node, rack = WORLD[Role.NODE], WORLD[Role.RACK]
    for known, near, far in ((KNOWN, True, False), (SERVERS, True, True), ({}, False, False)):
        takes = compiled(expression(Wanted(flows=(flow("dns"),), addresses=known)))
        for turn in (1, -1):
            for other, want in ((node, near), (STRANGER, far)):
                four, six = ((rack[family], other[family])[::turn] for family in (4, 6))
                assert all(takes(one) == want for one in later_fragments(Packet(4, 17, *four))), (other, known)
                assert takes(later_fragment6(Packet(6, 17, *six))) == want
                assert not any(takes(one) for one in later_fragments(Packet(4, 6, *four)))


def test_about_a_host():
    me = WORLD[Role.NODE][4]
    takes = compiled(expression(Wanted(flows=(flow("dhcp"), flow("ntp")), about=(ip_network(me),))))
    renew = Packet(4, 17, me, "10.0.0.1", 68, 67)
    assert takes(renew.frame())
    assert not takes(replace(renew, source="10.9.9.9").frame())
    assert takes(replace(renew, source="0.0.0.0", destination="255.255.255.255").frame())
    assert not takes(replace(renew, source="10.9.9.9", destination="10.9.9.8").frame())
    poll = Packet(4, 17, "10.9.9.9", me, 123, 50000)
    assert takes(poll.frame(*STACKS[2]))
    assert not takes(replace(poll, destination="10.9.9.8").frame())
    assert not takes(Packet(6, 17, "fe80::1", "fe80::2", 123, 50000).frame())


def test_about_hosts_of_both_versions():
    nets = (ip_network("10.0.0.0/24"), ip_network("2001:db8::/64"))
    takes = compiled(expression(Wanted(flows=(flow("api"),), about=nets)))
    assert takes(Packet(4, 6, "10.9.9.9", "10.0.0.2", 5000, 5240).frame())
    assert takes(Packet(6, 6, "2001:db8::5", "2001:db8:1::", 5240, 5000).frame(*STACKS[1]))
    assert not takes(Packet(6, 6, "2001:db8:2::5", "2001:db8:1::", 5240, 5000).frame())


def test_about_somebody_and_no_flow():
    asked = Wanted(flows=(), about=(ip_network("10.0.0.7"),), stations=("02:00:00:00:00:01",))
    takes = compiled(expression(asked))
    assert takes(Packet(4, 6, "10.9.9.9", "10.0.0.7", 1, 2).frame(*STACKS[1]))
    assert not takes(Packet(4, 6, "10.9.9.9", "10.0.0.8", 1, 2).frame())
    assert not takes(Packet(4, 6, "10.9.9.9", "10.0.0.7", 1, 2).frame().replace(b"\2\0\0\0\0\1", b"\2\0\0\0\0\3"))
    assert expression(Wanted(flows=())) == ""


def test_stations_narrow_flows():
    takes = compiled(expression(Wanted(flows=(flow("ntp"),), stations=("02:00:00:00:00:02",))))
    packet = Packet(4, 17, "10.9.9.9", "10.0.0.7", 1, 123).frame(*STACKS[2])
    assert takes(packet)
    assert not takes(packet.replace(b"\2\0\0\0\0\2", b"\2\0\0\0\0\4"))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", TFTP)
def test_lenient_between_known_hosts(name, family):
    takes = compiled(expression(Wanted(flows=(flow("tftp"),), addresses=KNOWN)))
    base = Packet(
        family, 17, WORLD[Role.RACK][family], WORLD[Role.NODE][family], 2000, 3000, payload=TFTP[name] + b"\0more"
    )
    assert takes(base.frame())
    assert not takes(replace(base, payload=b"\0\x07" + TFTP[name][2:]).frame())
    assert not takes(replace(base, source=STRANGER[family]).frame())


def test_notes_say_what_cannot_be_told():
    def said(*ids, **more):
        return " ".join(notes(Wanted(flows=tuple(flow(one) for one in ids), **more)))

    assert "opcode 3 to 6" in said("tftp")
    assert "opcode" not in said("tftp", addresses=KNOWN)
    assert "later fragments of UDP show no port" in said("tftp", addresses=KNOWN)
    assert "only the first" in said("dns")
    assert "extension headers" in said("api")
    assert said("icmp") == ""
    assert "whomever they concern" in said("dhcp", about=(ip_network("10.0.0.1"),))


def test_untagged_alone():
    assert body(Wanted(flows=(flow("http-boot"),))) == "tcp port 80"
    assert expression(Wanted(flows=(flow("http-boot"),), tags=0)) == "tcp port 80"
