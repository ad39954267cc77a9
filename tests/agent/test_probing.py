"""Orders to try flows: bounded, each answered, none able to spoil another; and a real port through the real check."""

import asyncio
import importlib
import os
import re
import socket

import pytest

from bellrock.agent import probing as module
from bellrock.agent.probing import AT_ONCE, MAX_RESULT, Probing, ask_of
from bellrock.contract import MAX_TRIES, Order, RunProbes, Try, decode_agent_message, encode
from bellrock.flows import Protocol
from bellrock.link.source import Source
from bellrock.model import Probed, Traced, Verdict, Wall
from bellrock.probe.registry import PROBES, probe_of
from bellrock.probe.values import Ask, Option, PlanError, Probe

SWEEP = importlib.import_module("bellrock.probe.sweep")


def probed(ask, **facts):
    return Probed(flow=ask.flow, target=ask.address, verdict=Verdict.WORKS, detail="it does", **facts)


@pytest.fixture
def region(monkeypatch):
    """A region that hears what is told, and whose tries go as the test says."""

    class Region:
        def __init__(self):
            self.heard, self.manners = [], set()
            self.probing = Probing(self._tell, "rack1")

        async def _tell(self, message):
            assert decode_agent_message(encode(message)) == message
            self.heard.append(message)
            return True

        async def order(self, *tries):
            return await asyncio.wait_for(self.probing.probe(Order("O", RunProbes(tries))), 30)

        def orders(self, *tries, check=None):
            async def do(ask, manners, taps):
                self.manners.add(id(manners))
                return await check(ask)

            if check is not None:
                monkeypatch.setattr(SWEEP, "check", do)
            return asyncio.run(self.order(*tries))

        @property
        def tried(self):
            return {tried.index: tried for message in self.heard for tried in message.tried}

    return Region()


async def works(ask):
    return (probed(ask),)


def test_each_try_is_told_once_with_how_many_are_left(region):
    async def check(ask):
        return (probed(ask), probed(ask, variant="tcp"))

    tries = [Try(flow="ntp", address=f"192.0.2.{number}") for number in range(100)]
    assert region.orders(*tries, check=check) == ""
    assert sorted(region.tried) == list(range(100))
    assert sum(len(message.tried) for message in region.heard) == 100
    assert [one.target for one in region.tried[7].probed] == ["192.0.2.7"] * 2
    assert {one.source for one in region.tried[7].probed} == {"rack1"}
    lefts = [message.left for message in region.heard]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] == 0
    assert region.probing.results.value("ntp", "works") == 200


def test_a_try_that_cannot_be_and_one_that_goes_wrong_are_told_and_the_others_are_done(region):
    async def check(ask):
        if ask.address == "a":
            raise PlanError("'a' is no address")
        if ask.address == "b":
            raise ZeroDivisionError("by nothing")
        return (probed(ask),)

    region.orders(
        Try(flow="ntp", address="a"), Try(flow="ntp", address="b"), Try(flow="ntp", address="192.0.2.1"), Try(flow="x"),
        Try(flow="ntp", address="192.0.2.1", port=70000), check=check,
    )  # fmt: skip
    found = {index: (tried.probed[0].verdict, tried.probed[0].detail) for index, tried in region.tried.items()}
    assert found[0] == (Verdict.NOT_CHECKED, "'a' is no address")
    assert found[1][0] is Verdict.NOT_CHECKED
    assert "ZeroDivisionError: by nothing" in found[1][1]
    assert found[2] == (Verdict.WORKS, "it does")
    assert "no probe tries 'x'" in found[3][1]
    assert found[4] == (Verdict.NOT_CHECKED, "port 70000, 5 s: ports end at 65535, and times at 600 s")


def test_a_name_is_resolved_here_and_one_that_is_not_known_here_is_not_checked(region):
    region.orders(
        Try(flow="ntp", name="localhost"), Try(flow="ntp", name="nothing.invalid"), Try(flow="ntp", name="x" * 300),
        check=works,
    )  # fmt: skip
    assert region.tried[0].probed[0].target in ("127.0.0.1", "::1")
    for index, name in ((1, "nothing.invalid"), (2, "xxx")):
        (one,) = region.tried[index].probed
        assert one.verdict is Verdict.NOT_CHECKED
        assert name in one.detail
        assert "does not resolve here" in one.detail


def test_a_resolver_that_says_nothing_is_not_waited_for(region, monkeypatch):
    monkeypatch.setattr(module, "RESOLVE", 0.01)

    async def scene():
        monkeypatch.setattr(
            asyncio.get_running_loop(), "getaddrinfo", lambda *_, **__: asyncio.Event().wait(), raising=False
        )
        return await region.order(Try(flow="ntp", name="localhost"))

    assert asyncio.run(scene()) == ""
    assert region.tried[0].probed[0].detail == "localhost does not resolve here: no answer within 0.01 s"


