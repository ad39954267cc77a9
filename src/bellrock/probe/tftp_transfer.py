"""The client's side of one TFTP transfer: messages in, replies out. No clock, no socket."""

from typing import Final

from bellrock.probe.values import Unexpected
from bellrock.wire.tftp import (
    DEFAULT_BLOCK,
    NOT_DEFINED,
    OPTION_REFUSED,
    Ack,
    Agreed,
    Data,
    Message,
    Refusal,
)

_BLOCKS: Final = 1 << 16
_BEHIND: Final = 1 << 15
"""Half of all block numbers: what is further ahead is taken for old."""
ENOUGH: Final = Refusal(NOT_DEFINED, "enough, thank you")


class Transfer:
    """What has come of a file, and what is to be said next.

    `wanted` are the options that were asked for; the transfer ends by itself after `most` octets or `blocks` blocks.
    """

    def __init__(self, wanted: dict[str, str], most: int, blocks: int = 0) -> None:
        self._wanted = wanted
        self._most = most
        self._blocks = blocks
        self._in_window = 0
        self._said_again = -1
        self._reply: Message | None = None
        self.agreed: dict[str, str] | None = None
        """The server's OACK; None: it sent none."""
        self.blksize = DEFAULT_BLOCK
        self.windowsize = 1
        self.refusal: Refusal | None = None
        self.blocks = 0
        """Blocks that came, in order."""
        self.octets = 0
        self.begins = b""
        """The first block."""
        self.whole = False
        """Whether the last block came."""
        self.over = False
        self.repeated_agreement = 0
        """How often the OACK came again: what we answered to it did not arrive, or not in time."""
        self.repeats = 0
        """Blocks that came again."""
        self.gaps = 0
        """Times that blocks were missing."""

    def take(self, message: Message) -> Message | None:
        """What to reply; None: nothing yet.

        Raises:
            Unexpected: no server says this.
        """
        match message:
            case Data():
                self._reply = self._data(message)
            case Agreed():
                self._reply = self._agreement(message)
            case Refusal():
                self.refusal, self.over, self._reply = message, True, None
            case _:
                raise Unexpected(f"what answers is no TFTP server: it sent {type(message).__name__.upper()}")
        return self._reply

    def again(self) -> Message | None:
        """What to say once more after a while of silence: the last block that came, or that the options are agreed."""
        if self.agreed is None and not self.blocks:
            return None
        self._in_window = 0
        return Ack(self.blocks % _BLOCKS)

    @property
    def refuses_options(self) -> bool:
        """Whether it would answer a request without options."""
        return self.refusal is not None and self.refusal.code == OPTION_REFUSED

    def _agreement(self, message: Agreed) -> Message | None:
        if self.agreed is not None or self.blocks:
            self.repeated_agreement += 1
            return None if self.blocks else Ack(0)
        self.agreed = message.options
        self.blksize = self._option(message.options, "blksize", DEFAULT_BLOCK)
        self.windowsize = self._option(message.options, "windowsize", 1)
        return Ack(0)

    def _option(self, agreed: dict[str, str], name: str, default: int) -> int:
        if name not in agreed:
            return default
        text = agreed[name]
        # RFC 2348, RFC 7440 §4: a server may answer with less than was asked for, never with more.
        if not (text.isascii() and text.isdigit() and 0 < int(text[:10]) <= int(self._wanted.get(name, "0"))):
            raise Unexpected(
                f"the TFTP server agrees to {name}={text!r}, where {self._wanted.get(name, 'nothing')} was asked for"
            )
        return int(text[:10])

    def _data(self, message: Data) -> Message | None:
        if len(message.payload) > self.blksize:
            raise Unexpected(f"a TFTP block of {len(message.payload)} octets, where {self.blksize} were agreed")
        ahead = (message.block - self.blocks - 1) % _BLOCKS
        if ahead:
            return self._out_of_order(gap=ahead < _BEHIND)
        self.blocks += 1
        self.begins = self.begins or bytes(message.payload)
        self.octets += len(message.payload)
        self._in_window += 1
        self.whole = len(message.payload) < self.blksize
        if self.whole or self.octets >= self._most or self.blocks == self._blocks:
            self.over = True
            return Ack(self.blocks % _BLOCKS) if self.whole else ENOUGH
        return self._acknowledged() if self._in_window >= self.windowsize else None

    def _acknowledged(self) -> Ack:
        self._in_window = 0
        return Ack(self.blocks % _BLOCKS)

    def _out_of_order(self, *, gap: bool) -> Message | None:
        """RFC 7440 §4: the last block in order is acknowledged, and the server goes on behind it. Once, so that blocks under way start no storm."""
        if gap:
            self.gaps += self._said_again != self.blocks
        else:
            self.repeats += 1
        if self._said_again == self.blocks:
            return None
        self._said_again = self.blocks
        return self._acknowledged()
