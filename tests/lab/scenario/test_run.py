"""Whole runs, and how they are told."""

import threading
from functools import partial

import pytest
from msgspec import structs

from bellrock.lab.running import _check_name
from bellrock.lab.scenario import parse
from bellrock.lab.scenario import run as module
from bellrock.lab.scenario.boots import End
from bellrock.lab.scenario.judge import Judgement
from bellrock.lab.scenario.run import Report, as_told, distinct, lab_name, run, run_many, run_pair
from bellrock.lab.scenario.schema import ExpectSpec, FaultSpec, LookSpec, Scenario, ScenarioFile
from bellrock.lab.servers.values import FileSpec

EXPECT = (ExpectSpec(id="x"),)
SAYS = LookSpec(
    kind="run",
    at="host-7",
    command=("sh", "-c", 'echo \'{"findings": [{"id": "x", "key": "k", "severity": "error"}]}\''),
)


@pytest.mark.parametrize(
    ("fields", "ends", "why"),
    [
        ({}, [End("a")], ""),
        ({}, [], ""),
        ({}, [End("a", "tftp", "silent")], "the boot of a stopped at tftp: silent; the scenario says that it comes to its end"),
        ({"expect": EXPECT}, [End("a", "tftp", "silent")], ""),
        ({"expect": EXPECT, "step": "tftp"}, [End("a", "tftp", "silent")], ""),
        ({"expect": EXPECT, "step": "tftp"}, [End("a")], "no boot stopped at tftp, as the scenario says (all came to their end)"),
        ({"expect": EXPECT, "step": "tftp"}, [End("a", "dhcp", "no")], "no boot stopped at tftp, as the scenario says (the boot of a stopped at dhcp: no)"),
        ({"expect": EXPECT, "step": "tftp", "stops": False}, [End("a", "tftp", "no")], "the boot of a stopped at tftp: no; the scenario says"),
        ({"expect": EXPECT, "step": "tftp", "stops": False}, [End("a")], ""),
    ],
)  # fmt: skip
def test_boots_go_as_the_scenario_says(fields, ends, why):
    told = as_told(ScenarioFile(title="x", **fields), ends)
    assert told.startswith(why)
    assert bool(told) == bool(why)


@pytest.mark.parametrize("name", ["a+b", "x" * 99, "my own fault", "+", "ä"])
def test_labs_have_names_that_labs_may_have(name):
    once, twice = lab_name(name), lab_name(name)
    assert once != twice
    for one in (once, twice):
        _check_name(one)


def test_each_finding_once():
    same = {"key": "k", "id": "a"}
    assert distinct([same, dict(same), {"key": "l"}, {}, {}]) == [same, {"key": "l"}, {}, {}]


def test_reports_come_as_they_are_done_two_at_a_time():
    both = threading.Barrier(2, timeout=10)

    def job(name):
        both.wait()
        return Report(name=name)

    assert {one.name for one in run_many([partial(job, "a"), partial(job, "b")])} == {"a", "b"}


def test_a_pair_needs_no_order(monkeypatch):
    pair = Scenario(name="a+b", file=ScenarioFile(title="x"))
    monkeypatch.setattr(module, "run", lambda *_, **__: Report(name="a+b", judgement=Judgement(first=False)))
    assert run_pair(pair).right


@pytest.mark.lab
def test_a_scenario_is_run_judged_and_kept(tmp_path):
    missing = FaultSpec(files={"tftp": {"bootx64.efi": FileSpec(absent=True)}})
    file = ScenarioFile(
        title="x",
        step="tftp",
        fault=(missing,),
        look=(SAYS, LookSpec()),
        expect=EXPECT,
        also=(ExpectSpec(id="boot-file-missing"),),
    )
    report = run(Scenario(name="mine", file=file), keep=tmp_path)
    assert not report.error, report.error
    assert report.judgement.found == ("x",)
    assert {one["id"] for one in report.findings} >= {"x"}
    assert (tmp_path / "capture-1" / "rack-1.pcapng").stat().st_size > 1000
    assert (tmp_path / "site.toml").exists()
    assert (tmp_path / "boot-1-node-1.log").exists()


@pytest.mark.lab
def test_a_fault_that_does_not_bite_is_told():
    file = ScenarioFile(title="x", step="tftp", look=(LookSpec(points=("rack-1",)),), expect=EXPECT)
    report = run(Scenario(name="toothless", file=file))
    assert report.error == "no boot stopped at tftp, as the scenario says (all came to their end)"


@pytest.mark.lab
def test_what_the_world_does_not_have_is_told():
    file = ScenarioFile(title="x", fault=(FaultSpec(stop="gopher"),), expect=EXPECT)
    report = run(Scenario(name="mine", file=file))
    assert "world boot has no service gopher" in report.error
    assert not report.right


@pytest.mark.lab
def test_another_world_than_the_one_it_names():
    world = parse.world("boot")
    only = {name: structs.replace(one, wanted=False) for name, one in world.service.items()}
    file = ScenarioFile(title="x", look=(SAYS,), expect=EXPECT)
    assert run(Scenario(name="mine", file=file), structs.replace(world, service=only)).right
