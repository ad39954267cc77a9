"""Many agents in one process, as cheap as may be: the contract's real messages over real WebSockets, without all else that an agent does.

A client here masks with the key 0, which RFC 6455 §5.3 forbids to browsers' scripts and which costs nothing. It waits between
attempts as the agent's stream does (`bellrock.agent.pauses`), keeps alive when the region asks it to, and starts again where it was.
"""

import asyncio
import itertools
import multiprocessing
import os
import random
import resource
import secrets
import socket
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from bellrock.agent.pauses import Pauses
from bellrock.contract import (
    VERSION,
    Ack,
    Challenge,
    Hello,
    KeepAlive,
    Rejected,
    Report,
    Welcome,
    decode_region_message,
    encode,
    prove,
)
from bellrock.model import Host, Observation, Wall
from bench._racks import Move, Racks, evidence, identity, interfaces, name, plugged, told, unplugged

UPGRADE: Final = (
    "GET /api/v1/agents/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
WINDOW: Final = 64
"""Reports ahead of their acknowledgement."""
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Wanted(Struct, frozen=True, kw_only=True):
    """What a process of the crowd is to be."""

    urls: tuple[str, ...]
    key: bytes
    agents: int
    per_rack: int
    mine: tuple[int, int]
    """The first of its agents, and the one after its last."""


class Tally(Struct):
    """How a process's agents stand. Times are of the monotonic clock, which all processes of a machine share."""

    connected: int
    told: int
    """Agents all of whose reports are acknowledged."""
    connects: int
    refused: dict[str, int]
    attempts: int
    joined: list[float]
    """When each connection since the last question was let in."""
    tried: list[float]
    """When each attempt since the last question began."""
    observations: int
    """Acknowledged."""


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's WebSocket frame, masked with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


class Agent:
    """One agent's end of the contract."""

    def __init__(self, crowd: "Crowd", number: int) -> None:
        self.crowd = crowd
        self.number = number
        self.boot = f"boot-{number}"
        self.seq = 0
        self.acked = 0
        self.waiting: deque[Report] = deque()
        """Not acknowledged yet; the first `ahead` of them have been sent on this connection."""
        self.ahead = 0
        self.line: Line | None = None
        self.begun = False
        self.nonce = ""
        self.pauses = Pauses(random.random)
        self.way = number
        self.timer: asyncio.TimerHandle | None = None

    def dial(self) -> None:
        """Make a connection."""
        self.crowd.tried.append(time.monotonic())
        url = urlsplit(self.crowd.wanted.urls[self.way % len(self.crowd.wanted.urls)])
        task = self.crowd.loop.create_task(self._dial(url.hostname or "", url.port or 0))
        self.crowd.dialling.add(task)
        task.add_done_callback(self.crowd.dialling.discard)

    async def _dial(self, host: str, port: int) -> None:
        try:
            async with asyncio.timeout(10):
                _, self.line = await self.crowd.loop.create_connection(lambda: Line(self, host), host, port)
        except (OSError, TimeoutError) as error:
            self.lost(type(error).__name__)

    def lost(self, why: str) -> None:
        """The connection could not be made, or ended."""
        self.crowd.refused[why] += 1
        if self.line is not None and self.line.let_in:
            self.crowd.connected -= 1
        self.line = None
        self.way += 1
        if self.timer:
            self.timer.cancel()
        if not self.crowd.stopping:
            self.crowd.loop.call_later(self.pauses.next(time.monotonic()), self.dial)

    def message(self, text: bytes) -> None:
        """The region says something."""
        match decode_region_message(text):
            case Ack(seq):
                self._acked(seq)
            case Challenge(nonce=theirs):
                self.nonce = secrets.token_hex(32)
                key, host = self.crowd.wanted.key, Host(identity(self.number), name(self.number), "rack")
                proof = prove(key, "agent", theirs, self.nonce, host.id)
                hello = Hello(version=VERSION, host=host, boot=self.boot, nonce=self.nonce, proof=proof,
                              sent=Wall(time.time()), software="crowd")  # fmt: skip
                self.say(encode(hello))
            case Welcome() as welcome:
                self._welcome(welcome)
            case Rejected() as rejected:
                self.pauses.told(rejected.after)
                self.crowd.refused[rejected.why[:60]] += 1
            case _:
                pass

    def say(self, text: str) -> None:
        """A text frame."""
        if self.line is not None:
            self.line.transport.write(frame(TEXT, text.encode()))

    def tell(self, batches: Iterable[Sequence[Observation]], *, now: float) -> None:
        """Report changes."""
        for some in batches:
            self.seq += 1
            self.waiting.append(Report(self.seq, self.boot, Wall(now), tuple(some)))
        self._send()

    def _welcome(self, welcome: Welcome) -> None:
        assert self.line is not None
        self.line.let_in = True
        self.pauses.worked(time.monotonic(), welcome.spread)
        self.crowd.connected += 1
        self.crowd.joined.append(time.monotonic())
        self.ahead = 0
        if not self.begun:
            self.begun = True
            account = self.crowd.racks.account(self.number, self.boot, time.time(), welcome.acked + 1)
            self.seq = account[-1].seq
            self.waiting.extend(account)
            self.crowd.owing += 1
        self._drop(welcome.acked)
        self._keep_alive(welcome.keep_alive)
        if welcome.takes:
            self.crowd.loop.call_later(random.random() * 60, self._here)
        self._send()

    def _here(self) -> None:
        if self.line is None or not self.line.let_in:
            return
        self.say(encode(told(self.number, time.time())))

    def _send(self) -> None:
        if self.line is None or not self.line.let_in:
            return
        while self.ahead < min(WINDOW, len(self.waiting)):
            self.say(encode(self.waiting[self.ahead]))
            self.ahead += 1

    def _acked(self, seq: int) -> None:
        self._drop(seq)
        self._send()

    def _drop(self, seq: int) -> None:
        owed = bool(self.waiting)
        while self.waiting and self.waiting[0].seq <= seq:
            self.crowd.observations += len(self.waiting.popleft().observations)
            self.ahead = max(0, self.ahead - 1)
        if owed and not self.waiting and self.acked == 0:
            self.crowd.owing -= 1
            self.acked = seq

    def _keep_alive(self, every: float) -> None:
        if self.line is None:
            return
        sent = self.waiting[self.ahead - 1].seq if self.ahead else self.waiting[0].seq - 1 if self.waiting else self.seq
        self.say(encode(KeepAlive(sent, Wall(time.time()))))
        self.timer = self.crowd.loop.call_later(every, self._keep_alive, every)


class Line(asyncio.Protocol):
    """The WebSocket under one agent."""

    transport: asyncio.Transport

    def __init__(self, agent: Agent, host: str) -> None:
        self.agent = agent
        self.host = host
        self.open = self.let_in = False
        self.buffer = b""
        self.why = "closed"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(UPGRADE.format(host=self.host, key="dGhlIHNhbXBsZSBub25jZQ==").encode())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:16]:
                self.why = head.split(b"\r\n")[0].decode()
                self.transport.close()
                return
            self.open, self.buffer = True, rest
        while (whole := _first(self.buffer)) is not None:
            opcode, payload, size = whole
            self.buffer = self.buffer[size:]
            if opcode == TEXT:
                self.agent.message(payload)
            elif opcode == PING:
                self.transport.write(frame(PONG, payload))
            elif opcode == CLOSE:
                self.why = f"closed {int.from_bytes(payload[:2], 'big')}"
                self.transport.write(frame(CLOSE, payload[:2]))
                self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.agent.lost(self.why)


