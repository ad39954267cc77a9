"""Forwarding frame by frame and the reference model agree about who hears whom."""

import random

import pytest

from tests.sim.fabric import Device, Plug, connect, flood
from tests.sim.reference import Truth
from tests.sim.scenario import VIDS, Builder


def plugged(switch, tags):
    plug = Plug("host", f"eth{len(switch.ports)}")
    connect(plug, switch.socket(tags))
    return plug


def test_an_access_port_is_heard_untagged_and_on_a_trunk_with_its_vid():
    switch = Device("switch")
    access, trunk, other = plugged(switch, {None: 10}), plugged(switch, {10: 10, None: 1}), plugged(switch, {None: 20})
    assert list(flood(access, None)) == [(trunk, 10)]
    assert list(flood(trunk, 10)) == [(access, None)]
    assert list(flood(trunk, None)) == []
    assert list(flood(other, None)) == []


def test_a_native_mismatch_joins_two_vids():
    left, right = Device("left"), Device("right")
    connect(left.socket({None: 1}), right.socket({None: 20}))
    a, b = plugged(left, {None: 1}), plugged(right, {None: 20})
    assert list(flood(a, None)) == [(b, None)]
    truth = Truth([left, right], frozenset({1, 20}))
    assert truth.domain(a, None) == truth.domain(b, None)


def test_a_hairpin_returns_frames_to_their_port():
    switch = Device("switch")
    plug = Plug("host", "eth0")
    connect(plug, switch.socket({None: 1}, hairpin=True))
    assert list(flood(plug, None)) == [(plug, None)]


def test_a_bridge_that_knows_no_vlans_keeps_tags():
    switch, bridge = Device("switch"), Device("br0", transparent=True)
    connect(bridge.socket(), switch.socket({10: 10, None: 1}))
    inside, access = plugged(bridge, {}), plugged(switch, {None: 10})
    assert list(flood(inside, 10)) == [(access, None)]
    assert list(flood(access, None)) == [(inside, 10)]


@pytest.mark.parametrize("seed", range(60))
def test_forwarding_agrees_with_the_reference(seed):
    net = Builder(seed, size=8, moves=0).build().net
    net.run_until(5.1)
    truth = Truth(net.devices, frozenset(net.vids | {98, 99}))
    ends = [(plug, tag) for plug in net.hosts for tag in (None, *VIDS)]
    for origin, tag in random.Random(seed).sample(ends, min(20, len(ends))):
        heard = {(plug, seen) for plug, seen in flood(origin, tag) if plug is not origin}
        domain = truth.domain(origin, tag)
        same = {end for end in ends if end[0] is not origin and domain is not None and truth.domain(*end) == domain}
        assert {end for end in heard if end[1] in (None, *VIDS)} == same
