"""A sender of many frames: `python -m bench._sender INTERFACE RATE SECONDS [--length N] [--every N]`.

Sends RATE frames a second (0: as many as it can) with destination port 5240 and random contents. With `--every N` each N-th frame carries
MARK and a number instead, by which a receiver finds out whether one is missing. Prints {sent, marked, seconds, failed} as JSON at its end.
"""

import argparse
import ctypes
import json
import os
import socket
import struct
import time
from contextlib import suppress

from bellrock.wire.checksum import complement, remainder

MARK = b"bellrock-flood-mark"
BATCH = 64
MAX_CATCH_UP = 0.02
"""Seconds of being late that are made good by sending faster."""
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


class Batch:
    """BATCH frames that one `sendmmsg` sends; the first can be a numbered one."""

    def __init__(self, length: int) -> None:
        self._frames = [ctypes.create_string_buffer(beacon_frame(length), length) for _ in range(BATCH)]
        self._random = self._frames[0].raw
        self._vectors = (_Vector * BATCH)(*(_Vector(ctypes.addressof(frame), length) for frame in self._frames))
        self._messages = (_Message * BATCH)()
        for at in range(BATCH):
            self._messages[at].vectors = ctypes.addressof(self._vectors[at])
            self._messages[at].count = 1
        self._call = ctypes.CDLL(None, use_errno=True).sendmmsg

    def number(self, value: int | None) -> None:
        """Make the first frame carry a number, or random contents again."""
        mark = b"" if value is None else MARK + struct.pack("!Q", value)
        self._frames[0].raw = self._random[:42] + mark + self._random[42 + len(mark) :]

    def send(self, descriptor: int, count: int) -> int:
        """How many of the first `count` frames were taken."""
        return max(0, self._call(descriptor, self._messages, count, 0))


def beacon_frame(length: int) -> bytes:
    """A frame from an unknown host to the beacon group, with random contents and no UDP checksum."""
    ip = bytearray(
        struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, length - 14, 0, 0x4000, 1, 17, 0, b"\x0a\x00\x00\x09", b"\xe0\x00\x00\x76"
        )
    )
    ip[10:12] = struct.pack("!H", complement(remainder(bytes(ip))))
    udp = struct.pack("!HHHH", 5240, 5240, length - 34, 0)
    return bytes.fromhex("01005e000076 020000000009 0800") + bytes(ip) + udp + os.urandom(length - 42)


def flood(interface: str, rate: int, seconds: float, length: int, every: int) -> dict[str, float]:
    """Send, and say what was sent."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((interface, 0))
        sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        batch = Batch(length)
        sent = marked = failed = 0
        late = 0.0
        begin = time.perf_counter()
        while (now := time.perf_counter() - begin) < seconds:
            due = int(rate * (now - late)) - sent if rate else BATCH
            if due > rate * MAX_CATCH_UP + BATCH:
                # Kept from running: what was not sent then is not sent in a burst now.
                late += due / rate
                continue
            if due < min(BATCH, max(1, rate // 1000)):
                time.sleep(0.0002)
                continue
            mark = bool(every) and sent // every >= marked
            batch.number(marked if mark else None)
            taken = batch.send(sock.fileno(), min(due, BATCH))
            marked += mark and taken > 0
            failed += taken == 0
            sent += taken
        return {"sent": sent, "marked": marked, "seconds": time.perf_counter() - begin, "failed": failed}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("interface")
    parser.add_argument("rate", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--length", type=int, default=300)
    parser.add_argument("--every", type=int, default=0)
    given = parser.parse_args()
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    print(json.dumps(flood(given.interface, given.rate, given.seconds, given.length, given.every)))


if __name__ == "__main__":
    main()
