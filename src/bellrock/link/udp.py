"""Beacons through ordinary UDP sockets, for a process without CAP_NET_RAW: untagged ones, on interfaces with addresses."""

import errno
import os
import select
import socket
import struct
import time
from typing import Final

from msgspec import Struct

from bellrock.link.device import LinkError, SendCounter, Statistics, interface_text
from bellrock.link.groups import GroupJoins
from bellrock.link.ports import holder_of
from bellrock.wire.frame import BEACON_PORT, GROUP4, GROUP6

_MAX_DATAGRAM: Final = 65535
_RECEIVE_BUFFER: Final = 1 << 20
_UNICAST_HOPS: Final = 64

_IP_PKTINFO, _IP_RECVTTL, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO = 8, 12, 10, 2
_SO_TIMESTAMPNS_NEW: Final = 64
_SO_RXQ_OVFL: Final = 40
_PKTINFO4: Final = struct.Struct("=i4s4s")
"""struct in_pktinfo: ifindex, local address, destination."""
_PKTINFO6: Final = struct.Struct("=16si")
_TIMESTAMP: Final = struct.Struct("=qq")
_INT: Final = struct.Struct("=i")
_CONTROL: Final = sum(socket.CMSG_SPACE(size) for size in (_PKTINFO6.size, _INT.size, _TIMESTAMP.size, _INT.size))


class Datagram(Struct, frozen=True, gc=False):
    """A UDP payload as it came in. The kernel has taken tags off and has checked the checksum."""

    ifindex: int
    source: str
    """Address without zone."""
    source_port: int
    destination: str
    hop_limit: int
    """TTL of IPv4; -1 where the kernel does not tell."""
    received_ns: int
    """When the kernel received it, nanoseconds since the epoch (CLOCK_REALTIME)."""
    payload: bytes


class UdpDevice:
    """Port 5240 of IPv4 and of IPv6, shared with whoever else shares it (a MAAS rack on this machine).

    Multicast beacons reach everyone who shares the port. A unicast one reaches only one of them: the kernel chooses.

    Raises:
        LinkError: the port is held by a process that does not share it (named), or there is neither IPv4 nor IPv6.
    """

    def __init__(self, port: int = BEACON_PORT) -> None:
        self._port = port
        self._counter = SendCounter()
        self._joins = GroupJoins()
        self._received = 0
        self._dropped: dict[int, int] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        try:
            self._open_all()
        except LinkError:
            self.close()
            raise

    def fileno(self) -> int:
        """A descriptor that polls readable while `receive` has datagrams."""
        return self._poll.fileno()

    def receive(self, budget: int) -> list[Datagram]:
        """At most `budget` datagrams; an empty list when there are none. Families take turns when both have many."""
        datagrams: list[Datagram] = []
        waiting = list(self._sockets.items())
        while waiting and len(datagrams) < budget:
            for family, sock in list(waiting):
                one = self._receive_one(family, sock) if len(datagrams) < budget else None
                if one is None:
                    waiting.remove((family, sock))
                else:
                    datagrams.append(one)
        self._received += len(datagrams)
        return datagrams

    def join_groups(self, ifindex: int, *, ipv4: bool = True, ipv6: bool = True) -> LinkError | None:
        """Hear multicast beacons on an interface, in the families in which it has addresses. Twice is once."""
        return self._joins.join(
            ifindex, ipv4=ipv4 and socket.AF_INET in self._sockets, ipv6=ipv6 and socket.AF_INET6 in self._sockets
        )

    def leave_groups(self, ifindex: int) -> None:
        """Undo `join_groups`; also to be called when the interface is gone."""
        self._joins.leave(ifindex)

    def send_multicast(self, ifindex: int, version: int, payload: bytes, source: str | None = None) -> LinkError | None:
        """Send to the beacon group of IP version 4 or 6 on one interface, with TTL or hop limit 1.

        Args:
            ifindex: the interface.
            version: 4 or 6.
            payload: the beacon.
            source: one of the interface's addresses; None lets the kernel choose.
        """
        group: tuple[str, int] | tuple[str, int, int, int] = (GROUP4, self._port)
        if version == 6:
            group = (GROUP6, self._port, 0, ifindex)
        return self._send(ifindex, version, payload, source, group)

    def send_unicast(self, ifindex: int, address: str, port: int, payload: bytes) -> LinkError | None:
        """Send to one peer, with TTL or hop limit 64.

        Args:
            ifindex: the interface on which it was heard, for a peer on the link. The kernel then takes the peer to be on-link
                where it knows no route over that interface. 0: as the routing table says.
            address: the peer's.
            port: the peer's.
            payload: the beacon.
        """
        if ":" in address:
            return self._send(ifindex, 6, payload, None, (address, port, 0, ifindex))
        return self._send(ifindex, 4, payload, None, (address, port))

    def statistics(self) -> Statistics:
        """The counters so far."""
        return Statistics(self._received, sum(self._dropped.values()), self._counter.sent, dict(self._counter.errors))

    def close(self) -> None:
        """Give back the sockets; may be called twice."""
        self._joins.close()
        self._poll.close()
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()

    def _open_all(self) -> None:
        for family in (socket.AF_INET, socket.AF_INET6):
            self._open(family)
        if not self._sockets:
            raise LinkError("no UDP socket can be opened: this machine has neither IPv4 nor IPv6")

    def _open(self, family: int) -> None:
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        except OSError:
            return  # the kernel does not speak this family
        self._sockets[family] = sock
        _set_options(family, sock)
        try:
            sock.bind(("", self._port))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:  # IPv6 is disabled by sysctl
                raise _cannot_bind(self._port, error) from None
            self._sockets.pop(family).close()
            return
        self._poll.register(sock, select.EPOLLIN)

    def _receive_one(self, family: int, sock: socket.socket) -> Datagram | None:
        try:
            payload, control, _, source = sock.recvmsg(_MAX_DATAGRAM, _CONTROL)
        except OSError:  # BlockingIOError: nothing waits
            return None
        return self._datagram(family, payload, control, source)

    def _datagram(
        self, family: int, payload: bytes, control: list[tuple[int, int, bytes]], source: tuple[str, int]
    ) -> Datagram:
        ifindex, destination, hops, stamp = 0, "", -1, 0
        for level, kind, data in control:
            match level, kind:
                case socket.IPPROTO_IP, 8:  # IP_PKTINFO
                    ifindex, _, octets = _PKTINFO4.unpack(data)
                    destination = socket.inet_ntop(family, octets)
                case socket.IPPROTO_IPV6, socket.IPV6_PKTINFO:
                    octets, ifindex = _PKTINFO6.unpack(data)
                    destination = socket.inet_ntop(family, octets)
                case (socket.IPPROTO_IP, socket.IP_TTL) | (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT):
                    hops = _INT.unpack(data)[0]
                case socket.SOL_SOCKET, 64:  # SO_TIMESTAMPNS_NEW
                    seconds, nanoseconds = _TIMESTAMP.unpack(data)
                    stamp = seconds * 1_000_000_000 + nanoseconds
                case socket.SOL_SOCKET, 40:  # SO_RXQ_OVFL
                    self._dropped[family] = _INT.unpack(data)[0] & 0xFFFFFFFF
                case _:
                    pass
        address = source[0].partition("%")[0]
        return Datagram(ifindex, address, source[1], destination, hops, stamp or time.time_ns(), payload)

    def _send(
        self,
        ifindex: int,
        version: int,
        payload: bytes,
        source: str | None,
        target: tuple[str, int] | tuple[str, int, int, int],
    ) -> LinkError | None:
        sock = self._sockets.get(socket.AF_INET if version == 4 else socket.AF_INET6)
        number = errno.EAFNOSUPPORT
        if sock:
            try:
                sock.sendmsg([payload], [_from(ifindex, version, source)], 0, target)
            except OSError as error:
                number = error.errno or 0
            else:
                self._counter.sent += 1
                return None
        return self._counter.failed(
            number, f"a beacon of {len(payload)} octets for {target[0]} on {interface_text(ifindex)}"
        )


