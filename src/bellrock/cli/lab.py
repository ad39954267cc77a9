"""`bellrock lab`: virtual networks, built from one file."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli.output import EXIT_UNREADABLE, EXIT_USAGE, json_option, print_json

if TYPE_CHECKING:
    from bellrock.lab.state import State

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_LAB = click.option("--lab", "name", help="Which lab, where several are up (bellrock lab list).")


class LabFailure(click.ClickException):
    """What a lab's error says, on as many lines as it has: a file may have several mistakes, and a wait a diagnosis."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@click.group(epilog="Example: bellrock lab up examples/three-racks.toml")
def lab() -> None:
    """Build a network of virtual hosts and VLAN switches from a file, and let Bellrock find out how it is wired."""


@lab.command(epilog="Example: bellrock lab up examples/three-racks.toml")
@_FILE
@click.option("--name", help="What to call the lab. [default: the file's name]")
@click.option("--no-agents", is_flag=True, help="Build the network only.")
@click.option("--foreground", is_flag=True, help="Stay, and take the lab down at Ctrl-C.")
def up(file: Path, name: str | None, *, no_agents: bool, foreground: bool) -> None:
    """Build the network of FILE, run Bellrock on its hosts, and show what it found beside what is wired.

    The lab stays in the background until `bellrock lab down`.
    """
    from bellrock.lab.running import Lab

    with _told():
        built = Lab.from_file(file, name=name or file.stem, progress=_progress())
        if not no_agents:
            click.echo("agents are not started yet", err=True)
        if foreground:
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
            built.down()
            return
        built.stay()
        click.echo(f"lab {built.state.name} is up; enter a host:  bellrock lab exec {built.hosts[0]} -- bash")


@lab.command(
    "exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: bellrock lab exec node-1 -- ping -c 1 10.20.0.12",
)
@_LAB
@click.argument("host")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def exec_(name: str | None, host: str, command: tuple[str, ...]) -> None:
    """Run COMMAND on HOST of a lab that is up (a shell, if no command is given)."""
    from bellrock.lab.running import Lab

    command = command[1:] if command[:1] == ("--",) else command
    with _told():
        found = Lab.find(name)
        words = found.enter_command(host, command or (os.environ.get("SHELL", "/bin/sh"),), str(Path.cwd()))
        found.close()
        os.execvp(words[0], words)  # noqa: S606 - the command takes this process's place, terminal and exit code


@lab.command(epilog="Example: bellrock lab down")
@_LAB
@click.argument("which", required=False)
@click.option("--all", "everything", is_flag=True, help="Every lab of this user.")
def down(name: str | None, which: str | None, everything: bool) -> None:
    """Take a lab down, and what crashed ones left behind."""
    from bellrock.lab import state
    from bellrock.lab.running import Lab

    with _told():
        for gone in state.reap(state.root()):
            click.echo(f"{gone}: left behind by a crash, taken away")
        running = state.running(state.root())
        if not running and not (which or name):
            click.echo("no lab is up")
            return
        for target in [it.name for it in running] if everything else [which or name]:
            found = Lab.find(target)
            found.down()
            click.echo(f"{found.state.name}: down")


@lab.command("list", epilog="Example: bellrock lab list")
@json_option
def list_(as_json: bool) -> None:
    """Show the labs that are up."""
    from bellrock.lab import state

    with _told():
        running = state.running(state.root())
    if as_json:
        print_json([_described(it) for it in running])
    elif not running:
        click.echo("no lab is up")
    for it in () if as_json else running:
        click.echo(f"{it.name}  {len(it.spaces) - 1} hosts  {it.file}  supervisor {it.pid}")


def _described(it: "State") -> dict[str, object]:
    hosts = {name: f"/proc/{it.pid}/fd/{space.net}" for name, space in it.spaces.items()}
    return {"name": it.name, "file": it.file, "supervisor": it.pid, "ready": it.ready, "namespaces": hosts}


@contextmanager
def _told() -> Iterator[None]:
    """A lab's errors for people, with an exit code: 2 for a mistake in the file, 3 for what could not be done."""
    from bellrock.lab.parse import LabFileError
    from bellrock.lab.schema import LabError

    try:
        yield
    except LabError as error:
        code = EXIT_USAGE if isinstance(error, LabFileError) else EXIT_UNREADABLE
        raise LabFailure(str(error), code) from None


def _progress() -> Callable[[str], None]:
    return lambda text: click.echo(text, file=sys.stderr)
