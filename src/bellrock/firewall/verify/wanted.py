"""The packets that a crossing asks for: the first of a connection, those that follow, and the answers."""

from functools import lru_cache
from typing import Final

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.describe import interface_number
from bellrock.firewall.verify.state import CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_RELATED, CT_UNTRACKED
from bellrock.flows.passages import AddressRange, Crossing, Hook
from bellrock.flows.values import Exchange, PortRange, Protocol

_L4: Final = {Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ICMP: 1, Protocol.ICMPV6: 58, Protocol.IGMP: 2}
_NFPROTO: Final = {4: 2, 6: 10}
_ETHER_TYPE: Final = {4: 0x0800, 6: 0x86DD}
_SWAPPED: Final = {
    "saddr": "daddr", "saddr6": "daddr6", "sport": "dport", "iifname": "oifname", "ether_saddr": "ether_daddr",
}  # fmt: skip
_OPPOSITE: Final = _SWAPPED | {other: one for one, other in _SWAPPED.items()}

_WHOLE: Final = Intervals.of(0, 0x4000)
"""Of the fragment field: not a fragment, with or without DF (RFC 791 §3.1)."""
_SYN: Final = Intervals.of(0x02, 0xC2)
"""RFC 9293 §3.5; with ECE and CWR where ECN is offered (RFC 3168 §6.1.1)."""
_SYN_ACK: Final = Intervals.of(0x12, 0x52)
_GOING: Final = Intervals.of(0x10, 0x18, 0x11, 0x19)
"""ACK, with PSH and FIN or without: what a connection that works consists of."""

# nf_conntrack_icmpv6_error: listener and neighbour discovery have no connection.
_UNTRACKED_6: Final = Intervals.of(130, 131, 132, 133, 134, 135, 136, 143)
# nf_conntrack_icmp{,v6}_packet: only a request may begin a connection; anything else that belongs to none is invalid.
_REQUESTS: Final = {Protocol.ICMP: Intervals.of(8, 13, 15, 17), Protocol.ICMPV6: Intervals.of(128, 139)}
_ANSWERS: Final = {"icmp_type": {8: 0, 13: 14, 15: 16, 17: 18}, "icmpv6_type": {128: 129, 139: 140}}
_NEIGHBOURS_6: Final = Intervals.of(133, 134, 135, 136, 137)
"""Their hop limit is 255 (RFC 4861 §7.1)."""
_LISTENERS_6: Final = Intervals.of(130, 131, 132, 143)
"""Their hop limit is 1 (RFC 3810 §5)."""

CABLED: Final = Intervals.of(interface_number("lo")).complement(128)
"""Every interface but the loopback: what a machine says to itself is no flow."""

_MULTICAST: Final = {4: Intervals.prefix(0xE0000000, 4, 32), 6: Intervals.prefix(0xFF << 120, 8, 128)}
_BROADCAST: Final = Intervals.of(0xFFFFFFFF)
_INCIDENTAL: Final = frozenset(
    {
        "tcp_flags",
        "mark",
        "ct_mark",
        "frag_off",
        "pkttype",
        "hoplimit",
        "ttl",
        "ct_direction",
        "ct_status_dnat",
        "ether_type",
        "sport",
        "iifname",
        "oifname",
    }
)


def first(crossing: Crossing) -> Boxes:
    """The packets that begin the exchange, before any helper is thought of: new, or what conntrack makes of their type."""
    return Boxes(
        Box({**fields, **state})
        for fields in _by_way(crossing)
        for state in _kinds(crossing.passage.exchange)
    )  # fmt: skip


def related(packets: Boxes) -> Boxes:
    """The same packets where a helper expects them."""
    return _stated(packets, CT_RELATED)


def following(packets: Boxes, ct_mark: int = 0, *, dnat: bool = False, tracked: bool = True) -> Boxes:
    """The packets of the same direction once there was an answer; without tracking they come as the first did."""
    going = (Box({**box.fields, "tcp_flags": _GOING}) if "tcp_flags" in box.fields else box for box in packets)
    if not tracked:
        return Boxes.put(going)
    kept = {"ct_mark": Intervals.of(ct_mark), "ct_status_dnat": Intervals.of(int(dnat))}
    return _stated(Boxes.put(Box({**box.fields, **kept}) for box in going), CT_ESTABLISHED)


