"""What became of a flow that was tried: verdicts, with what was sent and what came back."""

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from bellrock.model.time import Wall


class Verdict(StrEnum):
    """What a probe says of a service, seen from one place."""

    WORKS = "works"
    DEGRADED = "degraded"
    """It does what it is for, but not as well as it should, or not for much longer."""
    WRONG_SERVICE = "wrong-service"
    """Somebody answers, but not in this protocol, or not with what was asked for."""
    REFUSED = "refused"
    """TCP RST, or ICMP port unreachable by the target itself: nobody listens, or rules reject it in the same words."""
    FILTERED = "filtered"
    """Packets are dropped silently, or somebody on the way says that they may not pass."""
    UNREACHABLE = "unreachable"
    """There is no way to the target: no route, no neighbour, or a router says so."""
    TLS_FAULT = "tls-fault"
    AUTHENTICATION_NEEDED = "authentication-needed"
    """The service is there and wants credentials that were not given, or does not take those that were."""
    EXPOSED = "exposed"
    """It answers where it must not be reachable from."""
    NOT_CHECKED = "not-checked"
    """Nothing is known: it could not be tried, and why."""


class Traced(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One step of what a probe saw."""

    at: Wall
    direction: Literal["sent", "received", "noticed"]
    what: str
    """A sentence or less, with what matters of the packet."""
    octets: int = 0
    """Of payload."""


class Probed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A flow that was tried, from one place to one target."""

    flow: str
    """Its id in the catalogue."""
    target: str
    """`ADDRESS:PORT` (RFC 3986 §3.2.2: IPv6 in brackets), or an interface where there is no address to ask."""
    verdict: Verdict
    detail: str
    """One sentence: what is wrong, or what was found to work."""
    rtt_ms: float | None = None
    """Round trip of the first exchange, milliseconds; None: nothing came back."""
    evidence: tuple[Traced, ...] = ()
    variant: str = ""
    """Which of several checks of the flow: `uefi-x64`, `tcp`."""
    source: str = ""
    """The agent (by name), interface or address that it was tried from; empty: wherever the kernel sends from."""
    facts: dict[str, Any] = {}
    """What was measured, by names that the flow's page documents: `offset_s`, `stratum`, `blksize`, `certificate`."""
    obstacle: str = ""
    """What its packets met, in the words of `link.obstacle.Obstacle`: `silence` is that nothing came back at all. Empty: nothing, or it is not known."""
    by: str = ""
    """The address of who said so; empty: nobody, or this machine itself."""


class DiedAt(StrEnum):
    """Where a flow's packets died, as both ends saw it."""

    NOWHERE = ""
    NOT_SENT = "not-sent"
    """They never left the source: its firewall, no route, no neighbour."""
    LOST_ON_THE_WAY = "lost-on-the-way"
    """They left the source's wire and never came in on the target's."""
    DROPPED_BY_TARGET = "dropped-by-target"
    """They came in on the target's wire; its firewall did not let them in."""
    NO_LISTENER = "no-listener"
    REPLY_NOT_SENT = "reply-not-sent"
    """The target accepted them, and its answer never left it."""
    REPLY_LOST = "reply-lost"
    """The answer left the target and never came in at the source."""
    REPLY_DROPPED = "reply-dropped"
    """The answer came in on the source's wire; its firewall did not let it in."""
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    """The answer went to another address, out of another interface, or came from another address than was asked."""
    UNKNOWN = "unknown"


class Hop(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place on the way of a flow's packets, in order."""

    address: str
    """Empty: a hop that does not tell its address."""
    name: str = ""
    """Of a host that Bellrock knows."""
    interface: str = ""
    request: bool | None = None
    """Whether the request was seen here; None: nobody could look."""
    reply: bool | None = None


class Walked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the packets of a flow came between two agents, and their answers back."""

    flow: str
    source: str
    target: str
    verdict: Verdict
    died_at: DiedAt
    detail: str
    """One sentence, with the rule where a firewall is to blame."""
    hops: tuple[Hop, ...] = ()
    evidence: tuple[Traced, ...] = ()
    rule: str = ""
    """The firewall rule that dropped it, as its own tool writes it, where that is known."""
    variant: str = ""
    """`udp/53 IPv6`."""
