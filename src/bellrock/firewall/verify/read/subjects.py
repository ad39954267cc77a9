"""Left-hand sides in nft's JSON → which packets have which value, with what nft implies (`tcp dport` asks for TCP first)."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.read.context import Context
from bellrock.firewall.verify.read.symbols import ARP, CT_STATES, ETHERTYPES, IPV4, IPV6, OTHER, WIDTHS
from bellrock.firewall.verify.read.values import UndecidedError, interface

TCP, UDP, ICMP, IGMP, ICMPV6 = 6, 17, 1, 2, 58
_TRANSPORTS: Final = {"tcp": TCP, "udp": UDP, "dccp": 33, "sctp": 132, "udplite": 136, "icmp": ICMP, "icmpv6": ICMPV6}
_OTHER_TRANSPORTS: Final = {"igmp": IGMP, "esp": 50, "ah": 51, "comp": 108}
_PORTED: Final = Intervals.of(TCP, UDP, 33, 132, 136)
_TAGS: Final = Intervals.of(0x8100, 0x88A8)
_NFPROTOS: Final = {ETHERTYPES["ip"]: IPV4, ETHERTYPES["ip6"]: IPV6, ETHERTYPES["arp"]: ARP}
_STATE_CODES: Final = {"invalid": 0, "established": 1, "related": 2, "new": 3, "untracked": 4}
TRACKED: Final = Boxes.of(ct_state=Intervals.of(1, 2, 3))
"""Packets that belong to a connection: the others have no conntrack mark, direction or status, and such a match fails."""
_V4: Final = Boxes.of(nfproto=Intervals.of(IPV4))
_V6: Final = Boxes.of(nfproto=Intervals.of(IPV6))
_IP: Final = Boxes.of(nfproto=Intervals.of(IPV4, IPV6))
_MLD: Final = Intervals.of(130, 131, 132, 143)
# RFC 791 §3.1: the offset is 13 bits; what is not the first fragment has no transport header.
_UNCUT: Final = Boxes.of(frag_off=Intervals.masked(0x1FFF, 0, 16))
_TAGGED: Final = Boxes.of(vlan_type=_TAGS)
_NO_ETHERNET: Final = Intervals.of(0) | interface("lo")


class Subject(Struct):
    """What is compared: a header field, or something that follows from several."""

    kind: str
    """Of its values, as `values` reads them."""
    spread: Callable[[Intervals], Boxes]
    """The packets that have one of these values, where `needs` holds."""
    field: str = ""
    """The field of the packet that it is; empty where it is none."""
    needs: Boxes = Boxes.everything()
    """What the kernel asks first; a packet without it never matches, however the comparison goes."""
    unsure: Boxes = Boxes.nothing()
    """Packets for which the ruleset's listing does not say enough."""

    @property
    def width(self) -> int:
        """Bits of its values."""
        return WIDTHS[self.kind]


def subject(left: Any, at: Context) -> Subject:  # noqa: ANN401 -- JSON
    """What `left` compares.

    Raises:
        UndecidedError: it is nothing that a ruleset decides.
    """
    match left:
        case {"payload": {"protocol": str(protocol), "field": str(name)}}:
            return _payload(protocol, name, at)
        case {"meta": {"key": str(key)}} | {"meta": str(key)}:
            return _meta(key, at)
        case {"ct": {"key": str(key), **rest}} if not rest.get("dir"):
            return _ct(key)
        case _:
            raise UndecidedError("")


def implied(expression: Any, at: Context) -> Boxes:  # noqa: ANN401 -- JSON
    """What nft asks of a packet before it evaluates an expression, whatever the expression is."""
    found = Boxes.everything()
    stack = [expression]
    while stack:
        match stack.pop():
            case {"payload": {"protocol": str(protocol)}}:
                found &= _layer(protocol, at)[0]
            case {"tcp option": _}:
                found &= _transport(TCP, at)
            case {"ip option": _}:
                found &= _V4
            case {"exthdr": _}:
                found &= _V6
            case {"ct": {"key": str(key)}} if key != "state":
                found &= TRACKED
            case dict() as inner:
                stack += inner.values()
            case list() as inner:
                stack += inner
            case _:
                pass
    return found


