"""`bellrock firewall diff`: what loading the rules would change, line by line as nft lists them."""

import difflib
import sys
from pathlib import Path
from typing import Any, Final

import click

from bellrock.cli.firewall_options import rule_options, say_notices
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, EXIT_USAGE, Failure, json_option, print_json
from bellrock.cli.paths import PathName

MAX_RULESET: Final = 64 << 20
"""Octets of a ruleset file."""


@click.command(epilog="Example: bellrock firewall diff --site site.toml --for router")
@rule_options
@click.option(
    "--ruleset", type=PathName(path_type=Path), help="Compare with this nftables file instead of the live table."
)
@json_option
def diff(site: Path, places: tuple[str, ...], ruleset: Path | None, *, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 -- the options of rule_options
    """Show what loading the rules would change in the table that is ours.

    Both sides are listed by nft itself: the new rules in a network namespace of their own. Counters do not count.

    Exit codes: 0 nothing would change, 1 something would, 2 usage or a mistake in the site, 3 nft or a file could not be
    read.
    """
    from bellrock.cli import nft_table
    from bellrock.cli.output import printable

    text = rules_to_load(site, places, wanted)
    nft_table.require_nft()
    table = wanted["table"]
    if ruleset is None:
        lines = changes(nft_table.listing(table, counters=False), text, table)
    else:
        lines = changes(_listed(ruleset, table), text, table, old_name=str(ruleset))
    if as_json:
        print_json({"changes": bool(lines), "diff": "".join(f"{line}\n" for line in lines)})
    else:
        for line in lines:
            click.echo(printable(line.replace("\t", "        ")))
    if lines:
        sys.exit(EXIT_NO)


def rules_to_load(site: Path, places: tuple[str, ...], wanted: dict[str, Any]) -> str:
    """The text that `apply` would load, its notices said.

    Raises:
        Failure: a mistake in site or options, or a style that is not a file to load.
    """
    from bellrock.cli.firewall_build import make

    if wanted["style"] == "sketch":
        raise Failure("style sketch is a beginning for a shell, not a table of ours; use sets or linear", EXIT_USAGE)
    artefact = make(site, places, "nftables", wanted)
    say_notices(artefact.notices)
    return artefact.text


def changes(before: str | None, text: str, table: str, old_name: str = "live") -> list[str]:
    """A unified diff from the table as it is listed to the table that `text` makes; empty where they are the same.

    Raises:
        Failure: `text` does not load.
    """
    from bellrock.cli import nft_table

    after = nft_table.as_listed(text, table)
    if after is None:
        click.echo("Notice: no namespace may be made to list the new rules: spelling differs as well", err=True)
        body = text[text.rindex(f"\ntable inet {table} {{\n") + 1 :]
        after = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("#"))
    return list(difflib.unified_diff((before or "").splitlines(), after.splitlines(), old_name, "new", lineterm=""))


def _listed(path: Path, table: str) -> str | None:
    """How nft would list the table of a file.

    Raises:
        Failure: the file cannot be read, is not in nft's language, or does not load.
    """
    from bellrock.cli import nft_iptables, nft_table

    text = _read(path)
    if nft_iptables.is_iptables(text):
        raise Failure(
            f"{path}: an iptables-save, and here files of nft are compared; bellrock firewall check reads it",
            EXIT_UNREADABLE,
        )
    try:
        return nft_table.as_listed(text, table)
    except Failure as error:
        raise Failure(f"{path}: {error.message.replace('/dev/stdin:', 'line ')}", error.exit_code) from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_RULESET + 1)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
    if len(raw) > MAX_RULESET:
        raise Failure(f"{path}: more than {MAX_RULESET >> 20} MiB; that is no ruleset", EXIT_UNREADABLE)
    return raw.decode(errors="replace")
