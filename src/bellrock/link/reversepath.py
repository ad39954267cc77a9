"""Reverse-path filtering: the kernel drops what comes in by an interface to which its own way back does not lead (RFC 3704; ip-sysctl.rst, rp_filter)."""

import socket
from pathlib import Path
from typing import Final

from bellrock.link.nexthop import interfaces_towards

_SETTINGS: Final = Path("/proc/sys/net/ipv4/conf")
_STRICT, _LOOSE = 1, 2


def reverse_path_fault(sender: str, own: str, interface: str) -> str:
    """Why packets from `sender` to an address of this host are dropped where they come in by an interface; empty: they are not.

    IPv6 has no such filter. What belongs to an IPsec association is not filtered, whatever is said here.

    Raises:
        OSError: the kernel does not answer, or there is no such interface.
    """
    if ":" in sender:
        return ""
    name, mode = _mode(interface)
    if mode not in (_STRICT, _LOOSE):
        return ""
    ways = interfaces_towards(sender, own)
    if interface in ways or (ways and mode == _LOOSE):
        return ""
    by = f"the way to {sender} is by {', '.join(ways)}" if ways else f"there is no way to {sender}"
    return f"net.ipv4.conf.{name}.rp_filter is {mode}, and {by}"


def _mode(interface: str) -> tuple[str, int]:
    """Which setting counts, and what it is: the larger one of the interface's and that of all."""
    socket.if_nametoindex(interface)  # it becomes part of a path
    modes = {name: int((_SETTINGS / name / "rp_filter").read_text()) for name in ("all", interface)}
    name = max(modes, key=modes.__getitem__)
    return name, modes[name]
