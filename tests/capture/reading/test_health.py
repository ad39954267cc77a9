"""What is wrong with a capture itself."""

import pytest
from msgspec.structs import replace

from bellrock.capture.reading.columns import columns
from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.health import MAX_JUMPS, Health, told
from bellrock.capture.reading.values import Interface
from tests.capture.packets import Packet
from tests.capture.reading.made import BEGIN, NS, chunk_of

FRAME = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1, 53).frame()


def troubles(*chunks, interfaces=None, **about):
    """Of chunks, each a list of frames with their times in seconds."""
    health, first = None, 1
    for frames, times in chunks:
        chunk, made = chunk_of(*frames, **about)
        chunk = replace(chunk, times=(BEGIN * NS + 0 * chunk.times) + [round(at * NS) for at in times], first=first)
        interfaces = interfaces or made
        health = health or Health(interfaces)
        health.watch(columns(chunk, interfaces, Pieces()))
        first += len(chunk)
    return list(health.troubles())


def test_a_sound_capture_has_none():
    assert troubles(([FRAME] * 4, [0, 1, 0.6, 3600])) == []


@pytest.mark.parametrize("cut", [1, 2])
def test_a_clock_that_goes_back(cut):
    times = [0, 5, 1.8, 2]
    found = troubles(([FRAME] * cut, times[:cut]), ([FRAME] * (4 - cut), times[cut:]))
    assert found == ["the clock of 0 went back 3.2 s at packet 3"]


def test_a_clock_that_goes_ahead_or_silence():
    assert troubles(([FRAME] * 2, [0, 200_000])) == [
        "the clock of 0 went ahead 200,000 s at packet 2, or nothing came for so long"
    ]


def test_jumps_are_bounded():
    found = troubles(([FRAME] * 41, [at % 2 * 9 for at in range(41)]))
    assert len(found) == MAX_JUMPS + 1
    assert found[-1] == "clocks jumped 16 times more"


def test_each_interface_has_its_clock():
    interfaces = [Interface(number=0, link_type=1, name="eth0"), Interface(number=1, link_type=1, name="eth1")]
    assert troubles(([FRAME] * 4, [100, 0, 101, 1]), interfaces=interfaces, link=[1, 1]) == []
    assert troubles(([FRAME] * 4, [100, 10, 101, 1]), interfaces=interfaces, link=[1, 1]) == [
        "the clock of eth1 went back 9 s at packet 4"
    ]


def test_packets_that_were_cut():
    lengths = [len(FRAME), 1500, 1500]
    found = troubles(([FRAME] * 3, [0, 1, 2]), kept=[len(FRAME), 40, 50], lengths=lengths)
    assert found == ["2 packets were cut while capturing, to 40 octets or more: what is behind that cannot be seen"]


def test_over_chunks_the_least_counts():
    one = ([FRAME], [0])
    found = troubles(one, one, kept=[30], lengths=[99])
    assert found[0].startswith("2 packets were cut while capturing, to 30 octets")


def test_what_cannot_be_read():
    wifi = [Interface(number=0, link_type=105, name="wlan0", dropped=7)]
    assert troubles(([FRAME], [0]), interfaces=wifi) == [
        "1 packet was of link type 105, which is not read",
        "7 packets were lost while capturing at wlan0: what is missing may have been there",
    ]


def test_what_is_hidden():
    macsec = bytes(12) + b"\x88\xe5" + bytes(40)
    esp = Packet(4, 50, "10.0.0.1", "10.0.0.2").frame()
    assert troubles(([macsec, esp, esp, FRAME], [0, 0, 0, 0])) == [
        "1 packet was encrypted by MACsec: what is inside was not seen",
        "2 packets were encrypted by IPsec (ESP): what is inside was not seen",
    ]


def test_what_was_found_elsewhere_comes_first():
    health = Health([])
    health.add("a.pcap: it is cut")
    chunk, interfaces = chunk_of()
    health.watch(columns(chunk, interfaces, Pieces()))
    assert list(health.troubles()) == ["a.pcap: it is cut"]


@pytest.mark.parametrize(
    ("seconds", "says"), [(0.5123, "0.512"), (3.2, "3.2"), (999.4, "999"), (999.6, "1,000"), (31_536_018, "31,536,018")]
)
def test_times_without_powers_of_ten(seconds, says):
    assert told(seconds) == says
