"""The documentation, opened from a disk without a network: it searches, and goes dark."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    built = subprocess.run(
        [sys.executable, ROOT / "tools" / "site", "--out", out], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return out


@pytest.fixture
def opened(browser: Browser, site: Path) -> Iterator[tuple[Page, list[str], list[str]]]:
    """The first page, what it asked the network for, and what it complained of."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((site / "index.html").as_uri())
    yield page, asked, complaints
    context.close()


def test_search_works_from_files(opened):
    page, asked, complaints = opened
    page.keyboard.press("/")
    page.locator("input[type=text]").fill("proxydhcp")
    page.locator("a[href*='proxydhcp-unanswered.html']").first.click()
    expect(page).to_have_title("proxydhcp-unanswered - Bellrock")
    assert (asked, complaints) == ([], [])


def test_it_can_be_dark(opened):
    page, asked, complaints = opened
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "default")
    assert (asked, complaints) == ([], [])
