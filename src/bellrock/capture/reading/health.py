"""What is wrong with a capture itself: packets cut or lost, clocks that jump, link types and layers that cannot be read."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from bellrock.capture.reading.linked import NAMES
from bellrock.capture.reading.points import names
from bellrock.capture.reading.values import Columns, Interface, Numbers, Small

NS: Final = 1_000_000_000
BACK: Final = NS // 2
"""Nanoseconds by which a packet may be before the one captured before it, on one interface: several queues of a card do that."""
AHEAD: Final = 86_400 * NS
LONG: Final = 999.5
"""Three digits are no longer enough from here on."""
MAX_JUMPS: Final = 4
"""Told one by one; of the others how many there are."""
HIDDEN_TYPES: Final = {0x88E5: "encrypted by MACsec", 0x8847: "in MPLS", 0x8864: "in PPPoE"}
"""EtherType → what its packets are."""
HIDDEN_PROTOCOLS: Final = {50: "encrypted by IPsec (ESP)", 4: "IPv4 in IP", 41: "IPv6 in IP", 115: "in L2TP"}


class Health:
    """Watches the chunks of a capture go by; `interfaces` are the capture's."""

    def __init__(self, interfaces: list[Interface]) -> None:
        self._interfaces = interfaces
        self._said: list[str] = []
        self._clock: dict[int, int] = {}
        """Interface → time of its last packet."""
        self._jumps = 0
        self._cut, self._kept = 0, 0
        self._unread: dict[int, int] = {}
        """Link type → packets."""
        self._hidden: dict[str, int] = {}

    def watch(self, columns: Columns) -> None:
        """A chunk, each once and in order."""
        chunk = columns.chunk
        if not len(chunk):
            return
        cut = chunk.kept < chunk.lengths
        if cut.any():
            least = int(chunk.kept[cut].min())
            self._kept = min(least, self._kept) if self._cut else least
            self._cut += int(np.count_nonzero(cut))
        self._watch_hidden(columns.ethertype, HIDDEN_TYPES)
        self._watch_hidden(columns.protocol, HIDDEN_PROTOCOLS)
        numbers = chunk.captured_by
        if len(numbers) == 1:
            self._watch_interface(numbers[0], chunk.times, np.arange(chunk.first, chunk.first + len(chunk)))
            return
        for number in numbers:
            mine = np.flatnonzero(chunk.interfaces == number)
            self._watch_interface(number, chunk.times[mine], chunk.first + mine)

    def add(self, trouble: str) -> None:
        """Something that was found elsewhere."""
        self._said.append(trouble)

    def troubles(self) -> Iterator[str]:
        """All of it, one sentence each."""
        yield from self._said
        if self._jumps > MAX_JUMPS:
            yield f"clocks jumped {self._jumps - MAX_JUMPS} times more"
        if self._cut:
            yield f"{_packets(self._cut)} cut while capturing, to {self._kept} octets or more: what is behind that cannot be seen"
        for kind, count in self._unread.items():
            yield f"{_packets(count)} of link type {kind}, which is not read"
        for what, count in self._hidden.items():
            yield f"{_packets(count)} {what}: what is inside was not seen"
        for one, name in zip(self._interfaces, names(self._interfaces), strict=True):
            if one.dropped:
                yield f"{_packets(one.dropped)} lost while capturing at {name}: what is missing may have been there"

    def _watch_hidden(self, column: Small, kinds: dict[int, str]) -> None:
        for kind, what in kinds.items():
            if count := int(np.count_nonzero(column == kind)):
                self._hidden[what] = self._hidden.get(what, 0) + count

    def _watch_interface(self, number: int, times: Numbers, packets: Numbers) -> None:
        self._watch_link(number, len(times))
        self._watch_clock(number, times, packets)

    def _watch_link(self, number: int, packets: int) -> None:
        kind = self._interfaces[number].link_type
        if kind not in NAMES:
            self._unread[kind] = self._unread.get(kind, 0) + packets

    def _watch_clock(self, number: int, times: Numbers, packets: Numbers) -> None:
        steps = np.diff(times, prepend=self._clock.get(number, int(times[0])))
        self._clock[number] = int(times[-1])
        for at in np.flatnonzero((steps < -BACK) | (steps > AHEAD)).tolist():
            self._jumps += 1
            if self._jumps <= MAX_JUMPS:
                self._said.append(self._jump(number, int(steps[at]) / NS, int(packets[at])))

    def _jump(self, number: int, seconds: float, packet: int) -> str:
        name = names(self._interfaces)[number]
        if seconds < 0:
            return f"the clock of {name} went back {told(-seconds)} s at packet {packet}"
        return f"the clock of {name} went ahead {told(seconds)} s at packet {packet}, or nothing came for so long"


def told(number: float) -> str:
    """Three digits of what is short; of what is long no powers of ten."""
    return f"{number:.3g}" if number < LONG else f"{number:,.0f}"


def _packets(count: int) -> str:
    return "1 packet was" if count == 1 else f"{count} packets were"
