"""`bellrock up` and `bellrock region`: the long-running ones that know the whole network."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bellrock.cli.configuring import config_option
from bellrock.cli.database import database_option, disk_budget_option
from bellrock.cli.keys import (
    LOCAL_SOCKET,
    default_state_dir,
    is_there,
    load_keyring,
    make_secret_file,
    secret_option,
    secrets_reloader,
)
from bellrock.cli.output import Failure, json_option, print_json_line
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import WholeRange
from bellrock.cli.running import (
    agent_options,
    agent_settings,
    name_option,
    otlp_endpoint,
    otlp_option,
    run_until_stopped,
    say_agent,
    start_logs,
    state_dir_option,
    verbose_option,
)
from bellrock.cli.sizing import size_option, standby_option

if TYPE_CHECKING:
    import asyncio

    from bellrock.agent.settings import Settings as AgentSettings
    from bellrock.cli.firstlook import FirstLook
    from bellrock.cli.regionrun import Reload
    from bellrock.region.cluster import Process
    from bellrock.region.server import Ready as RegionReady
    from bellrock.region.server import Settings as RegionSettings
    from bellrock.region.service import Region
    from bellrock.wire.keys import Keyring


@click.command(epilog="Example: bellrock up")
@click.option("--port", type=WholeRange(1, 65535), default=5240, show_default=True, help="TCP port of API and page.")
@click.option(
    "--site",
    "site_file",
    type=PathName(path_type=Path, exists=True, dir_okay=False),
    help="Site file that says what agents are to try; read again on SIGHUP.",
)
@disk_budget_option
@click.option("--rebuild", is_flag=True, help="Move a corrupt store aside and start with an empty one.")
@config_option
@secret_option
@state_dir_option
@name_option
@agent_options
@otlp_option
@verbose_option
@json_option
def up(
    port: int,
    *,
    site_file: Path | None,
    disk_budget: float,
    rebuild: bool,
    secret_files: tuple[Path, ...],
    state_dir: Path | None,
    name: str,
    verbose: int,
    as_json: bool,
    **agent: Any,  # noqa: ANN401 -- the options of agent_options
) -> None:
    """Run region and rack on this machine, with the page, on loopback only.

    A secret is made at the first start. SIGHUP has the secrets read again, so that they can be rotated. Ctrl-C ends it.
    """
    from bellrock.cli.firstlook import FirstLook
    from bellrock.cli.regionrun import with_local
    from bellrock.region.server import Settings as RegionSettings
    from bellrock.region.server import secrets_of

    start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    secret = state_dir / "secret"
    settings = agent_settings(state_dir / "rack", "rack", f"http://127.0.0.1:{port}", name, agent)
    if not secret_files and not _secret_elsewhere() and not is_there(secret):
        make_secret_file(secret)
    keyring = load_keyring(secret_files, secret)
    region = RegionSettings(
        state_dir=state_dir / "region",
        listen=(f"127.0.0.1:{port}",),
        keys=secrets_of(keyring),
        name=_called(name),
        site=site_file,
        disk_budget=int(disk_budget),
        rebuild=rebuild,
        otlp=otlp_endpoint(),
    )
    region = with_local(region)
    look = FirstLook(
        settings.region, state_dir, keyring.keys[0].id, _secret_path(secret_files, secret), as_json=as_json
    )
    reload = secrets_reloader(secret_files, secret)
    run_until_stopped(
        lambda stop: _both(region, settings, keyring, look, reload, stop, as_json=as_json), as_json=as_json
    )


@click.command(epilog="Example: bellrock region --listen 0.0.0.0:5443 --secret-file /etc/bellrock/secret")
@click.option(
    "--listen",
    multiple=True,
    default=("127.0.0.1:5240",),
    show_default=True,
    metavar="ADDRESS:PORT|unix:PATH",
    help="Where to listen: with TLS beyond loopback; 0.0.0.0:PORT and [::]:PORT are all addresses.",
)
@click.option(
    "--policy",
    type=click.Choice(["auto", "approve", "closed"]),
    default="auto",
    show_default=True,
    help="What happens to agents that prove the secret for the first time.",
)
@click.option("--url", "urls", multiple=True, metavar="https://HOST:PORT", help="Tell agents this address instead.")
@click.option(
    "--authority-cert",
    type=PathName(path_type=Path, exists=True, dir_okay=False),
    help="Certificate (PEM) of an authority to sign with. [default: one is made]",
)
@click.option(
    "--authority-key",
    type=PathName(path_type=Path, exists=True, dir_okay=False),
    help="Its key (PEM), readable by its owner alone.",
)
@click.option("--no-beacons", is_flag=True, help="Do not beacon where the region is.")
@click.option("--in-lab", is_flag=True, help="Allow http:// beyond loopback, inside a network namespace of a lab.")
@click.option(
    "--site",
    "site_file",
    type=PathName(path_type=Path, exists=True, dir_okay=False),
    help="Site file that says what agents are to try; read again on SIGHUP.",
)
@size_option
@standby_option
@database_option
@disk_budget_option
@click.option("--rebuild", is_flag=True, help="Move a corrupt store aside and start with an empty one.")
@config_option
@secret_option
@state_dir_option
@name_option
@agent_options
@otlp_option
@verbose_option
@json_option
def region(
    listen: tuple[str, ...],
    *,
    policy: str,
    urls: tuple[str, ...],
    authority_cert: Path | None,
    authority_key: Path | None,
    no_beacons: bool,
    in_lab: bool,
    site_file: Path | None,
    agents: int,
    standby: str,
    database: str | None,
    disk_budget: float,
    rebuild: bool,
    secret_files: tuple[Path, ...],
    state_dir: Path | None,
    name: str,
    verbose: int,
    as_json: bool,
    **agent: Any,  # noqa: ANN401 -- the options of agent_options
) -> None:
    """Run a region: agents report to it, it knows the whole network, and it serves API and page.

    Where it listens beyond loopback it beacons, too, so that racks and nodes find it and join. SIGHUP has the secrets read
    again, so that they can be rotated.
    """
    from bellrock.cli.address import secure_address
    from bellrock.cli.database import as_place, see_parent
    from bellrock.cli.regionrun import Beside, run_region, speaks_tls, with_local
    from bellrock.region.addresses import AddressError, parse_address
    from bellrock.region.server import Policy, Readied, Settings, secrets_of
    from bellrock.region.size import Size

    start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    for url in urls:
        secure_address(url, "--url")
    try:
        wanted = speaks_tls(listen) and not no_beacons
        sockets = [Path(address.path) for address in map(parse_address, listen) if address.path]
    except AddressError as error:
        raise Failure(str(error)) from None
    place = as_place(database) if database else None
    for named in (place, *sockets):
        see_parent(named, state_dir)
    keyring = load_keyring(secret_files, state_dir / "secret")
    beacons = agent_settings(state_dir / "beacons", "region", "http://127.0.0.1:5240", name, agent)
    settings = Settings(
        state_dir=state_dir / "region",
        listen=listen,
        in_lab=in_lab,
        keys=secrets_of(keyring),
        name=_called(name),
        site=site_file,
        database=place,
        disk_budget=int(disk_budget),
        size=Size(agents),
        standby=Readied(standby),
        rebuild=rebuild,
        policy=Policy(policy),
        urls=urls,
        authority_cert=authority_cert,
        authority_key=authority_key,
        otlp=otlp_endpoint(),
    )
    reload = secrets_reloader(secret_files, state_dir / "secret")

    async def serve(stop: "asyncio.Event") -> None:
        import contextlib

        with contextlib.closing(Beside(beacons, wanted=wanted)) as beside:
            await run_region(
                with_local(settings), keyring, beside, reload,
                lambda ready: _say_region(ready, as_json=as_json),
                lambda ready: say_agent(ready, as_json=as_json, label="beacons"), stop,
            )  # fmt: skip

    run_until_stopped(serve, as_json=as_json)


async def _both(
    region: "RegionSettings",
    settings: "AgentSettings",
    keyring: "Keyring",
    look: "FirstLook",
    reload: "Reload",
    stop: "asyncio.Event",
    *,
    as_json: bool,
) -> None:
    """Region and rack side by side; when one ends, so does the other, the rack first."""
    import asyncio
    import contextlib

    from bellrock.agent.privileges import drop
    from bellrock.agent.run import open_all, run
    from bellrock.cli.regionrun import rekeying
    from bellrock.region.server import serve

    opened = open_all(settings)  # what needs privileges comes first, on the one thread that there is
    with contextlib.closing(opened):
        listening = asyncio.Event()
        agent_gone = asyncio.Event()
        known: list[Region | Process] = []

        def region_ready(ready: "RegionReady") -> None:
            _say_region(ready, as_json=as_json)
            listening.set()

        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(
                serve(region, region_ready, agent_gone, lambda: drop(settings.state_dir), known.append)
            )
            started = tasks.create_task(listening.wait())
            await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
            looking = tasks.create_task(look.run())
            try:
                if not serving.done():
                    await run(
                        settings, keyring, opened, lambda ready: say_agent(ready, as_json=as_json), stop,
                        secrets_changed=rekeying(known[0], reload, region.site),
                    )  # fmt: skip
            finally:
                started.cancel()
                looking.cancel()
                agent_gone.set()


def _called(name: str) -> str:
    """What a region calls itself to those who join: as its beacons do."""
    import socket

    return name or socket.gethostname()


def _secret_elsewhere() -> bool:
    import os

    from bellrock.cli.keys import FILE_VARIABLE, TEXT_VARIABLE, credential

    return bool(os.environ.get(FILE_VARIABLE)) or TEXT_VARIABLE in os.environ or credential(os.environ) is not None


def _secret_path(files: tuple[Path, ...], default: Path) -> Path | None:
    """The file with the secret that signs; None where the environment holds the secret itself."""
    import os

    from bellrock.cli.keys import FILE_VARIABLE, TEXT_VARIABLE

    if files:
        return files[0]
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named.split(os.pathsep)[0])
    return None if TEXT_VARIABLE in os.environ else default


def _shown(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Without the region's own socket where this machine reaches it otherwise: commands look there by themselves."""
    own = tuple(one for one in addresses if one.startswith("unix:") and one.endswith(f"/{LOCAL_SOCKET}"))
    others = tuple(one for one in addresses if one not in own)
    return others if any(not one.startswith("https://") for one in others) else addresses


def _say_region(ready: "RegionReady", *, as_json: bool) -> None:
    from bellrock.cli.notify import ready as notify_ready

    notify_ready(f"listening on {', '.join(ready.addresses)}")
    if as_json:
        print_json_line(
            {
                "ready": "region", "addresses": _shown(ready.addresses), "login": ready.login_url, "regions": ready.regions,
                "authority": ready.authority,
            }
        )  # fmt: skip
        return
    click.echo(f"region   listening on {', '.join(_shown(ready.addresses))}")
    if ready.regions:
        click.echo(f"agents   join at {', '.join(ready.regions)}, authority {ready.authority[:16]}")
    elif any(url.startswith("https://") for url in ready.addresses):
        click.echo(
            "agents   are told no address: this machine has none there but link-local ones; give --url https://HOST:PORT"
        )
    if ready.login_url:
        click.echo(f"page     {ready.login_url}   (this login works once)")
