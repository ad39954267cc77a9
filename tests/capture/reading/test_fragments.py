"""Datagrams put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import fragments as module
from bellrock.capture.reading.fragments import Pieces
from tests.capture.packets import Packet, ethernet
from tests.capture.reading.made import columns_of

BODY = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 69, payload=bytes(range(256)) * 12).transport()


def pieces_of(family, body=BODY, size=1000, number=7, protocol=17):
    """Frames of the fragments of one datagram."""
    size -= size % 8
    ends = ("10.0.0.1", "10.0.0.2") if family == 4 else ("2001:db8::1", "2001:db8::2")
    one = Packet(family, protocol, *ends)
    made = []
    for at in range(0, len(body), size):
        more, part = at + size < len(body), body[at : at + size]
        if family == 4:
            made.append(ethernet(4, one.around(part, at // 8 | more << 13, number)))
        else:
            made.append(ethernet(6, one.fragment6(part, at, more)))
    return made


@pytest.mark.parametrize("family", [4, 6])
@given(order=st.permutations(range(4)), cuts=st.lists(st.integers(1, 3), max_size=2))
def test_in_any_order_over_any_chunks(family, order, cuts):
    frames = pieces_of(family)
    waiting, whole = Pieces(), []
    begin = 0
    for end in (*sorted(set(cuts)), 4):
        found = columns_of(*(frames[at] for at in order[begin:end]), pieces=waiting)
        whole += [(begin + at, octets) for at, octets in found.assembled.items()]
        begin = end
    assert whole == [(3, BODY)]


def test_later_fragments_have_the_ports_of_the_first():
    found = columns_of(*pieces_of(4))
    assert found.source_port.tolist() == [1000] * 4
    assert found.destination_port.tolist() == [69] * 4
    assert found.transport[1:].tolist() == [-1] * 3


def test_before_the_first_no_ports_are_known():
    frames = pieces_of(4)
    assert columns_of(frames[1], frames[0], frames[2]).source_port.tolist() == [-1, 1000, 1000]


def test_two_datagrams_side_by_side():
    other = bytes(8) + b"o" * 2000
    mixed = [
        one for pair in zip(pieces_of(4), pieces_of(4, other + bytes(1072), number=8), strict=True) for one in pair
    ]
    assert columns_of(*mixed).assembled == {6: BODY, 7: other + bytes(1072)}


def test_a_fragment_that_came_twice_is_one():
    first, *rest = pieces_of(4)
    assert list(columns_of(first, first, *rest).assembled.values()) == [BODY]


def test_what_laps_over_is_not_believed():
    """RFC 5722: somebody hides something there."""
    frames = pieces_of(4)
    lapping = ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2").around(b"E" * 64, 0x2000 | 4, 7))
    assert columns_of(frames[0], lapping, *frames[1:]).assembled == {}


def test_what_was_not_kept_is_missing():
    frames = pieces_of(4)
    kept = [len(frame) for frame in frames]
    kept[1] -= 1
    assert columns_of(*frames, kept=kept, lengths=[len(frame) for frame in frames]).assembled == {}


def test_no_datagram_is_longer_than_ip_allows():
    end = ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2").around(b"E" * 64, 0x1FFF, 7))
    assert columns_of(*pieces_of(4)[:3], end).assembled == {}


def test_a_fragment_without_octets_is_none():
    empty = ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2").around(b"", 0x2000, 7))
    assert columns_of(empty, *pieces_of(4)).assembled == {}


def test_an_end_before_what_is_there_completes_nothing():
    first = pieces_of(4)[0]
    short = ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2").around(b"E" * 8, 300, 7))
    again = ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2").around(b"F" * 1600, 0x2000 | 400, 7))
    assert columns_of(first, again, short).assembled == {}


def test_datagrams_that_wait_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_PENDING", 3)
    waiting = Pieces()
    firsts = [pieces_of(4, number=number)[0] for number in range(10)]
    columns_of(*firsts, pieces=waiting)
    assert columns_of(*pieces_of(4, number=1)[1:], pieces=waiting).assembled == {}
    assert list(columns_of(*pieces_of(4, number=1)[:1], pieces=waiting).assembled.values()) == [BODY]


def test_octets_that_wait_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_OCTETS", 2500)
    waiting = Pieces()
    columns_of(*(pieces_of(4, number=number)[0] for number in range(10)), pieces=waiting)
    assert waiting.octets <= 2500 + 1000
    assert list(columns_of(*pieces_of(4, number=9)[1:], pieces=waiting).assembled.values()) == [BODY]


def test_an_old_one_is_another_datagram(monkeypatch):
    monkeypatch.setattr(module, "LIFETIME", 1500)
    first, *rest = pieces_of(4)
    # made.columns_of gives each packet a microsecond.
    found = columns_of(first, *[bytes(60)] * 3, *rest)
    assert found.assembled == {}
    assert found.source_port[-1] == -1


def fragments(count, size, number=7):
    """The first ones of a datagram, none of them the last."""
    one = Packet(4, 17, "10.0.0.1", "10.0.0.2")
    return [ethernet(4, one.around(bytes(size), 0x2000 | (at * max(size // 8, 1)), number)) for at in range(count)]


@pytest.mark.parametrize(("count", "size"), [(3, 1), (3, 12), (module.MAX_PARTS + 1, 8)], ids=["tiny", "odd", "many"])
def test_fragments_as_nobody_cuts_them_are_not_kept(count, size):
    """Each piece costs more than its octets, and is held against all others."""
    waiting = Pieces()
    assert columns_of(*fragments(count, size), pieces=waiting).assembled == {}
    assert waiting.octets == 0
    assert [(one.broken, one.parts) for one in waiting._pending.values()] == [(True, {})]


def test_the_largest_datagram_in_the_least_fragments_is_put_together():
    body = bytes(8) + bytes(65_507)
    assert list(columns_of(*pieces_of(4, body, size=552)).assembled.values()) == [body]
