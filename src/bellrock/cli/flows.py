"""`bellrock flows`: the catalogue of who talks to whom, and how a host compares with it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_NO, Failure, json_option, print_json, print_table, printable
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.tables import csv_text, format_options, markdown, one_format

if TYPE_CHECKING:
    from bellrock.flows.site import Site
    from bellrock.flows.values import Flow


site_option = click.option(
    "--site", "site_file", type=PathName(path_type=Path), help="Ports and flows of this site file."
)
profile_option = click.option("--profile", help="Ports of this profile: standard or maas-3.")


@click.group(epilog="Example: bellrock flows list --role rack")
def flows() -> None:
    """Show who must reach whom, on which ports and why; compare a site with this host."""


@flows.command("list", epilog="Example: bellrock flows list --port 67/udp --json | jq -r '.[].id'")
@click.option("--group", help="Only this group: core, day-2, bmc, virtualization, enterprise, bellrock, essential.")
@click.option("--role", help="Only flows in which this role takes part.")
@click.option("--port", metavar="N[/tcp|/udp]", help="Only flows that use this port.")
@profile_option
@site_option
@format_options
def list_(
    group: str | None,
    role: str | None,
    port: str | None,
    profile: str | None,
    site_file: Path | None,
    *,
    as_json: bool,
    as_markdown: bool,
    as_csv: bool,
) -> None:
    """List the flows: the catalogue's rows in their order, then Bellrock's own."""
    one_format(as_json, as_markdown, as_csv)
    from bellrock.cli import flowtables
    from bellrock.flows import render

    found = _select(_flows(profile, site_file), group, role, port)
    if as_json:
        print_json([render.row(flow) for flow in found])
    elif as_markdown:
        click.echo(markdown(flowtables.ALL, map(flowtables.whole, found)), nl=False)
    elif as_csv:
        click.echo(csv_text(flowtables.ALL, map(flowtables.whole, found)), nl=False)
    else:
        columns, rows = flowtables.for_people(found)
        print_table(columns, rows, "No flow is like that.")


@flows.command(epilog="Example: bellrock flows show tftp")
@click.argument("flow_id", metavar="ID", shell_complete=completing.flows)
@profile_option
@site_option
@json_option
def show(flow_id: str, profile: str | None, site_file: Path | None, *, as_json: bool) -> None:
    """Show a flow: its packets and why they are so, its conditions, and what firewall, capture and lint make of it."""
    from bellrock.cli import flowtables
    from bellrock.flows.catalogue import UnknownFlowError, find

    try:
        flow = find(flow_id, _flows(profile, site_file))
    except UnknownFlowError as error:
        raise Failure(str(error)) from None
    if as_json:
        print_json(flowtables.document(flow))
        return
    for line in flowtables.story(flow):
        click.echo(line)


@flows.command(epilog="Example: bellrock flows matrix --site site.toml --markdown")
@profile_option
@site_option
@format_options
def matrix(profile: str | None, site_file: Path | None, *, as_json: bool, as_markdown: bool, as_csv: bool) -> None:
    """Show who (rows) reaches whom (columns) on which ports; with --site, between roles that have addresses.

    An exclamation mark stands before what must not be there.
    """
    one_format(as_json, as_markdown, as_csv)
    from bellrock.cli import flowtables
    from bellrock.cli.tables import width
    from bellrock.flows.crossing import passages
    from bellrock.flows.matrix import cell_row, pairs_of
    from bellrock.flows.matrix import matrix as cells_of

    pairs = pairs_of(passages(_site(site_file, profile))) if site_file else None
    cells = cells_of(_flows(profile, site_file), pairs)
    if as_json:
        print_json([cell_row(cell) for cell in cells])
        return
    columns, rows = flowtables.grid(cells)
    if as_markdown:
        click.echo(markdown(columns, rows), nl=False)
    elif as_csv:
        click.echo(csv_text(columns, rows), nl=False)
    elif flowtables.grid_width(columns, rows) <= width() and sys.stdout.isatty():
        print_table(columns, rows, "No role of the site reaches another.")
    else:
        print_table(flowtables.PAIRS, flowtables.pairs(cells), "No role of the site reaches another.")


@flows.command(epilog="Example: sudo bellrock flows lint site.toml --watch 30")
@click.argument("site_file", metavar="FILE", type=PathName(path_type=Path))
@click.option("--for", "roles", metavar="ROLE[,ROLE]", help="What this host plays; else its addresses tell.")
@click.option(
    "--watch",
    metavar="SECONDS",
    type=FiniteRange(0, 3600, min_open=True),
    help="Look at the traffic of this host's interfaces for so long (needs CAP_NET_RAW).",
)
@json_option
def lint(site_file: Path, roles: str | None, watch: float | None, *, as_json: bool) -> None:
    """Compare a site with what listens on this host, with its addresses, and with traffic.

    Nothing is sent. Exit 0: nothing to complain of (there may be hints). Exit 1: complaints. Exit 2: usage, or a mistake
    in FILE. Exit 3: something could not be read.
    """
    from bellrock.cli import flowlint

    scene, sight = flowlint.look(_site(site_file, None), site_file, roles, watch)
    verdict = flowlint.judge(scene)
    if as_json:
        print_json(flowlint.document(verdict, sight))
    else:
        for line in flowlint.told(scene, verdict, sight):
            click.echo(printable(line))
    if verdict.complaints:
        sys.exit(EXIT_NO)


def _site(site_file: Path, profile: str | None) -> "Site":
    from bellrock.cli.sitefile import read_site

    if profile is not None:
        raise Failure("--profile and --site exclude each other: a site names its profile itself")
    return read_site(site_file)


def _flows(profile: str | None, site_file: Path | None) -> tuple["Flow", ...]:
    from bellrock.flows.crossing import flows_of
    from bellrock.flows.profiles import UnknownProfileError, catalogue

    if site_file is not None:
        return flows_of(_site(site_file, profile))
    try:
        return catalogue(profile or "standard")
    except UnknownProfileError as error:
        raise Failure(str(error)) from None


def _select(found: tuple["Flow", ...], group: str | None, role: str | None, port: str | None) -> tuple["Flow", ...]:
    from bellrock.flows.select import SelectionError, parse_group, parse_port, parse_role, select

    try:
        return select(
            found,
            group=parse_group(group) if group is not None else None,
            role=parse_role(role) if role is not None else None,
            port=parse_port(port) if port is not None else None,
        )
    except SelectionError as error:
        raise Failure(str(error)) from None
