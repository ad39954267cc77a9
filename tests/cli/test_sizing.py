"""How many agents a region is to be ready for, and how soon a process is to lead."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from bellrock.cli.sizing import AGENTS, MOST, size_option, standby_option
from bellrock.region import size
from bellrock.region.service.standby import Readied


@click.command()
@size_option
def ready(agents):
    click.echo(agents)


@pytest.mark.parametrize(("words", "agents"), [((), size.AGENTS), (("--agents", "40000"), 40_000)])
def test_it_is_as_usual_unless_said_otherwise(words, agents):
    assert CliRunner().invoke(ready, words).output == f"{agents}\n"
    assert size.AGENTS == AGENTS


@pytest.mark.parametrize("agents", ["0", str(MOST + 1), "many"])
def test_what_is_no_site_is_refused(agents):
    refused = CliRunner().invoke(ready, ["--agents", agents])
    assert refused.exit_code == 2
    assert "--agents" in refused.output


@click.command()
@standby_option
def led(standby):
    click.echo(Readied(standby).name)


@pytest.mark.parametrize(
    ("words", "readied"), [((), "AUTO"), (("--standby", "warm"), "WARM"), (("--standby", "cold"), "COLD")]
)
def test_a_process_is_made_ready_to_lead_when_it_says(words, readied):
    assert CliRunner().invoke(led, words).output == f"{readied}\n"


def test_how_else_is_refused():
    assert "'hot' is not one of" in CliRunner().invoke(led, ["--standby", "hot"]).output
