"""Processes of one region, in one event loop, on one real database."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.region.support import Running, region, until

AUTHORITY = "authority"


class Site:
    """Several processes of a region."""

    def __init__(self, directory: Path, url: str, stack: AsyncExitStack) -> None:
        self.url = url
        self._directory = directory
        self._stack = stack
        self.processes: list[Any] = []

    async def start(self, **settings: Any) -> tuple[Running, Any]:
        """One more: how it is reached, and the `Process`."""
        number = len(self.processes)
        state = self._directory / f"region-{number}"
        if number:
            shutil.copytree(self._directory / "region-0" / AUTHORITY, state / AUTHORITY)
        state.mkdir(mode=0o700, exist_ok=True)
        state.chmod(0o700)
        manager = region(state, database=self.url, made=self.processes.append, name=f"region-{number}", **settings)
        running = await self._stack.enter_async_context(manager)
        process = self.processes[number]
        await until(lambda: process.known.is_set())
        return running, process


@asynccontextmanager
async def site(directory: Path, url: str):
    """A region of no process yet."""
    async with AsyncExitStack() as stack:
        yield Site(directory, url, stack)


def in_time(test, seconds: float = 60.0):
    """Run a test's coroutine with a bound."""

    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await test

    asyncio.run(bounded())


async def interfaces(running) -> set[str]:
    """Those that a process knows of, whoever answers."""
    return {f"{one['host']}/{one['name']}" for one in await running.get("interfaces")}


async def until_async(ask, running, expected) -> None:
    """Ask until the answer is this."""
    async with asyncio.timeout(20):
        while (found := await ask(running)) != expected:
            assert found <= expected
            await asyncio.sleep(0.02)
