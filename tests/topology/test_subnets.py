import pytest

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
    ],
)
def test_subnet_of(address, subnet):
    assert subnet_of(address) == subnet
