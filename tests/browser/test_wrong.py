"""What is wrong: a line for each cause, which opens on its proof and what to do."""

import pytest
from playwright.sync_api import expect

from tests.browser import sites
from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser


class TestWrong:
    def test_the_gravest_stands_first_and_opens_on_its_proof(self, visit: Opener) -> None:
        page = visit(sites.ailing()).enter().page
        section = page.locator("section:has(#wrong-title)")
        expect(section).to_contain_text("1 error, 1 warning, 5 notices; 1 symptom of 7 causes.")
        causes = section.locator("details")
        expect(causes).to_have_count(5)
        expect(causes.nth(0).locator("summary")).to_contain_text("VLAN 20 on rack-1/eth1 has two DHCP servers")
        expect(causes.nth(0).locator("summary")).to_contain_text("explains 1 more")
        expect(causes.nth(1).locator("summary")).to_contain_text("comes and goes")
        causes.nth(0).locator("summary").click()
        why = causes.nth(0).locator(".why")
        for words in (
            "libvirt's dnsmasq on host-7", "packet 7: an offer", "virsh net-destroy default", "bellrock check --only dhcp",
            "52:54:00:00:00:07 got no lease", "rack-1/eth1, VLAN 20, dhcp, 10.20.0.66", "bellrock explain dhcp-two-servers",
        ):  # fmt: skip
            expect(why).to_contain_text(words)
        section.get_by_role("button", name="show 2 more").click()
        expect(causes).to_have_count(7)

    def test_the_filter_leaves_what_it_is_about(self, visit: Opener) -> None:
        page = visit(sites.ailing()).enter().page
        page.get_by_role("searchbox").fill("rack-2")
        expect(page.locator("#wrong-title")).to_contain_text("2 of 7")

    def test_nothing_is_wrong_or_nobody_has_looked(self, visit: Opener) -> None:
        site = sites.three_racks()
        page = visit(site).enter().page
        expect(page.locator("section:has(#wrong-title)")).to_contain_text("The region has not looked yet.")
