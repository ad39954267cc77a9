"""What came in becomes a beacon, a refusal with its reason, a neighbour, or nothing."""

import os

import msgspec
import pytest

from bellrock.agent.incoming import Incoming
from bellrock.beacon import Arrival, Refusal
from bellrock.link.clock import Clocks
from bellrock.link.device import Frame
from bellrock.link.udp import Datagram
from bellrock.model import InterfaceKind, Monotonic, Port, Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote, ScanAnswer, ScanCall, encode
from bellrock.wire.errors import Reason
from bellrock.wire.ethernet import TPID_CUSTOMER, TPID_SERVICE, Tag
from bellrock.wire.frame import GROUP4, build_beacon_frame
from bellrock.wire.keys import Key, Keyring

KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)
WALL_NS = 1_790_000_000_000_000_000
CLOCKS = Clocks(Monotonic(500.0), Wall(WALL_NS / 1e9), WALL_NS)
PEER_MAC = "52:54:00:00:00:02"
BEACON = Beacon(
    version=2,
    type=BeaconType.SOLICITATION,
    id="01M3250V7TXQRSP72K94ZGK21K",
    remote=Remote("eth7", PEER_MAC, "physical"),
)
LLDP = bytes.fromhex(
    "0180c200000e52540000000288cc"  # to the nearest bridge, LLDP
    "0207 04 525400000001".replace(" ", "")
    + "0404 05 676531".replace(" ", "")
    + "06020078"
    + "0000"
)


def payload(key=KEY, seconds=WALL_NS / 1e9) -> bytes:
    return encode(BEACON, key, Wall(seconds), os.urandom(16))


def frame(data, ifindex=2, tags=(), age_ns=0) -> Frame:
    return Frame(ifindex, tags, data, WALL_NS - age_ns)


@pytest.fixture
def incoming(make):
    incoming = Incoming("H", Keyring([KEY]))
    vlan = make("eth0.10", index=3, kind=InterfaceKind.VLAN, parents=("eth0",), vid=10)
    incoming.follow({2: make("eth0"), 3: vlan, 4: make("eth1", index=4)})
    return incoming


def test_a_beacon_arrives_on_its_port_at_the_time_the_kernel_got_it(incoming):
    arrival = incoming.take(frame(build_beacon_frame(payload(), PEER_MAC, "10.0.0.2"), age_ns=250_000_000), CLOCKS)
    assert isinstance(arrival, Arrival)
    assert (arrival.port, arrival.beacon, arrival.multicast) == (Port("H", "eth0"), BEACON, True)
    assert (arrival.source_mac, arrival.source_ip, arrival.source_port) == (PEER_MAC, "10.0.0.2", 5240)
    assert arrival.received.mono == pytest.approx(499.75)
    assert arrival.received.wall == pytest.approx(WALL_NS / 1e9 - 0.25)


@pytest.mark.parametrize("stripped", [True, False])
def test_a_tag_makes_the_port(incoming, stripped):
    tag = Tag(TPID_CUSTOMER, 20)
    data = build_beacon_frame(payload(), PEER_MAC, "10.0.0.2", () if stripped else (tag,))
    arrival = incoming.take(frame(data, tags=(tag,) if stripped else ()), CLOCKS)
    assert arrival.port == Port("H", "eth0", 20)


def test_the_copy_that_a_vlan_interface_hears_is_none(incoming):
    assert incoming.take(frame(build_beacon_frame(payload(), PEER_MAC, "10.0.0.2"), ifindex=3), CLOCKS) is None


def test_an_interface_that_is_left_alone_is_silent(incoming):
    assert incoming.take(frame(build_beacon_frame(payload(), PEER_MAC, "10.0.0.2"), ifindex=9), CLOCKS) is None
    assert incoming.take(Datagram(9, "10.0.0.2", 5240, GROUP4, 1, WALL_NS, payload()), CLOCKS) is None


@pytest.mark.parametrize(
    ("data", "reason", "port"),
    [
        (build_beacon_frame(payload(OTHER), PEER_MAC, "10.0.0.2"), "wrong-secret", Port("H", "eth0")),
        (build_beacon_frame(payload(seconds=WALL_NS / 1e9 - 90), PEER_MAC, "10.0.0.2"), "skew", Port("H", "eth0")),
        (build_beacon_frame(payload(), PEER_MAC, "10.0.0.2")[:60], "truncated", Port("H", "eth0")),
        (build_beacon_frame(b"", PEER_MAC, "10.0.0.2"), "truncated", Port("H", "eth0")),
        (LLDP[:20], "truncated", Port("H", "eth0")),
        (bytes.fromhex("01000ccccccc525400000002") + b"\x00\x40", "truncated", Port("H", "eth0")),
    ],
    ids=["wrong secret", "skew", "cut", "no payload", "LLDP cut", "CDP cut"],
)
def test_what_is_refused_keeps_source_and_reason(incoming, data, reason, port):
    refusal = incoming.take(frame(data), CLOCKS)
    assert isinstance(refusal, Refusal)
    assert (refusal.port, refusal.source_mac, refusal.error.reason) == (port, PEER_MAC, reason)


