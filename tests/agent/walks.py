"""What tests of walks share: paths on loopback, a wire that shows what the test puts on it, and an agent's answers."""

import asyncio
import contextlib
import itertools
import os
import socket

from bellrock.agent.wires import BusyError, Wire
from bellrock.contract import Order
from bellrock.contract.walk import Path, TellPath, WatchPath
from bellrock.wire import mark
from bellrock.wire.mark import Kind, Mark

WALK, KEY = "00112233445566aa", "ab" * 32
HERE = "127.0.0.1"
BLOCKS = itertools.count(20_000 + os.getpid() % 256 * 32, 32)
"""Below what kernels choose from, so that no other socket has a port of them; each walk has its own."""


def text(kind=Kind.REQUEST, number=0, key=KEY):
    return mark.encode(Mark(bytes.fromhex(WALK), kind, number), bytes.fromhex(key))


def is_reply(said):
    return mark.find(said, bytes.fromhex(WALK), bytes.fromhex(KEY)).kind is Kind.REPLY


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind((HERE, 0))
        return sock.getsockname()[1]


def path(protocol="udp", port=0, **rest):
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    known = {"port": port or free_port(kind), "source_port": next(BLOCKS), "target": HERE, "within": 0.6}
    return Path(walk=WALK, key=KEY, protocol=protocol, **(known | rest))


class Wires:
    """In the place of the tap: loopback is no Ethernet, so that nothing would be seen anyhow."""

    def __init__(self, *passed, busy=False):
        self.passed = list(passed)
        self.busy = busy
        self.open = 0

    @contextlib.contextmanager
    def watch(self, wanted):
        if self.busy:
            raise BusyError("8 walks are under way here already")
        wire = Wire(wanted)
        wire.passed += self.passed
        self.open += 1
        try:
            yield wire
        finally:
            self.open -= 1


class Said(list):
    """What an agent tells the region."""

    def __call__(self, message):
        self.append(message)
        return True

    async def first(self, kind):
        async with asyncio.timeout(10):
            while not (found := [one for one in self if isinstance(one, kind)]):
                await asyncio.sleep(0.005)
        return found[0]


@contextlib.asynccontextmanager
async def watched(watcher, wanted, *, listen=True):
    """A target that watches, until the test has asked it for what it saw."""
    task = asyncio.ensure_future(watcher.watch(Order("1", WatchPath(wanted, listen))))
    try:
        yield
        assert await watcher.tell(Order("2", TellPath(wanted.walk))) == ""
        assert await asyncio.wait_for(task, 10) == ""
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def play(scene):
    async def bounded():
        async with asyncio.timeout(60):
            await scene()

    asyncio.run(bounded())
