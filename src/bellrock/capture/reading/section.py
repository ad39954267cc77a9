"""One section of a pcapng file: its byte order, its interfaces, and packets from their blocks (§4.3, §4.4, appendix A)."""

from typing import Final

import numpy as np

from bellrock.capture import pcapng
from bellrock.capture.reading.clocks import Resolution, nanoseconds
from bellrock.capture.reading.gather import Table, fetch, layout
from bellrock.capture.reading.options import interface_of, statistics_of
from bellrock.capture.reading.values import MAX_KEPT, Chunk, Interface, Numbers, Octets, Small

INTERFACE_LEAST: Final = 20
STATISTICS_LEAST: Final = 24
OBSOLETE_PACKET, SIMPLE_PACKET = 2, 3
PACKETS: Final = (pcapng.PACKET, OBSOLETE_PACKET, SIMPLE_PACKET)
MAX_INTERFACES: Final = 4096
"""Of all sections of a file; packets of more are told as of one without a name."""
UNKNOWN_LINK: Final = -1
"""Link type of an interface that a packet names and the file does not describe."""
_HEADER, _SIMPLE_HEADER = 28, 12
_TRAILER: Final = 4
_WORDS: Final = ("kind", "total", "interface", "high", "low", "kept", "length")


class Section:
    """A section. `interfaces` is shared by all sections of all files that are read together, and gets this one's."""

    def __init__(self, order: str, interfaces: list[Interface], file: str) -> None:
        self.order, self._interfaces, self._file = order, interfaces, file
        self._numbers: list[int] = []
        self._clocks: list[Resolution] = []
        self._stranger: int | None = None
        self.notes: dict[str, int] = {}
        """What could not be used → in how many packets."""
        fields = {name: (f"{order}u4", 4 * at) for at, name in enumerate(_WORDS)}
        self._packet = layout(_HEADER, fields | {"short": (f"{order}u2", 8)})

    def take_note(self, kind: int, block: bytes) -> None:
        """Of a block that is no packet; what it tells of an interface is kept."""
        if kind == pcapng.INTERFACE and len(block) >= INTERFACE_LEAST:
            if len(self._interfaces) >= MAX_INTERFACES:
                self._note(f"a file tells of more than {MAX_INTERFACES} interfaces", 1)
                return
            made, clock = interface_of(block, len(self._interfaces), self.order)
            self._numbers.append(len(self._interfaces))
            self._clocks.append(clock)
            made.file = self._file
            self._interfaces.append(made)
        elif kind == pcapng.STATISTICS and len(block) >= STATISTICS_LEAST:
            number, dropped = statistics_of(block, self.order)
            if number < len(self._numbers) and dropped is not None:
                self._interfaces[self._numbers[number]].dropped = dropped

    def chunk(self, octets: Octets, starts: Numbers, kinds: Numbers, first: int) -> Chunk:
        """The packets of blocks of the three kinds."""
        table = fetch(octets, starts, self._packet)
        kept, lengths = table["kept"].astype(np.int64), table["length"].astype(np.int64)
        owner, total = table["interface"].astype(np.int64), table["total"].astype(np.int64)
        header = np.full(len(starts), _HEADER, np.int64)
        simple = kinds == SIMPLE_PACKET
        if not (kinds == pcapng.PACKET).all():
            owner = np.where(kinds == OBSOLETE_PACKET, table["short"].astype(np.int64), owner)
            lengths = np.where(simple, owner, lengths)
            owner[simple] = 0
            header[simple] = _SIMPLE_HEADER
            kept[simple] = np.minimum(lengths[simple], self._snaplen())
        room = np.maximum(total - header - _TRAILER, 0)
        if (kept > room).any():
            # A simple block tells no length of its own: what fits into it is there.
            self._note("packets claimed more octets than their block has", int(((kept > room) & ~simple).sum()))
            kept = np.minimum(kept, room)
        times = self._times(table, owner)
        if simple.any():
            self._note("packets have no time of their own, and were given that of the packet before", int(simple.sum()))
            times = _carried(times, simple)
        return Chunk(
            octets=octets, offsets=starts + header, kept=kept, lengths=np.maximum(lengths, kept), times=times,
            interfaces=self._known(owner), first=first,
        )  # fmt: skip

    def _snaplen(self) -> int:
        return (self._interfaces[self._numbers[0]].snaplen if self._numbers else 0) or MAX_KEPT

    def _times(self, table: Table, owner: Numbers) -> Numbers:
        ticks = table["high"].astype(np.uint64) << np.uint64(32) | table["low"].astype(np.uint64)
        if len(self._clocks) == 1:
            return nanoseconds(ticks, self._clocks[0])
        times = nanoseconds(ticks, Resolution())
        for number, clock in enumerate(self._clocks):
            mine = owner == number
            times[mine] = nanoseconds(ticks[mine], clock)
        return times

    def _known(self, owner: Numbers) -> Small:
        """Numbers among all interfaces of the file."""
        count = len(self._numbers)
        strange = owner >= count
        if not strange.any():
            return np.array(self._numbers, np.int32)[owner]
        self._note("packets name an interface that the file does not describe", int(strange.sum()))
        if self._stranger is None:
            self._stranger = len(self._interfaces)
            self._interfaces.append(Interface(number=self._stranger, link_type=UNKNOWN_LINK, file=self._file))
        return np.array([*self._numbers, self._stranger], np.int32)[np.minimum(owner, count)]

    def _note(self, what: str, packets: int) -> None:
        if packets:
            self.notes[what] = self.notes.get(what, 0) + packets


def _carried(times: Numbers, without: Numbers) -> Numbers:
    """Where one has no time, that of the one before; 0 where none has."""
    at = np.where(without, -1, np.arange(len(times)))
    before = np.maximum.accumulate(at)
    return np.where(before < 0, 0, times[np.maximum(before, 0)])