@pytest.mark.parametrize("set_by", [75, 3600, -3600])
@pytest.mark.parametrize("raw", [True, False])
def test_what_waited_while_this_agent_stood_still_or_its_clock_was_set_says_nothing_of_its_senders_clock(
    incoming, set_by, raw
):
    def came(sealed: float):
        data, stamp = payload(seconds=WALL_NS / 1e9 - sealed), WALL_NS - set_by * 1_000_000_000
        if raw:
            return incoming.take(Frame(2, (), build_beacon_frame(data, PEER_MAC, "10.0.0.2"), stamp), CLOCKS)
        return incoming.take(Datagram(2, "10.0.0.2", 5240, GROUP4, 1, stamp, data), CLOCKS)

    assert (came(sealed=set_by).error.reason, came(sealed=set_by).error.skew) == ("late", None)
    assert came(sealed=set_by + 70).error.reason == "skew", "by the kernel's stamp, too"


def test_a_switch_is_a_neighbour_of_the_untagged_port(incoming):
    port, source_mac, neighbour = incoming.take(frame(LLDP, ifindex=4), CLOCKS)
    assert (port, source_mac) == (Port("H", "eth1"), PEER_MAC)
    assert (neighbour.protocol, neighbour.chassis_id, neighbour.ttl) == ("lldp", "52:54:00:00:00:01", 120)


def test_a_datagram_is_a_beacon_without_tags(incoming):
    arrival = incoming.take(Datagram(4, "10.0.0.2", 5240, GROUP4, 1, WALL_NS, payload()), CLOCKS)
    assert (arrival.port, arrival.multicast, arrival.source_mac) == (Port("H", "eth1"), True, PEER_MAC)
    direct = incoming.take(Datagram(4, "fe80::1", 5240, "fe80::2", 64, WALL_NS, payload()), CLOCKS)
    assert not direct.multicast


def test_a_datagram_on_a_vlan_interface_is_its_lower_devices(incoming):
    arrival = incoming.take(Datagram(3, "10.0.0.2", 5240, GROUP4, 1, WALL_NS, payload()), CLOCKS)
    assert arrival.port == Port("H", "eth0", 10)


def test_a_datagram_that_is_refused_names_its_address(incoming):
    refusal = incoming.take(Datagram(4, "10.0.0.2", 5240, GROUP4, 1, WALL_NS, payload(OTHER)), CLOCKS)
    assert (refusal.source_mac, refusal.error.reason) == ("10.0.0.2", "wrong-secret")


def test_a_flood_is_sifted_into_what_is_worth_reading_and_one_count_per_source(incoming):
    forged = build_beacon_frame(payload(OTHER), PEER_MAC, "10.0.0.2")
    other = build_beacon_frame(payload(OTHER), "52:54:00:00:00:03", "10.0.0.3")
    ours = frame(build_beacon_frame(payload(), PEER_MAC, "10.0.0.2"))
    tagged = frame(forged, tags=(Tag(TPID_CUSTOMER, 20),))
    flood = [frame(forged)] * 40 + [ours, tagged, frame(LLDP), frame(other), frame(forged, ifindex=3)] + [frame(forged)]
    kept, refusals = incoming.sift([*flood, frame(forged, ifindex=9)], CLOCKS)
    assert kept == [ours, frame(LLDP)]
    assert {(r.port, r.source_mac, r.error.reason, r.times) for r in refusals} == {
        (Port("H", "eth0"), PEER_MAC, "wrong-secret", 41),
        (Port("H", "eth0", 20), PEER_MAC, "wrong-secret", 1),
        (Port("H", "eth0"), "52:54:00:00:00:03", "wrong-secret", 1),
    }


STACKED = (Tag(TPID_SERVICE, 100), Tag(TPID_CUSTOMER, 10))


def extended(**more) -> bytes:
    extension = Extension(agent="A", host="a", boot="b", interface="eth7", **more)
    return encode(msgspec.structs.replace(BEACON, extension=extension), KEY, CLOCKS.wall, os.urandom(16))


