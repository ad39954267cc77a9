"""Filters that the kernel takes."""

import sys
from ipaddress import ip_address, ip_network

import pcapy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.capture.compiled import FilterError, compile_filter
from bellrock.capture.fitted import covering, fitted
from bellrock.capture.values import NothingWantedError, Wanted
from bellrock.flows.catalogue import CATALOGUE, flow
from bellrock.flows.values import Role
from tests.capture.packets import KNOWN, NOT_TFTP, WORLD, Packet, belongs, universe

MANY = tuple(ip_network(f"10.{at % 199}.{at * 7 % 251}.{at * 64 % 256}/26") for at in range(5000))


def test_small_ones_are_left_alone():
    made = fitted(Wanted(flows=(flow("ntp"),), addresses={Role.NODE: KNOWN[Role.NODE]}))
    assert made.program == compile_filter(made.expression)
    assert not any("widened" in note for note in made.notes)


def test_everything_fits():
    made = fitted(Wanted(flows=CATALOGUE, addresses=KNOWN))
    assert 1800 < len(made.program) <= 4096
    assert sum("may be anywhere" in note for note in made.notes) == 1
    program = pcapy.compile(1, 262144, made.expression, 1, 0xFFFFFFFF)
    for packet in universe()[::7]:
        # What only begins like TFTP is taken between known hosts alone.
        if packet.payload in NOT_TFTP.values():
            continue
        assert not belongs(packet, CATALOGUE, KNOWN) or program.filter(packet.frame())


def test_everything_of_one_version_fits_with_all_addresses():
    made = fitted(Wanted(flows=CATALOGUE, addresses={role: nets[:1] for role, nets in KNOWN.items()}))
    assert len(made.program) <= 4096
    assert not any("anywhere" in note or "widened" in note for note in made.notes)


def test_five_thousand_subnets_are_widened_and_it_is_said():
    asked = Wanted(
        flows=(flow("dhcp"), flow("tftp"), flow("http-boot")), addresses={Role.NODE: MANY, Role.RACK: KNOWN[Role.RACK]}
    )
    made = fitted(asked)
    assert 200 < len(made.program) <= 4096 - 64
    (note,) = (note for note in made.notes if "widened" in note)
    assert note.startswith("5000 prefixes of role node were widened to ")
    program = pcapy.compile(1, 262144, made.expression, 1, 0xFFFFFFFF)
    for net in MANY[::101]:
        assert program.filter(Packet(4, 6, str(net[3]), WORLD[Role.RACK][4], 40000, 80).frame((0x8100, 5)))
    assert not program.filter(Packet(4, 6, "203.0.113.1", WORLD[Role.RACK][4], 40000, 80).frame())


def test_the_same_for_whom_it_is_about():
    made = fitted(Wanted(flows=(flow("http-boot"),), about=MANY))
    assert any("of the hosts and subnets asked for" in note for note in made.notes)


def test_limits_are_held_step_by_step():
    asked = Wanted(flows=(flow("http-boot"),), addresses={Role.NODE: MANY[:200]})
    sizes = []
    for limit in (1000, 300, 150):
        made = fitted(asked, limit)
        assert len(made.program) <= limit
        sizes.append(len(made.program))
    assert sizes == sorted(sizes, reverse=True)
    anywhere = fitted(asked, 70)
    assert any("may be anywhere" in note for note in anywhere.notes)
    with pytest.raises(FilterError, match="fewer flows"):
        fitted(asked, 5)


def test_nothing_wanted():
    six = {role: KNOWN[role][1:] for role in (Role.LIBVIRT_HOST, Role.NODE, Role.RELAY)}
    with pytest.raises(NothingWantedError):
        fitted(Wanted(flows=(flow("libvirt-dnsmasq"),), addresses=six))


def test_without_libpcap(monkeypatch):
    monkeypatch.setitem(sys.modules, "pcapy", None)
    made = fitted(Wanted(flows=(flow("ntp"),), addresses={Role.NODE: MANY}))
    assert made.program is None
    assert "not compiled" in made.notes[-1]
    assert made.expression.count(" net ") <= 2 * 3 * 16 * 3
    assert any("widened to " in note for note in made.notes)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)), max_size=60),
    st.lists(st.tuples(st.integers(0, 2**128 - 1), st.integers(16, 128)), max_size=20),
    st.integers(1, 20),
)
def test_covering_covers_with_no_more_than_asked(four, six, most):
    nets = tuple(ip_network((ip_address(a), n), strict=False) for a, n in four)
    nets += tuple(ip_network((ip_address(a.to_bytes(16, "big")), n), strict=False) for a, n in six)
    wider = covering(nets, most)
    for version in (4, 6):
        assert sum(net.version == version for net in wider) <= most
    for net in nets:
        assert any(net.version == one.version and net.subnet_of(one) for one in wider)
    assert set(covering(wider, most)) == set(wider)
