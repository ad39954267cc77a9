"""Where `bellrock diagnose` has its packets from: files, this machine's interfaces, agents by way of the region."""

import os
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name, printable

if TYPE_CHECKING:
    from bellrock.capture.merge import Source
    from bellrock.diagnosis.packets import Wire
    from bellrock.flows.site import Site

OCTETS: Final = 64 << 20
"""That an agent captures at most."""
MOST: Final = 1 << 30
"""The same of a capture here."""
_STDIN: Final = "-"


def from_files(files: Sequence[str], site: "Site | None" = None) -> "Wire":
    """What captures show; several are merged first, their clocks aligned.

    Raises:
        Failure: one cannot be read (exit 3), or standard input is one of several.
    """
    from bellrock.capture.merge import Source
    from bellrock.cli.capture_on import named

    if len(files) > 1 and _STDIN in files:
        raise Failure(
            "standard input cannot be one of several captures, for those are read twice; write it to a file first"
        )
    if len(files) == 1:
        return _read(files[0] if files[0] == _STDIN else named(files[0])[1], site)
    _refuse_twice([named(file)[1] for file in files])
    wire = from_sources([Source(path=path, host=host) for host, path in map(named, files)], site)
    merging = printable(shlex.join(files))
    click.echo(
        f"Note: packets are numbered as `bellrock capture merge {merging} -o merged.pcapng` numbers them", err=True
    )
    return wire


def _refuse_twice(paths: Sequence[str]) -> None:
    """A capture that is read twice doubles all that is in it."""
    known: dict[str, str] = {}
    for path in paths:
        place = os.path.realpath(path)
        if place in known:
            raise Failure(f"{file_name(known[place])} and {file_name(path)} are one file; give each capture once")
        known[place] = path


def from_sources(sources: "Sequence[Source]", site: "Site | None" = None) -> "Wire":
    """The same of captures of which it is known whose they are.

    Raises:
        Failure: one cannot be read (exit 3).
    """
    from msgspec.structs import replace

    from bellrock.capture.merge import merge
    from bellrock.capture.reading.values import CaptureError
    from bellrock.capture.ring import FileError

    with _temporary() as directory:
        path = str(directory / "merged.pcapng")
        try:
            merged = merge(sources, path)
        except (CaptureError, FileError) as error:
            raise Failure(str(error), EXIT_UNREADABLE) from None
        wire = _read(path, site)
    # What was wrong with a file is not in what was made of it.
    lost = [f"{one.host}: {text}" for one in merged.sources for text in one.troubles]
    damaged = wire.damaged or any(one.damaged for one in merged.sources)
    return replace(wire, troubles=(*lost, *wire.troubles), damaged=damaged)


def from_agents(
    on: Sequence[str], seconds: float, region_url: str, state_dir: Path | None, site: "Site | None" = None
) -> "Wire":
    """What agents see for a while, captured by way of the region.

    Raises:
        Failure: the region says no, or no agent captured anything.
    """
    from bellrock.cli.capture_on import Region, Request, captured, places

    request = Request(on=places(on), seconds=seconds, octets=OCTETS, headers_only=False)
    # What DHCP, TFTP and HTTP say is in payloads. They stay in a temporary directory of this user's, and are removed.
    with captured(request, Region(region_url, state_dir)) as sources:
        return from_sources(sources, site)


def from_here(interfaces: Sequence[str], seconds: float, site: "Site | None" = None) -> "Wire":
    """What this machine's interfaces hear for a while; Ctrl-C ends it earlier.

    Raises:
        Failure: no permission, or no such interface (exit 3).
    """
    from msgspec.structs import replace

    from bellrock.capture.live import Limits
    from bellrock.capture.ring import Turns
    from bellrock.cli.capture_run import Plan, run_plan

    with _temporary() as directory:
        path = str(directory / "live.pcapng")
        limits = Limits(seconds=seconds, octets=MOST)
        run_plan(
            Plan(
                wanted=None,
                expression="",
                interfaces=tuple(interfaces),
                output=path,
                turns=Turns(),
                limits=limits,
                passing=True,
            ),
            as_json=False,
        )
        wire = _read(path, site)
    nothing = (
        f"nothing came in on {', '.join(interfaces)}: is it the right interface, is it up, is anything sent there?"
    )
    return wire if wire.seen else replace(wire, troubles=(*wire.troubles, nothing))


def _read(path: str, site: "Site | None") -> "Wire":
    from bellrock.capture.reading.sight import read_wire
    from bellrock.capture.reading.values import CaptureError
    from bellrock.cli.capture_summary import reading_progress

    try:
        return read_wire((path,), site=site, progress=reading_progress())
    except CaptureError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None


@contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bellrock-") as directory:
        yield Path(directory)
