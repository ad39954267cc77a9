"""Who reaches what: the table of agents and flows, and the evidence behind each cell."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import sites
from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser


def cell(page: Page, words: str) -> object:
    return page.get_by_role("button", name=re.compile(words))


class TestMatrix:
    def test_agents_with_faults_stand_first_and_cells_say_what_they_show(self, visit: Opener) -> None:
        page = visit(sites.reaching()).enter().page
        section = page.locator("section:has(#reach-title)")
        expect(section).to_contain_text("2 of 7 checks found a fault; 1 could not be made.")
        expect(section.locator("tbody th")).to_have_text(["rack-2 gone", "rack-1"])
        expect(section.locator("thead th")).to_have_text(["Agent", "dns", "ntp", "redfish", "lxd"])
        expect(cell(page, "^rack-2, dns: filtered, 1 of 2 checks: nothing came back")).to_have_text("✕1")
        expect(cell(page, "^rack-2, lxd: degraded, 1 of 1 check")).to_have_text("◐1")
        expect(cell(page, "^rack-1, dns: works, 2 checks$")).to_have_text("●")
        expect(cell(page, "^rack-1, redfish: closed, as it should be")).to_have_text("◌")
        expect(cell(page, "^rack-1, ntp: not checked")).to_have_text("?")

    def test_a_cell_opens_the_evidence_and_closes_it_again(self, visit: Opener) -> None:
        page = visit(sites.reaching()).enter().page
        fault = cell(page, "^rack-2, dns")
        fault.click()
        expect(page.locator("#results-title")).to_be_focused()
        results = page.locator(".results")
        expect(results).to_contain_text("rack-2 gets no answer from 10.10.0.1:53 by TCP.")
        expect(results.locator("summary b")).to_have_text(["10.10.0.1:53 tcp", "10.10.0.1:53 udp"])
        results.locator("summary").nth(1).click()
        expect(results.locator("details[open] .trace li")).to_have_text(
            ["+0.0 ms sent query 1", "+1.0 ms received answer 1 40 octets"]
        )
        expect(fault).to_have_attribute("aria-expanded", "true")
        results.get_by_role("button", name="close").click()
        expect(results).to_have_count(0)

    def test_what_cannot_be_fetched_is_said(self, visit: Opener) -> None:
        page = visit(sites.reaching()).enter().page
        cell(page, "^rack-1, dns").click()
        expect(page.locator(".results .wrong")).to_have_text("Not found")

    def test_the_arrow_keys_walk_over_cells_that_are_there(self, visit: Opener) -> None:
        here = visit(sites.reaching()).enter()
        cell(here.page, "^rack-2, dns").focus()
        here.press("ArrowDown")
        expect(cell(here.page, "^rack-1, dns")).to_be_focused()
        here.press("ArrowRight")
        expect(cell(here.page, "^rack-1, ntp")).to_be_focused()
        here.press("Enter")
        expect(here.page.locator(".results")).to_contain_text("tried from rack-1")

    def test_a_verdict_that_changes_is_seen_at_once(self, visit: Opener) -> None:
        here = visit(sites.reaching()).enter()
        after = here.region.site.changed()
        after.matrix["cells"][3] |= {"verdict": "works", "faults": 0, "counts": {"works": 2}}
        here.region.show(after)
        expect(cell(here.page, "^rack-2, dns: works, 2 checks$")).to_have_text("●")

    def test_an_operator_has_all_tried_now_and_sees_how_far_it_is(self, visit: Opener) -> None:
        here = visit(sites.reaching()).enter()
        here.page.get_by_role("button", name="try all now").click()
        expect(here.page.locator("section:has(#reach-title)").get_by_role("status")).to_have_text(
            "rack-1 and rack-2 try flows now: 12 of 40 done."
        )
        assert here.region.calls == [("POST", "/api/v1/probes", {})]

    def test_a_viewer_looks_and_orders_nothing(self, visit: Opener) -> None:
        here = visit(sites.reaching())
        here.page.goto(here.region.url)
        here.page.get_by_label("User", exact=True).fill("vera")
        here.page.get_by_label("Password", exact=True).fill("correct horse")
        here.press("Enter")
        expect(cell(here.page, "^rack-2, dns")).to_be_visible()
        assert here.page.get_by_role("button", name="try all now").count() == 0

    def test_without_a_site_the_page_says_what_is_missing(self, visit: Opener) -> None:
        page = visit().enter().page
        expect(page.locator("section:has(#reach-title)")).to_contain_text("No site file is known here")
