"""Live capture, in a namespace with real frames."""

import os
import socket

import pytest

from bellrock.capture.accepted import accepted
from bellrock.capture.live import Capture, Description, Limits
from bellrock.capture.program import keep
from bellrock.capture.redact import headers_only
from bellrock.capture.ring import Files, Turns
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import flow
from tests.capture.packets import STACKS, Packet
from tests.capture.reader import read
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab
ABOUT = Description(application="test", expression="udp port 53", comments=("flows: dns",))
QUERY = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53, payload=b"SECRET" * 20)
OTHER = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 54)


def send(name, *frames):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((name, 0))
        for frame in frames:
            sock.send(frame)


@pytest.fixture
def space():
    with network_namespace() as inside:
        inside.near, inside.far = inside.veth("fg-a", "fg-b")
        yield inside


@pytest.fixture
def stop():
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def capture(tmp_path, indexes, stop, play, limits=None, program=None, about=ABOUT, turns=None, **more):
    """What `play` sends, from the files in their order; why it ended, and the capture's totals."""
    made = Capture(indexes, program or keep(262144), about, **more)
    try:
        files = Files(str(tmp_path / "a.pcapng"), turns or Turns(), made.head, made.tail, 0.0)
        play()
        ended = made.run(files, limits or Limits(packets=1), stop[0], lambda: None)
        files.close()
        totals = made.totals()
    finally:
        made.close()
        made.close()
    return ended, [read((tmp_path / name).read_bytes()) for name in sorted(os.listdir(tmp_path))], totals, made


def test_both_directions_on_two_interfaces_with_their_tags(space, tmp_path, stop):
    _, program = accepted(Wanted(flows=(flow("dns"),)))
    frames = [QUERY.frame(*stack) for stack in STACKS]
    deeper = QUERY.frame((0x88A8, 1), *STACKS[2])

    def play():
        send("fg-a", *frames, OTHER.frame(), OTHER.frame(*STACKS[1]), deeper)

    ended, (contents,), totals, _ = capture(tmp_path, (space.near, space.far), stop, play, Limits(packets=6), program)
    assert ended == "6 packets"
    assert [options[2] for _, options in contents.interfaces] == [[b"fg-a"], [b"fg-b"]]
    for number, direction in ((0, 2), (1, 1)):
        mine = [packet for packet in contents.packets if packet[0] == number]
        assert [packet[2] for packet in mine] == frames
        assert [packet[3] for packet in mine] == list(map(len, frames))
        assert {packet[4] & 3 for packet in mine} == {direction}
        stamps = [packet[1] for packet in mine]
        assert stamps == sorted(stamps)
        assert any(stamp % 1000 for stamp in stamps)
    counters = {
        number: {code: int.from_bytes(value[0], "little") for code, value in options.items()}
        for number, _, options in contents.statistics
    }
    assert all((counters[number][4], counters[number][5], counters[number][8]) == (3, 0, 3) for number in (0, 1))
    assert (totals.packets, totals.dropped, totals.interfaces) == (6, 0, {"fg-a": 3, "fg-b": 3})
    assert totals.octets == 2 * sum(map(len, frames))


def test_all_interfaces_through_one_socket(space, tmp_path, stop):
    def play():
        send("fg-a", QUERY.frame())
        send("lo", QUERY.frame())

    _, (contents,), totals, _ = capture(tmp_path, (), stop, play, Limits(packets=3))
    assert totals.interfaces == {"fg-a": 1, "fg-b": 1, "lo": 1}
    assert {options[2][0] for _, options in contents.interfaces} == {b"fg-a", b"fg-b", b"lo"}
    assert len(contents.statistics) == 3
    assert all(4 not in options for _, _, options in contents.statistics)


def test_redacted_and_cut(space, tmp_path, stop):
    def play():
        send("fg-a", QUERY.frame(*STACKS[2]))

    (tmp_path / "r").mkdir()
    _, (contents,), _, _ = capture(tmp_path / "r", (space.far,), stop, play, redact=headers_only)
    (packet,) = contents.packets
    assert packet[2] == QUERY.frame(*STACKS[2])[:50]
    assert packet[3] == len(QUERY.frame(*STACKS[2]))
    assert b"SECRET" not in (tmp_path / "r" / "a.pcapng").read_bytes()
    (tmp_path / "s").mkdir()
    about = Description(application="test", snaplen=60)
    _, (contents,), _, _ = capture(tmp_path / "s", (space.far,), stop, play, program=keep(60), about=about)
    assert contents.packets[0][2:4] == (QUERY.frame(*STACKS[2])[:60], len(QUERY.frame(*STACKS[2])))


def test_until_told_to_stop(space, tmp_path, stop):
    def play():
        send("fg-a", QUERY.frame(), QUERY.frame())
        os.write(stop[1], b".")

    ended, (contents,), _, _ = capture(tmp_path, (space.far,), stop, play, Limits())
    assert ended == "stopped"
    assert len(contents.packets) == 2


def test_until_the_time_is_over(space, tmp_path, stop):
    ended, (contents,), _, _ = capture(
        tmp_path, (space.far,), stop, lambda: send("fg-a", QUERY.frame()), Limits(seconds=0.7)
    )
    assert ended == "0.7 seconds"
    assert len(contents.packets) == 1


def test_an_interface_goes_down_and_away(space, tmp_path, stop):
    def play():
        send("fg-a", QUERY.frame())
        space.ip("link del fg-a")

    ended, (contents,), _, made = capture(tmp_path, (space.near, space.far), stop, play, Limits(seconds=20))
    assert ended == "no interface is left"
    assert len(contents.packets) == 2
    assert len(contents.statistics) == 2
    assert any("network is down" in line or "no such device" in line for line in made.complaints)


def test_down_is_not_away(space, tmp_path, stop):
    def play():
        space.ip("link set fg-b down")

    ended, _, _, made = capture(tmp_path, (space.far,), stop, play, Limits(seconds=0.6))
    assert ended == "0.6 seconds"
    assert made.complaints == ["fg-b is not heard: network is down"]


def test_files_turn(space, tmp_path, stop):
    def play():
        send("fg-a", *[QUERY.frame()] * 100)

    _, contents, totals, _ = capture(
        tmp_path, (space.far,), stop, play, Limits(packets=100), turns=Turns(size=4096, files=3)
    )
    assert len(contents) == 3
    assert all(one.interfaces and one.statistics for one in contents)
    assert totals.packets == 100 > sum(len(one.packets) for one in contents)


def test_lost_packets_are_counted(space, tmp_path, stop):
    frame = QUERY.frame() + bytes(1300)

    def play():
        send("fg-a", *[frame] * 16000)

    _, (contents,), totals, _ = capture(tmp_path, (space.far,), stop, play, Limits(seconds=1.5))
    assert totals.packets + totals.dropped == 16000
    assert totals.dropped > 0
    ((_, _, options),) = contents.statistics
    assert int.from_bytes(options[5][0], "little") == totals.dropped == 16000 - len(contents.packets)
    (tmp_path / "a.pcapng").unlink()
    _, (contents,), totals, _ = capture(tmp_path, (), stop, play, Limits(seconds=1.5))
    assert totals.dropped
    said = [options[1][0].decode() for _, _, options in contents.statistics]
    assert all(f"{totals.dropped} packets of all interfaces together were dropped" in line for line in said)


def test_no_such_interface():
    with network_namespace(), pytest.raises(OSError, match="No such device"):
        Capture((99,), keep(1), ABOUT)
