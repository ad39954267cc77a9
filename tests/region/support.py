"""A region to talk to, and an agent that speaks the contract to it."""

from __future__ import annotations

import asyncio
import functools
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from bellrock.contract import (
    CAPTURES,
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
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostSeen,
    Interface,
    InterfaceSeen,
    Observation,
    Port,
    Wall,
)
from bellrock.region.api import login
from bellrock.region.server import Ready, Secret, Settings, serve

KEY = bytes(range(32))
SECRET = Secret("a0a0a0a0", bytes(range(1, 33)), KEY)
BOUND = 30.0
"""Seconds after which a wait has failed."""
WATCHING: list[Callable[[httpx.Response], Awaitable[None]]] = []
"""Told of each answer that a client of a region gets."""


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own, within a bound."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(300):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


async def until(condition: Callable[[], Any], within: float = BOUND) -> Any:
    """Poll a condition, plain or awaitable, until it is truthy, and return what it gave."""
    end = time.monotonic() + within
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not so within {within} s: {condition}; last: {found!r}")
        await asyncio.sleep(0.01)


class Running:
    """A region that serves in this loop."""

    def __init__(self, ready: Ready, state_dir: Path, stop: asyncio.Event) -> None:
        self.ready = ready
        self.url = next((url for url in ready.addresses if url.startswith("http")), "")
        self.token = (state_dir / "api-token").read_text().strip()
        self.stop = stop
        self.tls = next(iter(ready.regions), "")

    def client(self, **headers: str) -> httpx.AsyncClient:
        """An HTTP client without credentials. Its answers are told to who is WATCHING."""
        hooks = {"response": [*WATCHING]}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, event_hooks=hooks)

    async def get(self, path: str, **parameters: str) -> Any:
        """The JSON of an API route, asked with the API token."""
        async with self.client(authorization=f"Bearer {self.token}") as client:
            answer = await client.get(f"/api/v1/{path}", params=parameters)
            assert answer.status_code == 200, answer.text
            return answer.json()

    def live(self, **options: Any) -> connect:
        """The live WebSocket, with the API token."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("additional_headers", {})
        return connect(
            self.url.replace("http", "ws") + "/api/v1/live", additional_headers=headers, proxy=None, **options
        )


@asynccontextmanager
async def region(state_dir: Path, **settings: Any) -> AsyncIterator[Running]:
    """A region on a free loopback port; `made` is called with the Region itself."""
    stop = asyncio.Event()
    started: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
    chosen = {"listen": ("127.0.0.1:0",), "keys": (SECRET,)} | settings
    made = chosen.pop("made", id)
    serving = serve(Settings(state_dir=state_dir, **chosen), started.set_result, stop, running=made)
    task = asyncio.create_task(serving)
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield Running(started.result(), state_dir, stop)
    finally:
        stop.set()
        await task


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have logins take no time at all: then who guesses has to wait however long checking the guesses takes on this machine."""
    now = time.monotonic()
    monkeypatch.setattr(login, "time", SimpleNamespace(monotonic=lambda: now))


class TurnedAway(Exception):
    """The region said Rejected."""


