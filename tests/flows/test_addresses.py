"""Sets of addresses as ranges, held against sets of numbers."""

from ipaddress import ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows.addresses import ALL, Addresses, collected, merged, range_of, ranges_of, spelled, without

ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


def numbers(found):
    return {number for first, last in found for number in range(first, last + 1)}


def is_plain(found):
    return all(first <= last for first, last in found) and all(a[1] + 1 < b[0] for a, b in pairwise(found))


@given(ranges)
def test_merging_keeps_the_addresses_in_as_few_ranges_as_possible(given_ranges):
    found = merged(given_ranges)
    assert numbers(found) == numbers(given_ranges)
    assert is_plain(found)


@given(ranges, ranges)
def test_without_is_the_difference(one, other):
    one, other = merged(one), merged(other)
    found = without(one, other)
    assert numbers(found) == numbers(one) - numbers(other)
    assert is_plain(found)


def test_networks_become_ranges_of_their_family():
    networks = [ip_network(text) for text in ("10.0.1.0/24", "fd00::/126", "10.0.0.0/24")]
    found = collected(networks)
    assert found == Addresses(((0x0A000000, 0x0A0001FF),), (range_of(networks[1]),))
    assert (found.of(4), found.of(6)) == (found.four, found.six)
    assert found
    assert not Addresses()


def test_of_a_list_of_texts_one_family_counts():
    texts = ("0.0.0.0", "fe80::/10", "::")
    assert ranges_of(texts, 4) == ((0, 0),)
    assert ranges_of(texts, 6) == ((0, 0), (0xFE80 << 112, (0xFEC0 << 112) - 1))


def test_addresses_are_spelled_as_people_write_them():
    assert spelled(0x0A000001, 4) == "10.0.0.1"
    assert spelled(1, 6) == "::1"
    assert spelled(ALL.four[0][1], 4) == "255.255.255.255"
