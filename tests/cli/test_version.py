"""`bellrock version`."""

import json
import platform
from importlib.metadata import version as installed

from click.testing import CliRunner

from bellrock.cli.version import version
from bellrock.contract import VERSION


def test_the_versions_of_all_that_matters_are_shown():
    done = CliRunner().invoke(version, ["--json"])
    found = {"bellrock": installed("bellrock"), "contract": VERSION, "python": platform.python_version()}
    assert (done.exit_code, json.loads(done.stdout)) == (0, found)


def test_and_in_one_line_for_people():
    done = CliRunner().invoke(version, [])
    expected = f"bellrock {installed('bellrock')} (contract {VERSION}, Python {platform.python_version()})\n"
    assert (done.exit_code, done.stdout) == (0, expected)


def test_the_tool_itself_says_it(bellrock):
    done = bellrock("version", "--json")
    assert (done.returncode, json.loads(done.stdout)["bellrock"]) == (0, installed("bellrock"))
