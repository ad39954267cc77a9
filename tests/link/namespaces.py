"""Network namespaces for tests: anonymous, entered by the test's own thread, gone when the test ends."""

import ctypes
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """The network namespace that this thread is in."""

    def ip(self, command: str) -> None:
        done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"ip {command}: {done.stderr}"

    def veth(self, near: str = "blk-a", far: str = "blk-b", *, up: bool = True) -> tuple[int, int]:
        """A pair of interfaces without addresses; their indexes."""
        self.ip(f"link add {near} type veth peer name {far}")
        for name in (near, far):
            self.ip(f"link set {name} addrgenmode none")
        if up:
            self.up(near, far)
        return socket.if_nametoindex(near), socket.if_nametoindex(far)

    def up(self, *names: str) -> None:
        """Set interfaces up and wait until the kernel has started their queues: before, it drops frames without a word."""
        for name in names:
            self.ip(f"link set {name} up")
        until(lambda: all(self._state(name) == "UP" for name in names), f"{names} up")

    @staticmethod
    def _state(name: str) -> str:
        done = subprocess.run(["ip", "-o", "link", "show", "dev", name], capture_output=True, text=True, check=True)
        return done.stdout.partition(" state ")[2].partition(" ")[0]


@contextmanager
def network_namespace() -> Iterator[Namespace]:
    """Be in a new network namespace with its loopback up."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if _libc.unshare(CLONE_NEWNET):
        os.close(home)
        pytest.skip("network namespaces cannot be made here")
    try:
        inside = Namespace()
        inside.ip("link set lo up")
        yield inside
    finally:
        assert _libc.setns(home, CLONE_NEWNET) == 0
        os.close(home)


def collect(device, count: int, seconds: float = 30.0) -> list:
    """What the device receives, until there are `count` of it or the time is over."""
    found: list = []
    end = time.monotonic() + seconds
    while len(found) < count and (left := end - time.monotonic()) > 0:
        select.select([device], [], [], left)
        found += device.receive(count - len(found))
    return found


def until(condition, what: str, seconds: float = 60.0, wait_on=None) -> None:
    """Wait for a condition, looking again whenever `wait_on` polls readable and every 20 ms."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        select.select([wait_on] if wait_on else [], [], [], 0.02)
