"""Checks ordered from the region: waited for, in order, and a progress line where there is a terminal."""

import sys

import click
import msgspec
import pytest

from bellrock.cli import ordered as module
from bellrock.cli.ordered import CHUNK, probe_from, run_now
from bellrock.cli.probeanswers import AgentPart, Begun, Found
from bellrock.client.shapes import ProbeRequest
from bellrock.contract import Try
from bellrock.model import Verdict


def found(place, **facts):
    chosen = {
        "agent": "rack1",
        "flow": "dns",
        "target": f"10.0.0.{place}:53",
        "verdict": Verdict.WORKS,
        "detail": "d",
    } | facts
    return Found(place=place, **chosen)


def asked_for(address):
    """A try with nothing said but its flow and address, as it is sent."""
    rest = {"port": 0, "protocol": "", "name": "", "interface": "", "options": {}, "within": 5.0}
    return {"flow": "dns", "address": address, **rest}


@pytest.fixture(autouse=True)
def context():
    with click.Context(click.Command("x")):
        yield


@pytest.fixture
def region(monkeypatch):
    """Answers as the test says, and remembers what it was asked."""
    asked, answers = [], []

    def send(region, state_dir, method, path, body, **_):
        asked.append((method, path, body))
        return msgspec.to_builtins(answers.pop(0))

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    monkeypatch.setattr(module, "POLL", 0.0)
    return asked, answers


def test_each_try_has_its_results_in_order_and_variants_beside_each_other(region):
    asked, answers = region
    results = (found(1), found(0, variant="udp"), found(0, variant="tcp", verdict=Verdict.REFUSED))
    answers += [Begun("r/1", 2, 2), Begun("r/1", 2, 1), Begun("r/1", 2, 0, results=results)]
    told = probe_from("rack1", [Try(flow="dns", address="10.0.0.0"), Try(flow="dns", address="10.0.0.1")])
    assert [[one.variant for one in variants] for variants in told] == [["udp", "tcp"], [""]]
    assert told[1][0].source == "rack1"
    assert asked[0] == (
        "POST", "/probes",
        {"agents": ("rack1",), "flows": (), "to": (), "tries": tuple(asked_for(f"10.0.0.{number}") for number in (0, 1))},
    )  # fmt: skip
    assert asked[1][:2] == ("GET", "/probes/runs/r%2F1")


def test_many_tries_go_in_several_runs(region):
    asked, answers = region
    answers += [
        Begun("a", CHUNK, 0, results=tuple(found(place) for place in range(CHUNK))),
        Begun("b", 1, 0, results=(found(0),)),
    ]
    told = probe_from("rack1", [Try(flow="dns", address="10.0.0.1")] * (CHUNK + 1))
    assert [len(one) for one in told] == [1] * (CHUNK + 1)
    assert [len(body["tries"]) for _, _, body in asked] == [CHUNK, 1]


def test_a_run_is_not_waited_for_for_ever(region, monkeypatch):
    _, answers = region
    monkeypatch.setattr(module, "OVERTIME", -1.0)
    answers += [Begun("a", 1, 1)]
    assert run_now(ProbeRequest(), "", None, 0.5).left == 1


def test_progress_on_a_terminal_and_nothing_elsewhere(region, monkeypatch, capsys):
    _, answers = region
    going = Begun("a", 3, 2, (AgentPart("rack1", 2, 1), AgentPart("rack2", 1, 1), AgentPart("rack3", 1, 0)))
    for terminal in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal, raising=False)
        answers += [going, Begun("a", 3, 0)]
        run_now(ProbeRequest(), "", None, 1.0)
        said = capsys.readouterr().err
        assert ("1 of 3 checks; 2 agents at work: rack1, rack2" in said) is terminal
        assert said.endswith("\r\x1b[K") is terminal
