"""Questions by UDP, and their answers within a time."""

import select
import socket
import time
from collections.abc import Iterator

_LARGEST = 65_535


class Talker:
    """A UDP socket of one family; close it, or use it as a context manager."""

    def __init__(self, address: str = "", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((address, port))
        except OSError:
            self._socket.close()
            raise

    def send(self, octets: bytes, address: str, port: int) -> bool:
        """Ask; False where no way leads there."""
        try:
            self._socket.sendto(octets, (address, port))
        except OSError:  # what the kernel knows by ICMP or by a failed ARP: the wait goes on, as firmware's does
            return False
        return True

    def answers(self, seconds: float) -> Iterator[tuple[bytes, tuple[str, int]]]:
        """What comes within a time, and from whom."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return
            try:
                octets, peer = self._socket.recvfrom(_LARGEST)
            except OSError:
                continue
            yield octets, (peer[0], peer[1])

    def close(self) -> None:
        """Give it back."""
        self._socket.close()

    def __enter__(self) -> "Talker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
