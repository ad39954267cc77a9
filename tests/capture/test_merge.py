"""Captures of several places as one file, read again by another program and by ourselves."""

import shutil
import subprocess

import pytest

from bellrock.capture import pcapng
from bellrock.capture.merge import MAX_SOURCES, Source, merge
from bellrock.capture.reading.containers import opened
from bellrock.capture.reading.values import CaptureError
from bellrock.capture.ring import FileError
from bellrock.wire import ethernet, ip, udp
from bellrock.wire.ethernet import EthernetFrame
from tests.needs import require

SECOND = 1_000_000_000
BEGUN = 1_700_000_000 * SECOND


def datagram(number, *, back=False, hops=64):
    ends = ("10.0.0.2", "10.0.0.1") if back else ("10.0.0.1", "10.0.0.2")
    segment = udp.build(*ends, udp.Segment(4000, 4001, b"%d" % number))
    packet = ip.build(*ends, hops, 17, segment)
    return ethernet.build(EthernetFrame("02:00:00:00:00:02", "02:00:00:00:00:01", (), ethernet.ETHERTYPE_IPV4, packet))


def capture(path, packets, *, name="eth0", link_type=1, dropped=None):
    blocks = [pcapng.section("test"), pcapng.interface(name, 262144, link_type=link_type)]
    blocks += [pcapng.packet(0, BEGUN + at, data, len(data), 0) for at, data in packets]
    if dropped is not None:
        blocks.append(pcapng.statistics(0, BEGUN, {pcapng.DROPPED: dropped}, BEGUN))
    path.write_bytes(b"".join(blocks))
    return str(path)


def read(path):
    """(time since the first capture began, place, octets) of each packet."""
    with opened(str(path)) as file:
        return [
            (int(chunk.times[at]) - BEGUN, file.interfaces[int(chunk.interfaces[at])].name, chunk.data(at))
            for chunk in file.chunks()
            for at in range(len(chunk))
        ]


@pytest.fixture
def two(tmp_path):
    """A clock that is 5 s ahead of the other; transit of 2 ms there and 1 ms back."""
    there = [(number * SECOND, datagram(number)) for number in range(3)]
    back = [(number * SECOND + 10**7, datagram(number, back=True, hops=63)) for number in range(3)]
    near = capture(tmp_path / "near.pcapng", sorted(there + back), dropped=4)
    far = [(at + 5 * SECOND + 2 * 10**6, datagram(number, hops=63)) for number, (at, _) in enumerate(there)]
    far += [(at + 5 * SECOND - 10**6, datagram(number, back=True)) for number, (at, _) in enumerate(back)]
    return near, capture(tmp_path / "far.pcapng", sorted(far), name="eth7")


def test_two_places_in_one_time(two, tmp_path):
    near, far = two
    merged = merge([Source(path=near, host="rack-1"), Source(path=far, host="node-7")], str(tmp_path / "all.pcapng"))
    assert merged.packets == 12
    first, second = merged.sources
    assert (first.shift, first.error) == (0, 0)
    assert abs(second.shift + 5 * SECOND) <= second.error <= 3 * 10**6
    found = read(tmp_path / "all.pcapng")
    assert [at for at, _, _ in found] == sorted(at for at, _, _ in found)
    assert [place for _, place, _ in found][:4] == ["rack-1/eth0", "node-7/eth7", "node-7/eth7", "rack-1/eth0"]
    with opened(str(tmp_path / "all.pcapng")) as file:
        assert sum(len(chunk) for chunk in file.chunks()) == 12
        assert [one.dropped for one in file.interfaces] == [4, None]


def test_a_place_where_nothing_came_is_in_it_as_well(two, tmp_path):
    near, _far = two
    head = pcapng.section("x") + pcapng.interface("eth3", 0, mac="00:16:3e:00:00:09", addresses=("10.30.0.3/24",))
    quiet = tmp_path / "quiet.pcapng"
    quiet.write_bytes(head)
    merge([Source(path=near, host="rack-1"), Source(path=str(quiet), host="region-1")], str(tmp_path / "all.pcapng"))
    with opened(str(tmp_path / "all.pcapng")) as file:
        assert sum(len(chunk) for chunk in file.chunks()) == 6
        assert [(one.name, one.mac, one.addresses) for one in file.interfaces] == [
            ("rack-1/eth0", "", ()), ("region-1/eth3", "00:16:3e:00:00:09", ("10.30.0.3/24",)),
        ]  # fmt: skip


