"""What tests need of the machine: named when it is missing; a failure in CI, a skip elsewhere."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does: `bench/` measures time, tests do not.
settings.register_profile("bellrock", deadline=None)
settings.load_profile("bellrock")

NEEDS = {
    "lab": ("ip", "nsenter", "unshare", "ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "nft"),
    "browser": ("chromium",),
}
SYSTEM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def missing(marker: str) -> list[str]:
    """What a test with this marker would miss here."""
    wanted = [tool for tool in NEEDS[marker] if not shutil.which(tool, path=SYSTEM_PATH)]
    if marker == "lab" and os.geteuid() != 0:
        wanted.append("root")
    if marker == "browser" and not (Path(__file__).parents[1] / "src" / "bellrock" / "_page" / "index.html").exists():
        wanted.append("the built page (make setup)")
    return wanted


MISSING = {marker: missing(marker) for marker in NEEDS}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, wanted in MISSING.items():
        if item.get_closest_marker(marker):
            require(wanted)


def require(missed: list[str]) -> None:
    """End the test that runs because these are missing here, if any are."""
    if not missed:
        return
    message = f"missing here: {', '.join(missed)}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
