"""The tap: what comes and goes, for as many walks as there are, and nothing else."""

import socket

import pytest

from bellrock.link.wiretap import MAX_WATCHED, SNAP, Watched, Wiretap, program
from bellrock.wire import ethernet, ip, udp
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.udp import Segment
from tests.link.namespaces import collect, network_namespace

A, B, A6, B6 = "10.1.0.2", "10.2.0.2", "fd01::2", "fd02::2"
DNS, WEB = Watched("udp", 53, 50000, 50031), Watched("tcp", 80, 51000, 51031)


def frame(packet, tags=()):
    kind = ethernet.ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ethernet.ETHERTYPE_IPV4
    return ethernet.build(EthernetFrame("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:02", tags, kind, packet)).ljust(60, b"\0")


def datagram(source_port, port, six=False, payload=b""):
    ends = (A6, B6) if six else (A, B)
    return ip.build(*ends, 64, 17, udp.build(*ends, Segment(source_port, port, payload)))


def segment(source_port, port, flags, six=False):
    ends = (A6, B6) if six else (A, B)
    octets = source_port.to_bytes(2, "big") + port.to_bytes(2, "big") + bytes(8) + bytes((0x50, flags)) + bytes(6)
    return ip.build(*ends, 64, 6, octets)


def icmp(kind, six=False):
    ends = (A6, B6) if six else (A, B)
    return ip.build(*ends, 64, 58 if six else 1, bytes((kind, 0)) + bytes(6) + datagram(1, 2, six))


def fragment():
    packet = bytearray(datagram(1, 53))
    packet[6:8] = b"\x00\x10"
    return bytes(packet)


PASSED = {
    "udp to the port": datagram(9, 53), "udp from it": datagram(53, 9), "udp from the block": datagram(50000, 9),
    "udp to the block's end": datagram(9, 50031), "udp6": datagram(9, 53, six=True), "udp6 block": datagram(50007, 9, six=True),
    "syn": segment(9, 80, 2), "syn ack": segment(80, 9, 0x12), "rst": segment(80, 9, 0x14), "syn6": segment(9, 80, 2, six=True),
    "tcp data of the block": segment(51004, 9, 0x18), "tcp data to the block": segment(9, 51031, 0x18),
    "unreachable": icmp(3), "exceeded": icmp(11), "parameter": icmp(12), "unreachable6": icmp(1, six=True), "parameter6": icmp(4, six=True),
}  # fmt: skip
DROPPED = {
    "udp beside the block": datagram(49999, 9), "udp behind it": datagram(9, 50032), "udp to tcp's port": datagram(9, 80),
    "udp to tcp's block": datagram(51000, 9), "tcp to udp's port": segment(9, 53, 2), "tcp data of the port": segment(9, 80, 0x18),
    "a later fragment": fragment(), "echo": icmp(8), "neighbour solicitation": icmp(135, six=True), "gre": ip.build(A, B, 64, 47, bytes(20)),
}  # fmt: skip


@pytest.mark.lab
def test_what_passes_the_filter_in_both_directions_tagged_or_not():
    with network_namespace() as inside:
        near, _ = inside.veth()
        tap = Wiretap()
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("blk-b", 0))
            sender.send(frame(PASSED["udp to the port"]))
            tap.watch([DNS, WEB])
            for packet in (*PASSED.values(), *DROPPED.values()):
                sender.send(frame(packet))
            sender.send(frame(PASSED["udp to the port"], (Tag(0x8100, 10),)))
            found = collect(tap, 2 * (len(PASSED) + 1))
            sent = [bytes(one.data) for one in found if one.packet_type == 4]
            came = [bytes(one.data) for one in found if one.packet_type != 4 and one.ifindex == near]
            wanted = [frame(packet) for packet in PASSED.values()]
            assert came[:-1] == wanted, "each comes in at the other end"
            assert sent[:-1] == wanted, "and left at this one"
            sender.send(frame(datagram(9, 53, payload=bytes(1000))))
            assert {len(one.data) for one in collect(tap, 2)} == {SNAP}
            tap.watch([])
            sender.send(frame(PASSED["syn"]))
            assert collect(tap, 1, 0.1) == []
        assert tap.lost == 0
        tap.close()
        tap.close()


def test_so_many_walks_and_no_more():
    many = tuple(
        Watched(protocol, 1 + n, 40000 + 32 * n, 40031 + 32 * n)
        for protocol in ("udp", "tcp")
        for n in range(MAX_WATCHED)
    )
    assert len(program(many[:MAX_WATCHED])) < 255
    assert len(program(many)) < 4096
    assert len(program(())) == 1


@pytest.mark.lab
def test_one_walk_too_many_is_refused():
    with network_namespace():
        tap = Wiretap()
        with pytest.raises(ValueError, match="at most 8"):
            tap.watch([DNS] * (MAX_WATCHED + 1))
        tap.close()


def test_the_kernel_takes_every_program():
    """A program that is wrong is refused when it is attached, for any socket."""
    from bellrock.link import libc
    from bellrock.link.filter import pack

    many = [Watched(protocol, 53 + n, 40000 + 32 * n, 40031 + 32 * n) for n in range(4) for protocol in ("udp", "tcp")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for count in range(len(many) + 1):
            libc.attach_filter(sock.fileno(), pack(program(tuple(many[:count]))))