def test_another_program_reads_it(two, tmp_path):
    require([name for name in ("tshark",) if not shutil.which(name)])
    output = tmp_path / "all.pcapng"
    merge([Source(path=path, host=host) for path, host in zip(two, "ab", strict=True)], str(output))
    fields = ("-e", "frame.comment", "-e", "frame.interface_name", "-e", "udp.dstport")
    done = subprocess.run(
        ["tshark", "-r", output, "-T", "fields", *fields], capture_output=True, text=True, check=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 12
    assert lines[0].split("\t")[:2] == ["a/eth0", "a/eth0"]
    assert lines[1].split("\t")[:2] == ["b/eth7", "b/eth7"]


def test_what_shares_nothing_is_aligned_by_what_is_told(two, tmp_path):
    other = capture(tmp_path / "other.pcapng", [(0, datagram(99))])
    sources = [Source(path=two[0], ahead=SECOND), Source(path=other, ahead=3 * SECOND), Source(path=other)]
    merged = merge(sources, str(tmp_path / "all.pcapng"))
    assert [one.shift for one in merged.sources] == [0, -2 * SECOND, -2 * SECOND]
    assert merged.sources[2].error > merged.sources[1].error
    assert [place for _, place, _ in read(tmp_path / "all.pcapng")].count("eth0") == 8


def test_frames_of_another_link_are_kept_and_not_compared(two, tmp_path):
    raw = capture(tmp_path / "raw.pcapng", [(0, b"\x45" + bytes(40))], link_type=101)
    merged = merge([Source(path=raw, host="tun"), Source(path=two[0])], str(tmp_path / "all.pcapng"))
    assert merged.sources[1].error is None
    with opened(str(tmp_path / "all.pcapng")) as file:
        assert sum(len(chunk) for chunk in file.chunks()) == 7
        assert {one.link_type for one in file.interfaces} == {101, 1}


def test_what_cannot_be(two, tmp_path):
    with pytest.raises(CaptureError, match="0 captures"):
        merge([], str(tmp_path / "all.pcapng"))
    with pytest.raises(CaptureError, match=f"1 to {MAX_SOURCES}"):
        merge([Source(path=two[0])] * (MAX_SOURCES + 1), str(tmp_path / "all.pcapng"))
    with pytest.raises(CaptureError, match="absent"):
        merge([Source(path=str(tmp_path / "absent"))], str(tmp_path / "all.pcapng"))
    with pytest.raises(FileError):
        merge([Source(path=two[0])], two[1])
    assert merge([Source(path=two[0])], two[1], force=True).packets == 6


def test_a_cut_capture_says_so(two, tmp_path):
    octets = (tmp_path / "near.pcapng").read_bytes()
    (tmp_path / "cut.pcapng").write_bytes(octets[:-150])
    (one,) = merge([Source(path=str(tmp_path / "cut.pcapng"))], str(tmp_path / "all.pcapng")).sources
    assert one.packets < 6
    assert "cut" in one.troubles[0]


@pytest.fixture
def strange(tmp_path):
    """Three packets, two of them of an interface that the file does not describe."""
    blocks = [pcapng.section("x"), pcapng.packet(99, BEGUN, datagram(7), 60, 0), pcapng.interface("eth9", 0)]
    blocks += [pcapng.packet(number, BEGUN, datagram(8), 60, 0) for number in (0, 98)]
    (tmp_path / "strange.pcapng").write_bytes(b"".join(blocks))
    return str(tmp_path / "strange.pcapng")


def test_packets_of_no_interface_are_left_out(two, strange, tmp_path):
    merged = merge([Source(path=two[0]), Source(path=strange)], str(tmp_path / "all.pcapng"))
    assert (merged.packets, [one.packets for one in merged.sources]) == (7, [6, 1])
    assert any(
        "2 packets of an interface that is not described are left out" in one for one in merged.sources[1].troubles
    )
    assert sorted({place for _, place, _ in read(tmp_path / "all.pcapng")}) == ["eth0", "eth9"]


class DiskFull(FileError):
    """As a full disk."""


def test_what_fails_leaves_what_was_there(two, tmp_path, monkeypatch):
    def full(*_):
        raise DiskFull(28, "no space")

    (tmp_path / "all.pcapng").write_bytes(b"precious")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(pcapng, "remarked", full)
    with pytest.raises(DiskFull):
        merge([Source(path=two[0])], str(tmp_path / "all.pcapng"), force=True)
    assert ((tmp_path / "all.pcapng").read_bytes(), sorted(tmp_path.iterdir())) == (b"precious", before)
    with pytest.raises(DiskFull):
        merge([Source(path=two[0])], str(tmp_path / "new.pcapng"))
    assert sorted(tmp_path.iterdir()) == before


def test_into_one_of_them(two, tmp_path):
    merge([Source(path=path) for path in two], two[0], force=True)
    assert len(read(two[0])) == 12


def test_a_name_that_somebody_takes_meanwhile(two, tmp_path, monkeypatch):
    taken = tmp_path / "all.pcapng"
    block = pcapng.statistics

    def slow(*given):
        taken.write_bytes(b"other")
        return block(*given)

    monkeypatch.setattr(pcapng, "statistics", slow)
    with pytest.raises(FileError, match="is there already"):
        merge([Source(path=two[0])], str(taken))
    assert taken.read_bytes() == b"other"
    assert sorted(tmp_path.glob(".*")) == []
