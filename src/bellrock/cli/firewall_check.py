"""`bellrock firewall check`: what a ruleset does with each flow that a site needs, both ways."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli.firewall_options import read_place
from bellrock.cli.output import Failure, json_option, print_json, print_table, printable
from bellrock.cli.sitefile import read_site

if TYPE_CHECKING:
    from bellrock.firewall.verify.report import FlowVerdict, Report
    from bellrock.firewall.verify.ruleset import Ruleset

_COLOURS: Final = {"passes": "green", "blocked": "red", "partly": "yellow", "unknown": "magenta"}
_SITE: Final = Path("site.toml")


@click.command(epilog="Example: bellrock firewall check --site site.toml --for router --ruleset /etc/nftables.conf")
@click.option("--site", type=click.Path(path_type=Path), default=_SITE, show_default=True, help="The site file.")
@click.option(
    "--for",
    "places",
    multiple=True,
    help="Where the rules live: router, bmc, or a role; several for a machine that plays them.",
)
@click.option(
    "--ruleset",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file of nft's language, its JSON, or iptables-save; give it twice for IPv4 and IPv6. Without it: the live rules.",
)
@click.option(
    "--wider-limit", type=click.IntRange(0, 100_000), default=10, show_default=True, metavar="N",
    help="Rules that let through more than is needed, of which to print at most this many.",
)  # fmt: skip
@json_option
@click.pass_context
def check(
    context: click.Context, site: Path, places: tuple[str, ...], files: tuple[Path, ...], wider_limit: int, *, as_json: bool
) -> None:  # fmt: skip
    """Decide what a ruleset lets through, flow by flow and both ways, exactly: as sets of packets and not as samples.

    Prints what blocks, what is missing, what passes that no flow needs, and rules that do nothing. Without --for it is
    the rules of a router, where the ruleset has a forward chain.

    Exit codes: 0 all needed flows pass and no forbidden one does, 1 some do not, 2 usage or a mistake in the site,
    3 it cannot be told of some, or the ruleset cannot be read.
    """
    from bellrock.firewall.verify.check import check as checked
    from bellrock.firewall.verify.ruleset import RulesetError

    read = read_site(site)
    named = read_place(places, read) if places else None
    ruleset = _ruleset(files)
    place = named if named is not None else read_place(_place(ruleset), read)
    try:
        report = checked(ruleset, read, place)
    except RulesetError as error:
        raise Failure(f"{_name(files)}: {error}", 3) from None
    if as_json:
        print_json(_limited(report, wider_limit))
    else:
        _print(report, wider_limit)
    context.exit(report.exit_code)


def _ruleset(files: tuple[Path, ...]) -> "Ruleset":
    from bellrock.cli import nft

    return nft.merged([nft.from_file(path) for path in files]) if files else nft.live()


def _name(files: tuple[Path, ...]) -> str:
    return ", ".join(map(str, files)) or "the live ruleset"


def _place(ruleset: "Ruleset") -> tuple[str, ...]:
    if any(chain.hook == "forward" and chain.family != "bridge" for chain in ruleset.chains.values()):
        return ("router",)
    raise Failure(
        "the ruleset has no forward chain, so it is not a router's; say with --for which roles this host plays"
    )


def _limited(report: "Report", wider: int) -> "Report":
    from msgspec import structs

    return structs.replace(report, wider=report.wider[:wider])


def _print(report: "Report", wider: int) -> None:
    rows = [_row(one) for one in report.flows]
    columns = ("Flow", "Exchange", "From", "To", "Direction", "Verdict", "By")
    print_table(columns, rows, "This site needs no flow here.", _COLOURS)
    _say_gaps(report)
    _say_wider(report, wider)
    for dead in report.dead:
        click.echo(f"{printable(str(dead.rule))}\n  can never match: {printable(dead.why)}")
    for shadow in report.shadowed:
        click.echo(f"{printable(str(shadow.rule))}\n  never decides: {_by(shadow.by)} takes all of its packets first")
    for note in report.notes:
        click.echo(f"Note: {printable(note)}", err=True)
    click.echo(_total(report))


def _row(one: "FlowVerdict") -> tuple[str, ...]:
    word = one.verdict if one.wanted == "pass" or one.holds else f"{one.verdict} and must not"
    rule = one.rules[-1] if one.rules else None
    return (
        one.flow,
        f"{one.exchange} IPv{one.family}",
        one.source,
        one.destination,
        one.direction,
        word,
        str(rule or ""),
    )


def _say_gaps(report: "Report") -> None:
    """What is missing, once for each reason."""
    for one in report.flows:
        if one.holds:
            continue
        head = f"{one.flow} {one.exchange}, {one.source} → {one.destination}, {one.direction}:"
        click.echo(click.style(head, fg=_COLOURS.get(one.verdict), bold=True))
        if one.wanted == "block":
            click.echo(f"  must not pass, and {'may' if one.verdict == 'unknown' else 'does'}: {_by(one.rules)}")
        for gap in one.missing:
            why = f" ({printable(gap.why)})" if gap.why else ""
            word = "cannot be told" if gap.verdict == "unknown" else f"{gap.verdict} of"
            click.echo(f"  {word} {gap.of}: {printable(gap.text)}{why}")
            click.echo(f"    by {_by(gap.rules)}")


def _say_wider(report: "Report", limit: int) -> None:
    for one in report.wider[:limit]:
        less = f", less what {len(one.less)} earlier rules take" if one.less else ""
        click.echo(f"{printable(str(one.rule))}\n  lets through what no flow needs: {printable(one.text)}{less}")
    if len(report.wider) > limit:
        click.echo(f"… and {len(report.wider) - limit} more rules that are wider than needed; --wider-limit shows them")


def _by(rules: tuple[object, ...]) -> str:
    return "; ".join(printable(str(rule)) for rule in rules) or "no rule"


def _total(report: "Report") -> str:
    counts = {word: sum(one.verdict == word for one in report.summary) for word in _COLOURS}
    words = [click.style(f"{number} {word}", fg=_COLOURS[word]) for word, number in counts.items() if number]
    broken = sum(not one.holds for one in report.flows)
    verdict = f"{broken} directions are not as the site wants them" if broken else "everything is as the site wants it"
    return f"Flows: {', '.join(words) or 'none'}; {verdict}."
