"""What was found against what had to be found."""

import pytest

from bellrock.lab.scenario.judge import Judgement, Names, judge, matches
from bellrock.lab.scenario.schema import ExpectSpec, ScenarioFile

NAMES = Names(
    words={"rack-1": "10.0.0.2", "host-7/eth0": "02:00:00:00:00:07"},
    hosts={"rack-1": frozenset({"10.0.0.2", "fd00::2"}), "node-1": frozenset({"02:00:00:00:00:01"})},
)


def found(name="x", severity="error", **where):
    return {
        "id": name,
        "severity": severity,
        "what": f"{name} it is",
        "cause": "because",
        "proof": ["packet 1"],
        "fix": ["mend"],
        "where": where,
    }


@pytest.mark.parametrize(
    ("expected", "finding", "same"),
    [
        (ExpectSpec(id="x"), found(), True),
        (ExpectSpec(id="y"), found(), False),
        (ExpectSpec(id="x", client="node-1"), found(client="02:00:00:00:00:01"), True),
        (ExpectSpec(id="x", client="node-1"), found(client="02:00:00:00:00:02"), False),
        (ExpectSpec(id="x", client="node-1"), found(), False),
        (ExpectSpec(id="x", address="rack-1"), found(address="10.0.0.2:69"), True),
        (ExpectSpec(id="x", address="rack-1"), found(address="[fd00::2]:69"), True),
        (ExpectSpec(id="x", address="rack-1"), found(address="fd00::2"), True),
        (ExpectSpec(id="x", address="{host-7/eth0}"), found(address="02:00:00:00:00:07"), True),
        (ExpectSpec(id="x", host="rack-1"), found(host="rack-1"), True),
        (ExpectSpec(id="x", vid=10), found(vlan=10), True),
        (ExpectSpec(id="x", vid=10), found(vlan=20), False),
        (ExpectSpec(id="x", says="because"), found(), True),
        (ExpectSpec(id="x", says="packet 1"), found(), True),
        (ExpectSpec(id="x", says="{rack-1}"), found(), False),
        (ExpectSpec(id="x"), {"id": "x"}, True),
    ],
)
def test_a_finding_is_the_expected_one(expected, finding, same):
    assert matches(expected, finding, NAMES) is same


FILE = ScenarioFile(
    title="x", expect=(ExpectSpec(id="a"), ExpectSpec(id="b", client="node-1")), also=(ExpectSpec(id="c"),)
)
B = found("b", client="02:00:00:00:00:01")


@pytest.mark.parametrize(
    ("findings", "right", "judged"),
    [
        ([found("a"), B], True, Judgement(found=("a", "b"))),
        ([found("a"), B, found("c"), found("d", "notice")], True, Judgement(found=("a", "b"))),
        ([B, found("a")], False, Judgement(found=("a", "b"), first=False)),
        ([found("a")], False, Judgement(found=("a",), missed=("b (node-1)",))),
        ([found("a"), B, found("d", "warning")], False, Judgement(found=("a", "b"), false=("d: d it is",))),
        ([], False, Judgement(missed=("a", "b (node-1)"), first=False)),
    ],
)
def test_judgement(findings, right, judged):
    verdict = judge(FILE, findings, NAMES)
    assert verdict == judged
    assert verdict.right is right


def test_in_a_healthy_network_nothing_may_be_found_but_notices():
    healthy = ScenarioFile(title="x")
    assert judge(healthy, [found("n", "notice")], NAMES).right
    assert judge(healthy, [found("n", "warning")], NAMES).false == ("n: n it is",)
