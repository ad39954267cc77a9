"""What members write to each other. Versions beside each other during an upgrade read each other's: fields are added with defaults only."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from bellrock.model import Host, Wall
from bellrock.model.here import Here
from bellrock.region.tls import Channel


class Nth(Struct, frozen=True, tag="nth"):
    """The first word of a letter: which one of the sender's to this recipient it is. Each is heard once, whoever puts it there again."""

    number: int


EACH: Final = 2048
"""What an event counts without its octets."""


class Fresh(Struct, frozen=True, tag="fresh"):
    """The sender begins anew: sessions and requests that it told of before are over."""


class Arrived(Struct, frozen=True, tag="arrived", kw_only=True):
    """An agent streams at the sender."""

    key: int
    """Of the session, among the sender's."""
    host: Host
    boot: str
    software: str = ""
    secret: str = ""
    signs: str = ""
    serial: str = ""
    expires: Wall | None = None
    carries_out: tuple[str, ...] = ()
    offset: float = 0.0
    doubt: float = 0.0
    """Seconds by which the offset may be too large."""
    here: Here | None = None
    since: float = 0.0
    """When it was let in, by the database's clock; 0: not told."""


class Left(Struct, frozen=True, tag="left"):
    """The newest connection of an agent with the sender has ended."""

    key: int
    agent: str
    why: str


class Alive(Struct, frozen=True, tag="alive"):
    """All that these agents said still holds: [(host, when on the region's clock, offset)]."""

    agents: tuple[tuple[Host, Wall, float], ...]
    doubts: tuple[float, ...] = ()
    """Seconds by which each of these offsets may be too large; none: not told."""


class Said(Struct, frozen=True, tag="said"):
    """An agent said something that is for the mind: a message of the contract, as it came."""

    key: int
    agent: str
    message: str


class Say(Struct, frozen=True, tag="say"):
    """The leader has something for an agent to be told: a message of the contract."""

    key: int
    agent: str
    message: str


class Refuse(Struct, frozen=True, tag="refuse"):
    """The leader ends an agent's session."""

    key: int
    agent: str
    why: str


class Over(Struct, frozen=True, tag="over"):
    """Of each of these [(agent, boot)] another boot took the place while it streamed: the leader's word to all who let agents in."""

    agents: tuple[tuple[str, str], ...]


class Open(Struct, frozen=True, tag="open", kw_only=True):
    """A request or a WebSocket that came to the sender (ASGI's scope)."""

    stream: int
    kind: str
    """`http` or `websocket`."""
    path: str
    raw_path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    scheme: str
    http_version: str
    method: str = ""
    client: tuple[str, int] | None = None
    server: tuple[str, int | None] | None = None
    root_path: str = ""
    subprotocols: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    channel: Channel = Channel()
    """What the connection showed, whose proofs joining binds to."""
    window: int = 0
    """The weight of events that may be on their way to either side before it says `Taken`; 0: it says nothing, and any may."""


class Event(Struct, frozen=True, tag="event"):
    """An event of an open request, in either direction (ASGI)."""

    stream: int
    event: dict[str, Any]


class Taken(Struct, frozen=True, tag="taken"):
    """Events of an open request have gone on to the client, or the application, of so much weight together; there is room for as much more."""

    stream: int
    weight: int


class Shut(Struct, frozen=True, tag="shut"):
    """A request is over for the sender; what is still on its way about it is for nobody."""

    stream: int


Word = Nth | Fresh | Arrived | Left | Alive | Said | Say | Refuse | Over | Open | Event | Taken | Shut

encode = msgspec.msgpack.Encoder().encode
"""A letter's body: a tuple of words."""
_decoder = msgspec.msgpack.Decoder(tuple[Word, ...])
_parts = msgspec.msgpack.Decoder(tuple[msgspec.Raw, ...])
_one: msgspec.msgpack.Decoder[Word] = msgspec.msgpack.Decoder(Word)


def decode(body: bytes) -> tuple[Word, ...]:
    """The words of a letter.

    Raises:
        msgspec.MsgspecError: it is none, or has one that this version does not know.
    """
    return _decoder.decode(body)


def known(body: bytes) -> tuple[tuple[Word, ...], str]:
    """The words of a letter that this version knows, and what is wrong with the others; "": there are none.

    Raises:
        msgspec.MsgspecError: it is no letter.
    """
    try:
        return decode(body), ""
    except msgspec.ValidationError:
        parts = _parts.decode(body)
    words, wrong = [], ""
    for part in parts:
        try:
            words.append(_one.decode(part))
        except msgspec.MsgspecError as error:
            wrong = str(error)
    return tuple(words), wrong


def weight(event: Mapping[str, Any]) -> int:
    """What an event counts of a window: its octets, and something for itself, so that many small ones are no small thing."""
    return EACH + sum(len(event.get(name) or ()) for name in ("body", "bytes", "text"))
