"""Takes the picture of the page that the README shows: `python -m tests.browser.shoot`."""

from playwright.sync_api import sync_playwright

import hatch_build
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.sites import three_racks
from tests.browser.standin import TOKEN, StandIn

TARGET = hatch_build.ROOT / "docs" / "images" / "page.png"


def main() -> None:
    hatch_build.build()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with StandIn(three_racks()) as region, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1360, "height": 850}, color_scheme="light")
        page.goto(f"{region.url}/#login={TOKEN}")
        page.locator('.plug[data-spot="rack-1/eth0"]').click()
        page.locator(".detail .observations li").first.wait_for()
        page.mouse.move(1, 1)
        page.screenshot(path=TARGET, animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
