"""What the commands of `bellrock firewall` share: which site, which place, how the rules are to be written."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.output import Failure, printable
from bellrock.cli.paths import PathName

if TYPE_CHECKING:
    from bellrock.firewall.compile.policy import Options
    from bellrock.flows.passages import Place
    from bellrock.flows.site import Site

_F = TypeVar("_F", bound=Callable[..., Any])

STYLES: Final = ("sets", "linear", "sketch")


def rule_options(command: _F) -> _F:
    """Site, place, and the operator's choices; the command gets them as `site`, `places` and, for `wanted`, all others."""
    for option in reversed((
        click.option("--site", required=True, type=PathName(path_type=Path), help="The site file."),
        click.option(
            "--for", "places", multiple=True, required=True,
            help="Where the rules will live: router, bmc (the router before BMCs), ROLE-gateway, or a role; several roles for a machine that plays them.",
        ),
        click.option("--style", type=click.Choice(STYLES), default="sets", show_default=True, help="How nftables rules are written."),
        click.option("--table", default="bellrock", show_default=True, help="The table that is ours."),
        click.option("--spoof-guard", is_flag=True, help="Routers: drop sources that live behind one of the site's interfaces and come in at another; all others are left to the rules."),
        click.option("--open-output", is_flag=True, help="On hosts: do not filter what leaves."),
        click.option("--no-helper", is_flag=True, help="Open TFTP's data ports instead of using the kernel's helper."),
        click.option("--no-log", is_flag=True, help="Do not log what is dropped."),
    )):  # fmt: skip
        command = option(command)
    return command


def read_place(places: tuple[str, ...], site: "Site") -> "Place":
    """Where the rules will live.

    Raises:
        Failure: there is no such place at the site.
    """
    from bellrock.flows.place import parse_place
    from bellrock.flows.site import SiteError

    try:
        return parse_place(places, site)
    except SiteError as error:
        raise Failure(f"--for: {error}") from None


def read_options(wanted: dict[str, Any], *, explain: bool = False) -> "Options":
    """The operator's choices as values."""
    from bellrock.firewall.compile.policy import Options, Style

    return Options(
        style=Style(wanted["style"]),
        table=wanted["table"],
        spoof_guard=wanted["spoof_guard"],
        filter_output=not wanted["open_output"],
        helpers=not wanted["no_helper"],
        log=not wanted["no_log"],
        explain=explain,
    )


def say_notices(notices: tuple[str, ...]) -> None:
    """On stderr, so that rules on stdout stay rules."""
    for notice in notices:
        click.echo(f"Notice: {printable(notice)}", err=True)
