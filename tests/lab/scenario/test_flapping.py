"""Findings that go and come back."""

import pytest

from bellrock.lab.scenario import flapping, parse
from bellrock.lab.scenario.boots import End
from bellrock.lab.scenario.flapping import flapped, watch
from bellrock.lab.scenario.judge import Names
from bellrock.lab.schema import LabError


def found(*keys, severity="error"):
    return [{"key": key, "id": key, "severity": severity} for key in keys]


@pytest.mark.parametrize(
    ("rounds", "keys"),
    [
        ([], []),
        ([found("a")] * 3, []),
        ([found(), found("a"), found("a")], []),
        ([found("a"), found("a"), found()], ["a"]),
        ([found("a"), found(), found("a", "b")], ["a"]),
        ([found("a", severity="notice"), found(), found("a", severity="notice")], []),
        ([[{"id": "old", "severity": "error"}], [], [{"id": "old", "severity": "error"}]], ["old"]),
    ],
)
def test_what_flaps(rounds, keys):
    assert flapped(rounds) == keys


class Looks:
    """Of which only the boots' ends are asked."""

    def __init__(self, *ends):
        self.boots = self
        self.ends = list(ends)


def watched(monkeypatch, name, answers, *ends):
    told = iter(answers)
    monkeypatch.setattr(flapping, "standing", lambda scenario, world, use: use(None, Looks(*ends)))
    monkeypatch.setattr(flapping, "names_of", lambda made: Names())
    monkeypatch.setattr(flapping, "look_all", lambda *_: next(told))
    return watch(parse.scenario(name), 0.0)


def test_it_looks_at_least_three_times(monkeypatch):
    report = watched(monkeypatch, "healthy-uefi", [found()] * 3)
    assert (report.judgement.found, report.right) == (("3 rounds",), True)


def test_what_comes_and_goes_is_told(monkeypatch):
    report = watched(monkeypatch, "healthy-uefi", [found("a"), found(), found("a")])
    assert (report.judgement.false, report.right) == (("a", "a: "), False)


def test_a_fault_that_is_not_found_in_one_look_is_missed(monkeypatch):
    """Nothing flaps where nothing is found, and nothing is right either."""
    here = [{"id": "no-carrier", "key": "k", "severity": "error", "where": {"host": "host-7", "interface": "eth0"}}]
    whole = watched(monkeypatch, "no-carrier", [here] * 3)
    assert whole.right, whole
    for answers in ([[], here, here], [[], [], []]):
        report = watched(monkeypatch, "no-carrier", answers)
        assert (report.judgement.missed[0].endswith("(in look 1)"), report.right) == (True, False)


def test_a_boot_that_did_not_go_as_told_proves_nothing(monkeypatch):
    report = watched(monkeypatch, "healthy-uefi", [found()] * 3, End("node-1", "tftp", "no answer"))
    assert "stopped at tftp" in report.error
    assert not report.right


def test_a_world_that_cannot_be_built_is_told(monkeypatch):
    def broken(*_):
        raise LabError("no switch")

    monkeypatch.setattr(flapping, "standing", broken)
    report = watch(parse.scenario("healthy-uefi"), 0.0)
    assert (report.error, report.right) == ("no switch", False)
