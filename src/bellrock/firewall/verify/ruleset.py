"""A packet filter's ruleset as values: what `read` makes of nft's JSON, and what `walk` decides with.

Every header field is a number of fixed width, interface names included (their 16 octets, as the kernel compares them: a
wildcard is then a range). A match is a set of boxes; nothing here knows nft's syntax.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Boxes

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
    "hoplimit": 8,
    "length": 16,
    "frag_off": 16,
    "mark": 32,
    "ct_mark": 32,
    "ct_state": 3,  # one state at a time: CT_INVALID 0, CT_ESTABLISHED 1, CT_RELATED 2, CT_NEW 3, CT_UNTRACKED 4
    "ct_direction": 1,
    "ct_status_dnat": 1,
    "pkttype": 3,
    "ether_type": 16,
    "ether_saddr": 48,
    "ether_daddr": 48,
    "vlan_id": 12,
}
"""Fields that can be decided; a rule that asks for another is `Unsupported`. The reader may add fields with their width."""


class VerdictKind(StrEnum):
    """What a rule or an element of a verdict map does."""

    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    JUMP = "jump"
    GOTO = "goto"
    RETURN = "return"
    CONTINUE = "continue"


class Verdict(Struct, frozen=True):
    """A verdict; `chain` of a jump or goto, `how` of a reject (`tcp reset`, `icmpx port-unreachable`)."""

    kind: VerdictKind
    chain: str = ""
    how: str = ""


class Match(Struct, frozen=True):
    """The packets that go on: those in `boxes`."""

    boxes: Boxes


class Decide(Struct, frozen=True):
    """A verdict for all packets that come this far."""

    verdict: Verdict


class Choose(Struct, frozen=True):
    """A verdict map: the first case whose boxes hold the packet; packets in none go on. The cases are disjoint."""

    cases: tuple[tuple[Boxes, Verdict], ...]


class Assign(Struct, frozen=True):
    """Sets a field (`mark`, `ct_mark`) to a constant, or the bits of `mask` in it."""

    field: str
    value: int
    mask: int | None = None


class Helper(Struct, frozen=True):
    """Assigns a conntrack helper to the connection: its type (`tftp`), protocol number, and the name of the object."""

    type: str
    l4proto: int


class NoTrack(Struct, frozen=True):
    """Takes the packet out of connection tracking (it is `untracked` from here on)."""


class Translate(Struct, frozen=True, kw_only=True):
    """NAT: `field` values are replaced by a constant; None where the rule leaves them. Ends the chain as accept does."""

    kind: str
    """dnat, snat, masquerade, redirect."""
    family: int
    address: int | None = None
    port: int | None = None
    certain: bool = True
    """False where the new value is a range, a map or the interface's own: what follows is then unknown in that field."""


class May(Struct, frozen=True):
    """A statement that lets some of the packets go on and not others, by rate or chance: `limit rate 5/second`."""

    text: str


class Unsupported(Struct, frozen=True):
    """A construct that this verifier does not decide; packets that reach it have an unknown fate."""

    text: str


Step = Match | Decide | Choose | Assign | Helper | NoTrack | Translate | May | Unsupported
"""Counters, logs and comments change nothing and are not steps."""


class Rule(Struct, frozen=True, kw_only=True):
    """A rule. Its steps are taken in order; a packet that fails one goes on with the next rule."""

    chain: str
    """`inet filter forward`."""
    handle: int
    """0 where the source gives none."""
    text: str
    """As nft prints it, or near enough to be found by a person."""
    comment: str = ""
    packets: int | None = None
    """Of its counter, where it has one."""
    steps: tuple[Step, ...]


class Chain(Struct, frozen=True, kw_only=True):
    """A chain; a base chain where it has a hook."""

    family: str
    """ip, ip6, inet, bridge, netdev, arp."""
    table: str
    name: str
    rules: tuple[Rule, ...]
    hook: str = ""
    """prerouting, input, forward, output, postrouting, ingress, egress; empty for a regular chain."""
    priority: int = 0
    type: str = "filter"
    policy: VerdictKind = VerdictKind.ACCEPT
    devices: tuple[str, ...] = ()
    """Of netdev chains."""

    @property
    def key(self) -> str:
        """`inet filter forward`, by which jumps name it."""
        return f"{self.family} {self.table} {self.name}"


class Ruleset(Struct, frozen=True, kw_only=True):
    """All chains. `chains` is by `Chain.key`."""

    chains: dict[str, Chain]
    notes: tuple[str, ...] = ()
    """What was left out while reading, for a person."""
