"""Which rows of a list are asked for."""

from __future__ import annotations

import pytest

from bellrock.model import Evidence, EvidenceKind, Host, Interface, Member, Port, RefusalCount, Strength, Wall, key_of
from bellrock.region.service import filters
from bellrock.region.service.filters import (
    ALL_HOSTS,
    ALL_INTERFACES,
    ALL_REFUSALS,
    EvidenceWanted,
    HostsWanted,
    InterfacesWanted,
    RefusalsWanted,
)
from bellrock.region.service.places import Place
from bellrock.region.service.state import Account
from bellrock.region.store import AgentRow

ACCOUNT = Account(AgentRow(host=Host("id-a", "rack", "rack")))
ETH0 = Interface(name="eth0", index=2, mac="m")
PORT = Port("id-a", "eth0", 10)
PLACED = [Place("f", "v", 10, Member(port=PORT, strength=Strength.HEARD, seen=Wall(1.0)))]
SEEN = Evidence(kind=EvidenceKind.HEARD, port=PORT, since=Wall(100.0), seen=Wall(200.0))
REFUSED = RefusalCount(PORT, "m", "skew", 3, seen=Wall(200.0))


@pytest.mark.parametrize(
    ("asked", "takes"),
    [
        ({}, True),
        ({"host": "rack-1"}, True),
        ({"host": "id-a"}, True),
        ({"host": "rack"}, False),  # what it calls itself is not what it is called here
        ({"role": "rack"}, True),
        ({"role": "node"}, False),
        ({"connected": True}, True),
        ({"connected": False}, False),
        ({"host": "rack-1", "role": "node"}, False),
    ],
    ids=str,
)
def test_hosts(asked, takes):
    assert HostsWanted(**asked).takes("rack-1", ACCOUNT, ["id-a"]) is takes


def test_hosts_that_are_not_here():
    assert HostsWanted(connected=False).takes("rack-1", ACCOUNT, [])
    assert not HostsWanted(connected=True).takes("rack-1", ACCOUNT, [])


@pytest.mark.parametrize(
    ("asked", "named", "placed", "nowhere"),
    [
        ({}, None, True, True),
        ({"interface": "eth0"}, None, True, True),
        ({"interface": "eth1"}, None, False, False),
        ({"placed": True}, None, True, False),
        ({"placed": False}, None, False, True),
        ({"vid": 10}, None, True, False),
        ({"vid": 20}, None, False, False),
        ({}, {"v"}, True, False),
        ({}, {"w"}, False, False),
        ({}, set(), False, False),
        ({"placed": True, "vid": 10, "interface": "eth0"}, {"v"}, True, False),
    ],
    ids=str,
)
def test_interfaces(asked, named, placed, nowhere):
    wanted = InterfacesWanted(**asked)
    assert wanted.takes(ETH0, lambda: PLACED, named) is placed
    assert wanted.takes(ETH0, list, named) is nowhere


def test_an_agent_is_looked_through_only_if_no_name_is_said():
    account = Account(AgentRow(host=Host("id-a", "rack", "rack")))
    account.interfaces = {"eth0": (ETH0, 1), "eth1": (Interface(name="eth1", index=3, mac="n"), 1)}
    assert [one.name for one, _ in ALL_INTERFACES.among(account)] == ["eth0", "eth1"]
    assert [one.name for one, _ in InterfacesWanted(interface="eth1").among(account)] == ["eth1"]
    assert [*InterfacesWanted(interface="eth2").among(account)] == []


def test_where_an_interface_is_is_only_looked_up_if_that_matters():
    def never() -> list[Place]:
        raise AssertionError

    assert ALL_INTERFACES.takes(ETH0, never, None)
    assert InterfacesWanted(interface="eth0").takes(ETH0, never, None)
    assert not InterfacesWanted(interface="eth1", placed=True).takes(ETH0, never, None)


COMMON = [
    ({}, True), ({"interface": "eth0"}, True), ({"interface": "eth1"}, False), ({"vid": 10}, True), ({"vid": 11}, False),
    ({"host": "of which host is not looked at"}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "takes"),
    [
        *COMMON,
        ({"kind": "heard"}, True),
        ({"kind": "lldp"}, False),
        ({"since": 100.0}, True),
        ({"since": 100.1}, False),
    ],
    ids=str,
)
def test_observations(asked, takes):
    assert EvidenceWanted(**asked).takes(SEEN) is takes


@pytest.mark.parametrize(
    ("asked", "takes"),
    [
        *COMMON,
        ({"reason": "skew"}, True),
        ({"reason": "replay"}, False),
        ({"since": 200.0}, True),
        ({"since": 201.0}, False),
    ],
    ids=str,
)
def test_refusals(asked, takes):
    assert RefusalsWanted(**asked).takes(REFUSED) is takes


def test_who_asks_for_nothing_in_particular_gets_all():
    assert ALL_HOSTS.takes("x", ACCOUNT, ())
    assert ALL_REFUSALS.takes(REFUSED)


EVIDENCE = [
    Evidence(kind=kind, port=Port("id-a", interface, vid), peer=Port("id-b", "eth0"), since=Wall(since))
    for kind in (EvidenceKind.HEARD, EvidenceKind.CONFIRMED)
    for interface, vid, since in (("eth0", None, 10.0), ("eth0", 10, 20.0), ("eth1", None, 30.0))
]


def told(*, asleep: bool) -> Account:
    account = Account(AgentRow(host=Host("id-a", "rack")))
    for one in EVIDENCE:
        account.change().evidence[key_of(one)] = (one, 1)
    if asleep:
        account.sleep()
    return account


@pytest.mark.parametrize("asleep", [False, True], ids=["awake", "asleep"])
@pytest.mark.parametrize("since", [None, 15.0, 31.0], ids=str)
@pytest.mark.parametrize("kind", [None, "heard", "loop"], ids=str)
@pytest.mark.parametrize(("interface", "vid"), [(None, None), ("eth0", None), ("eth0", 10), ("eth7", None)], ids=str)
def test_observations_are_counted_as_if_each_was_looked_at(asleep, since, kind, interface, vid):
    account = told(asleep=asleep)
    wanted = EvidenceWanted(interface=interface, vid=vid, kind=kind, since=since)
    right = sum(map(wanted.takes, EVIDENCE))
    assert wanted.count([account, account]) == 2 * right
    assert wanted.may_be(account) or not right
    assert (account.asleep is not None) is asleep


def test_what_is_later_than_a_moment_is_not_counted_where_that_would_take_long(monkeypatch):
    monkeypatch.setattr(filters, "MOST_UNPACKED", 2)
    accounts = [told(asleep=True) for _ in range(3)]
    assert EvidenceWanted(since=15.0).count(accounts[:2]) == 8
    assert EvidenceWanted(since=15.0).count(accounts) is None
    assert EvidenceWanted(since=31.0).count(accounts) == 0
    assert EvidenceWanted(kind="heard").count(accounts) == 9
