"""Captures of every kind, opened."""

import gzip
import shutil
import subprocess

import pytest
import zstandard

from bellrock.capture.reading.containers import opened
from bellrock.capture.reading.values import MAX_KEPT, CaptureError
from tests.capture.packets import Packet
from tests.capture.reading.made import BEGIN, NS, classic, enhanced, new, record, simple

FRAMES = [Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000 + at, 53, payload=bytes(at)).frame() for at in range(200)]
TIMED = [(at / 1000, frame) for at, frame in enumerate(FRAMES)]


def read(path, interfaces=None):
    with opened(str(path), interfaces) as capture:
        got = [(int(chunk.times[at]), chunk.data(at)) for chunk in capture.chunks() for at in range(len(chunk))]
        assert capture.packets == len(got)
    return got, capture


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("make", [classic, new])
def test_packed_or_not(tmp_path, make, pack):
    (tmp_path / "a").write_bytes(pack(make(TIMED)))
    got, capture = read(tmp_path / "a")
    assert [data for _, data in got] == FRAMES
    assert (capture.troubles, capture.damaged) == ([], False)


@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "pcapng"])
def test_as_real_tools_write_them(tmp_path, kind):
    if not shutil.which("editcap"):
        pytest.fail("editcap is not here; tools/setup installs it")
    (tmp_path / "a").write_bytes(classic(TIMED, unit=NS))
    subprocess.run(["editcap", "-F", kind, tmp_path / "a", tmp_path / "b"], check=True, timeout=60)
    got, capture = read(tmp_path / "b")
    assert [data for _, data in got] == FRAMES
    assert [at for at, _ in got] == [BEGIN * NS + at * 10**6 for at in range(200)]
    assert capture.troubles == []


def test_numbers_of_interfaces_go_on(tmp_path):
    (tmp_path / "a.pcap").write_bytes(classic(TIMED[:1]))
    (tmp_path / "b.pcapng").write_bytes(new(TIMED[:1], name=b"eth7"))
    interfaces = []
    read(tmp_path / "a.pcap", interfaces)
    read(tmp_path / "b.pcapng", interfaces)
    assert [(one.number, one.point) for one in interfaces] == [(0, "a.pcap"), (1, "eth7")]


def test_a_file_that_is_cut(tmp_path):
    (tmp_path / "a").write_bytes(classic(TIMED)[:-1])
    got, capture = read(tmp_path / "a")
    assert len(got) == 199
    (trouble,) = capture.troubles
    assert trouble.startswith(f"{tmp_path}/a: after packet 199 (octet ")
    assert trouble.endswith(" it is cut: 256 octets of another packet are there, and no more")
    assert not capture.damaged


def test_damage(tmp_path):
    (tmp_path / "a").write_bytes(classic(TIMED) + record("<", NS, 1, b"")[:8] + b"\xff" * 90)
    got, capture = read(tmp_path / "a")
    assert len(got) == 200
    (trouble,) = capture.troubles
    assert f"it is damaged: a packet is said to have {2**32 - 1} octets, and {MAX_KEPT} are the most" in trouble
    assert capture.damaged


def test_packed_and_cut(tmp_path):
    packed = gzip.compress(classic(TIMED))
    (tmp_path / "a").write_bytes(packed[:-20])
    got, capture = read(tmp_path / "a")
    assert 0 <= len(got) <= 200
    assert capture.troubles[0].endswith("it cannot be read further: it ends in the middle of what gzip compressed")
    assert capture.damaged


def test_notes(tmp_path):
    (tmp_path / "a").write_bytes(new([]) + enhanced(0, b"abcd", kept=99) + simple(b"b"))
    _, capture = read(tmp_path / "a")
    assert capture.troubles == [
        f"{tmp_path}/a: 1 packets claimed more octets than their block has",
        f"{tmp_path}/a: 1 packets have no time of their own, and were given that of the packet before",
    ]


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "is empty: not even the header of a capture is there"),
        (classic([])[:23], "is cut: 23 octets, a pcap file begins with 24"),
        (classic([])[:4], "is cut: 4 octets"),
        (
            classic([], magic=0xA1B2CD34),
            "is a pcap file of a variant of 1999, which is not read; rewrite it: editcap IN OUT",
        ),
        (classic([], ">", magic=0xA1B2CD34), "variant of 1999"),
        (b"snoop\0\0\0\0\0\0\2", r"is no capture \(it is a capture of snoop\)"),
        (b'{"packets": []}', r"is no capture \(it is text\): pcap and pcapng files are read"),
        (b"\0" * 100, "is no capture: pcap and pcapng files are read, also packed with gzip or zstd"),
        (gzip.compress(b"hello, hello, hello"), "is no capture"),
        (classic([], major=9), "version 9.4 is not read"),
    ],
    ids=range(10),
)
def test_what_is_no_capture(tmp_path, octets, said):
    (tmp_path / "a").write_bytes(octets)
    with pytest.raises(CaptureError, match=said) as raised:
        opened(str(tmp_path / "a"))
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "a") in str(raised.value)
