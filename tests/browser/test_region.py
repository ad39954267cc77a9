"""The page on a real region, to which agents report by the contract: nothing of the API is stood in for."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bellrock.contract import Done, MeasureMtu, Order, decode_region_message, encode
from bellrock.model import MtuLimit, MtuSeen, RefusalCount
from tests.browser.real import Site, watch
from tests.region.support import Agent, confirmed, interface, now, port

pytestmark = pytest.mark.browser
__all__ = ["watch"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "state")
    yield site
    site.close()


def test_what_agents_report_is_on_the_page_at_once_and_can_be_explained_and_named(
    site: Site, watch: Callable[..., Any]
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


def test_what_was_measured_is_on_the_page_with_its_culprit_and_can_be_measured_again(
    site: Site, watch: Callable[..., Any]
) -> None:
    page = watch(site.login)
    for name in ("rack1", "rack2"):
        other = "rack2" if name == "rack1" else "rack1"
        jumbo = interface("eth0", name, mtu=9000)
        seen = MtuSeen(port(f"{name}/eth0"), port(f"{other}/eth0"), 1500, MtuLimit.LINK, 9000, 1501, 9000, now())
        site.do(site.tell(name, 2, jumbo, confirmed(f"{name}/eth0", f"{other}/eth0"), seen, complete=True))
    section = page.locator("section:has(#mtu-title)")
    expect(section).to_contain_text("2 of 2 directed pairs of neighbours pass less than their interfaces allow.")
    expect(section.get_by_role("list", name="Where packets stop").locator(".port").first).to_contain_text("/eth0")
    expect(section.locator("tbody tr")).to_have_count(2)
    cells = page.locator("section:has(#interfaces-title) .passes")
    expect(cells).to_have_text(["1500 pass", "1500 pass"])

    page.get_by_role("button", name="measure now").click()
    order = site.do(next_order(site.agents["rack1"]))
    assert isinstance(order.do, MeasureMtu)
    expect(section.get_by_role("status")).to_contain_text("rack1")
    site.do(site.agents["rack1"].connection.send(encode(Done(order.id))))
    expect(section.get_by_role("status")).to_have_text("rack2 measures now.")


async def next_order(one: Agent) -> Order:
    """The next order that the region gives."""
    while not isinstance(message := decode_region_message(await one.connection.recv()), Order):
        pass
    return message
