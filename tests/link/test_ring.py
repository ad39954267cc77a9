"""The ring's reader over blocks as the kernel writes them; test_packet.py has the kernel itself write them."""

import mmap
import struct

import pytest

from bellrock.link import ring as ring_module
from bellrock.link.ring import BLOCK_SIZE, Ring
from bellrock.wire.ethernet import Tag


class FakeSocket:
    """Takes the options of a ring, and has memory in place of the kernel's."""

    def __init__(self) -> None:
        self.options = {}

    def setsockopt(self, level, option, value):
        self.options[level, option] = value

    def fileno(self):
        return -1  # an anonymous mapping


@pytest.fixture
def made():
    sock = FakeSocket()
    ring = Ring(sock, 3)
    yield sock, ring
    ring.close()


def fill(ring: Ring, block: int, frames: list[tuple], gap: int = 48) -> None:
    """Write a block: struct tpacket_block_desc, then tpacket3_hdr, sockaddr_ll and frame, each padded to 8."""
    memory, base = ring._memory, block * BLOCK_SIZE
    at = base + gap
    for data, status, control, tpid, ifindex, kind, stamp in frames:
        step = (82 + len(data) + 7) & ~7
        head = struct.pack(
            "=6I2H2I2H8x", step, *divmod(stamp, 10**9), len(data), len(data) + 9, status, 82, 96, 77, control, tpid, 0
        )
        address = struct.pack("=HHiHBB8s", 17, 8, ifindex, 1, kind, 6, b"\2\0\0\0\0\1")
        assert len(head) == 48
        memory[at : at + 82 + len(data)] = head + address + bytes(82 - 68) + data
        at += step
    memory[base + 8 : base + 20] = struct.pack("=III", 1, len(frames), gap)


def frame(
    data: bytes,
    status: int = 1,
    control: int = 0,
    tpid: int = 0,
    ifindex: int = 4,
    kind: int = 2,
    stamp: int = 5_000_000_007,
):
    return data, status, control, tpid, ifindex, kind, stamp


def test_asks_for_version_3_and_a_ring_of_the_right_size(made):
    sock, _ = made
    assert sock.options[263, 10] == 2
    size, blocks, slot, slots, retire, private, features = struct.unpack("=7I", sock.options[263, 5])
    assert (size, blocks, private, features) == (BLOCK_SIZE, 3, 0, 0)
    assert slots * slot == size * blocks
    assert retire == ring_module.RETIRE_MS
    assert BLOCK_SIZE % mmap.PAGESIZE == 0


def test_every_field(made):
    _, ring = made
    fill(
        ring,
        0,
        [frame(b"first frame"), frame(b"second", status=1 | 8, ifindex=9, kind=3, stamp=1_700_000_000_123_456_789)],
    )
    one, two = ring.read(10)
    assert (one.data, one.ifindex, one.packet_type, one.received_ns) == (b"first frame", 4, 2, 5_000_000_007)
    assert one.checksum_ready
    assert one.tags == ()
    assert (two.data, two.ifindex, two.packet_type, two.received_ns) == (b"second", 9, 3, 1_700_000_000_123_456_789)
    assert not two.checksum_ready


@pytest.mark.parametrize(
    ("status", "control", "tpid", "tags"),
    [
        (0x51, 0x600A, 0x88A8, (Tag(0x88A8, 10, 3),)),
        (0x11, 0x100A, 0, (Tag(0x8100, 10, 0, True),)),
        (0x41, 0x600A, 0x88A8, ()),
        (0x51, 0, 0x8100, (Tag(0x8100, 0),)),
    ],
)
def test_tags(made, status, control, tpid, tags):
    _, ring = made
    fill(ring, 0, [frame(b"x" * 60, status, control, tpid)] * 2)
    assert [heard.tags for heard in ring.read(2)] == [tags, tags]


def test_tags_kept_are_bounded(made, monkeypatch):
    _, ring = made
    monkeypatch.setattr(ring_module, "_MAX_TAGS_KEPT", 4)
    fill(ring, 0, [frame(b"x", 0x51, vid, 0x8100) for vid in range(1, 11)])
    assert [heard.tags[0].vid for heard in ring.read(20)] == list(range(1, 11))
    assert len(ring._tags) <= 4


def test_blocks_go_back_with_their_last_frame_and_in_turn(made):
    _, ring = made

    def status(block):
        return struct.unpack_from("=I", ring._memory, block * BLOCK_SIZE + 8)[0]

    for turn in range(3):
        fill(ring, turn, [frame(b"%d%d" % (turn, number)) for number in range(3)])
    assert [heard.data for heard in ring.read(2)] == [b"00", b"01"]
    assert [status(block) for block in range(3)] == [1, 1, 1]
    assert [heard.data for heard in ring.read(2)] == [b"02", b"10"]
    assert [status(block) for block in range(3)] == [0, 1, 1]
    assert [heard.data for heard in ring.read(100)] == [b"11", b"12", b"20", b"21", b"22"]
    assert ring.read(100) == []
    fill(ring, 0, [frame(b"again")])
    assert [heard.data for heard in ring.read(100)] == [b"again"]


def test_a_block_without_frames_is_passed_over(made):
    _, ring = made
    fill(ring, 0, [])
    fill(ring, 1, [frame(b"behind it")])
    assert [heard.data for heard in ring.read(5)] == [b"behind it"]


def test_frames_outlive_their_block(made):
    _, ring = made
    fill(ring, 0, [frame(b"kept")])
    [heard] = ring.read(1)
    fill(ring, 0, [frame(b"over")])
    assert heard.data == b"kept"
