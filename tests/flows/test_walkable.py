"""Which exchanges two machines can try together."""

import pytest

from bellrock.flows import CATALOGUE, Protocol, Reach, flow
from bellrock.flows.walkable import legs


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("dhcp", ["udp/67 IPv4"]),
        ("tftp", ["udp/69 IPv4", "udp/69 IPv6"]),
        ("dns", ["udp/53 IPv4", "udp/53 IPv6", "tcp/53 IPv4", "tcp/53 IPv6"]),
        ("apt", ["tcp/80 IPv4", "tcp/80 IPv6", "tcp/443 IPv4", "tcp/443 IPv6"]),
        ("syslog", ["udp/514 IPv4", "udp/514 IPv6", "tcp/514 IPv4", "tcp/514 IPv6"]),
        ("dhcpv6", ["udp/547 IPv6"]),
        ("beacon", []),
        ("icmp", []),
    ],
)
def test_exchanges_of_a_flow_each_once(name, variants):
    assert [leg.variant for leg in legs(flow(name))] == variants


def test_what_is_particular_to_a_protocol():
    (renew,) = legs(flow("dhcp"))
    assert (renew.exchange, renew.source_port, renew.answered) == ("renew", 68, True)
    assert all(leg.separate and leg.answered and not leg.source_port for leg in legs(flow("tftp")))
    assert [leg.answered for leg in legs(flow("syslog"))] == [False, False, True, True]


def test_every_flow_over_tcp_or_udp_between_two_hosts_has_one():
    """Only what never crosses a router, or is no TCP or UDP, has none."""
    for one in CATALOGUE:
        routed = [
            exchange
            for exchange in one.exchanges
            if exchange.reach is Reach.ROUTED
            and exchange.protocol in (Protocol.TCP, Protocol.UDP)
            and not exchange.destination_addresses
        ]
        assert bool(legs(one)) is bool(routed), one.id
        ports = {(exchange.protocol.value, low) for exchange in routed for low, _ in exchange.destination_ports}
        assert {(leg.protocol, leg.port) for leg in legs(one)} <= ports
