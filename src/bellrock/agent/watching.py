"""The target's side of a walk: watches the wire, and stands in where no service has the port.

It answers whoever shows a right mark, and nobody else; a service that holds the port is not touched.
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, Literal

from msgspec import structs

from bellrock.agent.companion import Companion
from bellrock.agent.sockets import bound_here
from bellrock.agent.wires import BusyError, Wire, Wires
from bellrock.contract import AgentMessage, Order
from bellrock.contract.walk import Path, Seen, Served, TellPath, Watching, WatchPath
from bellrock.diagnosis.sighted import block, requests, sightings
from bellrock.link.halfopen import half_open
from bellrock.link.nexthop import Ports, next_hop
from bellrock.link.obstacle import from_error, no_way
from bellrock.link.ports import holder_of
from bellrock.wire import mark, marked
from bellrock.wire.errors import WireError
from bellrock.wire.mark import Kind, Mark

ARMED: Final = 40.0
"""Seconds after which a watch ends that nobody asked for its result."""
SETTLE: Final = 0.05
"""Seconds in which what the wire has shown reaches this process."""
HALF_OPEN_EVERY: Final = 0.4
"""Seconds between two looks at connections that have begun. A kernel that may not send its SYN+ACK, because a rule of its own drops it,
forgets the connection when it tries for the second time, after 1 s (RFC 6298 §2.1)."""
MAX_REPLIES: Final = 16
"""Answers in one walk. Each is no larger than what it answers."""
MAX_CONNECTIONS: Final = 8
MAX_BEGUN: Final = 1024
"""Connections that have begun of which one look takes note."""
SAY: Final = 2.0
"""Seconds that whoever connects has to show a mark."""
MAX_DATAGRAM: Final = 2048

log = logging.getLogger(__name__)
Say = Callable[[AgentMessage], bool]


class Armed:
    """One walk's watch."""

    def __init__(self, path: Path, wire: Wire) -> None:
        self.path = path
        self.wire = wire
        self.over = asyncio.Event()
        self.closed = asyncio.Event()
        """Its listener has gone; the next walk may have the port."""
        self.listener: Literal["own", "held", "none"] = "none"
        self.why = ""
        self._key = bytes.fromhex(path.key)
        self._walk = bytes.fromhex(path.walk)
        self._accepted = self._replies = self._strangers = 0
        self._peer: tuple[str, int] = ("", 0)
        self._obstacle = ""
        self._why_not = ""
        self.begun: set[int] = set()
        """Ports of those whose connections have begun here at some time."""

    def look(self) -> None:
        """See whose connections have begun."""
        self.begun.update(half_open(self.path.port)[:MAX_BEGUN])

    def mark_in(self, payload: bytes) -> Mark | None:
        """The walk's mark, if the sender has the key."""
        with contextlib.suppress(WireError):
            found = mark.find(payload, self._walk, self._key)
            return found if found.kind is not Kind.REPLY else None
        return None

    def reply(self, number: int) -> bytes:
        """The answer to a request."""
        return mark.encode(Mark(self._walk, Kind.REPLY, number), self._key)

    def accept(self, address: str, port: int) -> None:
        """A request has come to the listener."""
        self._accepted += 1
        if self._accepted == 1:
            self._peer = address, port

    def stranger(self) -> None:
        """Something else has."""
        self._strangers += 1

    def may_reply(self) -> bool:
        """Whether there are answers left."""
        return self._replies < MAX_REPLIES

    def replied(self, error: OSError | None = None) -> None:
        """An answer was sent, or was not."""
        if error is None:
            self._replies += 1
        else:
            found = from_error(error)
            self._obstacle, self._why_not = found.obstacle.value, found.why

    def served(self) -> Served:
        """What the listener found out so far."""
        return Served(
            accepted=self._accepted, peer=self._peer[0], peer_port=self._peer[1], strangers=self._strangers, replies=self._replies,
            obstacle=self._obstacle, why=self._why_not,
        )  # fmt: skip


