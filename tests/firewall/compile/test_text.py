"""Addresses, ports and comments as nft takes them."""

from ipaddress import ip_address, ip_network, summarize_address_range

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.compile.text import (
    COMMENT_LENGTH,
    address,
    address_range,
    comment,
    one_line,
    port_range,
    ports,
    quoted,
    wrapped,
)  # fmt: skip


@given(st.integers(0, 2**32 - 1))
def test_ipv4_is_written_as_everybody_writes_it(number):
    assert address(4, number) == str(ip_address(number))


def test_ipv6_is_short():
    assert address(6, int(ip_address("fd00::1"))) == "fd00::1"


@pytest.mark.parametrize(
    ("family", "first", "last", "text"),
    [
        (4, "10.0.0.1", "10.0.0.1", "10.0.0.1"),
        (4, "10.0.0.0", "10.0.0.255", "10.0.0.0/24"),
        (4, "10.0.0.2", "10.0.0.3", "10.0.0.2/31"),
        (4, "10.0.0.1", "10.0.0.2", "10.0.0.1-10.0.0.2"),
        (4, "10.0.0.40", "10.0.0.42", "10.0.0.40-10.0.0.42"),
        (4, "0.0.0.0", "255.255.255.255", "0.0.0.0/0"),
        (6, "fd00::", "fd00::ffff:ffff:ffff:ffff", "fd00::/64"),
        (6, "fd00::1", "fd00::3", "fd00::1-fd00::3"),
    ],
)
def test_ranges_are_prefixes_where_they_can_be(family, first, last, text):
    assert address_range(family, (int(ip_address(first)), int(ip_address(last)))) == text


@given(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)).map(sorted).map(tuple))
def test_a_range_says_its_addresses_and_no_others(span):
    text = address_range(4, span)
    if "-" in text:
        first, last = map(ip_address, text.split("-"))
        assert len(list(summarize_address_range(first, last))) > 1
    else:
        network = ip_network(text)
        first, last = network[0], network[-1]
    assert (int(first), int(last)) == span


def test_ports():
    assert port_range((69, 69)) == "69"
    assert ports(((80, 80), (5250, 5270))) == "{ 80, 5250-5270 }"
    assert ports(((80, 80),)) == "80"
    assert quoted("eth0") == '"eth0"'


def test_a_comment_names_all_flows_that_fit_and_counts_the_others():
    assert comment(["a/x", "b/y", "a/x"]) == '"a/x, b/y"'
    many = comment([f"some-flow-{number}/exchange" for number in range(10)])
    assert many.startswith('"some-flow-0/exchange, ')
    assert many.endswith(' +5"')
    assert len(many) - 2 <= COMMENT_LENGTH


def test_one_name_that_is_too_long_is_cut():
    assert len(comment(["x" * 300])) - 2 == COMMENT_LENGTH


def test_a_sentence_stays_behind_its_hash():
    assert one_line("a\nb\t c\x1b[2J") == "a b c [2J"


@given(st.lists(st.text("abc", min_size=1, max_size=150), min_size=1, max_size=60))
def test_wrapping_loses_nothing(elements):
    text = wrapped(elements, "  ")
    assert text.replace(",\n  ", ", ").split(", ") == elements
    assert all(len(line) < 115 or ", " not in line for line in text.splitlines())


def test_lines_are_broken_where_a_person_stops_reading():
    assert wrapped(["a" * 60, "b" * 60, "c"], "\t") == f"{'a' * 60},\n\t{'b' * 60}, c"
    assert wrapped([], "\t") == ""
