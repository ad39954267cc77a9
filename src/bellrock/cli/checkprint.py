"""Prints the verdict on a ruleset: the sum first, then what is wrong and why, then what is too much."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli import checkflows
from bellrock.cli.checkadvice import Setting, advice
from bellrock.cli.checkcauses import causes, lines, title
from bellrock.cli.output import print_table, printable
from bellrock.cli.tables import width

if TYPE_CHECKING:
    from bellrock.firewall.verify.report import Report, RuleRef, Wider

_ROWS: Final = ("Flow", "Who", "Verdict", "By")
_DETAILS: Final = ("Flow", "Exchange", "From", "To", "Direction", "Verdict", "By")
_CAUSES: Final = {"accept": "red", "drop": "red", "reject": "red", "unknown": "magenta"}
_OF_WIDER: Final = "wider:"
"""How the note begins that is about nothing else."""


def say(report: "Report", setting: Setting, limit: int, *, whole: bool) -> None:
    """Print a report. `limit`: of rules that are too wide, and of those that do nothing; `whole`: every exchange, and every note."""
    for text, verdict in checkflows.headline(report):
        click.echo(click.style(text, fg=checkflows.COLOURS.get(verdict.partition(" ")[0])), nl=False)
    click.echo()
    if whole and report.flows:
        print_table(_DETAILS, checkflows.details(report), "", checkflows.COLOURS)
    elif report.flows:
        print_table(_ROWS, checkflows.rows(report), "", checkflows.COLOURS)
    _say_causes(report, setting)
    _say_section("Wider than needed", list(dict.fromkeys(map(_wider, report.wider))), limit)
    _say_section("Rules that do nothing", list(_idle(report)), limit)
    for note in report.notes:
        if whole or report.wider or not note.startswith(_OF_WIDER):
            _say(f"Note: {note}", "", err=True)


def _say_causes(report: "Report", setting: Setting) -> None:
    for held in causes(report):
        _say(title(held.cause), "", _CAUSES[held.cause.verdict])
        for line in lines(held, report):
            _say(line, "  ")
        for line in advice(held, setting):
            if line.startswith(" "):
                click.echo(f"    {printable(line.strip())}")
            else:
                _say(line, "  → ")
        click.echo()


def _say_section(name: str, sentences: list[str], limit: int) -> None:
    if not sentences:
        return
    click.echo(click.style(f"{name}:", bold=True))
    for sentence in sentences[:limit]:
        _say(sentence, "  ")
    if len(sentences) > limit:
        _say(f"… and {len(sentences) - limit} more; --wider-limit {len(sentences)} shows them", "  ")


def _wider(one: "Wider") -> str:
    rule = str(one.rule) if one.rule.chain else "a hook that no rule filters"
    return f"{rule} — {'may let' if one.may else 'lets'} through {one.text}"


def _idle(report: "Report") -> Iterator[str]:
    """Those first that would do something else than what is done in their place."""
    shadows = sorted(report.shadowed, key=lambda one: not one.changes)
    for one in shadows:
        other = ", with another verdict" if one.changes else ""
        verb = "takes" if len(one.by) == 1 else "take"
        yield f"{one.rule} — never decides: {_by(one.by, one.rule)} {verb} all of its packets before{other}"
    known = {one.rule for one in shadows}
    for dead in report.dead:
        if dead.rule not in known:
            yield f"{dead.rule} — can never match: {dead.why}"


def _by(rules: "Iterable[RuleRef]", rule: "RuleRef") -> str:
    """Rules of the same chain by their handles."""
    texts = [
        f"handle {one.handle}" if one.chain == rule.chain and not one.policy
        else f"policy {one.policy} of {one.chain}" if one.policy else f"{one.chain} handle {one.handle}"
        for one in rules
    ]  # fmt: skip
    return ", ".join(texts[:4]) + (f" and {len(texts) - 4} more" if len(texts) > 4 else "")


def _say(text: str, start: str, colour: str | None = None, *, err: bool = False) -> None:
    """A sentence in lines that fit the terminal; what follows the first is indented further."""
    from textwrap import wrap

    for line in wrap(
        printable(text), width=max(width() - 1, 40), initial_indent=start, subsequent_indent=" " * (len(start) + 2),
        break_on_hyphens=False, break_long_words=False,
    ):  # fmt: skip
        click.echo(click.style(line, fg=colour, bold=True) if colour else line, err=err)