def _first(buffer: bytes) -> tuple[int, bytes, int] | None:
    if len(buffer) < 2:
        return None
    size, at = buffer[1] & 127, 2
    if size >= 126:
        at = 4 if size == 126 else 10
        if len(buffer) < at:
            return None
        size = int.from_bytes(buffer[2:at], "big")
    return (buffer[0] & 15, buffer[at : at + size], at + size) if len(buffer) >= at + size else None


class Crowd:
    """The agents of one process."""

    def __init__(self, wanted: Wanted, loop: asyncio.AbstractEventLoop) -> None:
        self.wanted = wanted
        self.loop = loop
        self.racks = Racks(wanted.agents, wanted.per_rack)
        self.agents = {number: Agent(self, number) for number in range(*wanted.mine)}
        self.dialling: set[asyncio.Task[None]] = set()
        self.refused: Counter[str] = Counter()
        self.joined: list[float] = []
        self.tried: list[float] = []
        self.connected = self.owing = self.observations = self.attempts = self.connects = 0
        self.stopping = False
        self.flaps = 0.0

    def start(self, within: float) -> None:
        """Everyone dials, spread over so many seconds."""
        for agent in self.agents.values():
            self.loop.call_later(random.random() * within, agent.dial)

    def move(self, move: Move) -> None:
        """A cable is moved; those of its agents tell that have seen something of it."""
        now = time.time()
        old, new = self.racks.move(move)
        wall = Wall(now)
        if mover := self.agents.get(move.agent):
            mover.tell(
                [*unplugged(move.agent, move.side, old, wall), *plugged(move.agent, move.side, new, wall)], now=now
            )
        for peer in new:
            if agent := self.agents.get(peer):
                agent.tell([[*evidence(peer, move.side, move.agent, wall)]], now=now)

    def churn(self, per_second: float) -> None:
        """From now on, so many changes of an interface's particulars a second, at agents taken at random; 0 for none."""
        was, self.flaps = self.flaps, per_second
        if not was and per_second:
            self._flap()

    def _flap(self) -> None:
        if not self.flaps:
            return
        agent = self.agents[random.randrange(*self.wanted.mine)]
        if agent.begun and len(agent.waiting) < WINDOW:
            one = random.choice(interfaces(agent.number, settled=True))
            changed = type(one)(one.host, _with_mtu(one.interface, random.choice((1500, 9000))))
            agent.tell([[changed]], now=time.time())
        self.loop.call_later(random.expovariate(self.flaps), self._flap)

    def tally(self) -> Tally:
        """How all stand."""
        told = sum(1 for agent in self.agents.values() if agent.begun and not agent.waiting)
        self.connects += len(self.joined)
        self.attempts += len(self.tried)
        found = Tally(self.connected, told, self.connects, dict(self.refused), self.attempts, self.joined, self.tried,
                      self.observations)  # fmt: skip
        self.joined, self.tried = [], []
        return found


