"""The header fields that can be decided, and how wide each of them is."""

from typing import Final

CHANCES: Final = tuple(f"chance{number}" for number in range(1, 17))
"""No header fields: each is the outcome of one thing that the ruleset does not decide, so that both can be followed."""
FIELDS: Final[dict[str, int]] = {
    # name -> width in bits
    "nfproto": 8,  # NFPROTO_IPV4 2, NFPROTO_IPV6 10, NFPROTO_ARP 3, NFPROTO_BRIDGE 7 for what is none of them
    "iifname": 128,
    "oifname": 128,
    "l4proto": 8,
    "saddr": 32,
    "daddr": 32,
    "saddr6": 128,
    "daddr6": 128,
    "sport": 16,
    "dport": 16,
    "icmp_type": 8,
    "icmp_code": 8,
    "icmpv6_type": 8,
    "icmpv6_code": 8,
    "tcp_flags": 8,
    "ttl": 8,
    "dscp": 6,
    "ecn": 2,
    "hoplimit": 8,
    "length": 16,
    "frag_off": 16,
    "mark": 32,
    "ct_mark": 32,
    "ct_state": 3,  # one state at a time: CT_INVALID 0, CT_ESTABLISHED 1, CT_RELATED 2, CT_NEW 3, CT_UNTRACKED 4
    "ct_direction": 1,
    "ct_status_dnat": 1,
    "pkttype": 3,
    "ether_type": 16,  # of the payload, inside any tag; it says more than nfproto only where that is NFPROTO_BRIDGE
    "ether_saddr": 48,
    "ether_daddr": 48,
    "vlan_type": 16,  # 0 untagged, else 0x8100 or 0x88a8: bridge and netdev see tags, the IP families never do
    "vlan_id": 12,
    **dict.fromkeys(CHANCES, 1),
}
"""Fields that can be decided; a rule that asks for another is `Unsupported`. The reader may add fields with their width."""
