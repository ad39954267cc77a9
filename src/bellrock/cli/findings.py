"""`bellrock findings`: what is wrong by all that the region knows."""

import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

import click

from bellrock.cli import completing
from bellrock.cli.output import EXIT_UNREADABLE, Failure, json_option, print_json, print_json_line, printable
from bellrock.cli.ranges import FiniteRange
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from bellrock.client.routes import Routes
    from bellrock.client.shapes import Severity
    from bellrock.diagnosis.standing import FindingsView, FindingView

EVERY: Final = 2.0
MAX_FILE: Final = 2 * 1024 * 1024
"""Octets of a diagnosis that is handed in."""
MISSED: Final = 3
"""Looks in a row that failed: one may, where something changes under it."""
FIRST: Final = 15.0
"""Seconds that a region that has just begun is given for its first look."""


@click.command(epilog="Example: bellrock findings --severity error")
@click.option("--all", "all_states", is_flag=True, help="Also what is gone, and what follows from other findings.")
@click.option(
    "--severity", type=click.Choice(["error", "warning", "notice"]), help="Only those that are at least so grave."
)
@click.option(
    "--host",
    default="",
    metavar="NAME",
    shell_complete=completing.hosts,
    help="Only of this host, or client (MAC address).",
)
@click.option("--id", "rule", default="", metavar="ID", help="Only of this rule, such as dhcp-two-servers.")
@click.option("--brief", is_flag=True, help="One line for each.")
@click.option("--watch", is_flag=True, help="Show them again whenever something opens or is gone, until Ctrl-C.")
@click.option(
    "--every", type=FiniteRange(min=0.5, max=86_400), default=EVERY, show_default=True,
    help="Seconds between two looks of --watch.",
)  # fmt: skip
@click.option(
    "--hand-in", "handed", type=click.File("rb"), metavar="FILE",
    help="First give the region what `bellrock diagnose --json` printed (-: stdin); needs --source.",
)  # fmt: skip
@click.option("--source", default="", metavar="NAME", help="What was looked at for --hand-in, such as rack-1/eth1.")
@region_options
@json_option
def findings(
    region_url: str, state_dir: Path | None, severity: str | None, host: str, rule: str, handed: IO[bytes] | None, source: str, *,
    all_states: bool, brief: bool, watch: bool, every: float, as_json: bool,
) -> None:  # fmt: skip
    """Show what is wrong by all that the region knows: cause, proof and what to do, the gravest first.

    The region judges topology, verdicts, hosts and handed-in diagnoses every few seconds. What follows from another finding is shown as its
    symptom. `bellrock explain ID` says more about a finding.

    Exit 0: no finding of weight. 1: errors or warnings stand. 2: usage. 3: the region does not answer, has not looked yet (what was handed in
    counts), or cannot look.
    """
    if bool(source) is not (handed is not None):
        raise Failure("--hand-in FILE and --source NAME are given together, or neither")
    from functools import partial
    from http import HTTPStatus

    from bellrock.cli.client import Refusal
    from bellrock.cli.pages import ids
    from bellrock.client.routes import Routes

    since = 0.0
    if handed is not None:
        since = _hand_in(handed, source, region_url, state_dir)
    wanted = partial(
        Routes.findings, state="all" if all_states else None, severity=cast("Severity | None", severity), host=host or None, id=rule or None,
    )  # fmt: skip
    strange = bool(rule) and rule not in ids()
    shown: list[object] = []
    while True:
        try:
            found = _looked(region_url, state_dir, wanted, since)
        except Refusal as error:
            raise _unknown(rule) if strange and error.status == HTTPStatus.BAD_REQUEST else error from None
        if strange and not found.findings:
            raise _unknown(rule)  # of a region that takes any id
        state = [found.missed >= MISSED, *((one.key, one.state, one.severity) for one in found.findings)]
        if not shown or shown[-1] != state:
            if shown and not as_json:
                click.echo()
            _show(found, host, brief=brief, as_json=as_json, watch=watch)
            _warn(found, since)
            shown = [state]
        if not watch:
            break
        time.sleep(every)
    sys.exit(_exit_code(found, since))


def _looked(
    region_url: str, state_dir: Path | None, wanted: "Callable[[Routes], object]", since: float
) -> "FindingsView":
    """What the region says, once it has looked; at that time or later."""
    from bellrock.cli.asking import ask
    from bellrock.diagnosis.standing import FindingsView

    end = time.monotonic() + FIRST
    while True:
        found = ask(region_url, state_dir, FindingsView, wanted)
        if (found.looked is not None and found.looked >= since) or time.monotonic() > end:
            return found
        time.sleep(0.2)


