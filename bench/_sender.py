"""A sender of many forged beacons: `python -m bench._sender INTERFACE RATE SECONDS`.

Sends RATE beacons a second (0: as many as it can), of the right shape and sealed with keys that nobody has. Prints {sent, seconds, failed} as
JSON at its end.
"""

import argparse
import ctypes
import json
import os
import socket
import time
from collections.abc import Sequence

from bellrock.agent.run import new_id
from bellrock.model import Wall
from bellrock.wire.beacon import Beacon, BeaconType, Remote, encode
from bellrock.wire.frame import build_beacon_frame
from bellrock.wire.keys import Key

MAC = "02:00:00:00:00:09"
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
    """Frames that one `sendmmsg` sends; `frames` are their octets, which may be changed between two sends."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self.frames = [ctypes.create_string_buffer(frame, len(frame)) for frame in frames]
        self._vectors = (_Vector * len(frames))(
            *(_Vector(ctypes.addressof(frame), len(frame)) for frame in self.frames)
        )
        self._messages = (_Message * len(frames))()
        for at in range(len(frames)):
            self._messages[at].vectors = ctypes.addressof(self._vectors[at])
            self._messages[at].count = 1
        self._call = ctypes.CDLL(None, use_errno=True).sendmmsg

    def send(self, descriptor: int, count: int) -> int:
        """How many of the first `count` frames were taken."""
        return max(0, self._call(descriptor, self._messages, count, 0))


def forged() -> bytes:
    """A whole frame with a beacon that is right but for its key."""
    wall = Wall(time.time())
    beacon = Beacon(version=2, type=BeaconType.SOLICITATION, id=new_id(2, wall), remote=Remote("eth0", MAC, "physical"))
    return build_beacon_frame(encode(beacon, Key(os.urandom(32)), wall, os.urandom(16)), MAC, "10.0.0.9")


def flood(interface: str, rate: int, seconds: float) -> dict[str, float]:
    """Send, and say what was sent."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((interface, 0))
        sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        batch = Batch([forged() for _ in range(BATCH)])
        sent = failed = 0
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
            taken = batch.send(sock.fileno(), min(due, BATCH))
            failed += taken == 0
            sent += taken
        return {"sent": sent, "seconds": time.perf_counter() - begin, "failed": failed}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("interface")
    parser.add_argument("rate", type=int)
    parser.add_argument("seconds", type=float)
    given = parser.parse_args()
    print(json.dumps(flood(given.interface, given.rate, given.seconds)))


if __name__ == "__main__":
    main()