def vague(protocol: str, at: Context) -> Boxes:
    """Packets for which the listing leaves open whether nft asked for this protocol."""
    return _layer(protocol, at)[1]


def _plain(kind: str, field: str, needs: Boxes, unsure: Boxes) -> Subject:
    return Subject(kind, lambda found: Boxes.of(**{field: found}), field, needs, unsure)


def _payload(protocol: str, name: str, at: Context) -> Subject:
    needs, unsure = _layer(protocol, at)
    kind, field = _PAYLOADS.get((protocol, name), ("", ""))
    if field in FIELDS:
        return _plain(kind, field, needs, unsure)
    special = _SPECIAL.get((protocol, name))
    if special is None:
        raise UndecidedError("")
    kind, spread = special
    if (protocol, name) == ("ether", "type"):
        spread = _ether_type if at.link_layer else _protocol
    return Subject(kind, spread, "", needs, unsure)


def _layer(protocol: str, at: Context) -> tuple[Boxes, Boxes]:
    """What a header of this protocol needs, and packets for which the listing leaves open whether that is there."""
    if protocol in {"ip", "ip6"}:
        return (_V4 if protocol == "ip" else _V6), _untold(at)
    if protocol in {"icmp", "icmpv6"}:
        version = _V4 if protocol == "icmp" else _V6
        return version & _transport(_TRANSPORTS[protocol], at), _untold(at)
    if protocol == "th":
        others = Boxes.of(l4proto=_PORTED.complement(8))
        return (_UNCUT if at.known.fragments else Boxes.everything()) & _internet(at), others
    if protocol in _TRANSPORTS or protocol in _OTHER_TRANSPORTS:
        return _transport((_TRANSPORTS | _OTHER_TRANSPORTS)[protocol], at), Boxes.nothing()
    if protocol == "ether":
        # nft asks for `iiftype ether`: packets of this host's own, and those of the loopback, come through no such interface.
        return (
            Boxes.everything() if at.link_layer else Boxes.of(iifname=_NO_ETHERNET.complement(128))
        ), Boxes.nothing()
    if protocol == "vlan":
        return _vlan(at), Boxes.nothing()
    return Boxes.everything(), Boxes.nothing()


def _untold(at: Context) -> Boxes:
    """Whether nft asked for `meta protocol ip` or for `ether type ip`, its listing hides; they differ for tagged frames."""
    return _TAGGED if at.link_layer and not at.tagged else Boxes.nothing()


def _vlan(at: Context) -> Boxes:
    if not at.link_layer:
        return Boxes.nothing()
    return Boxes.of(vlan_type=_TAGS if at.tag_named else Intervals.of(0x8100))


def _transport(number: int, at: Context) -> Boxes:
    key = ("transport", number, at.link_layer)
    memory = at.known.memory
    if key not in memory:
        found = Boxes.of(l4proto=Intervals.of(number)) & _internet(at)
        memory[key] = found & _UNCUT if at.known.fragments else found
    return memory[key]


def _internet(at: Context) -> Boxes:
    """Frames that are not IP have no transport protocol: even `meta l4proto != udp` fails for them (nft_meta_get_eval)."""
    return _IP if at.link_layer else Boxes.everything()


def _protocol(found: Intervals) -> Boxes:
    """EtherTypes as `meta protocol` has them."""
    known = Boxes.of(nfproto=Intervals.of(*(code for ethertype, code in _NFPROTOS.items() if ethertype in found)))
    others = found - Intervals.of(*_NFPROTOS)
    return known | Boxes.of(nfproto=Intervals.of(OTHER), ether_type=others)


def _ether_type(found: Intervals) -> Boxes:
    """The two octets after the addresses: those of the tag where there is one."""
    return Boxes.of(vlan_type=found & _TAGS) | (Boxes.of(vlan_type=Intervals.of(0)) & _protocol(found - _TAGS))


