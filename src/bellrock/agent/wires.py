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
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import mac_text
from bellrock.wire.glimpse import Glimpse, glimpse

MAX_KEPT: Final = 512
"""Packets that one walk keeps; what comes after them is counted as lost."""
BUDGET: Final = 128
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
        self.lost = 0
        self.news = asyncio.Event()
        """Set whenever something has passed; whoever waits clears it."""

    def take(self, passed: Passed) -> None:
        """Keep a packet."""
        if len(self.passed) < MAX_KEPT:
            self.passed.append(passed)
            self.news.set()
        else:
            self.lost += 1

    def concerns(self, passed: Passed) -> bool:
        """Whether it may be of this walk."""
        seen = passed.seen
        if not isinstance(seen, Glimpse):
            return seen.about.protocol == self.watched.protocol
        ports = (seen.ends.source_port, seen.ends.destination_port)
        return seen.ends.protocol == self.watched.protocol and any(
            port == self.watched.port or self.watched.first <= port <= self.watched.last for port in ports
        )


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
                    if wire.concerns(passed):
                        wire.take(passed)
        lost, self._lost = self._tap.lost - self._lost, self._tap.lost
        for wire in self._open:
            wire.lost += lost


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
