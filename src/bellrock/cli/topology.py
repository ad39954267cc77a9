"""`bellrock topology`: what was found, why, and how it differs from what was meant."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bellrock.cli.keys import default_state_dir
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, json_option, print_json, print_table, printable

_F = TypeVar("_F", bound=Callable[..., Any])


def region_options(command: _F) -> _F:
    """Which region to ask."""
    for option in (
        click.option(
            "--region",
            "region_url",
            default="http://127.0.0.1:5240",
            show_default=True,
            help="http://HOST:PORT or unix:PATH.",
        ),
        click.option(
            "--state-dir", type=click.Path(path_type=Path), help="The region's state directory, for its token."
        ),
    ):
        command = option(command)
    return command


@click.group(epilog="Example: bellrock topology show")
def topology() -> None:
    """Show what is wired to what, explain it, compare it."""


@topology.command(epilog="Example: bellrock topology show --json | jq '.fabrics[].vlans[].vid'")
@region_options
@json_option
def show(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show fabrics, VLANs and their members, conflicts, and what is unknown and why."""
    from bellrock.cli.render import topology_lines

    document = _ask(region_url, state_dir, "/topology")
    if as_json:
        print_json(document)
        return
    for line in topology_lines(document):
        click.echo(line)


@topology.command(epilog="Example: bellrock topology explain rack-1/eth1.20 node-3/eth0")
@click.argument("a", metavar="HOST/IF[.VID]")
@click.argument("b", metavar="HOST/IF[.VID]")
@region_options
@json_option
def explain(a: str, b: str, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the chain of beacons that makes two ports one VLAN, or what is missing.

    Exit 0: one VLAN. Exit 1: not, or not known.
    """
    from bellrock.cli.render import age_text

    answer = _ask(region_url, state_dir, "/topology/explain", a=a, b=b)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{a} and {b}: {answer['verdict'].replace('-', ' ')}")
        for number, step in enumerate(answer["chain"], 1):
            age = f" ({age_text(step['age'])})" if step.get("age") is not None else ""
            click.echo(f"  {number}. {printable(step['sentence'])}{age}")
        if answer["missing"]:
            click.echo(printable(answer["missing"]))
    if answer["verdict"] != "same-vlan":
        sys.exit(EXIT_NO)


@topology.command(epilog="Example: bellrock lab truth FILE --json > wired.json; bellrock topology diff wired.json")
@click.argument("wanted", type=click.Path(path_type=Path))
@click.argument("found", required=False, type=click.Path(path_type=Path))
@region_options
@json_option
def diff(wanted: Path, found: Path | None, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Compare what was found with WANTED, a file in the shape of `topology show --json`.

    FOUND is another such file; without it the region is asked. Partitions are compared, not ids and names.
    Exit 0: no difference. Exit 1: differences.
    """
    from msgspec import to_builtins

    from bellrock.topology.diff import diff as compare

    differences = compare(
        _read(found) if found else _parse(_ask(region_url, state_dir, "/topology"), region_url), _read(wanted)
    )
    if as_json:
        print_json([to_builtins(difference) for difference in differences])
    else:
        rows = [(difference.kind, difference.sentence) for difference in differences]
        print_table(("difference", "what"), rows, "No difference.")
    if differences:
        sys.exit(EXIT_NO)


def _ask(region_url: str, state_dir: Path | None, path: str, **query: str) -> Any:  # noqa: ANN401 -- JSON
    from bellrock.cli.client import get

    return get(region_url, state_dir or default_state_dir(), path, **query)


def _read(path: Path) -> Any:  # noqa: ANN401 -- a Topology
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
    except ValueError as error:
        raise Failure(f"{path}: not JSON: {error}", EXIT_UNREADABLE) from None
    return _parse(document, str(path))


def _parse(document: Any, origin: str) -> Any:  # noqa: ANN401 -- JSON in, a Topology out
    from bellrock.topology.document import DocumentError, from_document

    try:
        return from_document(document)
    except DocumentError as error:
        raise Failure(f"{origin}: {error}", EXIT_UNREADABLE) from None
