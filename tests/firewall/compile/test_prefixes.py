from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.compile.prefixes import networks


def test_ranges_become_the_fewest_prefixes():
    span = (int(IPv4Address("10.0.0.1")), int(IPv4Address("10.0.0.4")))
    assert [str(net) for net in networks([span], 4)] == ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"]
    assert [str(net) for net in networks([(0, 2**128 - 1)], 6)] == ["::/0"]


@given(st.integers(0, 300), st.integers(0, 300))
def test_they_hold_the_range_and_nothing_else(first, length):
    held = [int(address) for net in networks([(first, first + length)], 6) for address in net]
    assert held == list(range(first, first + length + 1))
