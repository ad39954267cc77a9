"""Captures at agents, ordered through the region: begun, watched, fetched, and put together."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from msgspec import Struct

from bellrock.cli.asking import api, ask
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, EXIT_USAGE, Failure, file_name, print_json, printable
from bellrock.cli.progress import ProgressLine
from bellrock.cli.topology import region_of
from bellrock.client.shapes import CaptureRequest

if TYPE_CHECKING:
    from bellrock.capture.merge import Merged, Source
    from bellrock.link.filter import Instruction

POLL: Final = 0.3
"""Seconds between two looks at how it goes."""
OVERTIME: Final = 30.0
"""Seconds beyond its own for a capture to be over; the region itself gives up agents that say nothing."""
MIB: Final = 1 << 20
PIECE: Final = 64 * 1024


class Place(Struct, frozen=True, kw_only=True):
    """One place of a capture, as the region tells of it."""

    place: int
    name: str
    interface: str = ""
    state: str
    why: str = ""
    packets: int = 0
    dropped: int = 0
    octets: int = 0
    ahead: float | None = None

    @property
    def text(self) -> str:
        """As it was asked for."""
        return f"{self.name}/{self.interface}" if self.interface else self.name


class Going(Struct, frozen=True, kw_only=True):
    """A capture, as the region tells of it."""

    id: str
    over: bool
    points: tuple[Place, ...]


class Request(Struct, frozen=True, kw_only=True):
    """What is to be captured, and where."""

    on: tuple[str, ...]
    seconds: float
    octets: int
    program: "tuple[Instruction, ...]" = ()
    expression: str = ""
    headers_only: bool = True


class Region(Struct, frozen=True):
    """Which region to ask."""

    url: str
    state_dir: Path | None


def places(given: Sequence[str]) -> tuple[str, ...]:
    """What `--on` names: `rack-1,node-7/eth0`, and the option again.

    Raises:
        Failure: a place is empty, or named twice.
    """
    found = [one.strip() for text in given for one in text.split(",")]
    if not all(part for one in found for part in one.split("/", 1)):
        raise Failure(
            "--on: a place is empty, or a side of its slash is; give AGENT or AGENT/INTERFACE, several with commas"
        )
    if len(set(found)) != len(found):
        raise Failure("--on: a place is named twice")
    return tuple(found)


def run_on(request: Request, region: Region, output: str, *, force: bool, as_json: bool) -> None:
    """Capture at several agents into one file.

    Raises:
        Failure: the region says no, no agent captured anything, or the file cannot be written.
    """
    from bellrock.capture.merge import merge

    with captured(request, region) as sources:
        merged = _merged(lambda: merge(sources, output, force=force), output)
    _say(merged, output, as_json=as_json)


@contextmanager
def captured(request: Request, region: Region) -> "Iterator[tuple[Source, ...]]":
    """The files of a capture, there as long as the block runs. Places that failed are told on stderr and left out.

    Raises:
        Failure: the region says no, or no place has a file.
    """
    from bellrock.capture.merge import Source

    with tempfile.TemporaryDirectory(prefix="bellrock-") as directory:
        begun = _begun(request, region)
        try:
            going = _watched(begun, request.seconds, region)
            whole = [one for one in going.points if one.state == "ended"]
            for failed in (one for one in going.points if one.state != "ended"):
                click.echo(f"Warning: {printable(failed.text)}: {printable(failed.why)}", err=True)
            if not whole:
                raise Failure("no agent captured anything", EXIT_UNREADABLE)
            each = [(one, _usable(begun.id, one, region, Path(directory), request.octets)) for one in whole]
            fetched = [(one, path) for one, path in each if path is not None]
            if not fetched:
                raise Failure("nothing that the agents captured could be fetched and read", EXIT_UNREADABLE)
        finally:
            with suppress(Failure):
                ask(region.url, region.state_dir, type(None), lambda api: api.forget_capture(begun.id))
        yield tuple(
            Source(path=str(path), host=one.name, ahead=None if one.ahead is None else round(one.ahead * 1e9))
            for one, path in fetched
        )


def _begun(request: Request, region: Region) -> Going:
    try:
        return ask(region.url, region.state_dir, Going, lambda api: api.begin_capture(_body(request)))
    except Failure as error:
        # An agent that is not there is a name that was mistyped; 1 means findings where captures are diagnosed.
        raise Failure(error.message, EXIT_USAGE if error.exit_code == EXIT_NO else error.exit_code) from None


def _body(request: Request) -> CaptureRequest:
    return CaptureRequest(
        on=request.on, seconds=request.seconds, octets=request.octets, expression=request.expression,
        program=tuple((code, true, false, k) for code, true, false, k in request.program), headers_only=request.headers_only,
    )  # fmt: skip


def _watched(begun: Going, seconds: float, region: Region) -> Going:
    """Wait until it is over; Ctrl-C ends it, and what there is is fetched."""
    click.echo(f"capturing at {', '.join(printable(one.text) for one in begun.points)}; Ctrl-C ends it", err=True)
    going, progress = begun, ProgressLine()
    end = time.monotonic() + seconds + OVERTIME
    while not going.over and time.monotonic() < end:
        try:
            time.sleep(POLL)
            going = ask(region.url, region.state_dir, Going, lambda api: api.capture(begun.id))
            progress.show(", ".join(f"{one.text} {one.packets}" for one in going.points) + " packets")
        except KeyboardInterrupt:
            going = ask(region.url, region.state_dir, Going, lambda api: api.end_capture(begun.id))
    progress.clear()
    return going


def _usable(capture: str, place: Place, region: Region, directory: Path, ordered: int) -> Path | None:
    """Its file, if that comes and is a capture: one agent must not cost what the others saw."""
    from bellrock.capture.reading.containers import opened
    from bellrock.capture.reading.values import CaptureError

    try:
        path = _fetch(capture, place, region, directory, ordered)
        opened(str(path)).close()
    except (Failure, CaptureError) as error:
        click.echo(f"Warning: {printable(place.text)} is left out: {printable(str(error))}", err=True)
        return None
    return path


def _fetch(capture: str, place: Place, region: Region, directory: Path, ordered: int) -> Path:
    """Its file, of about as many octets as were ordered at most, whatever its agent says."""
    path = directory / f"{place.place}.pcapng"
    progress, octets = ProgressLine(), 0
    answer = api(region.url, region.state_dir).capture_file(capture, str(place.place))
    with path.open("xb") as file, answer as content:
        while piece := content.read(PIECE):
            octets += len(piece)
            if octets > ordered + MIB:
                said = f"{region_of(region.url, region.state_dir)[0]}: more than {ordered + MIB} octets came, which is more than was asked for"
                raise Failure(said, EXIT_UNREADABLE)
            file.write(piece)
            progress.show(f"fetching {place.text}: {octets / MIB:.1f} of {place.octets / MIB:.1f} MiB")
    progress.clear()
    return path


def _merged(make: Callable[[], "Merged"], output: str) -> "Merged":
    from bellrock.capture.reading.values import CaptureError

    try:
        return make()
    except CaptureError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None
    except OSError as error:
        raise Failure(f"{file_name(output)}: {error.strerror or error}", EXIT_UNREADABLE) from None


def merge_files(files: Sequence[str], output: str, *, force: bool, as_json: bool) -> None:
    """Put captures that are there already together; `HOST=FILE` says whose one is.

    Raises:
        Failure: a file cannot be read, or the merged one not be written (exit 3).
    """
    from bellrock.capture.merge import Source, merge

    sources = tuple(Source(path=path, host=host) for host, path in map(named, files))
    _say(_merged(lambda: merge(sources, output, force=force), output), output, as_json=as_json)


def named(text: str) -> tuple[str, str]:
    """Host and path of `HOST=FILE`; where no host is said, the file's name stands for it."""
    host, equals, path = text.partition("=")
    if equals and not Path(text).exists() and "/" not in host:
        return host, path
    return Path(text).name.partition(".")[0], text


def _say(merged: "Merged", output: str, *, as_json: bool) -> None:
    if as_json:
        from msgspec import to_builtins

        print_json({"file": file_name(output), **to_builtins(merged)})
        return
    from bellrock.capture.reading.health import told

    for one in merged.sources:
        error = "" if one.error is None else f", give or take {told(one.error / 1e6)} ms"
        click.echo(
            f"{printable(one.host)}: {one.packets} packets; {one.shift / 1e6:+.3f} ms{error} ({one.how})", err=True
        )
    click.echo(f"{merged.packets} packets in {file_name(output)}", err=True)
