"""Live capture: frames of interfaces into files, until something ends it."""

import select
import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final

from msgspec import Struct

from bellrock.capture import pcapng
from bellrock.capture.ring import Files
from bellrock.link import clock
from bellrock.link.device import Frame, interface_text
from bellrock.link.filter import Instruction
from bellrock.link.middleware import with_tags
from bellrock.link.netlink import LinkMonitor
from bellrock.link.packet import PacketDevice
from bellrock.link.ring import RETIRE_MS
from bellrock.model import Interface

BLOCK_SIZE: Final = 256 * 1024
"""Octets of a block of the ring: more than the largest frame that a card puts together (64 KiB)."""
BLOCKS: Final = 64
"""16 MiB for each interface: half a second at 100,000 small packets a second."""
BUDGET: Final = 4096
TICK: Final = 0.5
"""Seconds between two looks at the clock where nothing comes."""
LOOPBACK: Final = 1
"""The kernel's ifindex of `lo`: what it sends it also gets, and once is enough."""
_OUTGOING: Final = 4
_LAST_WAIT_MS: Final = 3 * RETIRE_MS


class Limits(Struct, frozen=True, kw_only=True):
    """When a capture ends by itself; None: not for that reason."""

    seconds: float | None = None
    packets: int | None = None
    octets: int | None = None
    """Of the file that is being written."""


class Description(Struct, frozen=True, kw_only=True):
    """What is written about a capture into its files."""

    application: str
    expression: str = ""
    comments: tuple[str, ...] = ()
    snaplen: int = 262144


class Heard(Struct):
    """What one interface gave."""

    number: int
    """In the file."""
    name: str
    packets: int = 0


class Totals(Struct, frozen=True, kw_only=True):
    """What a capture has so far."""

    packets: int
    octets: int
    """On the wire, of the packets kept."""
    dropped: int
    interfaces: dict[str, int]
    """Name → packets."""


