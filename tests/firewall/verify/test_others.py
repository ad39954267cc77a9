import ipaddress

import pytest

from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.others import others
from bellrock.firewall.verify.ruleset import Translate
from bellrock.flows.passages import Place
from tests.firewall.verify.rules import ACCEPT, chain, of, ruleset
from tests.flows.sites import site

GATEWAYS = """
[[subnet]]
name = "far"
cidr = "10.9.0.0/24"
gateway = "10.9.0.1"
[role.ntp]
addresses = ["10.8.0.0/24"]
"""


def v4(text):
    return int(ipaddress.IPv4Address(text))


@pytest.mark.parametrize(
    ("address", "sure"),
    [
        ("10.0.0.2", True),
        ("10.0.0.4", False),
        ("10.1.0.7", False),
        ("10.9.0.1", False),
        ("10.9.0.7", True),
        ("10.8.0.7", False),
        ("8.8.8.8", False),
    ],
)
def test_a_translated_packet_is_forwarded_where_its_new_end_is_surely_another_machine(address, sure):
    assert (v4(address) in others(site(GATEWAYS))[0]) == sure
    web = of(l4proto=6, dport=80, nfproto=2)
    nat = chain(
        "n",
        (*[web], Translate(kind="dnat", family=2, address=v4(address))),
        hook="prerouting",
        priority=-100,
        kind="nat",
    )
    report = check(ruleset(nat, chain("f", (ACCEPT,), hook="forward", policy="drop")), site(GATEWAYS), Place())
    words = {one.verdict for one in report.flows if one.flow == "http-boot" and one.family == 4}
    assert words == ({"passes"} if sure else {"unknown"})


def test_the_other_family_has_its_own():
    assert int(ipaddress.IPv6Address("fd00::2")) in others(site())[1]
    assert others(site())[1].size() == 2


def test_a_port_alone_changes_no_way_and_a_range_is_not_sure():
    web = of(l4proto=6, dport=80, nfproto=2)

    def verdicts(step):
        nat = chain("n", (web, step), hook="prerouting", priority=-100, kind="nat")
        found = check(ruleset(nat, chain("f", hook="forward")), site(), Place())
        return {one.verdict for one in found.flows if one.flow == "http-boot" and one.family == 4}

    assert verdicts(Translate(kind="dnat", family=2, port=8080)) == {"passes"}
    assert verdicts(Translate(kind="dnat", family=2, address=v4("10.0.0.2"), certain=False)) == {"unknown"}
