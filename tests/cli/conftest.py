"""`bellrock` as a user runs it."""

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.cli.logs import TOLD
from tests.cli.programs import programs

BELLROCK = Path(sys.executable).parent / "bellrock"


@pytest.fixture
def bellrock(tmp_path, monkeypatch):
    """Run `bellrock ARGUMENTS` in an empty home; the result has stdout, stderr and returncode."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("BELLROCK_STATE_DIR", str(tmp_path / "state" / "bellrock"))  # root's default is not below HOME
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, stdin=b"", text=True):
        done = subprocess.run(
            [BELLROCK, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False, cwd=tmp_path
        )
        if text:
            done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in str(done.stderr)
        return done

    return run


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start `bellrock ARGUMENTS` in the background, in an empty home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("BELLROCK_STATE_DIR", str(tmp_path / "state" / "bellrock"))  # root's default is not below HOME
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    with programs(tmp_path) as starter:
        yield starter


@pytest.fixture
def restored_logging():
    """What a command does to logging ends with the test."""
    root = logging.getLogger()
    handlers, level, ours = root.handlers[:], root.level, logging.getLogger("bellrock").level
    told = {name: logging.getLogger(name).level for name in TOLD}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("bellrock").setLevel(ours)
    for name, before in told.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def restored_signals():
    """So do its signal handlers."""
    before = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
