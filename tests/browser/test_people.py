"""Who is in, what they may do, and whom they let in."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import sites
from tests.browser.conftest import Opener, Visit
from tests.browser.standin import FINGERPRINT, PASSWORD, TOKEN

pytestmark = pytest.mark.browser


def come_in(here: Visit, user: str) -> Page:
    """Log in at the door as a user."""
    here.page.goto(here.region.url)
    here.page.get_by_label("User", exact=True).fill(user)
    here.page.get_by_label("Password", exact=True).fill(PASSWORD)
    here.press("Enter")
    here.page.locator(".headline").wait_for()
    return here.page


def row(page: Page, agent: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=agent, exact=True)).last


class TestUsers:
    def test_a_user_comes_in_with_a_password_and_is_named_in_the_header(self, visit: Opener) -> None:
        here = visit()
        page = come_in(here, "otto")
        expect(page.locator(".who")).to_have_text("otto operator")
        assert not [url for url in here.requested if PASSWORD in url or "correct" in url]

    def test_a_wrong_password_is_said_and_taken_out_of_the_field(self, visit: Opener) -> None:
        here = visit()
        here.page.goto(here.region.url)
        here.page.get_by_label("User", exact=True).fill("ada")
        here.page.get_by_label("Password", exact=True).fill("wrong")
        here.press("Enter")
        expect(here.page.get_by_role("alert")).to_have_text("User name or password is wrong.")
        expect(here.page.get_by_label("Password", exact=True)).to_have_value("")
        expect(here.page.get_by_label("User", exact=True)).to_have_value("ada")

    @pytest.mark.parametrize(("user", "password"), [("", "x"), ("ada", "")])
    def test_what_is_missing_is_said_without_asking_the_region(self, visit: Opener, user: str, password: str) -> None:
        here = visit()
        here.page.goto(here.region.url)
        here.page.get_by_label("User", exact=True).fill(user)
        here.page.get_by_label("Password", exact=True).fill(password)
        here.page.get_by_role("button", name="Log in").click()
        expect(here.page.get_by_role("alert")).to_have_text("User name and password are both needed.")
        assert not [url for url in here.requested if url.endswith("/login")]

    def test_the_first_user_is_asked_for_and_made(self, visit: Opener) -> None:
        here = visit()
        here.region.first_run = True
        page = here.enter().page
        expect(page.locator(".first-user")).to_contain_text("Nobody has a user here yet")
        page.get_by_label("Name", exact=True).fill("ada")
        page.get_by_label("Password", exact=True).fill("one")
        page.get_by_label("Password again").fill("other")
        here.press("Enter")
        expect(page.locator(".first-user .wrong")).to_have_text("The two passwords differ.")
        assert here.region.calls == []
        page.get_by_label("Password again").fill("one")
        here.press("Enter")
        expect(page.locator(".first-user")).to_have_count(0)
        assert here.region.calls == [("POST", "/api/v1/users", {"name": "ada", "role": "admin", "password": "one"})]

    def test_the_first_user_can_wait(self, visit: Opener) -> None:
        here = visit()
        here.region.first_run = True
        page = here.enter().page
        page.get_by_role("button", name="not now").click()
        expect(page.locator(".first-user")).to_have_count(0)
        expect(page.locator(".headline")).to_be_visible()

    def test_a_session_that_the_region_ends_leads_to_the_door_and_forgets(self, visit: Opener) -> None:
        here = visit(sites.enrolled())
        page = come_in(here, "ada")
        here.region.me = None
        here.region.drop()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()
        assert "rack-4" not in page.content()


class TestRoles:
    def test_a_viewer_looks_and_is_offered_nothing_else(self, visit: Opener) -> None:
        page = come_in(visit(sites.enrolled()), "vera")
        expect(page.locator("#interfaces-title")).to_be_visible()
        expect(page.get_by_text("Fabrics and VLANs", exact=True).first).to_be_visible()
        assert page.get_by_role("button", name=re.compile("^(Rename|Approve|Revoke|Refuse)")).count() == 0
        assert page.locator("#enrolments-title").count() == 0

    def test_an_operator_sees_who_waits_and_decides_nothing(self, visit: Opener) -> None:
        page = come_in(visit(sites.enrolled()), "otto")
        expect(row(page, "rack-4")).to_contain_text("waits for approval")
        expect(row(page, "rack-4")).to_contain_text("K7QP-2M")
        assert page.get_by_role("button", name=re.compile("^(Approve|Revoke|Refuse)")).count() == 0
        assert page.get_by_role("button", name=re.compile("^Rename VLAN 20")).count() > 0


class TestEnrolments:
    def test_those_that_wait_stand_first_and_the_first_line_says_so(self, visit: Opener) -> None:
        page = come_in(visit(sites.enrolled()), "ada")
        names = page.locator("section:has(#enrolments-title) tbody th").all_text_contents()
        assert names == ["rack-4", "rack-2", "rack-3", "rack-9"]
        page.get_by_role("button", name="1 agent waits to be let in").click()
        expect(page.locator("#enrolments-title")).to_be_focused()

    def test_letting_in_asks_for_the_code_first(self, visit: Opener) -> None:
        here = visit(sites.enrolled())
        page = come_in(here, "ada")
        page.get_by_role("button", name="Approve rack-4").click()
        expect(row(page, "rack-4")).to_contain_text("Does rack-4 show K7QP-2M?")
        expect(page.get_by_role("button", name="no", exact=True)).to_be_focused()
        here.press("Escape")
        expect(page.get_by_role("button", name="Approve rack-4")).to_be_focused()
        assert here.region.calls[1:] == []
        here.press("Enter")
        page.get_by_role("button", name="yes, approve").click()
        expect(row(page, "rack-4")).to_contain_text("let in")
        assert here.region.calls[-1] == ("POST", "/api/v1/enrolments/01A4/approve", {})
        expect(page.get_by_text("waits to be let in")).to_have_count(0)

    def test_another_machine_that_takes_the_place_meanwhile_is_not_let_in(self, visit: Opener) -> None:
        here = visit(sites.enrolled())
        page = come_in(here, "ada")
        page.get_by_role("button", name="Approve rack-4").click()
        after = here.region.site.changed()
        after.enrolments[3]["code"] = "EVIL-99"
        here.region.show(after)
        expect(row(page, "rack-4").locator(".code")).to_have_text("EVIL-99")
        expect(row(page, "rack-4")).to_contain_text("Does rack-4 show K7QP-2M?")
        page.get_by_role("button", name="yes, approve").click()
        expect(row(page, "rack-4")).to_contain_text("another machine asks as agent 01A4 (rack-4) by now")
        expect(row(page, "rack-4")).to_contain_text("waits for approval")

    def test_shutting_out_is_seen_at_once(self, visit: Opener) -> None:
        here = visit(sites.enrolled())
        page = come_in(here, "ada")
        page.get_by_role("button", name="Revoke rack-3").click()
        page.get_by_role("button", name="yes, shut it out").click()
        expect(row(page, "rack-3")).to_contain_text("revoked")

    def test_what_the_region_refuses_is_said_where_it_was_asked(self, visit: Opener) -> None:
        here = visit(sites.enrolled())
        page = come_in(here, "ada")
        page.get_by_role("button", name="Approve rack-4").click()
        here.region.me = {"user": "ada", "role": "operator", "first_run": False}
        page.get_by_role("button", name="yes, approve").click()
        expect(row(page, "rack-4")).to_contain_text("That needs the role admin.")

    def test_who_still_uses_an_old_secret_is_listed(self, visit: Opener) -> None:
        page = come_in(visit(sites.enrolled()), "otto")
        lines = page.locator(".secrets li")
        expect(lines).to_have_count(3)
        expect(lines.nth(0)).to_have_text("7be1d004 signs; used by 1 agent (rack-2)")
        expect(lines.nth(1)).to_contain_text("old, and still used by 1 agent")
        expect(lines.nth(2)).to_contain_text("bellrock secret retire FILE")
        expect(page.locator(".fingerprint")).to_have_text(FINGERPRINT)

    def test_a_site_where_nobody_joined_says_how(self, visit: Opener) -> None:
        page = visit().enter().page
        expect(page.locator(".how")).to_contain_text("bellrock rack join")

    def test_a_region_that_nobody_reaches_says_so_first(self, visit: Opener) -> None:
        here = visit()
        here.region.regions = []
        expect(here.enter().page.locator(".how")).to_contain_text("bellrock region --listen")


def test_the_token_is_still_a_way_in(visit: Opener) -> None:
    here = visit()
    here.page.goto(here.region.url)
    here.page.get_by_label("One-time login token").fill(TOKEN)
    here.page.get_by_role("button", name="Come in").click()
    expect(here.page.locator(".who")).to_have_text("one-time login admin")


class TestAudit:
    def test_the_log_is_shown_when_asked_for_page_by_page(self, visit: Opener) -> None:
        here = visit()
        here.region.audit = [
            {"id": n, "at": 1_795_000_000.0 + n, "kind": "change", "who": "ada", "how": "password", "address": "::1",
             "action": "name VLAN", "subject": f"vlan-{n}", "before": "", "after": "pxe", "outcome": "done"}
            for n in range(1, 121)
        ]  # fmt: skip
        page = come_in(here, "ada")
        assert not [url for url in here.requested if "/audit" in url]
        page.get_by_role("button", name="show the audit log").click()
        rows = page.locator("section:has(#audit-title) tbody tr")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("name VLAN vlan-120")
        for shown in (100, 120):
            page.get_by_role("button", name="older").click()
            expect(rows).to_have_count(shown)
        expect(page.get_by_role("button", name="older")).to_have_count(0)
        here.region.audit.append(
            {**here.region.audit[0], "id": 121, "outcome": "wrong", "action": "log in", "subject": ""}
        )
        page.get_by_role("button", name="look again").click()
        expect(rows).to_have_count(121)
        expect(rows.first.locator("td").last).to_have_text("wrong")

    def test_others_than_admins_are_not_offered_it(self, visit: Opener) -> None:
        page = come_in(visit(), "otto")
        assert page.locator("#audit-title").count() == 0


class TestUsersPane:
    def test_an_admin_makes_changes_and_removes_users(self, visit: Opener) -> None:
        here = visit()
        page = come_in(here, "ada")
        assert not [url for url in here.requested if url.endswith("/users")]
        page.get_by_role("button", name="show the users").click()
        section = page.locator("section:has(#users-title)")
        expect(section.locator("tbody tr")).to_have_count(3)
        section.get_by_label("New user", exact=True).fill("nina")
        section.get_by_label("Role", exact=True).select_option("operator")
        section.get_by_label("Password", exact=True).fill("long enough")
        section.get_by_label("Password again").fill("long enougj")
        here.press("Enter")
        expect(section.get_by_text("The two passwords differ.")).to_be_visible()
        section.get_by_label("Password again").fill("long enough")
        here.press("Enter")
        expect(section.locator("tbody tr")).to_have_count(4)
        expect(section.get_by_label("Password", exact=True)).to_have_value("")
        new = {"name": "nina", "role": "operator", "password": "long enough"}
        assert here.region.calls[-1] == ("POST", "/api/v1/users", new)
        section.get_by_label("Role of vera").select_option("operator")
        section.get_by_role("button", name="make vera operator").click()
        expect(section.get_by_role("button", name="make vera operator")).to_have_count(0)
        assert here.region.calls[-1] == ("PATCH", "/api/v1/users/vera", {"role": "operator"})
        section.get_by_role("button", name="Remove otto").click()
        section.get_by_role("button", name="yes, remove").click()
        expect(section.locator("tbody th")).to_have_text(["ada", "nina", "vera"])

    def test_what_the_region_refuses_is_said_and_shown_as_it_is(self, visit: Opener) -> None:
        page = come_in(visit(), "ada")
        page.get_by_role("button", name="show the users").click()
        page.get_by_label("Role of ada").select_option("viewer")
        page.get_by_role("button", name="make ada viewer").click()
        expect(row(page, "ada")).to_contain_text("ada is the only admin.")
        expect(page.get_by_label("Role of ada")).to_have_value("admin")
        page.get_by_role("button", name="Remove ada").click()
        expect(row(page, "ada")).to_contain_text("Remove yourself? Your session ends.")

    def test_others_than_admins_see_no_users(self, visit: Opener) -> None:
        page = come_in(visit(), "otto")
        assert page.locator("#users-title").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440, 3840])
def test_door_and_first_user_fit_every_window(visit: Opener, width: int, scheme: str) -> None:
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    here = visit(width=width, height=700, color_scheme=scheme)
    here.page.goto(here.region.url)
    here.page.locator(".door").wait_for()
    assert here.page.evaluate(fits)
    here.region.first_run = True
    here.page.get_by_label("One-time login token").fill(TOKEN)
    here.press("Enter")
    here.page.locator(".first-user").wait_for()
    assert here.page.evaluate(fits)


def test_a_long_name_in_the_header_does_not_push_anything_out(visit: Opener) -> None:
    here = visit(width=360, height=700).enter()
    here.region.me = {"user": "somebody-with.a-very.long@name.example.net", "role": "operator", "first_run": False}
    here.page.reload()
    expect(here.page.locator(".who")).to_contain_text("operator")
    assert here.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert here.page.evaluate("document.querySelector('.who').getBoundingClientRect().right <= innerWidth")


def test_the_door_is_walked_through_by_keyboard(visit: Opener) -> None:
    here = visit()
    here.page.goto(here.region.url)
    here.page.locator(".door").wait_for()
    for text in ("ada", PASSWORD):
        here.press("Tab")
        here.page.keyboard.type(text)
    here.press("Tab")
    assert here.focused() == "Log in"
    here.press("Enter")
    expect(here.page.locator(".who")).to_have_text("ada admin")
