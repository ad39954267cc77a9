"""Wishes given to agents: in chunks, gently where it must be, and every one answered whatever becomes of its agent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.contract import Done, Results, Tried, Try
from bellrock.flows import Protocol, Wanted
from bellrock.flows.values import Role
from bellrock.model import Monotonic, Probed, Verdict
from bellrock.region.service import runs as module
from bellrock.region.service.runs import CHUNK, GENTLE_CHUNK, MAX_RUNS, PATIENCE, QUIET, REMEMBERED, Runs, TooMany
from bellrock.region.service.wishes import Wish


class Asked:
    """A session that keeps what it is told."""

    def __init__(self):
        self.orders = []

    def say(self, message):
        self.orders.append(message)


class Rig:
    def __init__(self, *agents):
        self.time, self.took, self.over = 0.0, [], []
        self.sessions = {agent: Asked() for agent in agents}
        self.runs = Runs(
            self.sessions,
            lambda: Monotonic(self.time),
            lambda run, results: self.took.extend(results),
            self.over.append,
        )

    def order(self, agent):
        return self.sessions[agent].orders[-1]

    def answer(self, agent, verdict=Verdict.WORKS, *, done=True):
        """Answer the agent's last order in full."""
        order = self.order(agent)
        tried = tuple(Tried(at, (probed(one, verdict),)) for at, one in enumerate(order.do.tries))
        why = self.runs.results(agent, Results(order.id, tried, 0))
        if done:
            assert self.runs.done(agent, Done(order.id))
        return why

    def flows(self, agent):
        return [[one.flow for one in order.do.tries] for order in self.sessions[agent].orders]


def probed(what, verdict=Verdict.WORKS):
    return Probed(flow=what.flow, target=what.address, verdict=verdict, detail="d")


def wish(agent="a", flow="dns", address="10.0.0.1", port=53, **facts):
    chosen = {"exchange": "query", "alternative": False, "expectation": "pass"} | facts
    want = Wanted(
        flow=flow,
        source=Role.RACK,
        target=Role.DNS,
        address=address,
        port=port,
        protocol=Protocol.UDP,
        why="w",
        **chosen,
    )
    return Wish(agent=agent, what=Try(flow=flow, address=address, port=port, protocol="udp"), want=want)


def test_a_run_is_over_when_every_wish_is_answered():
    rig = Rig("a", "b")
    run = rig.runs.begin([wish("a"), wish("b"), wish("b", "ntp")], keep=False)
    assert (rig.runs.going_on, run.total, run.left) == ((run,), 3, 3)
    rig.answer("b")
    assert (run.left, run.agents) == (1, {"a": [1, 1], "b": [2, 0]})
    assert rig.over == []
    rig.answer("a")
    assert (run.left, rig.over, rig.runs.going_on) == (0, [run], ())
    assert [(one.agent, found.verdict) for one, found in run.results] == [
        ("b", "works"),
        ("b", "works"),
        ("a", "works"),
    ]
    assert rig.took == run.results
    assert rig.runs.find(run.id) is run


def test_nothing_to_try_is_over_at_once():
    rig = Rig("a")
    run = rig.runs.begin([])
    assert rig.over == [run]


def test_an_agent_has_one_order_at_a_time_and_never_more_than_it_bears():
    rig = Rig("a")
    rig.runs.begin([wish(address=f"10.0.{n // 250}.{n % 250}") for n in range(2 * CHUNK + 1)])
    sizes = []
    while rig.runs.going_on:
        assert len(rig.sessions["a"].orders) == len(sizes) + 1
        sizes.append(len(rig.order("a").do.tries))
        rig.answer("a")
    assert sizes == [CHUNK, CHUNK, 1]


def test_controllers_are_asked_by_one_agent_at_a_time_and_a_few_at_once():
    rig = Rig("a", "b")
    shared = [wish(agent, "ipmi", "10.9.0.1", 623) for agent in "ab"]
    rig.runs.begin(
        [wish("a"), wish("b"), *shared, *(wish("a", "redfish", f"10.9.1.{n}", 443) for n in range(GENTLE_CHUNK))]
    )
    assert rig.flows("a") == rig.flows("b") == [["dns"]]
    rig.answer("a")
    assert rig.flows("a")[-1] == ["ipmi", *["redfish"] * (GENTLE_CHUNK - 1)]
    rig.answer("b")
    assert len(rig.flows("b")) == 1
    rig.answer("a")
    assert rig.flows("b")[-1] == ["ipmi"]
    assert rig.flows("a")[-1] == ["redfish"]
    rig.answer("a")
    rig.answer("b")
    assert rig.runs.going_on == ()


