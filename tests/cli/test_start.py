"""The first tenths of a second of `bellrock`: its parts are imported, and somebody may want it to end already."""

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
