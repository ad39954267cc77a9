"""`bellrock site`: the file that says who plays which role at which addresses."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.output import (
    EXIT_NO,
    EXIT_UNREADABLE,
    EXIT_USAGE,
    Failure,
    file_name,
    json_option,
    print_json,
    print_table,
    printable,
)
from bellrock.cli.paths import PathName
from bellrock.cli.sitepush import push
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.cli.sitecheck import Compared
    from bellrock.model import Topology

_PARTIAL: Final = ".partial"


@click.group(epilog="Example: bellrock site init -o site.toml")
def site() -> None:
    """Draw a site file from what the region knows, check it, give it to the region, and print its schema."""


site.add_command(push)


@site.command(epilog="Example: bellrock site init --title 'Hall 3' -o site.toml")
@click.option("-o", "--output", type=PathName(path_type=Path), help="Write to this file instead of stdout.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--title", default="", help="A line for people at the top of the file.")
@region_options
@json_option
def init(
    output: Path | None, title: str, region_url: str, state_dir: Path | None, *, force: bool, as_json: bool
) -> None:
    """Draw a site file: subnets and VLANs from the topology, roles from what the agents are.

    What is unknown is a comment in it, never a guess. With --json: {file, text}.
    """
    from bellrock.cli.asking import ask
    from bellrock.flows.draw import draw, machines
    from bellrock.flows.site import SiteError

    if output is not None and not force and os.path.lexists(output):
        raise Failure(f"{output}: exists; --force overwrites it, or choose another name")
    topology = _topology(region_url, state_dir)
    try:
        known = machines(
            ask(region_url, state_dir, Any, lambda api: api.hosts()),
            ask(region_url, state_dir, Any, lambda api: api.interfaces()),
        )
    except SiteError as error:
        raise Failure(f"{region_url}: {error}", EXIT_UNREADABLE) from None
    text = draw(topology, known, title=title)
    if output is not None:
        _write(output, text, force=force)
    if as_json:
        print_json({"file": str(output) if output else None, "text": text})
    elif output is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"{output}: written; `bellrock site check {output}` says what is still missing")


@site.command(epilog="Example: bellrock site check site.toml --against-region")
@click.argument("site_file", metavar="FILE", type=PathName(path_type=Path))
@click.option("--against-region", is_flag=True, help="Compare its subnets and VLANs with those the region has seen.")
@region_options
@json_option
def check(site_file: Path, region_url: str, state_dir: Path | None, *, against_region: bool, as_json: bool) -> None:
    """Say all mistakes in a site file, or who plays what in it and which flows nobody serves. With --json mistakes are `{file, mistakes: [{line, key, what}]}`.

    Exit 0: no mistake (there may be gaps). Exit 1: the region has seen it otherwise. Exit 2: mistakes. Exit 3: it cannot be read.
    """
    from bellrock.cli import sitecheck
    from bellrock.cli.configfile import documents
    from bellrock.cli.sitefile import mistakes, parse_site, read_raw
    from bellrock.flows.crossing import gaps

    raw = read_raw(site_file)
    if as_json and (wrong := mistakes(raw, site_file)):
        print_json({"file": file_name(site_file), "mistakes": documents(wrong)})
        sys.exit(EXIT_USAGE)
    found = parse_site(raw, site_file)
    seen = None
    if against_region:
        seen = sitecheck.compared(found, _topology(region_url, state_dir), raw, str(site_file))
    if as_json:
        print_json(sitecheck.document(found, gaps(found), seen))
    else:
        click.echo(printable(sitecheck.headline(found)))
        print_table(
            ("role", "addresses", "where"), sitecheck.roles(found), "No role has addresses: add [role.node] and others."
        )
        for line in (*_told("notice", found.notices), *_told("gap", gaps(found)), *_seen(seen)):
            click.echo(printable(line))
    if seen and seen.differences:
        sys.exit(EXIT_NO)


def _told(word: str, lines: tuple[str, ...]) -> list[str]:
    return [f"{word}: {line}" for line in lines]


def _seen(seen: "Compared | None") -> list[str]:
    if seen is None:
        return []
    told = _told("differs", seen.differences) + _told("unplanned", seen.unplanned)
    return told or ["the region has seen nothing that contradicts it"]


@site.command(epilog="Example: bellrock site schema > site.schema.json")
@json_option
def schema(*, as_json: bool) -> None:  # noqa: ARG001 -- it is JSON with and without
    """Print the JSON Schema (draft 2020-12) of site files, for editors and programs."""
    from bellrock.flows.schema import json_schema

    print_json(json_schema())


def _topology(region_url: str, state_dir: Path | None) -> "Topology":
    from bellrock.cli.asking import ask
    from bellrock.cli.topology import parse_topology

    found: Topology = parse_topology(ask(region_url, state_dir, Any, lambda api: api.topology()), region_url)
    return found


def _write(output: Path, text: str, *, force: bool) -> None:
    """Whole or not at all; without `force` never over a file, not even one that has just come into being."""
    try:
        if force:
            partial = output.with_name(output.name + _PARTIAL)
            partial.write_text(text, encoding="utf-8")
            partial.replace(output)
            return
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{output}: exists; --force overwrites it, or choose another name") from None
    except OSError as error:
        raise Failure(f"{output}: {error.strerror}", EXIT_UNREADABLE) from None
