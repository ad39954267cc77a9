"""How the page looks, measured in a real browser: overlaps, widths, contrast, themes, motion."""

import itertools
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import sites
from tests.browser.conftest import Opener

pytestmark = pytest.mark.browser

TEXT = 4.5
MARK = 3.0
HUES = [f"hue-{n}" for n in range(8)]
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "soft", "link", "bad", *HUES) for ground in ("paper", "panel", "card")],
    *[(ink, "bad-paper", TEXT) for ink in ("ink", "soft", "bad", "link")],
    ("bad-ink", "bad", TEXT),
    ("paper", "ink", TEXT),
    *[(mark, ground, MARK) for mark in ("wire", "edge", "focus", "good") for ground in ("paper", "panel", "card")],
]
BOXES = """(selector) => [...document.querySelectorAll(selector)].filter((e) => e.textContent.trim()).map((e) => {
  const b = e.getBoundingClientRect(); return [e.textContent, b.left, b.top, b.right, b.bottom]; })"""
LABELS = (
    ".score .host-label, .score .jack-label, .score .vid, .score .rail-name, .score .rail-subnet, .score .fabric-label"
)


@pytest.mark.parametrize("width", [360, 800, 1440, 2560])
@pytest.mark.parametrize("make", [sites.small, sites.three_racks, sites.fifty], ids=["3", "10", "50"])
def test_no_two_labels_of_the_picture_overlap(visit: Opener, make: Callable[[], sites.Site], width: int) -> None:
    page = visit(make(), width=width).enter().page
    page.locator(".score").wait_for()
    boxes = page.evaluate(BOXES, LABELS)
    assert len(boxes) >= 3 * len(make().hosts)
    assert [(a[0], b[0]) for a, b in itertools.combinations(boxes, 2) if overlap(a, b)] == []
    right = page.evaluate("document.querySelector('.score').getBoundingClientRect().right")
    assert [box[0] for box in boxes if box[3] > right + 0.5] == []


def overlap(a: list[float], b: list[float], slack: float = 0.5) -> bool:
    # Line boxes are taller than glyphs: two lines of text may share their leading.
    leading = 3.0
    return a[1] < b[3] - slack and b[1] < a[3] - slack and a[2] + leading < b[4] and b[2] + leading < a[4]


def test_two_labels_that_overlap_would_be_found() -> None:
    assert overlap(["a", 0, 0, 10, 10], ["b", 8, 5, 20, 15])
    assert not overlap(["a", 0, 0, 10, 10], ["b", 11, 0, 20, 10])


@pytest.mark.parametrize(
    "make", [sites.small, sites.three_racks, sites.fifty, sites.alone], ids=["3", "10", "50", "alone"]
)
def test_a_narrow_window_needs_no_sideways_scrolling(visit: Opener, make: Callable[[], sites.Site]) -> None:
    here = visit(make(), width=360, height=740).enter()
    here.page.locator(".score").wait_for()
    assert page_fits(here.page)
    here.press("v")
    here.page.locator(".matrix").wait_for()
    assert page_fits(here.page)


def page_fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_can_be_told_apart(visit: Opener, scheme: str) -> None:
    page = visit(color_scheme=scheme).enter().page
    colours = page.evaluate(
        """(names) => { const probe = document.body.appendChild(document.createElement('i'));
             const found = names.map((name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; });
             probe.remove(); return found; }""",
        names := sorted({name for pair in PAIRS for name in pair[:2]}),
    )
    rgb = {
        name: tuple(int(part) for part in colour[4:-1].split(",")) for name, colour in zip(names, colours, strict=True)
    }
    assert len(set(rgb.values())) > 15
    assert {
        (ink, ground): round(contrast(rgb[ink], rgb[ground]), 2)
        for ink, ground, least in PAIRS
        if contrast(rgb[ink], rgb[ground]) < least
    } == {}


def contrast(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: tuple[int, ...]) -> float:
    """WCAG 2.2, relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_of_known_colours() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_dark_follows_the_system_and_the_toggle_is_kept(visit: Opener) -> None:
    here = visit(color_scheme="dark").enter()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = here.page.evaluate(ground)
    here.page.emulate_media(color_scheme="light")
    light = here.page.evaluate(ground)
    assert luminance(rgb(dark)) < 0.02 < 0.8 < luminance(rgb(light))
    here.press("t")
    assert here.page.evaluate(ground) == dark
    here.page.reload()
    here.page.locator(".headline").wait_for()
    assert here.page.evaluate(ground) == dark
    expect(here.page.get_by_role("button", name="dark")).to_have_attribute("aria-pressed", "true")
    here.page.get_by_role("button", name="dark").click()
    assert here.page.evaluate(ground) == light


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(part) for part in colour[4:-1].split(","))


def test_nothing_moves_for_those_who_asked_for_that(visit: Opener) -> None:
    moving = "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    here = visit().enter()
    here.page.locator(".score").wait_for()
    assert here.page.evaluate(moving) > 0
    here.page.emulate_media(reduced_motion="reduce")
    assert here.page.evaluate(moving) == 0


def test_strength_shows_without_colour(visit: Opener) -> None:
    page = visit().enter().page
    dashes = {
        look: page.evaluate(f"getComputedStyle(document.querySelector('.plug .lead.{look}')).strokeDasharray")
        for look in ("solid", "dashed", "dotted")
    }
    assert len(set(dashes.values())) == 3
    assert dashes["solid"] == "none"
    tagged = page.locator('.plug[data-spot="rack-1/eth0"]')
    assert tagged.locator("circle.contact").count() == 1
    assert tagged.locator("rect.contact").count() == 2
