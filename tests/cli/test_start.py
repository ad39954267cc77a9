"""The first tenths of a second of `bellrock`: its parts are imported, and somebody may want it to end already."""

import signal
import subprocess
import sys

import pytest

from bellrock import cli
from bellrock.cli.output import EXIT_INTERRUPTED

WHILE_IMPORTING = """
import os, signal, sys
class Impatient:
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Impatient)
from bellrock.cli import main
sys.argv = ["bellrock", "vlan", "scan", "eth0", "--vids", "5"]
main()
"""


@pytest.mark.parametrize("module", ["click", "bellrock.cli.root", "bellrock.cli.vlan", "bellrock.cli.vlanscan"])
def test_ctrl_c_while_modules_are_imported_has_no_traceback(module):
    done = subprocess.run(
        [sys.executable, "-c", WHILE_IMPORTING.format(module=module)], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


def test_its_exit_code_is_that_of_every_other_ctrl_c():
    assert cli.INTERRUPTED == EXIT_INTERRUPTED


IN_A_CALLBACK = """
import signal, weakref
from bellrock.cli import main
class Gone: pass
class Impatient:
    def find_spec(name, path=None, target=None):
        if name == "bellrock.cli.run":
            one = Gone()
            kept.append(weakref.ref(one, lambda _: signal.raise_signal(signal.SIGINT)))
            del one
import sys
kept = []
sys.meta_path.insert(0, Impatient)
sys.argv = ["bellrock", "up", "--help"]
main()
"""


def test_ctrl_c_in_a_callback_of_the_interpreter_is_not_lost():
    done = subprocess.run(
        [sys.executable, "-c", IN_A_CALLBACK], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (-signal.SIGINT, "", "")


def test_other_errors_in_a_callback_are_still_told():
    code = 'import sys; from bellrock.cli import main\nclass Bad:\n def __del__(self): 1 / 0\nsys.argv = ["bellrock", "version"]\nbad = Bad()\nold = sys.exit\ndef gone(code):\n global bad\n del bad\n old(code)\nsys.exit = gone\nmain()'
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "ZeroDivisionError" in done.stderr
