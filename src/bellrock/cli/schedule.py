"""`bellrock schedule`: what the region has its agents try again and again."""

from pathlib import Path

import click

from bellrock.cli import completing
from bellrock.cli.output import Failure, json_option, print_json, print_table, printable
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.topology import region_options


@click.group(epilog="Example: bellrock schedule add dns-often --every 30 --flow dns --to 10.0.0.53")
def schedule() -> None:
    """Say what the region has its agents try again and again.

    With the first site file comes the schedule `site`: all that matters, every 300 seconds. Management controllers are asked
    at most every ten minutes, whatever the schedule says. Exit codes: 0 done, 1 no such schedule, 2 usage, 3 no region, or it does
    not let you.
    """


@schedule.command("list", epilog="Example: bellrock schedule list")
@region_options
@json_option
def list_schedules(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the schedules, when each ran last, and when it runs next."""
    from bellrock.cli.asking import api

    found = api(region_url, state_dir).schedules()
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.id, f"{one.every:g} s", _some(one.agents, "all"), _some(one.flows, "all"), _some(one.to, "by the site"),
            "-" if one.last_age is None else f"{one.last_age:.0f} s ago", "runs" if one.next is None else f"in {one.next:.0f} s",
        )
        for one in found
    ]  # fmt: skip
    columns = ("name", "every", "agents", "flows", "targets", "last", "next")
    print_table(columns, rows, "No schedules; the first site file brings one (bellrock site push FILE).")


@schedule.command(epilog="Example: bellrock schedule add dns-often --every 30 --flow dns --to 10.0.0.53")
@click.argument("name")
@click.option("--every", type=FiniteRange(min=10, max=604_800), default=300.0, show_default=True, help="Seconds.")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.hosts,
    help="By this agent. [default: all]",
)
@click.option(
    "--flow",
    "flows",
    multiple=True,
    metavar="FLOW",
    shell_complete=completing.flows,
    help="This flow. [default: all that the site says]",
)
@click.option(
    "--to", multiple=True, metavar="ADDRESS[:PORT]|NAME", help="At this target. [default: where the site says]"
)
@region_options
@json_option
def add(
    name: str, every: float, agents: tuple[str, ...], flows: tuple[str, ...], to: tuple[str, ...], region_url: str,
    state_dir: Path | None, *, as_json: bool,
) -> None:  # fmt: skip
    """Keep a schedule, in place of the one of this name."""
    from bellrock.cli.asking import api, named
    from bellrock.client.shapes import NewSchedule

    for text in to:
        if text.startswith("-"):
            raise Failure(f"--to: {text!r} is no address and no name; expected ADDRESS[:PORT] or NAME[:PORT]")
    body = NewSchedule(every=every, agents=agents, flows=flows, to=to)
    api(region_url, state_dir).put_schedule(named(name), body)
    if as_json:
        print_json({"schedule": name, "every": every, "agents": agents, "flows": flows, "to": to})
    else:
        click.echo(printable(f"{name}: every {every:g} s"))
    _note_strangers(agents, region_url, state_dir)


def _note_strangers(agents: tuple[str, ...], region_url: str, state_dir: Path | None) -> None:
    """Say on stderr which agents of a schedule the region does not know: they may join later, or be a typing error."""
    from bellrock.cli.asking import api

    if not agents:
        return
    known = api(region_url, state_dir).matrix().agents
    names = sorted(one.name for one in known)
    for agent in agents:
        if agent not in names and agent not in {one.id for one in known}:
            said = f"note: no agent '{agent}' is known, and none tries this until one is; there are {', '.join(names) or 'none'}"
            click.echo(printable(said), err=True)


@schedule.command(epilog="Example: bellrock schedule remove dns-often")
@click.argument("name")
@region_options
@json_option
def remove(name: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Forget a schedule, and how the checks stand that it alone asked for."""
    from bellrock.cli.asking import api, named

    api(region_url, state_dir).remove_schedule(named(name))
    if as_json:
        print_json({"schedule": name, "removed": True})
    else:
        click.echo(printable(f"{name} is removed"))


def _some(words: tuple[str, ...], otherwise: str) -> str:
    return ", ".join(words) or otherwise
