"""pcapng files."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import chain as chains
from bellrock.capture.reading import pieces
from bellrock.capture.reading.blocks import MAX_BLOCK, Blocks
from bellrock.capture.reading.pieces import Feed
from bellrock.capture.reading.source import Source
from tests.capture.reading.made import BEGIN, US, block, enhanced, interface, new, section, simple, statistics

NS = 10**9


def read(octets):
    feed = Feed(Source(io.BytesIO(octets), "test"))
    feed.peek(24)
    blocks = Blocks(interfaces := [], "a.pcapng")
    got = []
    for chunk in blocks.chunks(feed):
        assert chunk.first == len(got) + 1
        got += [
            (int(chunk.times[at]), chunk.data(at), interfaces[int(chunk.interfaces[at])].name)
            for at in range(len(chunk))
        ]
    return got, blocks, feed


@given(
    packets=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=120)), max_size=60),
    order=st.sampled_from("<>"),
)
def test_packets(packets, order):
    got, blocks, feed = read(new([(at / 1000, data) for at, data in packets], order, name=b"eth0"))
    assert got == [((BEGIN * 1000 + at) * 10**6, data, "eth0") for at, data in packets]
    assert (blocks.trouble, feed.left, blocks.notes) == ("", 0, {})


def test_many_small_pieces_entered_at_many_places(monkeypatch):
    monkeypatch.setattr(pieces, "MAX_CHUNK", 3 << 16)
    monkeypatch.setattr(chains, "LEAST_APART", 1 << 10)
    rng = np.random.default_rng(7)
    # Payloads that are whole blocks themselves, so that guesses are wrong.
    lure = enhanced(5, bytes(40))
    packets = [(at / 1000, (lure * 40)[: int(size)]) for at, size in enumerate(rng.integers(0, 1500, 2000))]
    got, blocks, _ = read(new(packets))
    assert [data for _, data, _ in got] == [data for _, data in packets]
    assert blocks.trouble == ""


def test_sections_of_both_byte_orders_one_after_the_other():
    """As `cat a.pcapng b.pcapng` makes it."""
    octets = (
        new([(0, b"a")], "<", name=b"eth0")
        + new([(1, b"b"), (2, b"c")], ">", name=b"eth1")
        + new([(3, b"d")], name=b"eth0")
    )
    got, blocks, _ = read(octets)
    assert [(data, name) for _, data, name in got] == [(b"a", "eth0"), (b"b", "eth1"), (b"c", "eth1"), (b"d", "eth0")]
    assert blocks.trouble == ""


def test_blocks_of_other_kinds_are_passed_over():
    others = [
        block("<", 4, bytes(20)),
        block("<", 0xBAD, b"Wire" * 9),
        block("<", 0x40000BAD, bytes(8)),
        statistics(dropped=2),
    ]
    octets = section() + interface() + b"".join(one + enhanced(BEGIN * US, b"x") for one in others)
    got, blocks, _ = read(octets)
    assert len(got) == 4
    assert blocks.trouble == ""


def test_an_interface_in_the_middle():
    octets = new([(0, b"a")], name=b"eth0") + interface(name=b"eth1") + enhanced(BEGIN * US, b"b", number=1)
    got, _, _ = read(octets)
    assert [(data, name) for _, data, name in got] == [(b"a", "eth0"), (b"b", "eth1")]


@pytest.mark.parametrize("missing", [1, 4, 20, 35])
def test_a_file_that_is_cut_has_what_is_whole(missing):
    got, blocks, feed = read(new([(0, b"abcd"), (1, b"efgh")])[:-missing])
    assert [data for _, data, _ in got] == [b"abcd"]
    assert blocks.trouble == ""
    assert feed.left == 36 - missing


@pytest.mark.parametrize("missing", [4, 20])
def test_cut_in_a_sections_header(missing):
    got, blocks, feed = read(new([(0, b"abcd")]) + section()[:-missing])
    assert (len(got), blocks.trouble, feed.left) == (1, "", 28 - missing)


def broken_tail(total):
    return bytes(8) + total.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("damage", "trouble"),
    [
        (b"\6\0\0\0" + (8).to_bytes(4, "little") + bytes(40), "a block is said to have 8 octets"),
        (b"\6\0\0\0" + (33).to_bytes(4, "little") + bytes(40), "a block is said to have 33 octets"),
        (b"\6\0\0\0" + (MAX_BLOCK + 4).to_bytes(4, "little") + bytes(40), f"a block is said to have {MAX_BLOCK + 4} octets"),
        (enhanced(0, b"abcd")[:-4] + bytes(4), "a block's length at its end is another one than at its beginning"),
        (block("<", 6, bytes(16)), "or too small for what it is"),
        (block("<", 3, b""), "or too small for what it is"),
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "a section begins that tells no byte order"),
        (section(major=2), "a section of pcapng version 2 begins"),
        (section()[:4] + (16).to_bytes(4, "little") + section()[8:], "a section's header is said to have 16 octets"),
        (section()[:4] + (30).to_bytes(4, "little") + section()[8:], "a section's header is said to have 30 octets"),
    ],
    ids=["short", "odd", "large", "ends", "small packet", "small simple", "no order", "version", "small section", "odd section"],
)  # fmt: skip
def test_damage_ends_it(damage, trouble):
    sound = new([(0, b"a"), (1, b"b")])
    got, blocks, feed = read(sound + damage + enhanced(0, b"later"))
    assert [data for _, data, _ in got] == [b"a", b"b"]
    assert trouble in blocks.trouble
    assert feed.place == len(sound)


@given(octets=st.binary(max_size=400), order=st.sampled_from("<>"))
def test_any_octets_are_packets_or_damage(octets, order):
    got, blocks, feed = read(section(order) + interface(order) + octets)
    assert sum(len(data) for _, data, _ in got) + feed.left <= len(octets)
    assert blocks.trouble or feed.left < MAX_BLOCK


@given(st.lists(st.one_of(
    st.builds(enhanced, st.integers(0, 2**64 - 1), st.binary(max_size=40), number=st.integers(0, 3)),
    st.builds(simple, st.binary(max_size=40)), st.builds(interface), st.builds(section), st.builds(statistics, st.integers(0, 2)),
    st.builds(block, st.just("<"), st.integers(0, 10), st.binary(max_size=40).map(lambda one: one + bytes(-len(one) % 4))),
), max_size=30))  # fmt: skip
def test_any_order_of_blocks(blocks_given):
    got, _, _ = read(section() + b"".join(blocks_given))
    assert all(0 <= at < 2**63 for at, _, _ in got)


def test_two_sections_and_their_notes_add_up():
    _, blocks, _ = read((section() + interface() + simple(b"a")) * 2)
    assert list(blocks.notes.values()) == [2]
