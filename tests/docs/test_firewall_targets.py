"""The reference of targets names every one of them, and every generator that is left out, with its reason."""

from pathlib import Path

from bellrock.firewall.compile import TARGETS
from bellrock.firewall.compile.vendors.platforms import LEFT_OUT, PLATFORMS
from bellrock.firewall.compile.vendors.prepare import LINES

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "firewall-targets.md").read_text()


def test_each_target_has_its_line():
    for target in TARGETS:
        assert f"\n| `{target}` |" in TEXT
    for target, platform in PLATFORMS.items():
        assert f"\n| `{target}` | {platform.title} | {'host' if platform.on_host else 'router'} |" in TEXT


def test_each_generator_that_is_left_out_has_its_reason():
    for generator, reason in LEFT_OUT.items():
        assert f"\n| {generator} | {reason} |" in TEXT


def test_the_limit_is_the_one_in_force():
    assert f"more than {LINES:,} lines are refused" in TEXT
