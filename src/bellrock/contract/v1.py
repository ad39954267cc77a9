"""Version 1 of the contract."""

import hashlib
import hmac
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from bellrock.contract.capturing import Captured, CaptureOrder, Capturing
from bellrock.contract.here import Told
from bellrock.contract.probing import Results, RunProbes
from bellrock.contract.walk import Ruled, Seen, TellPath, WalkPath, Watching, WatchPath, WhichRule
from bellrock.model import Finding, Host, Observation, Port, Wall

VERSION: Final = 1
MAX_MESSAGE: Final = 1 << 20
"""Octets of one message; larger ones end the connection."""
MAX_HELLO: Final = 4096
"""Octets of a Hello. Whoever sends one has proved nothing yet, so no more than that is read of it."""
TELLS_HERE: Final = "here"
"""In `Welcome.takes`: the region takes what an agent tells of its own host (`Told`). One that does not say so ends the connection over it."""
CAPTURES: Final = "capture"
"""In `Hello.carries_out`: the agent knows orders to capture. One that does not say so ends the connection over them."""
MAX_OBSERVATIONS: Final = 500
"""Observations in one report; an agent with more to say sends several."""


class ContractError(ValueError):
    """A message that is not of this contract: what was wrong with it, in one clause."""


class Challenge(Struct, frozen=True, tag="challenge"):
    """The region's first word."""

    version: int
    region: str
    nonce: str
    """32 random bytes in hex."""


class Hello(Struct, frozen=True, tag="hello", kw_only=True):
    """The agent's answer. `proof` = prove(key, "agent", challenge.nonce, nonce, host.id).

    Where the connection shows a certificate of the agent, that is proof enough: `proof` may be empty then.
    """

    version: int
    host: Host
    boot: str
    nonce: str
    proof: str
    software: str = ""
    sent: Wall = Wall(0.0)
    """The agent's wall clock, from which the region learns its offset."""
    secrets: tuple[str, ...] = ()
    """Public ids (`wire.keys.Key.id`) of the secrets that it has, the one that signs its beacons first."""
    carries_out: tuple[str, ...] = ()
    """Kinds of orders beyond those of the first agents that it knows; it is given no others."""


class Welcome(Struct, frozen=True, tag="welcome"):
    """The agent is let in. `proof` = prove(key, "region", hello.nonce, challenge.nonce, region)."""

    proof: str
    acked: int
    """The last report of this agent that is committed; 0 for none."""
    keep_alive: float = 15.0
    """Seconds between the keep-alives that the region expects."""
    takes: tuple[str, ...] = ()
    """Kinds of messages beyond those of the first regions that it knows; it is told no others."""
    spread: float = 0.0
    """Seconds over which the agent is to spread its coming back once the connection ends: any moment of them, drawn evenly.

    The region alone knows how many they are that will come at once. 0: as soon as the agent likes.
    """
    regions: tuple[str, ...] = ()
    """Where the region listens now, at all of its processes, as URLs; empty: as the agent knows already."""


class Rejected(Struct, frozen=True, tag="rejected"):
    """The agent is not let in, and why, for its operator."""

    why: str
    after: float = 0.0
    """Seconds after which the agent may come again and be let in: there is no room just now, and nothing wrong with it. 0: see `why`."""


class Report(Struct, frozen=True, tag="report"):
    """Changes, in order. `seq` grows by one from report to report over the agent's life, over restarts too.

    Only a report with `begin` may jump ahead of the last committed one: it starts an account that needs nothing before it.
    `begin` marks the first report of a boot (an agent that has to tell everything anew calls that a boot, too) and `complete` the end of its first full account: evidence and interfaces of
    earlier boots that were not reported again by then no longer hold.
    """

    seq: int
    boot: str
    sent: Wall
    """The agent's wall clock when the report was made; times in the observations are of the same clock."""
    observations: tuple[Observation, ...]
    begin: bool = False
    complete: bool = False


class KeepAlive(Struct, frozen=True, tag="keep-alive"):
    """Everything reported up to and with `seq`, and not taken back there or in a report that is under way, still holds at `sent`."""

    seq: int
    sent: Wall


class Ack(Struct, frozen=True, tag="ack"):
    """Reports up to and with `seq` are committed."""

    seq: int


class Renew(Struct, frozen=True, tag="renew"):
    """The agent asks for its next certificate, over a connection that shows a valid one of the same key or an older one."""

    request: str
    """PKCS #10 in PEM."""


class Renewed(Struct, frozen=True, tag="renewed"):
    """The next certificate, and where the region listens now."""

    certificate: str
    regions: tuple[str, ...] = ()


