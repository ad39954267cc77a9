"""`bellrock` itself: finds the module of a command only when the command is wanted."""

import importlib
import io
import os
import sys
from typing import IO, TYPE_CHECKING, Any, Final

import click

from bellrock.cli.output import EXIT_INTERRUPTED, EXIT_READER_GONE, EXIT_UNREADABLE, EXIT_USAGE
from bellrock.cli.overriding import override
from bellrock.cli.telling import begin, say, show

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


COMMANDS: Final = {
    "up": ("bellrock.cli.run", "Run region and rack on this machine, with the page."),
    "region": ("bellrock.cli.run", "Run a region: it knows the whole network."),
    "rack": ("bellrock.cli.rack", "Run a rack, or join a region: it listens and speaks on this machine's interfaces."),
    "node": (
        "bellrock.cli.node",
        "Look at every cable of a machine that is being commissioned, and say what is wrong.",
    ),
    "beacon": ("bellrock.cli.beacon", "Listen for beacons, send, decode or encode them."),
    "topology": ("bellrock.cli.topology", "Show what is wired to what, explain it, compare it."),
    "flows": ("bellrock.cli.flows", "Show who must reach whom and on which ports; compare a site with this host."),
    "site": ("bellrock.cli.site", "Draw a site file from what the region knows, check it, give it to the region."),
    "capture": ("bellrock.cli.capture", "Write filters for capture tools, capture, and say what captures hold."),
    "diagnose": ("bellrock.cli.diagnose", "Read captures of boots, and say where each stopped and why."),
    "check": (
        "bellrock.cli.check",
        "Try everything that matters from here, in the order of a boot, and say what is wrong.",
    ),
    "findings": (
        "bellrock.cli.findings",
        "Show what is wrong by all that the region knows, with cause, proof and fix.",
    ),
    "explain": ("bellrock.cli.explain", "Show what a finding means, how it is proved, what to do."),
    "probe": ("bellrock.cli.probe", "Try a flow by its own protocol, at one target or at a thousand."),
    "evidence": ("bellrock.cli.evidence", "Put what an expert would ask for into one archive; read such an archive."),
    "intent": ("bellrock.cli.intent", "Compare what is observed with what the network is meant to be."),
    "mtu": ("bellrock.cli.mtu", "Show how large packets pass between neighbours, and who limits them."),
    "path": ("bellrock.cli.path", "Try a flow from both ends, and say where its packets die."),
    "matrix": ("bellrock.cli.matrix", "Show which flows work from which agents."),
    "schedule": ("bellrock.cli.schedule", "Say what the region has its agents try again and again."),
    "webhook": (
        "bellrock.cli.webhook",
        "Say who is told when a flow works no longer or again, or a finding opens or is gone.",
    ),
    "vlan": ("bellrock.cli.vlan", "Find out which VLANs reach whom through an interface."),
    "interfaces": ("bellrock.cli.interfaces", "Show this machine's interfaces, and which of them beacon."),
    "user": ("bellrock.cli.user", "Say who may log in, and as what."),
    "token": ("bellrock.cli.token", "Make and revoke tokens with which programs ask the region."),
    "audit": ("bellrock.cli.audit", "Show who changed what, who logged in, and who tried to."),
    "cluster": ("bellrock.cli.cluster", "Show the processes of which a region consists, and which of them leads."),
    "agent": ("bellrock.cli.agent", "Show which agents have joined the region, let others in, take certificates back."),
    "secret": ("bellrock.cli.secret", "Make the shared secret, show its public id, replace it while everything runs."),
    "firewall": ("bellrock.cli.firewall", "Write firewall rules for a site, load them, check what rules let through."),
    "lab": ("bellrock.cli.lab", "Build networks of namespaces to try things in."),
    "db": ("bellrock.cli.db", "Check a region's database, bring it to the newest schema, move it to another one."),
    "config": ("bellrock.cli.config", "Check the configuration file, and show what is in force and why."),
    "completion": ("bellrock.cli.completion", "Print what has a shell complete commands, options and values."),
    "version": ("bellrock.cli.version", "Show the version."),
}
"""Command → module that defines it under its own name, and its line in `bellrock --help`."""