class Capture:
    """A live capture on some interfaces, or with none named on all of them through one socket.

    Args:
        interfaces: indexes; () for all, also those that appear later.
        program: of the kernel's filter, as `program.live_program` makes it.
        description: what the files say about it.
        redact: what becomes of a frame before it is written.
        promiscuous: hear also what is for others; only on named interfaces.
        sock: a spare socket, for one interface or all.

    Raises:
        LinkError: a socket cannot be opened, an interface is gone, or memory is short.
    """

    def __init__(
        self,
        interfaces: Sequence[int],
        program: tuple[Instruction, ...],
        description: Description,
        redact: Callable[[bytes], bytes] | None = None,
        *,
        promiscuous: bool = True,
        sock: socket.socket | None = None,
    ) -> None:
        self._description, self._redact = description, redact
        self._heard: dict[int, Heard] = {}
        self._devices: list[tuple[int, PacketDevice]] = []
        self._octets = self._packets = self._dropped = 0
        self._poll = select.poll()
        self._gone: set[int] = set()
        self._begun_ns = clock.read().wall_ns
        self.complaints: list[str] = []
        """What went wrong on the way without ending it, one line each; the reader takes them out."""
        try:
            for ifindex in interfaces or (0,):
                device = PacketDevice(
                    BLOCKS,
                    program,
                    ifindex=ifindex,
                    outgoing=True,
                    promiscuous=promiscuous and ifindex > 0,
                    block_size=BLOCK_SIZE,
                    sock=sock,
                )
                self._devices.append((ifindex, device))
                self._poll.register(device.fileno(), select.POLLIN)
        except OSError:
            self.close()
            raise
        for ifindex in interfaces:
            self._meet(ifindex)

    def head(self) -> bytes:
        """The blocks with which a file begins."""
        about, own = self._description, _own_interfaces()
        return pcapng.section(about.application, about.comments) + b"".join(
            self._block_of(heard.name, own.get(ifindex)) for ifindex, heard in self._heard.items()
        )

    def tail(self) -> bytes:
        """The blocks with which a file ends: the counters, since the capture began."""
        now_ns = clock.read().wall_ns
        each = {ifindex: device.statistics() for ifindex, device in self._devices}
        self._dropped = sum(one.dropped for one in each.values())
        blocks = []
        for ifindex, heard in self._heard.items():
            counters = {pcapng.DELIVERED: heard.packets}
            said = []
            if ifindex in each:
                one = each[ifindex]
                both = one.received + one.dropped
                counters |= {
                    pcapng.RECEIVED: both,
                    pcapng.DROPPED: one.dropped,
                    pcapng.ACCEPTED: both,
                    pcapng.LOST: one.dropped,
                }
            elif self._dropped:
                said.append(f"{self._dropped} packets of all interfaces together were dropped: they share one buffer")
            blocks.append(pcapng.statistics(heard.number, now_ns, counters, self._begun_ns, said))
        return b"".join(blocks)

    def totals(self) -> Totals:
        """The counters now."""
        self._dropped = (
            sum(device.statistics().dropped for _, device in self._devices) if self._devices else self._dropped
        )
        return Totals(
            packets=self._packets, octets=self._octets, dropped=self._dropped,
            interfaces={heard.name: heard.packets for heard in self._heard.values()},
        )  # fmt: skip

    def run(self, files: Files, limits: Limits, stop: int, tell: Callable[[], None]) -> str:
        """Write what is heard until a limit is reached or `stop` polls readable; why it ended, in words.

        Args:
            files: where to.
            limits: when to end.
            stop: a descriptor.
            tell: is called about twice a second.

        Raises:
            FileError: nothing more can be written.
        """
        poll = self._poll
        poll.register(stop, select.POLLIN)
        begin = last = clock.monotonic()
        while True:
            end = None if limits.seconds is None else begin + limits.seconds
            wait = TICK if end is None else max(0.0, min(TICK, end - clock.monotonic()))
            ready = {descriptor for descriptor, _ in poll.poll(wait * 1000)}
            now = clock.monotonic()
            if self._fetch(files, now, limits.packets):
                return f"{limits.packets} packets"
            files.tick(now)
            if limits.octets is not None and files.octets >= limits.octets:
                return f"{limits.octets} octets"
            if now - last >= TICK:
                last = now
                files.flush()
                tell()
            if stop in ready or (end is not None and now >= end):
                self._drain(files, now, limits.packets)
                return "stopped" if stop in ready else f"{limits.seconds:g} seconds"
            if not self._look_at_troubles():
                return "no interface is left"

    def close(self) -> None:
        """Give the sockets back; twice is once."""
        for _, device in self._devices:
            device.close()
        self._devices.clear()

    def _fetch(self, files: Files, now: float, most: int | None) -> bool:
        """Take what is there, one helping of each interface; whether that was all that was wanted."""
        for _, device in self._devices:
            for frame in device.receive(BUDGET if most is None else min(BUDGET, most - self._packets)):
                self._take(frame, files, now)
            if most is not None and self._packets >= most:
                return True
        return False

    def _drain(self, files: Files, now: float, most: int | None) -> None:
        """Fetch what the kernel has heard already but not handed over yet; bounded, because more may come all the time."""
        for _ in range(BLOCKS):
            before = self._packets
            self._poll.poll(_LAST_WAIT_MS)
            if self._fetch(files, now, most) or self._packets == before:
                return

    def _take(self, frame: Frame, files: Files, now: float) -> None:
        """The hot path."""
        if frame.ifindex == LOOPBACK and frame.packet_type == _OUTGOING:
            return
        heard = self._heard.get(frame.ifindex)
        if heard is None:
            heard = self._meet(frame.ifindex)
            files.announce(self._block_of(heard.name, _own_interfaces().get(frame.ifindex)))
        data = with_tags(frame)
        length = (frame.length or len(frame.data)) + len(data) - len(frame.data)
        if self._redact:
            data = self._redact(data)
        kind = frame.packet_type
        flags = pcapng.FLAGS[kind] if kind < len(pcapng.FLAGS) else 0
        files.write(
            pcapng.packet(heard.number, frame.received_ns, data[: self._description.snaplen], length, flags), now
        )
        heard.packets += 1
        self._packets += 1
        self._octets += length

    def _meet(self, ifindex: int) -> Heard:
        heard = self._heard[ifindex] = Heard(len(self._heard), interface_text(ifindex))
        return heard

    def _block_of(self, name: str, own: Interface | None) -> bytes:
        about = self._description
        mac, addresses = ("", ()) if own is None else (own.mac, own.addresses)
        return pcapng.interface(name, about.snaplen, about.expression, about.comments, mac=mac, addresses=addresses)

    def _look_at_troubles(self) -> bool:
        """Whether there is still something to hear."""
        for ifindex, device in list(self._devices):
            error = None if ifindex in self._gone else device.trouble()
            if error is None:
                continue
            self.complaints.append(str(error))
            if not _exists(ifindex):
                # It stays open: its counters are still to be read.
                self._poll.unregister(device.fileno())
                self._gone.add(ifindex)
        return len(self._gone) < len(self._devices)


def _own_interfaces() -> dict[int, Interface]:
    """Ethernet interfaces of this host by index: whose address is whose is what a reader cannot tell from packets alone."""
    with closing(LinkMonitor()) as monitor:
        return {one.index: one for one in monitor.snapshot().values()}


def _exists(ifindex: int) -> bool:
    try:
        socket.if_indextoname(ifindex)
    except OSError:
        return False
    return True
