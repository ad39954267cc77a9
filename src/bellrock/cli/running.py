"""What the long-running commands share: options, settings of an agent, running until somebody stops it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.output import Failure, print_json_line
from bellrock.cli.paths import PathName
from bellrock.cli.telling import remember

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
    type=PathName(path_type=Path, file_okay=False),
    help="Where state is kept; also $BELLROCK_STATE_DIR. [default: /var/lib/bellrock for root, else ~/.local/state/bellrock]",
)
_LOG_FORMAT: Final = "bellrock.cli.running.log_format"
_LOG_LEVEL: Final = "bellrock.cli.running.log_level"
_OTLP: Final = "bellrock.cli.running.otlp_endpoint"


def name_option_of(what: str, *, longest: int = MAX_NAME, such_as: str = "rack-1") -> Callable[[_F], _F]:
    """`--name`, "" where it is left out; `what` says what the name is for."""

    def checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
        if value == "":
            raise Failure("--name is empty; leave it out for this machine's host name")
        check_name(value or "", longest, such_as)
        return value or ""

    return click.option("--name", callback=checked, help=what)


name_option = name_option_of("Host name to report. [default: this machine's]")


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.meta[f"{__name__}.{parameter.name}"] = value


def _remember_format(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    remember(value)
    _remember(context, parameter, value)


def verbose_option(command: _F) -> _F:
    """How much is logged, and in which form."""
    for option in (
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            expose_value=False,
            is_eager=True,  # and after --config, whose file may say it: what is wrong with the others is told in this form
            callback=_remember_format,
            help="How stderr is written: for people, or a JSON object on each line. [default: text]",
        ),
        click.option(
            "--log-level",
            type=click.Choice(["debug", "info", "warning", "error"]),
            expose_value=False,
            callback=_remember,
            help="Say what is as grave as this, whatever -v says.",
        ),
        click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for everything."),
    ):
        command = option(command)
    return command


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


def otlp_option(command: _F) -> _F:
    """Where a region's traces go."""
    return click.option(
        "--otlp-endpoint",
        metavar="URL",
        expose_value=False,
        callback=_check_otlp,
        help="Send traces there by OTLP: https://HOST:PORT, or http://127.0.0.1:4318; needs bellrock[otel].",
    )(command)


def otlp_endpoint() -> str:
    """What was given; "" for nothing."""
    return str(click.get_current_context().meta.get(_OTLP, ""))


def _check_otlp(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        from bellrock.region.errors import RegionError
        from bellrock.region.tracing import endpoint_of

        try:
            context.meta[_OTLP] = endpoint_of(value)
        except RegionError as error:
            raise Failure(str(error)) from None


def _check_metrics(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value:
        from bellrock.agent.exposure import place_of
        from bellrock.link.device import LinkError

        try:
            place_of(value)
        except LinkError as error:
            raise Failure(str(error)) from None
    return value


def metrics_options(command: _F) -> _F:
    """Where an agent tells its figures."""
    for option in (
        click.option(
            "--metrics",
            default="",
            metavar="127.0.0.1:PORT|unix:PATH",
            callback=_check_metrics,
            help="Answer Prometheus there (/metrics), on this machine alone.",
        ),
        click.option(
            "--metrics-file",
            type=PathName(path_type=Path, dir_okay=False),
            help="Write the same there every 15 s, for node_exporter's textfile collector (a name that ends with .prom).",
        ),
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
    from bellrock.agent.exposure import why_not
    from bellrock.agent.settings import Settings
    from bellrock.beacon import Config
    from bellrock.cli.address import check_wanted
    from bellrock.cli.vlans import parse_vlans
    from bellrock.model import Role

    check_wanted(region)
    check_name(name)
    if (file := options.get("metrics_file")) is not None and (why := why_not(file)):
        raise Failure(f"--metrics-file {why}")
    return Settings(
        state_dir=state_dir,
        role=Role(role),
        name=name,
        region=region,
        vlans=parse_vlans(options["vlans"]),
        ignore=options["ignore"],
        udp_only=options["udp_only"],
        metrics=options.get("metrics", ""),
        metrics_file=options.get("metrics_file"),
        beacon=Config(speak_v1=options["speak_v1"]),
    )


def check_name(name: str, longest: int = MAX_NAME, such_as: str = "rack-1") -> None:
    """See that a machine may be called so.

    Raises:
        Failure: it may not.
    """
    if len(name) > longest or not name.isprintable() or "/" in name or any(c.isspace() for c in name):
        raise Failure(f"--name {name}: expected at most {longest} letters, digits, dots and hyphens, such as {such_as}")


def run_until_stopped(main: Run, *, as_json: bool) -> None:
    """Run until SIGINT or SIGTERM; expected errors become one line."""
    import asyncio

    from bellrock.cli.failures import as_failure
    from bellrock.cli.notify import attend
    from bellrock.cli.stopping import Stopping
    from bellrock.model.failing import innermost

    stopping = Stopping()

    async def until_stopped() -> None:
        stop = stopping.event()
        attending = asyncio.ensure_future(attend(stop))
        try:
            await main(stop)
        finally:
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)

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
    if not as_json and _logs()[0] == "text":
        click.echo("bellrock: stopped", err=True)


def start_logs(verbose: int) -> None:
    """Log to stderr, as much as `-v` or `--log-level` asks for, in the form of `--log-format`."""
    from bellrock.cli.logs import configure

    style, level = _logs()
    configure(verbose=verbose, style=style, level=level)


def _logs() -> tuple[str, str]:
    """Form and level of the logs, as the command's options have it."""
    context = click.get_current_context(silent=True)
    meta = context.meta if context else {}
    return meta.get(_LOG_FORMAT, "text"), meta.get(_LOG_LEVEL, "")


def say_agent(ready: "AgentReady", *, as_json: bool, label: str = "rack") -> None:
    """Tell that an agent listens and speaks, and what it cannot."""
    from bellrock.cli.notify import ready as notify_ready

    if label == "rack":
        notify_ready(f"{ready.name} listens and speaks on {ready.interfaces} interfaces")
    if as_json:
        print_json_line({"ready": "agent", "agent": ready.agent, "name": ready.name, "raw": ready.raw})
        return
    plural = "" if ready.interfaces == 1 else "s"
    how = "raw frames on every interface, configured or not" if ready.raw else "UDP sockets only"
    click.echo(f"{label:<8} {ready.name}: {ready.interfaces} interface{plural}, {how}")
    if not ready.raw:
        click.echo("         not seen: beacons on interfaces without address, VLAN tags, LLDP and CDP neighbours")
        click.echo(f"         to see them: {ready.hint}")
