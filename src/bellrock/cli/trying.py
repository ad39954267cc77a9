"""Trying flows from this machine, for commands: options and secrets, names, progress, rounds."""

import asyncio
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import click
from msgspec import Struct, structs

from bellrock.cli.endpoints import EndpointError, resolve, secret_value
from bellrock.cli.output import EXIT_INTERRUPTED, EXIT_NO, EXIT_UNREADABLE, Failure, printable
from bellrock.cli.stopping import Stopping
from bellrock.model import Probed, Verdict
from bellrock.probe import Ask, Option, UnknownProbeError, probe_of, sweep
from bellrock.probe.manners import Manners
from bellrock.probe.sweep import DEFAULT, Limits, not_checked

COLOURS: Final = {
    "works": "green", "degraded": "yellow", "authentication-needed": "yellow", "not-checked": "dim", "exposed": "bold red",
    "wrong-service": "red", "refused": "red", "filtered": "red", "unreachable": "red", "tls-fault": "red",
}  # fmt: skip
FILE_SUFFIX: Final = "-file"
MAX_OPTION_FILE: Final = 64 * 1024
RESOLVING_AT_ONCE: Final = 64
Results = list[tuple[Probed, ...]]


def options_of(flow: str, given: Iterable[str], files: Iterable[Path] = ()) -> dict[str, str]:
    """`NAME=VALUE` texts, and files of them one to a line, as a probe's options; of `NAME-file=PATH` what the file holds.

    Raises:
        Failure: no such form, a secret on the command line, a file that cannot be read.
    """
    known = _options(flow)
    secret = {option.name for option in known if option.secret}
    found: dict[str, str] = {}
    for origin, text in [*((None, text) for text in given), *_lines(files)]:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Failure(f"{origin or '-o ' + text}: expected NAME=VALUE")
        name = name.strip()
        plain = name.removesuffix(FILE_SUFFIX) if name.removesuffix(FILE_SUFFIX) in secret else name
        if plain in found:
            raise Failure(f"{origin or '-o ' + name}: {plain} is given twice")
        if name.removesuffix(FILE_SUFFIX) in secret and name.endswith(FILE_SUFFIX):
            found[name.removesuffix(FILE_SUFFIX)] = secret_value(Path(value.strip()), name)
        elif name in secret and origin is not None and _everybody_reads(Path(origin.rpartition(":")[0])):
            path = origin.rpartition(":")[0]
            raise Failure(f"{origin}: {name} is secret, and everybody may read the file; chmod 600 {path}")
        elif name in secret and origin is None:
            raise Failure(
                f"-o {name}: it is secret, and everybody sees what programs are started with; give -o {name}-file=FILE, or --option-file"
            )
        else:
            found[name] = value.strip() if origin else value
    return found


def site_options(flow: str, given: dict[str, str]) -> dict[str, str]:
    """The options that a site file gives a flow.

    Raises:
        Failure: a secret that stands in it, or its file cannot be read.
    """
    for option in _options(flow):
        if option.secret and option.name in given:
            raise Failure(
                f'[probe.{flow}]: {option.name} is secret, and a site file is not; write {option.name}-file = "PATH"'
            )
    return options_of(flow, (f"{name}={value}" for name, value in given.items()))


def _options(flow: str) -> tuple[Option, ...]:
    try:
        return probe_of(flow).options
    except UnknownProbeError as error:
        raise Failure(str(error)) from None


