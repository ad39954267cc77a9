"""Laws of inference: what may be added, repeated or reordered without changing the answer."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.model import EvidenceSeen, InterfaceSeen, Port
from bellrock.topology.batch import infer, partition
from bellrock.topology.facts import Facts
from bellrock.topology.naming import Registry, carry, rename
from tests.topology.worlds import host, interfaces, joining_kind, pieces, saw, scripts


def alive(observation):
    return replace(observation, interface=replace(observation.interface, up=True, carrier=True))


def identity(observation):
    if isinstance(observation, EvidenceSeen):
        e = observation.evidence
        return e.kind, e.port, e.peer, e.neighbour and (e.neighbour.chassis_id, e.neighbour.port_id)
    return observation.host, observation.interface.name


def once(observations):
    """Each piece of evidence and each interface at most once, so that no order decides which version counts."""
    return list({identity(o): o for o in observations}.values())


seen = st.builds(EvidenceSeen, pieces(joining_kind))
additions = scripts(st.one_of(seen, seen, interfaces().map(alive)), 25).map(once)


def domains(observations):
    facts = Facts()
    facts.fold(observations)
    return [{node for node in group if isinstance(node, Port)} for group in partition(facts)], facts


@settings(max_examples=100, deadline=None)
@given(additions, st.randoms(use_true_random=False))
def test_order_of_additions_does_not_matter(observations, rng):
    shuffled = rng.sample(observations, len(observations))
    assert infer(shuffled) == infer(observations)


@settings(max_examples=100, deadline=None)
@given(additions)
def test_hearing_it_twice_changes_nothing(observations):
    assert infer([*observations, *observations]) == infer(observations)


@settings(max_examples=100, deadline=None)
@given(additions, pieces(st.sampled_from(("confirmed", "heard", "own-beacon"))))
def test_a_beacon_more_never_splits(observations, beacon):
    before, _ = domains(observations)
    after, _ = domains([*observations, EvidenceSeen(beacon)])
    for domain in before:
        assert any(domain <= other for other in after)


@settings(max_examples=100, deadline=None)
@given(additions)
def test_every_claim_has_its_evidence(observations):
    topology = infer(observations)
    _, facts = domains(observations)
    ports = [m.port for fabric in topology.fabrics for vlan in fabric.vlans for m in vlan.members]
    assert len(ports) == len(set(ports))
    for fabric in topology.fabrics:
        for vlan in fabric.vlans:
            assert any(m.evidence for m in vlan.members)
            for m in vlan.members:
                assert bool(m.evidence) == (m.strength not in ("configured", "inferred"))
                assert all(key in facts.evidence for key in m.evidence)
    known = {(port.host, port.interface) for port in ports}
    for unknown in topology.unknown:
        vlan = isinstance(facts.interfaces[unknown.host][unknown.interface].vid, int)
        assert vlan or (unknown.host, unknown.interface) not in known


@settings(max_examples=100, deadline=None)
@given(additions)
def test_routable_evidence_never_joins(observations):
    local = [o for o in observations if isinstance(o, InterfaceSeen)]
    far = [EvidenceSeen(replace(o.evidence, kind="routable")) for o in observations if isinstance(o, EvidenceSeen)]
    topology = infer([*local, *far])
    assert not topology.fabrics
    assert all(len({port.host for port in domain}) == 1 for domain in domains([*local, *far])[0])


def test_nothing_follows_from_nothing():
    topology = infer([])
    assert topology == type(topology)()
    assert infer([host("a", "rack-1")]).names == {"a": "rack-1"}


def test_a_registry_gives_its_names():
    observations = [saw("heard", "a/eth0", "b/eth0")]
    registry, topology = carry(Registry(), infer(observations))
    registry = rename(registry, topology.fabrics[0].id, "core")
    assert infer(observations, registry).fabrics[0].name == "core"
