"""Ports, learnt ports, room for acknowledgements, and the token bucket."""

import pytest

from bellrock.beacon.core import Core
from bellrock.beacon.ports import Bucket
from bellrock.beacon.values import Config, Identity
from bellrock.model import Port
from tests.beacon.playbook import at, facts


def core():
    return Core(Identity("us", "host", "rack", "boot"), lambda version, wall: "id", lambda: 0.5, Config())


def test_a_bucket_gives_its_size_at_once_and_its_rate_after():
    bucket = Bucket(3, 2, 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(("mtu", "acks"), [(1500, 32), (9000, 32), (1280, 26), (672, 1), (68, 1)])
def test_acknowledgements_fit_the_mtu_and_one_always_goes(mtu, acks):
    state = core().new_port(facts(mtu=mtu), False, at(0))
    assert state.max_acks(32) == acks


def test_a_port_is_found_kept_and_removed():
    shared = core()
    state = shared.new_port(facts(), False, at(0))
    assert shared.ports.get(state.port) is state
    assert list(shared.ports) == [state]
    assert shared.ports.remove(state.port) is state
    assert shared.ports.remove(state.port) is None
    assert len(shared.ports) == 0


def test_a_vid_is_learnable_on_an_interface_that_allows_it():
    shared = core()
    shared.new_port(facts(ipv4=("10.0.0.1/24",)), False, at(0))
    shared.new_port(facts("eth1", learn_vids=False), False, at(0))
    learnt = shared.ports.learnable(Port("us", "eth0", 10))
    assert (learnt.port.vid, learnt.interface, learnt.ipv4, learnt.ipv6, learnt.learn_vids) == (
        10,
        "eth0",
        (),
        (),
        False,
    )
    assert shared.ports.learnable(Port("us", "eth1", 10)) is None
    assert shared.ports.learnable(Port("us", "eth2", 10)) is None
    assert shared.ports.learnable(Port("us", "eth0")) is None


def test_learnt_ports_are_listed_until_kept_or_removed():
    shared = core()
    shared.new_port(facts(), False, at(0))
    for vid in (30, 10, 20):
        shared.new_port(shared.ports.learnable(Port("us", "eth0", vid)), True, at(0))
    assert [port.vid for port in shared.ports.learnt("eth0")] == [10, 20, 30]
    shared.ports.keep(Port("us", "eth0", 10))
    shared.ports.remove(Port("us", "eth0", 20))
    assert [port.vid for port in shared.ports.learnt("eth0")] == [30]
    assert shared.ports.learnt("eth9") == ()


def test_new_facts_replace_the_old_and_end_the_learning():
    shared = core()
    shared.new_port(facts(), False, at(0))
    state = shared.new_port(shared.ports.learnable(Port("us", "eth0", 10)), True, at(0))
    state.update(facts(vid=10, ipv4=("10.0.0.1/24",)))
    assert (state.dynamic, state.facts.interface, [copy.family for copy in state.copies]) == (False, "eth0.10", [4, 6])
