"""Fragmented datagrams put together (RFC 791 §3.2, RFC 8200 §4.5), in bounded memory."""

from collections import OrderedDict
from typing import Final

import numpy as np
from msgspec import Struct

from bellrock.capture.reading.networked import Networked
from bellrock.capture.reading.transported import Transported
from bellrock.capture.reading.values import FIRST_PIECE, WHOLE, Chunk, Numbers

MAX_PENDING: Final = 1024
"""Datagrams of which fragments are waited for."""
MAX_OCTETS: Final = 1 << 22
"""That are kept of all of them."""
MAX_PARTS: Final = 128
"""Fragments of one datagram: the largest one in fragments for the least MTU that hosts must take (RFC 791: 576) are 119."""
MAX_DATAGRAM: Final = 65_535
LIFETIME: Final = 60_000_000_000
"""Nanoseconds after which the identification may be another datagram's (RFC 8200 §4.5: 60 s)."""

Key = tuple[int, ...]


class Pending(Struct):
    """A datagram of which not all is there."""

    born: int
    ports: tuple[int, int] = (-1, -1)
    parts: dict[int, bytes] = {}
    octets: int = 0
    total: int | None = None
    broken: bool = False
    """Its fragments lap over each other (RFC 5722: it is not believed), are more or cut otherwise than anybody does, or not all of one was kept."""


class Pieces:
    """Datagrams under way, from chunk to chunk of one capture."""

    def __init__(self) -> None:
        self._pending: OrderedDict[Key, Pending] = OrderedDict()
        self.octets = 0
        """Of all that wait."""

    def put_together(self, chunk: Chunk, network: Networked, transport: Transported, ends: Numbers) -> dict[int, bytes]:
        """Give later fragments the ports of their first one; index of the packet that completed a datagram → what that carried."""
        whole: dict[int, bytes] = {}
        for at in np.flatnonzero(network.piece != WHOLE).tolist():
            key = _key(network, at, int(chunk.interfaces[at]))
            one = self._of(key, int(chunk.times[at]))
            if network.piece[at] == FIRST_PIECE:
                one.ports = int(transport.source_port[at]), int(transport.destination_port[at])
            else:
                transport.source_port[at], transport.destination_port[at] = one.ports
            done = self._taken(one, chunk, network, at, ends)
            if done is not None:
                whole[at] = done
                self._forget(key)
        return whole

    def _of(self, key: Key, now: int) -> Pending:
        found = self._pending.get(key)
        if found is not None and abs(now - found.born) > LIFETIME:
            self._forget(key)
            found = None
        if found is None:
            found = self._pending[key] = Pending(now)
            while len(self._pending) > MAX_PENDING or self.octets > MAX_OCTETS:
                self._forget(next(iter(self._pending)))
        return found

    def _forget(self, key: Key) -> None:
        self.octets -= self._pending.pop(key).octets

    def _spoil(self, one: Pending) -> None:
        """It is never whole, and what there is of it is let go."""
        self.octets -= one.octets
        one.broken, one.parts, one.octets = True, {}, 0

    def _taken(self, one: Pending, chunk: Chunk, network: Networked, at: int, ends: Numbers) -> bytes | None:
        """Put a fragment to the others; all of the datagram once none is missing."""
        begin, end, wire_end = int(network.header_end[at]), int(ends[at]), int(network.wire_end[at])
        offset, size = int(network.piece_offset[at]), wire_end - begin
        # RFC 791 §3.2, RFC 8200 §4.5: all but the last are whole multiples of 8 octets.
        odd = bool(network.more[at]) and size % 8 != 0
        if end < wire_end or size <= 0 or odd or offset + size > MAX_DATAGRAM or len(one.parts) >= MAX_PARTS:
            self._spoil(one)
        if one.broken or one.parts.get(offset, b"") == (data := chunk.octets[begin:wire_end].tobytes()):
            return None
        if not network.more[at]:
            one.total = offset + size
        if any(offset < there + len(part) and there < offset + size for there, part in one.parts.items()):
            self._spoil(one)
            return None
        one.parts[offset] = data
        one.octets += size
        self.octets += size
        if one.total is None or one.octets < one.total:
            return None
        joined = b"".join(part for _, part in sorted(one.parts.items()))
        return joined if len(joined) == one.total else None


def _key(network: Networked, at: int, interface: int) -> Key:
    return (
        interface, int(network.source_high[at]), int(network.source_low[at]), int(network.destination_high[at]),
        int(network.destination_low[at]), int(network.protocol[at]) if network.version[at] == 4 else -1, int(network.piece_id[at]),
    )  # fmt: skip
