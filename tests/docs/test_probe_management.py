"""The pages of the probes for SSH, IPMI, LDAP and libvirt name each of their options and facts, and the load that is in force."""

import re
from pathlib import Path

import pytest

from bellrock.probe import probe_of, tls
from bellrock.probe.ipmi import SPACING
from bellrock.probe.ldap import MAX_OCTETS as LDAP_OCTETS
from bellrock.probe.libvirt import MAX_OCTETS as LIBVIRT_OCTETS
from bellrock.wire.ldap import MAX_MESSAGE

ROOT = Path(__file__).parents[2]
SOURCES = {
    "ssh": ("ssh.py", "ssh_judged.py"),
    "ipmi": ("ipmi.py", "ipmi_judged.py"),
    "ldap": ("ldap.py", "ldap_judged.py"),
    "libvirt": ("libvirt.py",),
}
MEMBERS = {
    # Of the list of host keys, and the parts that are compared with what clients take.
    "ssh": {"kind", "bits", "fingerprint", "proved", "host_key", "cipher", "mac"},
    "ipmi": {"id", "authentication", "integrity", "confidentiality"},
    # Ways to begin.
    "ldap": {"auto", "ldaps", "none"},
    "libvirt": {"sasl", "polkit"},
}
"""Words in the source that look like facts and are parts of them, or something else."""


def page(flow):
    return (ROOT / "docs" / "reference" / "probes" / f"{flow}.md").read_text()


def rows(flow, title):
    """What the first column of a table names."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page(flow), re.DOTALL | re.MULTILINE)[1]
    cells = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("flow", SOURCES)
def test_options(flow):
    assert rows(flow, "Options") == {option.name for option in probe_of(flow).options}


@pytest.mark.parametrize("flow", SOURCES)
def test_facts(flow):
    text = "".join((ROOT / "src" / "bellrock" / "probe" / name).read_text() for name in SOURCES[flow])
    written = set(re.findall(r'["\[]([a-z_]+)"(?:\] =|:)', text))
    written |= {name for name, _ in re.findall(r'\("([a-z_]+)", "(vendor[A-Z]\w+|dnsHostName)"\)', text)}
    written = {name for name in written if name not in MEMBERS[flow]}
    # `starttls` is a way as well as a fact.
    assert rows(flow, "Facts") == written | ({"starttls"} if flow == "ldap" else set())


def test_the_load_that_is_in_force():
    assert f"At least {SPACING:g} s lie between" in page("ipmi")
    assert f"at most {probe_of('ipmi').load.packets} with `suites=yes`" in page("ipmi")
    assert f"At most {LDAP_OCTETS // 1024} KiB are read, and {MAX_MESSAGE // 1024} KiB of one message" in page("ldap")
    assert f"At most {LIBVIRT_OCTETS // 1024} KiB are read" in page("libvirt")
    assert {option.name for option in tls.OPTIONS} <= rows("ldap", "Options")
