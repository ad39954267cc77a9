"""Values that a shell completes: names of flows, findings, scenarios, hosts of a running region, interfaces of this machine.

Nothing here fails and nothing waits for long: who presses the tabulator key asked for help, not for an error.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import click
    from click.shell_completion import CompletionItem

WITHIN: Final = 0.7
"""Seconds that a region may take to name its hosts."""
MAX_ITEMS: Final = 500
MAX_HELP: Final = 80
"""Characters of what zsh and fish show beside a value."""


def flows(_: "click.Context", __: "click.Parameter", incomplete: str) -> "list[CompletionItem]":
    """Ids of the catalogue."""
    from bellrock.flows.profiles import catalogue

    return _items(((one.id, one.note) for one in catalogue()), incomplete)


def findings(_: "click.Context", __: "click.Parameter", incomplete: str) -> "list[CompletionItem]":
    """Ids of findings that have a page."""
    from bellrock.cli.pages import ids, page, title

    return _items(((one, title(page(one))) for one in ids() if one.startswith(incomplete)), incomplete)


def scenarios(_: "click.Context", __: "click.Parameter", incomplete: str) -> "list[CompletionItem]":
    """Names of the scenarios that are shipped."""
    try:
        from bellrock.lab.scenario import parse
    except ModuleNotFoundError:  # an agent's installation
        return []
    return _items(((one, "") for one in parse.names()), incomplete)


def interfaces(_: "click.Context", __: "click.Parameter", incomplete: str) -> "list[CompletionItem]":
    """Names of this machine's interfaces."""
    import socket

    return _items(((name, "") for _, name in socket.if_nameindex()), incomplete)


def hosts(context: "click.Context", _: "click.Parameter", incomplete: str) -> "list[CompletionItem]":
    """Names of the hosts that the region knows, if it says so at once."""
    return _items(_asked(context), incomplete)


def files(_: "click.Context", __: "click.Parameter", incomplete: str) -> "list[CompletionItem]":
    """Whatever files there are; the shell knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _asked(context: "click.Context") -> "list[tuple[str, str]]":
    from bellrock.cli.keys import HERE, default_state_dir
    from bellrock.cli.output import Failure
    from bellrock.cli.regionapi import answered

    given: Any = context.params.get("region_url")
    state_dir: Path | None = context.params.get("state_dir")
    try:
        listed = answered(
            given or HERE, state_dir or default_state_dir(), list[Any], lambda api: api.hosts(), within=WITHIN
        )
    except (Failure, OSError):
        return []
    return [(str(one["name"]), str(one.get("role", ""))) for one in listed if isinstance(one, dict) and "name" in one]


def _items(known: "Iterable[tuple[str, str]]", incomplete: str) -> "list[CompletionItem]":
    """Those that begin as what was typed. What is no word, or not printable, a shell would take for something else."""
    from click.shell_completion import CompletionItem

    fit = [
        (name, said) for name, said in known if name.startswith(incomplete) and name.isprintable() and " " not in name
    ]
    return [CompletionItem(name, help=" ".join(said.split())[:MAX_HELP] or None) for name, said in fit[:MAX_ITEMS]]
