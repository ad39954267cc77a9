"""What an agent may say."""

from __future__ import annotations

import pytest

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service import check
from bellrock.region.service.check import flaw, surplus
from bellrock.region.service.state import State
from bellrock.region.store import AgentRow, Loaded

OWN, FOREIGN = Port("a", "eth0"), Port("b", "eth0")
LONG = "x" * 1025


def interface(**facts) -> InterfaceSeen:
    return InterfaceSeen("a", Interface(**({"name": "eth0", "index": 1, "mac": "m"} | facts)))


def evidence(port: Port = OWN, **facts) -> EvidenceSeen:
    return EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=port, **({"peer": FOREIGN} | facts)))


@pytest.mark.parametrize(
    "observation",
    [
        HostSeen(Host("a", "name"), Wall(1.0)),
        HostSeen(Host("peer-02:00", "maas"), Wall(1.0)),
        HostGone("a"),
        HostGone("peer-02:00"),
        interface(addresses=("10.0.0.1/24", "fe80::1/64", "fe80::1%eth0/64"), vid=4094, vids=(1, 2), parents=("x",)),
        InterfaceGone("a", "eth0"),
        evidence(),
        evidence(peer=None, neighbour=Neighbour(protocol="lldp", chassis_id="c", port_id="p")),
        EvidenceGone(EvidenceKey(EvidenceKind.HEARD, OWN, FOREIGN), "silent"),
        RefusalCount(OWN, "m", "skew", 1),
    ],
)
def test_taken(observation):
    assert flaw("a", observation) == ""


@pytest.mark.parametrize(
    ("observation", "why"),
    [
        (HostSeen(Host("b", "b"), Wall(1.0)), "of another agent's host"),
        (HostSeen(Host("a", LONG), Wall(1.0)), "a text of more than 255"),
        (HostGone("b"), "of another agent's host"),
        (InterfaceSeen("b", interface().interface), "of another host's port"),
        (InterfaceGone("b", "eth0"), "of another host's port"),
        (interface(name=""), "an interface without a name"),
        (interface(name=LONG), "a text of more than 255"),
        (interface(vid=4095), "no VID: 4095"),
        (interface(vids=(1, -1)), "no VID: -1"),
        (interface(addresses=("nonsense",)), "no address with a prefix length: 'nonsense'"),
        (interface(parents=("p",) * 5000), "too many"),
        (evidence(FOREIGN), "of another host's port"),
        (evidence(Port("a", "eth0", 5000)), "no VID: 5000"),
        (evidence(peer=Port("b", LONG)), "a text of more than 255"),
        (evidence(peer_name=LONG), "a text of more than 1024"),
        (evidence(proof=("p",) * 5000), "too many proofs"),
        (evidence(neighbour=Neighbour(protocol="lldp", chassis_id=LONG, port_id="p")), "a text of more than 1024"),
        (EvidenceGone(EvidenceKey(EvidenceKind.HEARD, FOREIGN), "silent"), "of another host's port"),
        (EvidenceGone(EvidenceKey(EvidenceKind.HEARD, OWN), LONG), "a text of more than 1024"),
        (RefusalCount(FOREIGN, "m", "skew", 1), "of another host's port"),
        (RefusalCount(OWN, "m", "skew", 1, LONG), "a text of more than 1024"),
    ],
)
def test_not_taken(observation, why):
    assert flaw("a", observation).startswith(why)


def test_an_account_that_is_full_takes_only_news_of_what_it_has(monkeypatch):
    for name in ("MAX_INTERFACES", "MAX_EVIDENCE", "MAX_REFUSALS"):
        monkeypatch.setattr(check, name, 1)
    account = State(Loaded(agents=(AgentRow(host=Host("a", "a")),))).accounts["a"]
    known = interface(), evidence(), RefusalCount(OWN, "m", "skew", 1)
    other = interface(name="eth1"), evidence(Port("a", "eth1")), RefusalCount(OWN, "n", "skew", 1)
    assert [surplus(account, one) for one in known] == [False] * 3
    account.interfaces["eth0"] = (known[0].interface, 0)
    account.evidence[EvidenceKey(EvidenceKind.HEARD, OWN, FOREIGN)] = (known[1].evidence, 0)
    account.refusals[OWN, "m", "skew"] = (known[2], 0)
    assert [surplus(account, one) for one in known] == [False] * 3
    assert [surplus(account, one) for one in other] == [True] * 3
    assert not surplus(account, HostGone("a"))
    assert not surplus(None, known[0])
