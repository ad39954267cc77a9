import pytest

from bellrock.diagnosis.across import address_misplaced
from bellrock.model import ConflictKind
from tests.diagnosis.sites import case, conflict, found, port, topology, whats


def test_the_port_is_named():
    given = case(topology=topology(conflicts=(conflict("address-misfit", port(), proof="It says so."),)))
    assert whats(address_misplaced, given) == [
        ("warning", "rack-1/eth0 has an address of a subnet that lives on another segment")
    ]
    [one] = found(address_misplaced, given)
    assert (one.host, one.interface, one.proof, one.recheck) == (
        "rack-1",
        "eth0",
        ("It says so.",),
        "bellrock findings",
    )


@pytest.mark.parametrize("kind", [kind.value for kind in ConflictKind if kind.value != "address-misfit"])
def test_conflicts_of_other_kinds_are_told_by_others(kind):
    assert found(address_misplaced, case(topology=topology(conflicts=(conflict(kind),)))) == []


def test_without_topology_nothing_is_told():
    assert found(address_misplaced, case()) == []