def answers(packets: Boxes, ct_mark: int, *, dnat: bool = False, tracked: bool = True) -> Boxes:
    """The answers to `packets`, as they come: established replies, or, where nothing tracked the request, packets of their own."""
    kept = {"ct_mark": Intervals.of(ct_mark), "ct_status_dnat": Intervals.of(int(dnat))}
    return Boxes(answer for box in packets for answer in _answers(box, kept, tracked=tracked))


def regardless(packets: Boxes) -> Boxes:
    """The same connections, whatever the state and flags of the packet."""
    return Boxes.put(box.without("ct_state", "tcp_flags") for box in packets)


def opposite(field: str) -> str:
    """The field that holds in an answer what `field` held in the request."""
    return _OPPOSITE.get(field, field)


def ends(packets: Boxes) -> Boxes:
    """The same ends, whatever the ports and the state: who talks to whom through which interfaces."""
    kept = {"nfproto", "saddr", "daddr", "saddr6", "daddr6", "iifname", "oifname"}
    return Boxes(Box({name: values for name, values in box.fields.items() if name in kept}) for box in packets)


def swapped(packets: Boxes) -> Boxes:
    """The opposite direction of `ends`."""
    return Boxes(Box({opposite(name): values for name, values in box.fields.items()}) for box in packets)


def essence(packets: Boxes) -> Boxes:
    """What a crossing asks for without the rest that its packets have by nature: flags, hop limits, source ports."""
    return Boxes.put(box.without(*_INCIDENTAL, *_stateless(box)) for box in packets).joined()


def _stateless(box: Box) -> tuple[str, ...]:
    """ICMP has the state that its type brings with it; whoever asks for a packet asks for that state too."""
    icmp = "icmp_type" in box.fields or "icmpv6_type" in box.fields
    return ("ct_state",) if icmp else ()


def _stated(packets: Boxes, state: int) -> Boxes:
    return Boxes.put(Box({**box.fields, "ct_state": Intervals.of(state)}) for box in packets)


def _by_way(crossing: Crossing) -> list[dict[str, Intervals]]:
    """Ends and interfaces, once for each way in which the destination is addressed."""
    passage = crossing.passage
    six = "6" if passage.family == 6 else ""
    fields = {
        "nfproto": Intervals.of(_NFPROTO[passage.family]),
        "ether_type": Intervals.of(_ETHER_TYPE[passage.family]),
        f"saddr{six}": _addresses(passage.source.ranges),
        "l4proto": Intervals.of(_L4[passage.exchange.protocol]),
        "mark": Intervals.of(0),
        "ct_mark": Intervals.of(0),
        "ct_status_dnat": Intervals.of(0),
        "frag_off": _WHOLE,
    }
    for name, interfaces, hook in (
        ("iifname", crossing.in_interfaces, Hook.INPUT),
        ("oifname", crossing.out_interfaces, Hook.OUTPUT),
    ):
        if interfaces:
            fields[name] = Intervals.of(*map(interface_number, interfaces))
        elif crossing.hook is hook:
            fields[name] = CABLED
    there = _addresses(passage.destination.ranges)
    groups, everybody = there & _MULTICAST[passage.family], there & _BROADCAST if passage.family == 4 else Intervals()
    ways = ((there - groups - everybody, 0), (everybody, 1), (groups, 2))
    # What this machine sends is of type "unicast" wherever it goes: nothing has looked at its address yet.
    sends = crossing.hook is Hook.OUTPUT
    return [
        {**fields, f"daddr{six}": some, "pkttype": Intervals.of(0 if sends else kind)} for some, kind in ways if some
    ]


def _kinds(exchange: Exchange) -> list[dict[str, Intervals]]:
    """Ports or types, with the state that conntrack gives such a packet when it is the first."""
    if exchange.protocol in {Protocol.ICMP, Protocol.ICMPV6}:
        return _icmp(exchange)
    fields = {"ct_state": Intervals.of(CT_NEW), "ct_direction": Intervals.of(0)}
    if exchange.protocol is Protocol.IGMP:
        return [{**fields, "ttl": Intervals.of(1)}]
    fields |= {"sport": _ports(exchange.source_ports), "dport": _ports(exchange.destination_ports)}
    return [{**fields, "tcp_flags": _SYN} if exchange.protocol is Protocol.TCP else fields]


