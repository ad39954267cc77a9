"""`bellrock agent`: who has joined the region, who asks to, and who may no longer."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_NO, Failure, json_option, print_json, print_table, printable
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.client.shapes import EnrolmentView


@click.group(epilog="Example: bellrock agent approve K7QF-2M9X")
def agent() -> None:
    """Show which agents have joined the region, let others in, take certificates back.

    Exit codes: 0 done, 1 not as things are (no such agent, approved already), 2 usage, 3 no region, or it does not let you.
    """


@agent.command("list", epilog="Example: bellrock agent list")
@region_options
@json_option
def list_agents(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show who waits, who has joined, whose certificate was taken back."""
    from bellrock.cli.asking import when

    found = _enrolments(region_url, state_dir)
    if as_json:
        print_json(found)
        return
    columns = ("state", "name", "role", "code", "agent", "address", "certificate until", "connected")
    rows = [
        (
            one.state, one.name, one.role, one.code, one.agent, one.address, when(one.expires, "-"),
            "yes" if one.connected else "no",
        )
        for one in found
    ]  # fmt: skip
    colours = {"waiting": "yellow", "approved": "green", "revoked": "red"}
    print_table(columns, rows, "Nobody has joined yet; `bellrock rack join` on another machine does.", colours)


@agent.command(epilog="Example: bellrock agent approve K7QF-2M9X")
@click.argument("who", metavar="CODE|NAME|AGENT", shell_complete=completing.hosts)
@region_options
@json_option
def approve(who: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Let an agent in that waits, or one whose certificate was taken back.

    The code is shown where `bellrock rack join` waits: compare it, as whoever has the secret can ask under any name.
    """
    _decide(who, "approve", "may join now", region_url, state_dir, as_json=as_json)


@agent.command(epilog="Example: bellrock agent revoke rack-3")
@click.argument("who", metavar="CODE|NAME|AGENT", shell_complete=completing.hosts)
@region_options
@json_option
def revoke(who: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Take an agent's certificate back: its session ends at once, and it does not get in again unless it is approved."""
    _decide(who, "revoke", "is no longer let in", region_url, state_dir, as_json=as_json)


def _decide(who: str, what: str, done: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    from bellrock.cli.asking import api

    chosen = choose(_enrolments(region_url, state_dir), who)
    # The region approves only the machine whose code this is: another may have asked under the same id since it was listed.
    if what == "approve":
        api(region_url, state_dir).approve(chosen.agent, code=chosen.code)
    else:
        api(region_url, state_dir).revoke(chosen.agent)
    if as_json:
        print_json({"agent": chosen.agent, "name": chosen.name, "done": what})
    else:
        if what == "approve" and chosen.state == "revoked":
            done = "may ask again; where the region's policy is not auto, compare the code that it shows then, and approve that"
        click.echo(printable(f"{chosen.name} ({chosen.agent}) {done}"))


def choose(found: "list[EnrolmentView]", who: str) -> "EnrolmentView":
    """The agent that is meant by its id, its code (with or without the dash) or its name.

    Raises:
        Failure: nobody is, or several are.
    """
    code = who.replace("-", "").upper()
    meant = [one for one in found if one.agent == who or one.code.replace("-", "") == code]
    meant = meant or [one for one in found if one.name == who]
    if not meant:
        raise Failure(
            f"no agent {who}: neither a code, nor a name, nor an id; `bellrock agent list` shows them", EXIT_NO
        )
    if len(meant) > 1:
        listed = ", ".join(f"{one.agent} ({one.code})" for one in meant)
        raise Failure(f"{len(meant)} agents are called {who}: give the code or the id: {listed}", EXIT_NO)
    return meant[0]


def _enrolments(region_url: str, state_dir: Path | None) -> "list[EnrolmentView]":
    from bellrock.cli.asking import api

    return api(region_url, state_dir).enrolments()
