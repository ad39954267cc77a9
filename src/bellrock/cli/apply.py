"""`bellrock firewall apply` and `confirm`: load rules so that nobody locks himself out."""

import os
import select
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.firewall_diff import changes, rules_to_load
from bellrock.cli.firewall_options import rule_options
from bellrock.cli.keys import default_state_dir
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, json_option, print_json, printable
from bellrock.cli.ranges import WholeRange

if TYPE_CHECKING:
    from bellrock.cli.keeper import Event, Order

_SHOWN: Final = 200
"""Lines of the diff; `bellrock firewall diff` shows all."""
_YES: Final = ("yes", "y")


@click.command(epilog="Example: bellrock firewall apply --site site.toml --for rack --for region")
@rule_options
@click.option(
    "--confirm-within",
    type=WholeRange(1, 3600),
    default=30,
    show_default=True,
    help="Seconds until the rules go again.",
)
@json_option
def apply(site: Path, places: tuple[str, ...], confirm_within: int, *, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 -- the options of rule_options
    """Load the nftables rules of a place; they go again by themselves unless confirmed.

    Shows what changes, checks that nft takes it, and loads it in one transaction. Then answer `yes`, or, to prove that
    you can still get in, run `bellrock firewall confirm` from a new session. Without that, what was there before is put
    back, even if this terminal or its SSH session has died. Only the table that is ours is touched. Rules do not outlive
    a reboot: `bellrock firewall build -o FILE` writes them for your system to load. Rules of iptables are loaded by
    iptables-restore, not here.

    Exit codes: 0 the rules are in force (or were already), 1 they were taken back, 2 usage or a mistake in the site,
    3 not permitted, nft missing, or the rules did not load.
    """
    from bellrock.cli import keeper, nft_table
    from bellrock.cli.rollback import require_ours

    table = require_ours(wanted["table"])
    text = rules_to_load(site, places, wanted)
    nft_table.require_nft()
    shown = nft_table.listing(table, counters=False)
    lines = changes(shown, text, table)
    directory = default_state_dir().absolute() / "firewall"
    if not lines:
        _none_waits(directory, table)
        return _end("unchanged", "nothing to change: these rules are in force", as_json=as_json)
    if not as_json:
        _show(lines)
    nft_table.check(text, "the new rules")
    order = keeper.Order(table=table, new=text, shown=shown, within=float(confirm_within), directory=directory)
    return _end(*_kept(order), as_json=as_json)


@click.command(epilog="Example: bellrock firewall confirm")
@click.option("--table", default="bellrock", show_default=True, help="The table that `apply` loaded.")
@json_option
def confirm(table: str, *, as_json: bool) -> None:
    """Keep the rules that `apply` loaded: that you could run this proves that you can still get in.

    Exit codes: 0 the rules stay, 1 nothing waits to be confirmed, 3 not permitted.
    """
    from bellrock.cli import keeper

    line = _called(default_state_dir().absolute() / "firewall", table)
    if line is None and os.geteuid() != 0:
        # Whether rules wait is for root's eyes; what this user's own directory says is no answer.
        raise Failure(
            "not permitted to see whether rules wait to be confirmed; run it as who ran apply", EXIT_UNREADABLE
        )
    event = None
    if line is not None:
        with line:
            keeper.say(line, "keep")
            event = keeper.hear(line)
    if event is None or event.event != "kept":
        raise Failure("nothing waits to be confirmed: it was never loaded here, or has been taken back", EXIT_NO)
    _end("kept", "the rules stay", as_json=as_json)


def _called(directory: Path, table: str) -> socket.socket | None:
    from bellrock.cli import keeper

    try:
        return keeper.call(directory, table)
    except OSError as error:
        raise Failure(f"{directory}: {error.strerror}; run it as who ran apply", EXIT_UNREADABLE) from None


def _none_waits(directory: Path, table: str) -> None:
    """Raises Failure where the rules that are in force go again by themselves."""
    line = _called(directory, table)
    if line is not None:
        line.close()
        raise _busy(table)


def _busy(table: str) -> Failure:
    return Failure(
        f"rules in table {table} wait to be confirmed; run bellrock firewall confirm, or wait", EXIT_UNREADABLE
    )


def _kept(order: "Order") -> tuple[str, str]:
    """Load, wait for the answer: the outcome and its line.

    Raises:
        Failure: the rules did not load; what was there before is in force, or the line says what to do.
    """
    from bellrock.cli import keeper

    try:
        line = keeper.arm(order)
    except OSError as error:
        raise Failure(f"no keeper could be started, so nothing was loaded: {error.strerror}", EXIT_UNREADABLE) from None
    with line:
        restore = _armed(line, order)
        try:
            keeper.say(line, "go")
            event = keeper.hear(line)
            if event is not None and event.event == "loaded":
                return _asked(line, order, restore)
        except KeyboardInterrupt:
            keeper.say(line, "restore")
            event = _last(line)
        return _outcome(event, order, restore)


def _armed(line: socket.socket, order: "Order") -> str:
    """Wait until the keeper is; what it would put back."""
    from bellrock.cli import keeper
    from bellrock.cli.rollback import Rollback

    event = keeper.hear(line)
    if event is None:
        raise Failure("nothing was loaded: the keeper was killed", EXIT_UNREADABLE)
    if event.event == "busy":
        raise _busy(order.table)
    if event.event != "armed":
        raise Failure(f"nothing was loaded: {event.why}", EXIT_UNREADABLE)
    kept = Rollback(order.directory, order.table).before
    try:
        return kept.read_text()
    except OSError as error:
        raise Failure(f"nothing was loaded: {kept}: {error.strerror}", EXIT_UNREADABLE) from None


def _last(line: socket.socket) -> "Event | None":
    """What the keeper says in the end; that it has loaded may still be on the way."""
    from bellrock.cli import keeper

    event = keeper.hear(line)
    return keeper.hear(line) if event is not None and event.event == "loaded" else event


def _asked(line: socket.socket, order: "Order", restore: str) -> tuple[str, str]:
    """Ask here, and listen to the keeper: somebody may confirm elsewhere."""
    from bellrock.cli import keeper

    click.echo(
        f"Loaded. Can you still get in? Type yes within {order.within:g} s, or, better, from a new session: "
        "bellrock firewall confirm",
        err=True,
    )
    watched: list[Any] = [line, *_stdin()]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if line in ready:
            return _outcome(keeper.hear(line), order, restore)
        answer = os.read(0, 1024)
        if not answer:  # no terminal, or no longer: the keeper decides
            watched.remove(0)
            continue
        keeper.say(line, "keep" if answer.decode(errors="replace").strip().lower() in _YES else "restore")
        watched = [line]


def _stdin() -> list[int]:
    return [0] if sys.stdin is not None and not sys.stdin.closed else []


def _outcome(event: "Event | None", order: "Order", restore: str) -> tuple[str, str]:
    if event is None:
        _put_back(order, restore)
        return "restored", "the keeper was killed; what was there before is in force again"
    if event.event == "kept":
        return "kept", "the rules stay"
    if event.event == "restored":
        return "restored", f"{event.why}: what was there before is in force again"
    if event.event == "undone":
        raise Failure(f"the rules did not load; what was there before is in force: {event.why}", EXIT_UNREADABLE)
    raise Failure(f"what was there before COULD NOT BE PUT BACK: {event.why}", EXIT_UNREADABLE)


def _put_back(order: "Order", restore: str) -> None:
    """Nobody else will now."""
    from bellrock.cli.rollback import Rollback

    why = Rollback(order.directory, order.table).put_back_for(restore)
    if why:
        raise Failure(f"the keeper was killed, and what was there before COULD NOT BE PUT BACK: {why}", EXIT_UNREADABLE)


def _end(outcome: str, line: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": outcome, "why": line})
    else:
        click.echo(line)
    if outcome == "restored":
        sys.exit(EXIT_NO)


def _show(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        click.echo(printable(line.replace("\t", "        ")))
    if len(lines) > _SHOWN:
        click.echo(f"… and {len(lines) - _SHOWN} more lines; bellrock firewall diff shows them all")
