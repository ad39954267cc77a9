"""Which packets have which header field, and sets of packets without the fields that their packets do not have."""

from typing import Final

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.cuts import joined

_IPV4: Final = Intervals.of(2)
_IPV6: Final = Intervals.of(10)
_IP: Final = _IPV4 | _IPV6
PORTED: Final = Intervals.of(6, 17, 33, 132, 136)
"""TCP, UDP, DCCP, SCTP, UDP-Lite: protocols whose header begins with two ports."""
_TRACKED: Final = Intervals.of(1, 2, 3)

NEEDS: Final[dict[str, dict[str, Intervals]]] = {
    "l4proto": {"nfproto": _IP},
    **{name: {"nfproto": _IPV4} for name in ("saddr", "daddr", "ttl")},
    **{name: {"nfproto": _IPV6} for name in ("saddr6", "daddr6", "hoplimit")},
    **{name: {"nfproto": _IP} for name in ("dscp", "ecn", "frag_off")},
    **{name: {"nfproto": _IP, "l4proto": PORTED} for name in ("sport", "dport")},
    **{name: {"nfproto": _IPV4, "l4proto": Intervals.of(1)} for name in ("icmp_type", "icmp_code")},
    **{name: {"nfproto": _IPV6, "l4proto": Intervals.of(58)} for name in ("icmpv6_type", "icmpv6_code")},
    "tcp_flags": {"nfproto": _IP, "l4proto": Intervals.of(6)},
    **{name: {"ct_state": _TRACKED} for name in ("ct_mark", "ct_direction", "ct_status_dnat")},
    "ether_type": {"nfproto": Intervals.of(7)},  # elsewhere it says nothing that the family does not say
    "vlan_id": {"vlan_type": Intervals.of(0x8100, 0x88A8)},
}
"""Field → what a packet must be to have it. All other fields every packet has."""

_NAMED: Final = tuple(Intervals.of(number) for number in (6, 17, 1, 58))
_KINDS: Final = {
    "nfproto": (_IPV4, _IPV6, _IP.complement(8)),
    "l4proto": (*_NAMED, PORTED - Intervals.of(6, 17), (PORTED | Intervals.of(1, 58)).complement(8)),
}


def projected(packets: Boxes) -> Boxes:
    """The same packets, each box without the fields that none of its packets has.

    Cutting one set out of another leaves such fields behind: what is left of `tcp dport 22` in IPv6 has an IPv4 source where the
    taken part had one. A box whose packets have a field in part is cut in two. What is equal or overlaps then is joined.
    """
    found: dict[Box, None] = {}
    for box in packets:
        found.update(dict.fromkeys(_plain(box)))
    if len(found) == len(packets) and all(box in found for box in packets):
        return packets
    # Each kind of packet has its own borders, so they are joined kind by kind first; `joined` takes protocol and family last.
    parts = joined([part for box in found for part in _kinds(box)])
    # The widest first, so that they stay whole and what lies in them goes.
    return Boxes(sorted(parts, key=lambda box: -box.size())).joined()


def _plain(box: Box) -> list[Box]:
    for name in box.fields:
        for other, values in NEEDS.get(name, {}).items():
            own = box.get(other)
            inside = own & values
            if not inside:
                return _plain(box.without(name))
            if inside != own:
                having = Box({**box.fields, other: inside})
                lacking = Box({**box.without(name).fields, other: own - values})
                return [*_plain(having), *_plain(lacking)]
    return [box]


def _kinds(box: Box) -> list[Box]:
    parts = [box]
    for name, kinds in _KINDS.items():
        parts = [
            part if both == part.get(name) else Box({**part.fields, name: both})
            for part in parts
            for kind in kinds
            if (both := part.get(name) & kind)
        ]
    return parts
