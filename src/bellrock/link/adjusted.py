"""Whether the kernel's clock follows others, as whoever steers it has told the kernel (adjtimex(2))."""

import ctypes
import struct
from typing import Final

_WHOLE: Final = 256
"""Octets: more than struct timex has on any platform."""
_HEAD: Final = struct.Struct("@illlli")
"""The head of struct timex: modes, offset, frequency, greatest and estimated error, status."""
_UNSYNCHRONISED: Final = 0x0040
"""STA_UNSYNC."""
_TIME_ERROR: Final = 5
_libc = ctypes.CDLL(None, use_errno=True)


def synchronised() -> bool | None:
    """False: the kernel says that nobody keeps its clock; None: it does not tell."""
    told = ctypes.create_string_buffer(_WHOLE)  # modes is 0: nothing is set
    state = _libc.adjtimex(told)
    if state < 0:
        return None
    status: int = _HEAD.unpack_from(told.raw)[5]
    return not (status & _UNSYNCHRONISED or state == _TIME_ERROR)
