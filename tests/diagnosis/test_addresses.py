"""Addresses and networks, as they are written anywhere."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.addresses import address, address_of_url, network, prefix


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.0.0.2", "10.0.0.2"), ("10.0.0.2/24", "10.0.0.2"), ("10.0.0.2:53", "10.0.0.2"), ("[fd00::1]:53", "fd00::1"), ("fd00::1", "fd00::1"),
        ("fe80::1%eth0", "fe80::1"), ("eth0", None), ("", None), ("name:53", None), ("[", None),
    ],
)  # fmt: skip
def test_an_address_as_it_is_written_anywhere(text, said):
    assert address(text) == (ip_address(said) if said else None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://10.0.0.2:5443/x", "10.0.0.2"), ("https://[fd00::1]:5443", "fd00::1"), ("https://region.example", None), ("http://[", None),
        ("", None), ("10.0.0.2:80", None),
    ],
)  # fmt: skip
def test_the_address_of_a_url(url, said):
    assert address_of_url(url) == (ip_address(said) if said else None)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_none(text):
    address(text)
    address_of_url(text)
    address_of_url(f"https://{text}")
    network(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [("10.0.0.2/24", "10.0.0.0/24"), ("10.0.0.2", "10.0.0.2/32"), ("fd00::1/64", "fd00::/64"), ("10.0.0.2/33", None), ("", None)],
)  # fmt: skip
def test_the_network_of_an_address(text, said):
    assert network(text) == (ip_network(said) if said else None)


@pytest.mark.parametrize(("text", "said"), [("10.0.0.2/24", "10.0.0.0/24"), ("fd00::1/64", "fd00::/64"), ("x", "")])
def test_the_network_of_an_address_as_text(text, said):
    assert prefix(text) == said