def test_what_one_controller_makes_wait_does_not_hold_up_the_rest():
    rig = Rig("a", "b")
    rig.runs.begin([wish("a", "ipmi", "10.9.0.1", 623), wish("b", "ipmi", "10.9.0.1", 623), wish("b")])
    assert rig.flows("b") == [["dns"]]


def test_who_is_not_connected_and_who_leaves_owe_nothing_more():
    rig = Rig("a")
    run = rig.runs.begin([wish("a"), wish("z")], keep=False)
    del rig.sessions["a"]
    rig.runs.left("a", "rack-a")
    rig.runs.left("never", "x")
    assert [(one.agent, found.verdict, found.detail) for one, found in run.results] == [
        ("z", "not-checked", "the agent is not connected"),
        ("a", "not-checked", "the agent rack-a was disconnected meanwhile"),
    ]
    assert rig.over == [run]


def test_in_the_matrix_that_nobody_answered_takes_no_verdict_s_place():
    rig = Rig("a")
    run = rig.runs.begin([wish("a"), wish("z")])
    del rig.sessions["a"]
    rig.runs.left("a", "rack-a")
    assert (rig.took, run.results, rig.over) == ([], [], [run])


def test_an_agent_that_says_done_and_did_not_tell_all():
    rig = Rig("a")
    run = rig.runs.begin([wish(), wish(flow="ntp")], keep=False)
    order = rig.order("a")
    rig.runs.results("a", Results(order.id, (Tried(1, (probed(order.do.tries[1]),)),), 1))
    rig.runs.done("a", Done(order.id))
    rig.runs.done("a", Done(order.id))
    assert [found.detail for _, found in run.results] == ["d", "the agent did not tell what became of it"]
    other = rig.runs.begin([wish()], keep=False)
    rig.runs.done("a", Done(rig.order("a").id, "no room"))
    assert other.results[0][1].detail == "no room"


def test_an_agent_of_which_nothing_is_heard_is_given_up_and_one_that_tells_is_not():
    rig = Rig("a")
    run = rig.runs.begin([wish(), wish(flow="ntp")], keep=False)
    order = rig.order("a")
    rig.time = QUIET
    rig.runs.expire()
    rig.runs.results("a", Results(order.id, (Tried(0, (probed(order.do.tries[0]),)),), 1))
    rig.time = 2 * QUIET
    rig.runs.expire()
    assert run.left == 1
    rig.time = 2 * QUIET + 6
    rig.runs.expire()
    assert (run.left, "told no result" in run.results[-1][1].detail) == (0, True)
    assert "no order" in rig.runs.results("a", Results(order.id, (), 0))


def test_words_without_results_do_not_keep_an_order_alive():
    rig = Rig("a")
    run = rig.runs.begin([wish()], keep=False)
    order = rig.order("a")
    for _ in range(3):
        rig.time += QUIET / 2
        rig.runs.results("a", Results(order.id, (), 1))
        rig.runs.expire()
    assert run.left == 0


def test_an_order_has_an_end_even_where_results_come_one_by_one():
    rig = Rig("a")
    run = rig.runs.begin([wish(address=f"10.0.0.{number}") for number in range(100)], keep=False)
    order = rig.order("a")
    for index in range(99):
        rig.time += QUIET
        rig.runs.results("a", Results(order.id, (Tried(index, (probed(order.do.tries[index]),)),), 99 - index))
        rig.runs.expire()
        if not run.left:
            break
    assert run.left == 0
    assert rig.time <= PATIENCE + 2 * QUIET + sum(one.within for one in order.do.tries)


@pytest.mark.parametrize(
    ("tried", "said"),
    [
        ((Tried(7, (probed(Try(flow="dns")),)),), "not asked for"),
        ((Tried(0, ()),), "0 results"),
        ((Tried(0, (probed(Try(flow="ntp")),)),), "a result of 'ntp'"),
    ],
    ids=["no-such-try", "nothing", "another-flow"],
)
def test_what_an_agent_tells_wrongly_is_refused(tried, said):
    rig = Rig("a", "b")
    run = rig.runs.begin([wish()], keep=False)
    order = rig.order("a")
    assert said in rig.runs.results("a", Results(order.id, tried, 0))
    assert "no order" in rig.runs.results("b", Results(order.id, (), 0))
    assert not rig.runs.done("b", Done(order.id))
    rig.runs.done("a", Done(order.id))
    assert (run.left, {found.verdict for _, found in run.results}) == (0, {"not-checked"})


