"""The options by which both capture commands are told what is wanted, and what they mean."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli import completing
from bellrock.cli.output import Failure
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import WholeRange

if TYPE_CHECKING:
    from bellrock.capture.values import Addresses, Wanted
    from bellrock.flows.values import Flow

F = TypeVar("F", bound=Callable[..., Any])
ROLE_OPTIONS: Final = ("rack", "region", "node")


def wanted_options(command: F) -> F:
    """Give a command the options of a selection; it gets them as `**selection`, for `wanted`."""
    options = [
        click.argument("flows", nargs=-1, metavar="[FLOW]...", shell_complete=completing.flows),
        click.option("--all", "everything", is_flag=True, help="All flows of the catalogue."),
        click.option(
            "--site", type=PathName(path_type=Path), metavar="FILE",
            help="Ports and addresses of a site; --role and its like take the place of the site's.",
        ),
        click.option("--profile", metavar="NAME", help="Ports of this profile, where there is no site.  [default: standard]"),
        click.option("--role", "roles", multiple=True, metavar="ROLE=ADDRESS,...", help="Who plays a role; may be given again."),
        *(
            click.option(f"--{role}", multiple=True, metavar="ADDRESS,...", help=f"The same as --role {role}=ADDRESS,...")
            for role in ROLE_OPTIONS
        ),
        click.option(
            "--host", "hosts", multiple=True, metavar="ADDRESS",
            help="Only packets that this address (or MAC address) sends or gets; may be given again.",
        ),
        click.option("--subnet", "subnets", multiple=True, metavar="PREFIX", help="The same for a subnet."),
        click.option(
            "--tags", type=WholeRange(0, 2), default=2, show_default=True, help="Frames with at most so many VLAN tags."
        ),
        click.option("--errors", is_flag=True, help="Also ICMP errors about packets of these flows."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def wanted(selection: dict[str, Any]) -> "Wanted":
    """What the options ask for; without flows, packets of all kinds.

    Raises:
        Failure: an unknown flow or role, or an address that is none (exit 2); a site that cannot be read (exit 3).
    """
    from bellrock.capture.selection import SelectionError, assignments, stations_and_hosts
    from bellrock.capture.values import Wanted
    from bellrock.flows.catalogue import UnknownFlowError
    from bellrock.flows.profiles import UnknownProfileError

    given = [*selection["roles"], *(f"{role}={text}" for role in ROLE_OPTIONS for text in selection[role])]
    try:
        flows, addresses = _known(selection)
        stations, about = stations_and_hosts((*selection["hosts"], *selection["subnets"]))
        return Wanted(
            flows=flows, addresses={**addresses, **assignments(given)}, about=about, stations=stations,
            tags=selection["tags"], errors=selection["errors"],
        )  # fmt: skip
    except (SelectionError, UnknownFlowError, UnknownProfileError) as error:
        raise Failure(str(error)) from None


def _known(selection: dict[str, Any]) -> tuple[tuple["Flow", ...], "Addresses"]:
    """The flows asked for, with the ports of site or profile, and the addresses of the site's roles."""
    from bellrock.capture.selection import addresses_of, chosen
    from bellrock.flows.crossing import flows_of
    from bellrock.flows.profiles import catalogue

    if selection["site"] is None:
        there = catalogue(selection["profile"] or "standard")
        return _asked(selection, there, chosen(selection["flows"], there)), {}
    if selection["profile"]:
        raise Failure("--site names its profile itself; leave out --profile")
    from bellrock.cli.sitefile import read_site

    site = read_site(selection["site"])
    there = flows_of(site)
    absent = {flow.id for flow in chosen(selection["flows"], catalogue(site.profile))} - {flow.id for flow in there}
    if absent:
        raise Failure(f"{selection['site']}: the site has disabled flow {', '.join(sorted(absent))}")
    return _asked(selection, there, chosen(selection["flows"], there)), addresses_of(site)


def _asked(selection: dict[str, Any], there: tuple["Flow", ...], some: tuple["Flow", ...]) -> tuple["Flow", ...]:
    if selection["everything"] and some:
        raise Failure("--all is all flows; name some, or say --all")
    return there if selection["everything"] else some
