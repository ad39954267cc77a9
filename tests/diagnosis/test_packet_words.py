"""Packets in words."""

import pytest

from bellrock.diagnosis import packets as said
from bellrock.diagnosis.packet_words import MAX_WORDS, ends, when, words
from bellrock.model import Neighbour
from bellrock.wire import dhcp, dhcp6, ntp, tftp
from bellrock.wire.lacp import COLLECTING, DISTRIBUTING, Lacpdu, Party
from bellrock.wire.stp import Bpdu
from tests.diagnosis.wires import (
    EPOCH,
    NODE,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER_IP,
    STRANGER_IP,
    ack,
    arp_answers,
    arp_asks,
    complaint,
    discover,
    nak,
    packet,
    request,
)  # fmt: skip

PARTY = Party(system=RACK, system_priority=1, key=1, port=3, port_priority=1, state=0)
PASSES = Party(system=RACK, system_priority=1, key=1, port=3, port_priority=1, state=COLLECTING | DISTRIBUTING)
BPDU = {
    "version": 2,
    "root": "8000.a",
    "bridge": "8000.b",
    "port": 4,
    "message_age": 0,
    "max_age": 20,
    "hello": 2,
    "forward_delay": 15,
}
IP = (NODE_IP, RACK_IP)


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (discover(), "DHCP DISCOVER, arch 7"), (request(giaddr="10.1.0.1"), f"DHCP REQUEST, for {NODE_IP}, arch 7, relay 10.1.0.1"),
        (ack(), f"DHCP ACK of {NODE_IP} from {RACK_IP}, boot file bootx64.efi at {RACK_IP}"), (nak(), f"DHCP NAK from {RACK_IP}"),
        (ack(file=b"http://x/y"), f"DHCP ACK of {NODE_IP} from {RACK_IP}, boot file http://x/y"),
        (ack(file=b"y", siaddr="0.0.0.0"), f"DHCP ACK of {NODE_IP} from {RACK_IP}, boot file y"),
        (packet(dhcp.Message(op=1, xid=1), 0, *IP), "DHCP BOOTP"),
        (packet(dhcp6.Message(kind=1, transaction=1), 0, *IP), "DHCPv6 SOLICIT"),
        (packet(dhcp6.Message(kind=10, transaction=1), 0, *IP), "DHCPv6 message type 10"),
        (packet(dhcp6.Relayed(kind=12, link="fd00::1", peer="fe80::7"), 0, *IP), "DHCPv6 relayed message, link fd00::1, peer fe80::7"),
        (arp_asks(), f"ARP: who has {RACK_IP}? tell {NODE_IP}"), (arp_answers(), f"ARP: {RACK_IP} is at {RACK}"),
        (packet(said.Solicitation("fe80::1"), 0, *IP), "neighbour solicitation for fe80::1"),
        (packet(said.Advertisement("fe80::1", RACK), 0, *IP), f"neighbour advertisement: fe80::1 is at {RACK}"),
        (packet(said.Advertisement("fe80::1"), 0, *IP), "neighbour advertisement: fe80::1 is at its sender"),
        (packet(said.RouterAdvertisement(1800, ("fd00::/64",)), 0, *IP), f"router advertisement of {NODE_IP}: default router for 1800 s, prefixes fd00::/64"),
        (packet(said.RouterAdvertisement(0), 0, *IP), f"router advertisement of {NODE_IP}: default router for 0 s, prefixes none"),
        (packet(tftp.Read("x", {"tsize": "0"}), 0, *IP), "TFTP read request for x, tsize 0"),
        (packet(tftp.Refusal(1, "File not found"), 0, *IP), "TFTP error 1: File not found"),
        (packet(tftp.Agreed({"blksize": "1468"}), 0, *IP), "TFTP agrees to blksize 1468"),
        (packet(tftp.Agreed({}), 0, *IP), "TFTP agrees to no option"),
        (packet(said.Asked(1, "a.example", "A"), 0, *IP), "DNS question: a.example A"),
        (packet(said.Answered(1, "a.example", "A", "NOERROR", ("10.0.0.9",)), 0, *IP), "DNS answer: a.example A NOERROR 10.0.0.9"),
        (packet(said.Answered(1, "a.example", "A", "NXDOMAIN"), 0, *IP), "DNS answer: a.example A NXDOMAIN"),
        (packet(ntp.Packet(), 0, *IP), "NTP request, stratum 0"), (packet(ntp.Packet(mode=4, stratum=2), 0, *IP), "NTP answer, stratum 2"),
        (packet(said.Segment("SA", 1, 1, 1460), 0, *IP), "TCP SYN/ACK, MSS 1460"), (packet(said.Segment("R", 1, 1), 0, *IP), "TCP RST"),
        (packet(said.Request("GET", "/x", "h"), 0, *IP), "HTTP GET /x of h"), (packet(said.Request("GET", "/x"), 0, *IP), "HTTP GET /x"),
        (packet(said.Response(200, "OK", length=9), 0, *IP), "HTTP 200 OK, 9 octets"), (packet(said.Response(404), 0, *IP), "HTTP 404"),
        (packet(said.ClientHello("h"), 0, *IP), "TLS client hello for h"), (packet(said.ClientHello(), 0, *IP), "TLS client hello"),
        (packet(said.Certificate("h", "ca", 0, 1), 0, *IP), "TLS certificate of h, issued by ca"),
        (packet(said.Alert("unknown_ca"), 0, *IP), "TLS alert unknown_ca"),
        (complaint("fragmentation needed", (NODE_IP, 1, RACK_IP, 2), mtu=1400), f"ICMP fragmentation needed from {ROUTER_IP}, about {NODE_IP}:1 → {RACK_IP}:2, MTU 1400"),
        (complaint("port unreachable", (NODE_IP, 1, RACK_IP, 2)), f"ICMP port unreachable from {ROUTER_IP}, about {NODE_IP}:1 → {RACK_IP}:2"),
        (packet(said.Echo(False, 1, 4), 0, *IP), "ping request 4"), (packet(said.Echo(True, 1, 4), 0, *IP), "ping answer 4"),
        (packet(said.Log(13, "secret"), 0, *IP), "syslog message"), (packet(said.Beacon(2), 0, *IP), "beacon, version 2"),
        (packet(Lacpdu(PARTY, PARTY), 0), f"LACPDU of {RACK}, port 3, does not pass frames"),
        (packet(Lacpdu(PASSES, PARTY), 0), f"LACPDU of {RACK}, port 3, passes frames"),
        (packet(Bpdu(**BPDU), 0), "BPDU of bridge 8000.b, port 4"), (packet(Bpdu(**BPDU, forwarding=True), 0), "BPDU of bridge 8000.b, port 4, forwards"),
        (packet(Bpdu(**BPDU, forwarding=False), 0), "BPDU of bridge 8000.b, port 4, does not forward"),
        (packet(Neighbour(protocol="lldp", chassis_id="c", port_id="e1"), 0), "LLDP of c, port e1"),
        (packet(Neighbour(protocol="cdp", chassis_id="c", port_id="e1", system_name="sw"), 0), "CDP of sw, port e1"),
    ],
)  # fmt: skip
def test_each_kind_has_its_words(one, line):
    assert words(one) == line


def test_every_kind_that_there_is_has_words():
    from bellrock.diagnosis.packet_words import _WORDS

    assert set(said.Said.__args__) == set(_WORDS)


def test_long_names_are_cut_and_unknown_kinds_named():
    assert len(words(packet(tftp.Read("x" * 400), 0, *IP))) == MAX_WORDS
    assert words(packet(object(), 0, *IP)) == "object"


def test_ends_and_times():
    assert ends(discover()) == "0.0.0.0:68 → 255.255.255.255:67"
    assert ends(packet(said.Echo(False, 1, 1), 0, NODE_IP, STRANGER_IP)) == f"{NODE_IP} → {STRANGER_IP}"
    assert ends(arp_asks()) == f"{NODE} → ff:ff:ff:ff:ff:ff"
    assert ends(packet(said.Asked(1, "a", "A"), 0, "fd00::1", "fd00::2", ports=(1, 53))) == "[fd00::1]:1 → [fd00::2]:53"
    assert when(discover(1.25), EPOCH) == "1.250000 s"
