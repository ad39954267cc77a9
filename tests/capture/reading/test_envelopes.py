import numpy as np
import pytest

from bellrock.capture.reading.envelopes import clients, envelopes, octets, tunnel_text, vids
from bellrock.capture.reading.picks import Kind
from bellrock.capture.reading.values import GRE, NO_TUNNEL, VXLAN
from bellrock.diagnosis.packets import Beacon
from bellrock.wire import dhcp, stp, udp
from tests.capture.reading.film import (
    ACK,
    BEGIN,
    CLIENT,
    HERE,
    HERE6,
    SERVER,
    SYN,
    THERE,
    THERE6,
    Film,
    discover,
    fragment,
    who_has,
)


def first(film, tmp_path, points=("eth0", "eth1")):
    columns = film.columns(tmp_path)
    (envelope,) = envelopes(columns, np.array([len(columns.chunk) - 1]), list(points))
    return envelope.fields


def test_a_datagram(tmp_path):
    fields = first(
        Film("eth0", "eth1").udp(68, 67, b"x" * 9).udp(2070, 69, b"hello", vids=(100, 10), point=1), tmp_path
    )
    assert fields == {
        "number": 2, "at": BEGIN + 2_000_000, "point": "eth1", "octets": 14 + 8 + 20 + 8 + 5, "source_mac": CLIENT,
        "destination_mac": SERVER, "vids": (100, 10), "source": HERE, "destination": THERE, "source_port": 2070, "destination_port": 69,
        "hop_limit": 64, "fragmented": False, "tunnel": "",
    }  # fmt: skip


def test_below_ip_there_are_no_addresses(tmp_path):
    fields = first(Film().below(0x0806, who_has()), tmp_path)
    assert (fields["source"], fields["source_port"], fields["hop_limit"]) == ("", 0, None)


def test_ipv6(tmp_path):
    fields = first(Film().udp(546, 547, b"x", ends=(HERE6, THERE6)), tmp_path)
    assert (fields["source"], fields["destination"]) == (HERE6, THERE6)


def test_inside_a_tunnel(tmp_path):
    inner = Film().udp(68, 67, b"inside").blocks[0][28:][: 14 + 20 + 8 + 6]
    fields = first(Film().udp(50000, 4789, b"\x08\0\0\0\0\0\x2a\0" + inner), tmp_path)
    assert (fields["tunnel"], fields["source_port"], fields["destination_port"]) == ("vxlan 42", 68, 67)


def test_with_what_it_says(tmp_path):
    columns = Film().udp(5240, 5240, b"\2\1\0\0").columns(tmp_path)
    (envelope,) = envelopes(columns, np.array([0]), ["eth0"])
    assert envelope.packet(Beacon(2)).said == Beacon(2)


@pytest.mark.parametrize(
    ("kind", "make", "found"),
    [
        (Kind.ARP, lambda film: film.below(0x0806, who_has() + bytes(18)), who_has() + bytes(18)),
        (
            Kind.STP,
            lambda film: film.below(38, stp.LLC + b"x" * 35 + bytes(8), destination=stp.BRIDGE_MAC),
            stp.LLC + b"x" * 35,
        ),
        (Kind.DHCP, lambda film: film.udp(68, 67, b"payload"), b"payload"),
        (Kind.ECHO, lambda film: film.icmp(b"\x08\0\0\0\0\7\0\1x"), b"\x08\0\0\0\0\7\0\1x"),
        (Kind.HTTP, lambda film: film.tcp(1, 2, 3, 4, ACK, b"GET /"), b"GET /"),
    ],
    ids=["arp", "stp", "dhcp", "echo", "http"],
)
def test_octets(kind, make, found, tmp_path):
    assert octets(make(Film()).columns(tmp_path), kind, 0) == found


def test_of_a_segment_its_header_is_enough(tmp_path):
    columns = Film().tcp(1, 2, 3, 4, SYN, bytes(1000)).columns(tmp_path)
    assert len(octets(columns, Kind.SEGMENT, 0)) == 60


def test_of_a_datagram_in_fragments_all_of_it(tmp_path):
    segment = udp.build(HERE, THERE, udp.Segment(68, 67, discover()))
    packet = (
        bytes.fromhex("4500")
        + (20 + len(segment)).to_bytes(2, "big")
        + bytes.fromhex("0007 0000 40 11 0000 0a000039 0a000002")
        + segment
    )
    columns = Film().packet(fragment(packet, 0, 160)).packet(fragment(packet, 160, None)).columns(tmp_path)
    assert octets(columns, Kind.DHCP, 1) == discover()


def test_whom_packets_are_about(tmp_path):
    other = "52:54:00:00:00:99"
    film = Film().udp(68, 67, discover()).udp(67, 68, discover(), back=True).udp(68, 67, discover(mac=other))
    one, answer, another = clients(film.columns(tmp_path), Kind.DHCP, np.arange(3)).tolist()
    assert one == answer == int(CLIENT.replace(":", ""), 16)
    assert another == int(other.replace(":", ""), 16)


def test_questions_and_answers_are_about_who_asked(tmp_path):
    film = Film().udp(40000, 53, b"x").udp(53, 40000, b"x", back=True).udp(40000, 53, b"x", ends=("10.0.0.9", THERE))
    one, answer, another = clients(film.columns(tmp_path), Kind.DNS, np.arange(3)).tolist()
    assert one == answer != another


def test_below_ip_it_is_who_sent(tmp_path):
    film = Film().below(0x0806, who_has()).below(0x0806, who_has(), source=SERVER)
    assert len(set(clients(film.columns(tmp_path), Kind.ARP, np.arange(2)).tolist())) == 2


def test_a_dhcp_message_without_hardware_address_is_about_somebody(tmp_path):
    assert len(clients(Film().udp(68, 67, b"short").columns(tmp_path), Kind.DHCP, np.arange(1))) == 1
    assert dhcp.HEADER.size > 5


@pytest.mark.parametrize(
    ("outer", "inner", "found"), [(-1, -1, ()), (0, -1, ()), (10, -1, (10,)), (100, 10, (100, 10)), (0, 10, (10,))]
)
def test_vids(outer, inner, found):
    assert vids(outer, inner) == found


@pytest.mark.parametrize(
    ("kind", "number", "text"), [(NO_TUNNEL, -1, ""), (GRE, -1, "gre"), (GRE, 7, "gre 7"), (VXLAN, 42, "vxlan 42")]
)
def test_tunnels(kind, number, text):
    assert tunnel_text(kind, number) == text
