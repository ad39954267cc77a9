"""Blocks of pcapng, read back by a reader of our own and by others' tools."""

import shutil
import struct
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture import pcapng
from tests.capture.packets import Packet
from tests.capture.reader import read
from tests.needs import require

NOW = 1_700_000_000_123_456_789
FRAME = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53).frame((0x8100, 7))


def file():
    return b"".join(
        (
            pcapng.section("bellrock 1", ("flows: dns",)),
            pcapng.interface("eth0", 4096, "udp port 53", ("flows: dns",)),
            pcapng.interface("eth1", 4096),
            pcapng.packet(1, NOW, FRAME, len(FRAME), pcapng.FLAGS[4]),
            pcapng.packet(0, NOW + 1, FRAME[:41], 1514, pcapng.FLAGS[0]),
            pcapng.statistics(0, NOW + 2, {pcapng.RECEIVED: 7, pcapng.DROPPED: 2}, NOW, ("why",)),
            pcapng.statistics(1, NOW + 2, {pcapng.RECEIVED: 2**40}, NOW),
        )
    )


def test_what_is_written_is_read():
    contents = read(file())
    assert contents.sections == [{1: [b"flows: dns"], 4: [b"bellrock 1"]}]
    assert contents.interfaces == [
        (4096, {1: [b"flows: dns"], 2: [b"eth0"], 9: [b"\x09"], 11: [b"\0udp port 53"]}),
        (4096, {2: [b"eth1"], 9: [b"\x09"]}),
    ]
    assert contents.packets == [(1, NOW, FRAME, len(FRAME), 2), (0, NOW + 1, FRAME[:41], 1514, 1 | 1 << 2)]
    (first, second) = contents.statistics
    assert first[:2] == (0, NOW + 2)
    assert (first[2][4], first[2][5], first[2][1]) == ([struct.pack("<Q", 7)], [struct.pack("<Q", 2)], [b"why"])
    assert second[2][4] == [struct.pack("<Q", 2**40)]
    high, low = struct.unpack("<II", first[2][2][0])
    assert high << 32 | low == NOW


def test_directions_and_receptions():
    # Host, broadcast, multicast, other host, outgoing: RFC draft §4.3.1 has inbound 1, outbound 2, then unicast 1, multicast 2, broadcast 3, other 4.
    assert pcapng.FLAGS == (1 | 1 << 2, 1 | 3 << 2, 1 | 2 << 2, 1 | 4 << 2, 2)


def test_others_read_it(tmp_path):
    readers = {
        one: shutil.which(one, path="/usr/local/bin:/usr/sbin:/usr/bin") for one in ("capinfos", "tshark", "tcpdump")
    }
    require([name for name, found in readers.items() if not found])
    path = tmp_path / "a.pcapng"
    path.write_bytes(file())
    said = subprocess.run(["capinfos", path], capture_output=True, text=True, check=True, timeout=30).stdout
    for words in (
        "nanoseconds (9)",
        "Name = eth0",
        "Filter string = udp port 53",
        "Comment = flows: dns",
        "Number of stat entries = 1",
        "bellrock 1",
    ):
        assert words in said
    command = [
        "tshark",
        "-r",
        path,
        "-T",
        "fields",
        "-e",
        "frame.time_epoch",
        "-e",
        "frame.interface_name",
        "-e",
        "vlan.id",
        "-e",
        "frame.len",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    assert shown.splitlines() == [f"1700000000.123456789\teth1\t7\t{len(FRAME)}", "1700000000.123456790\teth0\t7\t1514"]
    tcpdump = subprocess.run(
        [readers["tcpdump"], "-n", "-r", path],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert len(tcpdump.stdout.splitlines()) == 2


@given(st.binary(max_size=70), st.integers(0, 2**63), st.integers(0, 2**32 - 1))
def test_any_packet(data, when, flags):
    octets = pcapng.section("x") + pcapng.interface("é" * 9, 65535) + pcapng.packet(0, when, data, len(data), flags)
    assert read(octets).packets == [(0, when, data, len(data), flags)]


def test_a_filter_too_long_for_an_option_is_cut():
    (_, options) = read(pcapng.section("x") + pcapng.interface("e", 1, "x" * 100_000)).interfaces[0]
    assert len(options[11][0]) == 65535


@given(st.lists(st.binary(max_size=9), max_size=5), st.integers(0, 400))
def test_whole_blocks(datas, most):
    blocks = [pcapng.packet(0, 0, data, len(data), 0) for data in datas]
    octets = b"".join(blocks)
    end = pcapng.whole_blocks(octets, min(most, len(octets)))
    sizes = [sum(map(len, blocks[:count])) for count in range(len(blocks) + 1)]
    assert end == max(size for size in sizes if size <= most)
