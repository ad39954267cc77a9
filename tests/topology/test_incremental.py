"""`Incremental` and `infer` agree, and both agree with an oracle that shares no code with them."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.topology.oracle import Oracle
from tests.topology.worlds import observations, scripts, times

from bellrock.model import EvidenceGone, Port, Wall
from bellrock.topology.batch import infer, partition
from bellrock.topology.facts import Facts
from bellrock.topology.incremental import Incremental

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


def run(script):
    """Plays a script; returns the incremental state, the oracle, and what a batch must be told to end up there."""
    state, oracle, history = Incremental(), Oracle(), []
    for look, step in script:
        if look:
            state.topology()
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


@settings(max_examples=200, deadline=None)
@given(scripts(observations, 30), scripts(observations, 10))
def test_a_loaded_state_goes_on_like_one_that_heard_all(first, then):
    loaded = Incremental()
    loaded.load(first)
    for observation in then:
        loaded.apply(observation)
    assert nameless(loaded.topology()) == nameless(infer([*first, *then]))
