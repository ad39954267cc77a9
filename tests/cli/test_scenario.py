"""`bellrock lab scenario`: list, show and run, with the lab itself only where it says so."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli import scenario as module
from bellrock.lab.scenario import run as runner
from bellrock.lab.scenario.judge import Judgement
from bellrock.lab.scenario.run import Report

RIGHT = Report(name="healthy-uefi", judgement=Judgement(found=("a",)), seconds=2.25)
WRONG = Report(
    name="two",
    judgement=Judgement(found=("a",), missed=("b (node-1)",), false=("c: it is",)),
    findings=({"id": "a"},),
    seconds=1.0,
)
LATE = Report(name="late", judgement=Judgement(found=("a",), first=False), findings=({"id": "z"},))
NOTHING = Report(name="nothing", judgement=Judgement(first=False))
FAILED = Report(name="three", error="no boot stopped at tftp")


def asked(*words):
    return CliRunner().invoke(module.scenario, list(words))


@pytest.fixture
def reports(monkeypatch):
    """What runs report; the jobs that were made."""
    jobs = []

    def having(*told):
        def run_many(made, side_by_side):
            jobs.extend(made)
            jobs.append(side_by_side)
            return iter(told)

        monkeypatch.setattr(runner, "run_many", run_many)
        return jobs

    return having


def test_list():
    done = asked("list")
    assert done.exit_code == 0
    assert "healthy-uefi" in done.stdout
    listed = {one["name"]: one for one in json.loads(asked("list", "--json").stdout)}
    assert listed["healthy-uefi"]["expected"] == []
    assert listed["dhcp-two-servers"]["expected"] == ["dhcp-two-servers"]


def test_show():
    done = asked("show", "boot-file-missing")
    assert "story" in done.stdout
    assert "bellrock explain boot-file-missing" in done.stdout
    assert "expected  nothing: all is well here" in asked("show", "healthy-bios").stdout
    document = json.loads(asked("show", "healthy-bios", "--json").stdout)
    assert document["faults"][0]["client"]["arch"] == 0
    assert document["looks"][0]["kind"] == "diagnose"


def test_each_kind_of_fault_is_shown_in_a_line(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'title = "x"\nplayed = "all of it"\n[[fault]]\nat = "rack-1"\nbefore = "tftp"\nrun = ["ip", "link"]\n[[fault]]\nstop = "dhcp"\n'
        '[[fault]]\nat = "host-7/eth0"\nretag = { access = 20 }\n'
    )
    lines = asked("show", str(tmp_path / "mine.toml")).stdout.splitlines()
    assert "  fault     at rack-1: run ip link, before tftp" in lines
    assert "  fault     stop dhcp" in lines
    assert any(line.startswith("  fault     at host-7/eth0: retag {") for line in lines)
    assert "  not real  all of it" in lines


def test_what_is_not_there_or_wrong_is_one_line(tmp_path):
    done = asked("show", "nobody")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: nobody: no such scenario; bellrock lab scenario list shows them\n",
    )
    (tmp_path / "bad.toml").write_text("title = 3\n")
    assert "bad.toml:1: title: expected a string" in asked("run", str(tmp_path / "bad.toml")).stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [((), "which scenario?"), (("--healthy", "2", "--watch-flapping", "3"), "--watch-flapping looks at scenarios")],
)
def test_what_to_run_must_be_said(words, why):
    done = asked("run", *words)
    assert done.exit_code == 2
    assert why in done.stderr


@pytest.mark.parametrize(
    ("told", "code"), [([RIGHT], 0), ([RIGHT, WRONG], 1), ([LATE], 1), ([RIGHT, WRONG, FAILED], 3)]
)
def test_exit_codes(reports, told, code):
    reports(*told)
    assert asked("run", "healthy-uefi").exit_code == code


def test_the_table_has_what_was_found_and_missed(reports):
    reports(RIGHT, WRONG, LATE, NOTHING, FAILED)
    done = asked("run", "healthy-uefi")
    assert "right   healthy-uefi   2.2 s" in done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "b (node-1)" in rows["two"]
    assert "c: it is" in rows["two"]
    assert "first is z" in rows["late"]
    assert "first is nothing" in rows["nothing"]
    assert "no boot stopped at tftp" in rows["three"]
    assert done.stdout.endswith("1 of 5 right\n")


def test_json_has_the_findings(reports):
    reports(WRONG, FAILED)
    document = json.loads(asked("run", "healthy-uefi", "--json").stdout)
    assert document["right"] == 0
    first, second = document["scenarios"]
    assert (first["verdict"], first["missed"], first["false_alarms"], first["findings"]) == (
        "wrong",
        ["b (node-1)"],
        ["c: it is"],
        [{"id": "a"}],
    )
    assert (second["verdict"], second["error"]) == ("failed", "no boot stopped at tftp")


def test_all_healthy_and_pairs_are_jobs(reports):
    jobs = reports(RIGHT)
    assert asked("run", "--all", "--healthy", "3", "--pairs", "2", "--seed", "7", "--jobs", "1").exit_code == 0
    *made, side_by_side = jobs
    assert side_by_side == 1
    known = len(json.loads(asked("list", "--json").stdout))
    assert len(made) == known + 5
    assert [job.args[0].name for job in made[known : known + 3]] == ["healthy-7", "healthy-8", "healthy-9"]
    assert all("+" in job.args[0].name for job in made[known + 3 :])


def test_flapping_and_keeping(reports, tmp_path):
    jobs = reports(RIGHT)
    assert asked("run", "healthy-uefi", "--watch-flapping", "9").exit_code == 0
    assert jobs[0].args[1] == 9
    assert asked("run", "healthy-uefi", "--keep", str(tmp_path)).exit_code == 0
    assert jobs[2].keywords["keep"] == tmp_path / "healthy-uefi"


@pytest.mark.lab
def test_a_scenario_is_run():
    done = asked("run", "healthy-uefi", "--json")
    assert json.loads(done.stdout)["scenarios"][0]["error"] == ""
