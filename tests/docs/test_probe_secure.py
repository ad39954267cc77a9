"""The pages of the probes of APIs, streams, registries, LXD and controllers name each option, each fact and the load that is kept."""

import re
from pathlib import Path

import pytest

from bellrock.probe import probe_of
from bellrock.probe.api_kinds import KINDS
from bellrock.probe.stream import PATHS
from bellrock.probe.tls import OPTIONS as TLS_OPTIONS
from bellrock.probe.visit import IDENTITY, TLS_OPTION

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "probes"
SOURCE = Path(__file__).parents[2] / "src" / "bellrock" / "probe"
FLOWS = {
    "api": ("api", "api_kinds"),
    "stream": ("stream", "holding"),
    "registry": ("oci",),
    "lxd": ("lxd",),
    "redfish": ("redfish",),
    "bmc-web": ("bmcweb",),
}


def section(page, title):
    text = (PAGES / f"{page}.md").read_text()
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)[1]


def named(page, title):
    return set(re.findall(r"`([^`]+)`", section(page, title)))


@pytest.mark.parametrize("flow", FLOWS)
def test_options(flow):
    assert {option.name for option in probe_of(flow).options} <= named(flow, "Options")


@pytest.mark.parametrize("flow", FLOWS)
def test_facts(flow):
    """What the code writes into facts is on the page."""
    text = "".join((SOURCE / f"{module}.py").read_text() for module in FLOWS[flow])
    written = set(
        re.findall(
            r'facts\["([a-z_]+)"\] =|facts \|= \{"([a-z_]+)"|[{,]\s*"([a-z_]+)": (?:_ms|round|self|about|facts|root|opening)',
            text,
        )
    )
    assert {name for found in written for name in found if name} <= named(flow, "Facts") | {"kind"}


def test_tls():
    options = {option.name for option in (*TLS_OPTIONS, *IDENTITY, TLS_OPTION)}
    assert options == {name for name in named("tls", "Options") if name in options}
    for fact in (
        "subject",
        "issuer",
        "names",
        "not_before",
        "not_after",
        "sha256",
        "key",
        "self_signed",
        "chain",
        "verified",
        "why",
        "of_target",
    ):
        assert f".{fact}`" in section("tls", "Facts")


def test_kinds_and_paths():
    page = (PAGES / "api.md").read_text()
    for kind in KINDS:
        assert f"| `{kind.id}` | `{kind.path}`" in page
    assert f"at most {probe_of('api').load.packets} requests" in page.lower()
    for path in PATHS:
        assert f"`{path}`" in (PAGES / "stream.md").read_text()


@pytest.mark.parametrize("flow", ["redfish", "bmc-web"])
def test_controllers_are_spaced(flow):
    assert probe_of(flow).load.spacing == 0.2
    assert "0.2 s" in section(flow, "Load")