def _with_mtu(interface: Any, mtu: int) -> Any:
    from msgspec.structs import replace

    return replace(interface, mtu=mtu)


def serve(wanted: Wanted, control: Connection) -> None:
    """A process of the crowd: does what it is told on `control`, until that is closed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.nice(1)
    random.seed(wanted.mine[0])
    asyncio.run(_serve(wanted, control))


async def _serve(wanted: Wanted, control: Connection) -> None:
    loop = asyncio.get_running_loop()
    crowd = Crowd(wanted, loop)
    over = asyncio.Event()

    def heard() -> None:
        try:
            what, argument = control.recv()
        except EOFError:
            over.set()
            return
        answer = getattr(crowd, what)(*argument)
        if what == "tally":
            control.send(answer)

    loop.add_reader(control.fileno(), heard)
    await over.wait()
    crowd.stopping = True
    loop.remove_reader(control.fileno())


class Crowds:
    """Several processes of agents. Use as a context manager."""

    def __init__(self, urls: Sequence[str], key: bytes, agents: int, per_rack: int, processes: int) -> None:
        bounds = [agents * at // processes for at in range(processes + 1)]
        context = multiprocessing.get_context("spawn")
        self.processes = []
        self._controls = []
        for mine in itertools.pairwise(bounds):
            wanted = Wanted(urls=tuple(urls), key=key, agents=agents, per_rack=per_rack, mine=mine)
            here, there = context.Pipe()
            process = context.Process(target=serve, args=(wanted, there))
            process.start()
            there.close()
            self.processes.append(process)
            self._controls.append(here)

    def __enter__(self) -> "Crowds":
        return self

    def __exit__(self, *_: object) -> None:
        for control in self._controls:
            control.close()
        for process in self.processes:
            process.join(20)
            if process.is_alive():
                process.kill()
                process.join()

    def tell(self, what: str, *arguments: object) -> None:
        """Have every process do something (a method of Crowd)."""
        for control in self._controls:
            control.send((what, arguments))

    def tally(self) -> Tally:
        """How all agents of all processes stand."""
        self.tell("tally")
        each: list[Tally] = [control.recv() for control in self._controls]
        refused: Counter[str] = Counter()
        for one in each:
            refused.update(one.refused)
        return Tally(
            sum(one.connected for one in each), sum(one.told for one in each), sum(one.connects for one in each),
            dict(refused), sum(one.attempts for one in each), sorted(t for one in each for t in one.joined),
            sorted(t for one in each for t in one.tried), sum(one.observations for one in each),
        )  # fmt: skip
