"""One TFTP transfer over the network: the request to the server's port, all else with the port that answers."""

import asyncio
from typing import Final

from msgspec import Struct

from bellrock.link.clock import monotonic
from bellrock.link.datagram import Datagram
from bellrock.link.obstacle import Obstructed
from bellrock.model import Monotonic
from bellrock.probe.net import Exchange, Net
from bellrock.probe.tftp_transfer import ENOUGH, Transfer
from bellrock.probe.values import Unexpected
from bellrock.wire import tftp
from bellrock.wire.errors import WireError
from bellrock.wire.tftp import UNKNOWN_PORT, Ack, Agreed, Data, Message, Read, Refusal

TRIES: Final = 3
"""Requests, before nobody is taken to answer."""
DEAF: Final = 2
"""Times that the server repeats its agreement to options, before it is taken not to hear our acknowledgements."""
SILENCES: Final = 3
"""Times that nothing comes and the last word is said again, before the transfer is given up."""


class Limits(Struct, frozen=True, kw_only=True):
    """Where a transfer ends that does not end by itself. Seconds, octets."""

    first: float
    """For an answer to the request, before it is sent again."""
    wait: float
    """For one packet, before the last word is said again."""
    until: float
    """For all of it, from its beginning."""
    most: int
    blocks: int = 0
    """0: as many as come."""
    tries: int = TRIES
    silences: int = SILENCES


class Fetched(Struct, kw_only=True):
    """What became of it."""

    transfer: Transfer
    port: int = 0
    """That the server answers from; 0: it did not answer."""
    seconds: float = 0.0
    """From the first packet that came to the last."""
    piece: int = 0
    """Octets of the largest fragment, where blocks came in fragments."""
    gave_up: bool = False
    """It fell silent before its end."""
    obstacle: Obstructed | None = None
    """What was in the way of our words to its port."""


async def fetch(net: Net, request: Read, limits: Limits) -> Fetched:
    """Ask for a file and take it.

    Raises:
        Unexpected: what answers speaks no TFTP.
        Obstructed: an ICMP error came back in answer to the request.
    """
    fetched = Fetched(transfer=Transfer(request.options, limits.most, limits.blocks))
    with net.datagrams(pieces=True) as exchange:
        what = " ".join((f"TFTP RRQ {request.path}", *(f"{name}={value}" for name, value in request.options.items())))
        try:
            first = await exchange.ask(tftp.build(request), what, limits.tries, limits.first)
        except TimeoutError:
            return fetched
        fetched.port = first.port
        try:
            await _carried(_Talk(exchange, net, fetched, limits), first)
        except Obstructed as error:
            fetched.obstacle = error
    return fetched


class _Talk:
    """With the port that answered."""

    def __init__(self, exchange: Exchange, net: Net, fetched: Fetched, limits: Limits) -> None:
        self._exchange = exchange
        self._net = net
        self.fetched = fetched
        self.limits = limits
        self.silences = 0

    async def next(self) -> Datagram | None:
        """What comes from that port; None: nothing for a while."""
        try:
            async with asyncio.timeout(self.limits.wait):
                while True:
                    came = await self._exchange.receive()
                    if came.port == self.fetched.port:
                        return came
                    # RFC 1350 §4: a packet from elsewhere is told that it is wrong, and disturbs nothing.
                    refusal = tftp.build(Refusal(UNKNOWN_PORT, "unknown transfer"))
                    await self._exchange.send(
                        refusal, f"TFTP ERROR 5 to port {came.port}, from where it answers as well", came.port
                    )
        except TimeoutError:
            return None

    async def say(self, message: Message) -> None:
        """All but the first words are among many, and leave no trace."""
        noteworthy = isinstance(message, Refusal) or (isinstance(message, Ack) and self.fetched.transfer.blocks <= 1)
        what = f"TFTP {_shown(message)} to port {self.fetched.port}" if noteworthy else ""
        await self._exchange.send(tftp.build(message), what, self.fetched.port)

    def heard(self, came: Datagram) -> Message:
        """What it says, noted if it is noteworthy."""
        try:
            message = tftp.parse(came.payload)
        except WireError as error:
            raise Unexpected(f"what answers does not speak TFTP: {error.detail}") from None
        if not isinstance(message, Data) or self.fetched.transfer.blocks == 0:
            self._net.record.received(f"TFTP {_shown(message)} from port {came.port}", len(came.payload), came.at)
        self.fetched.piece = max(self.fetched.piece, came.piece)
        return message


async def _carried(talk: _Talk, first: Datagram) -> None:
    """To its end, or to the end of patience."""
    began, last = first.at, first.at
    came: Datagram | None = first
    transfer = talk.fetched.transfer
    while not transfer.over and not _late(began, talk.limits):
        if came is not None:
            blocks = transfer.blocks
            reply, last = transfer.take(talk.heard(came)), came.at
            talk.silences = 0 if transfer.blocks > blocks else talk.silences
        else:
            talk.silences += 1
            reply = transfer.again()
        if talk.silences >= talk.limits.silences or transfer.repeated_agreement >= DEAF:
            break
        if reply is not None:
            await talk.say(reply)
        came = None if transfer.over else await talk.next()
    if not transfer.over:
        talk.fetched.gave_up = not _late(began, talk.limits)
        await talk.say(ENOUGH)
    talk.fetched.seconds = last - began


def _late(began: Monotonic, limits: Limits) -> bool:
    return monotonic() - began > limits.until


def _shown(message: Message) -> str:
    match message:
        case Data(block, payload):
            return f"DATA block {block}, {len(payload)} octets"
        case Ack(block):
            return f"ACK {block}"
        case Refusal(code, text):
            return f"ERROR {code} {text}".rstrip()
        case Agreed(options):
            return " ".join(("OACK", *(f"{name}={value}" for name, value in options.items())))
        case Read(path, _):
            return f"RRQ {path}"
