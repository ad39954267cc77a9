"""`--database`: what it takes, and that a password in the command line is refused and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bellrock.cli.database import VARIABLE, as_place, database_of, database_option, disk_budget_option
from bellrock.cli.output import Failure
from bellrock.region.store import BUDGET

PASSWORD = "hunter2"
URL = f"postgresql://anna:{PASSWORD}@db.example/bellrock"


@click.command()
@database_option
def told(database):
    click.echo(repr(database))


def run(*words: str, **environment: str):
    return CliRunner().invoke(told, words, env=environment)


def test_the_default_is_none_and_means_the_regions_file(tmp_path):
    assert run(**{VARIABLE: ""}).output == "None\n"
    assert database_of(None, tmp_path) == tmp_path / "region" / "region.sqlite"
    assert database_of("x.sqlite", tmp_path) == Path("x.sqlite")


@pytest.mark.parametrize(
    "url", ["postgresql://anna@db.example:5432/bellrock", "postgres:///bellrock?host=/run/postgresql"]
)
def test_urls_are_taken_as_they_are(url):
    assert run("--database", url).output == f"{url!r}\n"
    assert as_place(url) == url


def test_a_password_is_taken_from_the_environment_and_from_a_file_but_not_from_the_command_line():
    assert run(**{VARIABLE: URL}).output == f"{URL!r}\n"
    from_file = CliRunner().invoke(told, default_map={"database": URL})
    assert from_file.output == f"{URL!r}\n"
    refused = run("--database", URL)
    assert refused.exit_code == 2
    assert PASSWORD not in refused.output
    assert "list of processes" in refused.output
    assert refused.output.count("\n") == 1
    assert "list of processes" in run("--database", f"postgresql:///b?sslpassword={PASSWORD}").output
    assert PASSWORD not in run("--database", f"postgresql://anna:p/{PASSWORD}@127.0.0.1/b").output
    assert "?password" not in run("--database", f"postgresql:///b?password={PASSWORD}").output


@pytest.mark.parametrize(
    "url", [f"postgresql://anna:{PASSWORD}@db.example", f"postgresql://[{PASSWORD}/x", f"mysql://{PASSWORD}@a/b"]
)
def test_what_is_no_url_of_postgresql_is_refused_without_showing_it(url):
    refused = run(**{VARIABLE: url})
    assert refused.exit_code == 2
    assert PASSWORD not in refused.output
    with pytest.raises(Failure, match="no database that a region can use"):
        as_place("mysql://a/b")


@click.command()
@disk_budget_option
def bounded(disk_budget):
    click.echo(int(disk_budget))


@pytest.mark.parametrize(("words", "octets"), [((), BUDGET), (("--disk-budget", "500MiB"), 500 << 20)])
def test_what_history_may_take_is_a_size(words, octets):
    assert CliRunner().invoke(bounded, words).output == f"{octets}\n"


def test_a_budget_that_holds_no_day_is_refused():
    assert "too little" in CliRunner().invoke(bounded, ["--disk-budget", "1MiB"]).output


def test_a_blank_before_a_url_is_said():
    with pytest.raises(Failure, match="begins with a blank"):
        as_place(" postgresql://db/x")
