"""The pages of the DHCP probes name each of their options and each fact that they may tell."""

import re
from pathlib import Path

import pytest

from bellrock.probe import probe_of
from bellrock.probe.dhcp_follow import MAX_DNS, TRIES
from bellrock.probe.dhcp_plan import ARCHITECTURES, LIBVIRT_WINDOW, MAX_VARIANTS, WINDOW

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference" / "probes"
SOURCES = {
    "dhcp": ("dhcp.py", "dhcp_follow.py", "dhcp_lease.py"),
    "dhcpv6": ("dhcp6.py",),
    "libvirt-dnsmasq": ("libvirt_dnsmasq.py",),
}


def rows(flow, title):
    """What the first column of a table names."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", (PAGES / f"{flow}.md").read_text(), re.DOTALL | re.MULTILINE)
    cells = re.findall(r"^\| (`.+?`) \|", section[1], re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("flow", ["dhcp", "dhcpv6"])
def test_options(flow):
    assert rows(flow, "Options") == {option.name for option in probe_of(flow).options}


@pytest.mark.parametrize("flow", SOURCES)
def test_facts(flow):
    text = "".join((ROOT / "src" / "bellrock" / "probe" / name).read_text() for name in SOURCES[flow])
    written = set(re.findall(r'"([a-z_]+)":', text))
    shared = {"reachable"} if flow == "dhcpv6" else set()
    assert rows(flow, "Facts") - shared == written - {"http", "https"} - ({"server"} if flow == "dhcp" else set())


def test_architectures_and_defaults():
    page = (PAGES / "dhcp.md").read_text()
    assert all(
        f"`{name}` ({number})" in page.replace("(architecture 0)", "(0)") for name, number in ARCHITECTURES.items()
    )
    assert f"after the first offer; default {WINDOW:g}, as a relay 0." in page
    assert f"`window` is {LIBVIRT_WINDOW:g} s" in (PAGES / "libvirt-dnsmasq.md").read_text()


@pytest.mark.parametrize("flow", SOURCES)
def test_load_is_within_what_the_probe_declares(flow):
    load = probe_of(flow).load
    variants, repeats = MAX_VARIANTS + 3, 3  # beside the machines: two of `second-client`, and `lease`
    boot, name_servers, lease = MAX_VARIANTS * (TRIES + 1), MAX_DNS * TRIES, 2
    assert load.packets >= variants * repeats + boot + name_servers + lease
    assert load.connections >= MAX_VARIANTS
    assert load.spacing == 0.02
