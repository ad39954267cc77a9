"""Sections of pcapng files: packets of three kinds of blocks."""

import numpy as np
import pytest

from bellrock.capture.reading import section as module
from bellrock.capture.reading.section import PACKETS, Section
from bellrock.capture.reading.values import MAX_KEPT, PADDING
from tests.capture.reading.made import enhanced, interface, obsolete, simple, statistics

NS = 10**9


def told(order, interfaces, *blocks):
    """A section that has taken note of its blocks, and the chunk of its packets."""
    section = Section(order, interfaces, "dir/a.pcapng")
    starts, kinds, octets = [], [], b""
    for block in blocks:
        kind = int.from_bytes(block[:4], "little" if order == "<" else "big")
        if kind in PACKETS:
            starts.append(len(octets))
            kinds.append(kind)
        else:
            section.take_note(kind, block)
        octets += block
    array = np.frombuffer(octets + bytes(PADDING), np.uint8)
    return section, section.chunk(array, np.array(starts, np.int64), np.array(kinds, np.int64), 11)


@pytest.mark.parametrize("order", "<>")
def test_three_kinds_of_blocks(order):
    interfaces = []
    section, chunk = told(
        order, interfaces, interface(order, b"eth0"), interface(order, b"eth1", resolution=9),
        enhanced(5 * 10**6, b"first", order, 0), enhanced(6 * NS + 1, b"second!", order, 1, length=1500),
        obsolete(7 * NS, b"third", order, 1, drops=9), simple(b"fourth", order), enhanced(8 * 10**6, b"", order),
    )  # fmt: skip
    assert [chunk.data(at) for at in range(5)] == [b"first", b"second!", b"third", b"fourth", b""]
    assert chunk.times.tolist() == [5 * NS, 6 * NS + 1, 7 * NS, 7 * NS, 8 * NS]
    assert chunk.lengths.tolist() == [5, 1500, 5, 6, 0]
    assert chunk.interfaces.tolist() == [0, 1, 1, 0, 0]
    assert chunk.first == 11
    assert [(one.name, one.file) for one in interfaces] == [("eth0", "dir/a.pcapng"), ("eth1", "dir/a.pcapng")]
    assert section.notes == {"packets have no time of their own, and were given that of the packet before": 1}


def test_interfaces_are_numbered_behind_those_of_other_sections():
    interfaces = []
    told("<", interfaces, interface(name=b"eth0"))
    _, chunk = told("<", interfaces, interface(name=b"eth1"), enhanced(0, b"a"))
    assert chunk.interfaces.tolist() == [1]
    assert [one.number for one in interfaces] == [0, 1]


def test_statistics_belong_to_their_interface():
    interfaces = []
    told(
        "<",
        interfaces,
        interface(),
        interface(),
        statistics(1, dropped=3),
        statistics(7, dropped=5),
        statistics(0, received=2),
    )
    assert [one.dropped for one in interfaces] == [None, 3]


def test_simple_packets_are_cut_to_the_snaplen():
    _, chunk = told("<", [], interface(snaplen=4), simple(b"abcd", length=1500))
    assert (chunk.data(0), chunk.lengths.tolist(), chunk.times.tolist()) == (b"abcd", [1500], [0])


def test_a_simple_packet_without_any_interface():
    interfaces = []
    section, chunk = told("<", interfaces, simple(b"abcd"))
    assert chunk.data(0) == b"abcd"
    assert interfaces[0].link_type == module.UNKNOWN_LINK
    assert section.notes["packets name an interface that the file does not describe"] == 1


def test_an_interface_that_nobody_described():
    interfaces = []
    section, chunk = told(
        "<", interfaces, interface(), enhanced(0, b"a", number=9), enhanced(0, b"b", number=2**32 - 1)
    )
    assert chunk.interfaces.tolist() == [1, 1]
    assert (interfaces[1].link_type, interfaces[1].file) == (module.UNKNOWN_LINK, "dir/a.pcapng")
    assert section.notes == {"packets name an interface that the file does not describe": 2}


@pytest.mark.parametrize("kept", [5, MAX_KEPT, 2**32 - 1])
def test_a_packet_does_not_reach_over_its_block(kept):
    section, chunk = told("<", [], interface(), enhanced(0, b"abcd", kept=kept), enhanced(0, b"next"))
    assert chunk.data(0) == b"abcd"
    assert chunk.data(1) == b"next"
    assert section.notes == {"packets claimed more octets than their block has": 1}


def test_interfaces_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_INTERFACES", 2)
    interfaces = []
    section, _ = told("<", interfaces, *[interface()] * 3)
    assert len(interfaces) == 2
    assert section.notes == {"a file tells of more than 2 interfaces": 1}


def test_blocks_that_are_too_short_tell_nothing():
    section = Section("<", interfaces := [], "")
    section.take_note(1, interface()[:16])
    section.take_note(5, statistics()[:20])
    section.take_note(0xBAD, b"")
    assert interfaces == []
