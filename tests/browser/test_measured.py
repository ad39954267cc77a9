"""What was measured and found out: MTU, nodes."""

from collections.abc import Callable

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
        expect(section.locator(".conflicts .sentences li")).to_have_count(2)
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
        expect(page.locator("section:has(#mtu-title)").get_by_role("status")).to_have_text(
            "rack-1 and rack-2 measure now."
        )
        assert here.region.calls[-1][:2] == ("POST", "/api/v1/mtu/measure")
        page.get_by_role("button", name="log out").click()
        come_in(here, "vera")
        expect(page.locator("#mtu-title")).to_be_visible()
        assert page.get_by_role("button", name="measure now").count() == 0

    def test_what_was_not_measured_is_not_called_well(self, visit: Opener) -> None:
        page = visit().enter().page
        expect(page.locator("section:has(#mtu-title)")).to_contain_text("Nothing was measured yet")
        assert page.locator(".passes").count() == 0


class TestNodes:
    def test_few_nodes_stand_open_with_places_and_findings(self, visit: Opener) -> None:
        page = visit(sites.commissioning(2)).enter().page
        page.get_by_role("button", name="errors on 1 node in commissioning").click()
        expect(page.locator("#nodes-title")).to_be_focused()
        node = page.locator(".node", has_text="node-7")
        expect(node.locator("summary")).to_contain_text("2 interfaces, 1 placed; 1 error, 1 warning")
        expect(node.locator("summary")).to_contain_text("by way of rack-1/eth0")
        expect(node.locator("tbody tr").first).to_contain_text(
            "eth0yes25 Gbit/s full1500VLAN 10 pxefabric-0sw-1 ge-0/0/17"
        )
        found = node.locator(".findings > li")
        expect(found).to_have_count(2)
        expect(found.first).to_contain_text("error node-7/eth0 is in VLAN 20 storage")
        expect(found.first.locator("code")).to_have_text("switchport access vlan 10")
        expect(found.first.locator(".sentences")).to_contain_text("acknowledged a fresh beacon")

    def test_many_nodes_are_lines_worst_first_and_the_filter_finds_one(self, visit: Opener) -> None:
        here = visit(sites.commissioning(90)).enter()
        nodes = here.page.locator(".node")
        expect(nodes).to_have_count(60)
        expect(here.page.locator("section:has(#nodes-title)")).to_contain_text("and 30 more")
        assert here.page.locator(".node[open]").count() == 0
        here.press("/")
        here.page.keyboard.type("host:node-8")
        expect(nodes).to_have_count(11)
        expect(here.page.locator("#nodes-title")).to_contain_text("11 of 90")
        expect(nodes.last).to_contain_text("node-8")

    def test_an_open_node_stays_open_when_the_region_speaks(self, visit: Opener) -> None:
        here = visit(sites.commissioning(5)).enter()
        here.page.locator(".node summary", has_text="node-9").click()
        here.region.show(here.region.site.changed())
        expect(here.page.locator(".node[open]")).to_have_count(1)

    def test_without_nodes_there_is_no_section(self, visit: Opener) -> None:
        page = visit().enter().page
        expect(page.locator("#interfaces-title")).to_be_visible()
        assert page.locator("#nodes-title").count() == 0


@pytest.mark.parametrize("width", [360, 1440, 3840])
@pytest.mark.parametrize("make", [sites.squeezed, sites.commissioning, sites.enrolled])
def test_no_window_scrolls_sideways(visit: Opener, make: Callable[[], sites.Site], width: int) -> None:
    page = visit(make(), width=width, height=800).enter().page
    page.locator("#audit-title").wait_for()
    for summary in page.locator(".node summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_control_of_the_new_parts_has_a_name(visit: Opener) -> None:
    page = visit(sites.enrolled()).enter().page
    page.locator("#audit-title").wait_for()
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, summary, [role=group], [role=region], section')].filter((e) =>
             !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.getAttribute('aria-labelledby'))).map((e) => e.outerHTML)"""
    )
    assert nameless == []