def test_of_several_ports_one_is_enough():
    rig = Rig("a")
    run = rig.runs.begin([wish(port=port, alternative=True) for port in (80, 8080)], keep=False)
    order = rig.order("a")
    verdicts = (Verdict.REFUSED, Verdict.WORKS)
    for at, verdict in enumerate(verdicts):
        assert run.results == []
        rig.runs.results("a", Results(order.id, (Tried(at, (probed(order.do.tries[at], verdict),)),), 1 - at))
    assert [found.verdict for _, found in run.results] == ["works", "works"]


def test_what_answers_and_must_not_is_exposed():
    rig = Rig("a")
    run = rig.runs.begin([wish(expectation="blocked"), wish(flow="ntp", expectation="blocked")], keep=False)
    order = rig.order("a")
    tried = tuple(
        Tried(at, (probed(order.do.tries[at], verdict),))
        for at, verdict in enumerate((Verdict.WORKS, Verdict.FILTERED))
    )
    rig.runs.results("a", Results(order.id, tried, 0))
    assert [found.verdict for _, found in run.results] == ["exposed", "works"]


def test_so_much_and_no_more(monkeypatch):
    rig = Rig("a")
    for _ in range(MAX_RUNS):
        rig.runs.begin([wish()])
    with pytest.raises(TooMany, match="16 runs"):
        rig.runs.begin([wish()])
    monkeypatch.setattr(module, "MAX_WISHES", 1)
    with pytest.raises(TooMany, match="2 checks at once"):
        Rig("a").runs.begin([wish(), wish(flow="ntp")])


def test_runs_that_are_over_are_forgotten_after_a_while_and_others_never():
    rig = Rig("a", "b")
    going = rig.runs.begin([wish("a")])
    past = []
    for _ in range(REMEMBERED + 5):
        past.append(rig.runs.begin([wish("b")]))
        rig.answer("b")
    assert rig.runs.find(going.id) is going
    assert rig.runs.find(past[0].id) is None
    assert rig.runs.find(past[-1].id) is past[-1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_agents_do_every_wish_is_answered_once(data):
    rig = Rig("a", "b")
    flows = ("dns", "ntp", "ipmi")
    asked = data.draw(
        st.lists(st.tuples(st.sampled_from("abz"), st.sampled_from(flows), st.integers(1, 3)), max_size=12)
    )
    run = rig.runs.begin([wish(agent, flow, f"10.0.0.{host}") for agent, flow, host in asked], keep=False)
    for _ in range(40):
        agent = data.draw(st.sampled_from(["a", "b"]))
        match data.draw(st.sampled_from(["answer", "part", "done", "leave", "late"])):
            case "answer" if agent in rig.sessions and agent in rig.runs._at_work:
                rig.answer(agent, done=data.draw(st.booleans()))
            case "part" if agent in rig.sessions and agent in rig.runs._at_work:
                order = rig.order(agent)
                rig.runs.results(agent, Results(order.id, (Tried(0, (probed(order.do.tries[0]),)),), 1))
            case "done" if agent in rig.sessions and rig.sessions[agent].orders:
                rig.runs.done(agent, Done(rig.order(agent).id))
            case "leave" if agent in rig.sessions:
                del rig.sessions[agent]
                rig.runs.left(agent, agent)
            case "late":
                rig.time += 30
                rig.runs.expire()
            case _:
                pass
    for _ in range(20):
        rig.time += 1000
        rig.runs.expire()
    assert run.left == 0
    assert rig.over == [run]
    assert len(run.results) == len(asked)
    assert not rig.runs._given
    assert not rig.runs._at_work


def test_what_was_not_answered_is_known():
    rig = Rig("a")
    run = rig.runs.begin([wish(), wish(port=54)])
    order = rig.order("a")
    rig.runs.results("a", Results(order.id, (Tried(0, (probed(order.do.tries[0]),)),), 1))
    assert run.missed == set()
    rig.runs.done("a", Done(order.id, "no privilege"))
    assert run.missed == {("a", "dns", "10.0.0.1:54", "udp")}
    assert run.asked == {wish().check, wish(port=54).check}
