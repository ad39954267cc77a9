"""Orders to try flows: bounded, each answered, none able to spoil another; and real servers through the real check."""

import asyncio
import socket

import pytest

from bellrock.agent import probing as module
from bellrock.agent.probing import AT_ONCE, MAX_RESULT, Probing, ask_of
from bellrock.contract import MAX_TRIES, Order, RunProbes, Try, decode_agent_message, encode
from bellrock.flows import Protocol
from bellrock.link.source import Source
from bellrock.model import Probed, Traced, Verdict, Wall
from bellrock.probe.values import Ask, Option, PlanError, Probe


def probed(ask, **facts):
    return Probed(flow=ask.flow, target=ask.address, verdict=Verdict.WORKS, detail="it does", **facts)


class Region:
    """Hears what is told; says no when the test wants it to."""

    def __init__(self, check, *, listens=True):
        self.heard, self.listens = [], listens
        self.probing = Probing(self._tell, "rack1", check)

    async def _tell(self, message):
        assert decode_agent_message(encode(message)) == message
        self.heard.append(message)
        return self.listens

    def order(self, *tries):
        return asyncio.run(asyncio.wait_for(self.probing.probe(Order("O", RunProbes(tries))), 30))

    @property
    def tried(self):
        return {tried.index: tried for message in self.heard for tried in message.tried}


def test_each_try_is_told_once_with_how_many_are_left():
    async def check(ask, manners):
        return (probed(ask), probed(ask, variant="tcp"))

    region = Region(check)
    tries = [Try(flow="ntp", address=f"192.0.2.{number}") for number in range(100)]
    assert region.order(*tries) == ""
    assert sorted(region.tried) == list(range(100))
    assert sum(len(message.tried) for message in region.heard) == 100
    assert [one.target for one in region.tried[7].probed] == ["192.0.2.7"] * 2
    assert {one.source for one in region.tried[7].probed} == {"rack1"}
    lefts = [message.left for message in region.heard]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] == 0


def test_a_try_that_cannot_be_and_one_that_goes_wrong_are_told_and_the_others_are_done(caplog):
    async def check(ask, manners):
        if ask.address == "a":
            raise PlanError("'a' is no address")
        if ask.address == "b":
            raise ZeroDivisionError("by nothing")
        return (probed(ask),)

    region = Region(check)
    region.order(
        Try(flow="ntp", address="a"), Try(flow="ntp", address="b"), Try(flow="ntp", address="192.0.2.1"), Try(flow="x")
    )
    whys = {index: tried.why for index, tried in region.tried.items()}
    assert whys[0] == "'a' is no address"
    assert whys[1] == "the probe failed: ZeroDivisionError: by nothing"
    assert whys[2] == ""
    assert "no probe tries 'x'" in whys[3]
    assert "target=b: the probe failed" in caplog.text


def test_so_many_are_under_way_at_a_time():
    now, most = 0, 0

    async def check(ask, manners):
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return (probed(ask),)

    Region(check).order(*[Try(flow="ntp", address="192.0.2.1")] * (3 * AT_ONCE))
    assert most == AT_ONCE


def test_manners_are_one_over_all_orders():
    seen = set()

    async def check(ask, manners):
        seen.add(id(manners))
        return (probed(ask),)

    region = Region(check)
    region.order(Try(flow="ntp", address="192.0.2.1"))
    region.order(Try(flow="ntp", address="192.0.2.1"))
    assert len(seen) == 1


def test_what_is_too_large_leaves_its_evidence_behind_and_never_its_verdict():
    async def check(ask, manners):
        step = Traced(at=Wall(0.0), direction="received", what="x" * 240)
        return (probed(ask, evidence=(step,) * 64, facts={"body": "y" * MAX_RESULT}),)

    region = Region(check)
    region.order(*[Try(flow="ntp", address="192.0.2.1")] * 8)
    (one,) = region.tried[3].probed
    assert (one.verdict, one.evidence, one.facts) == (Verdict.WORKS, (), {"left out": "too large"})


def test_many_large_results_travel_in_several_messages(monkeypatch):
    monkeypatch.setattr(module, "MAX_MESSAGE", 2000)

    async def check(ask, manners):
        return (probed(ask, facts={"text": "z" * 900}),)

    region = Region(check)
    region.order(*[Try(flow="ntp", address="192.0.2.1")] * 20)
    assert len(region.heard) >= 6
    assert all(len(message.tried) <= 3 for message in region.heard)


def test_too_many_tries_in_one_order_are_declined():
    region = Region(None)
    assert "at most 256" in region.order(*[Try(flow="ntp")] * (MAX_TRIES + 1))
    assert region.heard == []


def test_when_the_region_listens_no_more_the_order_ends():
    async def check(ask, manners):
        return (probed(ask),)

    region = Region(check, listens=False)
    assert region.order(Try(flow="ntp", address="192.0.2.1")) == "the region does not listen any more"


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
        ({"port": 65536}, "port 65536"),
        ({"port": -1}, "port -1"),
        ({"within": 0.0}, "0 s is not possible"),
        ({"within": 1e9}, r"1e\+09 s is not possible"),
        ({"options": {"password": "x"}}, "no region is told"),
        ({"options": {"user-file": "/etc/shadow"}}, "no region is told"),
    ],
)
def test_what_a_region_may_not_ask_for(monkeypatch, wrong, said):
    probe = Probe(flows=("ntp",), plan=None, run=None, load=None, options=(Option("password", "", secret=True),))
    monkeypatch.setattr(module, "probe_of", lambda flow: probe)
    with pytest.raises(PlanError, match=said):
        ask_of(Try(flow="ntp", **wrong), bytes(16))


def test_the_real_check_says_what_a_closed_port_is():
    async def tell(message):
        heard.append(message)
        return True

    async def scene(port):
        one = Try(flow="ntp", address="127.0.0.1", port=port, within=2.0)
        return await Probing(tell, "rack1").probe(Order("O", RunProbes((one,))))

    heard = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    assert asyncio.run(scene(port)) == ""
    (result,) = heard[0].tried[0].probed
    assert (result.verdict, result.source) == (Verdict.REFUSED, "rack1")
    assert heard[0].left == 0
