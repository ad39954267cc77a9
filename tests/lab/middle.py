"""Somebody on the way between an agent and its region: ends TLS with a certificate of his own, and passes on, records or makes up the rest."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bellrock.contract.join import PATH
from bellrock.region.authority import open_authority

Talk = Callable[[ServerConnection], Awaitable[None]]


class Middle:
    """Where he listens, under whose authority, and what he has heard from each side, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.authority = ""
        self.agent_said: list[str] = []
        self.region_said: list[str] = []


@contextlib.asynccontextmanager
async def middle(directory: Path, now: float, talk: Callable[[Middle], Talk]) -> AsyncIterator[Middle]:
    """A server that talks to agents as `talk` has it, under an authority of its own."""
    await asyncio.to_thread(directory.mkdir, mode=0o700)
    authority = open_authority(directory, "mallory", now)
    made = authority.serve_as(["127.0.0.1"], now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(made.path)
    found = Middle()
    found.authority = authority.fingerprint
    async with serve(talk(found), "127.0.0.1", 0, ssl=context) as server:
        found.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found


def passing_on(region: str) -> Callable[[Middle], Talk]:
    """Carries every word of a conversation between the agent and the real region, unchanged, and keeps it."""

    def begin(found: Middle) -> Talk:
        async def talk(agent: ServerConnection) -> None:
            async with connect(region.replace("https", "wss") + PATH, ssl=_anybody(), proxy=None) as theirs:
                await asyncio.gather(_carry(agent, theirs, found.agent_said), _carry(theirs, agent, found.region_said))

        return talk

    return begin


def saying(answer: Callable[[int, str], str | None]) -> Callable[[Middle], Talk]:
    """Answers the nth word of an agent by himself; None: hangs up."""

    def begin(found: Middle) -> Talk:
        async def talk(agent: ServerConnection) -> None:
            with contextlib.suppress(ConnectionClosed):
                async for word in agent:
                    found.agent_said.append(word)
                    said = answer(len(found.agent_said), word)
                    if said is None:
                        return
                    found.region_said.append(said)
                    await agent.send(said)

        return talk

    return begin


async def _carry(source, sink, heard: list[str]) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for word in source:
            heard.append(word)
            await sink.send(word)
    await sink.close()


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
