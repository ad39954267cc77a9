"""The few system calls that Python's socket module cannot make: it names interfaces in AF_PACKET addresses, and never by index 0."""

import ctypes
import os
import struct
from typing import Final

ETH_P_ALL: Final = 0x0003
_ADDRESS = struct.Struct("=HHiHBB8s")
"""struct sockaddr_ll of linux/if_packet.h; the protocol is big-endian."""
_TIMER = struct.Struct("@4l")
"""struct itimerspec: interval and value, each seconds and nanoseconds."""
_AF_PACKET: Final = 17
_CLOCK_MONOTONIC: Final = 1
_libc = ctypes.CDLL(None, use_errno=True)
_sendto = _libc.sendto
_sendto.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
_sendto.restype = ctypes.c_ssize_t


def bind_packet(descriptor: int, ifindex: int, protocol: int = ETH_P_ALL) -> None:
    """Bind an AF_PACKET socket to an interface, or with ifindex 0 to all of them.

    Raises:
        OSError: the kernel refused.
    """
    address = _address(ifindex, protocol)
    if _libc.bind(descriptor, address, len(address)):
        raise _error()


def send_packet(descriptor: int, ifindex: int, data: bytes) -> int:
    """Send a whole frame; 0, or the errno."""
    address = _address(ifindex, 0)
    return 0 if _sendto(descriptor, data, len(data), 0, address, len(address)) >= 0 else ctypes.get_errno()


def attach_filter(descriptor: int, program: bytes) -> bytes:
    """The `struct sock_fprog` of a packed classic BPF program is handed to the kernel, which copies it.

    Raises:
        OSError: the kernel finds the program wrong.
    """
    array = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(array))
    if _libc.setsockopt(descriptor, _SOL_SOCKET, _SO_ATTACH_FILTER, header, len(header)):
        raise _error()
    return program


def timer() -> int:
    """A descriptor that polls readable once `set_timer`'s time is over.

    Raises:
        OSError: out of descriptors.
    """
    descriptor = int(_libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
    if descriptor < 0:
        raise _error()
    return descriptor


def set_timer(descriptor: int, seconds: float) -> None:
    """Let a timer end in so many seconds; 0 stops it."""
    whole = int(seconds)
    value = _TIMER.pack(0, 0, whole, int((seconds - whole) * 1e9))
    if _libc.timerfd_settime(descriptor, 0, value, None):
        raise _error()


_SOL_SOCKET: Final = 1
_SO_ATTACH_FILTER: Final = 26


def _address(ifindex: int, protocol: int) -> bytes:
    swapped = (protocol >> 8) | (protocol & 0xFF) << 8
    return _ADDRESS.pack(_AF_PACKET, swapped, ifindex, 0, 0, 0, b"")


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