class NodeReport(Struct, frozen=True, kw_only=True):
    """What a node found in its one short run; small enough to be relayed by beacon."""

    host: Host
    boot: str
    sent: Wall
    observations: tuple[Observation, ...]
    findings: tuple[Finding, ...] = ()
    expected: tuple[tuple[str, str], ...] = ()
    """(interface, VLAN by VID or by the region's name) that the machine was told to expect."""


class Placed(Struct, frozen=True, omit_defaults=True):
    """Where the region places an interface."""

    interface: str
    fabric: str = ""
    vlans: tuple[str, ...] = ()
    vids: tuple[int | None, ...] = ()
    """The VLANs' VIDs, in the same order; None where nothing tells it."""


class NodeAnswer(Struct, frozen=True, kw_only=True):
    """What the region makes of a node's report."""

    region: str
    placed: tuple[Placed, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What the region alone can tell to be wrong."""
    why: str = ""
    """Why the report was not taken; empty if it was."""


class Relayed(Struct, frozen=True, tag="relayed"):
    """A rack passes on the report of a node that has no address of its own, as it came by authenticated beacons."""

    letter: str
    """Of the message by which it came: the answer is sent to it."""
    via: Port
    """The rack's port on which it came in."""
    report: NodeReport


class Delivered(Struct, frozen=True, tag="delivered"):
    """The region has taken a relayed report, or not: the answer to be passed back."""

    letter: str
    answer: NodeAnswer


class MeasureMtu(Struct, frozen=True, tag="measure-mtu"):
    """Measure what passes to the neighbours, at once; on all ports, or on those of one interface."""

    interface: str = ""


class Order(Struct, frozen=True, tag="order"):
    """The region wants something done now. Answered by `Done` with the same id; what it brings to light is reported as ever."""

    id: str
    do: MeasureMtu | RunProbes | WatchPath | WalkPath | TellPath | WhichRule | CaptureOrder


class Done(Struct, frozen=True, tag="done"):
    """An order was carried out (`why` is empty), or could not be."""

    order: str
    why: str = ""


AgentMessage = (
    Hello
    | Report
    | KeepAlive
    | Renew
    | Relayed
    | Done
    | Results
    | Watching
    | Seen
    | Ruled
    | Capturing
    | Captured
    | Told
)
RegionMessage = Challenge | Welcome | Rejected | Ack | Renewed | Delivered | Order

_T = TypeVar("_T")

_encoder = msgspec.json.Encoder()
_agent_decoder: msgspec.json.Decoder[AgentMessage] = msgspec.json.Decoder(AgentMessage)
_hello_decoder: msgspec.json.Decoder[Hello] = msgspec.json.Decoder(Hello)
_region_decoder: msgspec.json.Decoder[RegionMessage] = msgspec.json.Decoder(RegionMessage)


def encode(message: AgentMessage | RegionMessage) -> str:
    """The text frame of a message."""
    return _encoder.encode(message).decode()


def decode_agent_message(text: str | bytes) -> AgentMessage:
    """What an agent sent.

    Raises:
        ContractError: not a message of this version, or larger than MAX_MESSAGE.
    """
    return _decode(_agent_decoder, text)


def decode_hello(text: str | bytes) -> Hello:
    """An agent's first message, and nothing else that an agent may say later.

    Raises:
        ContractError: not a Hello of this version, or larger than MAX_HELLO.
    """
    return _decode(_hello_decoder, text, MAX_HELLO)


def decode_region_message(text: str | bytes) -> RegionMessage:
    """What a region sent.

    Raises:
        ContractError: not a message of this version, or larger than MAX_MESSAGE.
    """
    return _decode(_region_decoder, text)


def _decode(decoder: msgspec.json.Decoder[_T], text: str | bytes, most: int = MAX_MESSAGE) -> _T:
    octets = _octets(text, most)
    if octets > most:
        raise ContractError(f"a message of {octets} octets; at most {most} are taken")
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ContractError(str(error)) from None


def _octets(text: str | bytes, most: int) -> int:
    """The size of a message; of a text that is too large anyhow, a lower bound, for which nothing is copied."""
    return len(text) if isinstance(text, bytes) or len(text) > most else len(text.encode("utf-8", "surrogatepass"))


def prove(key: bytes, speaker: str, theirs: str, ours: str, name: str) -> str:
    """Hex HMAC-SHA256 that shows possession of the stream key, bound to the speaker's part, both nonces and its name."""
    message = "\0".join(("bellrock stream v1", speaker, theirs, ours, name)).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
