"""Devices around a device: one that tells, one that records, one that harms. Each wraps a `Device` and is one, so they stack."""

import heapq
import os
import random
import select
import struct
import time
from collections.abc import Callable
from typing import BinaryIO, Final

from msgspec import Struct

from bellrock.link import clock, libc
from bellrock.link.device import Device, Frame, LinkError, interface_text
from bellrock.model import Monotonic
from bellrock.wire.ethernet import mac_text, tag_control

MAX_HELD: Final = 4096
"""Frames that a FaultInjector delays at a time; further ones are lost."""


class Tracer:
    """Tells of each frame in one line: direction, interface, tags, addresses, EtherType, octets.

    Args:
        device: the inner device.
        tell: takes a line.
    """

    def __init__(self, device: Device, tell: Callable[[str], None]) -> None:
        self._device = device
        self._tell = tell
        self.fileno, self.statistics, self.close = device.fileno, device.statistics, device.close

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames, each told of."""
        frames = self._device.receive(budget)
        for frame in frames:
            self._tell(_line("<", frame.ifindex, with_tags(frame)))
        return frames

    def send(self, ifindex: int, data: bytes) -> LinkError | None:
        """Send a whole Ethernet frame, and tell of it and of what hindered it."""
        error = self._device.send(ifindex, data)
        self._tell(_line(">", ifindex, data) + (f" {error.code}" if error else ""))
        return error


class PcapWriter:
    """Records frames, received and sent, in the classic pcap format with nanoseconds (draft-ietf-opsawg-pcap §4).

    Tags that the kernel took out are put back. A frame that could not be sent is not recorded.

    Args:
        device: the inner device.
        file: takes the octets; the caller opens and closes it. A full disk ends the recording, not the program: see `error`.
    """

    def __init__(self, device: Device, file: BinaryIO) -> None:
        self._device = device
        self.fileno, self.statistics, self.close = device.fileno, device.statistics, device.close
        self._file = file
        self.error: OSError | None = None
        """Why nothing more is recorded."""
        self._write(struct.pack("=IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))  # 1: LINKTYPE_ETHERNET

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames, each recorded."""
        frames = self._device.receive(budget)
        for frame in frames:
            self._record(frame.received_ns, with_tags(frame))
        return frames

    def send(self, ifindex: int, data: bytes) -> LinkError | None:
        """Send a whole Ethernet frame, and record it."""
        error = self._device.send(ifindex, data)
        if error is None:
            self._record(time.time_ns(), data)
        return error

    def _record(self, stamp: int, data: bytes) -> None:
        seconds, nanoseconds = divmod(stamp, 1_000_000_000)
        self._write(struct.pack("=IIII", seconds, nanoseconds, len(data), len(data)) + data)

    def _write(self, octets: bytes) -> None:
        if self.error is None:
            try:
                self._file.write(octets)
            except OSError as error:
                self.error = error


class Faults(Struct, frozen=True, kw_only=True):
    """What befalls each frame, in either direction. Shares are probabilities from 0 to 1, times are seconds."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    """Share of frames held back by `hold`, so that later ones overtake them."""
    hold: float = 0.005
    delay: float = 0.0
    jitter: float = 0.0
    """Up to so much is added to the delay of each frame."""


class FaultInjector:
    """Loses, doubles, delays and reorders frames, received and sent.

    Delayed frames make `fileno` readable when their time has come; those to be sent leave at the next `receive`, and so
    comes the second copy of a doubled frame.

    Args:
        device: the inner device.
        faults: what befalls frames.
        chance: the source of randomness; with the same seed and frames the same happens.
        now: the monotonic clock.
    """

    def __init__(
        self, device: Device, faults: Faults, chance: random.Random, now: Callable[[], Monotonic] = clock.monotonic
    ) -> None:
        self._device = device
        self.statistics = device.statistics
        self._faults = faults
        self._chance = chance
        self._now = now
        self._held: list[tuple[float, int, Frame | tuple[int, bytes]]] = []
        self._serial = 0
        self.lost = 0
        """Frames that this injector lost."""
        self._timer = libc.timer()
        self._poll = select.epoll()
        self._poll.register(device.fileno(), select.EPOLLIN)
        self._poll.register(self._timer, select.EPOLLIN)

    def fileno(self) -> int:
        """A descriptor that polls readable while `receive` has frames, or delayed ones to send."""
        return self._poll.fileno()

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames, those whose delay is over first."""
        frames = self._release(budget)
        for frame in self._device.receive(budget - len(frames)):
            for copy, delay in enumerate(self._fate()):
                if copy or delay > 0:
                    self._keep(delay, frame)
                else:
                    frames.append(frame)
        self._set_timer()
        return frames

    def send(self, ifindex: int, data: bytes) -> LinkError | None:
        """Send a whole Ethernet frame, unless it is lost; perhaps twice, perhaps later."""
        error = None
        for delay in self._fate():
            if delay > 0:
                self._keep(delay, (ifindex, data))
            else:
                error = self._device.send(ifindex, data) or error
        self._set_timer()
        return error

    def close(self) -> None:
        """Close the inner device too; delayed frames are lost."""
        if not self._poll.closed:
            self._poll.close()
            os.close(self._timer)
        self._device.close()

    def _fate(self) -> list[float]:
        """The delays of a frame's copies: none of a lost one, two of a doubled one."""
        faults, chance = self._faults, self._chance
        if chance.random() < faults.loss:
            self.lost += 1
            return []
        copies = 2 if chance.random() < faults.duplication else 1
        late = faults.hold if chance.random() < faults.reordering else 0.0
        return [faults.delay + late + faults.jitter * chance.random() for _ in range(copies)]

    def _keep(self, delay: float, what: Frame | tuple[int, bytes]) -> None:
        if len(self._held) >= MAX_HELD:
            self.lost += 1
            return
        self._serial += 1
        heapq.heappush(self._held, (self._now() + delay, self._serial, what))

    def _release(self, budget: int) -> list[Frame]:
        frames: list[Frame] = []
        now = self._now()
        while self._held and self._held[0][0] <= now and len(frames) < budget:
            what = heapq.heappop(self._held)[2]
            if isinstance(what, Frame):
                frames.append(what)
            else:
                self._device.send(*what)
        return frames

    def _set_timer(self) -> None:
        # A timer of 0 would be a stopped one.
        libc.set_timer(self._timer, max(self._held[0][0] - self._now(), 1e-6) if self._held else 0.0)


def with_tags(frame: Frame) -> bytes:
    """The frame as it was on the wire, with the tags that the kernel took out."""
    if not frame.tags:
        return frame.data
    tags = b"".join(struct.pack("!HH", tag.tpid, tag_control(tag)) for tag in frame.tags)
    return frame.data[:12] + tags + frame.data[12:]


def _line(direction: str, ifindex: int, data: bytes) -> str:
    vids, at = "", 12
    while (kind := data[at : at + 2].hex()) in ("8100", "88a8", "9100"):
        vids += f" vid {int.from_bytes(data[at + 2 : at + 4], 'big') & 0xFFF}"
        at += 4
    return f"{direction} {interface_text(ifindex)}{vids} {mac_text(data[6:12])} > {mac_text(data[:6])} 0x{kind} {len(data)} octets"
