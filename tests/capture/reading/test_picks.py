import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading.picks import Kind, picks
from bellrock.wire import cdp, icmp, lacp, stp, tftp
from bellrock.wire.frame import CDP_MAC
from tests.capture.reading.film import ACK, FIN, HERE6, RST, SYN, THERE6, Film, discover, fragment, who_has

ENDS6 = (HERE6, THERE6)
ECHO = b"\x08\0\0\0\0\7\0\1"


def shown(film, tmp_path):
    """Kind → numbers of packets."""
    return {kind: (found + 1).tolist() for kind, found in picks(film.columns(tmp_path))}


TABLE = [
    ("an ARP request", lambda film: film.below(0x0806, who_has()), {Kind.ARP: [1]}),
    ("LLDP", lambda film: film.below(0x88CC, bytes(46)), {Kind.LLDP: [1]}),
    ("LACP", lambda film: film.below(lacp.ETHERTYPE_SLOW, bytes(110)), {Kind.LACP: [1]}),
    ("a BPDU", lambda film: film.below(38, stp.LLC + bytes(35), destination=stp.BRIDGE_MAC), {Kind.STP: [1]}),
    ("a BPDU of one VLAN", lambda film: film.below(50, stp.LLC_SNAP_PER_VLAN + bytes(42), destination=stp.PER_VLAN_MAC), {Kind.STP: [1]}),
    ("a BPDU of a provider's bridge", lambda film: film.below(38, stp.LLC + bytes(35), destination="01:80:c2:00:00:08"), {Kind.STP: [1]}),
    ("CDP", lambda film: film.below(40, cdp.LLC_SNAP + bytes(32), destination=CDP_MAC), {Kind.CDP: [1]}),
    ("other frames of IEEE 802.3", lambda film: film.below(40, bytes(40)), {}),
    ("a frame of another type", lambda film: film.below(0x88B5, bytes(40)), {}),
    ("DHCP", lambda film: film.udp(68, 67, discover()), {Kind.DHCP: [1]}),
    ("DHCP's answer", lambda film: film.udp(67, 68, discover(), back=True), {Kind.DHCP: [1]}),
    ("proxyDHCP", lambda film: film.udp(68, 4011, discover()), {Kind.DHCP: [1]}),
    ("DHCPv6", lambda film: film.udp(546, 547, b"\1\0\0\7", ends=ENDS6), {Kind.DHCP6: [1]}),
    ("DNS", lambda film: film.udp(40000, 53, bytes(12)), {Kind.DNS: [1]}),
    ("NTP", lambda film: film.udp(123, 123, bytes(48)), {Kind.NTP: [1]}),
    ("syslog", lambda film: film.udp(40000, 514, b"<1>a: b"), {Kind.SYSLOG: [1]}),
    ("syslog of MAAS", lambda film: film.udp(40000, 5247, b"<1>a: b"), {Kind.SYSLOG: [1]}),
    ("TFTP's request", lambda film: film.udp(2070, 69, tftp.build(tftp.Read("a"))), {Kind.TFTP: [1]}),
    ("what comes from TFTP's port", lambda film: film.udp(69, 2070, tftp.build(tftp.Data(1, b""))), {}),
    ("a beacon", lambda film: film.udp(5240, 5240, b"\2\1\0\0"), {Kind.BEACON: [1]}),
    ("other datagrams", lambda film: film.udp(40000, 40001, bytes(99)), {}),
    ("an ICMP error", lambda film: film.icmp(b"\3\1" + bytes(40)), {Kind.COMPLAINT: [1]}),
    ("an echo", lambda film: film.icmp(ECHO), {Kind.ECHO: [1]}),
    ("other ICMP", lambda film: film.icmp(b"\x0d" + bytes(19)), {}),
    ("an ICMPv6 error", lambda film: film.icmp(b"\2\0" + bytes(50), ends=ENDS6), {Kind.COMPLAINT: [1]}),
    ("an ICMPv6 echo", lambda film: film.icmp(b"\x81" + bytes(7), ends=ENDS6), {Kind.ECHO: [1]}),
    ("neighbour discovery", lambda film: film.icmp(b"\x87" + bytes(23), ends=ENDS6), {Kind.DISCOVERY: [1]}),
    ("a type of ICMP that is one of ICMPv6's", lambda film: film.icmp(b"\x87" + bytes(23)), {}),
    ("segments that open and close", lambda film: film.tcp(1, 2, 0, 0, SYN).tcp(1, 2, 0, 0, FIN | ACK).tcp(1, 2, 0, 0, RST), {Kind.SEGMENT: [1, 2, 3]}),
    ("segments that do not", lambda film: film.tcp(1, 2, 0, 0, ACK).tcp(1, 2, 0, 0, ACK, bytes(1000)), {}),
    ("a request", lambda film: film.tcp(1, 80, 0, 0, ACK, b"GET / HTTP/1.1\r\n"), {Kind.HTTP: [1]}),
    ("all methods", lambda film: [film.tcp(1, 80, 0, 0, ACK, method + b" / HTTP/1.1") for method in (b"PUT", b"CONNECT", b"PATCH")] and film,
     {Kind.HTTP: [1, 2, 3]}),
    ("a response that ends", lambda film: film.tcp(1, 80, 0, 0, ACK | FIN, b"HTTP/1.1 200 OK\r\n"), {Kind.SEGMENT: [1], Kind.HTTP: [1]}),
    ("a hello", lambda film: film.tcp(1, 443, 0, 0, ACK, b"\x16\3\1\0\5"), {Kind.TLS: [1]}),
    ("an alert", lambda film: film.tcp(1, 443, 0, 0, ACK, b"\x15\3\3\0\2\2\x28"), {Kind.TLS: [1]}),
    ("data of TLS", lambda film: film.tcp(1, 443, 0, 0, ACK, b"\x17\3\3\0\2\2\x28"), {}),
    ("what is not quite a request", lambda film: film.tcp(1, 80, 0, 0, ACK, b"GETS / HTTP/1.1"), {}),
    ("a payload of three octets", lambda film: film.tcp(1, 80, 0, 0, ACK, b"GET"), {}),
    ("DNS over TCP", lambda film: film.tcp(1, 53, 0, 0, ACK, b"\0\x0c" + bytes(12)), {Kind.DNS_STREAM: [1]}),
    ("syslog over TCP", lambda film: film.tcp(1, 514, 0, 0, ACK, b"<1>a: b\n"), {Kind.LOG_STREAM: [1]}),
    ("tagged, twice", lambda film: film.udp(68, 67, discover(), vids=(100, 10)), {Kind.DHCP: [1]}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kinds"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_kinds(make, kinds, tmp_path):
    assert shown(make(Film()), tmp_path) == kinds


def test_a_fragmented_datagram_is_read_once_it_is_whole(tmp_path):
    film = Film()
    whole = Film().udp(68, 67, discover()).blocks[0][28:]
    packet = whole[14 : 14 + int.from_bytes(whole[16:18], "big")]
    first, second = fragment(packet, 0, 160), fragment(packet, 160, None)
    film.packet(first).packet(second)
    columns = film.columns(tmp_path)
    assert {kind: found.tolist() for kind, found in picks(columns)} == {Kind.DHCP: [1]}
    assert Film().packet(first).columns(tmp_path).piece.tolist() == [1]


def test_every_type_of_icmp_error_is_read():
    assert all(
        icmp.parse(4, bytes((kind, 0)) + bytes(6) + b"\x45" + b"\0\0\x1c" + bytes(24)) is not None
        for kind in (3, 5, 11, 12)
    )


@given(st.lists(st.binary(max_size=120), max_size=20))
def test_any_frames(tmp_path_factory, frames):
    film = Film()
    for frame in frames:
        film.frame(frame)
    directory = tmp_path_factory.mktemp("film")
    for _, found in picks(film.columns(directory)) if frames else ():
        assert (found >= 0).all()
        assert (found < len(frames)).all()
