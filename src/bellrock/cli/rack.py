"""`bellrock rack`: run a rack; `bellrock rack join`: become one that a region knows."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.configuring import config_option
from bellrock.cli.keys import default_state_dir, load_keyring, secret_option, secrets_reloader
from bellrock.cli.output import Failure, json_option, print_json_line
from bellrock.cli.ranges import FiniteRange, WholeRange
from bellrock.cli.running import (
    agent_options,
    agent_settings,
    metrics_options,
    name_option,
    run_until_stopped,
    say_agent,
    start_logs,
    state_dir_option,
    verbose_option,
)

if TYPE_CHECKING:
    import asyncio

    from bellrock.agent.candidates import Candidate
    from bellrock.agent.join import Joiner
    from bellrock.agent.outcomes import Outcome, Waiting
    from bellrock.agent.run import Opened
    from bellrock.agent.settings import Settings
    from bellrock.wire.keys import Keyring

EXIT_CLOSED: Final = 1
EXIT_WRONG_SECRET: Final = 3
EXIT_NO_REGION: Final = 4
EXIT_WAITING: Final = 5
EXIT_UNREACHABLE: Final = 6
EXIT_NO_PRIVILEGE: Final = 77

region_option = click.option(
    "--region", "region_url", default="", metavar="URL|NAME", help="https://HOST:PORT, http://127.0.0.1:PORT, unix:PATH, or a region's name. [default: the one that is heard]",
)  # fmt: skip


@click.group(invoke_without_command=True, epilog="Example: bellrock rack --secret-file /etc/bellrock/secret")
@region_option
@click.option(
    "--role", type=click.Choice(["rack", "node"]), default="rack", show_default=True, help="What to report as."
)
@config_option
@secret_option
@state_dir_option
@name_option
@agent_options
@metrics_options
@verbose_option
@json_option
@click.pass_context
def rack(
    context: click.Context,
    /,
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

    It reports to the region that it has joined; one that has joined none finds a region by its beacons and joins it, as
    that region's policy allows. While the region cannot be reached, reports wait on disk, and beacons go on.
    """
    if context.invoked_subcommand is not None:
        _pass_on(context, context.invoked_subcommand)
        return
    start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    settings = agent_settings(state_dir / "rack", role, region_url, name, agent)
    keyring = load_keyring(secret_files, state_dir / "secret")
    reload = secrets_reloader(secret_files, state_dir / "secret")
    run_until_stopped(lambda stop: _rack(settings, keyring, reload, stop, as_json=as_json), as_json=as_json)


