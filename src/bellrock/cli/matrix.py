"""`bellrock matrix`: agents × flows, as the region knows them."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli import completing
from bellrock.cli.output import (
    EXIT_NO,
    EXIT_UNREADABLE,
    json_option,
    print_json,
    print_json_line,
    print_table,
    printable,
)
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.cli.probeanswers import Matrix, MatrixCell

EVERY: Final = 2.0
WITHIN: Final = 120.0
COLOURS: Final = {"works": "green", "blocked": "green", "degraded": "yellow", "authentication-needed": "yellow", "not-checked": "dim", "-": "dim"} | dict.fromkeys(
    ("exposed", "wrong-service", "refused", "filtered", "unreachable", "tls-fault"), "red"
)  # fmt: skip


@click.command(epilog="Example: bellrock matrix --now")
@click.option("--site", "site_file", type=PathName(path_type=Path), help="Give the region this site file first.")
@click.option("--now", "try_now", is_flag=True, help="Have the agents try everything first.")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="NAME",
    shell_complete=completing.hosts,
    help="Only from this agent; may be repeated.",
)
@click.option(
    "--flow",
    "flows",
    multiple=True,
    metavar="FLOW",
    shell_complete=completing.flows,
    help="Only this flow; may be repeated.",
)
@click.option("--watch", is_flag=True, help="Show it again whenever a verdict changes, until Ctrl-C.")
@click.option(
    "--every", type=FiniteRange(min=0.5, max=86_400), default=EVERY, show_default=True,
    help="Seconds between two looks of --watch.",
)  # fmt: skip
@region_options
@json_option
def matrix(
    site_file: Path | None, agents: tuple[str, ...], flows: tuple[str, ...], every: float, region_url: str,
    state_dir: Path | None, *, try_now: bool, watch: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show for every agent and flow of the site whether it works, by the verdict of the check that is worst.

    Behind a verdict: how many checks have a fault, of how many. A verdict in brackets is old: its agent is gone, or nobody tries it
    any more. Of a flow that must be blocked, and is, it says `blocked`. Agents try by the region's schedules (`bellrock schedule list`), or now.

    Exit 0: all that was checked works. 1: something does not. 2: usage. 3: nothing was checked, or the region does not answer.
    """
    _check_flows(flows)
    if site_file is not None:
        from bellrock.cli.sitepush import push_site

        push_site(site_file, region_url, state_dir)
    if try_now:
        from bellrock.cli.ordered import run_now
        from bellrock.client.shapes import ProbeRequest

        run_now(ProbeRequest(agents=agents, flows=flows), region_url, state_dir, WITHIN)
    shown: list[object] = []
    while True:
        found = _narrowed(_asked(region_url, state_dir), agents, flows)
        verdicts = [(cell.agent, cell.flow, cell.verdict, cell.faults) for cell in found.cells]
        if not shown or shown[-1] != verdicts:
            if shown and not as_json:
                click.echo()
            _show(found, as_json=as_json, watch=watch)
            shown = [verdicts]
        if not watch:
            break
        time.sleep(every)
    sys.exit(_exit_code(found))


def _check_flows(flows: tuple[str, ...]) -> None:
    """Refuse what no probe tries.

    Raises:
        Failure: with what is near it.
    """
    from bellrock.cli.output import Failure
    from bellrock.flows import BOOT
    from bellrock.flows.nearest import nearest

    for flow in flows:
        if flow not in BOOT:
            raise Failure(f"--flow: no probe tries {flow!r}; {nearest(flow, BOOT)}")


def _asked(region_url: str, state_dir: Path | None) -> "Matrix":
    from bellrock.cli.asking import ask
    from bellrock.cli.probeanswers import Matrix

    return ask(region_url, state_dir, Matrix, lambda api: api.matrix())


def _narrowed(found: "Matrix", agents: tuple[str, ...], flows: tuple[str, ...]) -> "Matrix":
    """Of some agents and flows only.

    Raises:
        Failure: an agent is not known to the region.
    """
    from msgspec import structs

    from bellrock.cli.output import Failure

    names = {one.id: one.name for one in found.agents}
    for agent in agents:
        if agent not in names and agent not in names.values():
            raise Failure(
                f"--agent: no agent '{agent}' is known; there are {', '.join(sorted(names.values())) or 'none'}"
            )
    mine = {one for one in names if not agents or one in agents or names[one] in agents}
    return structs.replace(
        found,
        agents=tuple(one for one in found.agents if one.id in mine),
        flows=tuple(one for one in found.flows if not flows or one.id in flows),
        cells=tuple(one for one in found.cells if one.agent in mine and (not flows or one.flow in flows)),
        untried=tuple(one for one in found.untried if one.agent in mine and (not flows or one.flow in flows)),
    )


def _show(found: "Matrix", *, as_json: bool, watch: bool) -> None:
    if as_json:
        (print_json_line if watch else print_json)(found)
        return
    cells = {(cell.agent, cell.flow): cell for cell in found.cells}
    rows = [
        [
            one.name if one.connected else f"{one.name} (gone)",
            ", ".join(one.roles or (one.role,)),
            *(_word(cells.get((one.id, flow.id)), connected=one.connected) for flow in found.flows),
        ]
        for one in found.agents
    ]
    columns = ("agent", "roles", *(flow.id for flow in found.flows))
    print_table(columns, rows if found.flows else [], _nothing(found), COLOURS)
    names = {one.id: one.name for one in found.agents}
    for cell in found.cells:
        if cell.faults or cell.verdict == "not-checked":
            click.echo(printable(f"{names.get(cell.agent, cell.agent)} {cell.flow}: {cell.verdict}: {cell.detail}"))
    for why in dict.fromkeys(f"not tried: {one.flow}: {one.why}" for one in found.untried):
        click.echo(printable(why))


def _nothing(found: "Matrix") -> str:
    if found.site is None:
        return "Nothing was checked: the region knows no site. `bellrock site push FILE` gives it one."
    return "Nothing was checked yet; `bellrock matrix --now` has agents try."


def _word(cell: "MatrixCell | None", *, connected: bool) -> str:
    if cell is None:
        return "-"
    count = f" {cell.faults}/{cell.checks}" if cell.faults else ""
    # Of what is kept out as it should be nobody is to read that it works.
    verdict = "blocked" if cell.verdict == "works" and cell.blocked == cell.checks else cell.verdict
    word = f"{verdict}{count}"
    return f"({word})" if cell.stale or not connected else word


def _exit_code(found: "Matrix") -> int:
    if any(cell.faults for cell in found.cells):
        return EXIT_NO
    works = any(cell.counts.get("works") or cell.verdict == "works" for cell in found.cells)
    return 0 if works else EXIT_UNREADABLE
