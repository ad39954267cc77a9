"""Tags of frames, counted; the socket is in tests/lab."""

import pytest

from bellrock.link import overhear as module
from bellrock.link.device import Frame
from bellrock.link.overhear import OTHERS, Overheard, TagEar, stack_of
from bellrock.wire.ethernet import EthernetFrame, Tag, build

MACS = tuple(f"02:00:00:00:00:{n:02x}" for n in range(100))


def frame(*tags, stripped=(), mac=MACS[0], cut=60):
    data = build(EthernetFrame("ff:ff:ff:ff:ff:ff", mac, tags, 0x0800, bytes(46)))
    return Frame(2, tuple(stripped), data[:cut], 0)


class Device:
    def __init__(self, frames):
        self.frames = frames

    def receive(self, budget):
        taken, self.frames = self.frames[:budget], self.frames[budget:]
        return taken


def heard(*frames):
    ear = TagEar.__new__(TagEar)
    ear._device, ear.heard = Device(list(frames)), {}
    ear.count(1000)
    return ear.heard


@pytest.mark.parametrize(
    ("taken", "stack"),
    [
        (frame(Tag(0x8100, 10)), (10,)),
        (frame(stripped=[Tag(0x8100, 10)]), (10,)),
        (frame(Tag(0x8100, 10, 7, True)), (10,)),
        (frame(Tag(0x8100, 7), stripped=[Tag(0x88A8, 100)]), (100, 7)),
        (frame(Tag(0x88A8, 100), Tag(0x8100, 7)), (100, 7)),
        (frame(Tag(0x9100, 100), Tag(0x8100, 7), Tag(0x8100, 8)), (100, 7, 8)),
        (frame(Tag(0x8100, 0)), (0,)),
        (frame(Tag(0x8100, 10), cut=15), ()),
        (frame(), ()),
    ],
)
def test_stacks(taken, stack):
    assert stack_of(taken) == stack


def test_frames_and_sources_are_counted_by_stack():
    found = heard(
        frame(Tag(0x8100, 10)), frame(Tag(0x8100, 10), mac=MACS[1]), frame(Tag(0x8100, 10)), frame(Tag(0x8100, 9))
    )
    assert found == {
        (10,): Overheard(3, {MACS[0]: 2, MACS[1]: 1}),
        (9,): Overheard(1, {MACS[0]: 1}),
    }


def test_sources_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_MACS", 3)
    found = heard(*(frame(Tag(0x8100, 10), mac=mac) for mac in (*MACS[:5], MACS[0])))
    assert found[10,] == Overheard(6, {MACS[0]: 2, MACS[1]: 1, MACS[2]: 1}, True)


def test_stacks_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_TAGS", 2)
    found = heard(*(frame(Tag(0x8100, vid)) for vid in (1, 2, 3, 4, 1)))
    assert {stack: one.frames for stack, one in found.items()} == {(1,): 2, (2,): 1, OTHERS: 2}
