"""`bellrock` as a user runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

BELLROCK = Path(sys.executable).parent / "bellrock"


@pytest.fixture
def bellrock(tmp_path, monkeypatch):
    """Run `bellrock ARGUMENTS` in an empty home; the result has stdout, stderr and returncode."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
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
