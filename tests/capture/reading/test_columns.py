"""Columns of whole packets, held against tshark, and against the layers that redaction finds."""

import shutil
import subprocess

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.layers import layers
from bellrock.capture.reading.addresses import mac, text
from bellrock.capture.reading.columns import columns
from bellrock.capture.reading.containers import opened
from bellrock.capture.reading.fragments import Pieces
from tests.capture.packets import STACKS, ethernet, universe
from tests.capture.reading.made import classic, columns_of
from tests.needs import require

FIELDS = (
    "eth.src", "eth.dst", "ieee8021ad.id", "vlan.id", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ip.ttl", "ipv6.hlim", "tcp.srcport", "tcp.dstport",
    "udp.srcport", "udp.dstport", "tcp.flags", "tcp.seq_raw", "tcp.len", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code",
)  # fmt: skip


def tshark(path):
    command = [
        "tshark",
        "-n",
        "-r",
        path,
        "-T",
        "fields",
        "-E",
        "separator=/t",
        *(part for name in FIELDS for part in ("-e", name)),
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in out.splitlines()]


def as_tshark_says(found, at):
    """The same fields of a packet, in its words."""
    version, protocol = int(found.version[at]), int(found.protocol[at])
    source = text(version, found.source_high[at], found.source_low[at])
    destination = text(version, found.destination_high[at], found.destination_low[at])

    def when(condition, *values):
        return [str(value) if condition else "" for value in values]

    hops, kind, code = found.hop_limit[at], found.icmp_type[at], found.icmp_code[at]
    ports = (found.source_port[at], found.destination_port[at])
    said = [
        mac(int(found.source_mac[at])), mac(int(found.destination_mac[at])),
        *when(found.inner_vid[at] >= 0, found.vid[at]),
        *when(found.vid[at] >= 0, found.vid[at] if found.inner_vid[at] < 0 else found.inner_vid[at]),
        *when(version == 4, source, destination), *when(version == 6, source, destination), *when(version == 4, hops),
        *when(version == 6, hops), *when(protocol == 6, *ports), *when(protocol == 17, *ports),
        *when(protocol == 6, f"0x{found.flags[at]:04x}", found.sequence[at], found.payload_length[at]),
        *when(protocol == 1, kind, code), *when(protocol == 58, kind, code),
    ]  # fmt: skip
    return dict(zip(FIELDS, said, strict=True))


def test_as_tshark_sees_them(tmp_path):
    require([] if shutil.which("tshark") else ["tshark"])
    wide = universe()
    some = [one.frame(*STACKS[at % len(STACKS)]) for at, one in enumerate(wide) if at % max(1, len(wide) // 1500) == 0]
    (tmp_path / "a.pcap").write_bytes(classic([(at / 1000, frame) for at, frame in enumerate(some)]))
    with opened(str(tmp_path / "a.pcap")) as capture:
        (chunk,) = capture.chunks()
        found = columns(chunk, capture.interfaces, Pieces())
    seen = tshark(str(tmp_path / "a.pcap"))
    assert len(seen) == len(some) > 1000
    for at, one in enumerate(seen):
        ours = as_tshark_says(found, at)
        # What an ICMP error quotes is told by tshark as well, behind the packet's own.
        theirs = {name: value.partition(",")[0] for name, value in one.items()}
        assert ours == theirs, at


def frames():
    made = [one.frame(*stack) for one in universe()[::97] for stack in STACKS]
    return st.sampled_from(made)


@given(
    frame=frames(),
    changes=st.dictionaries(st.integers(0, 120), st.integers(0, 255), max_size=6),
    cut=st.integers(0, 120),
)
def test_as_redaction_sees_their_layers(frame, changes, cut):
    octets = bytearray(frame)
    for at, value in changes.items():
        if at < len(octets):
            octets[at] = value
    data = bytes(octets[: max(0, len(octets) - cut)])
    theirs = layers(data)
    found = columns_of(data, b"\xff" * 70)
    if found.version[0] == 0 or found.tunnel[0]:
        return
    assert found.protocol[0] == theirs.protocol
    assert (found.piece[0] == 2) == theirs.fragment
    if theirs.transport is not None and theirs.protocol in (6, 17):
        assert found.transport[0] == theirs.transport
        assert found.source_port[0] == int.from_bytes(data[theirs.transport : theirs.transport + 2], "big")


@given(
    st.lists(st.binary(max_size=90), max_size=20),
    st.lists(st.sampled_from([0, 1, 12, 108, 113, 276, 147]), min_size=1, max_size=4),
)
def test_any_octets_have_columns(packets, links):
    found = columns_of(*packets, link=links)
    for name in found.__struct_fields__:
        value = getattr(found, name)
        if isinstance(value, np.ndarray):
            assert len(value) == len(packets), name
    sizes = found.chunk.offsets + found.chunk.kept
    assert (found.end <= sizes).all()
    assert (found.payload + found.payload_kept <= np.maximum(sizes, -1)).all()
    assert (found.payload_kept >= 0).all()


@given(st.lists(st.binary(max_size=90), min_size=1, max_size=8))
def test_a_packet_has_the_same_columns_wherever_it_stands(packets):
    together = columns_of(*packets)
    for at, packet in enumerate(packets):
        alone = columns_of(packet)
        for name in (
            "source_mac",
            "vid",
            "ethertype",
            "version",
            "protocol",
            "flags",
            "payload_length",
            "payload_kept",
            "icmp_type",
            "tunnel",
        ):
            assert getattr(together, name)[at] == getattr(alone, name)[0], name


def test_padding_of_short_frames_is_no_payload():
    frame = ethernet(4, universe()[0].network())
    found = columns_of(frame + bytes(60 - len(frame) % 60))
    assert found.end[0] == len(frame)
