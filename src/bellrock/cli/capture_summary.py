"""`bellrock capture summary`: which flows a capture holds, between whom."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_UNREADABLE, Failure, json_option, print_json, print_table, printable
from bellrock.cli.paths import FILE, PathName
from bellrock.cli.pictures import force_option, may_write, write

if TYPE_CHECKING:
    from bellrock.capture.reading.summary import Line, Summary
    from bellrock.capture.values import Addresses
    from bellrock.flows.site import Site
    from bellrock.flows.values import Flow

_EVERY: Final = 2_000_000
"""Packets between two words of progress."""
_ELSEWHERE: Final = ("dhcp", "dhcpv6", "proxydhcp")
"""Flows whose answers are no replies by address."""
_COLUMNS: Final = ("FLOW", "FROM", "TO", "VLAN", "PACKETS", "REPLIES", "OCTETS", "SECONDS")


@click.command(epilog="Example: bellrock capture summary boot.pcapng --site site.toml --svg boot.svg")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...", shell_complete=completing.files)
@click.option(
    "--site",
    "site_file",
    type=PathName(path_type=Path),
    metavar="FILE",
    help="Site file: say as well what is missing.",
)
@click.option("--svg", type=PathName(path_type=Path), metavar="FILE", help="Draw who talks to whom into FILE.")
@force_option
@json_option
def summary(files: tuple[str, ...], *, site_file: Path | None, svg: Path | None, force: bool, as_json: bool) -> None:
    """Read captures (pcap, pcapng, also gzip or zstd; - is standard input) and say which flows they hold, between whom and on which VLANs.

    Packets are counted wherever they were captured: one that passed two places of a capture counts twice. Who asks stands before who is asked.
    REPLIES is – where they cannot be told so: what is sent to all is answered from elsewhere, as is DHCP.

    Exit 0: done. Exit 2: usage, or a wrong site file. Exit 3: a file cannot be read, is no capture, or is damaged (what could be read is told).
    """
    may_write({"--svg": svg}, (*files, *([str(site_file)] if site_file else ())), force=force)
    found = _read(files, site_file)
    if svg is not None:
        _draw(found, svg)
    if as_json:
        print_json(found)
    else:
        _print(found)
    for text in found.troubles:
        click.echo(f"Note: {printable(text)}", err=True)
    if found.damaged:
        sys.exit(EXIT_UNREADABLE)


def _read(files: tuple[str, ...], site_file: Path | None) -> "Summary":
    try:
        from bellrock.capture.reading.summary import summarise
        from bellrock.capture.reading.values import CaptureError
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise Failure(
            "captures are read with numpy, which is not there; install bellrock[capture]", EXIT_UNREADABLE
        ) from None
    flows, known, site = _known(site_file)
    try:
        return summarise(files, flows, known, site, reading_progress())
    except CaptureError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None


def _known(site_file: Path | None) -> "tuple[tuple[Flow, ...], Addresses, Site | None]":
    if site_file is None:
        from bellrock.flows.catalogue import CATALOGUE

        return CATALOGUE, {}, None
    from bellrock.capture.selection import addresses_of
    from bellrock.cli.sitefile import read_site
    from bellrock.flows.crossing import flows_of

    site = read_site(site_file)
    return flows_of(site), addresses_of(site), site


def reading_progress() -> Callable[[int], None]:
    """On a terminal, now and then how far it has come."""
    told = 0

    def tell(packets: int) -> None:
        nonlocal told
        if packets - told >= _EVERY and sys.stderr.isatty():
            told = packets
            click.echo(f"{packets:,} packets read", err=True)

    return tell


def _draw(found: "Summary", path: Path) -> None:
    from bellrock.capture.reading.summary_picture import picture

    write(path, picture(found))


def _print(found: "Summary") -> None:
    from bellrock.capture.reading.health import told

    length = f" in {told(found.last - found.first)} s" if found.first is not None and found.last is not None else ""
    click.echo(f"{found.packets:,} packets, {found.bytes:,} octets{length}\n")
    print_table(_COLUMNS, (_row(line, line.flow) for line in found.flows), "No flow of the catalogue was seen.")
    if found.unexplained:
        click.echo("No flow explains:\n")
        print_table(_COLUMNS, (_row(line, _plain(line)) for line in found.unexplained), "")
    for text in _sentences(found):
        click.echo(text)


def _row(line: "Line", what: str) -> tuple[object, ...]:
    from bellrock.capture.reading.health import told

    vlans = [*map(str, line.vlans), *(["untagged"] if line.untagged and line.vlans else [])]
    source = (
        f"{line.source} ({', '.join(line.stations[:3])}{' …' if len(line.stations) > 3 else ''})"
        if line.stations
        else line.source
    )
    also = f" or {line.also}" if line.also else ""
    return (
        f"{what}{also}", source, line.destination, ", ".join(vlans), f"{line.packets:,}", _replies(line),
        f"{line.bytes:,}", told(line.last - line.first),
    )  # fmt: skip


def _replies(line: "Line") -> str:
    """Who answers what was sent to all does so under an address of its own, and DHCP's answers go where nobody asked from: they are no replies of this line."""
    if line.replies:
        return f"{line.replies:,}"
    return "–" if line.flow in _ELSEWHERE or _to_many(line.destination) else "none"


def _to_many(address: str) -> bool:
    from ipaddress import ip_address

    try:
        return address == "255.255.255.255" or ip_address(address).is_multicast
    except ValueError:
        return False


def _plain(line: "Line") -> str:
    ports = ",".join(map(str, line.ports[:4])) + ("…" if len(line.ports) > 4 else "")
    like = f" (like {line.like}, between others)" if line.like else ""
    return f"{line.protocol}{f'/{ports}' if ports else ''}{like}"


def _sentences(found: "Summary") -> Iterator[str]:
    if found.below:
        yield "Not IP: " + ", ".join(f"{one.kind} {one.packets:,}" for one in found.below)
    if found.lines_left_out or found.left_out:
        yield f"Not told: {found.lines_left_out:,} more lines, {found.left_out:,} packets of conversations beyond those told apart"
    if found.expected is None:
        return
    if not found.missing:
        yield f"All flows that the site needs ({found.expected}) were seen."
    else:
        yield f"Not seen, of {found.expected} flows that the site needs:"
    for one in found.missing:
        yield f"  {one.flow}: {one.title}, {'/'.join(one.sources)} to {'/'.join(one.destinations)}"