def _from(ifindex: int, version: int, source: str | None) -> tuple[int, int, bytes]:
    """The control message that picks interface and source address."""
    if version == 4:
        octets = socket.inet_aton(source) if source else bytes(4)
        return socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO4.pack(ifindex, octets, bytes(4))
    octets = socket.inet_pton(socket.AF_INET6, source or "::")
    return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _PKTINFO6.pack(octets, ifindex)


def _set_options(family: int, sock: socket.socket) -> None:
    common = (
        (socket.SO_REUSEADDR, 1),
        (socket.SO_REUSEPORT, 1),
        (socket.SO_RCVBUF, _RECEIVE_BUFFER),
        (_SO_TIMESTAMPNS_NEW, 1),
        (_SO_RXQ_OVFL, 1),
    )
    ipv4 = (
        (_IP_PKTINFO, 1),
        (_IP_RECVTTL, 1),
        (_IP_MTU_DISCOVER, _IP_PMTUDISC_DO),
        (socket.IP_TTL, _UNICAST_HOPS),
        (socket.IP_MULTICAST_TTL, 1),
        # Others on this machine hear us too; we know our own by their ids.
        (socket.IP_MULTICAST_LOOP, 1),
    )
    ipv6 = (
        (socket.IPV6_V6ONLY, 1),
        (socket.IPV6_RECVPKTINFO, 1),
        (socket.IPV6_RECVHOPLIMIT, 1),
        (socket.IPV6_UNICAST_HOPS, _UNICAST_HOPS),
        (socket.IPV6_MULTICAST_HOPS, 1),
        (socket.IPV6_MULTICAST_LOOP, 1),
    )
    level, options = (socket.IPPROTO_IP, ipv4) if family == socket.AF_INET else (socket.IPPROTO_IPV6, ipv6)
    for option, value in common:
        sock.setsockopt(socket.SOL_SOCKET, option, value)
    for option, value in options:
        sock.setsockopt(level, option, value)


def _cannot_bind(port: int, error: OSError) -> LinkError:
    number = error.errno or 0
    if number == errno.EADDRINUSE:
        holder = holder_of("udp", port)
        held = (
            f"held by {holder.text()}, which does not share it" if holder else "held by a process in another namespace"
        )
        return LinkError(
            f"UDP port {port} is {held}; stop that process, or grant CAP_NET_RAW so that no port is needed", number
        )
    return LinkError(f"UDP port {port} cannot be used: {os.strerror(number)}", number)
