"""`bellrock lab scenario`: faults to train with, and the judge of the tool."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bellrock.cli import completing
from bellrock.cli.labtold import lab_told
from bellrock.cli.output import EXIT_NO, Failure, json_option, print_json, print_table, printable
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import FiniteRange, WholeRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bellrock.lab.scenario.run import Report
    from bellrock.lab.scenario.schema import Scenario

_COLUMNS = ("scenario", "verdict", "found", "missed", "false alarms", "seconds")
_COLOURS = {"right": "green", "wrong": "red", "failed": "red"}


@click.group(epilog="Example: bellrock lab scenario run dhcp-two-servers")
def scenario() -> None:
    """Known faults of provisioning networks, made to happen with real servers, and whether Bellrock names them."""


@scenario.command("list", epilog="Example: bellrock lab scenario list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show the scenarios: what goes wrong in each, as a person meets it."""
    from bellrock.lab.scenario import parse

    with lab_told():
        known = [parse.scenario(name) for name in parse.names()]
    if as_json:
        print_json([_summary(one) for one in known])
        return
    rows = [
        (one.name, one.file.title, ", ".join(map(str, one.file.cases)), "played" if one.file.played else "")
        for one in known
    ]
    print_table(("scenario", "what is wrong", "case", ""), rows, "there are no scenarios")


@scenario.command(epilog="Example: bellrock lab scenario show dhcp-two-servers")
@click.argument("name", shell_complete=completing.scenarios)
@json_option
def show(name: str, *, as_json: bool) -> None:
    """Show a scenario (or the one in a file NAME.toml): its story, its faults, and what must be found."""
    from msgspec import to_builtins

    from bellrock.lab.scenario import parse

    with lab_told():
        one = parse.scenario(name)
    if as_json:
        print_json(_summary(one) | {"faults": to_builtins(one.file.fault), "looks": to_builtins(one.file.look)})
        return
    click.echo(f"{one.name}: {one.file.title}")
    for label, text in (("story", one.file.story), ("world", one.file.world), ("not real", one.file.played)):
        if text:
            click.echo(f"  {label:<9} {printable(text)}")
    for fault in _faults(one):
        click.echo(f"  fault     {printable(fault)}")
    for expected in one.file.expect:
        click.echo(f"  expected  {expected.id}   (bellrock explain {expected.id})")
    if not one.file.expect:
        click.echo("  expected  nothing: all is well here")


@scenario.command(epilog="Example: bellrock lab scenario run dhcp-two-servers --keep /tmp/two")
@click.argument("names", nargs=-1, shell_complete=completing.scenarios)
@click.option("--all", "everything", is_flag=True, help="Every scenario.")
@click.option(
    "--healthy",
    type=WholeRange(1, 1000),
    metavar="N",
    help="Also N random healthy networks, in which nothing may be found.",
)
@click.option(
    "--pairs",
    type=WholeRange(1, 1000),
    metavar="N",
    help="Also N random pairs of faults, of which both must be named.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of what is random.")
@click.option(
    "--watch-flapping",
    type=FiniteRange(1, 3600),
    metavar="SECONDS",
    help="Look at NAMES again and again for so long: findings must stay.",
)
@click.option("--jobs", type=WholeRange(1, 16), default=2, show_default=True, help="So many at a time.")
@click.option(
    "--keep",
    type=PathName(path_type=Path, file_okay=False),
    help="Keep captures, site file and logs of each in a directory here.",
)
@json_option
def run(
    names: tuple[str, ...], everything: bool, healthy: int | None, pairs: int | None, seed: int, watch_flapping: float | None, jobs: int,
    keep: Path | None, *, as_json: bool,
) -> None:  # fmt: skip
    """Build each scenario's network with real servers, make its faults happen, look, and judge what was found.

    Needs root. Exit 0: all was named right, and nothing else. Exit 1: something was missed, or told without reason. Exit 3: something
    could not be run.
    """
    from bellrock.lab.scenario import parse
    from bellrock.lab.scenario.run import run_many

    if not (names or everything or healthy or pairs):
        raise Failure("which scenario? give names (bellrock lab scenario list), --all, --healthy N or --pairs N")
    if watch_flapping and not (names or everything):
        raise Failure("--watch-flapping looks at scenarios; give names, or --all")
    with lab_told():
        chosen = [parse.scenario(name) for name in (parse.names() if everything else names)]
        made = [*_jobs(chosen, watch_flapping, keep), *_random_jobs(healthy or 0, pairs or 0, seed, keep)]
        reports = []
        for report in run_many(made, jobs):
            click.echo(f"{_verdict(report):<7} {report.name}   {report.seconds:.1f} s", err=True)
            reports.append(report)
    _tell(reports, as_json=as_json)
    if any(report.error for report in reports):
        sys.exit(3)
    if not all(report.right for report in reports):
        sys.exit(EXIT_NO)