_PARTS: Final = (["bellrock", "region"], ["bellrock", "lab"], ["litestar"], ["uvicorn"], ["sqlalchemy"], ["numpy"])
"""What the agent in one file, and an installation without extras, do not have."""


class ReaderGoneError(click.ClickException):
    """Nobody reads stdout any more, as with `| head -1`: nothing is left to say, and nobody to say it to."""

    exit_code = EXIT_READER_GONE

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        """Say nothing."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is run or asked for its help."""

    @override
    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 -- as click has it
    ) -> click.Context:
        # click would exit with 1 for a broken pipe, which here means that the answer is no.
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError:
            raise ReaderGoneError("") from None

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGoneError("") from None

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.{cmd_name} is not a command")
        return command

    @override
    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        # click would import every command to ask whether it is hidden.
        from click.shell_completion import CompletionItem

        known = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return [*known, *click.Command.shell_complete(self, ctx, incomplete)]

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(_no_such_command(args[0]))
        return super().resolve_command(ctx, args)


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(COMMANDS)}."
    return f"No command '{name}'; {hint}"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: bellrock up",
)
def cli() -> None:
    """Tell the truth about a bare-metal provisioning network, with proof.

    Exit codes: 0 done, 1 the answer is no (differences, conflicts asked for), 2 usage or configuration,
    3 could not be read or reached.
    """


def main() -> None:
    """Entry point of `bellrock`: every error is one line, a broken pipe is none."""
    _mend_streams()
    begin()
    code: Any = None
    try:
        code = cli.main(prog_name="bellrock", standalone_mode=False, color=_colour())
    except click.ClickException as error:
        show(error, sys.argv[1:])
        code = error.exit_code
    except click.Abort:
        code = EXIT_INTERRUPTED
    except SystemExit as error:  # what a command itself ends with
        code = error.code
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[:2] not in _PARTS:
            raise
        code = EXIT_USAGE
        missing = f"{error.name} is not part of this installation, which is an agent's; install bellrock[region]"
        say(missing, sys.argv[1:], code)
    except OSError as error:
        # Files and sockets are each handled where they are used: this is most often stdout on a full disk.
        where = f"{error.filename}: " if error.filename else ""
        code = EXIT_UNREADABLE
        say(f"{where}{error.strerror or error}", sys.argv[1:], code)
    finally:
        _let_go_of_stdout()
    if not code and is_lost():
        code = EXIT_UNREADABLE
        say("stdout is closed, so what was to be said there is lost", sys.argv[1:], code)
    sys.exit(code)


class _Nowhere(io.FileIO):
    """In the place of a stdout that was closed: takes all, and knows whether something was lost."""

    lost = False

    @override
    def write(self, data: Any, /) -> int:  # noqa: ANN401 -- whatever io takes
        self.lost = True
        return super().write(data) or 0


def is_lost() -> bool:
    """Whether something was said on a stdout that was closed."""
    return bool(getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "lost", False))


def _mend_streams() -> None:
    """Have all three streams, and no character that one of them cannot take: `bellrock … <&- >&-`, `LC_ALL=C`.

    A descriptor that was closed would be given to the next file opened, and what is printed would go there.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            while (descriptor := os.open(os.devnull, os.O_RDWR)) < number:
                pass
            if name == "stdout":
                sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Nowhere(descriptor, mode)), encoding="utf-8")
            else:
                setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _let_go_of_stdout() -> None:
    """Flush what is left; where that fails, it has been said or there is nobody to hear it."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _colour() -> bool | None:
    """False where colours are not wanted (no-color.org) or not understood; None: as the terminal has it."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None
