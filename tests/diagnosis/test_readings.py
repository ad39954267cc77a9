import pytest

from bellrock.diagnosis import readings
from bellrock.diagnosis.boot import Boot
from bellrock.diagnosis.packets import Arp
from tests.diagnosis import wires as w


def test_packets_of_a_kind_by_time():
    wire = w.wire(w.arp_answers(2.0), w.discover(1.0), w.arp_asks(0.5))
    assert [(packet.number, said.op) for packet, said in readings.of(wire, Arp)] == [(1, 1), (3, 2)]


def test_clock_counts_from_the_beginning_of_the_capture():
    assert readings.clock(w.wire(), w.ns(12.3456)) == "12.346 s"


def test_evidence_names_each_packet_once_and_few():
    packets = w.wire([w.discover(at) for at in range(20)]).packets
    assert readings.links((packets[0], packets[0], packets[3])) == ("packet 1", "packet 4")
    assert len(readings.links(packets)) == readings.MAX_EVIDENCE
    assert readings.packet_links(3, 0, 3, 5) == ("packet 3", "packet 5")


def test_clients_are_known_by_their_lease_or_their_boot():
    given = w.case(w.leased(), boots=[Boot(mac=w.NODE2, address=w.NODE2_IP), Boot(mac=w.STRANGER)])
    assert readings.clients(given) == {w.NODE_IP: w.NODE, w.NODE2_IP: w.NODE2}
    assert readings.clients(type(given)(now=given.now)) == {}
    assert readings.clients(w.case(w.ack(address=w.ANY), w.nak(), w.offer())) == {}
    assert readings.client_of({w.NODE_IP: w.NODE}, w.NODE_IP) == w.NODE
    assert readings.client_of({}, w.NODE_IP) == w.NODE_IP


def test_a_probe_claims_nothing():
    probe = w.packet(Arp(1, w.NODE, w.ANY, "", w.NODE_IP), macs=(w.NODE, w.EVERYBODY))
    assert [(one.address, one.mac) for one in readings.claims(w.wire(probe, w.arp_answers()))] == [(w.RACK_IP, w.RACK)]


@pytest.mark.parametrize(
    ("mac", "expected"),
    [("00:00:5e:00:01:07", True), ("00:00:5e:00:02:07", True), ("00:00:0c:07:ac:01", True), ("00:00:0c:9f:f0:01", True), (w.NODE, False), ("", False)],
    ids=["vrrp", "vrrp for ipv6", "hsrp", "hsrp 2", "a machine", "none"],
)  # fmt: skip
def test_virtual_addresses_of_routers(mac, expected):
    assert readings.virtual(mac) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.0.0.1", True), ("fe80::1%eth0", True), ("fd00::1", True), ("0.0.0.0", False), ("::", False), ("", False), ("224.0.0.1", False),
     ("ff02::1", False), ("255.255.255.255", False), ("region", False)],
)  # fmt: skip
def test_what_means_one_machine(address, expected):
    assert readings.unicast(address) is expected


@pytest.mark.parametrize(
    ("mac", "expected"),
    [("01:80:c2:00:00:00", True), (w.EVERYBODY, True), ("33:33:00:00:00:01", True), (w.NODE, False), ("", False)],
)
def test_groups(mac, expected):
    assert readings.group(mac) is expected


def test_points_and_ends_in_words():
    assert (readings.host_of("rack-1/eth0"), readings.interface_of("rack-1/eth0")) == ("rack-1", "eth0")
    assert (readings.host_of("eth0"), readings.interface_of("eth0")) == ("", "eth0")
    assert [readings.interface_of(point) for point in ("boot.pcap", "node-7-of-monday", "eth0.100")] == [
        "",
        "",
        "eth0.100",
    ]
    assert readings.again("rack-1/eth0") == "bellrock diagnose --live eth0 --for 60"
    assert readings.again("", 5) == "bellrock diagnose --live IF --for 5"
    assert (readings.vid_of(w.discover(vids=(100, 10))), readings.vid_of(w.discover())) == (10, None)


def test_a_point_that_lost_packets_is_not_relied_upon():
    assert [readings.reliable(w.point(dropped=dropped)) for dropped in (None, 0, 1)] == [True, True, False]


def test_a_segment_is_a_place_and_its_tags():
    assert readings.segment_of(w.discover(vids=(10,))) == (w.POINT, (10,))


def test_conversations_of_several_points_together():
    here, there, other = w.conversation(point="a"), w.conversation(point="b"), w.conversation(ports=(1, 2))
    assert [*readings.by_ends(w.wire(here, there, other)).values()] == [[here, there], [other]]


@pytest.mark.parametrize(
    ("told", "expected"),
    [({}, True), ({"answered": None}, False), ({"answered": None, "begun": False}, True), ({"answered": None, "begun": False, "replies": 0}, False)],
    ids=["tcp", "a reset is no answer", "begun before the capture", "one way"],
)  # fmt: skip
def test_answered(told, expected):
    assert readings.answered(w.conversation(**told)) is expected
    assert readings.answered(w.conversation("udp")) is True
    assert readings.answered(w.conversation("udp", replies=0)) is False


def test_own_addresses_of_a_point_take_part_in_all_its_unicast_frames():
    to_rack, to_router = w.segment("S"), w.segment("S", 1.0, destination="192.0.2.1")
    assert readings.own_macs(w.wire(to_rack), w.POINT) == {w.NODE, w.RACK}
    assert readings.own_macs(w.wire(to_rack, to_router, w.discover()), w.POINT) == {w.NODE}
    assert readings.own_macs(w.wire(to_rack, w.segment("S", 2.0, w.NODE2_IP, "192.0.2.1")), w.POINT) == set()
    assert readings.own_macs(w.wire(w.discover()), w.POINT) == set()
    assert readings.own_macs(w.wire(to_rack), "elsewhere") == set()
    told = w.wire(to_rack, points=(w.point(mac=w.NODE),))
    assert readings.own_macs(told, w.POINT) == {w.NODE}, "the capture tells it"
