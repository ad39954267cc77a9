"""`capture merge`, and what `capture run --on` understands; captures at real agents are in the lab's tests."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli import capture_on
from bellrock.cli.capture import capture
from bellrock.cli.capture_on import Going, Place, Region, Request, captured, places
from bellrock.cli.output import Failure
from tests.capture.test_merge import capture as write
from tests.capture.test_merge import datagram


def run(*words):
    return CliRunner().invoke(capture, words, catch_exceptions=False)


@pytest.fixture
def two(tmp_path):
    return [write(tmp_path / f"{name}.pcapng", [(0, datagram(1))]) for name in ("near", "far")]


def test_places():
    assert places(("a, b/eth0", "c")) == ("a", "b/eth0", "c")
    for wrong in (("",), ("a,,b",), ("a", "a"), ("a/",), ("/eth0",)):
        with pytest.raises(Failure, match="--on: a place is"):
            places(wrong)


def test_merging_says_what_was_done(two, tmp_path):
    done = run("merge", f"rack-1={two[0]}", two[1], "-o", str(tmp_path / "all.pcapng"))
    assert done.exit_code == 0, done.output
    assert "rack-1: 1 packets; +0.000 ms" in done.output
    assert "far: 1 packets" in done.output
    assert "2 packets in" in done.output
    found = json.loads(run("merge", *two, "-o", str(tmp_path / "all.pcapng"), "--force", "--json").output)
    assert (found["packets"], [one["host"] for one in found["sources"]]) == (2, ["near", "far"])


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("absent.pcapng", "-o", "{d}/x"), "absent.pcapng", 3),
        (("{d}/near.pcapng", "-o", "{d}/far.pcapng"), "far.pcapng", 3),
        (("{d}/near.pcapng", "-o", "-", "--json"), "leave out --json", 2),
        (("{d}/near.pcapng", "-o", "{d}/no/such/place"), "no/such/place", 3),
    ],
)  # fmt: skip
def test_what_goes_wrong(two, tmp_path, words, says, code):
    done = run("merge", *(word.format(d=tmp_path) for word in words))
    assert (done.exit_code, says in done.output) == (code, True), done.output
    assert len(done.output.splitlines()) <= 4


@pytest.mark.parametrize(
    ("words", "headers_only"), [((), True), (("--headers-only",), True), (("--payloads",), False), (("--blank-secrets",), False)], ids=range(4)
)  # fmt: skip
def test_payloads_come_where_they_are_asked_for(monkeypatch, words, headers_only):
    asked = []
    monkeypatch.setattr("bellrock.cli.capture_on.run_on", lambda request, *_given, **_options: asked.append(request))
    assert run("run", "--on", "a", "-o", "x.pcapng", *words).exit_code == 0
    assert asked[0].headers_only is headers_only


def test_one_agent_does_not_cost_what_the_others_saw(two, monkeypatch, capsys):
    points = tuple(Place(place=at, name=name, state="ended") for at, name in enumerate(("good", "liar", "gone")))
    monkeypatch.setattr(capture_on, "ask", lambda *_given: Going(id="C", over=True, points=points))

    def fetch(_capture, place, _region, directory, _ordered):
        if place.name == "gone":
            raise Failure("it is no longer connected")
        path = directory / place.name
        path.write_bytes(Path(two[0]).read_bytes() if place.name == "good" else b"lies" * 50)
        return path

    monkeypatch.setattr(capture_on, "_fetch", fetch)
    request = Request(on=("good", "liar", "gone"), seconds=1, octets=4096)
    with captured(request, Region("x", None)) as sources:
        assert [one.host for one in sources] == ["good"]
    said = capsys.readouterr().err
    assert all(f"Warning: {name} is left out: " in said for name in ("liar", "gone"))
    points = points[1:]
    with pytest.raises(Failure, match="nothing that the agents captured"), captured(request, Region("x", None)):
        pass


@pytest.mark.parametrize(("code", "exits"), [(1, 2), (2, 2), (3, 3)])
def test_a_region_that_says_no_has_not_found_anything(monkeypatch, code, exits):
    def ask(*_given):
        raise Failure("no agent 'x' is connected", code)

    monkeypatch.setattr(capture_on, "ask", ask)
    with (
        pytest.raises(Failure, match="no agent 'x'") as said,
        captured(Request(on=("x",), seconds=1, octets=1), Region("", None)),
    ):
        pass
    assert said.value.exit_code == exits
