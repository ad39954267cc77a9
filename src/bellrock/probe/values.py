"""What all probes have in common: what is asked for, what may be set, what is sent at most."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from bellrock.flows import Protocol
from bellrock.link.source import Source
from bellrock.model import Traced, Verdict

if TYPE_CHECKING:
    from bellrock.probe.net import Net

WITHIN: Final = 5.0
"""Seconds that one probe may take, unless asked otherwise."""


class PlanError(ValueError):
    """What is asked for cannot be tried: one line for an operator (which option, what it is, what it may be)."""


class Ask(Struct, frozen=True, kw_only=True):
    """One flow to be tried at one target."""

    flow: str
    """Its id in the catalogue."""
    address: str = ""
    """An IP address, without brackets; empty only for what is asked of a whole link (DHCP)."""
    port: int = 0
    """0: the flow's first port."""
    protocol: Protocol | None = None
    """Of a flow that has several (DNS, syslog); None: all of them that the probe knows."""
    name: str = ""
    """The name by which the target is known to its clients: TLS server name, HTTP host. Empty: its address."""
    source: Source = Source()
    within: float = WITHIN
    """Seconds for all of it."""
    silence: float = 0.0
    """Seconds after which it is over where nothing has come back by then: a slow target keeps all of its time. 0: as long as `within`."""
    options: dict[str, str] = {}
    """By the names of the probe's own options."""
    nonce: bytes = bytes(16)
    """Random octets from which a plan makes its transaction ids, so that a plan is a function of its ask."""


class Option(Struct, frozen=True):
    """Something that may be set for a probe, by site file, region or `-o NAME=VALUE`."""

    name: str
    meaning: str
    """With unit and default."""
    secret: bool = False
    """Never shown, never on a command line: read from a file that `NAME-file=PATH` names."""
    file: bool = False
    """Names a file of the machine that asks, which is for whoever works there to name: no region may."""
    by_hand: bool = False
    """Takes something of the network for itself, however briefly: only for whoever works at the machine that asks."""


class Load(Struct, frozen=True, kw_only=True):
    """What a probe sends at most, for one ask. Kept, and tested."""

    packets: int
    """UDP datagrams and frames, or, over TCP, messages of the protocol."""
    connections: int = 0
    """TCP connections."""
    octets: int
    """Of payload received before it stops reading."""
    spacing: float = 0.0
    """Least seconds between two of its packets to one address, over all asks."""


class Found(Struct, frozen=True, kw_only=True):
    """What a probe makes of its exchange."""

    verdict: Verdict
    detail: str
    facts: dict[str, Any] = {}
    rtt: float | None = None
    """Seconds; None: the first round trip that the net measured."""
    variant: str = ""
    evidence: tuple[Traced, ...] | None = None
    """Of this variant alone; None: all that the net recorded."""
    obstacle: str = ""
    """An `Obstacle`, where that is why; it and `by` as in `Probed`."""
    by: str = ""


class Probe(Struct, frozen=True, kw_only=True):
    """One protocol's probe, as its file offers it under the name PROBE."""

    flows: tuple[str, ...]
    """Ids of the flows that it tries."""
    plan: Callable[[Ask], Any]
    """Pure: Ask → the file's own plan, with every octet that will be sent. Raises PlanError."""
    run: Callable[[Any, "Net"], Awaitable[tuple[Found, ...]]]
    """Does it. Raises what `probe.run.check` turns into verdicts: Obstructed, Unexpected, TlsFault, TimeoutError."""
    load: Load
    protocols: tuple[Protocol, ...] = (Protocol.TCP,)
    options: tuple[Option, ...] = ()
    port: int = 0
    """Where it asks, unless told otherwise; 0: the flow's first port."""
    link_wide: bool = False
    """Asked of an interface, not of an address."""
    falls_back: str = ""
    """What it does without the right to raw sockets, where that matters; one sentence."""


class Unexpected(Exception):  # noqa: N818 -- says what it is
    """The answer is not of this protocol: `wrong-service`, with this sentence."""


class TlsFault(Exception):  # noqa: N818 -- says what it is
    """TLS did not come about, or its certificate will not do: `tls-fault`, with this sentence."""

    def __init__(self, why: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(why)
        self.facts = facts or {}


class NotChecked(Exception):  # noqa: N818 -- says what it is
    """It could not be tried here: `not-checked`, with this sentence."""
