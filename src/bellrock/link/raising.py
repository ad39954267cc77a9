"""Setting interfaces link-up for a while without configuring them, and putting them back as they were."""

import os
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bellrock.link import rtnetlink
from bellrock.link.device import LinkError
from bellrock.model import Interface

IPV6_SWITCHES: Final = Path("/proc/sys/net/ipv6/conf")

_HEADER: Final = struct.Struct("=IHHII")
_LINK: Final = struct.Struct("=BxHiII")
_SET_LINK: Final = 16
"""RTM_NEWLINK (rtnetlink(7)) for an interface that is there."""
_REQUEST_ACK: Final = 0x1 | 0x4
_IFF_UP: Final = 1
_TIMEOUT: Final = 5.0
_DATAGRAM: Final = 64 * 1024


class Raised:
    """Interfaces that this process has set up. Closing it puts all of them back.

    An interface that comes up would give itself addresses (RFC 4862 §5.3), speak to routers and take theirs: so IPv6 is
    switched off on it before, and put back after it is down again. Raw frames need no address.
    """

    def __init__(self, switches: Path = IPV6_SWITCHES) -> None:
        self._switches = switches
        self._raised: dict[int, tuple[str, bool]] = {}
        """Index → name, and whether IPv6 was switched off by us."""

    def up(self, interfaces: Iterable[Interface]) -> tuple[str, ...]:
        """Set up those that are down; their names.

        Raises:
            LinkError: the kernel does not allow it; those before are up, and put back by `restore`.
        """
        names = []
        for interface in interfaces:
            if interface.up or interface.index in self._raised:
                continue
            muted = self._mute(interface.name)
            self._raised[interface.index] = (interface.name, muted)
            _set(interface.index, interface.name, up=True)
            names.append(interface.name)
        return tuple(names)

    def restore(self) -> tuple[str, ...]:
        """Set down what was set up, and give IPv6 back; one line for each that could not be. May be called twice."""
        failed = []
        while self._raised:
            index, (name, muted) = self._raised.popitem()
            try:
                _set(index, name, up=False)
            except LinkError as error:
                if error.code not in ("ENODEV", "ENXIO"):  # it left by itself: nothing to put back
                    failed.append(str(error))
                continue
            if muted:
                with suppress(OSError):
                    self._switch(name).write_text("0\n")
        return tuple(failed)

    def _switch(self, name: str) -> Path:
        return self._switches / name.replace("/", ".") / "disable_ipv6"

    def _mute(self, name: str) -> bool:
        """Switch IPv6 off; False where it is off already, the kernel has none, or /proc cannot be written."""
        switch = self._switch(name)
        try:
            if switch.read_text().strip() != "0":
                return False
            switch.write_text("1\n")
        except OSError:
            return False
        return True


def _set(index: int, name: str, *, up: bool) -> None:
    """Change one flag of one interface.

    Raises:
        LinkError: the kernel refuses, or does not answer.
    """
    body = _LINK.pack(0, 0, index, _IFF_UP if up else 0, _IFF_UP)
    request = _HEADER.pack(_HEADER.size + len(body), _SET_LINK, _REQUEST_ACK, 1, 0) + body
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.settimeout(_TIMEOUT)
            sock.sendto(request, (0, 0))
            number = _answer(sock)
    except OSError as error:
        number = error.errno or -1
    if number:
        why = "no answer" if number < 0 else os.strerror(number).lower()
        raise LinkError(f"{name} cannot be set {'up' if up else 'down'}: {why}", max(number, 0) or None)


def _answer(sock: socket.socket) -> int:
    while True:
        for message in rtnetlink.messages(sock.recv(_DATAGRAM)):
            if message.type == rtnetlink.ERROR:
                return rtnetlink.error_number(message)
