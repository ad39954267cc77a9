"""What `bellrock capture run` does once its options are understood: open, write, tell, end cleanly."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import click
from msgspec import Struct, to_builtins

from bellrock.capture.compiled import SNAPLEN
from bellrock.capture.interfaces import indexes
from bellrock.capture.live import Capture, Description, Limits
from bellrock.capture.program import cut, keep
from bellrock.capture.redact import Blanker, headers_only
from bellrock.capture.ring import FileError, Files, Turns
from bellrock.capture.values import Wanted
from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name, print_json
from bellrock.link import clock
from bellrock.link.capabilities import grant_hint
from bellrock.link.device import LinkError
from bellrock.link.filter import Instruction

MIB: Final = 1 << 20


class Plan(Struct, frozen=True, kw_only=True):
    """What a capture is to do."""

    wanted: Wanted | None
    """Fitted to the kernel's program size; None: everything."""
    expression: str
    program: tuple[Instruction, ...] = ()
    """For live frames; () takes everything."""
    interfaces: tuple[str, ...]
    output: str
    turns: Turns
    limits: Limits
    headers_only: bool = False
    blank_secrets: bool = False
    snaplen: int = SNAPLEN
    promiscuous: bool = True
    force: bool = False
    passing: bool = False
    """The file is gone when the command is over: nothing tells its name."""


def run_plan(plan: Plan, *, as_json: bool) -> None:
    """Capture until the plan, the user or a full disk ends it, and say what was captured.

    Raises:
        Failure: it cannot begin, or could not be written to its end (exit 3, after the summary).
    """
    blanker = Blanker(_directory_ports(plan)) if plan.blank_secrets else None
    try:
        capture = Capture(
            indexes(plan.interfaces),
            _program(plan),
            _description(plan),
            _redactor(plan, blanker),
            promiscuous=plan.promiscuous,
        )
    except LinkError as error:
        raise _cannot_hear(error) from None
    with contextlib.closing(capture), _stopping() as stop:
        files = _open_files(plan, capture)
        teller = _Teller(capture, None if plan.passing else files)
        where = ", ".join(plan.interfaces) or "all interfaces"
        into = "" if plan.passing else f" into {files.name}"
        click.echo(f"capturing on {where}{into}; Ctrl-C ends it", err=True)
        ended, failure = _write(capture, files, plan.limits, stop, teller)
        teller.end()
        _summary(capture, () if plan.passing else files.kept, ended, blanker, as_json=as_json)
        if failure is not None:
            raise Failure(failure, EXIT_UNREADABLE)


def _write(capture: Capture, files: Files, limits: Limits, stop: int, teller: "_Teller") -> tuple[str, str | None]:
    """Why it ended, and what went wrong."""
    try:
        ended = capture.run(files, limits, stop, teller.tell)
        files.close()
    except BrokenPipeError:
        return "the reader is gone", None
    except FileError as error:
        with contextlib.suppress(OSError):
            files.close()
        return "no more can be written", error.strerror
    return ended, None


def _open_files(plan: Plan, capture: Capture) -> Files:
    try:
        return Files(plan.output, plan.turns, capture.head, capture.tail, clock.monotonic(), force=plan.force)
    except FileError as error:
        raise Failure(str(error.strerror), EXIT_UNREADABLE) from None


def _program(plan: Plan) -> tuple[Instruction, ...]:
    # A secret that is cut off in the middle could not be found: what is blanked is cut afterwards.
    snaplen = SNAPLEN if plan.blank_secrets or plan.headers_only else plan.snaplen
    return cut(plan.program, snaplen) if plan.program else keep(snaplen)


def _redactor(plan: Plan, blanker: Blanker | None) -> Callable[[bytes], bytes] | None:
    return headers_only if plan.headers_only else blanker


def _directory_ports(plan: Plan) -> frozenset[int]:
    """Those of LDAP without TLS: what the site has instead of 389, and 389."""
    flows = plan.wanted.flows if plan.wanted else ()
    return frozenset(
        {389, *(port for flow in flows if flow.id == "ldap" for each in flow.protocols for port in each.ports)}
    ) - {636}


def _description(plan: Plan) -> Description:
    from importlib.metadata import version

    said = []
    if plan.wanted is not None and plan.wanted.flows:
        said.append(f"flows: {' '.join(flow.id for flow in plan.wanted.flows)}")
    if plan.headers_only:
        said.append("headers only: payloads were left out while capturing")
    elif plan.blank_secrets:
        said.append("secrets in payloads were blanked while capturing")
    return Description(
        application=f"bellrock {version('bellrock')}",
        expression=plan.expression,
        comments=tuple(said),
        snaplen=plan.snaplen,
    )


def _cannot_hear(error: LinkError) -> Failure:
    hint = f"; to allow it: {grant_hint(sys.executable)}" if error.code == "EPERM" else ""
    return Failure(f"{error}{hint}", EXIT_UNREADABLE)


@contextlib.contextmanager
def _stopping() -> Iterator[int]:
    """A descriptor that polls readable once Ctrl-C or SIGTERM has come."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def ask(*_: object) -> None:
        with contextlib.suppress(OSError):
            os.write(writing, b".")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


class _Teller:
    """One line on a terminal that is written over, and complaints as they come; in a pipe complaints only."""

    def __init__(self, capture: Capture, files: Files | None) -> None:
        self._capture, self._files = capture, files
        self._terminal = sys.stderr.isatty()
        self._line = False

    def tell(self) -> None:
        complaints, self._capture.complaints[:] = self._capture.complaints[:], []
        for complaint in complaints:
            self.end()
            click.echo(f"Warning: {complaint}", err=True)
        if self._terminal:
            self._line = True
            name = self._files.name if self._files else ""
            click.echo(f"\r\x1b[K{_figures(self._capture)}  {name}", err=True, nl=False)

    def end(self) -> None:
        if self._line:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._line = False


def _figures(capture: Capture) -> str:
    totals = capture.totals()
    return f"{totals.packets} packets, {_size(totals.octets)}, {totals.dropped} dropped"


def _size(octets: int) -> str:
    return f"{octets} octets" if octets < MIB else f"{octets / MIB:.1f} MiB"


def _summary(capture: Capture, kept: Iterable[str], ended: str, blanker: Blanker | None, *, as_json: bool) -> None:
    totals = capture.totals()
    names = [file_name(name) for name in kept]
    if as_json:
        print_json(
            {**to_builtins(totals), "files": names, "ended": ended, "blanked": blanker.blanked if blanker else None}
        )
        return
    click.echo(f"{_figures(capture)}; ended: {ended}", err=True)
    if blanker:
        click.echo(f"secrets were blanked in {blanker.blanked} packets", err=True)
    for name in names:
        click.echo(name, err=True)
