"""A packet filter's ruleset as values: what `read` makes of nft's JSON, and what `walk` decides with.

Every header field is a number of fixed width, interface names included (their 16 octets, as the kernel compares them: a
wildcard is then a range). A match is a set of boxes; nothing here knows nft's syntax.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.fields import FIELDS as FIELDS

_LONGEST_LINE: Final = 500


class RulesetError(ValueError):
    """A ruleset that cannot be read; one line says what, where and why."""

    def __init__(self, line: str) -> None:
        """What names of the ruleset bring into the line that is no printable character is written as its code."""
        super().__init__("".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line[:_LONGEST_LINE]))


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
    """Sets a field (`mark`, `ct_mark`, `dscp`, `ttl`) to a constant, or the bits of `mask` in it, others staying as they are.

    `ct_mark` of a packet without a connection (invalid, untracked) stays unset.
    """

    field: str
    value: int | None
    """None: to something that depends on the packet or on chance; the field is unknown from here on."""
    mask: int | None = None


class Copy(Struct, frozen=True):
    """Sets `field` to what `source` has now, less the bits that are not in `keep`, and with `bits`."""

    field: str
    source: str
    keep: int
    bits: int = 0


class Helper(Struct, frozen=True):
    """Assigns a conntrack helper to the connection: its type (`tftp`) and protocol number.

    `early`: before connection tracking, as iptables does it (`-j CT --helper`), by a template that the new connection takes over.
    """

    type: str
    l4proto: int
    early: bool = False
    nfproto: int = 0
    """Of connections of this family alone; 0: of both."""


class NoTrack(Struct, frozen=True):
    """Takes the packet out of connection tracking (it is `untracked` from here on)."""


class Translate(Struct, frozen=True, kw_only=True):
    """NAT: `field` values are replaced by a constant; None where the rule leaves them. Ends the chain as accept does."""

    kind: str
    """dnat, snat, masquerade, redirect."""
    family: int
    address: int | None = None
    port: int | None = None
    """Where `certain` is false, any number says that the port is changed too."""
    certain: bool = True
    """False where the new value is a range, a map or the interface's own: what follows is then unknown in that field."""


class May(Struct, frozen=True):
    """Some of these packets go on and others not, and the ruleset does not say which.

    By rate (`limit rate 5/second`), by chance, or by what only the kernel knows (`fib saddr oif missing`, a set that rules fill).
    """

    text: str
    boxes: Boxes | None = None
    """The packets that this is about; all others go on for sure. None: all."""


class Unsupported(Struct, frozen=True):
    """A construct that this verifier does not decide, and that can end a packet's way; packets that reach it have an unknown fate."""

    text: str


Step = Match | Decide | Choose | Assign | Copy | Helper | NoTrack | Translate | May | Unsupported
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
