"""A few agents that tell as fast as they are let: in a process of their own, with all that they say encoded before the clock starts."""

import asyncio
import itertools
import multiprocessing
import secrets
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection

from msgspec import Struct

from bellrock.contract import VERSION, Ack, Challenge, Hello, Report, Welcome, decode_region_message, encode, prove
from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Host, HostSeen, Interface, InterfaceSeen, Port, Wall
from bench._crowd import TEXT, Line, frame

CHANGES = 2
"""In each report."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be told."""

    port: int
    key: bytes
    agents: int
    reports: int
    """Of each agent."""
    window: int
    """Reports ahead of their acknowledgement."""


class Told(Struct, frozen=True, kw_only=True):
    """How that went. Times are the monotonic clock's."""

    began: float
    ended: float
    delays: list[float]
    """Seconds until each report was acknowledged."""
    cpu: float


class Teller:
    """One agent's end of the contract (as `bench._crowd.Line` calls it)."""

    def __init__(self, wanted: Wanted, name: str, begin: asyncio.Event) -> None:
        self.wanted = wanted
        self.host = Host(name, name, "rack")
        self.line: Line | None = None
        self.begin = begin
        self.welcome, self.over = asyncio.Event(), asyncio.Event()
        self.frames = [frame(TEXT, encode(one).encode()) for one in reports(self.host, wanted.reports)]
        self.sent: deque[float] = deque()
        self.acked = 0
        self.delays: list[float] = []
        self.why = ""

    async def run(self) -> None:
        """Connect, wait for the others, tell, and wait until all is acknowledged."""
        loop = asyncio.get_running_loop()
        _, self.line = await loop.create_connection(lambda: Line(self, "127.0.0.1"), "127.0.0.1", self.wanted.port)
        await self.welcome.wait()
        await self.begin.wait()
        self._send()
        await self.over.wait()
        self.line.transport.close()
        if self.acked < self.wanted.reports:
            raise RuntimeError(f"the connection ended after {self.acked} of {self.wanted.reports} reports: {self.why}")

    def message(self, text: bytes) -> None:
        """The region says something."""
        match decode_region_message(text):
            case Ack(seq):
                now = time.monotonic()
                self.delays += (now - self.sent.popleft() for _ in range(seq - self.acked))
                self.acked = seq
                self._send()
            case Challenge(nonce=theirs):
                self._say_hello(theirs)
            case Welcome():
                self.welcome.set()
            case other:
                self.lost(str(other))

    def lost(self, why: str) -> None:
        """The connection ended."""
        self.why = self.why or why
        self.welcome.set()
        self.over.set()

    def _say_hello(self, theirs: str) -> None:
        assert self.line is not None
        nonce = secrets.token_hex(32)
        proof = prove(self.wanted.key, "agent", theirs, nonce, self.host.id)
        hello = Hello(version=VERSION, host=self.host, boot="b", nonce=nonce, proof=proof, sent=Wall(time.time()))
        self.line.transport.write(frame(TEXT, encode(hello).encode()))

    def _send(self) -> None:
        assert self.line is not None
        at = self.acked + len(self.sent)
        more = self.frames[at : self.acked + self.wanted.window]
        if more:
            self.sent.extend(itertools.repeat(time.monotonic(), len(more)))
            self.line.transport.write(b"".join(more))
        if self.acked == self.wanted.reports:
            self.over.set()


def reports(host: Host, count: int) -> Iterator[Report]:
    """Each tells of one changed interface and one piece of evidence."""
    for seq in range(1, count + 1):
        now = Wall(time.time())
        number = seq % 30
        interface = Interface(
            name=f"eth{number}", index=number, mac=f"02:00:00:00:00:{number:02x}", mtu=1500 + seq % 7, settled=True
        )
        evidence = Evidence(
            kind=EvidenceKind.CONFIRMED, port=Port(host.id, f"eth{number}"), peer=Port("peer", f"eth{number}"),
            peer_name="peer", round_trip=0.001, since=now, seen=now, proof=(str(seq),),
        )  # fmt: skip
        first = (HostSeen(host, now),) if seq == 1 else ()
        yield Report(seq, "b", now, (*first, InterfaceSeen(host.id, interface), EvidenceSeen(evidence)), begin=seq == 1)


def serve(wanted: Wanted, control: Connection) -> None:
    """The process: answers with a `Told`, or with why there is none."""
    control.send(asyncio.run(_tell(wanted)))


async def _tell(wanted: Wanted) -> Told:
    begin = asyncio.Event()
    tellers = [Teller(wanted, f"rack{number}", begin) for number in range(wanted.agents)]
    async with asyncio.TaskGroup() as tasks:
        for teller in tellers:
            tasks.create_task(teller.run())
        for teller in tellers:
            await teller.welcome.wait()
        began, cpu = time.monotonic(), time.process_time()
        begin.set()
    delays = [delay for teller in tellers for delay in teller.delays]
    return Told(began=began, ended=time.monotonic(), delays=delays, cpu=time.process_time() - cpu)


def told(wanted: Wanted, within: float = 300.0) -> Told:
    """Have a process of its own tell all that; how it went.

    Raises:
        RuntimeError: it did not come to its end.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(wanted, there))
    process.start()
    there.close()
    try:
        if not here.poll(within):
            raise RuntimeError(f"not all was acknowledged within {within:g} s")
        found = here.recv()
    except EOFError:
        raise RuntimeError("those who tell ended before all was told") from None
    finally:
        here.close()
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
    assert isinstance(found, Told)
    return found
