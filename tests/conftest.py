"""What tests need of the machine: named when it is missing; a failure in CI, a skip elsewhere."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.needs import require
from tests.postgres import Databases, server

# How long an example takes depends on what else the machine does: `bench/` measures time, tests do not.
settings.register_profile("bellrock", deadline=None)
settings.load_profile("bellrock")

# What is installed on this machine is not under test.
os.environ["BELLROCK_CONFIG"] = os.devnull

NEEDS = {
    "lab": ("ip", "ping", "nsenter", "unshare", "ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "nft", "conntrack"),
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """A PostgreSQL server of this test process's own, started when a test first wants it."""
    with server() as running:
        yield Databases(running)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers are named in the test's own file: tools/run-tests looks for them there, and would leave out one from elsewhere."""
    named = {path: path.read_text() for path in {item.path for item in items}}
    for item in items:
        for marker in NEEDS:
            if item.get_closest_marker(marker) and f"mark.{marker}" not in named[item.path]:
                raise pytest.UsageError(
                    f"{item.nodeid} needs {marker}, which its file does not say (pytest.mark.{marker})"
                )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, wanted in MISSING.items():
        if item.get_closest_marker(marker):
            require(wanted)
