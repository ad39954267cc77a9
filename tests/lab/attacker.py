"""Somebody on the wire without the secret: hears every frame, sends any, and never decodes what is inside a beacon."""

import contextlib
import ctypes
import heapq
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bellrock.lab.running import Lab
from bellrock.wire import ethernet, ip, udp
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import EthernetFrame
from bellrock.wire.frame import BEACON_PORT, HeardDatagram, open_beacon_frame

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
CLONE_NEWNET = 0x40000000
Wanted = Callable[[bytes], bool]
_libc = ctypes.CDLL(None, use_errno=True)


class Captured:
    """A beacon's frame as it was on the wire."""

    def __init__(self, frame: bytes, heard: HeardDatagram) -> None:
        self.frame = frame
        self.heard = heard

    def again(self, **changed) -> bytes:
        """The frame with other fields: source_mac, destination_mac, source, destination, hop_limit, sport, dport, payload, tags."""
        heard = self.heard
        source = changed.get("source", heard.source_ip)
        destination = changed.get("destination", heard.destination_ip)
        payload = changed.get("payload", heard.payload)
        ports = changed.get("sport", BEACON_PORT), changed.get("dport", BEACON_PORT)
        segment = udp.build(source, destination, udp.Segment(*ports, payload))
        packet = ip.build(source, destination, changed.get("hop_limit", heard.hop_limit), ip.PROTOCOL_UDP, segment)
        ethertype = ethernet.ETHERTYPE_IPV6 if ":" in source else ethernet.ETHERTYPE_IPV4
        return ethernet.build(
            EthernetFrame(
                changed.get("destination_mac", heard.destination_mac),
                changed.get("source_mac", heard.source_mac),
                tuple(changed.get("tags", ())),
                ethertype,
                packet,
            )
        )


class Attacker:
    """A host of a lab on which nothing of Bellrock runs."""

    def __init__(self, lab: Lab, host: str, *interfaces: str) -> None:
        descriptor = lab.namespace_fd(host)
        try:
            self._sockets = {name: inside(descriptor, lambda name=name: _open(name)) for name in interfaces}
        finally:
            os.close(descriptor)

    def __enter__(self) -> "Attacker":
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets.values():
            one.close()

    def send(self, interface: str, frame: bytes, times: int = 1) -> None:
        """Put a frame on the wire."""
        for _ in range(times):
            self._sockets[interface].send(frame)

    def capture(self, interface: str, wanted: Callable[[Captured], bool], seconds: float = 40.0) -> Captured:
        """The next beacon that is wanted."""
        deadline = time.monotonic() + seconds
        self._drain(interface)
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._sockets[interface]], [], [], left)
            if ready and (found := _beacon(self._sockets[interface].recv(65536))) is not None and wanted(found):
                return found
        raise AssertionError(f"no such beacon on {interface} within {seconds:g} s")

    def _drain(self, interface: str) -> None:
        while select.select([self._sockets[interface]], [], [], 0)[0]:
            self._sockets[interface].recv(65536)

    @contextlib.contextmanager
    def relay(self, a: str, b: str, delay: float, wanted: Wanted = lambda _: True) -> Iterator[list[int]]:
        """Carry the wanted frames from each of two interfaces to the other, `delay` seconds later. Yields a count of them."""
        stop, carried = threading.Event(), [0]
        thread = threading.Thread(target=self._carry, args=(a, b, delay, wanted, stop, carried))
        self._drain(a)
        self._drain(b)
        thread.start()
        try:
            yield carried
        finally:
            stop.set()
            thread.join(10)

    def _carry(self, a: str, b: str, delay: float, wanted: Wanted, stop: threading.Event, carried: list[int]) -> None:
        other = {self._sockets[a]: self._sockets[b], self._sockets[b]: self._sockets[a]}
        waiting: list[tuple[float, int, socket.socket, bytes]] = []
        while not stop.is_set():
            left = waiting[0][0] - time.monotonic() if waiting else 0.1
            for source in select.select(list(other), [], [], max(0.0, min(0.1, left)))[0]:
                frame = source.recv(65536)
                if wanted(frame):
                    carried[0] += 1
                    heapq.heappush(waiting, (time.monotonic() + delay, carried[0], other[source], frame))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, sink, frame = heapq.heappop(waiting)
                sink.send(frame)


def inside(namespace: int, work: Callable[[], socket.socket]) -> socket.socket:
    """A socket that is made in a network namespace, and stays there."""

    def enter_and_work() -> socket.socket:
        if _libc.setns(namespace, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "entering a network namespace")
        return work()

    with ThreadPoolExecutor(1) as pool:  # the thread ends, and with it its stay
        return pool.submit(enter_and_work).result()


def _open(interface: str) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    found.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    found.bind((interface, ETH_P_ALL))
    return found


def is_beacon(frame: bytes) -> bool:
    """Whether a frame goes to the beacons' port."""
    return _beacon(frame) is not None


def _beacon(frame: bytes) -> Captured | None:
    try:
        return Captured(frame, open_beacon_frame(frame))
    except WireError:
        return None