class Watcher:
    """Carries out WatchPath and TellPath."""

    def __init__(self, wires: Wires, companion: Companion | None, say: Say) -> None:
        self._wires = wires
        self._companion = companion
        self._say = say
        self._armed: dict[str, Armed] = {}

    async def watch(self, order: Order) -> str:
        """Watch, and listen, until the result is asked for or too long has passed; why it cannot be done, or nothing."""
        assert isinstance(order.do, WatchPath)  # noqa: S101 -- Orders finds handlers by type
        path = order.do.path
        if path.walk in self._armed:
            return "this walk is watched already"
        if any(_place(one.path) == _place(path) for one in self._armed.values()):
            return f"another walk has {path.protocol} port {path.port} of {path.target} now"
        armed: Armed | None = None
        try:
            with self._wires.watch(path) as wire:
                armed = self._armed[path.walk] = Armed(path, wire)
                async with self._listening(armed, listen=order.do.listen):
                    self._say(Watching(order=order.id, listener=armed.listener, why=armed.why[:256]))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(ARMED):
                            await _until_over(armed)
        except BusyError as error:
            return str(error)
        finally:
            if armed is not None:
                del self._armed[path.walk]
                armed.closed.set()
        return ""

    async def tell(self, order: Order) -> str:
        """Tell what was seen of a walk, and let it end."""
        assert isinstance(order.do, TellPath)  # noqa: S101 -- Orders finds handlers by type
        armed = self._armed.get(order.do.walk)
        if armed is None:
            return "this walk is not watched here, or no longer"
        await asyncio.sleep(SETTLE)
        seen = sightings(armed.path, armed.wire.passed, order.do.sequences)
        first = next(requests(seen, out=False), None)
        served = _with_way(armed, (first.source, first.source_port) if first else None)
        armed.over.set()
        await armed.closed.wait()
        self._say(Seen(order=order.id, sightings=seen, lost=armed.wire.lost, served=served))
        return ""

    @contextlib.asynccontextmanager
    async def _listening(self, armed: Armed, *, listen: bool) -> AsyncIterator[None]:
        if not listen:
            _say_who_holds(armed)
            yield
            return
        try:
            sock = await bound_here(armed.path.protocol, armed.path.target, armed.path.port, self._companion)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                _say_who_holds(armed)
            else:
                armed.why = error.strerror or str(error)
            yield
            return
        except ValueError as error:
            armed.why = str(error)
            yield
            return
        with sock:
            async with _serving(armed, sock):
                yield


async def _until_over(armed: Armed) -> None:
    """Until the result is asked for; of TCP with a look now and then at what has begun, which may be gone by then."""
    while armed.path.protocol == "tcp" and not armed.over.is_set():
        armed.look()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HALF_OPEN_EVERY):
                await armed.over.wait()
    await armed.over.wait()


@contextlib.asynccontextmanager
async def _serving(armed: Armed, sock: socket.socket) -> AsyncIterator[None]:
    if armed.path.protocol == "udp":
        armed.listener = "own"
        with _datagrams(armed, sock):
            yield
        return
    try:
        sock.listen(MAX_CONNECTIONS)
    except OSError:  # bound beside another socket, which listens already
        _say_who_holds(armed)
        yield
        return
    armed.listener = "own"
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_accept(armed, sock))
        yield
        task.cancel()


def _say_who_holds(armed: Armed) -> None:
    try:
        holder = holder_of(armed.path.protocol, armed.path.port, address=armed.path.target)
    except ValueError:  # no address
        return
    if holder is not None:
        armed.listener, armed.why = "held", holder.text() if holder.pid else "another process"


@contextlib.contextmanager
def _datagrams(armed: Armed, sock: socket.socket) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    loop.add_reader(sock, _datagram, armed, sock)
    try:
        yield
    finally:
        loop.remove_reader(sock)