def test_so_many_orders_are_under_way_at_a_time(region, monkeypatch):
    now, most = 0, 0

    async def check(ask, manners, taps):
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return (probed(ask),)

    async def scene():
        await asyncio.gather(*(region.order(Try(flow="ntp", address="192.0.2.1")) for _ in range(3 * AT_ONCE)))

    monkeypatch.setattr(SWEEP, "check", check)
    asyncio.run(scene())
    assert most == AT_ONCE


def test_manners_are_one_over_all_orders(region):
    region.orders(Try(flow="ntp", address="192.0.2.1"), check=works)
    region.orders(Try(flow="ntp", address="192.0.2.1"), check=works)
    assert len(region.manners) == 1


def test_what_is_too_large_leaves_its_evidence_behind_and_never_its_verdict(region):
    async def check(ask):
        step = Traced(at=Wall(0.0), direction="received", what="x" * 240)
        return (probed(ask, evidence=(step,) * 64, facts={"body": "y" * MAX_RESULT}),)

    region.orders(*[Try(flow="ntp", address="192.0.2.1")] * 8, check=check)
    (one,) = region.tried[3].probed
    assert (one.verdict, one.evidence, one.facts) == (Verdict.WORKS, (), {"left out": "too large"})


def test_many_large_results_travel_in_several_messages(region, monkeypatch):
    monkeypatch.setattr(module, "MAX_MESSAGE", 2000)

    async def check(ask):
        return (probed(ask, facts={"text": "z" * 900}),)

    region.orders(*[Try(flow="ntp", address="192.0.2.1")] * 20, check=check)
    assert len(region.heard) >= 6
    assert all(len(message.tried) <= 3 for message in region.heard)


def test_too_many_tries_in_one_order_are_declined(region):
    assert "at most 256" in region.orders(*[Try(flow="ntp")] * (MAX_TRIES + 1))
    assert region.heard == []


def test_a_try_becomes_an_ask():
    one = Try(
        flow="ntp", address="192.0.2.1", port=53, protocol="udp", name="ns", interface="eth0", options={}, within=2.0
    )
    assert ask_of(one, b"n" * 16) == Ask(
        flow="ntp", address="192.0.2.1", port=53, protocol=Protocol.UDP, name="ns", source=Source("eth0"), within=2.0,
        nonce=b"n" * 16,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"protocol": "sctp"}, "protocol 'sctp' is not one of"),
        ({"port": 65536}, "port 65536, 5 s"),
        ({"port": -1}, "port -1"),
        ({"within": 0.0}, "port 0, 0 s"),
        ({"within": 1e9}, r"port 0, 1e\+09 s"),
        ({"options": {"password": "x"}}, "no region is told"),
        ({"options": {"user-file": "/etc/shadow"}}, "no region is told"),
    ],
)
def test_what_a_region_may_not_ask_for(monkeypatch, wrong, said):
    probe = Probe(flows=("ntp",), plan=None, run=None, load=None, options=(Option("password", "", secret=True),))
    monkeypatch.setattr(module, "probe_of", lambda flow: probe)
    with pytest.raises(PlanError, match=said):
        ask_of(Try(flow="ntp", **wrong), bytes(16))


ALL = [(flow, option) for flow in PROBES for option in probe_of(flow).options]


@pytest.mark.parametrize(
    ("flow", "name"),
    [(flow, option.name) for flow, option in ALL if option.secret or option.file or option.by_hand],
)
def test_a_region_sets_no_option_that_is_for_whoever_works_at_the_machine(flow, name):
    with pytest.raises(PlanError, match=f"option {name} .* no region .*: use `bellrock probe` on this machine"):
        ask_of(Try(flow=flow, address="192.0.2.1", options={name: "/etc/shadow"}), bytes(16))


def test_options_that_name_files_say_so():
    named = {option.name for _, option in ALL if option.file}
    assert named == {"authority", "certificate", "key", "keyring"}
    assert named == {
        option.name for _, option in ALL if re.search(r"\bPEM file\b|^file\b|\bpath of a file\b", option.meaning)
    }


def test_a_fifo_that_a_region_names_stops_nothing(region, tmp_path):
    """Opened in the loop it would stop the whole agent: beacons, reports and all."""
    os.mkfifo(fifo := tmp_path / "fifo")
    region.orders(Try(flow="redfish", address="127.0.0.1", port=9, options={"authority": str(fifo)}, within=1.0))
    (one,) = region.tried[0].probed
    assert (one.verdict, one.detail.startswith("option authority names a file")) == (Verdict.NOT_CHECKED, True)


def test_the_real_check_says_what_a_closed_port_is(region):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    assert region.orders(Try(flow="ntp", address="127.0.0.1", port=port, within=2.0)) == ""
    (result,) = region.tried[0].probed
    assert (result.verdict, result.source, result.target) == (Verdict.REFUSED, "rack1", f"127.0.0.1:{port}")
