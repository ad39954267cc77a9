import pytest

from bellrock.diagnosis.across import network_loop
from bellrock.model import ConflictKind
from tests.diagnosis.sites import case, conflict, found, port, topology, whats


def test_the_port_is_named():
    given = case(topology=topology(conflicts=(conflict("loop", port(), proof="It says so."),)))
    assert whats(network_loop, given) == [("error", "rack-1/eth0 receives its own frames: there is a loop behind it")]
    [one] = found(network_loop, given)
    assert (one.host, one.interface, one.proof, one.recheck) == (
        "rack-1",
        "eth0",
        ("It says so.",),
        "bellrock findings",
    )


@pytest.mark.parametrize("kind", [kind.value for kind in ConflictKind if kind.value != "loop"])
def test_conflicts_of_other_kinds_are_told_by_others(kind):
    assert found(network_loop, case(topology=topology(conflicts=(conflict(kind),)))) == []


def test_without_topology_nothing_is_told():
    assert found(network_loop, case()) == []
