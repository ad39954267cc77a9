"""What the long-running commands share: options, settings of an agent, running until somebody stops it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.output import Failure, print_json_line

if TYPE_CHECKING:
    import asyncio

    from bellrock.agent.run import Ready as AgentReady
    from bellrock.agent.settings import Settings as AgentSettings

_F = TypeVar("_F", bound=Callable[..., Any])
MAX_NAME: Final = 253
"""Octets of a host name (RFC 1035 §2.3.4)."""
Run = Callable[["asyncio.Event"], Awaitable[None]]

state_dir_option = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where state is kept; also $BELLROCK_STATE_DIR. [default: /var/lib/bellrock for root, else ~/.local/state/bellrock]",
)
verbose_option = click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for everything.")
name_option = click.option("--name", default="", help="Host name to report. [default: this machine's]")


def agent_options(command: _F) -> _F:
    """What `up` and `rack` have in common."""
    for option in (
        click.option("--udp-only", is_flag=True, help="Use UDP sockets even where raw sockets are allowed."),
        click.option("--ignore", multiple=True, metavar="PATTERN", help="Leave interfaces alone, e.g. 'docker*'."),
        click.option(
            "--vlan",
            "vlans",
            multiple=True,
            metavar="IF:VID[,VID]",
            help="Beacon with these 802.1Q tags on IF, where there is no VLAN interface.",
        ),
        click.option("--speak-v1", is_flag=True, help="Send v1 copies (MAAS 3.7 and older) even while none is heard."),
    ):
        command = option(command)
    return command


def agent_settings(state_dir: Path, role: str, region: str, name: str, options: dict[str, Any]) -> "AgentSettings":
    """The settings of an agent from a command's options.

    Args:
        region: as typed: an URL, a Unix socket, the name of a region, or "" for the one that is heard.

    Raises:
        Failure: one of them is not what it should be.
    """
    from bellrock.agent.settings import Settings
    from bellrock.beacon import Config
    from bellrock.cli.address import check_wanted
    from bellrock.cli.vlans import parse_vlans
    from bellrock.model import Role

    check_wanted(region)
    if len(name) > MAX_NAME or not name.isprintable() or "/" in name or any(c.isspace() for c in name):
        raise Failure(f"--name {name}: expected at most {MAX_NAME} letters, digits, dots and hyphens, such as rack-1")
    return Settings(
        state_dir=state_dir,
        role=Role(role),
        name=name,
        region=region,
        vlans=parse_vlans(options["vlans"]),
        ignore=options["ignore"],
        udp_only=options["udp_only"],
        beacon=Config(speak_v1=options["speak_v1"]),
    )


def run_until_stopped(main: Run, *, as_json: bool) -> None:
    """Run until SIGINT or SIGTERM; expected errors become one line."""
    import asyncio

    from bellrock.cli.failures import as_failure, innermost
    from bellrock.cli.stopping import Stopping

    stopping = Stopping()

    async def until_stopped() -> None:
        await main(stopping.event())

    try:
        asyncio.run(until_stopped())
    except Exception as error:
        cause = innermost(error)
        if isinstance(cause, BrokenPipeError):
            raise cause from None
        failure = as_failure(error)
        if failure is None:
            raise
        raise failure from None
    if not as_json:
        click.echo("bellrock: stopped", err=True)


def start_logs(verbose: int) -> None:
    """Log to stderr, as much as `-v` asks for."""
    from bellrock.cli.logs import configure

    configure(verbose=verbose)


def say_agent(ready: "AgentReady", *, as_json: bool, label: str = "rack") -> None:
    """Tell that an agent listens and speaks, and what it cannot."""
    if as_json:
        print_json_line({"ready": "agent", "agent": ready.agent, "name": ready.name, "raw": ready.raw})
        return
    plural = "" if ready.interfaces == 1 else "s"
    how = "raw frames on every interface, configured or not" if ready.raw else "UDP sockets only"
    click.echo(f"{label:<8} {ready.name}: {ready.interfaces} interface{plural}, {how}")
    if not ready.raw:
        click.echo("         not seen: beacons on interfaces without address, VLAN tags, LLDP and CDP neighbours")
        click.echo(f"         to see them: {ready.hint}")
