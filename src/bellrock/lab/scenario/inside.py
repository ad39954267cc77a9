"""Work done inside a host's network by a thread of this process, where starting a program for it would take longer than the work."""

import fcntl
import os
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from bellrock.lab.namespaces import enter_network
from bellrock.lab.running import Lab
from bellrock.link import proc

T = TypeVar("T")
_SIOCGIFHWADDR: Final = 0x8927
_HERE: Final = Path("/proc/thread-self/net")


def inside(lab: Lab, host: str, work: Callable[[], T]) -> T:
    """The result of `work`, done in the network of a host.

    Raises:
        LabError: the kernel does not let this process in.
    """

    def enter_and_work() -> T:
        descriptor = lab.namespace_fd(host)
        try:
            enter_network(descriptor)
        finally:
            os.close(descriptor)
        return work()

    # The thread ends with the pool, and with it its stay in the namespace.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(enter_and_work).result()


def listening(lab: Lab, host: str) -> set[tuple[str, int]]:
    """(`udp` or `tcp`, port) on which somebody listens."""
    found = inside(lab, host, lambda: list(proc.sockets(_HERE)))
    return {(one.protocol, one.port) for one in found}


def macs(lab: Lab, host: str) -> dict[str, str]:
    """MAC addresses by interface."""
    return inside(lab, host, _macs)


def forward(lab: Lab, host: str) -> None:
    """Have a host pass packets on."""

    def switch() -> None:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")

    inside(lab, host, switch)


def _macs() -> dict[str, str]:
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            answer = fcntl.ioctl(sock, _SIOCGIFHWADDR, struct.pack("256s", name.encode()[:15]))
            found[name] = answer[18:24].hex(":")
    found.pop("lo", None)
    return found
