"""Interfaces of this namespace and their changes, by netlink events and not by polling."""

import errno
import os
import socket
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.link import rtnetlink
from bellrock.link.device import LinkError
from bellrock.link.rtnetlink import Address, Change, Link, LinkGone, PortState
from bellrock.model import Interface, InterfaceKind

_GROUPS: Final = 0x1 | 0x10 | 0x100
"""RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR."""
_DATAGRAM: Final = 256 * 1024
_DUMP_TRIES: Final = 5
_DUMP_TIMEOUT: Final = 5.0
_MAX_DATAGRAMS: Final = 1024
"""Of events read by one `changes`; the rest wakes the loop again."""

_MAX_QUEUED: Final = 1 << 20
"""More datagrams than any socket buffer holds."""

_KINDS: Final = {
    "": InterfaceKind.PHYSICAL,
    "vlan": InterfaceKind.VLAN,
    "bridge": InterfaceKind.BRIDGE,
    "bond": InterfaceKind.BOND,
    "team": InterfaceKind.BOND,
    "macvlan": InterfaceKind.MACVLAN,
    "macvtap": InterfaceKind.MACVLAN,
    "veth": InterfaceKind.VETH,
}
_WITH_MEMBERS: Final = (InterfaceKind.BRIDGE, InterfaceKind.BOND)
_ON_CABLE: Final = ("vlan", "macvlan", "macvtap")
"""Kinds whose frames leave by the lower device's cable."""


class InterfaceChanged(Struct, frozen=True):
    """An interface is new, or something about it is."""

    interface: Interface


class InterfaceRemoved(Struct, frozen=True):
    """An interface is gone, under its last name."""

    index: int
    name: str


