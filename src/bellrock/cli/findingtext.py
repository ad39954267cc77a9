"""Findings for people: every command that tells of any prints them like this."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli.output import EXIT_NO, printable

if TYPE_CHECKING:
    from bellrock.diagnosis.findings_document import FindingDocument
    from bellrock.model import Finding

COLOURS: Final = {"error": "red", "warning": "yellow", "notice": "cyan"}
OF_WEIGHT: Final = ("error", "warning")
"""Severities of findings for which commands exit with 1."""
SHOWN: Final = 4
"""Symptoms that are written out."""


def print_findings(found: "Iterable[Finding]", *, proof: bool = True) -> None:
    """All of them, in order; `proof`: with what was seen."""
    from bellrock.diagnosis.findings_document import told

    for one in found:
        for line in lines(told(one), proof=proof):
            click.echo(line)


def lines(one: "FindingDocument", note: str = "", *, proof: bool = True) -> Iterator[str]:
    """The lines of one, styled; click takes the styles out where there is no terminal. `note` stands behind the first."""
    said = f": {one.what} [{one.id}]{f' ({note})' if note else ''}"
    yield click.style(str(one.severity), fg=COLOURS.get(one.severity)) + printable(said)
    if one.cause:
        yield printable(f"  {one.cause}{_sure(one.confidence)}")
    for text in one.proof if proof else ():
        yield printable(f"  seen: {text}")
    for text in one.fix:
        yield printable(f"  do:   {text}")
    if one.recheck:
        yield printable(f"  then: {one.recheck}")
    yield from _symptoms(one.symptoms)


def exit_code(found: "Iterable[Finding | FindingDocument]") -> int:
    """0: no finding of weight; 1: findings."""
    return EXIT_NO if any(one.severity in OF_WEIGHT for one in found) else 0


def _sure(confidence: str) -> str:
    return "" if confidence == "certain" else f" ({confidence})"


def _symptoms(texts: tuple[str, ...]) -> Iterator[str]:
    if not texts:
        return
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    word = "symptom" if len(texts) == 1 else "symptoms"
    yield printable(f"  {len(texts)} {word} of it: {'; '.join(texts[:SHOWN])}{more}")
