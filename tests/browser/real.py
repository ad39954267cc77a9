"""A region that really runs, in a thread of its own, and a browser that watches it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import WATCH_POLICY
from tests.region.support import Agent, Running, agent, host_seen, interface, region


class Site:
    """A region and two agents, in a loop of their own in another thread."""

    running: Running

    def __init__(self, state_dir: Path, **settings: Any) -> None:
        self.login = ""
        self.agents: dict[str, Agent] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.do(self._open(state_dir, settings))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in the region's loop, and wait for what comes of it."""
        return self.start(work).result(30)

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Begin something that goes on while the test does."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open(self, state_dir: Path, settings: dict[str, Any]) -> None:
        running = await self._stack.enter_async_context(region(state_dir, **settings))
        self.running = running
        self.login = running.ready.login_url
        for name in ("rack1", "rack2"):
            one = await self._stack.enter_async_context(agent(running.url, name))
            self.agents[name] = one
            told = [
                host_seen(name),
                interface("eth0", name),
                interface("eth1", name),
                interface("eth0.20", name, kind="vlan", vid=20, parents=("eth0",)),
            ]
            await one.report(1, *told, begin=True)
            await one.acknowledged(1)

    async def tell(self, name: str, seq: int, *observations: Any, **options: Any) -> None:
        await self.agents[name].report(seq, *observations, **options)
        await self.agents[name].acknowledged(seq)

    def close(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Opens a page: `watch(url, refused=…)`. It may complain of nothing but, if so said, of answers that the region refused."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH_POLICY)
    complaints: list[str] = []

    def start(url: str, *, refused: bool = False) -> Any:
        page = context.new_page()

        def note(message: Any) -> None:
            if message.type == "error" and not (refused and message.text.startswith("Failed to load resource")):
                complaints.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield start
    context.close()
    assert complaints == []
