import io
import os
import random
import select
import struct

import pytest

from bellrock.link import middleware
from bellrock.link.device import Device, Frame, LinkError, SendCounter, Statistics
from bellrock.link.middleware import FaultInjector, Faults, PcapWriter, Tracer, with_tags
from bellrock.wire.ethernet import Tag
from tests.link.frames import PASSED

PLAIN = Frame(7, (), PASSED["IPv4"], 1_700_000_000_000_000_123)
TAGGED = Frame(7, (Tag(0x88A8, 100), Tag(0x8100, 10, 3)), PASSED["IPv4"], 1_700_000_001_000_000_456)


class Desk:
    """A device whose frames lie in a list, and whose descriptor is a pipe's."""

    def __init__(self, arriving=()) -> None:
        self.arriving = list(arriving)
        self.sent = []
        self.refuses: LinkError | None = None
        self.closed = 0
        self._pipe = os.pipe()

    def fileno(self):
        return self._pipe[0]

    def receive(self, budget):
        taken, self.arriving = self.arriving[:budget], self.arriving[budget:]
        return taken

    def send(self, ifindex, data):
        self.sent.append((ifindex, data))
        return self.refuses

    def statistics(self):
        return Statistics(received=3)

    def close(self):
        self.closed += 1
        if self.closed == 1:
            for descriptor in self._pipe:
                os.close(descriptor)


@pytest.fixture
def desk():
    desk = Desk([PLAIN, TAGGED])
    yield desk
    desk.close()


def numbered(count: int) -> list[Frame]:
    return [Frame(1, (), b"%04d" % number, number) for number in range(count)]


def test_wrappers_are_devices_and_stack(desk):
    lines: list[str] = []
    stack: Device = Tracer(PcapWriter(FaultInjector(desk, Faults(), random.Random(1)), io.BytesIO()), lines.append)
    assert stack.receive(9) == [PLAIN, TAGGED]
    assert stack.send(3, PASSED["IPv6"]) is None
    assert stack.statistics() == Statistics(received=3)
    assert not select.select([stack], [], [], 0)[0]
    stack.close()
    assert desk.closed == 1
    assert len(lines) == 3


def test_the_tracer_tells_one_line_of_each_frame(desk):
    lines: list[str] = []
    tracer = Tracer(desk, lines.append)
    tracer.receive(9)
    desk.refuses = SendCounter().failed(100, "it")
    assert tracer.send(2**31 - 1, PASSED["LLDP, tagged"]) is desk.refuses
    assert lines == [
        "< interface 7 02:00:00:00:00:01 > 01:00:5e:00:00:76 0x0800 48 octets",
        "< interface 7 vid 100 vid 10 02:00:00:00:00:01 > 01:00:5e:00:00:76 0x0800 56 octets",
        "> interface 2147483647 vid 10 02:00:00:00:00:01 > 01:00:5e:00:00:76 0x88cc 58 octets ENETDOWN",
    ]


def test_the_tracer_tells_of_a_runt(desk):
    lines: list[str] = []
    desk.arriving = [Frame(7, (), b"\1\2\3", 0)]
    Tracer(desk, lines.append).receive(1)
    assert lines == ["< interface 7  > 01:02:03 0x 3 octets"]


def test_the_recording_is_a_pcap_file_with_nanoseconds_and_tags(desk):
    file = io.BytesIO()
    writer = PcapWriter(desk, file)
    writer.receive(9)
    writer.send(3, PASSED["IPv6"])
    desk.refuses = LinkError("down")
    assert writer.send(3, PASSED["LLDP"]) is desk.refuses
    data = file.getvalue()
    assert struct.unpack("=IHHiIII", data[:24]) == (0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
    records, at = [], 24
    while at < len(data):
        seconds, nanoseconds, kept, length = struct.unpack_from("=4I", data, at)
        assert kept == length
        records.append((seconds, nanoseconds, data[at + 16 : at + 16 + kept]))
        at += 16 + kept
    assert records[0] == (1_700_000_000, 123, PASSED["IPv4"])
    assert records[1] == (1_700_000_001, 456, PASSED["IPv4, 802.1ad and 802.1Q tag"].replace(b"\x60\x0a", b"\x60\x0a"))
    assert records[2][2] == PASSED["IPv6"]
    assert len(records) == 3


def test_a_full_disk_ends_the_recording_and_nothing_else(desk):
    with open("/dev/full", "wb", buffering=0) as full:
        writer = PcapWriter(desk, full)
        assert writer.error.errno == 28
        assert writer.receive(9) == [PLAIN, TAGGED]
        assert writer.send(1, PASSED["IPv4"]) is None


def test_tags_go_back_where_they_were():
    assert with_tags(TAGGED) == PASSED["IPv4, 802.1ad and 802.1Q tag"]
    assert with_tags(PLAIN) is PLAIN.data


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self):
        return self.at


