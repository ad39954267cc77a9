"""`HOST/INTERFACE[.VID]` → a port, or the nearest names."""

from __future__ import annotations

import pytest

from bellrock.model import Host, Interface, InterfaceKind, Port
from bellrock.region.service.names import UnknownHost, UnknownPort, chosen, find_port
from bellrock.region.service.state import State
from bellrock.region.store import AgentRow, InterfaceRow, Loaded

NAMES = {"id-1": "rack1", "id-2": "rack2", "peer-02:00": "maas"}


@pytest.fixture
def state():
    def nic(name, **facts):
        return InterfaceRow("id-1", Interface(**({"name": name, "index": 1, "mac": "m"} | facts)), 1)

    tagged = nic("eth0.10", kind=InterfaceKind.VLAN, vid=10, parents=("eth0",))
    agents = (AgentRow(host=Host("id-1", "rack1")), AgentRow(host=Host("id-2", "rack2")))
    return State(Loaded(agents=agents, interfaces=(nic("eth0"), nic("odd.20"), tagged)))


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("rack1/eth0", Port("id-1", "eth0")),
        ("id-1/eth0", Port("id-1", "eth0")),
        ("rack1/eth0.10", Port("id-1", "eth0", 10)),
        ("rack1/eth0.30", Port("id-1", "eth0", 30)),
        ("rack1/odd.20", Port("id-1", "odd.20")),
        ("rack1/odd.20.5", Port("id-1", "odd.20", 5)),
        ("maas/eth7", Port("peer-02:00", "eth7")),
        ("maas/eth7.4", Port("peer-02:00", "eth7", 4)),
    ],
)
def test_found(state, text, port):
    assert find_port(text, state, NAMES) == port


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not HOST/INTERFACE"),
        ("rack1", "'rack1' is not HOST/INTERFACE"),
        ("rack1/", "'rack1/' is not HOST/INTERFACE"),
        ("rakc1/eth0", "no host 'rakc1' is known; nearest: rack1, rack2"),
        ("zzzz/eth0", "no host 'zzzz' is known; nearest: maas, rack1, rack2"),
        ("rack1/eht0", "rack1 has no interface 'eht0'; nearest: eth0"),
        ("rack1/eth9.10", "rack1 has no interface 'eth9.10'; nearest: eth0.10"),
        ("rack1/eth0.0", "rack1 has no interface 'eth0.0'"),
        ("rack1/eth0.4095", "rack1 has no interface 'eth0.4095'"),
        ("rack1/eth0.x", "rack1 has no interface 'eth0.x'"),
        ("rack2/eth0", "rack2 has no interface 'eth0'"),
    ],
)
def test_not_found(state, text, why):
    with pytest.raises(UnknownPort) as caught:
        find_port(text, state, NAMES)
    assert str(caught.value).startswith(why)


CONNECTED = {"id-1": "rack1", "id-2": "rack2", "id-3": "rack1"}
UNIQUE = {"id-1": "rack1", "id-3": "rack1#2"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ((), ["id-1", "id-2", "id-3"]),
        (("rack2",), ["id-2"]),
        (("id-2", "rack2"), ["id-2"]),
        (("rack1#2",), ["id-3"]),
        (("rack1",), ["id-1", "id-3"]),
    ],
    ids=["all", "name", "twice", "unique", "shared"],
)
def test_agents_that_are_meant(wanted, found):
    assert chosen(wanted, CONNECTED, UNIQUE) == found


@pytest.mark.parametrize(
    ("wanted", "connected", "why"),
    [
        (("rack9",), CONNECTED, "no agent 'rack9' is connected; connected are: rack1, rack1#2, rack2"),
        (("rack9",), {}, "no agent 'rack9' is connected; connected are: none"),
        ((), {}, "no agent is connected"),
    ],
    ids=["another", "nobody", "none"],
)
def test_agents_that_are_not_there(wanted, connected, why):
    with pytest.raises(UnknownHost) as caught:
        chosen(wanted, connected, UNIQUE)
    assert str(caught.value) == why


def test_of_many_names_those_are_compared_that_are_near_in_the_alphabet(monkeypatch):
    monkeypatch.setattr("bellrock.region.service.names.MOST_COMPARED", 4)
    known = {f"node-{number:03d}": f"id-{number}" for number in range(100)}
    names = {identity: name for name, identity in known.items()}
    with pytest.raises(UnknownPort, match=r"nearest: node-05\d, node-05\d"):
        find_port("node-0502/eth0", State(Loaded()), names, known)
    assert find_port("node-050/eth0", State(Loaded()), names, known) == Port("id-50", "eth0")
