"""`bellrock lab`: virtual networks, built from one file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bellrock.cli.labtold import LabFailure, lab_told
from bellrock.cli.output import (
    EXIT_NO,
    EXIT_UNREADABLE,
    json_option,
    print_json,
    print_json_line,
    print_table,
    printable,
)
from bellrock.cli.paths import PathName
from bellrock.cli.ranges import WholeRange
from bellrock.cli.scenario import scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bellrock.lab.running import Lab
    from bellrock.lab.state import State
    from bellrock.topology.diff import Difference

    Document = dict[str, Any]

_FILE = click.argument("file", type=PathName(path_type=Path))
_LAB = click.option("--lab", "name", help="Which lab, where several are up (bellrock lab list).")


@click.group(epilog="Example: bellrock lab up examples/three-racks.toml")
def lab() -> None:
    """Build a network of virtual hosts and VLAN switches from a file, and let Bellrock find out how it is wired."""


lab.add_command(scenario)


@lab.command(epilog="Example: bellrock lab up examples/three-racks.toml")
@_FILE
@click.option("--name", help="What to call the lab. [default: the file's name]")
@click.option("--no-agents", is_flag=True, help="Build the network only.")
@click.option("--foreground", is_flag=True, help="Stay, and take the lab down at Ctrl-C.")
@json_option
def up(file: Path, name: str | None, *, no_agents: bool, foreground: bool, as_json: bool) -> None:
    """Build the network of FILE, run Bellrock on its hosts, and show what it found beside what is wired.

    The lab stays in the background until `bellrock lab down`.
    """
    from bellrock.lab.running import Lab

    with lab_told():
        built = Lab.from_file(file, name=name or file.stem, progress=_progress)
        try:
            found = None if no_agents else _run_bellrock(built)
            if as_json:
                print_json({**_described(built.state), "found": found, "wired": _wired(built)})
            else:
                _say_found(built, found)
                _say_how(built)
            if foreground:
                _until_stopped()
        except BaseException:
            built.down()
            raise
        if foreground:
            built.down()
        else:
            built.stay()
            built.close()


@lab.command(
    "exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: bellrock lab exec node-1 -- ping -c 1 10.20.0.12",
)
@_LAB
@click.argument("host")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def exec_(name: str | None, host: str, command: tuple[str, ...]) -> None:
    """Run COMMAND on HOST of a lab that is up (a shell, if no command is given).

    BELLROCK_SECRET_FILE names the secret of that host's agent, unless it is set already.
    """
    import os

    from bellrock.cli.keys import FILE_VARIABLE, TEXT_VARIABLE
    from bellrock.lab.agents import secret_file
    from bellrock.lab.running import Lab

    command = command[1:] if command[:1] == ("--",) else command
    with lab_told():
        found = Lab.find(name)
        found.close()
        words = found.enter_command(host, command or (os.environ.get("SHELL", "/bin/sh"),), str(Path.cwd()))
        secret = secret_file(found.directory, found.wired.host[host].secret)
        if TEXT_VARIABLE not in os.environ and secret.is_file():
            os.environ.setdefault(FILE_VARIABLE, str(secret))
        try:
            os.execvp(words[0], words)  # noqa: S606 - the command takes this process's place, terminal and exit code
        except OSError as error:
            raise LabFailure(f"{words[0]}: {error.strerror}; it is part of util-linux", EXIT_UNREADABLE) from None


@lab.command(epilog="Example: bellrock lab down")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every lab of this user.")
@json_option
def down(name: str | None, *, everything: bool, as_json: bool) -> None:
    """Take a lab down (the only one, or NAME), and what crashed ones left behind."""
    from bellrock.lab import state
    from bellrock.lab.running import Lab

    with lab_told():
        reaped = [str(gone) for gone in state.reap(state.root())]
        names = _names()
        taken = [] if not names and name is None else [Lab.find(target) for target in (names if everything else [name])]
        for found in taken:
            found.down()
    if as_json:
        print_json({"down": [found.state.name for found in taken], "left_behind": reaped})
        return
    for gone in reaped:
        click.echo(f"{gone}: left behind by a crash, taken away")
    for found in taken:
        click.echo(f"{found.state.name}: down")
    if not taken and not reaped:
        click.echo("no lab is up")


@lab.command("list", epilog="Example: bellrock lab list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show the labs that are up."""
    from bellrock.lab import state

    with lab_told():
        running = state.running(state.root())
    if as_json:
        print_json([_described(it) for it in running])
    else:
        rows = [(it.name, str(len(it.spaces) - 1), it.file, str(it.pid)) for it in running]
        print_table(("lab", "hosts", "file", "supervisor"), rows, "no lab is up")


