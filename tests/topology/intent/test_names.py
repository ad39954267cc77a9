"""Whether two names mean one thing."""

import pytest

from bellrock.topology.intent.names import same_device, same_host, same_port


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("node-7", "node-7.example.com", True),
        ("Node-7.", "node-7", True),
        ("node-7.a.example", "node-7.b.example", False),
        ("node-7", "node-70", False),
    ],
)
def test_hosts(a, b, same):
    assert same_host(a, b) is same_host(b, a) is same


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("00:11:22:33:44:55", "0011.2233.4455", True),
        ("00:11:22:33:44:55", "00:11:22:33:44:56", False),
        ("sw1", "SW1.example", True),
    ],
)
def test_devices(a, b, same):
    assert same_device(a, b) is same_device(b, a) is same


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Ethernet1/7", "Eth1/7", True),
        ("GigabitEthernet1/0/7", "Gi1/0/7", True),
        ("GigabitEthernet1/0/7", "Te1/0/7", False),
        ("Ethernet1/7", "Eth1/17", False),
        ("xe-0/0/7", "xe-0/0/7", True),
        ("swp7", "7", True),
        ("uplink", "Uplink", True),
        ("uplink", "Eth1", False),
    ],
)
def test_ports(a, b, same):
    assert same_port(a, b) is same_port(b, a) is same