class Agent:
    """An agent's connection: shakes hands, sends what the test tells it to, and collects acknowledgements."""

    def __init__(self, connection: ClientConnection, host: Host, boot: str) -> None:
        self.connection = connection
        self.host = host
        self.boot = boot
        self.acked = 0
        self.acks: list[int] = []

    async def shake_hands(self, key: bytes = KEY, *, certified: bool = False, **changes: Any) -> Welcome:
        """Prove ourselves, and check the region's proof."""
        challenge = decode_region_message(await self.connection.recv())
        if isinstance(challenge, Rejected):
            raise TurnedAway(challenge.why)
        assert isinstance(challenge, Challenge)
        nonce = secrets.token_hex(32)
        proof = prove(key, "agent", challenge.nonce, nonce, self.host.id)
        fields = {
            "version": VERSION,
            "host": self.host,
            "boot": self.boot,
            "nonce": nonce,
            "proof": proof,
            "sent": now(),
            "carries_out": (CAPTURES,),
        }
        await self.connection.send(encode(Hello(**(fields | changes))))
        answer = decode_region_message(await self.connection.recv())
        if isinstance(answer, Rejected):
            raise TurnedAway(answer.why)
        assert isinstance(answer, Welcome)
        assert certified or answer.proof == prove(key, "region", nonce, challenge.nonce, challenge.region)
        self.acked = answer.acked
        return answer

    async def report(self, seq: int, *observations: Observation, **options: Any) -> None:
        """Send a report, without waiting for its acknowledgement."""
        sent = options.pop("sent", now())
        await self.connection.send(encode(Report(seq, options.pop("boot", self.boot), sent, observations, **options)))

    async def keep_alive(self, seq: int, sent: Wall | None = None) -> None:
        """Say that all up to `seq` still holds."""
        await self.connection.send(encode(KeepAlive(seq, now() if sent is None else sent)))

    async def acknowledged(self, seq: int) -> None:
        """Wait until a report is acknowledged."""
        async with asyncio.timeout(BOUND):
            while self.acked < seq:
                await self.next_ack()

    async def next_ack(self) -> int:
        """The next acknowledgement."""
        message = decode_region_message(await self.connection.recv())
        assert isinstance(message, Ack)
        self.acks.append(message.seq)
        self.acked = max(self.acked, message.seq)
        return message.seq


@asynccontextmanager
async def agent(
    url: str, name: str = "rack1", boot: str = "boot-1", key: bytes = KEY, **changes: Any
) -> AsyncIterator[Agent]:
    """An agent that has been let in. Its id is `id-NAME`."""
    stream = url.replace("http", "ws") + "/api/v1/agents/stream"
    async with connect(stream, proxy=None, compression=None, max_size=None) as connection:
        one = Agent(connection, Host(f"id-{name}", name, "rack"), boot)
        await one.shake_hands(key, **changes)
        yield one


def now() -> Wall:
    """This machine's wall clock."""
    return Wall(time.time())


def host_seen(name: str = "rack1") -> HostSeen:
    """A host says that it is there."""
    return HostSeen(Host(f"id-{name}", name, "rack"), now())


def interface(name: str = "eth0", host: str = "rack1", **facts: Any) -> InterfaceSeen:
    """A settled interface, with a MAC made from its names."""
    mac = "02:" + ":".join(f"{byte:02x}" for byte in (host + name).encode()[-5:].rjust(5, b"\0"))
    chosen = {"name": name, "index": 2, "mac": mac, "settled": True, "carrier": True} | facts
    return InterfaceSeen(f"id-{host}", Interface(**chosen))


def confirmed(a: str, b: str, vid: int | None = None, **facts: Any) -> EvidenceSeen:
    """`a` and `b` are HOST/INTERFACE: `b` acknowledged a fresh beacon of `a`."""
    chosen = {"round_trip": 0.001, "since": now(), "seen": now(), "proof": ("01A", "01B")} | facts
    kind = chosen.pop("kind", EvidenceKind.CONFIRMED)
    return EvidenceSeen(Evidence(kind=kind, port=port(a, vid), peer=port(b, vid), **chosen))


def port(text: str, vid: int | None = None) -> Port:
    """HOST/INTERFACE as a port."""
    host, _, name = text.partition("/")
    return Port(f"id-{host}", name, vid)


async def closed(connection: ClientConnection) -> tuple[int, str]:
    """Read on until the connection is closed: (code, reason)."""
    with pytest.raises(websockets.ConnectionClosed) as end:
        await asyncio.wait_for(read_on(connection), BOUND)
    assert end.value.rcvd is not None, end.value
    return end.value.rcvd.code, end.value.rcvd.reason


async def read_on(connection: ClientConnection) -> None:
    """Take what comes, until the connection is closed, or whoever waits is cancelled."""
    while True:
        await connection.recv()
