"""What a person does on the page, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import sites
from tests.browser.conftest import Opener
from tests.browser.standin import TOKEN

pytestmark = pytest.mark.browser


def plug(page: object, key: str) -> Locator:
    return page.locator(f'.plug[data-spot="{key}"]')  # type: ignore[attr-defined,no-any-return]


class TestLogin:
    def test_the_token_leaves_the_address_bar_and_never_goes_into_a_url(self, visit: Opener) -> None:
        here = visit().enter()
        assert here.page.url == f"{here.region.url}/"
        assert not [url for url in here.requested if TOKEN in url.split("#")[0]]
        here.page.go_back()
        assert TOKEN not in here.page.url

    def test_without_a_session_a_form_says_where_the_token_is(self, visit: Opener) -> None:
        here = visit()
        here.page.goto(here.region.url)
        expect(here.page.locator("main")).to_contain_text("bellrock up")
        here.page.get_by_label("One-time login token").fill("wrong")
        here.press("Enter")
        expect(here.page.get_by_role("alert")).to_have_text("This token is wrong or was used already.")
        here.page.get_by_label("One-time login token").fill(f"{here.region.url}/#login={TOKEN}")
        here.press("Enter")
        expect(here.page.locator(".headline")).to_be_visible()

    def test_a_used_token_leads_to_the_form_with_the_reason(self, visit: Opener) -> None:
        here = visit()
        here.page.goto(f"{here.region.url}/#login=used")
        expect(here.page.get_by_role("alert")).to_have_text("This token is wrong or was used already.")
        assert here.page.url == f"{here.region.url}/"

    def test_a_used_token_does_no_harm_to_a_session_that_is_there(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.goto("about:blank")
        here.page.goto(f"{here.region.url}/#login=used")
        expect(here.page.locator(".headline")).to_be_visible()
        expect(here.page.get_by_role("alert").first).to_have_text("")

    def test_an_address_pasted_into_the_open_form_is_followed(self, visit: Opener) -> None:
        here = visit()
        here.page.goto(here.region.url)
        here.page.evaluate("location.hash = 'login=used'")
        expect(here.page.get_by_role("alert")).to_have_text("This token is wrong or was used already.")
        here.page.evaluate(f"location.hash = 'login={TOKEN}'")
        expect(here.page.locator(".headline")).to_be_visible()

    def test_logging_out_ends_in_the_form_and_forgets_what_was_shown(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.get_by_role("button", name="log out").click()
        expect(here.page.get_by_label("One-time login token")).to_be_visible()
        assert "rack-1" not in here.page.content()


class TestLive:
    def test_a_moved_cable_is_seen_told_and_spoken(self, visit: Opener) -> None:
        here = visit().enter()
        expect(plug(here.page, "node-01/eth0")).to_have_attribute("aria-label", re.compile("VLAN 10 pxe"))
        here.region.show(sites.move(here.region.site, "node-01", "eth0", "fabric-0-10", "fabric-0-20"))
        expect(plug(here.page, "node-01/eth0")).to_have_attribute("aria-label", re.compile("VLAN 20 storage"))
        told = "node-01/eth0 moved from VLAN 10 pxe to VLAN 20 storage."
        expect(here.page.locator(".changes li")).to_contain_text([told])
        expect(here.page.locator("[aria-live=polite]")).to_have_text(told)

    def test_silence_is_stated_and_ends_by_itself(self, visit: Opener) -> None:
        here = visit().enter()
        here.region.silent = True
        here.region.drop()
        expect(here.page.locator(".pulse")).to_have_text(re.compile(r"no word from the region for \d+ s"))
        expect(here.page.locator(".pulse")).to_have_text(re.compile(r"for ([2-9]|[1-9][0-9]) s; trying again"))
        expect(plug(here.page, "rack-1/eth0")).to_be_visible()
        here.region.silent = False
        expect(here.page.locator(".pulse")).to_have_text("live", timeout=40_000)

    def test_an_update_moves_nothing_that_did_not_change(self, visit: Opener) -> None:
        here = visit().enter()
        where = "[...document.querySelectorAll('h2, .card, .score, .rail, td')].map((e) => JSON.stringify(e.getBoundingClientRect()))"
        before = here.page.evaluate(where)
        after = here.region.site.changed()
        for fabric in after.topology["fabrics"]:
            for vlan in fabric["vlans"]:
                for member in vlan["members"]:
                    member["age"] += 83.0
        for host in after.hosts:
            host["seen_age"] += 3600.0
        here.region.show(after)
        expect(here.page.locator(".rows", has_text="Agent").locator("tbody")).to_contain_text("60 min")
        assert here.page.evaluate(where) == before

    def test_looking_at_a_port_moves_nothing_below(self, visit: Opener) -> None:
        here = visit().enter()
        top = "document.querySelector('#interfaces-title').getBoundingClientRect().top + scrollY"
        before = here.page.evaluate(top)
        for key in ("rack-2/eth0", "node-03/eth1"):
            plug(here.page, key).hover()
            expect(here.page.locator(".detail .ident")).to_contain_text(key.split("/")[0])
            expect(here.page.locator(".detail")).to_contain_text(re.compile("observation"))
            assert here.page.evaluate(top) == before

    def test_what_does_not_fit_its_shape_is_said_and_not_shown(self, visit: Opener) -> None:
        here = visit().enter()
        broken = here.region.site.changed()
        broken.vlan("fabric-0-10")["vid"] = "ten"
        here.region.show(broken)
        expect(here.page.locator(".pulse")).to_have_text("live")
        here.page.wait_for_function("document.querySelector('.rail .vid').textContent === '10'")
        here.region.site = broken
        here.region._say({"type": "topology", **broken.topology})
        expect(here.page.get_by_role("alert").first).to_have_text(
            'fabrics[0].vlans[0].vid: expected a number, got "ten"'
        )

    def test_a_session_that_ended_leads_to_the_form(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.context.clear_cookies()
        here.region.drop()
        expect(here.page.get_by_label("One-time login token")).to_be_visible()


class TestKeyboard:
    def test_from_the_first_tab_to_an_explanation(self, visit: Opener) -> None:
        here = visit().enter()
        here.press("Tab")
        assert here.focused() == "Skip to the picture"
        here.press("Enter")
        for _ in range(12):
            if here.focused().startswith("rack-2 eth0"):
                break
            here.press("Tab")
        assert here.focused().startswith("rack-2 eth0; untagged in VLAN 10 pxe, confirmed")
        here.press("a", "ArrowRight", "ArrowRight")
        assert here.focused().startswith("rack-3 eth0")
        here.press("b")
        expect(here.page.locator(".verdict")).to_have_text("rack-2/eth0 and rack-3/eth0 are in one VLAN.")
        expect(here.page.locator(".chain li")).to_have_count(2)
        expect(here.page.locator(".rail.lit .vid").first).to_be_visible()

    def test_arrows_reach_every_port(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.locator(".plug").nth(19).wait_for()
        here.press("p", "Home")
        reached = [here.focused()]
        for _ in range(19):
            here.press("ArrowRight")
            reached.append(here.focused())
        assert len(set(reached)) == here.page.locator(".plug").count() == 20
        here.press("Home", "ArrowDown")
        assert here.focused().startswith("region eth0")

    def test_a_focused_port_shows_a_ring_and_enter_holds_it(self, visit: Opener) -> None:
        here = visit().enter()
        here.press("p")
        ring = here.page.locator(".plug:focus .ring")
        expect(ring).to_have_css("stroke-width", "2px")
        here.press("Enter", "/")
        expect(here.page.locator("#filter")).to_be_focused()
        expect(here.page.locator(".detail")).to_contain_text("(held)")
        expect(here.page.locator(".detail .observations")).to_contain_text("acknowledged a fresh beacon")
        here.press("Escape", "Escape")
        expect(here.page.locator(".detail")).not_to_contain_text("(held)")

    def test_keys_are_shown_and_put_away(self, visit: Opener) -> None:
        here = visit().enter()
        here.press("?")
        expect(here.page.get_by_role("dialog", name="Keys")).to_be_visible()
        here.press("Escape")
        expect(here.page.get_by_role("dialog", name="Keys")).to_be_hidden()

    def test_the_table_says_the_same_as_the_picture(self, visit: Opener) -> None:
        here = visit().enter()
        here.press("v")
        found = here.page.evaluate(
            """[...document.querySelectorAll('.matrix tbody tr')].flatMap((row) => [...row.querySelectorAll('td')].flatMap((cell, at) =>
                 [...cell.querySelectorAll('.cell')].map((item) => [row.querySelector('th').textContent, at, item.childNodes[item.querySelectorAll('svg').length].data])))"""
        )
        vlans = sorted(
            (v for f in here.region.site.topology["fabrics"] for v in f["vlans"]),
            key=lambda v: (v["id"].split("-")[1], v["vid"]),
        )
        wired = {(m["host"], at, m["interface"]) for at, v in enumerate(vlans) for m in v["members"]}
        unknown = {(u["host"], len(vlans), u["interface"]) for u in here.region.site.topology["unknown"]}
        assert {tuple(item) for item in found} == wired | unknown
        here.press("p", "ArrowRight", "Enter")
        expect(here.page.locator(".detail")).to_contain_text("(held)")


class TestNames:
    def test_a_vlan_is_renamed_where_it_stands(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.get_by_role("button", name="Rename VLAN 20 storage").click()
        here.page.keyboard.type("ceph")
        here.press("Enter")
        expect(here.page.get_by_role("button", name="Rename VLAN 20 ceph")).to_be_focused()
        assert here.region.calls == [("PATCH", "/api/v1/vlans/fabric-0-20", {"name": "ceph"})]
        expect(here.page.locator(".rail-name", has_text="ceph").first).to_be_visible()

    def test_escape_leaves_a_fabric_as_it_was(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.get_by_role("button", name="Rename fabric fabric-1").click()
        here.page.keyboard.type("other")
        here.press("Escape")
        expect(here.page.get_by_role("button", name="Rename fabric fabric-1")).to_be_focused()
        assert here.region.calls == []


class TestFolding:
    def test_hosts_wired_alike_share_a_card_and_come_apart_again(self, visit: Opener) -> None:
        here = visit(sites.fifty()).enter()
        expect(here.page.locator(".card")).to_have_count(50)
        here.press("f")
        expect(here.page.locator(".host-label", has_text="compute-08 +12")).to_be_visible()
        plug(here.page, "compute-08/enp1s0f0").hover()
        expect(here.page.locator(".detail")).to_contain_text("and, wired alike: compute-10, compute-14")
        expect(plug(here.page, "rack-2/enp1s0f0")).to_be_visible()
        here.press("f")
        expect(here.page.locator(".card")).to_have_count(50)


class TestFindings:
    def test_the_headline_counts(self, visit: Opener) -> None:
        here = visit().enter()
        expect(here.page.locator(".headline")).to_have_text(
            "2 fabrics, 5 VLANs, 10 hosts; 1 conflict; 4 interfaces unknown."
        )

    def test_a_conflict_points_at_its_ports_and_is_marked_by_number(self, visit: Opener) -> None:
        here = visit().enter()
        here.page.get_by_role("button", name="show 2 ports in the picture").click()
        lit = here.page.locator(".plug.lit").evaluate_all("(all) => all.map((e) => e.dataset.spot).sort()")
        assert lit == ["node-06/eth0", "rack-2/eth0"]
        assert here.page.locator(".plug .warning text").all_text_contents() == ["1", "1"]
        rails = here.page.locator(".rail.lit .vid").evaluate_all("(all) => [...new Set(all.map((e) => e.textContent))]")
        assert sorted(rails) == ["10", "20"]
        here.page.get_by_role("button", name="stop showing").click()
        expect(here.page.locator(".plug.lit")).to_have_count(0)

    def test_the_filter_narrows_picture_and_table(self, visit: Opener) -> None:
        here = visit().enter()
        here.press("/")
        here.page.keyboard.type("vlan:99")
        expect(here.page.locator(".narrowed")).to_contain_text("The filter leaves 2 hosts.")
        expect(here.page.locator(".card")).to_have_count(2)
        expect(here.page.locator("#interfaces-title")).to_contain_text("2 of 20")
        here.page.locator("#filter").fill("no-such-thing")
        expect(here.page.locator(".nothing")).to_have_text("No port fits the filter.")

    def test_what_is_missing_is_said(self, visit: Opener) -> None:
        here = visit().enter()
        here.press("e")
        here.page.keyboard.type("node-01/eth0")
        here.press("Tab")
        here.page.keyboard.type("node-06/eth0")
        here.press("Enter")
        expect(here.page.locator(".verdict")).to_contain_text("are apart")
        expect(here.page.locator(".missing")).to_have_text(
            "Missing: a beacon that node-01/eth0 sends and node-06/eth0 hears"
        )

    def test_refusals_say_what_they_mean_and_what_to_do(self, visit: Opener) -> None:
        here = visit().enter()
        expect(here.page.locator(".rows", has_text="From MAC")).to_contain_text("skew (5 min ahead)")
        expect(here.page.locator(".advice")).to_contain_text("bellrock secret show-id")

    def test_a_machine_that_is_alone_is_told_what_would_settle_it(self, visit: Opener) -> None:
        here = visit(sites.alone()).enter()
        expect(here.page.locator(".alone")).to_contain_text(
            "2 interfaces; 1 with carrier, 1 without; no switch has named itself."
        )
        expect(here.page.locator(".alone pre")).to_contain_text("bellrock")
        expect(here.page.locator(".plug.unattached .loose-end")).to_have_count(2)

    def test_every_control_has_a_name(self, visit: Opener) -> None:
        here = visit().enter()
        nameless = here.page.evaluate(
            """[...document.querySelectorAll('button, input, [role=button], [role=tab], [role=region]')].filter((e) =>
                 !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.getAttribute('aria-labelledby'))).map((e) => e.outerHTML)"""
        )
        assert json.dumps(nameless) == "[]"