@pytest.mark.parametrize(
    "more",
    [{"scan": ScanCall(id="s", vid=10, outer=100)}, {"scanned": ScanAnswer(id="s", heard="10")}],
    ids=["call", "answer"],
)
def test_a_beacon_of_a_scan_comes_in_behind_a_service_tag(incoming, more):
    data = build_beacon_frame(extended(**more), PEER_MAC, "10.0.0.2", STACKED)
    arrival = incoming.take(frame(data), CLOCKS)
    assert isinstance(arrival, Arrival)
    assert (arrival.port, arrival.outer) == (Port("H", "eth0", 10), STACKED[0])


@pytest.mark.parametrize(
    "sealed",
    [
        payload(),
        payload(OTHER),
        payload(seconds=WALL_NS / 1e9 - 3600),
        extended(),
        extended(scan=ScanCall(id="s", vid=10))[:-1],
    ],
    ids=["a plain peer's", "wrong secret", "skewed", "not of a scan", "cut short"],
)
def test_all_other_stacked_beacons_are_refused_as_that(incoming, sealed):
    refusal = incoming.take(frame(build_beacon_frame(sealed, PEER_MAC, "10.0.0.2", STACKED)), CLOCKS)
    assert isinstance(refusal, Refusal)
    assert refusal.error.reason is Reason.STACKED_TAGS


def test_what_is_broken_behind_three_tags_is_refused(incoming):
    data = build_beacon_frame(payload(), PEER_MAC, "10.0.0.2", (*STACKED, STACKED[1]))
    refusal = incoming.take(frame(data), CLOCKS)
    assert isinstance(refusal, Refusal)
    assert refusal.error.reason is Reason.STACKED_TAGS


def first_fragment(data: bytes) -> bytes:
    """The frame's first fragment, as a device on the way would cut it; its header checksum is not judged."""
    packet = bytearray(data[14 : 14 + 20 + 960])
    packet[2:4] = len(packet).to_bytes(2, "big")
    packet[6:8] = b"\x20\x00"
    packet[10:12] = bytes(2)
    total = sum(int.from_bytes(packet[at : at + 2], "big") for at in range(0, 20, 2))
    packet[10:12] = (0xFFFF - total % 0xFFFF).to_bytes(2, "big")
    return data[:14] + bytes(packet)


def test_the_first_fragment_of_a_padded_beacon_is_an_arrival_that_says_so(incoming):
    data = first_fragment(build_beacon_frame(payload() + bytes(3000), PEER_MAC, "10.0.0.2"))
    arrival = incoming.take(frame(data), CLOCKS)
    assert isinstance(arrival, Arrival)
    assert (arrival.fragment, arrival.port) == (True, Port("H", "eth0"))


def test_a_forged_fragment_is_refused_as_a_fragment(incoming):
    data = first_fragment(build_beacon_frame(payload(OTHER) + bytes(3000), PEER_MAC, "10.0.0.2"))
    assert incoming.take(frame(data), CLOCKS).error.reason == "fragment"


def test_a_later_fragment_is_refused(incoming):
    data = bytearray(first_fragment(build_beacon_frame(payload() + bytes(3000), PEER_MAC, "10.0.0.2")))
    data[20:22], data[24:26] = b"\x20\x10", (int.from_bytes(data[24:26], "big") - 0x10).to_bytes(2, "big")
    assert incoming.take(frame(bytes(data)), CLOCKS).error.reason == "fragment"


def padded_to(size):
    extension = Extension(agent="A", host="a", boot="B", padded=size)
    return encode(msgspec.structs.replace(BEACON, extension=extension), KEY, Wall(WALL_NS / 1e9), os.urandom(16))


@pytest.mark.parametrize(("source", "headers"), [("10.0.0.2", 28), ("fe80::2", 48)])
def test_a_padded_beacon_that_somebody_has_shortened_is_refused(incoming, source, headers):
    """Its padding is not signed: without this check a small frame would prove that a large one passes."""
    whole = padded_to(1500).ljust(1500 - headers, b"\0")
    arrival = incoming.take(frame(build_beacon_frame(whole, PEER_MAC, source)), CLOCKS)
    assert isinstance(arrival, Arrival)
    for octets in (whole[:-1], padded_to(1500)):
        refusal = incoming.take(frame(build_beacon_frame(octets, PEER_MAC, source)), CLOCKS)
        assert isinstance(refusal, Refusal)
        assert refusal.error.reason is Reason.TRUNCATED
        assert str(refusal.error.detail).startswith("padded to 1500 octets by its sender, here are ")
