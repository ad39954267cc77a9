"""Many asks at once: bounds, order, progress, bad asks, cancellation. The probes are real ones of a test's own, on loopback."""

import asyncio
import socket
import sys
from collections import deque
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import Protocol
from bellrock.link.source import Source
from bellrock.model import Probed, Verdict
from bellrock.probe import registry
from bellrock.probe.sweep import Limits, _Turns, sweep
from bellrock.probe.values import Ask, Found, Load, PlanError, Probe


@contextmanager
def probe_for_tests(monkeypatch, run, *, spacing: float = 0.0, flow: str = "ntp"):
    """Stand in for a flow's probe in the registry."""

    def plan(ask: Ask) -> Ask:
        if ask.options:
            raise PlanError(f"{ask.flow} has no option {next(iter(ask.options))!r}")
        return ask

    made = Probe(
        flows=(flow,), plan=plan, run=run, load=Load(packets=1, octets=64, spacing=spacing), protocols=(Protocol.UDP,)
    )
    known = registry.probe_of
    with monkeypatch.context() as patch:
        for module in ("bellrock.probe.run", "bellrock.probe.sweep"):
            patch.setattr(sys.modules[module], "probe_of", lambda name: made if name == flow else known(name))
        yield


class Busy:
    """Counts who is at it, over all and per address."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.most = 0
        self.most_at_one = 0
        self.order: list[str] = []

    async def run(self, plan: Ask, _net) -> tuple[Found, ...]:
        self.order.append(plan.address)
        self.now[plan.address] = self.now.get(plan.address, 0) + 1
        self.most = max(self.most, sum(self.now.values()))
        self.most_at_one = max(self.most_at_one, self.now[plan.address])
        for _ in range(5):
            await asyncio.sleep(0)
        self.now[plan.address] -= 1
        return (Found(verdict=Verdict.WORKS, detail=plan.name),)


def asks(*addresses: str) -> list[Ask]:
    return [Ask(flow="ntp", address=address, name=str(place)) for place, address in enumerate(addresses)]


def test_results_keep_the_order_of_the_asks_and_the_bounds_hold(monkeypatch):
    busy, told = Busy(), []
    wanted = asks(*(f"192.0.2.{number % 3}" for number in range(100)))
    with probe_for_tests(monkeypatch, busy.run):
        found = asyncio.run(
            sweep(wanted, Limits(at_once=5, per_address=2), done=lambda place, results: told.append((place, results)))
        )
    assert [one.detail for (one,) in found] == [str(number) for number in range(100)]
    assert busy.most == 5
    assert busy.most_at_one == 2
    assert sorted(place for place, _ in told) == list(range(100))
    assert all(found[place] is results for place, results in told)


def test_one_address_with_many_asks_does_not_hold_up_the_others(monkeypatch):
    busy = Busy()
    with probe_for_tests(monkeypatch, busy.run):
        asyncio.run(sweep(asks(*["192.0.2.1"] * 50, "192.0.2.2"), Limits(at_once=3, per_address=2)))
    assert "192.0.2.2" in busy.order[:3]


def test_addresses_that_are_treated_gently_are_asked_one_at_a_time(monkeypatch):
    busy = Busy()
    with probe_for_tests(monkeypatch, busy.run, spacing=0.000_001):
        asyncio.run(sweep(asks(*["192.0.2.1"] * 5, *["192.0.2.2"] * 5), Limits(at_once=50, per_address=4)))
    assert (busy.most_at_one, busy.most) == (1, 2)


def test_a_typing_error_in_one_of_a_thousand_is_told_and_the_others_are_done(monkeypatch):
    wanted = asks(*(f"192.0.{number >> 8}.{number & 255}" for number in range(1000)))
    wanted[500] = Ask(flow="npt", address="192.0.2.1", port=123)
    wanted[700] = Ask(flow="ntp", address="192.0.2.1", options={"x": "1"}, source=Source(interface="eth7"))
    with probe_for_tests(monkeypatch, Busy().run):
        found = asyncio.run(sweep(wanted))
    assert [place for place, (one,) in enumerate(found) if one.verdict is not Verdict.WORKS] == [500, 700]
    (typed,), (optional,) = found[500], found[700]
    assert typed.detail.startswith("no probe tries 'npt'; there are dhcp, ")
    assert (typed.flow, typed.target, typed.verdict) == ("npt", "192.0.2.1:123", Verdict.NOT_CHECKED)
    assert (optional.detail, optional.target, optional.source) == ("ntp has no option 'x'", "192.0.2.1", "eth7")


def test_a_mistake_in_a_probe_is_told_as_one(monkeypatch):
    async def run(plan: Ask, _net) -> tuple[Found, ...]:
        if plan.name == "1":
            raise KeyError("offset")
        return (Found(verdict=Verdict.WORKS, detail=""),)

    with probe_for_tests(monkeypatch, run):
        found = asyncio.run(sweep(asks("192.0.2.1", "192.0.2.2", "192.0.2.3")))
    assert [one.verdict for (one,) in found] == [Verdict.WORKS, Verdict.NOT_CHECKED, Verdict.WORKS]
    assert found[1][0].detail == "the probe itself failed, which is a mistake in it: KeyError: 'offset'"


def test_what_is_told_need_not_be_kept(monkeypatch):
    told = []
    with probe_for_tests(monkeypatch, Busy().run):
        found = asyncio.run(
            sweep(
                asks("192.0.2.1", "192.0.2.2"),
                keep=False,
                done=lambda place, results: told.append((place, results[0].detail)),
            )
        )
    assert (found, sorted(told)) == ([], [(0, "0"), (1, "1")])


def test_nothing_to_do_is_done():
    assert asyncio.run(sweep([])) == []


def test_cancelled_it_ends_what_goes_on_and_has_told_what_was_over(monkeypatch):
    ended: list[str] = []

    async def run(plan: Ask, _net) -> tuple[Found, ...]:
        if plan.name == "0":
            return (Found(verdict=Verdict.WORKS, detail=""),)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(plan.name)
        return ()

    async def act() -> list[int]:
        told: list[int] = []
        first = asyncio.Event()

        def done(place: int, _: tuple[Probed, ...]) -> None:
            told.append(place)
            first.set()

        task = asyncio.ensure_future(sweep(asks("192.0.2.1", "192.0.2.2", "192.0.2.3"), done=done))
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return told

    with probe_for_tests(monkeypatch, run):
        assert asyncio.run(act()) == [0]
    assert sorted(ended) == ["1", "2"]


def test_refusals_of_real_ports():
    """Ports of loopback on which nobody listens: a thousand verdicts, each right."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes it meanwhile
        port = held.getsockname()[1]
        found = asyncio.run(sweep([Ask(flow="ssh", address="127.0.0.1", port=port)] * 1000))
    assert {one.verdict for (one,) in found} == {Verdict.REFUSED}
    assert len(found) == 1000


@given(st.lists(st.sampled_from("abcde")), st.integers(1, 4), st.integers(1, 6))
def test_every_ask_has_exactly_one_turn_however_workers_come_and_go(addresses, per_address, workers):
    turns = _Turns([Ask(flow="x", address=address) for address in addresses], per_address)
    taken: list[int] = []
    at_it: deque[tuple[int, tuple[str, str]]] = deque()
    while True:
        while len(at_it) < workers and (turn := turns.take()) is not None:
            at_it.append(turn)
            taken.append(turn[0])
            assert sum(queue == turn[1] for _, queue in at_it) <= per_address
        if not at_it:
            break
        turns.give_back(at_it.popleft()[1])
    assert sorted(taken) == list(range(len(addresses)))
