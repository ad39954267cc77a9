"""Where the ends of a packet live: what a spoof guard stops is missed by nobody."""

import pytest

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.court import Case, Hearing
from bellrock.firewall.verify.describe import interface_number
from bellrock.firewall.verify.homes import at_home, sparing, strangers
from bellrock.firewall.verify.walk import Outcome
from bellrock.flows import Place, Role, crossings, parse

SITE = parse(
    b"""
[[subnet]]
name = "a"
cidr = "10.1.0.0/24"
interface = "eth1"
[[subnet]]
name = "a2"
cidr = "10.3.0.0/24"
interface = "eth1"
[[subnet]]
name = "b"
cidr = "10.2.0.0/24"
interface = "eth2"
[[subnet]]
name = "c"
cidr = "10.9.0.0/24"
[[subnet]]
name = "six"
cidr = "fd00:1::/64"
interface = "eth1"
[role.node]
subnets = ["a", "b"]
[role.rack]
subnets = ["c"]
""",
    "site.toml",
)
A, A2, B, C, STRANGER = 0x0A010005, 0x0A030005, 0x0A020005, 0x0A090002, 0xC6336407


def packet(source, destination, came, left):
    return {
        "nfproto": 2, "saddr": source, "daddr": destination,
        "iifname": interface_number(came), "oifname": interface_number(left),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "came", "home"),
    [
        (A, "eth1", True), (A2, "eth1", True), (B, "eth2", True), (A, "eth2", False), (B, "eth1", False), (A, "eth3", False),
        (C, "eth1", True), (C, "eth3", True), (STRANGER, "eth1", True), (STRANGER, "wan", True),
    ],
)  # fmt: skip
def test_a_source_comes_in_where_it_lives_and_others_anywhere(source, came, home):
    sources, destinations = at_home(SITE)
    assert (packet(source, C, came, "eth9") in sources) == home
    assert packet(source, C, came, "eth9") in destinations
    assert (packet(C, source, "eth9", came) in destinations) == home
    assert packet(C, source, "eth9", came) in sources


def test_families_do_not_mix():
    sources, _ = at_home(SITE)
    inside = (0xFD00 << 112) | (1 << 96) | 5
    six = {"nfproto": 10, "saddr6": inside, "iifname": interface_number("eth1")}
    assert six in sources
    assert six | {"iifname": interface_number("eth2")} not in sources
    assert six | {"saddr6": inside + (1 << 100), "iifname": interface_number("eth2")} in sources


def test_a_site_without_interfaces_has_everybody_everywhere():
    sources, destinations = at_home(parse(b'[role.rack]\naddresses = ["10.9.0.2"]', "site.toml"))
    families = Boxes.of(nfproto=Intervals.of(2, 10))
    assert sources == families
    assert destinations == families


def heard(*outcomes):
    return Hearing(packets=Boxes.put(box for one in outcomes for box in one.packets), outcomes=outcomes)


def stopped(verdict, *packets):
    fields = ("nfproto", "saddr", "daddr", "iifname", "oifname")
    rows = [[Intervals.of(one[name]) for name in fields] for one in packets]
    return Outcome(packets=Boxes.points(fields, rows), verdict=verdict)


def test_only_what_was_stopped_away_from_home_is_spared():
    good, spoofed = packet(A, C, "eth1", "eth3"), packet(A, C, "eth2", "eth3")
    accepted = stopped("accept", spoofed)
    case = Case(
        crossing=crossings(SITE, Place())[0],
        request=(heard(accepted, stopped("drop", spoofed, good)), heard(stopped("unknown", spoofed))),
        reply=(heard(stopped("reject", packet(C, A, "eth3", "eth2"))),),
    )
    spared = sparing(case, at_home(SITE))
    assert spared.crossing is case.crossing
    first, later = spared.request
    assert first.outcomes[0] is accepted
    assert [one.packets for one in first.outcomes[1:]] == [stopped("drop", good).packets]
    assert later.outcomes == ()
    assert spared.reply[0].outcomes == ()


def test_strangers_are_whoever_a_gateway_has_nothing_to_do_with():
    assert strangers(SITE, Place()) is None
    found = strangers(SITE, Place(gateway_of=Role.RACK))
    ends = [(A, B), (A, C), (C, STRANGER), (C, C)]
    assert [{"nfproto": 2, "saddr": one, "daddr": other} in found for one, other in ends] == [True, False, False, False]
    assert {"nfproto": 10, "saddr6": 1, "daddr6": 2} in found
    assert {"nfproto": 2, "saddr": C, "daddr": C} in strangers(SITE, Place(gateway_of=Role.BMC))
    everybody = parse(b'[role.bmc]\naddresses = ["any"]', "site.toml")
    assert not strangers(everybody, Place(gateway_of=Role.BMC))
