"""How a switch treats a port, and who runs an agent."""

import pytest

from bellrock.lab.schema import HostSpec, LinkSpec, PortSpec
from bellrock.model import Role

PORTS = [
    (PortSpec(), 1, ()),
    (PortSpec(access=10), 10, ()),
    (PortSpec(trunk=(10, 20)), None, (10, 20)),
    (PortSpec(trunk=(10, 20), native=10), 10, (20,)),
    (PortSpec(trunk=(10, 20), native=1), 1, (10, 20)),
    (PortSpec(trunk=()), None, ()),
]


@pytest.mark.parametrize(("port", "untagged", "tagged"), PORTS)
def test_what_a_port_carries(port, untagged, tagged):
    assert (port.untagged, port.tagged) == (untagged, tagged)


def test_the_ends_of_a_link_may_differ():
    link = LinkSpec(between=("a", "b"), trunk=(10,), native={"a": 1, "b": 2}, mtu=1400)
    assert link.end("a") == PortSpec(trunk=(10,), native=1, mtu=1400)
    assert link.end("b") == PortSpec(trunk=(10,), native=2, mtu=1400)
    assert LinkSpec(between=("a", "b"), access=5).end("b") == PortSpec(access=5)


@pytest.mark.parametrize(
    ("host", "runs"),
    [
        (HostSpec(), False),
        (HostSpec(role=Role.NODE), True),
        (HostSpec(role=Role.NODE, agent=False), False),
        (HostSpec(agent=True), True),
    ],
)
def test_agents_run_where_there_is_a_role_unless_the_file_says_otherwise(host, runs):
    assert host.runs_agent is runs
