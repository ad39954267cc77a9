"""`Incremental` and `infer` agree, and both agree with an oracle that shares no code with them."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKind,
    EvidenceSeen,
    InterfaceGone,
    MtuLimit,
    MtuSeen,
    Port,
    Wall,
)
from bellrock.topology.batch import infer, partition
from bellrock.topology.facts import Facts
from bellrock.topology.incremental import Incremental
from tests.topology.oracle import Oracle
from tests.topology.worlds import dense, gone, host, interface, lldp, observations, port, saw, scripts, times

steps = st.tuples(st.booleans(), st.one_of(observations, observations, times, st.just("rename")))
"""Whether the topology is asked for, and then what happens."""


def nameless(topology):
    fabrics = tuple(
        replace(fabric, id="", name="", vlans=tuple(replace(vlan, id="", name="") for vlan in fabric.vlans))
        for fabric in topology.fabrics
    )
    return replace(topology, fabrics=fabrics)


def ports_of(groups):
    return {frozenset(node for node in group if isinstance(node, Port)) for group in groups}


def ageless(topology):
    """Without when anything was seen."""
    fabrics = tuple(
        replace(
            fabric,
            vlans=tuple(
                replace(vlan, members=tuple(replace(one, seen=Wall(0.0)) for one in vlan.members))
                for vlan in fabric.vlans
            ),
        )
        for fabric in topology.fabrics
    )
    return replace(topology, fabrics=fabrics)


def run(script, look_at=Incremental.topology):
    """Plays a script; returns the incremental state, the oracle, and what a batch must be told to end up there."""
    state, oracle, history = Incremental(), Oracle(), []
    for look, step in script:
        if look:
            look_at(state)
        if isinstance(step, float):
            keys = state.expire(Wall(step))
            assert set(keys) == oracle.expire(Wall(step))
            history += [EvidenceGone(key, "expired") for key in keys]
        elif step == "rename":
            for fabric in state.topology().fabrics[:1]:
                state.rename(fabric.id, "core")
        else:
            state.apply(step)
            oracle.apply(step)
            history.append(step)
    return state, oracle, history


@settings(max_examples=200, deadline=None)
@given(scripts(steps, 40))
def test_batch_incremental_and_oracle_agree(script):
    state, oracle, history = run(script)
    found = state.topology()
    assert nameless(found) == nameless(infer(history))
    assert infer(history, state.registry) == found
    domains = oracle.partition()
    facts = Facts()
    facts.fold(history)
    assert ports_of(partition(facts)) == domains
    for domain in domains:
        for member in domain:
            assert state.domain_of(member) == domain


@settings(max_examples=300, deadline=None)
@given(dense)
def test_they_agree_where_everything_has_to_do_with_everything(script):
    state, oracle, history = run(script)
    domains = oracle.partition()
    for member in map(Port, *zip(*product("abc", ("eth0", "eth1", "br0", "eth0.10"), (None, 10, 20, 30)), strict=True)):
        owned = [domain for domain in domains if state.facts.canonical(member) in domain]
        assert state.domain_of(member) == (owned[0] if owned else {state.facts.canonical(member)})
    assert nameless(state.topology()) == nameless(infer(history))


@settings(max_examples=200, deadline=None)
@given(scripts(observations, 30), scripts(observations, 10))
def test_a_loaded_state_goes_on_like_one_that_heard_all(first, then):
    loaded = Incremental()
    loaded.load(first)
    for observation in then:
        loaded.apply(observation)
    assert nameless(loaded.topology()) == nameless(infer([*first, *then]))


def heard(*pairs):
    state = Incremental()
    for a, b in pairs:
        state.apply(saw("heard", a, b))
    return state


@settings(max_examples=200, deadline=None)
@given(scripts(steps, 40))
def test_claims_are_the_topology_but_for_ages(script):
    state, _, history = run(script, Incremental.claims)
    claims = state.claims()
    assert ageless(nameless(claims)) == ageless(nameless(infer(history)))
    assert ageless(state.topology()) == ageless(claims)


@settings(max_examples=100, deadline=None)
@given(scripts(steps, 40), st.data())
def test_conclusions_may_be_drawn_ahead_at_any_time(script, data):
    asked = st.sampled_from([lambda state: state.ahead(1), lambda state: state.ahead(9), Incremental.topology])
    state, _, history = run(script, lambda state: data.draw(asked)(state))
    while state.ahead(2):
        pass
    assert nameless(state.topology()) == nameless(infer(history))


def test_another_inference_s_names_are_taken_over():
    state, other = heard(("a/eth0", "b/eth0")), heard(("c/eth0", "d/eth0"), ("a/eth0", "b/eth0"))
    state.topology()
    other.rename("fabric-1", "core")
    state.take_over(other.registry)
    other.apply(gone("heard", "c/eth0", "d/eth0"))
    assert state.topology() == other.topology()
    assert (state.topology().fabrics[0].id, state.topology().fabrics[0].name) == ("fabric-1", "core")


def test_what_stays_is_the_same_object():
    state = Incremental()
    state.load([saw("confirmed", "a/eth0", "b/eth0"), saw("confirmed", "c/eth0", "d/eth0")])
    before = state.claims()
    state.apply(saw("confirmed", "c/eth0", "e/eth0"))
    after = state.claims()
    assert after.fabrics[0] is before.fabrics[0]
    assert after.fabrics[1] is not before.fabrics[1]
    state.rename(after.fabrics[0].vlans[0].id, "core")
    assert [vlan.name for fabric in state.claims().fabrics for vlan in fabric.vlans] == ["core", "untagged"]
    state.rename(after.fabrics[1].id, "spine")
    assert [fabric.name for fabric in state.claims().fabrics] == ["fabric-1", "spine"]


def test_a_word_that_changes_nothing_draws_nothing_anew():
    state = Incremental()
    state.load([host("a", seen=1.0), host("b", seen=1.0), saw("confirmed", "a/eth0", "b/eth0")])
    before = state.claims()
    state.apply(host("a", seen=199.0))
    assert state.claims() is before
    assert state.topology().fabrics[0].vlans[0].members[0].seen == 199.0


def test_what_an_interface_may_carry_draws_nothing_anew():
    seen = interface("a", "eth0")
    told = [host("a"), host("b"), seen, saw("confirmed", "a/eth0", "b/eth0")]
    state = Incremental()
    state.load(told)
    before = state.claims()
    wide = replace(seen, interface=replace(seen.interface, mtu=9000))
    state.apply(wide)
    state.apply(MtuSeen(port("a/eth0"), port("b/eth0"), 9000, MtuLimit.LINK, 9000))
    assert state.claims() is before
    assert state.facts.interfaces["a"]["eth0"].mtu == 9000
    assert state.topology() == infer([*told, wide])
    state.apply(replace(seen, interface=replace(seen.interface, mtu=1500, carrier=False)))
    assert state.claims() is not before


def test_time_alone_shows_that_somebody_does_not_hear():
    state = Incremental()
    state.load(
        [
            host("a", seen=1.0),
            host("b", seen=1.0),
            interface("a", "eth0", settled=True, speaks=True, carrier=True),
            interface("b", "eth0", settled=True, speaks=True, carrier=True),
            saw("heard", "a/eth0", "b/eth0", since=1.0, seen=1.0),
        ]
    )
    assert not state.claims().conflicts
    state.apply(host("a", seen=60.0))
    state.apply(host("b", seen=60.0))
    assert [one.kind for one in state.claims().conflicts] == ["one-way"]


def test_domain_of():
    state = heard(("a/eth0", "b/eth0"), ("c/eth0", "b/eth0"), ("d/eth0", "e/eth0"))
    assert state.domain_of(port("c/eth0")) == {port("a/eth0"), port("b/eth0"), port("c/eth0")}
    assert state.domain_of(port("x/eth0")) == {port("x/eth0")}


def test_the_smaller_component_is_relabelled_even_if_it_waits_to_be_walked():
    state = heard(
        ("a/eth0", "b/eth0"), ("b/eth0", "c/eth0"), ("d/eth0", "e/eth0"), ("e/eth0", "f/eth0"), ("f/eth0", "g/eth0")
    )
    state.apply(gone("heard", "a/eth0", "b/eth0"))
    state.apply(saw("heard", "c/eth0", "d/eth0"))
    assert state.domain_of(port("b/eth0")) == {port(f"{h}/eth0") for h in "bcdefg"}
    assert state.domain_of(port("a/eth0")) == {port("a/eth0")}


def test_a_join_that_other_evidence_holds_stays():
    state = heard(("a/eth0", "b/eth0"), ("b/eth0", "a/eth0"))
    state.apply(gone("heard", "a/eth0", "b/eth0"))
    assert len(state.domain_of(port("a/eth0"))) == 2
    state.apply(gone("heard", "b/eth0", "a/eth0"))
    assert len(state.domain_of(port("a/eth0"))) == 1
    state.apply(gone("heard", "b/eth0", "a/eth0"))


def test_the_topology_is_drawn_anew_only_after_a_change():
    state = heard(("a/eth0", "b/eth0"))
    first = state.topology()
    assert state.topology() is first
    state.apply(host("a", "rack-1"))
    assert state.topology().names["a"] == "rack-1"


def test_names_given_by_people_show_at_once():
    state = heard(("a/eth0", "b/eth0"))
    state.rename("fabric-1", "core")
    assert state.topology().fabrics[0].name == "core"
    with pytest.raises(ValueError, match="no fabric or VLAN"):
        state.rename("fabric-7", "core")


def test_expiry():
    state = heard(("a/eth0", "b/eth0"))
    assert [key.port for key in state.expire(Wall(200.0))] == [port("a/eth0")]
    assert not state.topology().fabrics


def test_load_comes_first():
    state = heard(("a/eth0", "b/eth0"))
    with pytest.raises(RuntimeError, match="before anything"):
        state.load([])


def test_what_is_loaded_piece_by_piece_settles_once():
    state = Incremental()
    state.take_in([saw("heard", "a/eth0", "b/eth0")])
    state.take_in([saw("heard", "b/eth0", "c/eth0")])
    state.settle()
    state.settle()
    assert len(state.domain_of(port("a/eth0"))) == 3


def test_switches_come_and_go():
    state = Incremental()
    state.apply(lldp("a/eth0", pvid=5))
    state.apply(lldp("b/eth0", port_id="Eth2", pvid=5))
    assert len(state.domain_of(port("a/eth0"))) == 2
    state.apply(interface("b", "eth0", carrier=False))
    assert len(state.domain_of(port("a/eth0"))) == 1


def test_what_is_told_late_of_a_vanished_interface_is_kept_back():
    account = interface("node", "eth0"), interface("node", "eth5"), saw("heard", "rack/eth0", "node/eth5")
    late = InterfaceGone("node", "eth5"), saw("confirmed", "rack/eth0", "node/eth5")
    state = Incremental()
    for observation in (*account, *late):
        state.apply(observation)
    assert state.topology().fabrics == infer([*account, *late]).fabrics == ()
    back = interface("node", "eth5")
    state.apply(back)
    assert state.domain_of(port("node/eth5")) == {port("node/eth5"), port("rack/eth0")}
    assert nameless(state.topology()) == nameless(infer([*account, *late, back]))


def test_an_account_that_begins_keeps_back_what_it_does_not_name_yet():
    first = saw("confirmed", "rack/eth0", "node/eth0"), saw("confirmed", "rack/eth1", "node/eth1")
    state = Incremental()
    for observation in (*first, interface("node", "eth0")):
        state.apply(observation)
    assert len(state.domain_of(port("rack/eth0"))) == 2
    assert len(state.domain_of(port("rack/eth1"))) == 1
    state.apply(InterfaceGone("node", "eth0"))
    assert len(state.domain_of(port("rack/eth1"))) == 2, "a host without an account again"


def test_a_port_that_turns_out_to_be_a_vlan_interface_is_forgotten_under_its_name():
    state = Incremental()
    named = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=Port("a", "eth0.10"), peer=port("b/eth0")))
    state.apply(named)
    assert state.domain_of(port("b/eth0")) == {Port("a", "eth0.10"), port("b/eth0")}
    vlan = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10)
    state.apply(vlan)
    assert state.domain_of(port("b/eth0")) == {port("a/eth0.10"), port("b/eth0")}
    assert nameless(state.topology()) == nameless(infer([named, vlan]))
    inside = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=Port("a", "eth0"), peer=Port("a", "eth0.11")))
    state.apply(inside)
    late = interface("a", "eth0.11", "vlan", parents=("eth0",), vid=11)
    state.apply(late)
    assert nameless(state.topology()) == nameless(infer([named, vlan, inside, late]))
