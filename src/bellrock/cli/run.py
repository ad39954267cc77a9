"""`bellrock up`, `bellrock region`, `bellrock rack`: the long-running ones."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.keys import default_state_dir, is_there, load_keyring, make_secret_file, secret_option
from bellrock.cli.output import Failure, json_option, print_json_line

if TYPE_CHECKING:
    import asyncio

    from bellrock.agent.run import Ready as AgentReady
    from bellrock.agent.settings import Settings as AgentSettings
    from bellrock.cli.firstlook import FirstLook
    from bellrock.region.server import Ready as RegionReady
    from bellrock.region.server import Settings as RegionSettings
    from bellrock.wire.keys import Keyring

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


@click.command(epilog="Example: bellrock up")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=5240, show_default=True, help="TCP port of API and page."
)
@click.option("--rebuild", is_flag=True, help="Move a corrupt store aside and start with an empty one.")
@secret_option
@state_dir_option
@name_option
@agent_options
@verbose_option
@json_option
def up(
    port: int,
    *,
    rebuild: bool,
    secret_files: tuple[Path, ...],
    state_dir: Path | None,
    name: str,
    verbose: int,
    as_json: bool,
    **agent: Any,  # noqa: ANN401 -- the options of agent_options
) -> None:
    """Run region and rack on this machine, with the page, on loopback only.

    A secret is made at the first start. Ctrl-C ends it.
    """
    from bellrock.cli.firstlook import FirstLook
    from bellrock.region.server import Settings as RegionSettings
    from bellrock.region.server import secrets_of

    _start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    secret = state_dir / "secret"
    settings = _agent_settings(state_dir / "rack", "rack", f"http://127.0.0.1:{port}", name, agent)
    if not secret_files and not _secret_elsewhere() and not is_there(secret):
        make_secret_file(secret)
    keyring = load_keyring(secret_files, secret)
    region = RegionSettings(
        state_dir=state_dir / "region",
        listen=(f"127.0.0.1:{port}",),
        keys=secrets_of(keyring),
        rebuild=rebuild,
    )
    look = FirstLook(
        settings.region, state_dir, keyring.keys[0].id, _secret_path(secret_files, secret), as_json=as_json
    )
    _run(lambda stop: _both(region, settings, keyring, look, stop, as_json=as_json), as_json=as_json)


@click.command(epilog="Example: bellrock region --secret-file /etc/bellrock/secret")
@click.option(
    "--listen",
    multiple=True,
    default=("127.0.0.1:5240",),
    show_default=True,
    metavar="ADDRESS:PORT|unix:PATH",
    help="Where to listen; loopback or a Unix socket, until TLS is there.",
)
@click.option("--in-lab", is_flag=True, help="Allow other addresses, inside a network namespace of a lab.")
@click.option("--rebuild", is_flag=True, help="Move a corrupt store aside and start with an empty one.")
@secret_option
@state_dir_option
@verbose_option
@json_option
def region(
    listen: tuple[str, ...],
    *,
    in_lab: bool,
    rebuild: bool,
    secret_files: tuple[Path, ...],
    state_dir: Path | None,
    verbose: int,
    as_json: bool,
) -> None:
    """Run a region: agents report to it, it knows the whole network, and it serves API and page."""
    from bellrock.region.server import Settings, secrets_of

    _start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    keyring = load_keyring(secret_files, state_dir / "secret")
    settings = Settings(
        state_dir=state_dir / "region",
        listen=listen,
        in_lab=in_lab,
        keys=secrets_of(keyring),
        rebuild=rebuild,
    )

    async def serve(stop: "asyncio.Event") -> None:
        from bellrock.agent.privileges import drop
        from bellrock.region.server import serve as serve_region

        await serve_region(
            settings, lambda ready: _say_region(ready, as_json=as_json), stop, lambda: drop(settings.state_dir)
        )

    _run(serve, as_json=as_json)


@click.command(epilog="Example: bellrock rack --region http://127.0.0.1:5240 --secret-file /etc/bellrock/secret")
@click.option(
    "--region", "region_url", default="http://127.0.0.1:5240", show_default=True, help="http://HOST:PORT or unix:PATH."
)
@click.option(
    "--role", type=click.Choice(["rack", "node"]), default="rack", show_default=True, help="What to report as."
)
@secret_option
@state_dir_option
@name_option
@agent_options
@verbose_option
@json_option
def rack(
    region_url: str,
    *,
    role: str,
    secret_files: tuple[Path, ...],
    state_dir: Path | None,
    name: str,
    verbose: int,
    as_json: bool,
    **agent: Any,  # noqa: ANN401 -- the options of agent_options
) -> None:
    """Run a rack: it listens and speaks on this machine's interfaces, and reports to a region.

    While the region cannot be reached, reports wait on disk, and beacons go on.
    """
    _start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    settings = _agent_settings(state_dir / "rack", role, region_url, name, agent)
    keyring = load_keyring(secret_files, state_dir / "secret")
    _run(lambda stop: _rack(settings, keyring, stop, as_json=as_json), as_json=as_json)


async def _rack(settings: "AgentSettings", keyring: "Keyring", stop: "asyncio.Event", *, as_json: bool) -> None:
    from bellrock.agent.run import open_all, run

    opened = open_all(settings)
    try:
        await run(settings, keyring, opened, lambda ready: _say_agent(ready, as_json=as_json), stop)
    finally:
        opened.close()


async def _both(
    region: "RegionSettings",
    settings: "AgentSettings",
    keyring: "Keyring",
    look: "FirstLook",
    stop: "asyncio.Event",
    *,
    as_json: bool,
) -> None:
    """Region and rack side by side; when one ends, so does the other, the rack first."""
    import asyncio
    import contextlib

    from bellrock.agent.privileges import drop
    from bellrock.agent.run import open_all, run
    from bellrock.region.server import serve

    opened = open_all(settings)  # what needs privileges comes first, on the one thread that there is
    with contextlib.closing(opened):
        listening = asyncio.Event()
        agent_gone = asyncio.Event()

        def region_ready(ready: "RegionReady") -> None:
            _say_region(ready, as_json=as_json)
            listening.set()

        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(serve(region, region_ready, agent_gone, lambda: drop(settings.state_dir)))
            started = tasks.create_task(listening.wait())
            await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
            looking = tasks.create_task(look.run())
            try:
                if not serving.done():
                    await run(settings, keyring, opened, lambda ready: _say_agent(ready, as_json=as_json), stop)
            finally:
                started.cancel()
                looking.cancel()
                agent_gone.set()


def _agent_settings(state_dir: Path, role: str, region: str, name: str, options: dict[str, Any]) -> "AgentSettings":
    from bellrock.agent.settings import Settings
    from bellrock.beacon import Config
    from bellrock.cli.address import parse_region
    from bellrock.cli.vlans import parse_vlans
    from bellrock.model import Role

    parse_region(region)
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


def _run(main: Run, *, as_json: bool) -> None:
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


def _start_logs(verbose: int) -> None:
    from bellrock.cli.logs import configure

    configure(verbose=verbose)


def _secret_elsewhere() -> bool:
    import os

    from bellrock.cli.keys import FILE_VARIABLE, TEXT_VARIABLE

    return bool(os.environ.get(FILE_VARIABLE)) or TEXT_VARIABLE in os.environ


def _secret_path(files: tuple[Path, ...], default: Path) -> Path | None:
    """The file with the secret that signs; None where the environment holds the secret itself."""
    import os

    from bellrock.cli.keys import FILE_VARIABLE, TEXT_VARIABLE

    if files:
        return files[0]
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named.split(os.pathsep)[0])
    return None if TEXT_VARIABLE in os.environ else default


def _say_region(ready: "RegionReady", *, as_json: bool) -> None:
    if as_json:
        print_json_line({"ready": "region", "addresses": ready.addresses, "login": ready.login_url})
        return
    click.echo(f"region   listening on {', '.join(ready.addresses)}")
    if ready.login_url:
        click.echo(f"page     {ready.login_url}   (this login works once)")


def _say_agent(ready: "AgentReady", *, as_json: bool) -> None:
    if as_json:
        print_json_line({"ready": "agent", "agent": ready.agent, "name": ready.name, "raw": ready.raw})
        return
    plural = "" if ready.interfaces == 1 else "s"
    how = "raw frames on every interface, configured or not" if ready.raw else "UDP sockets only"
    click.echo(f"rack     {ready.name}: {ready.interfaces} interface{plural}, {how}")
    if not ready.raw:
        click.echo("         not seen: beacons on interfaces without address, VLAN tags, LLDP and CDP neighbours")
        click.echo(f"         to see them: {ready.hint}")
