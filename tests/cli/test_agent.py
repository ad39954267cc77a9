"""`bellrock agent` and `bellrock secret status`, against a region that serves."""

import json

import pytest

from bellrock.cli.agent import choose
from bellrock.cli.answers import Enrolment
from bellrock.cli.output import Failure
from tests.cli.people import asked


def enrolment(agent, name, code):
    return Enrolment(agent, name, "rack", "waiting", code, "10.0.0.2", 0.0, None, False, "", False)


FOUND = [
    enrolment("01A", "rack-1", "K7QF-2M9X"),
    enrolment("01B", "rack-1", "AAAA-BBBB"),
    enrolment("01C", "r3", "CC-DD"),
]


@pytest.mark.parametrize(
    ("who", "agent"), [("01B", "01B"), ("k7qf2m9x", "01A"), ("K7QF-2M9X", "01A"), ("r3", "01C"), ("aaaa-bbbb", "01B")]
)
def test_an_agent_is_meant_by_its_id_its_code_or_its_name(who, agent):
    assert choose(FOUND, who).agent == agent


def test_who_is_not_there_or_is_there_twice_is_told():
    with pytest.raises(Failure, match="no agent nobody: neither a code"):
        choose(FOUND, "nobody")
    with pytest.raises(Failure, match=r"2 agents are called rack-1: give the code or the id: 01A \(K7QF-2M9X\), 01B"):
        choose(FOUND, "rack-1")


def test_before_anybody_joins_there_is_nobody(tmp_path):
    with asked(tmp_path) as run:
        assert "Nobody has joined yet" in run("agent", "list").stdout
        assert json.loads(run("agent", "list", "--json").stdout) == []
        (secret,) = json.loads(run("secret", "status", "--json").stdout)
        assert (secret["signs"], secret["agents"]) == (True, [])
        table = run("secret", "status")
        assert (table.exit_code, "the one to use" in table.stdout, "nobody" in table.stdout) == (0, True, True)
