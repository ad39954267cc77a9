"""The spoof guard's sets and chain."""

from bellrock.firewall.compile.guards import guard_chain, guard_sets
from bellrock.firewall.compile.policy import Guard
from tests.firewall.compile.terms import of

A = Guard(interface="eth1", family=4, ranges=((0x0A000000, 0x0A0000FF),))
B = Guard(interface="eth2", family=4, ranges=((0x0A000100, 0x0A0001FF), (0x0A000300, 0x0A000300)))
SIX = Guard(interface="eth1", family=6, ranges=((0, 2**64 - 1),))


def test_sources_are_kept_with_their_interface_and_all_together():
    behind, guarded = guard_sets((A, B))
    assert 'elements = { "eth1" . 10.0.0.0/24, "eth2" . 10.0.1.0/24, "eth2" . 10.0.3.0 }' in behind
    # Joined across interfaces: nft takes no intervals that touch or overlap in one set.
    assert "elements = { 10.0.0.0/23, 10.0.3.0 }" in guarded
    assert "type ifname . ipv4_addr" in behind


def test_a_chain_before_connection_tracking_with_a_rule_for_each_family():
    (chain,) = guard_chain(of(guards=(A, SIX)))
    assert "hook prerouting priority raw" in chain
    assert "ip saddr @guarded_v4 iifname . ip saddr != @behind_v4 counter drop" in chain
    assert "ip6 saddr @guarded_v6 iifname . ip6 saddr != @behind_v6 counter drop" in chain
    assert len(guard_sets((A, SIX))) == 4


def test_nothing_guarded_nothing_written():
    assert guard_chain(of()) == []
    assert guard_sets(()) == []
