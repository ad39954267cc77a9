"""What listens on a host, and who talked to whom, as a kernel tells it."""

from typing import Literal

from msgspec import Struct


class Owner(Struct, frozen=True):
    """A process that has a socket open."""

    pid: int
    name: str
    """The kernel's name of it, at most 15 octets (`dnsmasq`)."""
    program: str = ""
    """The first word of its command line; nothing else of it, because secrets may stand there."""
    namespace: int = 0
    """Inode number of the network namespace that the process itself is in; 0 where that may not be seen."""


class Listener(Struct, frozen=True, kw_only=True):
    """A TCP socket that listens, or a UDP socket that has a port and no fixed peer."""

    protocol: Literal["tcp", "udp"]
    family: Literal[4, 6]
    address: str
    """`0.0.0.0` and `::` are any address of the host."""
    port: int
    interface: str = ""
    """Name of the device that it is bound to (SO_BINDTODEVICE); "" for any."""
    dual: bool = False
    """An IPv6 socket that takes IPv4 as well (IPV6_V6ONLY is off)."""
    uid: int = 0
    inode: int = 0
    """Sockets of one process and copies of one socket in several processes are told apart by it."""
    owners: tuple[Owner, ...] = ()
    """Empty where this user may not look into the owner's descriptors, or the kernel itself has it."""
    namespace: str = ""
    """The network namespace that the socket is in: its name, else `net:[4026532000]`; "" for the one that was asked."""

    @property
    def wildcard(self) -> bool:
        """Whether it takes packets to any address of the host."""
        return self.address in ("0.0.0.0", "::")  # noqa: S104 -- compared, not bound


class Conversation(Struct, frozen=True, kw_only=True):
    """Packets between two ends that were seen; the source is who began, as far as that can be told."""

    protocol: Literal["tcp", "udp"]
    source: str
    source_port: int
    destination: str
    destination_port: int
    packets: int = 1
    interface: str = ""
    """Where it was seen; "" where the kernel's table of connections tells of it."""
    vid: int | None = None
    begun: bool = False
    """Whether it is certain that the source began: a SYN was seen, or connection tracking says so."""