def _unknown(rule: str) -> Failure:
    """Nothing of a rule that there is not is no all-clear. Findings that were handed in may have ids of their own."""
    from bellrock.cli.pages import ids
    from bellrock.flows.nearest import nearest

    return Failure(
        f"--id: no finding has the id {rule!r}; {nearest(rule, ids(), '`bellrock explain --list` lists them')}"
    )


def _show(found: "FindingsView", host: str, *, brief: bool, as_json: bool, watch: bool) -> None:
    from bellrock.cli.findingtext import lines

    if as_json:
        (print_json_line if watch else print_json)(found)
        return
    for one in found.findings:
        first, *rest = lines(one, _note(one))
        click.echo(first)
        for line in () if brief else rest:
            click.echo(line)
    click.echo(_sum(found, host))


def _note(one: "FindingView") -> str:
    from bellrock.cli.asking import when

    told = f", {printable(one.origin)}" if one.origin else ""
    if one.state == "gone":
        return f"gone since {when(one.gone)}{told}"
    if one.state == "explained":
        return f"follows from {one.by}{told}"
    words = {"flapping": "comes and goes", "unseen": f"not seen since {when(one.seen)}"}
    return f"{words.get(one.state, 'open')}, since {when(one.opened)}{told}"


def _sum(found: "FindingsView", host: str) -> str:
    from bellrock.cli.asking import when

    if found.looked is None:
        return "The region has not looked yet; ask again in some seconds."
    standing = [one for one in found.findings if one.state not in ("gone", "explained")]
    counts = [(sum(one.severity == word for one in standing), word) for word in ("error", "warning", "notice")]
    said = ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts if number)
    symptoms = sum(len(one.symptoms) for one in standing)
    cause = (
        f" ({symptoms} symptom{'' if symptoms == 1 else 's'}, {len(standing)} cause{'' if len(standing) == 1 else 's'})"
        if symptoms
        else ""
    )
    nothing = f"nothing stands of a host or client of the name {host!r}" if host else "nothing is wrong"
    return f"{said or nothing}{cause}, as of {when(found.looked)}"


def _warn(found: "FindingsView", since: float) -> None:
    """That what is shown is not what is so now."""
    from bellrock.cli.asking import when

    if found.missed >= MISSED:
        click.echo(
            f"Warning: the region could not look for {found.missed} times, last did {when(found.looked)}; its log says why: look-failed",
            err=True,
        )
    elif found.looked is not None and found.looked < since:
        click.echo(f"Warning: what was handed in is not judged yet; the last look was {when(found.looked)}", err=True)


def _exit_code(found: "FindingsView", since: float) -> int:
    from bellrock.cli.findingtext import exit_code

    code = exit_code(one for one in found.findings if one.state not in ("gone", "explained"))
    old = found.looked is None or found.looked < since or found.missed >= MISSED
    return EXIT_UNREADABLE if old else code


def _hand_in(file: IO[bytes], source: str, region_url: str, state_dir: Path | None) -> float:
    """Give the region a diagnosis; when it was taken.

    Raises:
        Failure: the file holds none, or the region does not take it.
    """
    import msgspec

    from bellrock.cli.asking import ask
    from bellrock.client.shapes import FindingDocument as Told
    from bellrock.client.shapes import NewDiagnosis
    from bellrock.diagnosis.findings_document import FindingDocument
    from bellrock.diagnosis.standing import DiagnosisView

    class Diagnosis(msgspec.Struct):
        findings: tuple[FindingDocument, ...]

    name = getattr(file, "name", "stdin")
    raw = file.read(MAX_FILE + 1)
    if len(raw) > MAX_FILE:
        raise Failure(f"{name}: more than {MAX_FILE >> 20} MiB; one diagnosis is expected")
    try:
        said = msgspec.json.decode(raw, type=Diagnosis)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Failure(f"{name}: not what `bellrock diagnose --json` prints: {error}", EXIT_UNREADABLE) from None
    found = NewDiagnosis(source=source, findings=msgspec.convert(msgspec.to_builtins(said.findings), tuple[Told, ...]))
    return ask(region_url, state_dir, DiagnosisView, lambda api: api.add_diagnosis(found)).at
