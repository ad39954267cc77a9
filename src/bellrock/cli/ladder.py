"""Boots for people, in a terminal: each as a ladder of steps, with where it stopped and why."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli.output import printable
from bellrock.cli.tables import width

if TYPE_CHECKING:
    from bellrock.diagnosis.boot import Boot, Step
    from bellrock.model import Finding

MAX_BOOTS: Final = 40
"""That are shown, those that stopped first; `--client` shows any."""
COLOURS: Final = {"worked": "green", "slow": "yellow", "failed": "red", "unanswered": "red"}
_LEAST: Final = 36
"""Columns that a sentence is given at least, however narrow the terminal is."""
_NAME: Final = 24


def print_ladders(boots: "Sequence[Boot]", findings: "Sequence[Finding]") -> None:
    """All of them, in their order; of too many those that stopped."""
    shown = boots if len(boots) <= MAX_BOOTS else sorted(boots, key=lambda one: not one.stopped_at)[:MAX_BOOTS]
    for boot in shown:
        for line in lines(boot, findings):
            click.echo(line)
        click.echo()
    if len(boots) > len(shown):
        click.echo(f"… and {len(boots) - len(shown)} more boots; --client MAC shows one, --json all of them")


def lines(boot: "Boot", findings: "Sequence[Finding]") -> Iterator[str]:
    """The lines of one, styled; click takes the styles out where there is no terminal."""
    from bellrock.diagnosis.boot_causes import cause
    from bellrock.diagnosis.boot_picture import title, told, unseen

    yield click.style(printable(title(boot)), bold=True, fg="red" if boot.stopped_at else None)
    for step in boot.steps:
        if told(step):
            yield from _step(step)
    if rest := unseen(boot):
        yield from (click.style(line, dim=True) for line in _wrapped(rest, "  ", "  "))
    why = cause(boot, findings)
    if why:
        yield from (click.style(line, fg="red") for line in _wrapped(f"because: {why.what}", "  ", "  "))


def _step(step: "Step") -> Iterator[str]:
    from bellrock.diagnosis.boot_picture import MARKS

    name = f"{step.step} {step.stage}".strip()
    head = f"{step.time:10.3f} s  {name:<{_NAME}}"
    packets = f" [packet{'s' if len(step.packets) > 1 else ''} {_ranges(step.packets)}]" if step.packets else ""
    first, *others = _wrapped(
        f"{step.outcome}: {step.what}{packets}", f"  {MARKS[step.outcome]} {head}", " " * (len(head) + 4)
    )
    colour = COLOURS.get(step.outcome)
    # The sign and the word are coloured, and not the rest: times and names are read in columns.
    yield first.replace(MARKS[step.outcome], click.style(MARKS[step.outcome], fg=colour), 1).replace(
        f"{step.outcome}:", f"{click.style(step.outcome, fg=colour)}:", 1
    )
    yield from others


def _wrapped(text: str, first: str, later: str) -> list[str]:
    room = max(width() - 1, len(later) + _LEAST)
    return textwrap.wrap(
        printable(text), width=room, initial_indent=first, subsequent_indent=later, break_on_hyphens=False, drop_whitespace=True
    )  # fmt: skip


def _ranges(numbers: tuple[int, ...]) -> str:
    """`1–4, 9`: numbers in a row as one."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
