"""What conversations amount to, held against counting one by one."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.capture.reading import tally as module
from bellrock.capture.reading.register import Register
from bellrock.capture.reading.tally import NEVER, Tally
from tests.capture.packets import Packet
from tests.capture.reading.made import BEGIN, NS, chunk_of, columns_of
from tests.capture.reading.test_register import packets


def counted(*chunks, most=100):
    register = Register(most)
    tally = Tally(register)
    for chunk in chunks:
        found = columns_of(*chunk)
        tally.take(found, register.number(found))
    return tally


@given(st.lists(st.lists(packets(), max_size=10), max_size=4))
@settings(max_examples=40)
def test_as_counted_one_by_one(chunks):
    expected = defaultdict(lambda: [0, 0, NEVER, -1])
    for chunk in chunks:
        for at, packet in enumerate(chunk):
            one, other = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
            mine = expected[packet.family, packet.protocol, one, other]
            time = BEGIN * NS + at * 1000
            mine[0] += 1
            mine[1] += len(packet.frame())
            mine[2], mine[3] = min(mine[2], time), max(mine[3], time)
    tally = counted(*([packet.frame() for packet in chunk] for chunk in chunks))
    ways = tally.ways()
    told = sorted(
        list(one) for one in zip(*(column.reshape(-1).tolist() for column in ways[:4]), strict=True) if one[0]
    )
    assert told == sorted(expected.values())
    assert tally.packets == sum(map(len, chunks))
    assert tally.octets == sum(len(packet.frame()) for chunk in chunks for packet in chunk)


def tcp(flags, back=False):
    ends = ("10.0.0.2", "10.0.0.1", 80, 40000) if back else ("10.0.0.1", "10.0.0.2", 40000, 80)
    frame = bytearray(Packet(4, 6, *ends).frame())
    frame[14 + 20 + 13] = flags
    return bytes(frame)


def test_how_tcp_began_and_ended():
    ways = counted([tcp(16), tcp(2), tcp(0x12, back=True), tcp(2), tcp(16), tcp(0x11, back=True), tcp(4)]).ways()
    assert ways.opened.T.tolist() == [[2, NEVER]]
    assert ways.flags.T.tolist() == [[2 | 4, 0x12 | 0x11]]


def test_what_is_below_ip():
    arp, lldp, length = (bytes(12) + kind for kind in (b"\x08\x06", b"\x88\xcc", b"\0\x26"))
    tally = counted(
        [arp + bytes(28), arp + bytes(46), length + bytes(46), length[:-1] + b"\x30" + bytes(50)],
        [lldp + bytes(9)],
        [b"x"],
    )
    assert tally.below == {0x0806: (2, 102), 0: (2, 124), 0x88CC: (1, 23), -1: (1, 1)}


def test_kinds_below_ip_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_KINDS", 2)
    tally = counted([bytes(12) + kind.to_bytes(2, "big") for kind in (0x9001, 0x9002, 0x9003, 0x9004, 0x9001)])
    assert tally.below == {0x9001: (2, 28), 0x9002: (1, 14), -1: (2, 28)}


def test_senders_without_an_address_are_told_by_their_cards(monkeypatch):
    monkeypatch.setattr(module, "MAX_STATIONS", 2)
    discover = Packet(4, 17, "0.0.0.0", "255.255.255.255", 68, 67).frame()
    cards = [bytes([2, 0, 0, 0, 0, at]) for at in (1, 2, 1, 3)]
    solicit = Packet(6, 58, "::", "ff02::1", type=135).frame()
    tally = counted(
        [discover[:6] + card + discover[12:] for card in cards],
        [solicit, Packet(4, 17, "10.0.0.1", "10.0.0.2").frame()],
    )
    assert tally.stations == {0: {0x020000000001: 2, 0x020000000002: 1}, 1: {0x020000000001: 1}}


def test_packets_beyond_what_is_told_apart():
    tally = counted([Packet(4, 17, "10.0.0.1", "10.0.0.2", port, 53).frame() for port in range(5)], most=3)
    assert (tally.packets, tally.left_out) == (5, 2)
    assert tally.ways().packets.sum() == 3


def test_when():
    tally = counted([tcp(2), tcp(2)], [tcp(2)])
    assert (tally.first, tally.last) == (BEGIN * NS, BEGIN * NS + 1000)


def test_nothing():
    register = Register()
    tally = Tally(register)
    found = columns_of()
    tally.take(found, register.number(found))
    assert (tally.packets, tally.first, tally.last) == (0, None, None)
    assert tally.ways().packets.shape == (2, 0)
    assert len(chunk_of()[0]) == 0


def test_more_conversations_than_there_is_room_for_at_first():
    frames = [Packet(4, 17, f"10.{at >> 8}.{at & 255}.1", "10.0.0.2", 1, 53).frame() for at in range(5000)]
    ways = counted(frames, frames, most=10_000).ways()
    assert ways.packets.sum(axis=0).tolist() == [2] * 5000
