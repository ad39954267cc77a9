"""`bellrock topology`: what was found, why, and how it differs from what was meant."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.keys import HERE
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, json_option, print_json, print_table, printable
from bellrock.cli.paths import PathName

MAX_FILE: Final = 256 << 20
"""Octets of a saved topology; one of a million ports has less."""

_LAB = "bellrock.lab"
"""In the context: address and state directory of a lab's region, where one was asked for."""
_F = TypeVar("_F", bound=Callable[..., Any])

_T = TypeVar("_T")

if TYPE_CHECKING:
    from bellrock.cli.answers import Explanation, Refusal


def _lab_region(context: click.Context, _: click.Parameter, name: str | None) -> None:
    """Keep for `region_of` where a lab's region is."""
    if name is None:
        return
    from bellrock.lab.agents import REGION_SOCKET, region_host, state_dir
    from bellrock.lab.running import Lab
    from bellrock.lab.schema import LabError

    try:
        found = Lab.find(name)
        found.close()
        where = f"unix:{found.directory / REGION_SOCKET}", state_dir(found.directory, region_host(found.wired))
    except LabError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None
    context.meta[_LAB] = where


def _hold_to(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Keep for the client which authority the region is held to."""
    if path is not None:
        from bellrock.cli.client import AUTHORITY

        context.meta[AUTHORITY] = path


def region_options(command: _F) -> _F:
    """Which region to ask."""
    return region_options_as("--region")(command)


def region_options_as(name: str) -> Callable[[_F], _F]:
    """The same, where `--region` means something else."""
    return partial(_with_region_options, name)


def _with_region_options(name: str, command: _F) -> _F:
    for option in (
        click.option(
            name,
            "region_url",
            default=HERE,
            show_default="the one of this machine",
            help="http://HOST:PORT, https://HOST:PORT or unix:PATH.",
        ),
        click.option(
            "--authority",
            type=PathName(path_type=Path),
            help="Certificate that an https:// region is held to; also $BELLROCK_AUTHORITY. [default: of the region that was joined]",
            callback=_hold_to,
            expose_value=False,
        ),
        click.option("--state-dir", type=PathName(path_type=Path), help="The region's state directory, for its token."),
        click.option(
            "--lab",
            help="Ask the region of this lab instead (bellrock lab list).",
            callback=_lab_region,
            expose_value=False,
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
    from bellrock.cli.asking import ask
    from bellrock.cli.render import topology_lines

    document: Any = ask(region_url, state_dir, Any, lambda api: api.topology())
    parse_topology(document, region_url)
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

    Exit 0: one VLAN. Exit 1: not, or not known. Exit 2: usage, or no such host. Exit 3: no region, or it does not let you.
    """
    from http import HTTPStatus

    from bellrock.cli.asking import ask
    from bellrock.cli.client import Refusal
    from bellrock.cli.render import age_text

    try:
        answer = ask(region_url, state_dir, Any, lambda api: api.explain(a=a, b=b))
    except Refusal as error:
        if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
            raise Failure(error.message) from None
        raise
    explanation = _explanation(answer, region_url)
    if as_json:
        print_json(answer)
    else:
        click.echo(printable(f"{a} and {b}: {explanation.verdict.replace('-', ' ')}"))
        for number, step in enumerate(explanation.chain, 1):
            age = f" (holds as of {age_text(step.age)})" if step.age is not None else ""
            click.echo(f"  {number}. {printable(step.sentence)}{age}")
        if explanation.missing:
            click.echo(printable(explanation.missing))
    if explanation.verdict != "same-vlan":
        sys.exit(EXIT_NO)


@topology.command(epilog="Example: bellrock lab truth FILE --json > wired.json; bellrock topology diff wired.json")
@click.argument("wanted", type=PathName(path_type=Path))
@click.argument("found", required=False, type=PathName(path_type=Path))
@region_options
@json_option
def diff(wanted: Path, found: Path | None, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Compare what was found with WANTED, a file in the shape of `topology show --json`.

    FOUND is another such file; without it the region is asked. Partitions are compared, not ids and names.
    Exit 0: no difference. Exit 1: differences.
    """
    from msgspec import to_builtins

    from bellrock.cli.asking import ask
    from bellrock.topology.diff import diff as compare

    differences = compare(
        _read(found)
        if found
        else parse_topology(ask(region_url, state_dir, Any, lambda api: api.topology()), region_url),
        _read(wanted),
    )
    if as_json:
        print_json([to_builtins(difference) for difference in differences])
    else:
        rows = [(difference.kind, difference.sentence) for difference in differences]
        print_table(("difference", "what"), rows, "No difference.")
    if differences:
        sys.exit(EXIT_NO)


@topology.command(epilog="Example: bellrock topology refusals --json | jq '.[] | select(.reason == \"wrong-secret\")'")
@region_options
@json_option
def refusals(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the beacons that were refused: on which port, from whom, why, how many and when last."""
    from bellrock.cli.answers import Refusal
    from bellrock.cli.asking import ask
    from bellrock.cli.render import age_text

    answer = ask(region_url, state_dir, Any, lambda api: api.refusals())
    found = _answer(answer, tuple[Refusal, ...], region_url)
    if as_json:
        print_json(answer)
        return
    rows = [
        (_port_text(one), one.source_mac, one.reason, one.count, age_text(one.age), one.detail)
        for one in sorted(found, key=lambda one: one.age)
    ]
    print_table(("port", "from", "why", "times", "last", "in full"), rows, "Nothing was refused.")


def _port_text(one: "Refusal") -> str:
    return f"{one.host}/{one.interface}" + ("" if one.vid is None else f".{one.vid}")


def region_of(region_url: str, state_dir: Path | None) -> tuple[str, Path | None]:
    """The region that the options of `region_options` name: that of a lab, where one was given."""
    found: tuple[str, Path | None] = click.get_current_context().meta.get(_LAB, (region_url, state_dir))
    return found


def _explanation(answer: Any, origin: str) -> "Explanation":  # noqa: ANN401 -- JSON
    from bellrock.cli.answers import Explanation

    return _answer(answer, Explanation, origin)


def _answer(answer: Any, kind: type[_T], origin: str) -> _T:  # noqa: ANN401 -- JSON
    from msgspec import ValidationError, convert

    try:
        return convert(answer, kind)
    except ValidationError as error:
        raise Failure(
            f"{origin}: what answers there is not a region of this version: {error}", EXIT_UNREADABLE
        ) from None


def _read(path: Path) -> Any:  # noqa: ANN401 -- a Topology
    import msgspec

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
    if len(data) > MAX_FILE:
        raise Failure(f"{path}: larger than {MAX_FILE >> 20} MiB, so not a topology", EXIT_UNREADABLE)
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{path}: not JSON: {error}", EXIT_UNREADABLE) from None
    return parse_topology(document, str(path))


def parse_topology(document: Any, origin: str) -> Any:  # noqa: ANN401 -- JSON in, a Topology out
    """The topology of a document that comes from `origin`.

    Raises:
        Failure: it is none (exit 3).
    """
    from bellrock.topology.document import DocumentError, from_document

    try:
        return from_document(document)
    except DocumentError as error:
        said = f"{origin}: not what `bellrock topology show --json` prints: {error}"
        raise Failure(said, EXIT_UNREADABLE) from None
