"""What a term matches, word by word."""

import pytest

from bellrock.firewall.compile.clauses import ends, joined, state, transports
from bellrock.flows.values import Protocol
from tests.firewall.compile.terms import term


def names(interfaces):
    return "|".join(interfaces)


def test_ends_say_interfaces_addresses_and_always_the_family():
    both = term(in_interfaces=("eth1",), out_interfaces=("eth2", "eth3"))
    assert ends(both, "@a", "@b", names) == "iifname eth1 oifname eth2|eth3 ip saddr @a ip daddr @b"
    assert ends(term(family=6), "@a", "", names) == "ip6 saddr @a"
    assert ends(term(), "", "10.0.0.2", names) == "ip daddr 10.0.0.2"
    assert ends(term(family=6), "", "", names) == "meta nfproto ipv6"


@pytest.mark.parametrize(
    ("changed", "texts"),
    [
        ({}, ("tcp dport 80",)),
        ({"source_ports": ((68, 68),)}, ("tcp sport 68 tcp dport 80",)),
        ({"destination_ports": ()}, ("meta l4proto tcp",)),
        ({"protocol": Protocol.ICMP}, ("meta l4proto icmp",)),
        ({"protocol": Protocol.ICMP, "types": ((3, None), (11, None))}, ("icmp type { 3, 11 }",)),
        ({"protocol": Protocol.ICMPV6, "types": ((128, 0),)}, ("icmpv6 type . icmpv6 code { 128 . 0 }",)),
        ({"protocol": Protocol.ICMP, "types": ((3, 4), (8, None))}, ("icmp type 8", "icmp type . icmp code { 3 . 4 }")),
        ({"protocol": Protocol.IGMP, "types": ((0x11, None), (0x16, 0))}, ("igmp type { 17, 22 }",)),
        ({"protocol": Protocol.ICMPV6}, ("meta l4proto ipv6-icmp",)),
    ],
)
def test_transports(changed, texts):
    assert transports(term(**changed)) == texts


def test_behind_a_map_of_ports_the_port_is_not_said_again():
    assert transports(term(), destination_port=False) == ("",)
    assert transports(term(source_ports=((1, 2),)), destination_port=False) == ("tcp sport 1-2",)


def test_only_what_a_helper_announces_is_related():
    assert state(term()) == ""
    assert state(term(expected=True)) == "ct state related"
    assert joined("a", "", "b") == "a b"
