"""Beginnings of what is said over TCP, put together from segments: heads of HTTP, handshakes of TLS, DNS.

Most are whole in one segment. The others wait for the segments that follow, within bounds; a hole ends the waiting, and what has come is told.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from bellrock.capture.reading.envelopes import Envelope
from bellrock.capture.reading.picks import Kind
from bellrock.capture.reading.values import Columns, Numbers
from bellrock.diagnosis.packets import Packet, Said
from bellrock.wire import dns, httphead, tls
from bellrock.wire.errors import WireError

MAX_WAITING: Final = 1024
"""Streams that wait; when there are more, the oldest is told as it is."""
MAX_SEGMENTS: Final = 64
"""Of one stream in one chunk: more than the octets of any beginning need."""


class Heard(NamedTuple):
    """What octets say, and whether more of them may say more."""

    said: tuple[Said, ...]
    more: bool


class Stream(Struct):
    """One direction of a connection, from the segment on with which something begins."""

    kind: Kind
    envelope: Envelope
    following: int
    """Sequence number of the octet that comes next."""
    octets: bytearray
    cut: bool = False
    """The capture has not kept the end of its last segment."""


def http(octets: bytes) -> Heard:
    """A head, once it is whole or longer than is read."""
    if b"\r\n\r\n" not in octets and len(octets) < httphead.MAX_HEAD:
        return Heard((), more=True)
    return Heard((httphead.parse(octets),), more=False)


def secure(octets: bytes) -> Heard:
    """What is in clear of TLS."""
    heard = tls.parse(octets)
    return Heard(heard.said, heard.more)


def name(octets: bytes) -> Heard:
    """A DNS message behind its length."""
    if len(octets) < 2 or len(octets) < 2 + int.from_bytes(octets[:2], "big"):
        return Heard((), more=True)
    return Heard((dns.parse_stream(octets),), more=False)


READERS: Final[dict[Kind, Callable[[bytes], Heard]]] = {Kind.HTTP: http, Kind.TLS: secure, Kind.DNS_STREAM: name}
_CUT: Final[dict[Kind, Callable[[bytes], tuple[Said, ...]]]] = {
    Kind.HTTP: lambda octets: (httphead.parse(octets),),
    Kind.TLS: lambda octets: tls.parse(octets).said,
    Kind.DNS_STREAM: lambda octets: (dns.parse_stream(octets),),
}
"""What is told of a beginning whose rest did not come."""


class Streams:
    """Those that wait for more octets, by the number of their direction."""

    def __init__(self) -> None:
        self._waiting: dict[int, Stream] = {}
        self.broken: dict[Kind, int] = {}
        """Kind → beginnings that turned out to be something else."""

    @property
    def waits(self) -> bool:
        """Whether there are any."""
        return bool(self._waiting)

    def begin(self, stream: Stream, direction: int) -> Iterator[Packet]:
        """A segment with which something begins; gives what it tells, if that is whole."""
        if direction in self._waiting:
            return
        if not (yield from self._heard(stream)):
            return
        if stream.cut:
            yield from self._cut(stream)
            return
        if len(self._waiting) >= MAX_WAITING:
            yield from self._cut(self._waiting.pop(next(iter(self._waiting))))
        self._waiting[direction] = stream

    def follow(self, columns: Columns, segments: Numbers, directions: Numbers) -> Iterator[Packet]:
        """Segments of a chunk, each with the number of its direction; gives what they complete."""
        if not self._waiting:
            return
        wanted = np.isin(directions, np.fromiter(self._waiting, np.int64))
        taken: dict[int, int] = {}
        for index, direction in zip(segments[wanted].tolist(), directions[wanted].tolist(), strict=True):
            stream = self._waiting.get(direction)
            if stream is None or columns.chunk.first + index <= stream.envelope.fields["number"]:
                continue
            taken[direction] = taken.get(direction, 0) + 1
            on = yield from self._append(columns, index, stream)
            if not on or taken[direction] > MAX_SEGMENTS:
                del self._waiting[direction]

    def end(self) -> Iterator[Packet]:
        """What is left, at the end of the capture."""
        for stream in self._waiting.values():
            yield from self._cut(stream)
        self._waiting.clear()

    def _append(self, columns: Columns, index: int, stream: Stream) -> Generator[Packet, None, bool]:
        """One more segment of a stream; whether it goes on waiting."""
        sequence, begin, kept = (
            int(field[index]) for field in (columns.sequence, columns.payload, columns.payload_kept)
        )
        skip = (stream.following - sequence) & 0xFFFFFFFF
        if skip >= 1 << 31 or stream.cut:
            # It begins behind what is expected: something in between was lost, or not kept.
            yield from self._cut(stream)
            return False
        if skip >= kept:
            return True
        stream.octets += columns.chunk.octets[begin + skip : begin + kept].tobytes()
        stream.following = (sequence + kept) & 0xFFFFFFFF
        stream.cut = kept < int(columns.payload_length[index])
        return (yield from self._heard(stream))

    def _heard(self, stream: Stream) -> Generator[Packet, None, bool]:
        """What is told now; whether there may be more."""
        try:
            heard = READERS[stream.kind](bytes(stream.octets))
        except WireError:
            self.broken[stream.kind] = self.broken.get(stream.kind, 0) + 1
            return False
        if not heard.more:
            yield from map(stream.envelope.packet, heard.said)
        return heard.more

    def _cut(self, stream: Stream) -> Iterator[Packet]:
        """What is told of a beginning whose rest did not come."""
        try:
            said = _CUT[stream.kind](bytes(stream.octets))
        except WireError:
            self.broken[stream.kind] = self.broken.get(stream.kind, 0) + 1
            return
        yield from map(stream.envelope.packet, said)
