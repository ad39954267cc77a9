"""The pages of the probes for boot files, packages and proxies name each of their options, each fact, and sentences that the code says."""

import re
from pathlib import Path

import pytest

from bellrock.probe import httpboot, probe_of, snap, web
from bellrock.probe.proxy import MAX_URLS, NOBODY
from bellrock.wire.release import MAX_FILE

ROOT = Path(__file__).parents[2]
PAGES = {"http-boot": "httpboot", "apt": "apt", "snap": "snap", "proxy": "proxy"}
SHARED = {
    "redirects",
    "location",
    "tls",
    "cipher",
    "alpn",
    "certificate",
    "scheme",
    "status",
    "server",
    "content_type",
    "length",
    "via",
    "squid_error",
    "cache",
}
"""Facts of `probe.http`, `probe.visit`, `probe.tls` and `probe.proxied`."""


def page(flow: str) -> str:
    return (ROOT / "docs" / "reference" / "probes" / f"{flow}.md").read_text()


def rows(flow: str, title: str) -> set[str]:
    """What the first column of a table names."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page(flow), re.DOTALL | re.MULTILINE)[1]
    return {
        name for cell in re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)
    }


@pytest.mark.parametrize("flow", PAGES)
def test_options(flow: str) -> None:
    assert rows(flow, "Options") == {option.name for option in probe_of(flow).options}


@pytest.mark.parametrize("flow", PAGES)
def test_facts(flow: str) -> None:
    source = (ROOT / "src" / "bellrock" / "probe" / f"{PAGES[flow]}.py").read_text()
    written = set(re.findall(r'(?:facts\[|[{,|] *|^ +)"([a-z_0-9]+)"(?:\]|:)', source, re.MULTILINE))
    assert written <= rows(flow, "Facts") | {"get", "connect"}
    assert rows(flow, "Facts") <= written | SHARED


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ("http-boot", f"default {httpboot.LIMIT}, at most {httpboot.MAX_LIMIT}"),
        ("http-boot", f"Range request of {httpboot.SAMPLE} octets"),
        ("http-boot", f"at most {httpboot.MAX_FILES}; default: none"),
        ("http-boot", f"less than {web.SOON // 86_400} days"),
        ("apt", f"at most {MAX_FILE // 1024 // 1024} MiB"),
        ("snap", f"at most {snap.MAX_ANSWER // 1024 // 1024} MiB are read"),
        ("proxy", f"at most {MAX_URLS}; default"),
        ("proxy", NOBODY),
    ],
)
def test_numbers_are_those_in_force(flow: str, words: str) -> None:
    assert words in page(flow)
