"""`bellrock firewall`: the rules that a site needs, and what its rules let through."""

import importlib
from typing import Final

import click

from bellrock.cli.overriding import override

SUBCOMMANDS: Final = {
    "build": ("bellrock.cli.firewall_build", "Write the rules that a place needs."),
    "diff": ("bellrock.cli.firewall_diff", "Show what loading them would change here."),
    "explain": ("bellrock.cli.firewall_build", "Say why each rule is there."),
    "apply": ("bellrock.cli.apply", "Load them; they go again unless confirmed."),
    "confirm": ("bellrock.cli.apply", "Keep what `apply` loaded."),
    "check": ("bellrock.cli.firewall_check", "Decide what a ruleset lets through, flow by flow."),
}
"""Subcommand → module that defines it under its own name, and its line in the group's help."""


class LazyCommands(click.Group):
    """Imports a subcommand's module when it is wanted."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- as click has it
        """In the order in which they are used."""
        return list(SUBCOMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- as click has it
        """The command, or None where there is none of that name."""
        if cmd_name not in SUBCOMMANDS:
            return None
        command = getattr(importlib.import_module(SUBCOMMANDS[cmd_name][0]), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{SUBCOMMANDS[cmd_name][0]}.{cmd_name} is not a command")
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- as click has it
        """From the table, so that help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in SUBCOMMANDS.items()])


@click.group(cls=LazyCommands, epilog="Example: bellrock firewall build --site site.toml --for router")
def firewall() -> None:
    """Write the firewall rules that a site needs, load them safely, and check what rules let through."""
