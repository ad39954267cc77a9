"""Words of libpcap's language."""

from ipaddress import ip_network

import pcapy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.capture.grammar import both, either, factored, hosts, number, ports, tagged, word_net
from tests.capture.packets import STACKS, Packet


def takes(text, frame):
    return bool(pcapy.compile(1, 262144, text, 1, 0xFFFFFFFF).filter(frame))


def test_clauses_keep_together():
    assert either(["a", "b", "a"]) == "(a or b)"
    assert either(["a"]) == "a"
    assert both("a", "", "b") == "(a and b)"
    assert both("", "a", "a") == "a"
    assert both("", "") == ""


def test_ports_and_hosts():
    assert ports("udp dst", ((67, 67),)) == "udp dst port 67"
    assert ports("tcp", ((80, 80), (1024, 65535))) == "(tcp port 80 or tcp portrange 1024-65535)"
    assert ports("tcp", ((0, 65535),)) == ""
    assert (
        hosts("src", (ip_network("10.0.0.2/32"), ip_network("10.1.0.0/16")))
        == "(src host 10.0.0.2 or src net 10.1.0.0/16)"
    )
    assert hosts("", (ip_network("2001:db8::/64"),)) == "net 2001:db8::/64"
    assert hosts("src", None) == hosts("dst", (ip_network("0.0.0.0/0"),)) == ""


def test_numbers():
    assert number("ip6[40:2]", [(53, 53)]) == "ip6[40:2] = 53"
    assert number("x", [(1, 4), (7, 7)]) == "((x >= 1 and x <= 4) or x = 7)"


@pytest.mark.parametrize("tags", [0, 1, 2])
def test_each_tag_moves_what_follows(tags):
    packet = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53)
    text = tagged("udp dst port 53", tags)
    assert [takes(text, packet.frame(*stack)) for stack in STACKS] == [depth <= tags for depth in range(3)]
    assert text.count("vlan") == tags


CLAUSES = ["udp", "tcp", "dst port 53", "src host 10.0.0.1", "ip", "dst net 10.0.0.0/24"]
FRAMES = [
    Packet(4, protocol, source, destination, 1000, port).frame()
    for protocol in (6, 17) for source in ("10.0.0.1", "10.0.0.9") for destination in ("10.0.0.3", "10.5.0.1") for port in (53, 54)
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(["", *CLAUSES])] * 3), min_size=1, max_size=5))
def test_factoring_changes_no_meaning(rows):
    text = factored(rows)
    flat = [" and ".join(clause for clause in row if clause) for row in rows]
    if not all(flat):
        assert text == ""
        return

    def meaning(expression):
        # libpcap refuses what nothing can pass; `or arp` is taken by none of these frames.
        return [takes(f"({expression}) or arp", frame) for frame in FRAMES]

    assert meaning(text) == meaning(" or ".join(f"({one})" for one in flat))


def test_shared_beginnings_are_written_once():
    rows = [("src net 10.0.0.0/8", "udp", "dst port 1"), ("src net 10.0.0.0/8", "udp", "dst port 2"), ("tcp", "", "")]
    assert factored(rows) == "((src net 10.0.0.0/8 and (udp and (dst port 1 or dst port 2))) or tcp)"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**128 - 1), st.integers(1, 128), st.integers(0, 127))
def test_networks_in_words(address, length, flipped):
    shift = 128 - length
    net = ip_network((address >> shift << shift, length))
    text = word_net(tuple(f"ip6[{at}:4]" for at in range(8, 24, 4)), net)
    for value in (address, address ^ 1 << flipped):
        inside = value >> shift == address >> shift
        head = bytes.fromhex("6000000000083b40") + value.to_bytes(16, "big") + bytes(16)
        assert takes(text, bytes(12) + b"\x86\xdd" + head + bytes(8)) == inside
    assert word_net(("x",), ip_network("0.0.0.0/0")) == ""
