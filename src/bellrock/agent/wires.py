"""The agent's tap, shared by the walks that are under way: each keeps what passes of its protocol and ports."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from bellrock.contract.walk import Path
from bellrock.diagnosis.sighted import Passed, block
from bellrock.link.device import Frame, interface_text
from bellrock.link.wiretap import MAX_WATCHED, Watched, Wiretap
from bellrock.model import Wall
from bellrock.wire import mark
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import mac_text
from bellrock.wire.glimpse import Complaint, Glimpse, glimpse
from bellrock.wire.mark import Kind, Mark

MAX_KEPT: Final = 512
"""Packets of its own that one walk keeps; what comes after them is counted as lost."""
MAX_FOREIGN: Final = 256
"""Packets beside them that may be the walk's, where somebody on the way translates its ports."""
MAX_ASKED: Final = 64
BUDGET: Final = 128
_TOKEN: Final = 16
"""Characters with which all marks of a walk begin: the prefix, and 60 of the 64 bits of its id."""
OTHER_HOST: Final = 3
OUTGOING: Final = 4
"""PACKET_OTHERHOST, which the kernel drops before any rule sees it, and PACKET_OUTGOING of linux/if_packet.h."""


class BusyError(Exception):
    """No further walk can be watched now: one line."""


class Wire:
    """What passed, as far as it may belong to one walk."""

    def __init__(self, path: Path) -> None:
        ports = block(path)
        self.path = path
        self.watched = Watched(path.protocol, path.port, ports.start, ports.stop - 1)
        self.passed: list[Passed] = []
        self._token = mark.encode(Mark(bytes.fromhex(path.walk), Kind.REQUEST), bytes.fromhex(path.key))[:_TOKEN]
        self._asked: set[tuple[str, int]] = set()
        """Who sent a packet with the walk's mark."""
        self._own = self._foreign = 0
        self._lost = self._lost_foreign = 0
        self.news = asyncio.Event()
        """Set whenever something has passed; whoever waits clears it."""

    @property
    def lost(self) -> int:
        """Packets that may be the walk's and were not kept. Where its own ports are seen, nobody translates them: others are strangers'."""
        return self._lost + (0 if self._own else self._lost_foreign)

    def lose(self, number: int) -> None:
        """So many packets of somebody came too fast for the tap."""
        self._lost += number

    def take(self, passed: Passed) -> None:
        """Keep a packet, if it may be of this walk. A busy service's own traffic does not crowd it out."""
        if self._is_own(passed.seen):
            kept = self._own < MAX_KEPT
            self._own += 1
            self._lost += not kept
        elif self._may_be(passed.seen):
            kept = self._foreign < MAX_FOREIGN
            self._foreign += 1
            self._lost_foreign += not kept
        else:
            return
        if kept:
            self.passed.append(passed)
            self.news.set()

    def _is_own(self, seen: Glimpse | Complaint) -> bool:
        """By the walk's block of ports, or its mark, or as an answer to whoever showed it."""
        ends = seen.ends if isinstance(seen, Glimpse) else seen.about
        if ends.protocol != self.watched.protocol:
            return False
        if any(self.watched.first <= port <= self.watched.last for port in (ends.source_port, ends.destination_port)):
            return True
        said = seen.payload if isinstance(seen, Glimpse) else seen.quoted
        if ends.protocol == "udp" and self._token in said.lower():
            if len(self._asked) < MAX_ASKED:
                self._asked.add((ends.source, ends.source_port))
            return True
        return (ends.destination, ends.destination_port) in self._asked

    def _may_be(self, seen: Glimpse | Complaint) -> bool:
        """A SYN shows nothing but ports and a number that the source tells later; so does an error that quotes little."""
        ends = seen.ends if isinstance(seen, Glimpse) else seen.about
        shows = isinstance(seen, Glimpse) and ends.protocol == "udp"
        at_port = self.watched.port in (ends.source_port, ends.destination_port)
        return ends.protocol == self.watched.protocol and at_port and not shows


class Wires:
    """The tap, which hears nothing while there is no walk."""

    def __init__(self, tap: Wiretap) -> None:
        self._tap = tap
        self._open: list[Wire] = []
        self._lost = 0

    @contextlib.contextmanager
    def watch(self, path: Path) -> Iterator[Wire]:
        """Keep what passes of a walk, as long as the block runs.

        Raises:
            BusyError: too many walks are under way.
        """
        if len(self._open) >= MAX_WATCHED:
            raise BusyError(f"{MAX_WATCHED} walks are under way here already")
        wire = Wire(path)
        if not self._open:
            self._begin()
        self._open.append(wire)
        self._tell()
        try:
            yield wire
        finally:
            self._open.remove(wire)
            self._tell()
            if not self._open:
                asyncio.get_running_loop().remove_reader(self._tap.fileno())

    def _begin(self) -> None:
        while self._tap.receive(BUDGET):
            pass  # of an earlier walk
        self._lost = self._tap.lost
        asyncio.get_running_loop().add_reader(self._tap.fileno(), self._read)

    def _tell(self) -> None:
        self._tap.watch(list(dict.fromkeys(wire.watched for wire in self._open)))

    def _read(self) -> None:
        for frame in self._tap.receive(BUDGET):
            passed = opened(frame)
            if passed is not None:
                for wire in self._open:
                    wire.take(passed)
        lost, self._lost = self._tap.lost - self._lost, self._tap.lost
        for wire in self._open:
            wire.lose(lost)


def opened(frame: Frame) -> Passed | None:
    """What a frame shows; None where it is broken or nothing that a walk can be about."""
    try:
        seen = glimpse(frame.data, frame.tags)
    except WireError:
        return None
    if seen is None:
        return None
    out, passed_by = frame.packet_type == OUTGOING, frame.packet_type == OTHER_HOST
    return Passed(
        Wall(frame.received_ns / 1e9), interface_text(frame.ifindex), out, seen, mac_text(frame.data[:6]) if passed_by else "",
        "" if out else mac_text(frame.data[6:12]),
    )  # fmt: skip
