"""The agents that may be asked, and what a site has each of them try."""

import asyncio
from types import SimpleNamespace

import pytest

from bellrock.contract import Report
from bellrock.flows import parse
from bellrock.model import Host, Interface, InterfaceSeen, Wall
from bellrock.region.service import askers as module
from bellrock.region.service.askers import Askers
from bellrock.region.service.knownsite import NoSite
from bellrock.region.service.names import UnknownHost
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded

SITE = b"""\
title = "hall"
[role.rack]
addresses = ["10.0.0.1"]
[role.dns]
addresses = ["10.0.0.53"]
"""


@pytest.fixture
def askers():
    """`known` has told of itself and is not connected, `both` did and is, `new` has only just connected."""
    state = State(Loaded())
    for agent in ("known", "both"):
        host = Host(agent, f"says-{agent}", "rack" if agent == "both" else "region")
        eth0 = Interface(name="eth0", index=1, mac="m", carrier=True, addresses=("10.0.0.1/24",))
        report = Report(1, "boot", Wall(1.0), (InterfaceSeen(agent, eth0),))
        state.apply(Accepted(agent=host, report=report, received=Wall(1.0)))
    sessions = {agent: SimpleNamespace(host=Host(agent, f"says-{agent}", "rack")) for agent in ("both", "new")}
    site = SimpleNamespace(site=parse(SITE, "site"))
    return Askers(site, state, sessions, lambda: {"known": "known", "both": "rack-1"})


def test_who_is_connected_is_named_as_everybody_names_it(askers):
    assert askers.names() == {"known": "known", "both": "rack-1", "new": "says-new"}
    assert askers.connected(["rack-1"]) == ["both"]
    assert sorted(askers.connected([])) == ["both", "new"]


def test_who_is_not_connected_cannot_be_asked(askers):
    with pytest.raises(UnknownHost, match="known"):
        askers.connected(["known"])


def test_a_role_is_what_the_agent_says_and_a_strangers_that_of_a_node(askers):
    assert [askers.role(agent) for agent in ("known", "both", "new", "nobody")] == ["region", "rack", "rack", "node"]


def test_an_agent_looks_at_the_site_from_where_its_addresses_are(askers):
    assert set(askers.standpoint("both").roles) >= {"rack"}
    assert set(askers.standpoint("nobody").roles) == {"node"}


def test_the_site_has_each_agent_try_what_its_role_needs(askers):
    wishes = asyncio.run(askers.of_site(["both"], ["dns"]))
    assert wishes
    assert {(one.agent, one.what.flow) for one in wishes} == {("both", "dns")}


def test_without_a_site_nothing_tells_what_to_try(askers):
    askers._known.site = None
    with pytest.raises(NoSite, match="bellrock site push"):
        asyncio.run(askers.of_site(["both"], []))


def test_more_than_can_be_asked_is_left_out_and_that_is_said_once(askers, monkeypatch, caplog):
    monkeypatch.setattr(module, "MAX_WISHES", 1)
    for _ in range(2):
        assert len(asyncio.run(askers.of_site(["both", "both"], []))) == 1
    assert len([one for one in caplog.records if "checks-left-out" in one.message]) == 1
