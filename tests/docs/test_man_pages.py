"""The manual pages: one for each command, with every option, and without a word that roff would stumble over."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bellrock.cli.configkeys import SECTIONS, command_of, keys_of
from bellrock.cli.root import COMMANDS, cli
from tests.needs import require

TOOL = Path(__file__).resolve().parents[2] / "tools" / "man-pages"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("man")
    subprocess.run([sys.executable, TOOL, directory, "--date", "2001-02-03"], check=True, timeout=120)
    return directory


def plain(page):
    """Text without roff's escapes."""
    text = re.sub(r"\\f[BIR]|\\&", "", page.read_text())
    for escape, meant in ((r"\(aq", "'"), (r"\(ga", "`"), (r"\(ha", "^"), (r"\(ti", "~"), (r"\-", "-"), (r"\e", "\\")):
        text = text.replace(escape, meant)
    return text


def commands(command, context):
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            yield from commands(child, click.Context(child, info_name=name, parent=context))


def test_there_is_one_for_each_command(pages):
    wanted = {"bellrock.1", "bellrock.toml.5", *(f"bellrock-{name}.1" for name in COMMANDS)}
    assert {page.name for page in pages.iterdir()} == wanted


def test_the_first_names_all_commands(pages):
    text = plain(pages / "bellrock.1")
    assert [name for name in COMMANDS if f"bellrock-{name}(1)" not in text] == []
    assert '"2001-02-03"' in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_subcommand_is_in_it(pages, name):
    text = plain(pages / f"bellrock-{name}.1")
    root = click.Context(cli, info_name="bellrock")
    command = cli.get_command(root, name)
    for one, context in commands(command, click.Context(command, info_name=name, parent=root)):
        assert context.command_path in text
        options = [option for option in one.params if isinstance(option, click.Option) and not option.hidden]
        assert [option.opts for option in options if option.opts[-1] not in text] == []


def test_every_key_of_the_configuration_is_in_its_page(pages):
    text = plain(pages / "bellrock.toml.5")
    for section in SECTIONS:
        part = text.split(f"\n.SH [{section}]\n")[1].split("\n.SH ")[0]
        assert re.findall(r"^\.TP\n(.+)$", part, re.MULTILINE) == list(keys_of(command_of(section)))


def test_man_shows_them_without_a_warning(pages):
    require([] if shutil.which("man") else ["man"])
    for page in sorted(pages.iterdir()):
        done = subprocess.run(
            ["man", "--warnings", "-Tutf8", "-l", page], capture_output=True, text=True, timeout=60, check=False,
            env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), page.name
        assert "BELLROCK" in done.stdout


def test_mandoc_finds_nothing_wrong(pages):
    require([] if shutil.which("mandoc") else ["mandoc"])
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *sorted(pages.iterdir())], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_they_would_find_what_is_wrong(pages, tmp_path):
    require([] if shutil.which("mandoc") else ["mandoc"])
    broken = tmp_path / "broken.1"
    broken.write_text((pages / "bellrock.1").read_text() + ".SH\n.nosuch\n")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", broken], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