def _next_header(found: Intervals) -> Boxes:
    """Of the fixed IPv6 header. Only MLD comes with an extension header by rule (RFC 3810 §5: hop-by-hop, router alert)."""
    plain = Boxes.of(l4proto=found - Intervals.of(0, ICMPV6))
    hop = Boxes.of(l4proto=Intervals.of(ICMPV6), icmpv6_type=_MLD) if 0 in found else Boxes.nothing()
    other = Boxes.of(l4proto=Intervals.of(ICMPV6), icmpv6_type=_MLD.complement(8))
    return plain | hop | (other if ICMPV6 in found else Boxes.nothing())


def _states(found: Intervals) -> Boxes:
    return Boxes.of(ct_state=Intervals.of(*(_STATE_CODES[name] for name, bit in CT_STATES.items() if bit in found)))


def _constant(number: int) -> Callable[[Intervals], Boxes]:
    return lambda found: Boxes.everything() if number in found else Boxes.nothing()


_PAYLOADS: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("ip", "saddr"): ("ipv4", "saddr"),
    ("ip", "daddr"): ("ipv4", "daddr"),
    ("ip", "protocol"): ("proto", "l4proto"),
    ("ip", "ttl"): ("u8", "ttl"),
    ("ip", "dscp"): ("dscp", "dscp"),
    ("ip", "ecn"): ("ecn", "ecn"),
    ("ip", "length"): ("u16", "length"),
    ("ip", "frag-off"): ("u16", "frag_off"),
    ("ip6", "saddr"): ("ipv6", "saddr6"),
    ("ip6", "daddr"): ("ipv6", "daddr6"),
    ("ip6", "hoplimit"): ("u8", "hoplimit"),
    ("ip6", "dscp"): ("dscp", "dscp"),
    ("ip6", "ecn"): ("ecn", "ecn"),
    ("icmp", "type"): ("icmp_type", "icmp_type"),
    ("icmp", "code"): ("icmp_code", "icmp_code"),
    ("icmpv6", "type"): ("icmpv6_type", "icmpv6_type"),
    ("icmpv6", "code"): ("icmpv6_code", "icmpv6_code"),
    ("tcp", "flags"): ("tcp_flags", "tcp_flags"),
    ("ether", "saddr"): ("ether", "ether_saddr"),
    ("ether", "daddr"): ("ether", "ether_daddr"),
    ("vlan", "id"): ("u12", "vlan_id"),
    **{
        (protocol, port): ("port", port)
        for protocol in ("tcp", "udp", "udplite", "sctp", "dccp", "th")
        for port in ("sport", "dport")
    },
}
_SPECIAL: Final[dict[tuple[str, str], tuple[str, Callable[[Intervals], Boxes]]]] = {
    ("ip", "version"): ("u4", _constant(4)),
    ("ip6", "version"): ("u4", _constant(6)),
    ("ip6", "nexthdr"): ("proto", _next_header),
    ("ether", "type"): ("ethertype", _ether_type),
    ("vlan", "type"): ("ethertype", _protocol),
}
_META: Final[dict[str, tuple[str, str]]] = {
    "iif": ("ifindex", "iifname"),
    "oif": ("ifindex", "oifname"),
    "iifname": ("ifname", "iifname"),
    "oifname": ("ifname", "oifname"),
    "l4proto": ("proto", "l4proto"),
    "mark": ("mark", "mark"),
    "pkttype": ("pkttype", "pkttype"),
    "length": ("u16", "length"),
}


def _meta(key: str, at: Context) -> Subject:
    if key == "protocol":
        return Subject("ethertype", _protocol)
    if key == "nfproto" and not at.link_layer:
        return _plain("nfproto", "nfproto", Boxes.everything(), Boxes.nothing())
    if key not in _META:
        raise UndecidedError("")
    kind, field = _META[key]
    return _plain(kind, field, _internet(at) if field == "l4proto" else Boxes.everything(), Boxes.nothing())


def _ct(key: str) -> Subject:
    match key:
        case "state":
            return Subject("ct_state", _states)
        case "mark":
            return _plain("mark", "ct_mark", TRACKED, Boxes.nothing())
        case "direction":
            return _plain("ct_direction", "ct_direction", TRACKED, Boxes.nothing())
        case _:
            raise UndecidedError("")
