import json

import click
import pytest
from click.testing import CliRunner

from bellrock.cli.output import Failure
from bellrock.cli.tables import csv_text, format_options, markdown, one_format, width

ROWS = [("a|b", 'x, "y"'), ("`c`", "new\nline"), (5, "<b>*_")]


def test_markdown_escapes_what_would_be_markup():
    assert markdown(("one", "two"), ROWS).splitlines() == [
        "| one | two |",
        "| --- | --- |",
        '| a\\|b | x, "y" |',
        "| \\`c\\` | new\\\\x0aline |",
        "| 5 | &lt;b>\\*\\_ |",
    ]


def test_csv_is_rfc_4180():
    assert csv_text(("one", "two"), ROWS) == 'one,two\na|b,"x, ""y"""\n`c`,"new\nline"\n5,<b>*_\n'


def test_a_pipe_has_room_for_everything():
    assert width() == 10_000


def test_a_command_gets_all_three_formats():
    @click.command()
    @format_options
    def command(**given):
        click.echo(json.dumps(given, sort_keys=True))

    done = CliRunner().invoke(command, ["--json", "--csv"])
    assert json.loads(done.stdout) == {"as_csv": True, "as_json": True, "as_markdown": False}


def test_formats_exclude_each_other():
    one_format(False, True, False)
    one_format()
    with pytest.raises(Failure, match="exclude each other") as failure:
        one_format(True, True, False)
    assert failure.value.exit_code == 2