def _jobs(chosen: "Sequence[Scenario]", flapping: float | None, keep: Path | None) -> "Iterator[Callable[[], Report]]":
    from functools import partial

    from bellrock.lab.scenario.flapping import watch
    from bellrock.lab.scenario.run import run as run_one

    for one in chosen:
        yield partial(watch, one, flapping) if flapping else partial(run_one, one, keep=keep and keep / one.name)


def _random_jobs(healthy: int, pairs: int, seed: int, keep: Path | None) -> "Iterator[Callable[[], Report]]":
    from functools import partial

    from bellrock.lab.scenario import parse
    from bellrock.lab.scenario.healthy import healthy as healthy_of
    from bellrock.lab.scenario.pairs import pairs as pairs_of
    from bellrock.lab.scenario.run import run as run_one
    from bellrock.lab.scenario.run import run_pair

    for number in range(seed, seed + healthy):
        one, world = healthy_of(number)
        yield partial(run_one, one, world, keep=keep and keep / one.name)
    known = [parse.scenario(name) for name in parse.names()] if pairs else []
    for pair in pairs_of(known, pairs, seed):
        yield partial(run_pair, pair, keep=keep and keep / pair.name)


def _tell(reports: "Sequence[Report]", *, as_json: bool) -> None:
    if as_json:
        print_json(
            {"scenarios": [_document(report) for report in reports], "right": sum(report.right for report in reports)}
        )
        return
    rows = [_row(report) for report in sorted(reports, key=lambda one: (one.right, one.name))]
    print_table(_COLUMNS, rows, "nothing was run", _COLOURS)
    click.echo(f"{sum(report.right for report in reports)} of {len(reports)} right")


def _row(report: "Report") -> tuple[str, ...]:
    judged = report.judgement
    missed = report.error or ", ".join(judged.missed) or ("" if judged.first else f"first is {_first(report)}")
    return (
        report.name,
        _verdict(report),
        ", ".join(judged.found),
        missed,
        "; ".join(judged.false),
        f"{report.seconds:.1f}",
    )


def _first(report: "Report") -> str:
    return str(report.findings[0].get("id")) if report.findings else "nothing"


def _verdict(report: "Report") -> str:
    return "failed" if report.error else "right" if report.right else "wrong"


def _document(report: "Report") -> dict[str, Any]:
    judged = report.judgement
    return {
        "scenario": report.name, "verdict": _verdict(report), "found": judged.found, "missed": judged.missed, "false_alarms": judged.false,
        "first": judged.first, "seconds": round(report.seconds, 2), "error": report.error, "findings": report.findings,
    }  # fmt: skip


def _summary(one: "Scenario") -> dict[str, Any]:
    file = one.file
    return {
        "name": one.name, "title": file.title, "story": file.story, "cases": file.cases, "played": file.played, "world": file.world,
        "expected": [expected.id for expected in file.expect],
    }  # fmt: skip


def _faults(one: "Scenario") -> "Iterator[str]":
    """Each fault in a line: where, and the keys of its action as the file has them."""
    from msgspec import json

    from bellrock.lab.scenario.check import action

    for fault in one.file.fault:
        what = action(fault)
        value = getattr(fault, what)
        text = (
            " ".join(value)
            if isinstance(value, tuple)
            else value
            if isinstance(value, str)
            else json.encode(value).decode()
        )
        where = f"at {fault.at}: " if fault.at else ""
        yield f"{where}{what} {text}" + (f", before {fault.before}" if fault.before else "")
