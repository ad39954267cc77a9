"""A real boot through generated rules on every machine of its way: it works, and each flow that is taken out is missed where it was."""

import tempfile
from functools import cache
from pathlib import Path

import pytest

from bellrock.firewall.compile.build import build
from bellrock.firewall.compile.policy import Options
from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.read import read_nft
from bellrock.flows import Place, Role, Site, parse
from tests.lab.provisioning import NODE_GATEWAY, RACK, RACK_GATEWAY, Provisioning, load

pytestmark = pytest.mark.lab

STEPS = ("dhcp", "renewal", "dns", "http-boot", "tftp")
PLACES = {
    "node": (Place(roles=(Role.NODE,)),),
    # The router's own packets are the relay's: they meet its input and output, never its forward chain.
    "router": (Place(), Place(roles=(Role.RELAY,))),
    "rack": (Place(roles=(Role.RACK,)),),
}
MISSED = {
    # dhclient and dhcrelay write and read frames, past the rules of their machine; only what they send by unicast meets those.
    ("dhcp", "node"): {"renewal"},
    ("dhcp", "router"): {"dhcp", "renewal"},
    ("dhcp", "rack"): {"dhcp", "renewal"},
    **{(flow, machine): {flow} for flow in ("dns", "http-boot", "tftp") for machine in PLACES},
}


@cache
def the_site(disabled: str = "") -> Site:
    text = f"""
[flows]
disable = [{f'"{disabled}"' if disabled else ""}]
[[subnet]]
name = "nodes"
cidr = "10.0.1.0/24"
interface = "eth0"
[[subnet]]
name = "racks"
cidr = "10.0.9.0/24"
interface = "eth1"
[role.node]
subnets = ["nodes"]
[role.rack]
addresses = ["{RACK}"]
[role.relay]
addresses = ["{NODE_GATEWAY}", "{RACK_GATEWAY}"]
"""
    return parse(text.encode(), "boot.toml")


def rules(where: Site, machine: str) -> str:
    """The tables of a machine: one for each place that it is."""
    options = [Options(table=f"bellrock_{at}") for at in range(len(PLACES[machine]))]
    return "\n".join(
        build(where, place, "nftables", one).text for place, one in zip(PLACES[machine], options, strict=True)
    )


def verdicts(space, machine):
    """What check says of the rules that a machine has: the exchanges that are not as the whole site wants them, and what is wider."""
    found, wider = set(), ()
    ruleset = read_nft(space.run("nft", "-j", "list", "ruleset").encode())
    for place in PLACES[machine]:
        report = check(ruleset, the_site(), place)
        found |= {(one.flow, one.exchange, one.verdict) for one in report.flows if not one.holds}
        wider += report.wider
    return found, wider


@pytest.fixture(scope="module")
def network():
    with tempfile.TemporaryDirectory(prefix="fh-") as path, Provisioning(Path(path)) as whole:
        yield whole


def prepare(network, changed="", text=""):
    """Everybody's rules as the site wants them, but `changed` has `text`."""
    network.reset()
    for machine in PLACES:
        load(getattr(network, machine), text if machine == changed else rules(the_site(), machine))


def test_a_node_boots_through_the_rules_of_all_machines(network):
    prepare(network)
    assert network.boot() == dict.fromkeys(STEPS, True)
    assert network.dropped() == 0
    for machine in PLACES:
        assert verdicts(getattr(network, machine), machine) == (set(), ())


@pytest.mark.parametrize(("flow", "machine"), MISSED, ids=lambda word: word)
def test_a_flow_that_is_taken_out_is_missed_by_the_boot_and_by_the_check(network, flow, machine):
    prepare(network, machine, rules(the_site(flow), machine))
    found, wider = verdicts(getattr(network, machine), machine)
    # Between a rack and a node, beacons still pass, by ports that data might use as well.
    overlapping = {("tftp", "data", "partly")} if flow == "tftp" and machine != "router" else set()
    assert {(one, verdict) for one, _, verdict in found - overlapping} == {(flow, "blocked")}
    assert overlapping <= found
    assert wider == ()
    steps = STEPS if flow == "dhcp" else [step for step in STEPS if step != "renewal"]
    outcome = network.boot(renewing="renewal" in steps)
    assert outcome == {step: step not in MISSED[flow, machine] for step in steps}


def test_without_the_helper_the_request_passes_and_the_data_do_not(network):
    text = rules(the_site(), "router")
    without = text.replace('ct helper set "tftp" ', "")
    assert without != text
    prepare(network, "router", without)
    assert verdicts(network.router, "router") == ({("tftp", "data", "blocked")}, ())
    assert network.boot() == {step: step != "tftp" for step in STEPS}
