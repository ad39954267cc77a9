"""Options of blocks, and what interfaces and statistics tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture import pcapng
from bellrock.capture.reading.clocks import Resolution
from bellrock.capture.reading.options import MAX_OPTIONS, MAX_SAID, interface_of, options, statistics_of, text
from tests.capture.reading.made import interface, option, statistics


@pytest.mark.parametrize("order", "<>")
def test_an_interface_tells_all_of_it(order):
    more = [(1, b"role: rack"), (1, b"second"), (11, b"\0udp port 67")]
    found, clock = interface_of(interface(order, b"eth1", 113, 96, 9, -3, more), 5, order)
    assert (found.number, found.name, found.link_type, found.snaplen) == (5, "eth1", 113, 96)
    assert (found.comments, found.filter) == (("role: rack", "second"), "udp port 67")
    assert found.dropped is None
    assert clock == Resolution(10, 9, -3)


def test_whose_addresses_they_are():
    block = pcapng.interface("eth1", 0, mac="00:16:3e:00:00:02", addresses=("10.0.0.2/24", "fd00::2/64"))
    made, _clock = interface_of(block, 0, "<")
    assert (made.mac, made.addresses) == ("00:16:3e:00:00:02", ("10.0.0.2/24", "fd00::2/64"))


@pytest.mark.parametrize(
    ("code", "value"),
    [(4, bytes(7)), (4, bytes(4) + b"\xff\x00\xff\x00"), (5, bytes(16)), (5, bytes(16) + b"\xff"), (6, bytes(6)), (6, b"\1\2")],
    ids=["cut", "a mask with holes", "no length", "a length of more than there is", "no MAC address", "half a MAC address"],
)  # fmt: skip
def test_addresses_that_are_none(code, value):
    option = code.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value + bytes(-len(value) % 4)
    block = pcapng.interface("eth1", 0)
    made, _clock = interface_of(block[:16] + option + block[16:], 0, "<")
    assert (made.name, made.mac, made.addresses) == ("eth1", "", ())


def test_an_interface_that_tells_little():
    found, clock = interface_of(interface(), 0, "<")
    assert (found.name, found.filter, found.comments, found.snaplen) == ("", "", (), 0)
    assert clock == Resolution()


def test_a_filter_in_instructions_is_not_text():
    assert interface_of(interface(more=[(11, b"\1\0\0\0")]), 0, "<")[0].filter == ""


def test_a_snaplen_of_more_than_packets_have_is_none():
    assert interface_of(interface(snaplen=0x40000), 0, "<")[0].snaplen == 0


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("counts", "lost"),
    [({}, None), ({"received": 9}, None), ({"dropped": 0}, 0), ({"lost": 7}, 7), ({"dropped": 3, "lost": 7}, 7)],
)
def test_what_was_lost(order, counts, lost):
    assert statistics_of(statistics(2, order, **counts), order) == (2, lost)


@given(st.binary(max_size=200), st.sampled_from("<>"))
def test_any_octets_are_options_or_none(octets, order):
    found = options(octets, 0, order)
    assert sum(len(value) + 4 for values in found.values() for value in values) <= len(octets)


def test_options_are_bounded():
    block = option("<", 1, b"") * (MAX_OPTIONS + 10) + bytes(4)
    assert len(options(block, 0, "<")[1]) == MAX_OPTIONS


def test_an_option_that_is_cut_is_left_out():
    assert options(option("<", 2, b"eth0") + b"\x02\0\xff\0rest" + bytes(4), 0, "<") == {2: [b"eth0"]}


@pytest.mark.parametrize(
    ("octets", "said"),
    [(b"eth0\0", "eth0"), (b"\xff\xfe", "\ufffd\ufffd"), (b"a\x1b[31m\nb", "a\ufffd[31m\ufffdb"), ("é".encode(), "é")],
)
def test_text_that_people_may_read(octets, said):
    assert text(octets) == said


def test_text_is_bounded():
    assert text(b"x" * 10_000) == "x" * MAX_SAID
