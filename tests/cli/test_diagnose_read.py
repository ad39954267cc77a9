"""Where `bellrock diagnose` has its packets from."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from bellrock.capture.merge import Source
from bellrock.cli import capture_on, capture_run
from bellrock.cli.diagnose_read import OCTETS, from_agents, from_files, from_here, from_sources
from bellrock.cli.output import Failure
from tests.capture.reading.film import Film


def film(directory, name="a.pcapng", count=3):
    made = Film("eth0")
    for number in range(count):
        made.udp(4000, 4001, b"%d" % number)
    return made.save(directory, name)


def test_one_file_is_read_as_it_is(tmp_path):
    wire = from_files([film(tmp_path)])
    assert ([one.name for one in wire.points], wire.seen) == (["eth0"], 3)
    assert from_files([f"rack-1={film(tmp_path)}"]).seen == 3


def test_several_are_merged(tmp_path):
    one, two = film(tmp_path), film(tmp_path, "b.pcapng")
    wire = from_files([one, f"rack-1={two}"])
    assert ({one.name for one in wire.points}, wire.seen) == ({"a/eth0", "rack-1/eth0"}, 6)


@pytest.mark.parametrize("files", [["absent.pcap"], ["absent.pcap", "other.pcap"]])
def test_a_file_that_is_not_there(tmp_path, monkeypatch, files):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Failure, match=r"absent\.pcap") as caught:
        from_files(files)
    assert caught.value.exit_code == 3


def test_standard_input_cannot_be_read_twice(tmp_path):
    with pytest.raises(Failure, match="standard input cannot be one of several"):
        from_files(["-", film(tmp_path)])


def test_agents_capture_by_way_of_the_region(tmp_path, monkeypatch):
    asked = []

    @contextmanager
    def captured(request, region):
        asked.append((request, region))
        yield [Source(path=film(tmp_path, f"{name}.pcapng"), host=name) for name in ("a", "b")]

    monkeypatch.setattr(capture_on, "captured", captured)
    wire = from_agents(("a,b",), 7.0, "unix:/x", Path("/y"))
    assert {one.name for one in wire.points} == {"a/eth0", "b/eth0"}
    ((request, region),) = asked
    assert (request.on, request.seconds, request.octets, region.url, region.state_dir) == (
        ("a", "b"),
        7.0,
        OCTETS,
        "unix:/x",
        Path("/y"),
    )


def test_this_machine_captures_into_a_file_that_is_gone_afterwards(tmp_path, monkeypatch):
    plans = []

    def run_plan(plan, *, as_json):
        plans.append((plan, as_json))
        Path(plan.output).write_bytes(Path(film(tmp_path)).read_bytes())

    monkeypatch.setattr(capture_run, "run_plan", run_plan)
    assert from_here(("lo",), 2.5).seen == 3
    ((plan, as_json),) = plans
    assert (plan.interfaces, plan.limits.seconds, as_json, Path(plan.output).exists()) == (("lo",), 2.5, False, False)
    assert plan.passing, "its name is told to nobody"


def test_an_interface_on_which_nothing_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(
        capture_run,
        "run_plan",
        lambda plan, **_: Path(plan.output).write_bytes(Path(Film("x").save(tmp_path, "x")).read_bytes()),
    )
    (said,) = from_here(("eth7", "eth8"), 1).troubles
    assert said.startswith("nothing came in on eth7, eth8: ")


def test_what_cannot_be_merged(tmp_path):
    with pytest.raises(Failure, match="captures to merge"):
        from_sources([Source(path=film(tmp_path), host=str(number)) for number in range(65)])