def _datagram(armed: Armed, sock: socket.socket) -> None:
    try:
        payload, peer = sock.recvfrom(MAX_DATAGRAM)
    except OSError:
        return  # an ICMP error about an answer: the tap has it as well
    found = armed.mark_in(payload)
    if found is None:
        armed.stranger()
    elif found.kind is Kind.REQUEST:
        armed.accept(peer[0], peer[1])
        _answer(armed, sock, found.number, peer, len(payload))


def _answer(armed: Armed, sock: socket.socket, number: int, peer: tuple[str, int], size: int) -> None:
    said = marked.answer(armed.path.port, armed.reply(number))
    if not armed.may_reply() or len(said) > size:
        return
    try:
        if not armed.path.separate:
            sock.sendto(said, peer)
        else:
            # RFC 1350 §4: each transfer has a port of its own, on both ends.
            with socket.socket(sock.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other:
                other.bind((armed.path.target, 0))
                other.sendto(said, peer)
    except OSError as error:
        armed.replied(error)
    else:
        armed.replied()


async def _accept(armed: Armed, sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(MAX_CONNECTIONS)
    async with asyncio.TaskGroup() as tasks:
        while True:
            await room.acquire()
            try:
                connection, peer = await loop.sock_accept(sock)
            except OSError as error:
                log.debug("walk=%s: %s", armed.path.walk, os.strerror(error.errno or 0))
                room.release()
                await asyncio.sleep(SETTLE)
                continue
            task = tasks.create_task(_converse(armed, connection, peer[:2]))
            task.add_done_callback(lambda _: room.release())


async def _converse(armed: Armed, connection: socket.socket, peer: tuple[str, int]) -> None:
    """Who comes from the request's port has been accepted by the kernel; who shows the mark is answered as well.

    The walk's other ports are those of packets with small hop limits: they may come as far as this, and are no requests.
    """
    loop = asyncio.get_running_loop()
    with connection:
        ours = peer[1] == armed.path.source_port
        if ours:
            armed.accept(*peer)
        try:
            async with asyncio.timeout(SAY):
                said = await _heard(loop, connection)
        except (TimeoutError, OSError):
            said = b""
        found = armed.mark_in(said)
        if found is None:
            if peer[1] not in block(armed.path):
                armed.stranger()
            return
        if not ours:
            armed.accept(*peer)
        if armed.may_reply():
            await _say_back(armed, connection, found.number)


async def _heard(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    said = b""
    while len(said) < mark.SIZE and (more := await loop.sock_recv(connection, mark.SIZE - len(said))):
        said += more
    return said


async def _say_back(armed: Armed, connection: socket.socket, number: int) -> None:
    try:
        await asyncio.get_running_loop().sock_sendall(connection, armed.reply(number))
    except OSError as error:
        armed.replied(error)
    else:
        armed.replied()


def _place(path: Path) -> tuple[str, str, int]:
    """What only one walk may have at a time."""
    return path.protocol, path.target, path.port


def _with_way(armed: Armed, peer: tuple[str, int] | None) -> Served:
    """What the listener found out, with the way back and what the kernel's table says of connections that have begun."""
    served = armed.served()
    known = (served.peer, served.peer_port) if served.peer else peer
    if armed.path.protocol == "tcp":
        ports = {known[1]} if known else set()
        # The ports behind the first are those of packets with small hop limits, which are no requests.
        ports.add(armed.path.source_port)
        armed.look()
        served = structs.replace(served, half_open=len(armed.begun & ports))
    if known is None:
        return served
    with contextlib.suppress(OSError):
        talk = Ports(armed.path.protocol, 0 if armed.path.separate else armed.path.port, known[1])
        way = next_hop(known[0], armed.path.target, ports=talk)
        if way is None:
            found = no_way(known[0], armed.path.target, ports=talk)
            return structs.replace(served, obstacle=found.obstacle.value, why=found.why)
        return structs.replace(served, interface=way.interface, gateway=way.gateway, neighbour=way.neighbour)
    return served
