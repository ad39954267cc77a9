"""Programs as children: started, told, ended."""

import signal
import time

import pytest

from bellrock.lab import programs as module
from bellrock.lab.control import Start
from bellrock.lab.programs import Programs
from bellrock.lab.schema import LabError


@pytest.fixture
def programs():
    """Programs in no other namespace than this one."""
    entered = []
    found = Programs(entered.append)
    found.entered = entered
    yield found
    found.stop()


def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def started(programs, tmp_path, *argv, name="x"):
    programs.start("space", Start("host", name, argv, {"WORD": "hello"}), tmp_path)


def test_a_program_has_its_environment_and_its_log(programs, tmp_path):
    started(programs, tmp_path, "sh", "-c", "echo $WORD; echo $WORD >&2; exit 5")
    until(lambda: programs.status() == {"x": 5})
    log = tmp_path / "x.log"
    assert log.read_text() == "hello\nhello\n"
    assert log.stat().st_mode & 0o777 == 0o600
    assert programs.entered == []


def test_a_name_is_used_by_one_program_at_a_time(programs, tmp_path):
    started(programs, tmp_path, "sleep", "1000")
    with pytest.raises(LabError, match="x runs already"):
        started(programs, tmp_path, "true")
    assert programs.end("x", signal.SIGTERM) == -signal.SIGTERM
    started(programs, tmp_path, "sleep", "1000")
    assert programs.status() == {"x": None}


def test_signals(programs, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "END_TIMEOUT", 0.05)
    started(
        programs,
        tmp_path,
        "sh",
        "-c",
        "trap 'echo usr' USR1; trap '' TERM; echo on; while :; do read x; done < /dev/zero",
    )
    until(lambda: "on" in (tmp_path / "x.log").read_text())
    assert programs.end("x", signal.SIGUSR1) is None
    with pytest.raises(LabError, match="x does not end within"):
        programs.end("x", signal.SIGTERM)
    with pytest.raises(LabError, match="z: no such program; there are x"):
        programs.end("z", signal.SIGTERM)
    assert programs.end("x", signal.SIGKILL) == -signal.SIGKILL


def test_a_program_that_does_not_want_to_end_is_made_to(programs, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.05)
    started(programs, tmp_path, "sh", "-c", "trap '' TERM; echo on; while :; do read x; done < /dev/zero")
    until(lambda: "on" in (tmp_path / "x.log").read_text())
    programs.stop()
    assert programs.status() == {"x": -signal.SIGKILL}


def test_whose_child_ended(programs, tmp_path):
    started(programs, tmp_path, "true")
    pid = programs._running["x"].pid
    until(lambda: programs.poll(pid))
    assert not programs.poll(1)


def test_what_cannot_be_started_is_an_error(programs, tmp_path):
    with pytest.raises(FileNotFoundError):
        started(programs, tmp_path, "/none")
    with pytest.raises(LabError, match="there are none"):
        programs.end("x", 9)
