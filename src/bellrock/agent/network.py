"""The agent's two ways to the network: raw frames where it may, UDP sockets where it may not."""

import logging
import sys
from collections.abc import Iterable
from typing import Final

from bellrock.link.capabilities import can_raw, grant_hint
from bellrock.link.device import Frame, LinkError, Statistics
from bellrock.link.groups import GroupJoins
from bellrock.link.packet import PacketDevice
from bellrock.link.shield import Shield
from bellrock.link.udp import Datagram, UdpDevice
from bellrock.model import Interface
from bellrock.wire.logline import sentence

log = logging.getLogger(__name__)

MAX_COMPLAINTS: Final = 64
"""Interfaces and reasons that a sending error is remembered for, so that each is told once."""


class RawNetwork:
    """One AF_PACKET socket for all; beside it a UDP socket that has IGMP and MLD tell switches who listens."""

    raw = True
    """Tags are seen and sent, and interfaces without address hear and speak."""
    hint = ""

    def __init__(self) -> None:
        self.device = PacketDevice()
        self._joins = GroupJoins()
        self._shield = Shield()
        self._followed: set[int] = set()
        self._complaints = Complaints()

    def filenos(self) -> tuple[int, ...]:
        """The ring's descriptor."""
        return (self.device.fileno(),)

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames."""
        return self.device.receive(budget)

    def send(self, ifindex: int, frame: bytes) -> None:
        """Send a whole frame; what cannot be sent is counted, and told once per reason."""
        self._complaints.hear(ifindex, self.device.send(ifindex, frame))

    def follow(self, interfaces: Iterable[Interface]) -> None:
        """Join the groups at the link layer everywhere, and by IGMP and MLD where there are addresses."""
        now = {interface.index: interface for interface in interfaces}
        for index in self._followed - now.keys():
            self.device.leave_groups(index)
            self._joins.leave(index)
        for index, interface in now.items():
            ipv4, ipv6 = families(interface)
            self._complaints.hear(index, self.device.join_groups(index))
            self._complaints.hear(index, self._joins.join(index, ipv4=ipv4, ipv6=ipv6))
        self._followed = set(now)

    def statistics(self) -> Statistics:
        """Counters since the start."""
        return self.device.statistics()

    def close(self) -> None:
        """Give back the sockets."""
        self.device.close()
        self._joins.close()
        self._shield.close()


class UdpNetwork:
    """UDP sockets on port 5240: what a process without privileges can do."""

    raw = False
    """Tags are neither seen nor sent, and interfaces without address are deaf and mute; `hint` says how to change that."""

    def __init__(self) -> None:
        self.device = UdpDevice()
        self.hint = grant_hint(sys.executable)
        self._followed: set[int] = set()
        self._complaints = Complaints()

    def filenos(self) -> tuple[int, ...]:
        """The device's descriptor."""
        return (self.device.fileno(),)

    def receive(self, budget: int) -> list[Datagram]:
        """At most `budget` datagrams."""
        return self.device.receive(budget)

    def send_multicast(self, ifindex: int, family: int, payload: bytes) -> None:
        """Send to the group of a family on one interface."""
        self._complaints.hear(ifindex, self.device.send_multicast(ifindex, family, payload))

    def send_unicast(self, ifindex: int, address: str, port: int, payload: bytes) -> None:
        """Send to one peer."""
        self._complaints.hear(ifindex, self.device.send_unicast(ifindex, address, port, payload))

    def follow(self, interfaces: Iterable[Interface]) -> None:
        """Join the groups on the interfaces that are there now."""
        now = {interface.index: interface for interface in interfaces}
        for index in self._followed - now.keys():
            self.device.leave_groups(index)
        for index, interface in now.items():
            ipv4, ipv6 = families(interface)
            self._complaints.hear(index, self.device.join_groups(index, ipv4=ipv4, ipv6=ipv6))
        self._followed = set(now)

    def statistics(self) -> Statistics:
        """Counters since the start."""
        return self.device.statistics()

    def close(self) -> None:
        """Give back the sockets."""
        self.device.close()


def families(interface: Interface) -> tuple[bool, bool]:
    """Whether an interface has addresses of IPv4, of IPv6."""
    return any(":" not in a for a in interface.addresses), any(":" in a for a in interface.addresses)


class Complaints:
    """Errors of sending and joining, told once per interface and reason."""

    def __init__(self) -> None:
        self._told: set[tuple[int, str]] = set()

    def hear(self, ifindex: int, error: LinkError | None) -> None:
        """Log an error unless it was told before."""
        if error is None or (ifindex, error.code) in self._told or len(self._told) >= MAX_COMPLAINTS:
            return
        self._told.add((ifindex, error.code))
        log.warning(sentence("network-error", "{error}", error=error))


def open_network(*, udp_only: bool) -> RawNetwork | UdpNetwork:
    """Raw where the process may, else UDP.

    Raises:
        LinkError: neither works; one line says why.
    """
    return UdpNetwork() if udp_only or not can_raw() else RawNetwork()
