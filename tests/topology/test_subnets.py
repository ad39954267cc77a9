from ipaddress import ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.topology.subnets import subnet_of


@pytest.mark.parametrize(
    ("address", "subnet"),
    [
        ("10.0.0.5/24", "10.0.0.0/24"),
        ("192.168.7.9/22", "192.168.4.0/22"),
        ("2001:db8::5/64", "2001:db8::/64"),
        ("fd00::1/48", "fd00::/48"),
        ("10.0.0.0/31", "10.0.0.0/31"),
        ("169.254.3.4/16", None),
        ("fe80::1/64", None),
        ("127.0.0.1/8", None),
        ("::1/128", None),
        ("10.0.0.5/32", None),
        ("10.0.0.5", None),
        ("nonsense/24", None),
        ("", None),
        ("10.0.0.5/255.255.255.0", "10.0.0.0/24"),
        ("10.0.0.5/024", "10.0.0.0/24"),
        ("10.0.0.256/24", None),
        ("10.0.0.05/24", None),
        ("10.0.0.0005/24", None),
        ("10.0..5/24", None),
        ("10.0.0.5/33", None),
        ("10.0.0.5/0", "0.0.0.0/0"),
        ("169.1.3.4/16", "169.1.0.0/16"),
        ("10.0.0.\u0665/24", None),
    ],
)
def test_subnet_of(address, subnet):
    assert subnet_of(address) == subnet


@given(st.tuples(*[st.integers(0, 255)] * 4), st.integers(0, 32))
def test_it_is_what_the_library_says(octets, length):
    text = f"{'.'.join(map(str, octets))}/{length}"
    network = ip_interface(text).network
    silent = network.is_link_local or network.is_loopback or length == 32
    assert subnet_of(text) == (None if silent else str(network))
