"""What agents measured, as the region tells it, and orders to measure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.contract import Done, MeasureMtu, Order, Report
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Host,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    Monotonic,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    Wall,
)
from bellrock.region.service import mtu as module
from bellrock.region.service.mtu import PATIENCE, Measurements
from bellrock.region.service.names import UnknownHost
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded

NAMES = {"a": "rack-a", "b": "rack-b", "c": "rack-c"}


class Asked:
    """A session that keeps what it is told."""

    def __init__(self, name):
        self.host, self.said = Host(name, f"rack-{name}"), []

    def say(self, message):
        self.said.append(message)


class Rig:
    def __init__(self):
        self.state, self.time, self.changes, self.number = State(Loaded()), 0.0, 0, 0
        self.sessions = {}
        self.begin()

    def begin(self):
        self.measurements = Measurements(self.state, self.sessions, lambda: Monotonic(self.time), self._changed)

    def _changed(self):
        self.changes += 1

    def connect(self, *names):
        self.sessions.update({name: Asked(name) for name in names})

    def tell(self, agent, *observations, at=1.0, complete=False):
        self.number += 1
        report = Report(self.number, "boot", Wall(at), observations, begin=complete, complete=complete)
        told = self.state.apply(Accepted(agent=Host(agent, agent), report=report, received=Wall(10.0)))
        self.measurements.apply(agent, told)

    def segment(self, slow="c"):
        """Three hosts, one of which passes 1500 only."""
        for one in "abc":
            told = [InterfaceSeen(one, Interface(name="eth0", index=1, mac="m", mtu=9000))]
            for other in "abc":
                if other != one:
                    passed = 1500 if slow in (one, other) else 9000
                    limit = MtuLimit.INTERFACE if passed == 9000 else MtuLimit.LINK
                    told.append(MtuSeen(Port(one, "eth0"), Port(other, "eth0"), passed, limit, 9000, seen=Wall(7.0)))
            self.tell(one, *told)

    def view(self, lapsed=(), now=10.0):
        return self.measurements.view(NAMES, lapsed, Wall(now))


def test_pairs_and_culprits():
    rig = Rig()
    assert rig.view().pairs == ()
    rig.segment()
    view = rig.view()
    assert len(view.pairs) == 6
    first = view.pairs[1]
    assert (first.from_.host, first.to.host, first.vid, first.mtu, first.expected) == (
        "rack-a",
        "rack-c",
        None,
        1500,
        9000,
    )
    assert (first.limited_by, first.tried, first.age) == ("link", 9000, 3.0)
    (culprit,) = view.culprits
    assert (culprit.kind, culprit.direction, culprit.mtu, culprit.others) == ("port", "both", 1500, 9000)
    assert [port.host for port in culprit.where] == ["rack-c"]
    assert culprit.what.startswith("All pairs through rack-c/eth0 stop at 1,500 while the rest pass 9,000")
    assert rig.view() == view


def test_what_turned_while_nobody_follows_is_forgotten():
    rig = Rig()
    for slow in ("c", "b", "a"):
        rig.segment(slow)
        rig.measurements.rest()
        assert rig.measurements._measured.turned == set()
    rig.view()
    rig.measurements.rest()
    assert rig.measurements.turned(()) == set()
    rig.segment("c")
    assert (Port("b", "eth0"), Port("c", "eth0")) in rig.measurements.turned(())


ports = {host: st.sampled_from([Port(host, "eth0"), Port(host, "eth1")]) for host in "abc"}
times = st.integers(1, 9).map(float).map(Wall)


def words(agent):
    """What an agent tells of its interfaces, and of what passes from them."""
    return st.one_of(
        st.builds(
            lambda port, mtu, carrier: InterfaceSeen(
                agent, Interface(name=port.interface, index=1, mac="m", mtu=mtu, carrier=carrier)
            ),
            ports[agent], st.sampled_from([1500, 9000]), st.booleans(),
        ),
        st.builds(lambda port: InterfaceGone(agent, port.interface), ports[agent]),
        *(
            st.builds(MtuSeen, ports[agent], ports[peer], st.sampled_from([1200, 9000]), st.just(MtuLimit.LINK), st.just(9000), seen=times)
            for peer in "abc" if peer != agent
        ),
        st.builds(MtuGone, ports[agent], ports["a" if agent == "b" else "b"], st.just("silent")),
    )  # fmt: skip


reports = st.sampled_from("abc").flatmap(
    lambda agent: st.tuples(st.just(agent), st.lists(words(agent), max_size=3), times, st.booleans())
)


@settings(max_examples=200, deadline=None)
@given(st.lists(reports, max_size=8), st.lists(st.one_of(reports, st.integers(1, 2)), max_size=12))
def test_whoever_followed_says_what_whoever_begins_now_says(first, then):
    """In whatever order accounts are taken in, and however much of them is when more is told."""
    rig = Rig()
    for agent, told, at, complete in first:
        rig.tell(agent, *told, at=at, complete=complete)
    rig.begin()
    for step in then:
        if isinstance(step, int):
            rig.measurements.take_in(step)
        else:
            rig.tell(step[0], *step[1], at=step[2], complete=step[3])
    followed = rig.view()
    rig.begin()
    assert followed == rig.view()
    assert len(followed.pairs) == rig.state.pieces[1]


def test_what_was_measured_while_a_port_was_down_waits_until_it_is_up():
    rig = Rig()
    down, up = (InterfaceSeen("a", Interface(name="eth0", index=1, mac="m", carrier=one)) for one in (False, True))
    way = MtuSeen(Port("b", "eth0"), Port("a", "eth0"), 1500, MtuLimit.LINK, 1500, seen=Wall(0.5))
    rig.tell("a", down)
    rig.tell("b", way)
    for agents in ("ab", "ba"):
        rig.begin()
        rig.state.accounts = {agent: rig.state.accounts[agent] for agent in agents}
        assert len(rig.view().pairs) == 1
    rig.tell("a", up)
    assert len(rig.view().pairs) == 1
    rig.tell("a", down, up)
    assert rig.view().pairs == ()
    rig.tell("b", way)
    rig.tell("a", down, up, at=0.5)
    assert len(rig.view().pairs) == 1, "it was measured since"


def test_the_switch_is_named_where_lldp_tells_it():
    rig = Rig()
    rig.segment()
    switch = Neighbour(protocol="lldp", chassis_id="02:00", port_id="7", system_name="sw1", max_frame_size=1518)
    rig.tell("c", EvidenceSeen(Evidence(kind=EvidenceKind.LLDP, port=Port("c", "eth0"), neighbour=switch)))
    (culprit,) = rig.view().culprits
    assert "its switch port (sw1 port 7)" in culprit.what
    assert any("1,518" in sentence for sentence in culprit.proof)


def test_a_silent_agents_word_does_not_count():
    rig = Rig()
    rig.segment()
    assert {pair.from_.host for pair in rig.view(lapsed={"c"}).pairs} == {"rack-a", "rack-b"}


def test_a_tagged_port_without_interface_has_the_mtu_of_its_lower_device():
    rig = Rig()
    port, peer = Port("a", "eth0", 10), Port("b", "eth0", 10)
    rig.tell(
        "a",
        InterfaceSeen("a", Interface(name="eth0", index=1, mac="m", mtu=1500)),
        MtuSeen(port, peer, 1500, MtuLimit.LINK, 9000),
    )
    (pair,) = rig.view().pairs
    assert (pair.expected, pair.vid) == (1500, 10)


def test_a_host_with_tagged_and_untagged_ports_is_told_in_order():
    rig = Rig()
    near = [Port("a", "eth0", 10), Port("a", "eth0"), Port("a", "eth0", 20)]
    far = [Port("b", "eth0", port.vid) for port in near]
    for host, pairs in (("a", zip(near, far, strict=True)), ("b", zip(far, near, strict=True))):
        told = [MtuSeen(port, peer, 1500, MtuLimit.LINK, 9000) for port, peer in pairs]
        rig.tell(host, InterfaceSeen(host, Interface(name="eth0", index=1, mac="m", mtu=9000)), *told)
    view = rig.view()
    assert [(pair.from_.host, pair.vid) for pair in view.pairs] == [
        (host, vid) for host in ("rack-a", "rack-b") for vid in (None, 10, 20)
    ]
    assert view.culprits


def test_orders_go_to_one_agent_or_all_and_are_over_when_answered():
    rig = Rig()
    rig.connect("a", "b")
    assert rig.measurements.order(NAMES, "", "") == ("rack-a", "rack-b")
    assert rig.view().measuring == ("rack-a", "rack-b")
    assert rig.measurements.order(NAMES, "rack-a", "eth1") == rig.measurements.order(NAMES, "a", "") == ("rack-a",)
    orders = rig.sessions["a"].said
    assert [type(one) for one in orders] == [Order] * 3
    assert [one.do for one in orders] == [MeasureMtu(), MeasureMtu("eth1"), MeasureMtu()]
    for one in orders:
        assert rig.measurements.done("a", Done(one.id)) == ""
    assert rig.view().measuring == ("rack-b",)
    before = rig.changes
    assert rig.measurements.done("b", Done(rig.sessions["b"].said[0].id, "no port")) == "no port"
    assert (rig.view().measuring, rig.changes) == ((), before + 1)


@pytest.mark.parametrize(("host", "told"), [("rack-z", "rack-z"), ("", "no agent is connected")])
def test_nobody_to_order(host, told):
    rig = Rig()
    with pytest.raises(UnknownHost, match=told):
        rig.measurements.order(NAMES, host, "")


def test_an_answer_to_an_order_of_another_agent_is_none():
    rig = Rig()
    rig.connect("a", "b")
    rig.measurements.order(NAMES, "a", "")
    assert "no order" in rig.measurements.done("b", Done(rig.sessions["a"].said[0].id))
    assert "no order" in rig.measurements.done("a", Done("made up"))
    assert rig.view().measuring == ("rack-a",)


def test_who_does_not_answer_or_leaves_is_not_waited_for():
    rig = Rig()
    rig.connect("a", "b")
    rig.measurements.order(NAMES, "", "")
    rig.measurements.left("a")
    assert rig.view().measuring == ("rack-b",)
    rig.time = PATIENCE + 1
    assert rig.view().measuring == ()


def test_orders_under_way_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_ORDERS", 2)
    rig = Rig()
    rig.connect("a")
    for _ in range(4):
        rig.measurements.order(NAMES, "a", "")
    assert len(rig.sessions["a"].said) == 2
