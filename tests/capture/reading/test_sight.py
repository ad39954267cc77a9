"""From files to what rules read."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import pieces
from bellrock.capture.reading.budget import Limits
from bellrock.capture.reading.sight import Sight, read_wire
from bellrock.capture.reading.told import Flows
from bellrock.capture.reading.values import CaptureError
from bellrock.diagnosis.packets import (
    Arp,
    Beacon,
    Complaint,
    Echo,
    Log,
    Packet,
    Request,
    Response,
    RouterAdvertisement,
    Segment,
    Solicitation,
    Wire,
)
from bellrock.model import Neighbour
from bellrock.wire import dhcp, dhcp6, ip, lacp, ntp, stp, tftp, udp
from bellrock.wire.frame import LLDP_MAC
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu
from tests.capture.reading.film import CLIENT, HERE, HERE6, SERVER, THERE, THERE6, Film, discover, fetch_file, who_has
from tests.capture.reading.made import classic

PARTY = bytes.fromhex("8000 001b210a0b0c 000f 00ff 0003 45 000000")
LACPDU = bytes.fromhex("0101 0114") + PARTY + bytes.fromhex("0214") + PARTY + bytes(52)
BPDU = bytes.fromhex("424203 0000 02 02 7c 8001001b210a0b0c 00000004 8001525400123456 8003 0100 1400 0200 0f00 00")
LLDPDU = bytes.fromhex("0207 04 525400123456 0404 05 706f31 0602 0078 0000")
EVERYTHING = [
    (Arp, lambda film: film.below(0x0806, who_has())),
    (Neighbour, lambda film: film.below(0x88CC, LLDPDU, destination=LLDP_MAC)),
    (Lacpdu, lambda film: film.below(lacp.ETHERTYPE_SLOW, LACPDU, destination=lacp.SLOW_MAC)),
    (Bpdu, lambda film: film.below(len(BPDU), BPDU, destination=stp.BRIDGE_MAC)),
    (dhcp.Message, lambda film: film.udp(68, 67, discover())),
    (dhcp6.Message, lambda film: film.udp(546, 547, b"\1\0\0\7", ends=(HERE6, THERE6))),
    (dhcp6.Relayed, lambda film: film.udp(547, 547, b"\x0c\1" + bytes(32), ends=(HERE6, THERE6))),
    (ntp.Packet, lambda film: film.udp(123, 123, ntp.build(ntp.Packet()))),
    (Log, lambda film: film.udp(40000, 514, b"<1>a: b")),
    (tftp.Read, lambda film: film.udp(2070, 69, tftp.build(tftp.Read("a")))),
    (Beacon, lambda film: film.udp(5240, 5240, b"\2\1\0\0")),
    (Echo, lambda film: film.icmp(b"\x08\0\0\0\0\7\0\1")),
    (Complaint, lambda film: film.icmp(b"\3\1\0\0\0\0\0\0" + ip.build(HERE, THERE, 64, 17, udp.build(HERE, THERE, udp.Segment(1, 2, b""))))),
    (Solicitation, lambda film: film.icmp(b"\x87" + bytes(23), ends=(HERE6, THERE6))),
    (RouterAdvertisement, lambda film: film.icmp(b"\x86" + bytes(15), ends=(HERE6, THERE6))),
    (Segment, lambda film: film.tcp(1, 2, 3, 4, 2)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "make"), EVERYTHING, ids=[kind.__name__ + str(at) for at, (kind, _) in enumerate(EVERYTHING)]
)
def test_every_kind_of_packet(kind, make, tmp_path):
    wire = make(Film()).wire(tmp_path)
    assert [type(packet.said) for packet in wire.packets] == [kind]
    assert (wire.packets[0].number, wire.seen, wire.left_out, wire.troubles) == (1, 1, {}, ())


def test_a_packet_with_all_around_it(tmp_path):
    wire = Film("rack-1/eth1").udp(68, 67, discover(), vids=(10,)).wire(tmp_path)
    (packet,) = wire.packets
    assert isinstance(packet, Packet)
    assert (packet.point, packet.source_mac, packet.destination_mac, packet.vids) == (
        "rack-1/eth1",
        CLIENT,
        SERVER,
        (10,),
    )
    assert packet.said == dhcp.decode(discover())
    assert (wire.points[0].name, wire.first, wire.last) == ("rack-1/eth1", packet.at, packet.at)


def test_packets_are_told_by_time(tmp_path):
    film = (
        Film("a", "b")
        .below(0x0806, who_has(), at=5)
        .below(0x0806, who_has(), at=1, point=1)
        .udp(68, 67, discover(), at=3)
    )
    assert [packet.number for packet in film.wire(tmp_path).packets] == [2, 3, 1]


def test_what_goes_on_in_several_segments(tmp_path):
    film = Film()
    film.call().send(b"GET /a HTTP/1.1\r\n").send(b"Host: rack\r\n\r\n").send(b"HTTP/1.1 200 OK\r\n", back=True)
    said = [packet.said for packet in film.wire(tmp_path).packets if not isinstance(packet.said, Segment)]
    assert said == [Request("GET", "/a", "rack"), Response(200, "OK")]


def test_a_transfer_from_beginning_to_end(tmp_path):
    film = fetch_file(Film(), 3, options={"blksize": "512"}).udp(1, 2, b"other").udp(40000, 2071, b"strange", back=True)
    wire = film.wire(tmp_path)
    assert [(one.path, one.ended, one.complained) for one in wire.transfers] == [("grub.efi", "whole", "")]
    assert [type(packet.said) for packet in wire.packets] == [tftp.Read, tftp.Agreed]
    assert [one.flow for one in wire.conversations] == ["tftp", "tftp", "", ""]


def test_a_transfer_that_nobody_serves(tmp_path):
    quoted = ip.build(HERE, THERE, 64, 17, udp.build(HERE, THERE, udp.Segment(2070, 69, b"x")))
    film = Film().udp(2070, 69, tftp.build(tftp.Read("a"))).icmp(b"\3\3\0\0\0\0\0\0" + quoted, back=True)
    (one,) = film.wire(tmp_path).transfers
    assert (one.ended, one.complained) == ("silent", "port unreachable")


def test_transfers_go_on_in_later_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "MAX_PACKETS", 3)
    film = fetch_file(Film(), 6).udp(1, 2, b"x").udp(1, 2, b"x").udp(1, 2, b"x")
    (one,) = film.wire(tmp_path).transfers
    assert (one.ended, one.octets, one.acks) == ("whole", 5 * 512 + 100, 6)


def test_of_refusals_no_more_than_of_requests_is_kept(tmp_path):
    film = Film()
    for port in range(2000, 2010):
        film.udp(port, 69, tftp.build(tftp.Read("a"))).udp(40000, port, tftp.build(tftp.Refusal(1)), back=True)
    wire = film.wire(tmp_path, limits=Limits(kind=12))
    assert (len(wire.packets), wire.left_out, len(wire.transfers)) == (12, {"tftp": 8}, 10)


def test_what_says_nothing_is_not_kept(tmp_path):
    """An acknowledgement that is sent to the port of requests."""
    wire = Film().udp(2070, 69, tftp.build(tftp.Ack(1))).wire(tmp_path)
    assert (wire.packets, wire.left_out) == ((), {})


def test_floods_are_counted(tmp_path):
    film = Film()
    for _ in range(30):
        film.below(0x0806, who_has())
    film.udp(68, 67, discover())
    wire = film.wire(tmp_path, limits=Limits(client=10))
    assert [type(packet.said) for packet in wire.packets] == [Arp] * 10 + [dhcp.Message]
    assert (wire.left_out, wire.seen) == ({"arp": 20}, 31)


def test_what_cannot_be_read_is_counted(tmp_path):
    wire = Film().udp(68, 67, b"short").udp(40000, 53, b"x").udp(2070, 69, b"\0\7\0\0").wire(tmp_path)
    assert (wire.packets, wire.left_out) == ((), {})
    assert [text.partition(" could")[0] for text in wire.troubles] == ["1 of dhcp", "1 of dns", "1 of tftp"]


def test_several_files_go_on(tmp_path):
    one = Film("eth0").below(0x0806, who_has(), at=1).save(tmp_path, "one.pcapng")
    other = Film("eth1").below(0x0806, who_has(), at=2).save(tmp_path, "other.pcapng")
    wire = read_wire([one, other])
    assert [(packet.point, packet.said.op) for packet in wire.packets] == [("eth0", 1), ("eth1", 1)]
    assert [point.name for point in wire.points] == ["eth0", "eth1"]


@pytest.mark.parametrize(
    ("link", "header"),
    [(113, "0002 0001 0006 525400123456 0000 0004"), (276, "0004 0000 00000002 0001 02 06 525400123456 0000")],
    ids=["cooked", "cooked 2"],
)
def test_a_bpdu_on_all_interfaces_at_once(link, header, tmp_path):
    """Linux tells that LLC follows, where Ethernet has the length."""
    (tmp_path / "any.pcap").write_bytes(classic([(0, bytes.fromhex(header) + BPDU)], link=link))
    (packet,) = read_wire([str(tmp_path / "any.pcap")]).packets
    assert isinstance(packet.said, Bpdu)
    assert (packet.source_mac, packet.destination_mac) == (CLIENT, "")


def test_packed(tmp_path):
    (tmp_path / "film.pcapng.gz").write_bytes(gzip.compress(Film().below(0x0806, who_has()).octets()))
    assert len(read_wire([str(tmp_path / "film.pcapng.gz")]).packets) == 1


def test_a_file_that_is_cut_is_read_as_far_as_it_goes(tmp_path):
    octets = Film().below(0x0806, who_has()).below(0x0806, who_has()).octets()
    (tmp_path / "cut.pcapng").write_bytes(octets[:-10])
    wire = read_wire([str(tmp_path / "cut.pcapng")])
    assert len(wire.packets) == 1
    assert len(wire.troubles) == 1
    assert "packet 1" in wire.troubles[0]


def test_what_is_no_capture(tmp_path):
    (tmp_path / "text").write_text("no capture\n")
    with pytest.raises(CaptureError, match="no capture"):
        read_wire([str(tmp_path / "text")])


def test_progress_is_told(tmp_path):
    told = []
    Film().below(0x0806, who_has()).wire(tmp_path, progress=told.append)
    assert told == [1]


def test_an_error_about_tcp_is_no_transfers(tmp_path):
    quoted = ip.build(HERE, THERE, 64, 6, bytes.fromhex("0816 0045 00000007"))
    film = Film().udp(2070, 69, tftp.build(tftp.Read("a"))).icmp(b"\3\1\0\0\0\0\0\0" + quoted)
    (one,) = film.wire(tmp_path).transfers
    assert one.complained == ""


@given(
    st.lists(st.tuples(st.integers(0, len(EVERYTHING) - 1), st.integers(14, 200), st.binary(max_size=8)), max_size=25)
)
def test_any_frames(tmp_path_factory, changes):
    """Frames of every kind with octets changed anywhere: a wire, and all packets that are in it are those of the capture."""
    film = Film()
    for kind, at, octets in changes:
        frame = EVERYTHING[kind][1](Film()).blocks[0][28:-16]
        film.frame(frame[:at] + octets + frame[at + len(octets) :])
    wire = film.wire(tmp_path_factory.mktemp("frames"))
    assert isinstance(wire, Wire)
    assert wire.seen == len(changes)
    assert all(1 <= packet.number <= len(changes) for packet in wire.packets)


def test_no_two_number_conversations_by_the_same_hash():
    """Or somebody could send packets that are slow to read."""
    one, other = (Sight(Limits(), Flows()) for _ in range(2))
    assert [int(factor) for factor in one._register._factors] != [int(factor) for factor in other._register._factors]
