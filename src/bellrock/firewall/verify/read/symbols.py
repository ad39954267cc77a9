"""The names that nft prints in place of numbers, by the kind of value they stand for."""

from typing import Final

IPV4: Final = 2
IPV6: Final = 10
ARP: Final = 3
OTHER: Final = 7
"""What `nfproto` says of a packet: NFPROTO_IPV4, _IPV6, _ARP, and _BRIDGE for all others (linux/netfilter.h)."""

WIDTHS: Final[dict[str, int]] = {
    "ipv4": 32,
    "ipv6": 128,
    "port": 16,
    "proto": 8,
    "ifname": 128,
    "ifindex": 128,  # an interface by its index, which stands for its name
    "mark": 32,
    "ether": 48,
    "icmp_type": 8,
    "icmp_code": 8,
    "icmpv6_type": 8,
    "icmpv6_code": 8,
    "tcp_flags": 8,
    "ct_state": 7,
    "ct_status": 16,
    "ct_direction": 1,
    "nfproto": 8,
    "ethertype": 16,
    "pkttype": 3,
    "dscp": 6,
    "ecn": 2,
    "u4": 4,
    "u8": 8,
    "u12": 12,
    "u16": 16,
}
"""Kind of value → bits."""

# IANA protocol numbers, by the names of /etc/protocols, which nft prints.
_PROTOCOLS: Final[dict[str, int]] = {
    "ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9,
    "pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37,
    "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50,
    "ah": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81,
    "eigrp": 88, "ospf": 89, "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98, "pim": 103, "comp": 108,
    "ipcomp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135,
    "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142,
}  # fmt: skip

_ICMP_TYPES: Final[dict[str, int]] = {  # RFC 792, RFC 950, RFC 1256
    "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
    "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
    "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16, "address-mask-request": 17,
    "address-mask-reply": 18,
}  # fmt: skip

_ICMP_CODES: Final[dict[str, int]] = {  # of type 3: RFC 792, RFC 1812 §5.2.7.1
    "net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
    "net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
}  # fmt: skip

_ICMPV6_TYPES: Final[dict[str, int]] = {  # RFC 4443, RFC 2710, RFC 4861, RFC 2894, RFC 3122, RFC 3810
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
    "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
    "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138, "ind-neighbor-solicit": 141,
    "ind-neighbor-advert": 142, "mld2-listener-report": 143,
}  # fmt: skip

_ICMPV6_CODES: Final[dict[str, int]] = {  # of type 1: RFC 4443 §3.1
    "no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5,
    "reject-route": 6,
}  # fmt: skip

_DSCP: Final[dict[str, int]] = {  # RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622
    **{f"cs{number}": number * 8 for number in range(8)},
    **{f"af{group}{drop}": group * 8 + drop * 2 for group in range(1, 5) for drop in range(1, 4)},
    "be": 0, "df": 0, "le": 1, "lephb": 1, "va": 44, "ef": 46,
}  # fmt: skip

ETHERTYPES: Final[dict[str, int]] = {
    "ip": 0x0800, "arp": 0x0806, "ip6": 0x86DD, "ipv6": 0x86DD, "vlan": 0x8100, "8021q": 0x8100, "8021ad": 0x88A8,
}  # fmt: skip

CT_STATES: Final[dict[str, int]] = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
"""The bits that `ct state` compares (linux/netfilter/nf_conntrack_common.h)."""

SYMBOLS: Final[dict[str, dict[str, int]]] = {
    "proto": _PROTOCOLS,
    "icmp_type": _ICMP_TYPES,
    "icmp_code": _ICMP_CODES,
    "icmpv6_type": _ICMPV6_TYPES,
    "icmpv6_code": _ICMPV6_CODES,
    "dscp": _DSCP,
    "ecn": {"not-ect": 0, "ect1": 1, "ect0": 2, "ce": 3},  # RFC 3168 §5
    "tcp_flags": {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128},  # RFC 9293 §3.1
    "ct_state": CT_STATES,
    "ct_status": {
        "expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 16, "dnat": 32, "dying": 512,
    },
    "ct_direction": {"original": 0, "reply": 1},
    "nfproto": {"ipv4": IPV4, "ipv6": IPV6},
    "ethertype": ETHERTYPES,
    "pkttype": {"host": 0, "unicast": 0, "broadcast": 1, "multicast": 2, "other": 3, "otherhost": 3},
}  # fmt: skip

PRIORITIES: Final[dict[str, int]] = {
    "raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100, "out": 100,
}  # fmt: skip
BRIDGE_PRIORITIES: Final[dict[str, int]] = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}
"""nft(8), standard priority names; those of the bridge family differ."""
