"""`bellrock firewall build` and `explain`: the rules that a place needs, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bellrock.cli.firewall_options import read_options, read_place, rule_options, say_notices
from bellrock.cli.output import EXIT_UNREADABLE, Failure, json_option, print_json
from bellrock.cli.paths import PathName
from bellrock.cli.sitefile import read_site

if TYPE_CHECKING:
    from bellrock.firewall.compile.policy import Artefact


@click.command(epilog="Example: bellrock firewall build --site site.toml --for router > bellrock.nft")
@rule_options
@click.option(
    "--target",
    default="nftables",
    show_default=True,
    help="The platform: nftables, iptables, ip6tables, cisco, juniper …",
)
@click.option("--explain", is_flag=True, help="Write above each rule why it is there.")
@click.option("-o", "--output", type=PathName(path_type=Path), help="Write to this file instead of stdout.")
@json_option
def build(
    site: Path, places: tuple[str, ...], target: str, output: Path | None, *, explain: bool, as_json: bool, **wanted: Any  # noqa: ANN401 -- the options of rule_options
) -> None:  # fmt: skip
    """Write the firewall rules that a place needs, from the flow catalogue and a site.

    Rules go to stdout. What the site leaves open and what the platform cannot say goes to stderr, and into the rules
    as comments.

    Exit codes: 0 written, 2 usage or a mistake in the site, 3 a file could not be read or written.
    """
    artefact = make(site, places, target, wanted, explain=explain)
    say_notices(artefact.notices)
    if output is not None:
        _write(output, artefact.text)
    if as_json:
        place = " and ".join(places)
        text = artefact.text
        print_json({"target": artefact.target, "place": place, "text": text, "notices": artefact.notices})
    elif output is None:
        click.echo(artefact.text, nl=False)


@click.command(epilog="Example: bellrock firewall explain --site site.toml --for router")
@rule_options
@json_option
def explain(site: Path, places: tuple[str, ...], *, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 -- as above
    """Say why each rule is there: flow, exchange, standard and note, as Markdown.

    Exit codes: 0 said, 2 usage or a mistake in the site, 3 the site could not be read.
    """
    from bellrock.firewall.compile.explain import explain as explained
    from bellrock.firewall.compile.policy import CompileError, policy

    read = read_site(site)
    try:
        meant = policy(read, read_place(places, read), read_options(wanted))
    except CompileError as error:
        raise Failure(str(error)) from None
    text = explained(meant)
    if as_json:
        print_json({"place": " and ".join(places), "text": text, "notices": meant.notices})
    else:
        click.echo(text, nl=False)


def make(
    site: Path, places: tuple[str, ...], target: str, wanted: dict[str, Any], *, explain: bool = False
) -> "Artefact":
    """The rules that the options ask for.

    Raises:
        Failure: a mistake in the site or in the options.
    """
    from bellrock.firewall.compile.build import build as built
    from bellrock.firewall.compile.policy import CompileError

    read = read_site(site)
    try:
        return built(read, read_place(places, read), target, read_options(wanted, explain=explain))
    except CompileError as error:
        raise Failure(str(error)) from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", EXIT_UNREADABLE) from None
