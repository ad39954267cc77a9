"""What `bellrock vlan scan --passive` does and prints."""

import select
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing
from typing import Any, Final

import click

from bellrock.agent.scanning import ScanError, ready
from bellrock.cli.output import EXIT_UNREADABLE, EXIT_USAGE, Failure, print_json, print_table
from bellrock.cli.vlanscan import EXIT_PRIVILEGE
from bellrock.link.capabilities import can_raw, grant_hint
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.link.overhear import Overheard, Stack, TagEar

BUDGET: Final = 4096
LONGEST: Final = 1.0
NAMED: Final = 4
"""Source addresses that a line of the table names."""


def run_passive(interfaces: Iterable[str], vids: frozenset[int], seconds: float, *, as_json: bool) -> bool:
    """Listen, print, and whether any frame with one of these VIDs came by.

    Raises:
        Failure: no privilege, or an interface that cannot be listened to.
    """
    if not can_raw():
        hint = grant_hint(sys.executable)
        raise Failure(
            f"frames with tags need raw sockets, which this process may not open; to allow it: {hint}", EXIT_PRIVILEGE
        )
    names = tuple(dict.fromkeys(interfaces))
    with ExitStack() as stack:
        try:
            indexes = _indexes(names)
            ears = {name: stack.enter_context(closing(TagEar(index))) for name, index in indexes.items()}
        except ScanError as error:
            raise Failure(str(error), EXIT_USAGE if error.usage else EXIT_UNREADABLE) from None
        except LinkError as error:
            raise Failure(str(error), EXIT_UNREADABLE) from None
        click.echo(f"listening on {', '.join(names)} for {seconds:g} s; Ctrl-C ends", err=True)
        begin = time.monotonic()
        _listen(ears, begin + seconds)
        took = time.monotonic() - begin
        heard = {name: {s: h for s, h in ear.heard.items() if not s or s[-1] in vids} for name, ear in ears.items()}
        lost = sum(ear.lost for ear in ears.values())
    documents = [
        {"interface": name, "seconds": round(took, 3), "tags": {_text(s): _said(h) for s, h in sorted(found.items())}}
        for name, found in heard.items()
    ]
    if as_json:
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        _print(documents)
    if lost:
        click.echo(f"{lost} frames came faster than they were counted", err=True)
    return any(heard.values())


def _indexes(names: tuple[str, ...]) -> dict[str, int]:
    with closing(LinkMonitor()) as monitor:
        found = {interface.name: interface for interface in monitor.snapshot().values()}
    return {name: ready(name, found).index for name in names}


def _listen(ears: dict[str, TagEar], until: float) -> None:
    try:
        while (left := until - time.monotonic()) > 0:
            for ear in select.select(list(ears.values()), [], [], min(left, LONGEST))[0]:
                ear.count(BUDGET)
    except KeyboardInterrupt:
        return


def _text(stack: Stack) -> str:
    return ".".join(map(str, stack)) or "others"


def _said(heard: Overheard) -> dict[str, Any]:
    return {"frames": heard.frames, "macs": sorted(heard.macs), "more": heard.more}


def _print(documents: list[dict[str, Any]]) -> None:
    rows = [
        (document["interface"], tag, said["frames"], _macs(said))
        for document in documents
        for tag, said in document["tags"].items()
    ]
    print_table(("interface", "VID", "frames", "from"), rows, "no frame with a tag came by")


def _macs(said: dict[str, Any]) -> str:
    macs: list[str] = said["macs"]
    text = ", ".join(macs[:NAMED])
    return text + (f" and {'at least ' if said['more'] else ''}{len(macs) - NAMED} more" if len(macs) > NAMED else "")