def _everybody_reads(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def _lines(files: Iterable[Path]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in files:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_OPTION_FILE + 1)
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
        if len(raw) > MAX_OPTION_FILE:
            raise Failure(f"{path}: more than {MAX_OPTION_FILE} octets of options")
        lines = enumerate(raw.decode(errors="replace").splitlines(), 1)
        found += [
            (f"{path}:{number}", line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")
        ]
    return found


class Todo(Struct, frozen=True):
    """Something to be tried."""

    ask: Ask
    host: str = ""
    """A name, where the ask has no address yet: what it resolves to is asked."""
    every_address: bool = False
    """Whether all addresses that the name has are tried, and not the one alone that clients try first."""


Work = Todo | Probed
"""To be tried, or known without that it cannot be."""


async def try_all(work: Sequence[Work], show: "Progress", manners: Manners, limits: Limits = DEFAULT) -> Results:
    """What became of each, in order. A name that does not resolve is `not-checked`; the others do not wait for it."""
    results: Results = [(one,) if isinstance(one, Probed) else () for one in work]
    show.begin(sum(isinstance(one, Todo) for one in work))
    resolving, trying = asyncio.Semaphore(RESOLVING_AT_ONCE), asyncio.Semaphore(limits.at_once)

    async def those(places: list[int], asks: list[Ask]) -> None:
        for place, found in zip(places, await sweep(asks, limits, done=show.done, manners=manners), strict=True):
            results[place] = found

    async def named(place: int, todo: Todo, ask: Ask) -> None:
        try:
            async with resolving:
                addresses = await resolve(todo.host, ask.within)
        except EndpointError as error:
            results[place] = (not_checked(structs.replace(ask, name=todo.host), str(error)),)
        else:
            asks = [structs.replace(ask, address=one) for one in addresses[: None if todo.every_address else 1]]
            async with trying:
                found = await sweep(asks, limits, manners=manners)
            results[place] = tuple(itertools.chain(*found))
        show.done(place, results[place])

    known: dict[int, Ask] = {}
    async with asyncio.TaskGroup() as group:
        for place, one in enumerate(work):
            if isinstance(one, Todo):
                ask = structs.replace(one.ask, nonce=os.urandom(16))
                if one.host:
                    group.create_task(named(place, one, ask))
                else:
                    known[place] = ask
        group.create_task(those(list(known), list(known.values())))
    show.clear()
    return results


class Progress:
    """One line on a terminal that is written over; nothing elsewhere."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._total = self._made = 0

    def begin(self, total: int) -> None:
        """So many are to be done."""
        self._total, self._made = total, 0

    def done(self, _: int, results: tuple[Probed, ...]) -> None:
        """One more is."""
        self._made += 1
        if self._wanted and results:
            last = f"{results[0].flow} {results[0].target}: {results[0].verdict}"
            click.echo(f"\r{printable(f'{self._made} of {self._total}  {last}')[:78]:<78}", nl=False, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._wanted:
            click.echo(f"\r{'':<78}\r", nl=False, err=True)


def rounds(
    work: Sequence[Work], told: Callable[[Results, int], int], every: float | None, limits: Limits = DEFAULT
) -> int:
    """Try all, once or every so many seconds until Ctrl-C; `told` prints a round, by its number, and says the exit code: that of the last round that was over, 130 if none was."""
    stopping = Stopping()

    async def run() -> int:
        stop, manners, number, code = stopping.event(), Manners(), 0, EXIT_INTERRUPTED
        while not stop.is_set():
            trial = asyncio.ensure_future(try_all(work, Progress(), manners, limits))
            waiting = asyncio.ensure_future(stop.wait())
            try:
                await asyncio.wait({trial, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if not trial.done():
                    return code
                code = told(trial.result(), number)
                number += 1
                if every is None:
                    return code
                await asyncio.wait({waiting}, timeout=every)
            finally:
                for one in (trial, waiting):
                    one.cancel()
                await asyncio.gather(trial, waiting, return_exceptions=True)
        return code

    return asyncio.run(run())


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """0 all works, 1 something does not, 3 something could not be checked (and all else works)."""
    seen = set(verdicts)
    if seen - {Verdict.WORKS, Verdict.NOT_CHECKED}:
        return EXIT_NO
    return EXIT_UNREADABLE if Verdict.NOT_CHECKED in seen or not seen else 0


def to_be_known(one: Probed) -> bool:
    """Whether trying again, or mending something, could say more: nothing ever answers syslog over UDP, that is `not-checked` at best."""
    return one.verdict is not Verdict.NOT_CHECKED or one.facts.get("confirmed") is not False


def milliseconds(value: float | None) -> str:
    """`0.4 ms`, `12 ms`; nothing where nothing came back."""
    return "" if value is None else f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"
