import pytest

from bellrock.diagnosis.case import Load
from bellrock.diagnosis.on_host import own_load
from tests.diagnosis.sites import case, found, here, whats


@pytest.mark.parametrize(
    ("load", "what"),
    [
        (Load(agents=2), "2 agents run in one network namespace; each hears and sends the same"),
        (Load(processes=40), "the agent has 40 processes, where it is one with a companion"),
        (Load(cpu=0.9, over=60.0), "it took 90 % of a core over 60 s"),
        (Load(memory=3 << 30), "it holds 3072 MiB of memory"),
        (Load(waiting=5000), "5000 reports wait on its disk for the region"),
    ],
)
def test_what_is_too_much(load, what):
    assert whats(own_load, case(here(load=load))) == [("warning", f"Bellrock costs rack-1 too much: {what}")]


@pytest.mark.parametrize(
    "load", [None, Load(), Load(cpu=0.1, over=60.0, memory=96 << 20, processes=2, agents=1, waiting=10)]
)
def test_what_an_agent_needs_is_not(load):
    assert found(own_load, case(here(load=load))) == []


def test_all_that_is_too_much_is_one_finding():
    [one] = found(own_load, case(here(load=Load(agents=3, cpu=1.0, over=60.0))))
    assert len(one.proof) == 2
