"""What we write, nft takes: every golden file and any policy, once and again, and what stands beside it stays as it is."""

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings

from bellrock.firewall.compile.linear import linear
from bellrock.firewall.compile.nftables import nftables
from bellrock.firewall.compile.sketch import sketch
from bellrock.flows.profiles import catalogue
from bench._namespaces import Namespace
from tests.firewall.compile.terms import GOLDEN, policies

pytestmark = pytest.mark.lab

BESIDE = """\
table inet filter {
	chain forward {
		type filter hook forward priority 5; policy accept;
	}
}
table ip bellrock {
	set kept { type ipv4_addr; elements = { 10.0.0.1 }; }
}
"""


@pytest.fixture
def space():
    held = Namespace()
    yield held
    held.close()


def nft(space, *arguments, text=""):
    done = subprocess.run(space.command("nft", *arguments), input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[:500]
    return done.stdout


def beside(space):
    """All tables but our own."""
    return nft(space, "list", "table", "inet", "filter") + nft(space, "list", "table", "ip", "bellrock")


def loads_twice(space, text):
    nft(space, "-c", "-f", "-", text=text)
    nft(space, "-f", "-", text=text)
    once = nft(space, "-s", "list", "ruleset")
    nft(space, "-f", "-", text=text)
    assert nft(space, "-s", "list", "ruleset") == once


def test_there_are_golden_files():
    assert len(list(GOLDEN.glob("nftables-*.nft"))) >= 10


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("nftables-*.nft")), ids=lambda path: path.stem)
def test_a_golden_file_loads_twice_and_touches_its_own_table_only(space, path):
    nft(space, "-f", "-", text=BESIDE)
    before = beside(space)
    loads_twice(space, path.read_text())
    assert beside(space) == before
    nft(space, "delete", "table", "inet", "bellrock")
    assert nft(space, "list", "ruleset") == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(policies())
def test_any_policy_loads_in_both_styles(space, policy):
    for text in (nftables(policy).text, linear(policy).text):
        loads_twice(space, text)


def test_the_sketch_is_commands_for_a_table_that_is_there(space):
    nft(space, "-f", "-", text=BESIDE)
    done = subprocess.run(space.command("sh", "-e"), input=sketch(catalogue()).text, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "udp dport { 53, 67, 68, 69, 123 } counter packets 0 bytes 0 accept" in beside(space)
