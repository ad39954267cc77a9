"""Speed and duplex of an interface, by the ioctl of ethtool(8): sysfs shows them only where it is mounted for this namespace."""

import ctypes
import fcntl
import socket
import struct
from typing import Final

_SIOCETHTOOL: Final = 0x8946
_GET_SETTINGS: Final = 0x1
"""ETHTOOL_GSET: every driver answers it, new ones through the kernel's translation (linux/ethtool.h)."""
_SETTINGS: Final = struct.Struct("=I8xHB13xH14x")
"""struct ethtool_cmd: cmd, speed (low 16 bits), duplex, and behind the rest speed_hi."""
_REQUEST: Final = struct.Struct("16sP")
_NAME_OCTETS: Final = 15
_UNKNOWN_SPEED: Final = 0xFFFFFFFF
_DUPLEX: Final = {0: "half", 1: "full"}


def line_rate(name: str) -> tuple[int | None, str]:
    """Mb/s and `full`, `half` or ""; (None, "") where the driver does not tell, has no carrier, or the interface is gone."""
    settings = ctypes.create_string_buffer(_SETTINGS.pack(_GET_SETTINGS, 0, 0, 0), _SETTINGS.size)
    request = _REQUEST.pack(name.encode()[:_NAME_OCTETS], ctypes.addressof(settings))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, _SIOCETHTOOL, request)
    except OSError:
        return None, ""
    _, low, duplex, high = _SETTINGS.unpack(settings.raw)
    speed = high << 16 | low
    # SPEED_UNKNOWN is -1; drivers of before its time say 0 or 65535.
    known = speed not in (0, 0xFFFF, _UNKNOWN_SPEED)
    return (speed if known else None), _DUPLEX.get(duplex, "")