@lab.command(epilog="Example: bellrock lab truth examples/three-racks.toml --json > wired.json")
@_FILE
@click.option("--knowable", is_flag=True, help="Only what beacons can show.")
@json_option
def truth(file: Path, *, knowable: bool, as_json: bool) -> None:
    """Show how the network of FILE is wired, in the shape of `topology show`; nothing is built."""
    from bellrock.cli.render import topology_lines
    from bellrock.lab.parse import load
    from bellrock.lab.shape import document
    from bellrock.lab.truth import truth as truth_of

    with lab_told():
        known = truth_of(load(file))
    shown = document(known.knowable if knowable else known.wired)
    if as_json:
        print_json(shown)
        return
    for line in topology_lines(shown):
        click.echo(line)


@lab.command(epilog="Example: bellrock lab verify examples/three-racks.toml")
@_FILE
@json_option
def verify(file: Path, *, as_json: bool) -> None:
    """Build FILE, run Bellrock in it, compare what it finds with what is wired, and take all down.

    Exit 0: no difference. Exit 1: differences. What no beacon could show is told apart, and is no difference.
    """
    from msgspec import to_builtins

    from bellrock.lab.running import Lab
    from bellrock.lab.verify import verify as verify_lab

    with lab_told(), Lab.from_file(file, progress=_progress) as built:
        verdict = verify_lab(built, _progress)
    if as_json:
        print_json(to_builtins({"differences": verdict.differences, "unknowable": verdict.unknowable}))
    else:
        _say_differences("differences between found and wired", verdict.differences)
        _say_differences("wired, but no beacon could show it", verdict.unknowable)
    if verdict.differences:
        sys.exit(EXIT_NO)


@lab.command(epilog="Example: bellrock lab page")
@_LAB
@click.option("--port", type=WholeRange(0, 65535), default=0, help="On 127.0.0.1. [default: any free one]")
@json_option
def page(name: str | None, port: int, *, as_json: bool) -> None:
    """Make the page of a lab's region reachable from this machine, and print its address, until Ctrl-C."""
    import asyncio
    import signal

    from bellrock.lab.forward import forward
    from bellrock.lab.running import Lab
    from bellrock.lab.settle import attach

    def say(number: int) -> None:
        url = f"http://127.0.0.1:{number}/#login={token}"
        if as_json:
            print_json_line({"page": url})
        else:
            click.echo(f"page     {url}   (this login works once; Ctrl-C ends)")

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await forward(region.path, port, say, stop)

    with lab_told():
        found = Lab.find(name)
        found.close()
        region = attach(found).region
        token = region.post("/api/v1/login-tokens")["token"]
        asyncio.run(serve())


def _run_bellrock(built: "Lab") -> "Document":
    from bellrock.lab.settle import settle, start

    return settle(start(built, _progress), _progress)


def _wired(built: "Lab") -> "Document":
    from bellrock.lab.shape import document
    from bellrock.lab.truth import truth as truth_of

    return document(truth_of(built.wired).wired)


def _say_found(built: "Lab", found: "Document | None") -> None:
    from bellrock.cli import beside
    from bellrock.cli.render import headline

    if found is not None:
        click.echo(f"found: {headline(found)}")
        print_table(beside.COLUMNS, beside.rows(found, _wired(built)), "no host runs an agent")


def _say_how(built: "Lab") -> None:
    name = built.state.name
    which = f"--lab {name} " if len(_names()) > 1 else ""
    click.echo(f"lab {name} is up")
    click.echo(f"  enter a host:   bellrock lab exec {which}{built.hosts[0]} -- bash")
    if built.programs():
        click.echo(f"  open the page:  bellrock lab page {which}".rstrip())
        click.echo(f"  ask its region: bellrock topology show --lab {name}")
    click.echo(f"  take it down:   bellrock lab down {name}")


def _say_differences(title: str, differences: "Sequence[Difference]") -> None:
    click.echo(f"{title}: {len(differences) or 'none'}")
    for difference in differences:
        click.echo(f"  {printable(difference.sentence)}")


def _described(it: "State") -> dict[str, object]:
    hosts = {name: f"/proc/{it.pid}/fd/{space.net}" for name, space in it.spaces.items()}
    return {"name": it.name, "file": it.file, "supervisor": it.pid, "ready": it.ready, "namespaces": hosts}


def _names() -> list[str]:
    from bellrock.lab import state

    return [it.name for it in state.running(state.root())]


def _until_stopped() -> None:
    import signal

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    click.echo("Ctrl-C takes it down", err=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _progress(text: str) -> None:
    click.echo(text, err=True)
