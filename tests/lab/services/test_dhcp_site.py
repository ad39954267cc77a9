"""What a site has machines ask by DHCP, asked of real servers: external DHCP points to the rack, and answers to relays return to the client VLAN."""

import pytest

from bellrock.flows import Role, Standpoint, parse, wanted
from bellrock.model import Verdict
from tests.lab.services.dhcp_servers import MACHINE, ONE, RELAY, TWO, UPSTREAM, Segment, pool

pytestmark = pytest.mark.lab
QUICK = {"window": "0.3"}


@pytest.fixture(scope="module")
def started():
    with Segment() as one:
        yield one


SITE = f"""\
[role.rack]
addresses = ["{ONE}", "{UPSTREAM}"]
[role.node]
addresses = ["10.9.0.0/24", "10.20.0.0/24"]
[role.relay]
addresses = ["{RELAY}", "10.30.0.1"]
"""


def of_site(text, **standpoint):
    """What a site has a machine ask by DHCP: (server, options)."""
    found = wanted(parse(text.encode(), "site"), Standpoint(**standpoint))
    return [(one.address, one.options) for one in found if one.flow == "dhcp"]


def test_of_external_dhcp_the_site_wants_that_it_points_to_the_rack(started):
    external = SITE + f'[probe.dhcp]\nservers = "{TWO}"\n'
    ((_, options),) = of_site(external, roles=(Role.NODE,), addresses=(MACHINE,), interfaces=("eth0",))
    for name, boots, said in (("away", MACHINE, "which is not the rack"), ("here", ONE, f"tftp://{ONE}/lpxelinux.0")):
        server = started.dnsmasq(f"--dhcp-boot=lpxelinux.0,,{boots}", inside=started.two, name=name)
        found = started.only(arch="bios", follow="no", **QUICK, **options)
        started.stop(server)
        assert said in found.detail
        assert found.verdict is (Verdict.WORKS if boots == ONE else Verdict.DEGRADED), found


def test_the_site_has_a_relay_ask_so_that_answers_return_to_the_client_vlan(started):
    started.kea(pool("10.9.0"), pool("10.20.0"), interfaces=("eth0", "eth1"))
    here = {"roles": (Role.RELAY,), "addresses": ("10.30.0.1", RELAY)}
    asked = dict(of_site(SITE, **here))
    found = started.only(to=UPSTREAM, inside=started.relay, arch="plain", window="0.2", **asked[UPSTREAM])
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["offers"][0]["to"] == RELAY
    # On the racks' side all is well; what is lost is what comes back to the clients'.
    started.relay.run(
        "nft",
        f"add table ip t; add chain ip t c {{ type filter hook input priority 0; }}; add rule ip t c ip daddr {RELAY} udp dport 67 drop",
    )
    lost = started.only(to=UPSTREAM, inside=started.relay, arch="plain", within=1.0, **asked[UPSTREAM])
    assert lost.verdict is Verdict.FILTERED, lost
