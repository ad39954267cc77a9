"""What was measured and found out: MTU, nodes."""

import pytest
from playwright.sync_api import expect

from tests.browser import sites
from tests.browser.conftest import Opener
from tests.browser.test_people import come_in

pytestmark = pytest.mark.browser

CULPRIT = "All pairs through rack-2/eth0 stop at 1500 while the rest pass 9000: its switch port or its own MTU."


class TestMtu:
    def test_culprits_stand_in_the_section_and_the_first_line_leads_there(self, visit: Opener) -> None:
        page = visit(sites.squeezed()).enter().page
        page.get_by_role("button", name="large packets stop at 1 place").click()
        expect(page.locator("#mtu-title")).to_be_focused()
        section = page.locator("section:has(#mtu-title)")
        expect(section).to_contain_text("7 of 13 directed pairs of neighbours pass less than their interfaces allow.")
        expect(section.get_by_role("list", name="Where packets stop")).to_contain_text(CULPRIT)
        rows = section.locator("tbody tr")
        expect(rows).to_have_count(7)
        expect(rows.first).to_contain_text("rack-3/eth0rack-1/eth020nonelarger ones arrive in fragments")

    def test_a_culprit_points_at_its_port_in_the_picture(self, visit: Opener) -> None:
        page = visit(sites.squeezed()).enter().page
        page.get_by_role("button", name="show in the picture").click()
        lit = page.locator(".plug.lit").evaluate_all("(all) => all.map((e) => e.dataset.spot)")
        assert lit == ["rack-2/eth0"]
        page.get_by_role("button", name="stop showing").click()
        expect(page.locator(".plug.lit")).to_have_count(0)

    def test_interfaces_matrix_and_detail_say_what_passes(self, visit: Opener) -> None:
        here = visit(sites.squeezed()).enter()
        page = here.page
        cell = page.locator("section:has(#interfaces-title) .passes")
        expect(cell).to_have_count(4)
        assert "1500 pass" in cell.all_text_contents()
        assert cell.first.get_attribute("title")
        page.locator('.plug[data-spot="rack-2/eth0"]').focus()
        expect(page.locator(".detail")).to_contain_text("rack-2/eth0 to rack-1/eth0: 1500 pass")
        here.press("v")
        expect(page.locator(".matrix tr", has_text="rack-2").last.locator("td").last).to_contain_text("eth0: 1500 pass")

    def test_measuring_is_ordered_by_those_who_may(self, visit: Opener) -> None:
        here = visit(sites.squeezed())
        page = come_in(here, "otto")
        page.get_by_role("button", name="measure now").click()
        expect(page.locator("section:has(#mtu-title)").get_by_role("status")).to_contain_text("ordered")
        assert here.region.calls[-1][:2] == ("POST", "/api/v1/mtu/measure")
        page.get_by_role("button", name="log out").click()
        come_in(here, "vera")
        expect(page.locator("#mtu-title")).to_be_visible()
        assert page.get_by_role("button", name="measure now").count() == 0

    def test_what_was_not_measured_is_not_called_well(self, visit: Opener) -> None:
        page = visit().enter().page
        expect(page.locator("section:has(#mtu-title)")).to_contain_text("Nothing was measured yet")
        assert page.locator(".passes").count() == 0
