"""Captures of several places as one: their clocks aligned, their packets by time, each with the place in its comment."""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from importlib.metadata import version
from typing import Final

import numpy as np
from msgspec import Struct

from bellrock.capture import pcapng
from bellrock.capture.align import Clock, Sighting, clocks, unique
from bellrock.capture.layers import layers
from bellrock.capture.reading.containers import Opened, opened
from bellrock.capture.reading.section import UNKNOWN_LINK
from bellrock.capture.reading.values import CaptureError, Interface
from bellrock.capture.ring import Files, Turns
from bellrock.link import clock

MAX_COMPARED: Final = 60_000
"""Packets of one capture that are looked at for what it shares with others."""
MAX_SOURCES: Final = 64
_TOLD: Final = 256
"""Octets of a packet behind its IP header that tell it from others."""
_FOREVER: Final = (1 << 64) - 1
"""Nanoseconds since the epoch that a pcapng file can hold."""

Taken = tuple[int, int, int, bytes, int]
"""Time, source, interface, what is kept, octets on the wire."""


class Source(Struct, frozen=True, kw_only=True):
    """One capture."""

    path: str
    """Of a file, which is read twice: no pipe."""
    host: str = ""
    """Whose it is: stands before the names of its interfaces."""
    ahead: int | None = None
    """Nanoseconds that its clock is said to be ahead of one that all are compared with; None: nobody says so."""


class MergedSource(Struct, frozen=True, kw_only=True):
    """What became of one."""

    host: str
    path: str
    packets: int
    shift: int
    """Nanoseconds that were added to its times."""
    error: int | None
    """By which that may be wrong; None: its clock is not aligned."""
    how: str
    troubles: tuple[str, ...] = ()
    damaged: bool = False


class Merged(Struct, frozen=True, kw_only=True):
    """What was written."""

    packets: int
    sources: tuple[MergedSource, ...]


def merge(sources: Sequence[Source], output: str, *, force: bool = False) -> Merged:
    """Write one pcapng file of several captures; `-` is standard output. The file has its name once it is whole: it may be one of them.

    Raises:
        CaptureError: one cannot be read, or there are none, or too many.
        FileError: the file is there already and `force` is not given, or it cannot be written.
    """
    if not 0 < len(sources) <= MAX_SOURCES:
        raise CaptureError(f"{len(sources)} captures to merge; 1 to {MAX_SOURCES} can be")
    found = clocks([_shared(source) for source in sources], [source.ahead for source in sources])
    with ExitStack() as undo:
        files = [undo.enter_context(opened(source.path)) for source in sources]
        writer = _Writer(sources, files, found, output, force=force)
        undo.callback(writer.abandon)
        for packet in heapq.merge(*(_packets(at, file, found[at].shift) for at, file in enumerate(files))):
            writer.write(packet)
        writer.close()
        return Merged(
            packets=sum(file.packets for file in files) - sum(writer.left_out),
            sources=tuple(map(_told, sources, files, found, writer.left_out)),
        )


def _told(source: Source, file: Opened, found: Clock, left_out: int) -> MergedSource:
    said = (f"{file.name}: {left_out} packets of an interface that is not described are left out",) if left_out else ()
    return MergedSource(
        host=source.host, path=source.path, packets=file.packets - left_out, shift=found.shift, error=found.error, how=found.how,
        troubles=(*file.troubles, *said), damaged=file.damaged,
    )  # fmt: skip


def _shared(source: Source) -> dict[bytes, Sighting]:
    """What a capture may share with others: packets by what no router on their way changes."""
    with opened(source.path) as file:
        return unique(_sightings(file))


def _sightings(file: Opened) -> Iterator[tuple[bytes, Sighting]]:
    left = MAX_COMPARED
    for chunk in file.chunks():
        for at in range(min(len(chunk), left)):
            if file.interfaces[int(chunk.interfaces[at])].link_type != pcapng.ETHERNET:
                continue
            data = chunk.data(at)
            found = layers(data)
            if found.transport is None or len(found.addresses) < 8:
                continue
            half = len(found.addresses) // 2
            source, destination = found.addresses[:half], found.addresses[half:]
            key = blake2b(found.addresses + data[found.transport : found.end][:_TOLD], digest_size=16).digest()
            pair = (min(source, destination), max(source, destination))
            yield key, Sighting(int(chunk.times[at]), pair, source == pair[0])
        left -= len(chunk)
        if left <= 0:
            return


def _packets(number: int, file: Opened, shift: int) -> Iterator[Taken]:
    """All packets of a capture, by time within each chunk."""
    for chunk in file.chunks():
        for at in np.argsort(chunk.times, kind="stable").tolist():
            time = min(max(0, int(chunk.times[at]) + shift), _FOREVER)
            yield time, number, int(chunk.interfaces[at]), chunk.data(at), int(chunk.lengths[at])


class _Writer:
    """Writes packets, and each interface before its first one."""

    def __init__(
        self, sources: Sequence[Source], files: Sequence[Opened], found: Sequence[Clock], output: str, *, force: bool
    ) -> None:
        self._sources, self._opened, self._clocks = sources, files, found
        self._numbers: dict[tuple[int, int], tuple[int, str]] = {}
        """(Source, its interface) → number in the merged file, and the comment of its packets."""
        self._span = [_FOREVER, 0]
        self.left_out = [0 for _ in sources]
        """Packets of each that no block can hold: of what link they are nobody knows."""
        self._files = Files(output, Turns(), self._head, self._tail, clock.monotonic(), force=force, whole=True)

    def write(self, packet: Taken) -> None:
        time, source, interface, data, length = packet
        if self._interface(source, interface).link_type == UNKNOWN_LINK:
            self.left_out[source] += 1
            return
        number, remark = self._numbers.get((source, interface)) or self._meet(source, interface)
        self._span = [min(self._span[0], time), max(self._span[1], time)]
        self._files.write(pcapng.remarked(number, time, data, length, remark), clock.monotonic())

    def close(self) -> None:
        for source, file in enumerate(self._opened):
            for interface in range(len(file.interfaces)):
                known = self._interface(source, interface).link_type != UNKNOWN_LINK
                if known and (source, interface) not in self._numbers:
                    self._meet(source, interface)  # that nothing came there may be what somebody is looking for
        self._files.close()

    def abandon(self) -> None:
        """Leave nothing behind where it did not come to its end."""
        self._files.abandon()

    def _meet(self, source: int, interface: int) -> tuple[int, str]:
        known = self._interface(source, interface)
        place = (
            "/".join(filter(None, (self._sources[source].host or known.host, known.name))) or f"capture {source + 1}"
        )
        found = self._numbers[source, interface] = (len(self._numbers), place)
        aligned = f"times: {self._clocks[source].shift:+d} ns, {self._clocks[source].how}"
        self._files.announce(
            pcapng.interface(
                place,
                known.snaplen,
                known.filter,
                (*known.comments, aligned),
                known.link_type,
                mac=known.mac,
                addresses=known.addresses,
            )
        )
        return found

    def _interface(self, source: int, interface: int) -> Interface:
        return self._opened[source].interfaces[interface]

    def _head(self) -> bytes:
        return pcapng.section(f"bellrock {version('bellrock')}", (f"merged from {len(self._sources)} captures",))

    def _tail(self) -> bytes:
        """What the captures lost; a merged capture must not look whole where they were not."""
        first, last = min(self._span), self._span[1]
        return b"".join(
            pcapng.statistics(number, last, {pcapng.DROPPED: dropped}, first)
            for (source, interface), (number, _) in self._numbers.items()
            if (dropped := self._interface(source, interface).dropped) is not None
        )
