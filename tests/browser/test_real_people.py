"""Users, enrolments and nodes on the page of a real region: over real TLS, with real passwords."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bellrock.contract import NodeReport, Relayed, encode
from bellrock.model import Finding, Host, Interface, InterfaceSeen, Severity
from bellrock.region.service.enrol import Policy
from tests.browser.real import Site, watch
from tests.region.joining import TLS, Joiner, ident
from tests.region.support import now, port

pytestmark = pytest.mark.browser
__all__ = ["watch"]
PASSWORD = "correct horse battery"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "state", listen=TLS, policy=Policy.APPROVE)
    yield site
    site.close()


def make_first_user(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password)
    page.get_by_role("button", name="Make this user").click()


def log_in(page: Page, user: str) -> None:
    page.get_by_label("User", exact=True).fill(user)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".who")).to_contain_text(user)


async def join(site: Site, one: Joiner) -> str:
    """Ask to join, wait for a person's decision, and return what it was."""
    async with one.joining(site.running.tls) as (first, second):
        assert first.state == "waiting"
        answer = await second()
        return str(answer.state)


def test_the_first_user_is_made_lets_an_agent_in_and_all_of_it_is_in_the_log(
    site: Site, watch: Callable[..., Any]
) -> None:
    page = watch(site.login)
    make_first_user(page)
    expect(page.locator(".first-user")).to_have_count(0)
    page.get_by_role("button", name="log out").click()
    log_in(page, "ada")

    one = Joiner("rack7")
    decision = site.start(join(site, one))
    page.get_by_role("button", name="1 agent waits to be let in").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="rack7", exact=True)).last
    expect(row).to_contain_text("waits for approval")
    page.get_by_role("button", name="Approve rack7").click()
    page.get_by_role("button", name="yes, approve").click()
    assert decision.result(30) == "joined"
    expect(row).to_contain_text("let in, not connected")
    expect(page.locator(".fingerprint")).to_have_count(1)

    page.get_by_role("button", name="Revoke rack7").click()
    page.get_by_role("button", name="yes, shut it out").click()
    expect(row).to_contain_text("revoked")

    page.get_by_role("button", name="show the audit log").click()
    log = page.locator("section:has(#audit-title)")
    for action in ("approve agent", "revoke agent", "add user"):
        expect(log.locator("tbody")).to_contain_text(action)
    expect(log.locator("tbody")).not_to_contain_text(PASSWORD)


def test_a_password_that_will_not_do_is_said_in_the_regions_words(site: Site, watch: Callable[..., Any]) -> None:
    page = watch(site.login, refused=True)
    page.locator(".headline").wait_for()
    make_first_user(page, "short")
    expect(page.locator(".first-user .wrong")).to_contain_text("password")


def test_what_a_node_reports_is_on_the_page(site: Site, watch: Callable[..., Any]) -> None:
    page = watch(site.login)
    page.locator(".headline").wait_for()
    host = Host(ident("node7"), "node7", "node")
    eth0 = Interface(name="eth0", index=2, mac="02:00:00:00:07:01", carrier=True, settled=True, speed=25000)
    finding = Finding(id="no-region-heard", severity=Severity.ERROR, what="node7/eth0 hears no region.",
                      host=host.id, interface="eth0", proof=("No beacon came in 5 s.",), fix=("Start a rack there.",))  # fmt: skip
    report = NodeReport(
        host=host, boot="b", sent=now(), observations=(InterfaceSeen(host.id, eth0),), findings=(finding,)
    )
    rack = site.agents["rack1"]
    site.do(rack.connection.send(encode(Relayed("letter-1", port("rack1/eth0"), report))))
    page.get_by_role("button", name="errors on 1 node in commissioning").click()
    node = page.locator(".node:not(.cause)", has_text="node7")
    expect(node).to_contain_text("node7/eth0 hears no region.")
    expect(node).to_contain_text("Start a rack there.")
    expect(node.locator("tbody tr").first).to_contain_text("25 Gbit/s")
    expect(node.locator("summary")).to_contain_text("by way of rack1")


def test_a_viewer_whom_an_admin_makes_looks_until_removed(site: Site, watch: Callable[..., Any]) -> None:
    admin = watch(site.login)
    make_first_user(admin)
    expect(admin.locator(".first-user")).to_have_count(0)
    admin.get_by_role("button", name="show the users").click()
    section = admin.locator("section:has(#users-title)")
    section.get_by_label("New user", exact=True).fill("vera")
    for label in ("Password", "Password again"):
        section.get_by_label(label, exact=True).fill(PASSWORD)
    section.get_by_role("button", name="Make this user").click()
    expect(section.locator("tbody th")).to_have_text(["ada", "vera"])

    with admin.context.browser.new_context() as other:
        page = other.new_page()
        page.goto(site.running.url)
        log_in(page, "vera")
        expect(page.locator(".headline")).to_contain_text("2 hosts")
        assert page.locator("#enrolments-title, #users-title, #audit-title").count() == 0
        section.get_by_role("button", name="Remove vera").click()
        section.get_by_role("button", name="yes, remove").click()
        expect(page.get_by_label("User", exact=True)).to_be_visible()
        assert "rack1" not in page.content()
