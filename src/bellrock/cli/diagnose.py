"""`bellrock diagnose`: how far machines came when they booted, and why they came no further."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_UNREADABLE, Failure, json_option, print_json
from bellrock.cli.paths import FILE, PathName
from bellrock.cli.pictures import force_option, may_write, write
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.diagnosis.boot import Boot
    from bellrock.diagnosis.packets import Wire
    from bellrock.flows.site import Site
    from bellrock.model import Finding

LIVE: Final = 60.0
"""Seconds to listen where nothing else is said: a boot's first minute has DHCP's retries in it."""


@click.command(epilog="Example: bellrock diagnose boot.pcapng --html boot.html")
@click.argument("files", type=FILE, nargs=-1, metavar="[HOST=]FILE...", shell_complete=completing.files)
@click.option("--site", "site_file", type=PathName(path_type=Path), help="Site file that says who plays which role.")
@click.option(
    "--client", default="", metavar="MAC|ADDRESS", help="Only the boots of this machine, and what concerns it."
)
@click.option("--svg", type=PathName(path_type=Path), metavar="FILE", help="Draw the boots as a timeline into FILE.")
@click.option(
    "--html",
    type=PathName(path_type=Path),
    metavar="FILE",
    help="Write a page with ladders, findings and packets, to be sent to somebody.",
)
@force_option
@click.option(
    "--live",
    multiple=True,
    metavar="INTERFACE",
    help="Listen here in place of reading FILEs; may be given again. What was heard is not kept: to keep it, `bellrock capture run -i INTERFACE -o FILE` first, and diagnose FILE.",
)
@click.option("--on", multiple=True, metavar="AGENT[/IF],...", help="With --from-region: the agents that capture.")
@click.option(
    "--from-region", is_flag=True, help="Have agents capture, by way of the region, in place of reading FILEs."
)
@click.option(
    "--for",
    "seconds",
    type=FiniteRange(0.1, 86_400),
    default=LIVE,
    show_default=True,
    help="Seconds to listen, with --live or --from-region.",
)
@region_options
@json_option
def diagnose(
    files: tuple[str, ...], *, site_file: Path | None, client: str, svg: Path | None, html: Path | None, live: tuple[str, ...],
    on: tuple[str, ...], from_region: bool, seconds: float, region_url: str, state_dir: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Read captures of boots (pcap, pcapng, also gzip or zstd; - is standard input) and say where each boot stopped, and why.

    Several FILEs are captures of one time at several places: their clocks are aligned by packets that several saw. HOST says whose one is.

    With --json {clients, findings} and more; its schema is docs/reference/diagnose.schema.json.

    Exit 0: no finding of weight. 1: findings. 2: usage. 3: no finding, but a file is damaged or nothing in it could be read, or one cannot be opened or written.
    """
    from bellrock.cli.diagnose_read import from_agents, from_files, from_here
    from bellrock.cli.sitefile import read_site

    if [bool(files), bool(live), from_region].count(True) != 1:
        raise Failure(
            "what is to be diagnosed? give FILEs, --live INTERFACE, or --from-region --on AGENTS; one of them"
        )
    if from_region != bool(on):
        raise Failure("--from-region and --on AGENTS go together")
    may_write(
        {"--svg": svg, "--html": html}, (*map(_path, files), *([str(site_file)] if site_file else ())), force=force
    )
    site = read_site(site_file) if site_file else None
    if files:
        wire = from_files(files, site)
    elif live:
        wire = from_here(live, seconds, site)
    else:
        wire = from_agents(on, seconds, region_url, state_dir, site)
    boots, findings = judged(wire, site)
    if client:
        boots, findings = of_client(client, boots, findings)
    write(svg, _svg(boots) if svg else "")
    write(html, _html(wire, boots, findings) if html else "")
    _say(wire, boots, findings, as_json=as_json)


def judged(wire: "Wire", site: "Site | None") -> "tuple[tuple[Boot, ...], tuple[Finding, ...]]":
    """Boots and findings of a wire. Certificates and the like are judged by the time at which it was captured."""
    from bellrock.cli.judging import judged_by_rules
    from bellrock.diagnosis import boot_causes
    from bellrock.diagnosis.boots import boots
    from bellrock.diagnosis.case import Case
    from bellrock.diagnosis.packets import NS
    from bellrock.model import Wall

    found = boots(wire, site)
    findings = judged_by_rules(Case(now=Wall(wire.last / NS), wire=wire, boots=found, site=site))
    return boot_causes.judged(wire, found, findings), findings


def of_client(
    client: str, boots: "Sequence[Boot]", findings: "Sequence[Finding]"
) -> "tuple[tuple[Boot, ...], tuple[Finding, ...]]":
    """What concerns one machine, and what concerns all.

    Raises:
        Failure: nobody of this name was seen to boot.
    """
    wanted = client.lower().replace("-", ":")
    mine = tuple(one for one in boots if wanted in (one.mac, one.address))
    if not mine:
        known = ", ".join(dict.fromkeys(one.mac or one.address for one in boots[:8])) or "nobody"
        raise Failure(f"--client: {client} was not seen to boot; seen: {known}")
    names = {name for one in mine for name in (one.mac, one.address)} | {""}
    return mine, tuple(one for one in findings if one.client in names)


def _path(text: str) -> str:
    from bellrock.cli.capture_on import named

    return named(text)[1]


def _svg(boots: "Sequence[Boot]") -> str:
    from bellrock.diagnosis.boot_picture import picture

    return picture(boots)


def _html(wire: "Wire", boots: "Sequence[Boot]", findings: "Sequence[Finding]") -> str:
    from bellrock.diagnosis.boot_page import page

    return page(wire, boots, findings)


def _say(wire: "Wire", boots: "Sequence[Boot]", findings: "Sequence[Finding]", *, as_json: bool) -> None:
    from bellrock.cli.findingtext import exit_code, print_findings
    from bellrock.cli.ladder import print_ladders
    from bellrock.diagnosis.boot_document import document

    if as_json:
        print_json(document(wire, boots, findings))
    else:
        _notes(wire)
        print_ladders(boots, findings)
        print_findings(findings)
        if not boots:
            click.echo(f"Nobody was seen to boot in {wire.seen} packets.")
        if not findings:
            click.echo(
                "No findings in what could be read; the notes say what could not." if wire.unread else "No findings."
            )
    sys.exit(exit_code(findings) or (EXIT_UNREADABLE if wire.unread else 0))


def _notes(wire: "Wire") -> None:
    from bellrock.cli.output import printable

    for text in wire.troubles:
        click.echo(f"Note: {printable(text)}", err=True)
    for kind, count in wire.left_out.items():
        click.echo(f"Note: {count} more packets of {printable(kind)} than were looked at", err=True)
