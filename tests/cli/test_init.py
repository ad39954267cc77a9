"""The first moment of `bellrock`."""

import subprocess
import sys

import pytest

import bellrock.cli as module

BEFORE = "import sys; before = set(sys.modules); import bellrock.cli; print(sorted(set(sys.modules) - before))"


def test_nothing_is_imported_before_an_interruption_is_caught():
    done = subprocess.run([sys.executable, "-I", "-c", BEFORE], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "['bellrock', 'bellrock.cli']"


def test_an_interruption_while_parts_are_imported_is_no_traceback(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("bellrock.cli.root.main", interrupted)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with pytest.raises(SystemExit) as caught:
        module.main()
    assert caught.value.code == 130
