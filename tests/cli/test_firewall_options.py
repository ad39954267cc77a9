"""What the commands share, read into values."""

import click
import pytest
from click.testing import CliRunner

from bellrock.cli.firewall_options import read_options, read_place, rule_options, say_notices
from bellrock.cli.output import Failure
from bellrock.firewall.compile.policy import Options, Style
from tests.firewall.compile.terms import PLACES, SMALL


@click.command()
@rule_options
def show(**wanted):
    click.echo(read_options(wanted, explain=True))
    click.echo(read_place(wanted["places"], SMALL))


def test_defaults_and_choices():
    plain = CliRunner().invoke(show, ["--site", "x", "--for", "rack"])
    assert plain.output == f"{Options(explain=True)}\n{PLACES['rack']}\n"
    words = [
        "--site",
        "x",
        "--for",
        "bmc",
        "--style",
        "linear",
        "--table",
        "t",
        "--spoof-guard",
        "--open-output",
        "--no-helper",
        "--no-log",
    ]
    wanted = Options(
        style=Style.LINEAR, table="t", spoof_guard=True, filter_output=False, helpers=False, log=False, explain=True
    )
    assert CliRunner().invoke(show, words).output == f"{wanted}\n{PLACES['bmc-gateway']}\n"


@pytest.mark.parametrize(
    "words", [["--for", "rack"], ["--site", "x"], ["--site", "x", "--for", "rack", "--style", "odd"]]
)
def test_usage(words):
    assert CliRunner().invoke(show, words).exit_code == 2


def test_a_place_that_is_not_there():
    with pytest.raises(Failure, match="--for: no place 'rak'; did you mean 'rack'"):
        read_place(("rak",), SMALL)


def test_notices_are_harmless_lines_on_stderr(capsys):
    say_notices(("a\x1b[2J", "b"))
    assert capsys.readouterr() == ("", "Notice: a\\x1b[2J\nNotice: b\n")