class LinkMonitor:
    """Tells of every Ethernet interface but the loopback.

    `snapshot` first, then `changes` whenever `fileno` polls readable.

    Raises:
        LinkError: the kernel has no rtnetlink for us, or it does not answer.
    """

    def __init__(self) -> None:
        try:
            self._events = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
            )
        except OSError as error:
            raise _failed(error) from None
        self._sequence = 0
        self._links: dict[int, Link] = {}
        self._addresses: dict[int, set[str]] = {}
        self._leased: set[tuple[int, str]] = set()
        self._told: dict[int, Interface] = {}
        self._told_losses: dict[int, int] = {}
        self._asked_losses: dict[int, int] = {}
        try:
            # Subscribed before the first dump, so that nothing falls between them.
            self._events.bind((0, _GROUPS))
        except OSError as error:
            self.close()
            raise _failed(error) from None

    def fileno(self) -> int:
        """A descriptor that polls readable while there may be changes."""
        return self._events.fileno()

    def snapshot(self) -> dict[int, Interface]:
        """Every interface by index, asked from the kernel; `changes` tells from here on.

        Raises:
            LinkError: the kernel does not answer.
        """
        self._reload()
        self._told, self._told_losses = self._fold(), self._losses()
        return dict(self._told)

    def blinked(self) -> frozenset[int]:
        """Interfaces, by index, that have lost their carrier since this was last asked and have it now, as of the last `snapshot` or `changes`.

        Of a cable that was moved quickly nothing else tells: the kernel makes one event of both changes where they come close together,
        and who reads late finds the carrier there again. What is behind it may be another segment.
        """
        before, self._asked_losses = self._asked_losses, self._losses()
        there = [link for link in self._links.values() if link.up and link.carrier is not False]
        lost = {link.index for link in there if before.get(link.index, link.losses) != link.losses}
        return frozenset(
            link.index for link in there if link.index in lost or (link.kind in _ON_CABLE and link.lower in lost)
        )

    def leased(self) -> frozenset[str]:
        """Names of the interfaces that have an IPv4 address by DHCP, as of the last `snapshot` or `changes`."""
        return frozenset(
            self._links[index].name for index, text in self._leased
            if index in self._links and text in self._addresses.get(index, ())
        )  # fmt: skip

    def changes(self) -> list[InterfaceChanged | InterfaceRemoved]:
        """What is different since the last `snapshot` or `changes`; several events of one interface make one change.

        An interface whose carrier went and came back has changed, although it is as it was.

        Raises:
            LinkError: events were lost, and the kernel does not answer when asked for the whole.
        """
        if not self._take_events():
            self._reload()
        before, self._told = self._told, self._fold()
        losses, self._told_losses = self._told_losses, self._losses()
        blinked = {index for index, count in self._told_losses.items() if losses.get(index) != count}
        gone = [InterfaceRemoved(index, was.name) for index, was in before.items() if index not in self._told]
        return gone + [
            InterfaceChanged(now) for index, now in self._told.items() if index in blinked or before.get(index) != now
        ]

    def close(self) -> None:
        """Give back the socket; may be called twice."""
        self._events.close()

    def _take_events(self) -> bool:
        """Apply what is waiting. False: the kernel dropped events, because they came faster than they were read."""
        for _ in range(_MAX_DATAGRAMS):
            try:
                data, sender = self._events.recvfrom(_DATAGRAM)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    self._forget_events()
                    return False
                raise _failed(error) from None
            if sender[0] == 0:  # from the kernel, not from another process
                self._apply_all(data)
        return True

    def _forget_events(self) -> None:
        """Empty the queue after an overrun: what waits there is older than the dump that follows, and what would correct it was dropped."""
        for _ in range(_MAX_QUEUED):
            try:
                self._events.recv(1)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise _failed(error) from None

    def _apply_all(self, data: bytes) -> None:
        for message in rtnetlink.messages(data):
            self._apply(rtnetlink.change(message))

    def _apply(self, change: Change | None) -> None:
        match change:
            case Link():
                self._links[change.index] = change
            case LinkGone():
                self._links.pop(change.index, None)
                self._addresses.pop(change.index, None)
            case PortState() if change.index in self._links:
                self._links[change.index] = msgspec.structs.replace(
                    self._links[change.index], forwarding=change.forwarding
                )
            case Address(usable=True):
                self._addresses.setdefault(change.index, set()).add(change.text)
                (self._leased.add if change.leased else self._leased.discard)((change.index, change.text))
            case Address():
                self._addresses.get(change.index, set()).discard(change.text)
                self._leased.discard((change.index, change.text))
            case _:
                pass

    def _reload(self) -> None:
        """Ask for everything; again where it changed while it was told."""
        known = self._links, self._addresses, self._leased
        for _ in range(_DUMP_TRIES):
            self._links, self._addresses, self._leased = {}, {}, set()
            try:
                if self._dump(rtnetlink.GET_LINK) and self._dump(rtnetlink.GET_ADDRESS):
                    return
            except OSError as error:
                self._links, self._addresses, self._leased = known
                raise _failed(error) from None
        # It changes all the time: what was told is nearly right, and the events on their way settle the rest.

    def _dump(self, kind: int) -> bool:
        """One dump, on a socket of its own so that no event comes between. False: it was interrupted by a change."""
        self._sequence += 1
        whole = True
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.settimeout(_DUMP_TIMEOUT)
            sock.bind((0, 0))
            sock.sendto(rtnetlink.request(kind, self._sequence), (0, 0))
            while True:
                for message in rtnetlink.messages(sock.recv(_DATAGRAM)):
                    whole = whole and not message.flags & rtnetlink.DUMP_INTERRUPTED
                    if message.type == rtnetlink.DONE:
                        return whole
                    if message.type == rtnetlink.ERROR:
                        number = rtnetlink.error_number(message)
                        raise OSError(number, os.strerror(number))
                    self._apply(rtnetlink.change(message))

    def _losses(self) -> dict[int, int]:
        return {index: link.losses for index, link in self._links.items()}

    def _fold(self) -> dict[int, Interface]:
        """Links and addresses as interfaces: indexes become names, bridges and bonds get their members."""
        members: dict[int, list[str]] = {}
        for link in self._links.values():
            members.setdefault(link.master, []).append(link.name)
        return {index: self._interface(link, members.get(index, [])) for index, link in self._links.items()}

    def _interface(self, link: Link, members: list[str]) -> Interface:
        kind = _KINDS.get(link.kind, InterfaceKind.OTHER)
        lower = self._links.get(link.lower)
        parents = sorted(members) if kind in _WITH_MEMBERS else [lower.name] if lower else []
        master = self._links.get(link.master)
        return Interface(
            name=link.name,
            index=link.index,
            mac=link.mac,
            permanent_mac=link.permanent_mac,
            kind=kind,
            parents=tuple(parents),
            vid=link.vid,
            master=master.name if master else None,
            forwarding=link.forwarding,
            vlan_filtering=link.vlan_filtering,
            up=link.up,
            carrier=link.carrier,
            mtu=link.mtu,
            addresses=tuple(sorted(self._addresses.get(link.index, ()))),
        )


def _failed(error: OSError) -> LinkError:
    why = "no answer" if isinstance(error, TimeoutError) else error.strerror
    return LinkError(f"the kernel does not tell of its interfaces: {why} (rtnetlink)", error.errno)
