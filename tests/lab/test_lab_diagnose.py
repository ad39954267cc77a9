"""The state of a lab in words, also of a lab that is half gone."""

import subprocess
from types import SimpleNamespace

from bellrock.lab.diagnose import MAX_TAIL, diagnose, tail
from bellrock.lab.schema import LabError


def fake(tmp_path, **other):
    """What diagnose asks of a lab."""
    (tmp_path / "a.log").write_text("first\nlast\n")
    done = SimpleNamespace(stdout="eth0 UP 10.0.0.1/24\n", stderr="")
    return SimpleNamespace(
        **{
            "state": SimpleNamespace(name="x", file="x.toml"),
            "hosts": ("a", "b"),
            "directory": tmp_path,
            "programs": lambda: {"a": None, "a.rack": -9, "ab": 1},
            "exec": lambda host, argv, **_: done,
            "port_table": lambda: "name tag\na.eth0 10\n",
        }
        | other
    )


def test_every_host_is_shown(tmp_path):
    assert diagnose(fake(tmp_path)).splitlines() == [
        "lab x (x.toml)",
        "── a: a runs, a.rack ended with -9",
        "   eth0 UP 10.0.0.1/24",
        "   last lines of a.log:",
        "   first",
        "   last",
        "── b: no program",
        "   eth0 UP 10.0.0.1/24",
        "── switches",
        "   name tag",
        "   a.eth0 10",
    ]


def test_a_lab_that_is_half_gone_is_shown_as_far_as_it_goes(tmp_path):
    def gone(*_, **__):
        raise LabError("the lab has ended")

    def late(*_, **__):
        raise subprocess.TimeoutExpired("ip", 5)

    told = diagnose(fake(tmp_path, programs=gone, exec=late, port_table=gone))
    assert "── a: no program" in told
    assert "cannot be looked at: Command 'ip' timed out" in told
    assert told.endswith("the lab has ended")


def test_the_tail_of_a_log_is_bounded(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\xff" + b"x\n" * MAX_TAIL)
    assert tail(path, 2) == "x\nx"
    assert len(tail(path, MAX_TAIL)) <= MAX_TAIL
    assert tail(tmp_path / "none", 3) == ""
