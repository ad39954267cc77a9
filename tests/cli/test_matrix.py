"""`bellrock matrix`, `schedule`, `webhook` and `site push`, against a region that serves, without agents and with made-up answers."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli import matrix as module
from bellrock.cli.probeanswers import MatrixCell
from bellrock.cli.root import cli
from tests.cli.people import asked

SITE = 'title = "hall"\n[role.dns]\naddresses = ["10.0.0.53"]\n'


def cell(**facts):
    chosen = {
        "agent": "id-1", "flow": "dns", "verdict": "works", "checks": 2, "faults": 0, "counts": {"works": 2}, "detail": "fine",
        "age": 3.0, "stale": False, "blocked": 0,
    }  # fmt: skip
    return chosen | facts


ANSWER = {
    "site": "hall",
    "agents": [
        {"id": "id-1", "name": "rack1", "role": "rack", "roles": ["rack", "dns"], "connected": True},
        {"id": "id-2", "name": "rack2", "role": "rack", "roles": ["rack"], "connected": False},
    ],
    "flows": [{"id": "dns", "title": "DNS"}, {"id": "ntp", "title": "NTP"}],
    "cells": [
        cell(),
        cell(agent="id-2"),
        cell(
            flow="ntp", verdict="filtered", faults=1, counts={"filtered": 1, "works": 1}, detail="nothing came\x1b back"
        ),
        cell(agent="id-2", flow="ntp", stale=True),
    ],
    "untried": [{"agent": "id-1", "flow": "apt", "role": "mirror", "why": "only subnets"}],
}


@pytest.fixture
def run(monkeypatch):
    """Runs `bellrock matrix` on an answer."""

    def _run(*arguments, answers=(ANSWER,), code=0):
        left = list(answers)

        def send(region, state_dir, method, path, body=None, **_):
            assert (method, path) == ("GET", "/matrix")
            if not left:
                raise KeyboardInterrupt
            return left.pop(0)

        monkeypatch.setattr("bellrock.cli.regionapi.send", send)
        done = CliRunner().invoke(cli, ["matrix", *arguments], prog_name="bellrock")
        assert done.exit_code == code, (done.output, done.exception)
        return done

    return _run


def test_agents_and_flows_with_the_worst_verdict_and_how_many_have_a_fault(run):
    lines = [line for line in run(code=1).stdout.splitlines() if line.strip()]
    assert lines[0].split() == ["agent", "roles", "dns", "ntp"]
    assert [line.split() for line in lines[2:4]] == [
        ["rack1", "rack,", "dns", "works", "filtered", "1/2"],
        ["rack2", "(gone)", "rack", "(works)", "(works)"],
    ]
    assert lines[-2:] == ["rack1 ntp: filtered: nothing came\\x1b back", "not tried: apt: only subnets"]


@pytest.mark.parametrize(("blocked", "word"), [(2, "blocked"), (1, "works"), (0, "works")])
def test_what_is_kept_out_as_it_should_be_is_not_said_to_work(blocked, word):
    assert module._word(MatrixCell(**cell(blocked=blocked)), connected=True) == word


def test_some_agents_and_flows_only(run):
    assert json.loads(run("--json", "--agent", "rack2").stdout)["cells"] == [
        cell(agent="id-2"),
        cell(agent="id-2", flow="ntp", stale=True),
    ]
    found = json.loads(run("--json", "--agent", "id-1", "--flow", "dns").stdout)
    assert ([one["id"] for one in found["flows"]], found["untried"]) == (["dns"], [])
    assert "no agent 'rack9' is known; there are rack1, rack2" in run("--agent", "rack9", code=2).stderr
    assert "--flow: no probe tries 'dsn'; did you mean" in run("--flow", "dsn", code=2).stderr


def test_why_nothing_is_known_is_told_as_well(run):
    unknown = cell(verdict="not-checked", counts={"not-checked": 2}, detail="name -x does not resolve")
    lines = run(answers=[ANSWER | {"cells": [unknown]}], code=3).stdout.splitlines()
    assert "rack1 dns: not-checked: name -x does not resolve" in lines


@pytest.mark.parametrize(
    ("cells", "code"),
    [([cell()], 0), ([cell(faults=1, verdict="refused")], 1), ([cell(verdict="not-checked", counts={"not-checked": 2})], 3), ([], 3)],
    ids=["works", "refused", "unknown", "nothing"],
)  # fmt: skip
def test_the_exit_code_says_whether_all_works(run, cells, code):
    run(answers=[ANSWER | {"cells": cells}], code=code)


def test_without_a_site_and_before_the_first_check_it_says_what_to_do(run):
    empty = {"site": None, "agents": [], "flows": [], "cells": [], "untried": []}
    assert "bellrock site push FILE" in run(answers=[empty], code=3).stdout
    assert "bellrock matrix --now" in run(answers=[empty | {"site": "hall"}], code=3).stdout


def test_watching_prints_what_changed(run, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    well = ANSWER | {"cells": [cell()]}
    ill = ANSWER | {"cells": [cell(verdict="filtered", faults=1)]}
    done = run("--watch", "--json", answers=[well, well, ill, ill, well], code=1)
    assert [json.loads(line)["cells"][0]["verdict"] for line in done.stdout.splitlines() if line.startswith("{")] == [
        "works", "filtered", "works"
    ]  # fmt: skip
    assert run("--watch", answers=[well, ill], code=1).stdout.count("agent  ") == 2


def test_a_region_that_knows_nothing_yet(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(SITE)
    with asked(tmp_path) as run:
        assert "bellrock site push FILE" in run("matrix", code=3).stdout
        assert run("schedule", "list").stdout.startswith("No schedules")
        assert run("site", "push", str(site)).stdout == "the region has hall; `bellrock matrix` shows how it stands\n"
        assert json.loads(run("site", "push", str(site), "--json").stdout)["title"] == "hall"
        assert "bellrock matrix --now" in run("matrix", code=3).stdout
        assert "No agent is connected" in run("matrix", "--now", code=1).stderr
        assert json.loads(run("matrix", "--site", str(site), "--json", code=3).stdout)["site"] == "hall"


def test_a_site_file_with_mistakes_is_told_by_its_own_name(tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("[role.dsn]\naddresses = []\n")
    with asked(tmp_path) as run:
        done = run("site", "push", str(site), code=2)
        assert "site.toml" in done.stderr
        assert "no role 'dsn'" in done.stderr
        run("site", "push", str(tmp_path / "missing"), code=3)
