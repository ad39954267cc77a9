"""Nodes that ask everybody on their link: somebody has to be there who passes it on."""

import pytest

from bellrock.flows import parse
from bellrock.flows.relays import unrelayed

FOUR = '[[subnet]]\nname = "pxe"\ncidr = "10.1.0.0/24"\nvlan = 10\n'
SIX = '[[subnet]]\nname = "pxe6"\ncidr = "fd00:1::/64"\nvlan = 10\n'
RACK = '[role.rack]\naddresses = ["10.0.0.2", "fd00::2"]\n'
NODE = '[role.node]\nsubnets = ["pxe*"]\n'
NO_DISCOVER = "flow dhcp: no rack and no relay has an address on pxe: no DISCOVER reaches a rack"
NO_SOLICIT = "flow dhcpv6: no rack and no relay has an address on pxe6: no SOLICIT reaches a rack"


def told(*texts):
    return unrelayed(parse("".join(texts).encode(), "s.toml"))


def relay(*addresses):
    return f"[role.relay]\naddresses = {list(addresses)!r}\n"


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ("", (NO_DISCOVER, NO_SOLICIT)),
        (relay("10.1.0.1"), (NO_SOLICIT,)),
        (relay("fd00:1::1"), (NO_DISCOVER,)),
        (relay("10.1.0.1", "fd00:1::1"), ()),
        (relay("10.2.0.1", "10.0.255.255"), (NO_DISCOVER, NO_SOLICIT)),
        (relay("10.0.0.0/8"), (NO_DISCOVER, NO_SOLICIT)),
        (relay("10.1.0.0", "10.1.0.255"), (NO_SOLICIT,)),
        ('[flows]\ndisable = ["dhcp"]\n', (NO_SOLICIT,)),
        ('[flows]\ndisable = ["dhcpv6"]\n', (NO_DISCOVER,)),
    ],
)
def test_a_relay_of_the_family_is_on_the_link(more, lines):
    assert told(FOUR, SIX, RACK, NODE, more) == lines


def test_a_rack_on_the_link_needs_no_relay_and_speaks_both():
    on_link = '[role.rack]\naddresses = ["10.1.0.2", "fd00::2"]\n'
    assert told(FOUR, SIX, on_link, NODE) == ()
    apart = SIX.replace("10\n", "11\n")
    assert told(FOUR, apart, on_link, NODE) == (NO_SOLICIT,)
    untold = [text.replace("vlan = 10\n", "") for text in (FOUR, SIX)]
    assert told(*untold, on_link, NODE) == (NO_SOLICIT,)
    assert told(FOUR, RACK.replace('"10.0', '"10.1'), NODE) == ()


def test_without_racks_or_nodes_of_the_family_there_is_nothing_to_relay():
    assert told(FOUR, NODE) == ()
    assert told(FOUR, RACK) == ()
    assert told(FOUR, '[role.rack]\naddresses = ["fd00::2"]\n', NODE) == ()
    assert told(FOUR, RACK, '[role.node]\naddresses = ["any"]\n') == ()
    assert told(FOUR, RACK, '[role.node]\naddresses = ["10.1.0.7"]\n') == (NO_DISCOVER,)


def test_many_subnets_are_one_line():
    subnets = "".join(f'[[subnet]]\nname = "pxe-{at}"\ncidr = "10.1.{at}.0/24"\n' for at in range(20))
    (line,) = told(subnets, RACK, NODE)
    assert "on pxe-0, pxe-1, pxe-2, pxe-3, pxe-4 and 15 more subnets: no DISCOVER" in line
