"""A headless Chromium and a stand-in region. A test fails when the page logs an error, throws, or breaks its policy."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import hatch_build
from tests.browser.sites import Site, three_racks
from tests.browser.standin import TOKEN, StandIn

CHROMIUM = os.environ.get("BELLROCK_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BOUND = 20_000
"""Milliseconds after which a wait has failed, also on a machine that is busy with other tests."""
expect.set_options(timeout=BOUND)
WATCH_POLICY = (
    "addEventListener('securitypolicyviolation', (e) => console.error('policy:', e.violatedDirective, e.blockedURI))"
)
# What Chromium itself logs when a stream that was up is refused or cut: the region was made to do that.
EXPECTED = ("WebSocket connection to", "Failed to load resource")


@pytest.fixture(scope="session")
def built_page() -> Path:
    """The page, built from the sources as they are."""
    hatch_build.build()
    return hatch_build.ROOT / "src" / "bellrock" / "_page"


# Not of the session's scope: while it is open, playwright's loop runs in this thread, and other modules run loops of their own.
@pytest.fixture(scope="module")
def browser(built_page: Path) -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is not there: `apt-get install chromium`, or name another in BELLROCK_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page that is open, the region behind it, and what the page complained of."""

    def __init__(self, page: Page, region: StandIn) -> None:
        self.page = page
        self.region = region
        self.complaints: list[str] = []
        self.requested: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requested.append(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(EXPECTED):
            self.complaints.append(text)

    def enter(self) -> "Visit":
        """Follow the address that `bellrock up` prints."""
        self.page.goto(f"{self.region.url}/#login={TOKEN}")
        self.page.locator(".headline").wait_for()
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """What a screen reader would say the focus is on."""
        found: str = self.page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        )
        return found


Opener = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opener]:
    """Opens a page on a site: `visit(site, width=…, height=…, **context options)`."""
    regions: list[StandIn] = []
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def make(site: Site | None = None, *, width: int = 1440, height: int = 900, **options: object) -> Visit:
        region = StandIn(site or three_racks()).__enter__()
        regions.append(region)
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        context.add_init_script(WATCH_POLICY)
        context.set_default_timeout(BOUND)
        contexts.append(context)
        visits.append(Visit(context.new_page(), region))
        return visits[-1]

    yield make
    for context in contexts:
        context.close()
    for region in regions:
        region.__exit__()
    assert [complaint for item in visits for complaint in item.complaints] == []