@rack.command(epilog="Example: bellrock rack join --secret-file /etc/bellrock/secret")
@region_option
@click.option("--wait", is_flag=True, help="Where a person has to approve, wait until that is done.")
@click.option("--stay", is_flag=True, help="Go on as a rack once joined; implies --wait.")
@click.option("--yes", is_flag=True, help="Of several regions join the first that is listed, without asking.")
@click.option(
    "--within",
    type=FiniteRange(0.1, 3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to look for a region.",
)
@config_option
@secret_option
@state_dir_option
@name_option
@agent_options
@metrics_options
@verbose_option
@json_option
def join(
    region_url: str,
    *,
    wait: bool,
    stay: bool,
    yes: bool,
    within: float,
    secret_files: tuple[Path, ...],
    state_dir: Path | None,
    name: str,
    verbose: int,
    as_json: bool,
    **agent: Any,  # noqa: ANN401 -- the options of agent_options
) -> None:
    """Find a region by its beacons, prove the secret to it, and have this machine's certificate signed.

    Exit codes: 0 joined, 1 the region lets nobody join or not this machine, 2 usage or configuration, 3 wrong secret, 4 no
    region heard, 5 waiting for approval, 6 region not reachable or not what its beacons say, 77 no privilege.
    """
    from bellrock.cli.logs import hush

    start_logs(verbose)
    state_dir = state_dir or default_state_dir()
    settings = agent_settings(state_dir / "rack", "rack", region_url, name, agent)
    keyring = load_keyring(secret_files, state_dir / "secret")
    reload = secrets_reloader(secret_files, state_dir / "secret")
    how = _How(wait or stay, stay, yes, within, as_json, verbose)
    if not verbose:
        hush()
    run_until_stopped(lambda stop: _join(settings, keyring, reload, how, stop), as_json=True)


def _pass_on(context: click.Context, to: str) -> None:
    """What was given before the subcommand counts for it, unless it is given there as well; so does the configuration file.

    Raises:
        Failure: the subcommand has no such option.
    """
    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    if "role" in given:
        raise Failure(f"--role {given['role']}: `rack {to}` has no --role; give it to `bellrock rack`, which runs")
    context.default_map = {to: {**(context.default_map or {}), **given}}


class _How:
    """How `join` was asked for."""

    def __init__(self, wait: bool, stay: bool, yes: bool, within: float, as_json: bool, verbose: int = 0) -> None:
        self.wait, self.stay, self.yes, self.within, self.as_json = wait, stay, yes, within, as_json
        self.verbose = verbose


async def _rack(
    settings: "Settings", keyring: "Keyring", reload: Callable[..., None], stop: "asyncio.Event", *, as_json: bool
) -> None:
    from bellrock.agent.run import open_all

    with contextlib.closing(open_all(settings)) as opened:
        await _run(settings, keyring, opened, reload, stop, as_json=as_json)


async def _run(
    settings: "Settings",
    keyring: "Keyring",
    opened: "Opened",
    reload: Callable[..., None],
    stop: "asyncio.Event",
    *,
    as_json: bool,
) -> None:
    from bellrock.agent.run import run

    await run(settings, keyring, opened, lambda ready: say_agent(ready, as_json=as_json), stop, secrets_changed=reload)


async def _join(
    settings: "Settings", keyring: "Keyring", reload: Callable[..., None], how: _How, stop: "asyncio.Event"
) -> None:
    import asyncio

    from bellrock.agent.outcomes import Joined

    with contextlib.closing(_open(settings)) as opened:
        attempt = asyncio.ensure_future(_attempt(settings, keyring, opened, how))
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({attempt, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not attempt.done():
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            raise click.Abort
        outcome = attempt.result()
        _tell(outcome, as_json=how.as_json)
        if isinstance(outcome, Joined) and how.stay:
            start_logs(how.verbose)
            _begin_anew(opened)
            await _run(settings, keyring, opened, reload, stop, as_json=how.as_json)


def _begin_anew(opened: "Opened") -> None:
    """A boot id for the rack, other than that of joining: its beacons are numbered from 1 again."""
    from msgspec import structs

    from bellrock.agent.loop import now
    from bellrock.agent.run import new_id

    opened.identity = structs.replace(opened.identity, boot=new_id(2, now().wall))


def _open(settings: "Settings") -> "Opened":
    """What needs privileges.

    Raises:
        Failure: it cannot be had; not with the codes that say how joining ended.
    """
    from bellrock.agent.identity import IdentityError
    from bellrock.agent.run import open_all
    from bellrock.agent.spool import SpoolError
    from bellrock.link.device import LinkError

    try:
        return open_all(settings)
    except LinkError as error:
        raise Failure(str(error), EXIT_NO_PRIVILEGE) from None
    except (IdentityError, SpoolError) as error:
        raise Failure(str(error)) from None


async def _attempt(settings: "Settings", keyring: "Keyring", opened: "Opened", how: _How) -> "Outcome":
    """From nothing to what the region says, and to disk."""
    from bellrock.agent import credentials
    from bellrock.agent.join import Joiner, join_at
    from bellrock.agent.outcomes import Joined
    from bellrock.agent.privileges import drop
    from bellrock.model import Host

    who = opened.identity
    drop(settings.state_dir)
    try:
        key = credentials.load_key(settings.state_dir)
        joiner = Joiner(
            host=Host(who.agent, who.host, who.role), boot=who.boot, key=key, keyring=keyring, stay=how.wait,
            waiting=lambda waiting: _tell_waiting(waiting, as_json=how.as_json),
        )  # fmt: skip
        typed = settings.region
        by_hand = typed.startswith(("https://", "http://", "unix:"))
        outcome = await (join_at(joiner, typed) if by_hand else _by_beacon(settings, keyring, opened, joiner, how))
        if isinstance(outcome, Joined):
            credentials.save(settings.state_dir, outcome.credentials)
    except credentials.CredentialsError as error:
        raise Failure(str(error)) from None
    return outcome


async def _by_beacon(
    settings: "Settings",
    keyring: "Keyring",
    opened: "Opened",
    joiner: "Joiner",
    how: _How,
) -> "Outcome":
    from bellrock.agent.join import join as join_region
    from bellrock.agent.outcomes import NoRegion, WrongSecret
    from bellrock.agent.scout import Scout
    from bellrock.agent.seek import seek

    look = Scout(settings, keyring, opened)
    look.start()
    try:
        found = await seek(look, settings.region, how.within, opened.network.hint)
    finally:
        look.stop()
    if isinstance(found, WrongSecret | NoRegion):
        return found
    return await join_region(joiner, _choose(found, how))


def _choose(found: "list[Candidate]", how: _How) -> "Candidate":
    """The one region, or the one that is chosen.

    Raises:
        Failure: several, and nobody to ask.
    """
    import sys

    from bellrock.agent.outcomes import Several

    if len(found) == 1 or how.yes:
        return found[0]
    if how.as_json or not sys.stdin.isatty():
        raise Failure(Several(tuple(found)).sentence)
    for number, candidate in enumerate(found, 1):
        click.echo(f"{number:>2}  {candidate.label}", err=True)
    choice = click.prompt("Join which", type=WholeRange(1, len(found)), err=True)
    return found[choice - 1]


def _tell_waiting(waiting: "Waiting", *, as_json: bool) -> None:
    if as_json:
        print_json_line(_as_document(waiting))
    else:
        click.echo(f"waiting  {waiting.sentence}")


def _tell(outcome: "Outcome", *, as_json: bool) -> None:
    """Print how it ended; whatever is not `joined` ends the command with its code.

    Raises:
        Failure: not joined.
    """
    from bellrock.agent import outcomes

    codes = {
        outcomes.Joined: 0, outcomes.Closed: EXIT_CLOSED, outcomes.WrongSecret: EXIT_WRONG_SECRET,
        outcomes.NoRegion: EXIT_NO_REGION, outcomes.Waiting: EXIT_WAITING, outcomes.Unreachable: EXIT_UNREACHABLE,
        outcomes.SwappedCertificate: EXIT_UNREACHABLE,
    }  # fmt: skip
    code = codes[type(outcome)]
    if as_json or code == 0:
        _print(outcome, as_json=as_json)
    if code:
        raise Failure(outcome.sentence, code)


def _print(outcome: "Outcome", *, as_json: bool) -> None:
    """On stdout; where that takes nothing, on stderr, and not with a code that says how joining ended.

    Raises:
        Failure: stdout is closed, or its disk is full.
    """
    from bellrock.cli.root import is_lost

    try:
        if as_json:
            print_json_line(_as_document(outcome))
        else:
            click.echo(outcome.sentence)
        lost = "it is closed" if is_lost() else ""
    except BrokenPipeError:
        raise
    except OSError as error:
        lost = error.strerror or str(error)
    if lost:
        raise Failure(f"{outcome.sentence} (this could not be said on stdout: {lost})")


def _as_document(outcome: "Outcome") -> dict[str, Any]:
    """For programs."""
    from bellrock.agent.outcomes import Joined, Waiting

    state = {"WrongSecret": "wrong-secret", "NoRegion": "no-region", "SwappedCertificate": "swapped-certificate"}
    name = type(outcome).__name__
    document: dict[str, Any] = {"state": state.get(name, name.lower()), "sentence": outcome.sentence}
    if isinstance(outcome, Joined):
        kept = outcome.credentials
        document |= {
            "region": outcome.region, "url": outcome.url, "agent": kept.agent, "authority": kept.fingerprint,
            "regions": kept.regions, "expires": kept.expires, "secret": outcome.secret, "skew": outcome.skew,
        }  # fmt: skip
    elif isinstance(outcome, Waiting):
        document |= {"region": outcome.region, "url": outcome.url, "agent": outcome.agent, "code": outcome.code}
    return document
