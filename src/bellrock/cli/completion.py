"""`bellrock completion`: what has a shell complete."""

from typing import Final

import click

SHELLS: Final = ("bash", "zsh", "fish")
VARIABLE: Final = "_BELLROCK_COMPLETE"
"""In the environment of `bellrock` when a shell asks it (click.shell_completion)."""


@click.command(epilog="Example: bellrock completion bash > ~/.local/share/bash-completion/completions/bellrock")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what has a SHELL complete commands, options and values: flows, findings, scenarios, hosts of the region.

    bash 4.4 or newer: into ~/.local/share/bash-completion/completions/bellrock. zsh: into a file _bellrock in a directory of
    $fpath. fish: into ~/.config/fish/completions/bellrock.fish. The Debian package installs all three.
    """
    click.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """What the shell is to read, the same on every machine."""
    from click.shell_completion import get_completion_class

    from bellrock.cli.root import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(f"there is no completion for {shell}")
    made = kind(cli, {}, "bellrock", VARIABLE)
    # Not `source()`: of bash it would start one, to ask for its version.
    return (made.source_template % made.source_vars()).lstrip("\n").rstrip() + "\n"
