"""Judges a case where people look: a rule that fails itself is told, and silences no other."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bellrock.diagnosis.case import Case
    from bellrock.model import Finding


def _complain(what: str) -> None:
    click.echo(what, err=True)


def judged_by_rules(
    case: "Case", more: "Iterable[Finding]" = (), say: Callable[[str], None] = _complain
) -> "tuple[Finding, ...]":
    """What is wrong, the gravest first; `say` is told of rules that failed. `more`: findings that were made elsewhere."""
    from bellrock.diagnosis.findings import judge_all

    def fault(rule: str, error: Exception) -> None:
        kind = type(error).__name__
        say(
            f"The rule {rule} failed ({kind}), and finds nothing here; the others do. This is a defect of bellrock: please report it."
        )

    return judge_all(case, more, fault).findings
