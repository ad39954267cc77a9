"""What agents are to try: from where they stand, or as somebody asks; targets in every form, and none that is no target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.contract import Try
from bellrock.flows import BOOT, parse
from bellrock.model import Interface
from bellrock.region.service.wishes import (
    GENTLE,
    Unaskable,
    asked,
    check_flows,
    of_site,
    parse_target,
    standpoint,
    tries_of,
)

SITE = parse(
    b"""\
[role.rack]
addresses = ["10.0.0.1"]
[role.region]
addresses = ["10.0.0.5"]
[role.dns]
addresses = ["10.0.0.53"]
[role.bmc]
addresses = ["10.9.0.7"]
[role.node]
addresses = ["10.0.0.64/26"]
""",
    "site",
)


def interface(name, *addresses, **facts):
    return Interface(**({"name": name, "index": 1, "mac": "m", "carrier": True, "addresses": addresses} | facts))


def test_an_agent_stands_where_its_addresses_are():
    here = standpoint(
        SITE, "rack",
        [interface("eth0", "10.0.0.5/24", "fe80::1/64"), interface("eth1", carrier=False), interface("eth2", master="bond0")],
    )  # fmt: skip
    assert here.roles == ("rack", "region")
    assert here.addresses == ("10.0.0.5",)
    assert here.interfaces == ("eth0",)
    assert standpoint(SITE, "node", []).roles == ("node",)


def test_the_site_says_what_to_try_and_flows_narrow_it():
    here = standpoint(SITE, "rack", [interface("eth0", "10.0.0.1/24")])
    wishes = of_site(SITE, "a", here)
    targets = {(one.what.flow, one.target) for one in wishes}
    assert ("dns", "10.0.0.53:53") in targets
    assert {flow for flow, _ in targets} & GENTLE
    assert all(one.agent == "a" and not one.origin and one.want.why for one in wishes)
    some = of_site(SITE, "a", here, ["dns"])
    assert some
    assert some == [one for one in wishes if one.what.flow == "dns"]


def test_an_agent_that_is_a_relay_asks_the_racks_from_its_clients_side():
    """Also where the matrix has it: relays reach the rack, and answers return to the client VLAN."""
    relay = ("10.0.0.254", "10.0.0.65")
    site = structs.replace(SITE, roles=SITE.roles | parse(f"[role.relay]\naddresses = {[*relay]}".encode(), "s").roles)
    here = standpoint(site, "node", [interface("eth0", f"{relay[0]}/26"), interface("eth1", f"{relay[1]}/26")])
    tries = {one.target: one.what.options for one in of_site(site, "a", here, ("dhcp",))}
    assert set(tries) == {"eth0", "eth1", "10.0.0.1:67"}
    assert tries["10.0.0.1:67"] == {"servers": "10.0.0.1", "rack": "10.0.0.1", "giaddr": "10.0.0.65"}
    assert tries["eth0"] == {"servers": "10.0.0.1", "rack": "10.0.0.1"}


def test_what_is_asked_for_is_expected_to_pass_and_keeps_its_place():
    tries = tries_of(["dns", "ntp"], ["10.0.0.1", "ns.example:5353"])
    wishes = asked("a", "rack", tries, "often")
    assert [(one.what.flow, one.target, one.place, one.origin, one.want.expectation) for one in wishes] == [
        ("dns", "10.0.0.1", 0, "often", "pass"), ("dns", "ns.example:5353", 1, "often", "pass"),
        ("ntp", "10.0.0.1", 2, "often", "pass"), ("ntp", "ns.example:5353", 3, "often", "pass"),
    ]  # fmt: skip
    assert wishes[0].want.protocol == "udp"


@pytest.mark.parametrize(
    ("what", "target"),
    [
        (Try(flow="dns", address="10.0.0.1", port=53), "10.0.0.1:53"),
        (Try(flow="dns", address="2001:db8::1", port=53), "[2001:db8::1]:53"),
        (Try(flow="dns", address="2001:db8::1"), "[2001:db8::1]"),
        (Try(flow="dns", name="ns"), "ns"),
        (Try(flow="dhcp", interface="eth0", port=67), "eth0"),
    ],
    ids=["four", "six", "six-no-port", "name", "link"],
)
def test_what_a_target_is_called(what, target):
    (wish,) = asked("a", "rack", [what])
    assert wish.target == target


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.1", ("10.0.0.1", "", 0)),
        ("10.0.0.1:53", ("10.0.0.1", "", 53)),
        ("10.0.0.1:65535", ("10.0.0.1", "", 65535)),
        ("2001:DB8::1", ("2001:db8::1", "", 0)),
        ("[2001:db8::1]", ("2001:db8::1", "", 0)),
        ("[2001:db8::1]:53", ("2001:db8::1", "", 53)),
        ("ns.example", ("", "ns.example", 0)),
        ("ns.example:5353", ("", "ns.example", 5353)),
    ],
)
def test_a_target_has_several_forms(text, found):
    assert parse_target(text) == found


@pytest.mark.parametrize(
    "text",
    ["", ":53", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:five", "[2001:db8::1", "[::1]x", "[::1]:x", "a b", "http://a/", "a:1:2",
     "x" * 254, "n\x00", "::1::2", "10.0.0.1:٣"],
    ids=str,
)  # fmt: skip
def test_what_is_no_target(text):
    with pytest.raises(Unaskable, match="target"):
        parse_target(text)


@given(st.text(max_size=80))
def test_any_text_is_a_target_or_is_refused(text):
    try:
        address, name, port = parse_target(text)
    except Unaskable:
        return
    assert bool(address) is not bool(name)
    assert 0 <= port <= 65535


def test_flows_that_nobody_tries_are_named_with_those_that_somebody_does():
    check_flows(BOOT)
    with pytest.raises(Unaskable, match="no probe tries 'gopher'; there are dhcp, "):
        check_flows(["dns", "gopher"])
    with pytest.raises(Unaskable, match="gopher"):
        tries_of(["gopher"], ["10.0.0.1"])


def test_what_is_tried_at_one_host_is_judged_together():
    here = standpoint(SITE, "node", [interface("eth0", "10.0.0.70/24")])
    one = next(one for one in of_site(SITE, "a", here) if one.target == "10.0.0.53:53")
    other = structs.replace(one, what=structs.replace(one.what, port=5353))
    elsewhere = structs.replace(one, want=structs.replace(one.want, address="10.0.0.54"))
    assert one.together == other.together
    assert one.together != elsewhere.together
    links = [
        structs.replace(one, what=Try(flow="dhcp", interface=name), want=structs.replace(one.want, address="", name=""))
        for name in ("eth0", "eth1")
    ]
    assert links[0].together != links[1].together