def _icmp(exchange: Exchange) -> list[dict[str, Intervals]]:
    name = "icmp" if exchange.protocol is Protocol.ICMP else "icmpv6"
    every = Intervals.full(8)
    kinds: list[dict[str, Intervals]] = []
    for kind, code in exchange.types or ((None, None),):
        types = every if kind is None else Intervals.of(kind)
        for state, of_state in _icmp_states(exchange, types):
            fields = {f"{name}_type": of_state, "ct_state": Intervals.of(state)}
            if state == CT_NEW:
                fields["ct_direction"] = Intervals.of(0)
            if code is not None:
                fields[f"{name}_code"] = Intervals.of(code)
            kinds += [{**fields, **limit} for limit in _hop_limits(exchange, of_state, f"{name}_type")]
    return kinds


def _icmp_states(exchange: Exchange, types: Intervals) -> list[tuple[int, Intervals]]:
    if exchange.expected:
        return [(CT_RELATED, types)]
    untracked = types & _UNTRACKED_6 if exchange.protocol is Protocol.ICMPV6 else Intervals()
    requests = types & _REQUESTS[exchange.protocol]
    states = ((CT_UNTRACKED, untracked), (CT_NEW, requests), (CT_INVALID, types - untracked - requests))
    return [(state, some) for state, some in states if some]


def _hop_limits(exchange: Exchange, types: Intervals, name: str) -> list[dict[str, Intervals]]:
    if exchange.protocol is Protocol.ICMP:
        return [{}]
    neighbours, listeners = types & _NEIGHBOURS_6, types & _LISTENERS_6
    limits = (
        (neighbours, Intervals.of(255)),
        (listeners, Intervals.of(1)),
        (types - neighbours - listeners, Intervals.full(8)),
    )
    return [{name: some, "hoplimit": limit} for some, limit in limits if some]


def _answers(box: Box, kept: dict[str, Intervals], *, tracked: bool) -> list[Box]:
    family = 6 if "daddr6" in box.fields else 4
    there = box.fields["daddr6" if family == 6 else "daddr"] - _MULTICAST[family]
    there = there if family == 6 else there - _BROADCAST
    if not there:
        return []  # nobody answers from a group's address
    fields = {opposite(name): values for name, values in box.fields.items()}
    fields["saddr6" if family == 6 else "saddr"] = there
    fields |= {**kept, "pkttype": Intervals.of(0)}
    fields.pop("hoplimit", None)
    for name, pairs in _ANSWERS.items():
        if name in fields:
            fields[name] = Intervals.of(*(answer for asked, answer in pairs.items() if asked in fields[name]))
            if not fields[name]:
                return []
    return [Box(fields | state) for state in _answer_states(box, tracked=tracked)]


def _answer_states(box: Box, *, tracked: bool) -> list[dict[str, Intervals]]:
    tcp = "tcp_flags" in box.fields
    if tracked:
        established = {"ct_state": Intervals.of(CT_ESTABLISHED), "ct_direction": Intervals.of(1)}
        return [{**established, "tcp_flags": _SYN_ACK | _GOING} if tcp else established]
    if tcp:
        # tcp_new: a SYN-ACK of no known connection is invalid; what follows is picked up as if it began one (nf_conntrack_tcp_loose).
        return [
            {"ct_state": Intervals.of(CT_INVALID), "tcp_flags": _SYN_ACK},
            {"ct_state": Intervals.of(CT_NEW), "ct_direction": Intervals.of(0), "tcp_flags": _GOING},
        ]
    icmp = "icmp_type" in box.fields or "icmpv6_type" in box.fields
    return [{"ct_state": Intervals.of(CT_INVALID if icmp else CT_NEW), "ct_direction": Intervals.of(0)}]


@lru_cache(maxsize=4096)
def _addresses(ranges: tuple[AddressRange, ...]) -> Intervals:
    return Intervals(ranges)


@lru_cache(maxsize=4096)
def _ports(ranges: tuple[PortRange, ...]) -> Intervals:
    return Intervals(ranges)
