"""`bellrock firewall check`: what a ruleset does with each flow that a site needs, both ways."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellrock.cli.firewall_options import read_place
from bellrock.cli.output import Failure, json_option, print_json
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import WholeRange
from bellrock.cli.sitefile import read_site

if TYPE_CHECKING:
    from bellrock.cli.checkadvice import Setting
    from bellrock.firewall.verify.report import Report
    from bellrock.firewall.verify.ruleset import Ruleset
    from bellrock.flows.passages import Place
    from bellrock.flows.site import Site

_SITE: Final = Path("site.toml")


@click.command(epilog="Example: bellrock firewall check --site site.toml --for router --ruleset /etc/nftables.conf")
@click.option("--site", type=PathName(path_type=Path), default=_SITE, show_default=True, help="The site file.")
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
    type=PathName(path_type=Path),
    help="A file of nft's language, its JSON, or iptables-save; - is standard input. Give it twice for IPv4 and IPv6. Without it: the live rules.",
)
@click.option(
    "--wider-limit", type=WholeRange(0, 100_000), default=10, show_default=True, metavar="N",
    help="Rules that let through more than is needed, and rules that do nothing: print at most this many of each.",
)  # fmt: skip
@click.option(
    "--all", "whole", is_flag=True, help="Print every exchange, family and direction of every flow, and all notes."
)
@json_option
@click.pass_context
def check(
    context: click.Context, site: Path, places: tuple[str, ...], files: tuple[Path, ...], wider_limit: int, *,
    whole: bool, as_json: bool,
) -> None:  # fmt: skip
    """Decide what a ruleset lets through, flow by flow and both ways, exactly: as sets of packets and not as samples.

    Prints a row for each flow, then cause by cause what does not pass and what to do about it, then what passes that
    no flow needs, and rules that do nothing. Without --for it is the rules of a router, where the ruleset has a
    forward chain.

    Exit codes: 0 all needed flows pass and no forbidden one does, 1 some do not, 2 usage or a mistake in the site,
    3 it cannot be told of some, or the ruleset cannot be read.
    """
    from bellrock.firewall.verify.check import check as checked
    from bellrock.firewall.verify.ruleset import RulesetError

    read = read_site(site)
    named = read_place(places, read) if places else None
    ruleset = _ruleset(files)
    places = places or _place(ruleset)
    place = named if named is not None else read_place(places, read)
    try:
        report = checked(ruleset, read, place)
    except RulesetError as error:
        raise Failure(f"{_name(files)}: {error}", 3) from None
    if as_json:
        print_json(_limited(report, wider_limit))
    else:
        from bellrock.cli.checkprint import say

        say(report, _setting(read, site, place, places, live=not files), wider_limit, whole=whole)
    context.exit(report.exit_code)


def _ruleset(files: tuple[Path, ...]) -> "Ruleset":
    from bellrock.cli import nft

    return nft.noted(nft.merged([nft.from_file(path) for path in files]) if files else nft.live())


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


def _setting(site: "Site", path: Path, place: "Place", places: tuple[str, ...], *, live: bool) -> "Setting":
    import shlex

    from bellrock.cli.checkadvice import Setting

    named = [word for one in places for word in ("--for", one)]
    command = shlex.join(["bellrock", "firewall", "build", "--site", str(path), *named])
    return Setting(site=site, place=place, command=command, live=live)
