"""What every way to a network has in common: frames in, frames out, counters, one error."""

import errno
import socket
from typing import Final, Protocol

from msgspec import Struct

from bellrock.wire.ethernet import Tag

ERRNO_MEANING: Final = {
    errno.ENETDOWN: "the interface is down; it is tried again when it comes up",
    errno.ENXIO: "the interface no longer exists",
    errno.ENODEV: "the interface no longer exists",
    errno.ENOBUFS: "the interface takes no more frames now (queue full, no carrier, or larger than the link's MTU)",
    errno.EAGAIN: "the socket's send buffer is full",
    errno.EMSGSIZE: "it is larger than the interface's MTU",
    errno.ENETUNREACH: "no route leads there",
    errno.EHOSTUNREACH: "no route leads there",
    errno.EADDRNOTAVAIL: "the source address is not, or not yet, on the interface",
    errno.EAFNOSUPPORT: "this machine does not speak that version of IP",
    errno.EPERM: "the kernel forbids it (a firewall rule or a missing capability)",
    errno.EACCES: "the kernel forbids it (a firewall rule or a missing capability)",
}
"""What an errno of sending means to the person who reads it."""


class LinkError(OSError):
    """The network could not be used as asked: one clear line of what, where, why and what to do.

    Attributes:
        code: the errno's name (`ENETDOWN`), or "" where no system call failed.
    """

    def __init__(self, text: str, number: int | None = None) -> None:
        super().__init__(text)
        self.code = errno_name(number) if number else ""


class Frame(Struct, frozen=True, gc=False):
    """A frame as it came in."""

    ifindex: int
    tags: tuple[Tag, ...]
    """Those that the kernel took out of the frame, outermost first; more may follow in `data`."""
    data: bytes
    """From the Ethernet destination on; a copy, valid for ever. At most SNAP_LENGTH octets of the frame."""
    received_ns: int
    """When the kernel received it, nanoseconds since the epoch (CLOCK_REALTIME)."""
    checksum_ready: bool = True
    """False: it was made on this machine and its transport checksum is left for the hardware to fill in."""
    packet_type: int = 0
    """PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3, PACKET_OUTGOING 4."""
    length: int = 0
    """Octets that it had before the filter cut it, without the tags taken out; 0: as many as `data`."""


class Statistics(Struct, frozen=True):
    """Counters since the device was opened."""

    received: int = 0
    """Frames that passed the filter and were kept for `receive`."""
    dropped: int = 0
    """Frames that passed the filter and were lost, because nobody fetched the earlier ones in time."""
    sent: int = 0
    send_errors: dict[str, int] = {}
    """Errno name → how many frames were not sent for it."""
    thinned: dict[int, float] = {}
    """ifindex → share of the frames that is looked at now, of interfaces so flooded that the others would suffer."""


class Device(Protocol):
    """A way to hear and send frames. Nothing here blocks."""

    def fileno(self) -> int:
        """A descriptor that polls readable while `receive` has frames."""
        ...

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames in the order of their arrival; an empty list when there are none."""
        ...

    def send(self, ifindex: int, data: bytes) -> LinkError | None:
        """Send a whole Ethernet frame, tags included. A failure is counted and returned, never raised."""
        ...

    def statistics(self) -> Statistics:
        """The counters so far."""
        ...

    def close(self) -> None:
        """Give back what was opened; may be called twice."""
        ...


class SendCounter:
    """Counts sent frames and, by errno name, those that were not."""

    __slots__ = ("errors", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self.errors: dict[str, int] = {}

    def failed(self, number: int, what: str) -> LinkError:
        """Count a failure and say it in one line. `what` names the frame and the interface."""
        name = errno_name(number)
        self.errors[name] = self.errors.get(name, 0) + 1
        meaning = ERRNO_MEANING.get(number, "the kernel refused it")
        return LinkError(f"{what} was not sent: {meaning} ({name})", number)


def errno_name(number: int) -> str:
    """`ENETDOWN` for 100."""
    return errno.errorcode.get(number, f"errno {number}")


def interface_text(ifindex: int) -> str:
    """`eth0`, or `interface 7` where it is gone; 0 is any."""
    if not ifindex:
        return "any interface"
    try:
        return socket.if_indextoname(ifindex)
    except OSError:
        return f"interface {ifindex}"