def injector(desk, faults: Faults, seed: int = 1, now=None):
    return FaultInjector(desk, faults, random.Random(seed), now or Hand())


def test_no_faults_change_nothing(desk):
    desk.arriving = numbered(50)
    device = injector(desk, Faults())
    assert device.receive(20) == numbered(50)[:20]
    assert device.receive(50) == numbered(50)[20:]
    assert device.lost == 0
    device.close()


def test_loss_in_both_directions_in_its_share_and_the_same_with_the_same_seed(desk):
    outcomes = []
    for _ in range(2):
        desk.arriving, desk.sent = numbered(1000), []
        device = injector(desk, Faults(loss=0.3), seed=7)
        heard = device.receive(1000)
        for frame in numbered(1000):
            assert device.send(1, frame.data) is None
        assert 600 < len(heard) < 800
        assert 600 < len(desk.sent) < 800
        assert device.lost == 2000 - len(heard) - len(desk.sent)
        outcomes.append((heard, desk.sent))
        device.close()
        desk.closed = 0
        desk._pipe = os.pipe()
    assert outcomes[0] == outcomes[1]


def test_duplication_delivers_each_twice_within_the_budget(desk):
    desk.arriving = numbered(6)
    device = injector(desk, Faults(duplication=1.0))
    heard = []
    while batch := device.receive(4):
        assert len(batch) <= 4
        heard += batch
    assert sorted(frame.data for frame in heard) == sorted(frame.data for frame in numbered(6) * 2)
    device.send(1, b"x")
    assert desk.sent == [(1, b"x")] * 2
    device.close()


def test_reordering_lets_later_frames_overtake(desk):
    hand = Hand()
    desk.arriving = numbered(200)
    device = injector(desk, Faults(reordering=0.2, hold=0.005), now=hand)
    early = device.receive(200)
    assert device.receive(200) == []
    hand.at += 0.006
    late = device.receive(200)
    assert 20 < len(late) < 80
    assert sorted(early + late, key=lambda frame: frame.data) == numbered(200)
    assert early == sorted(early, key=lambda frame: frame.data)
    device.close()


def test_delay_keeps_frames_and_sends_until_their_time(desk):
    hand = Hand()
    desk.arriving = [PLAIN]
    device = injector(desk, Faults(delay=0.5, jitter=0.1), now=hand)
    assert device.receive(9) == []
    assert device.send(4, b"later") is None
    hand.at += 0.49
    assert device.receive(9) == []
    assert desk.sent == []
    hand.at += 0.2
    assert device.receive(9) == [PLAIN]
    assert desk.sent == [(4, b"later")]
    device.close()


def test_a_delayed_frame_makes_the_device_readable_when_its_time_has_come(desk):
    desk.arriving = [PLAIN]
    device = FaultInjector(desk, Faults(delay=0.002), random.Random(1))
    assert device.receive(9) == []
    heard = []
    for _ in range(100):
        if heard:
            break
        assert select.select([device], [], [], 5)[0]
        heard = device.receive(9)
    assert heard == [PLAIN]
    assert not select.select([device], [], [], 0)[0]
    device.close()
    device.close()


def test_an_arriving_frame_makes_it_readable(desk):
    device = injector(desk, Faults())
    os.write(desk._pipe[1], b"!")
    assert select.select([device], [], [], 5)[0]
    device.close()


def test_what_is_held_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(middleware, "MAX_HELD", 10)
    hand = Hand()
    desk.arriving = numbered(30)
    device = injector(desk, Faults(delay=1.0), now=hand)
    device.receive(30)
    assert device.lost == 20
    hand.at += 2
    assert device.receive(30) == numbered(10)
    device.close()


def test_the_error_of_sending_is_passed_on(desk):
    desk.refuses = LinkError("down")
    device = injector(desk, Faults())
    assert device.send(1, b"x") is desk.refuses
    device.close()
