"""What a term matches, in nftables' words."""

from collections.abc import Callable
from typing import Final

from bellrock.firewall.compile.policy import Term
from bellrock.firewall.compile.text import braces, ports
from bellrock.flows.values import Family, Protocol

L4PROTO: Final[dict[Protocol, str]] = {
    Protocol.TCP: "tcp",
    Protocol.UDP: "udp",
    Protocol.ICMP: "icmp",
    Protocol.ICMPV6: "ipv6-icmp",
    Protocol.IGMP: "igmp",
}
"""The names of `meta l4proto`."""

_IP: Final[dict[Family, str]] = {4: "ip", 6: "ip6"}
_TYPED: Final = {Protocol.ICMP: "icmp", Protocol.ICMPV6: "icmpv6", Protocol.IGMP: "igmp"}


def ends(term: Term, source: str, destination: str, interfaces: Callable[[tuple[str, ...]], str]) -> str:
    """Interfaces and addresses; `source` and `destination` are what to compare with, empty for everybody.

    `interfaces` says what to compare names with. Always says the family, by the addresses or by `meta nfproto`: an inet table sees both.
    """
    words = []
    if term.in_interfaces:
        words.append(f"iifname {interfaces(term.in_interfaces)}")
    if term.out_interfaces:
        words.append(f"oifname {interfaces(term.out_interfaces)}")
    ip = _IP[term.family]
    if source:
        words.append(f"{ip} saddr {source}")
    if destination:
        words.append(f"{ip} daddr {destination}")
    if not source and not destination:
        words.append(f"meta nfproto ipv{term.family}")
    return " ".join(words)


def transports(term: Term, *, destination_port: bool = True) -> tuple[str, ...]:
    """What the transport header must say; several where one rule cannot say it all (types with codes and types without).

    Without `destination_port` where the packet got here by it.
    """
    if term.protocol in _TYPED:
        return _types(term)
    words = []
    if term.source_ports:
        words.append(f"{term.protocol} sport {ports(term.source_ports)}")
    if term.destination_ports and destination_port:
        words.append(f"{term.protocol} dport {ports(term.destination_ports)}")
    if not words and destination_port:
        words.append(f"meta l4proto {term.protocol}")
    return (" ".join(words),)


def state(term: Term) -> str:
    """`ct state related` for what only a helper may announce.

    A packet that is *new* to connection tracking needs no such word: replies are accepted before, and a rule names the
    initiator's direction only. Link-scope control packets are *untracked*, ICMP errors *related*: they must pass, too.
    """
    return "ct state related" if term.expected else ""


def joined(*parts: str) -> str:
    """The parts that say something."""
    return " ".join(part for part in parts if part)


def _types(term: Term) -> tuple[str, ...]:
    word = _TYPED[term.protocol]
    if not term.types:
        return (f"meta l4proto {L4PROTO[term.protocol]}",)
    if term.protocol is Protocol.IGMP:  # its second octet is a time (RFC 2236 §2.2), not a code
        return (f"igmp type {braces([str(kind) for kind, _ in term.types])}",)
    plain = [str(kind) for kind, code in term.types if code is None]
    coded = [f"{kind} . {code}" for kind, code in term.types if code is not None]
    texts = []
    if plain:
        texts.append(f"{word} type {braces(plain)}")
    if coded:
        texts.append(f"{word} type . {word} code {{ {', '.join(coded)} }}")
    return tuple(texts)
