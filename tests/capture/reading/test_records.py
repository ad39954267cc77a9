"""Classic pcap files."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import chain as chains
from bellrock.capture.reading import pieces
from bellrock.capture.reading.pieces import Feed
from bellrock.capture.reading.records import HEADER, MAGICS, Records, interface
from bellrock.capture.reading.source import Source
from bellrock.capture.reading.values import MAX_KEPT, CaptureError
from tests.capture.reading.made import BEGIN, NS, US, classic, record

PACKETS = st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=120)), max_size=60)


def read(octets):
    """Packets as (nanoseconds, octets, length), and the reader at its end."""
    feed = Feed(Source(io.BytesIO(octets), "test"))
    records = Records(feed.peek(24), 3)
    got = []
    for chunk in records.chunks(feed):
        assert set(chunk.interfaces.tolist()) <= {3}
        assert chunk.first == len(got) + 1
        got += [(int(chunk.times[at]), chunk.data(at), int(chunk.lengths[at])) for at in range(len(chunk))]
    return got, records, feed


@given(packets=PACKETS, order=st.sampled_from("<>"), unit=st.sampled_from([US, NS]))
def test_packets_of_each_kind_of_file(packets, order, unit):
    given_packets = [(at / 1000, data) for at, data in packets]
    got, records, feed = read(classic(given_packets, order, unit))
    assert got == [((BEGIN * unit + round(at * unit)) * (NS // unit), data, len(data)) for at, data in given_packets]
    assert (records.trouble, feed.left) == ("", 0)


@pytest.mark.parametrize("order", "<>")
def test_many_small_pieces_entered_at_many_places(monkeypatch, order):
    """Whatever is guessed, it is what following them one by one gives."""
    monkeypatch.setattr(pieces, "MAX_CHUNK", 3 << 16)
    monkeypatch.setattr(chains, "LEAST_APART", 1 << 10)
    rng = np.random.default_rng(7)
    # Payloads full of what records begin with, so that guesses are wrong now and then.
    lure = record(order, US, 5, bytes(40))
    packets = [(at / 1000, (lure * 40)[: int(size)]) for at, size in enumerate(rng.integers(0, 1500, 2000))]
    got, records, _ = read(classic(packets, order))
    assert [one[1] for one in got] == [data for _, data in packets]
    assert records.trouble == ""


def test_lengths_on_the_wire():
    (one, other), _, _ = read(classic([(0, b"x" * 60, 1514), (1, b"y" * 60)]))
    assert (one[2], other[2]) == (1514, 60)


def test_a_length_below_what_is_kept_is_no_length():
    ((_, data, length),), _, _ = read(classic([(0, b"x" * 60, 10)]))
    assert (len(data), length) == (60, 60)


@pytest.mark.parametrize("missing", [1, 15, 16, 30, 59])
def test_a_file_that_is_cut_has_what_is_whole(missing):
    octets = classic([(0, b"a" * 60), (1, b"b" * 60)])
    got, records, feed = read(octets[:-missing])
    assert [data for _, data, _ in got] == [b"a" * 60]
    assert records.trouble == ""
    assert feed.left == 76 - missing


@pytest.mark.parametrize("kept", [MAX_KEPT + 1, 2**32 - 1])
def test_damage_ends_it(kept):
    octets = classic([(0, b"a" * 60)]) + record("<", US, 1, b"")[:8] + kept.to_bytes(4, "little") * 2 + bytes(500)
    got, records, feed = read(octets + classic([(3, b"later")])[24:])
    assert len(got) == 1
    assert records.trouble == f"a packet is said to have {kept} octets, and {MAX_KEPT} are the most"
    assert feed.place == HEADER + 76


@pytest.mark.parametrize("magic", MAGICS, ids=bytes.hex)
@given(octets=st.binary(max_size=300))
def test_any_octets_are_packets_or_damage(magic, octets):
    head = magic + bytes([0, 2, 0, 4]) + bytes(16)
    got, records, feed = read(head + octets)
    assert sum(16 + len(data) for _, data, _ in got) + feed.left == len(octets)
    assert records.trouble or feed.left < 16 + MAX_KEPT


def origin():
    return Source(io.BytesIO(), "dir/a.pcap")


@pytest.mark.parametrize("order", "<>")
def test_the_interface(order):
    found = interface(classic([], order, link=113, snaplen=96), origin(), 4)
    assert (found.number, found.link_type, found.snaplen, found.name) == (4, 113, 96, "")
    assert found.point == "a.pcap"


def test_of_the_link_types_word_some_bits_are_of_check_sequences():
    assert interface(classic([], link=0x14000001), origin(), 0).link_type == 1


def test_a_snaplen_of_all_is_none():
    assert interface(classic([], snaplen=262144), origin(), 0).snaplen == 0


@pytest.mark.parametrize("order", "<>")
def test_another_version_is_refused(order):
    with pytest.raises(CaptureError, match=r"a.pcap: pcap of version 3\.4 is not read"):
        interface(classic([], order, major=3), origin(), 0)
