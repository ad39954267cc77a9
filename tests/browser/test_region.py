"""The page on a real region, to which agents report by the contract: nothing of the API is stood in for."""

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bellrock.model import RefusalCount
from tests.browser.conftest import WATCH_POLICY
from tests.region.support import Agent, agent, confirmed, host_seen, interface, now, port, region

pytestmark = pytest.mark.browser


class Site:
    """A region and two agents, in a loop of their own in another thread."""

    def __init__(self, state_dir: Path) -> None:
        self.login = ""
        self.agents: dict[str, Agent] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.do(self._open(state_dir))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(30)

    async def _open(self, state_dir: Path) -> None:
        running = await self._stack.enter_async_context(region(state_dir))
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
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "state")
    yield site
    site.close()


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[[str], Any]]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH_POLICY)
    complaints: list[str] = []

    def start(url: str) -> Any:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield start
    context.close()
    assert complaints == []


def test_what_agents_report_is_on_the_page_at_once_and_can_be_explained_and_named(
    site: Site, watch: Callable[[str], Any]
) -> None:
    page = watch(site.login)
    expect(page.locator(".headline")).to_contain_text("2 hosts")
    site.do(
        site.tell(
            "rack1", 2, confirmed("rack1/eth0", "rack2/eth0"), confirmed("rack1/eth0", "rack2/eth0", 20), complete=True
        )
    )
    site.do(
        site.tell(
            "rack2", 2, confirmed("rack2/eth0", "rack1/eth0"), confirmed("rack2/eth0", "rack1/eth0", 20), complete=True
        )
    )
    eth0 = page.locator('.plug[data-spot="rack1/eth0"]')
    expect(eth0).to_have_attribute("aria-label", re.compile("untagged in .*confirmed; tagged in VLAN 20.*confirmed"))
    expect(page.locator('.plug[data-spot="rack1/eth1"]')).to_have_class(re.compile("unattached"))

    eth0.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".detail .observations li").first).to_contain_text("ago")
    page.locator("#end-a").fill("rack1/eth0.20")
    page.locator("#end-b").fill("rack2/eth0.20")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="explain", exact=True).click()
    expect(page.locator(".verdict")).to_have_text("rack1/eth0.20 and rack2/eth0.20 are in one VLAN.")
    expect(page.locator(".chain li")).not_to_have_count(0)

    page.get_by_role("button", name=re.compile("^Rename VLAN 20")).first.click()
    page.keyboard.type("storage")
    page.keyboard.press("Enter")
    expect(page.locator(".rail-name", has_text="storage")).to_be_visible()

    refused = RefusalCount(port("rack1/eth1"), "02:00:00:00:00:99", "wrong-secret", 7, "no secret fits", None, now())
    site.do(site.tell("rack1", 3, refused))
    expect(page.locator(".rows", has_text="From MAC")).to_contain_text("02:00:00:00:00:99")

    page.get_by_role("button", name="log out").click()
    expect(page.get_by_label("One-time login token")).to_be_visible()
