"""A real region in this process, over TLS on loopback, and what an agent brings to join it."""

import asyncio
import contextlib
from pathlib import Path

from bellrock.agent.credentials import make_key
from bellrock.agent.join import Joiner
from bellrock.model import Host
from bellrock.region.server import Settings, secrets_of, serve
from bellrock.wire.keys import Key, Keyring

AGENT = "01M3250V7TXQRSP72K94ZGK21K"
OTHER = "01M3250V7TXQRSP72K94ZGK21L"
RIGHT, WRONG, THIRD = (Keyring([Key(letter * 32)]) for letter in (b"r", b"w", b"t"))


class Running:
    """A region that serves: `url`, `authority`, and the region itself."""

    def __init__(self, ready, region):
        self.url = next(url for url in ready.addresses if url.startswith("https://"))
        self.plain = next((url for url in ready.addresses if url.startswith("http://")), "")
        self.authority = ready.authority
        self.region = region


@contextlib.asynccontextmanager
async def running(state_dir: Path, keyring: Keyring = RIGHT, *, listen=("https://127.0.0.1:0",), **more):
    """A region from start to stop."""
    stop, said, regions = asyncio.Event(), asyncio.get_running_loop().create_future(), []
    settings = Settings(state_dir=state_dir, keys=secrets_of(keyring), listen=listen, **more)
    serving = asyncio.ensure_future(serve(settings, said.set_result, stop, running=regions.append))
    done, _ = await asyncio.wait({serving, said}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    if serving in done:
        serving.result()
    try:
        yield Running(said.result(), regions[0])
    finally:
        stop.set()
        await serving


def joiner(keyring: Keyring = RIGHT, *, agent: str = AGENT, name: str = "rack-1", key=None, **more) -> Joiner:
    """An agent that joins."""
    return Joiner(
        host=Host(agent, name, "rack"), boot="01M3250V7TXQRSP72K94ZGK2BT", key=key or make_key(), keyring=keyring, **more
    )  # fmt: skip


async def until(predicate, what: str, within: float = 120.0):
    """Wait until something is so."""
    try:
        async with asyncio.timeout(within):
            while not predicate():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(what) from None
