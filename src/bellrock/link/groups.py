"""Multicast joins of the IP layer (IGMP, MLD), so that switches which snoop them forward beacons to us.

Joins hold for the whole machine, and any socket that is bound to the port hears the group on the interface. So the sockets here only join.
"""

import errno
import os
import socket
import struct
from typing import Final

from bellrock.link.device import LinkError, interface_text
from bellrock.wire.frame import GROUP4, GROUP6

_GROUP4_OCTETS: Final = socket.inet_aton(GROUP4)
_GROUP6_OCTETS: Final = socket.inet_pton(socket.AF_INET6, GROUP6)
_DONE: Final = (0, errno.EADDRINUSE, errno.EADDRNOTAVAIL)
"""Joining twice and leaving what was never joined are no failures."""
_MAX_SOCKETS: Final = 256


class GroupJoins:
    """The beacon groups, joined by interface. A socket takes 20 of IPv4 (sysctl igmp_max_memberships): then another one is opened."""

    __slots__ = ("_joined", "_sockets")

    def __init__(self) -> None:
        self._sockets: dict[int, list[socket.socket]] = {socket.AF_INET: [], socket.AF_INET6: []}
        self._joined: dict[tuple[int, int], socket.socket] = {}

    def join(self, ifindex: int, *, ipv4: bool, ipv6: bool) -> LinkError | None:
        """Be a member on an interface in the families in which it has addresses; leave the others. Twice is once."""
        failures = [
            self._want(family, ifindex, wanted) for family, wanted in ((socket.AF_INET, ipv4), (socket.AF_INET6, ipv6))
        ]
        return next(filter(None, failures), None)

    def leave(self, ifindex: int) -> None:
        """Be no member on an interface; also to be called when it is gone, because its index may be used again."""
        self.join(ifindex, ipv4=False, ipv6=False)

    def close(self) -> None:
        """Leave everything; may be called twice."""
        for sockets in self._sockets.values():
            for sock in sockets:
                sock.close()
            sockets.clear()
        self._joined.clear()

    def _want(self, family: int, ifindex: int, wanted: bool) -> LinkError | None:
        known = self._joined.get((family, ifindex))
        if wanted and not known:
            return self._join(family, ifindex)
        if known and not wanted:
            del self._joined[family, ifindex]
            _request(known, family, ifindex, joining=False)
        return None

    def _join(self, family: int, ifindex: int) -> LinkError | None:
        sockets = self._sockets[family]
        number = errno.ENOBUFS
        for sock in reversed(sockets):
            number = _request(sock, family, ifindex, joining=True)
            if number != errno.ENOBUFS:
                break
        else:
            if len(sockets) < _MAX_SOCKETS:
                try:
                    sock = socket.socket(family, socket.SOCK_DGRAM)
                except OSError as error:
                    return _failed(ifindex, error.errno or 0)
                sockets.append(sock)
                number = _request(sock, family, ifindex, joining=True)
        if number:
            return _failed(ifindex, number)
        self._joined[family, ifindex] = sock
        return None


def _request(sock: socket.socket, family: int, ifindex: int, *, joining: bool) -> int:
    """Join or leave; the errno, or 0."""
    try:
        if family == socket.AF_INET:
            option = socket.IP_ADD_MEMBERSHIP if joining else socket.IP_DROP_MEMBERSHIP
            sock.setsockopt(socket.IPPROTO_IP, option, struct.pack("=4s4si", _GROUP4_OCTETS, bytes(4), ifindex))
        else:
            option = socket.IPV6_JOIN_GROUP if joining else socket.IPV6_LEAVE_GROUP
            sock.setsockopt(socket.IPPROTO_IPV6, option, struct.pack("=16si", _GROUP6_OCTETS, ifindex))
    except OSError as error:
        return 0 if error.errno in _DONE else error.errno or 0
    return 0


def _failed(ifindex: int, number: int) -> LinkError:
    return LinkError(f"{interface_text(ifindex)} cannot join the beacon groups: {os.strerror(number)}", number)
