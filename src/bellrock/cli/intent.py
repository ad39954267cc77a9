"""`bellrock intent`: what a network is meant to be, beside what is observed."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli import completing
from bellrock.cli.output import (
    EXIT_NO,
    EXIT_UNREADABLE,
    Failure,
    file_name,
    json_option,
    print_json,
    print_table,
    printable,
)
from bellrock.cli.paths import FILE, PathName
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.topology.intent import Deviation, Intent, Seen
    from bellrock.topology.intent.compare import ObservedVlan

STDIN: Final = "-"
MAX_OBSERVED: Final = 256 << 20
_COLOURS: Final = {"unknown": "bright_black", "as-meant": "green", "extra": "yellow", "wrong-mtu": "yellow"}


@click.group(epilog="Example: bellrock intent diff intent.toml")
def intent() -> None:
    """Read what a network is meant to be from the system that keeps it, and compare it with what is observed."""


@intent.command("import", epilog="Example: bellrock intent import maas machines.json subnets.json -o intent.toml")
@click.argument("system", type=click.Choice(["maas", "netbox", "toml"]))
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...", shell_complete=completing.files)
@click.option(
    "-o",
    "--output",
    type=FILE,
    default=STDIN,
    metavar="FILE",
    help="Where to write the intent file.  [default: standard output]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@json_option
def import_(system: str, files: tuple[str, ...], output: str, *, force: bool, as_json: bool) -> None:
    """Write an intent file from exports of MAAS's or NetBox's API, or of an intent file itself.

    MAAS: `maas PROFILE machines read`, `rack-controllers read`, `fabrics read`, `subnets read`. NetBox: the answers of
    /api/dcim/interfaces/, /api/dcim/cables/, /api/ipam/vlans/, /api/ipam/prefixes/, as pages or lists.

    With --json {vlans, ports, notes} is printed in place of the file, unless -o names one.

    Exit 0: done. Exit 2: usage. Exit 3: a file cannot be read, or is no such export, or the intent file cannot be written.
    """
    from bellrock.topology.intent.file import write

    found = _read(system, files)
    if not as_json or output != STDIN:
        _put(write(found), output, force=force)
    if as_json:
        from msgspec import to_builtins

        print_json(to_builtins(found))
        return
    for note in found.notes:
        click.echo(f"Note: left out: {printable(note)}", err=True)
    click.echo(f"{len(found.ports)} ports, {len(found.vlans)} VLANs", err=True)


@intent.command(
    epilog="Example: bellrock intent diff intent.toml --interfaces interfaces.json --topology topology.json"
)
@click.argument("file", type=FILE, metavar="FILE")
@click.option(
    "--interfaces", type=PathName(), help="What GET /api/v1/interfaces answered, instead of asking the region."
)
@click.option("--topology", "topology_file", type=PathName(), help="What GET /api/v1/topology answered.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also ports that are as they are meant, and those of which nothing is known.",
)
@region_options
@json_option
def diff(
    file: str, interfaces: str | None, topology_file: str | None, region_url: str, state_dir: Path | None, *, everything: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show where what is observed differs from FILE: wrong cable, wrong VLAN, missing, extra, another MTU.

    Where there is no evidence, a port is unknown, which is no difference.

    Exit 0: nothing differs. Exit 1: something does. Exit 3: a file or the region cannot be read.
    """
    from bellrock.topology.intent import DeviationKind, compare

    if (interfaces is None) != (topology_file is None):
        raise Failure("--interfaces and --topology belong together; give both or neither")
    meant = _read("toml", (file,))
    seen, vlans = _observed(interfaces, topology_file, region_url, state_dir)
    found = compare(meant, seen, vlans)
    fine = (DeviationKind.AS_MEANT, DeviationKind.UNKNOWN)
    wrong = [one for one in found if one.kind not in fine]
    if as_json:
        from msgspec import to_builtins

        print_json({"deviations": to_builtins(found), "counts": _counts(found)})
    else:
        _show(found if everything else wrong, found)
    sys.exit(EXIT_NO if wrong else 0)


def _show(shown: "Iterable[Deviation]", found: "Iterable[Deviation]") -> None:
    rows = [(one.kind, one.port, one.meant, one.observed, one.why) for one in shown]
    colours = {kind: _COLOURS.get(kind, "red") for kind in {str(one.kind) for one in found}}
    print_table(("", "port", "meant", "observed", "why"), rows, "nothing differs from what is meant", colours)
    click.echo(", ".join(f"{count} {kind}" for kind, count in _counts(found).items()), err=True)


def _counts(found: "Iterable[Deviation]") -> dict[str, int]:
    from collections import Counter

    return dict(Counter(str(one.kind) for one in found))


def _read(system: str, files: tuple[str, ...]) -> "Intent":
    from bellrock.topology.intent import IntentError, maas, netbox
    from bellrock.topology.intent.file import MAX_FILE, parse
    from bellrock.topology.intent.records import MAX_FILE as MAX_EXPORT
    from bellrock.topology.intent.records import Export

    try:
        if system == "toml":
            if len(files) != 1:
                raise Failure("an intent file is one file")
            return parse(_octets(files[0], MAX_FILE), file_name(files[0]))
        exports = [Export(file_name(name), _octets(name, MAX_EXPORT)) for name in files]
        return maas.read(exports) if system == "maas" else netbox.read(exports)
    except IntentError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None


def _octets(name: str, most: int) -> bytes:
    """All of a file, and one octet more than it may have where it has more."""
    try:
        if name == STDIN:
            return sys.stdin.buffer.read(most + 1)
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise Failure(f"{file_name(name)}: {error.strerror}", EXIT_UNREADABLE) from None


def _put(text: str, output: str, *, force: bool) -> None:
    if output == STDIN:
        click.echo(text, nl=False)
        return
    try:
        with Path(output).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{file_name(output)} is there already; --force replaces it", EXIT_UNREADABLE) from None
    except OSError as error:
        raise Failure(f"{file_name(output)}: {error.strerror}", EXIT_UNREADABLE) from None


def _observed(
    interfaces: str | None, topology_file: str | None, region_url: str, state_dir: Path | None
) -> "tuple[list[Seen], dict[str, ObservedVlan]]":
    from bellrock.topology.intent import IntentError
    from bellrock.topology.intent.observed import observed

    if interfaces is not None and topology_file is not None:
        where = f"{interfaces}, {topology_file}"
        documents: tuple[Any, Any] = (_json(interfaces), _json(topology_file))
    else:
        from bellrock.cli.asking import ask

        where = region_url
        documents = (
            ask(region_url, state_dir, list, lambda api: api.interfaces()),
            ask(region_url, state_dir, dict, lambda api: api.topology()),
        )
    try:
        return observed(*documents)
    except IntentError as error:
        raise Failure(f"{where}: {error}", EXIT_UNREADABLE) from None


def _json(name: str) -> Any:  # noqa: ANN401 -- JSON
    import json

    try:
        return json.loads(_octets(name, MAX_OBSERVED))
    except (ValueError, RecursionError) as error:
        raise Failure(f"{file_name(name)}: no JSON: {error}", EXIT_UNREADABLE) from None
