"""What `bellrock flows lint` reads of this host, and how it tells what it found."""

import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, to_builtins

from bellrock.cli.output import EXIT_UNREADABLE, Failure
from bellrock.flows.crossing import flows_of, passages
from bellrock.flows.lint import HostAddress, Remark, Scene, Verdict, Weight, lint
from bellrock.flows.lint.roles import roles_of_host
from bellrock.flows.select import SelectionError, parse_role
from bellrock.flows.site import Site
from bellrock.flows.values import Role
from bellrock.link.conntrack import connections
from bellrock.link.device import LinkError
from bellrock.link.dump import addresses
from bellrock.link.listeners import Listening, listening
from bellrock.link.watch import Watched, watch

MARKS: Final = {Weight.COMPLAINT: "✗", Weight.HINT: "·"}


class Sight(Struct, frozen=True, kw_only=True):
    """What was looked at, and what could not be seen."""

    found: Listening
    watched: Watched | None = None
    tracked: bool = False
    """Whether the kernel's table of connections was read."""


def look(site: Site, file: Path, roles: str | None, seconds: float | None) -> tuple[Scene, Sight]:
    """This host beside a site.

    Raises:
        Failure: a role that does not exist (exit 2); addresses, sockets or traffic that cannot be read (exit 3).
    """
    mine = _addresses()
    playing = _roles(roles) if roles is not None else roles_of_host(site, mine)
    found = listening()
    tracked = connections()
    watched = _watch(seconds) if seconds is not None else None
    seen = (*(watched.conversations if watched else ()), *(tracked or ()))
    scene = Scene(
        site=site,
        file=str(file),
        flows=flows_of(site),
        passages=passages(site),
        roles=playing,
        addresses=mine,
        listeners=found.here,
        elsewhere=found.elsewhere,
        conversations=None if watched is None and tracked is None else seen,
    )
    return scene, Sight(found=found, watched=watched, tracked=tracked is not None)


def judge(scene: Scene) -> Verdict:
    """What is to be said of it."""
    return lint(scene)


def _roles(text: str) -> tuple[Role, ...]:
    try:
        return tuple(dict.fromkeys(parse_role(word) for word in text.split(",")))
    except SelectionError as error:
        raise Failure(f"--for {error}") from None


def _addresses() -> tuple[HostAddress, ...]:
    try:
        return tuple(HostAddress(interface, text) for interface, text in addresses())
    except OSError as error:
        why = error.strerror or "no answer"
        raise Failure(f"the kernel does not tell of its addresses: {why} (rtnetlink)", EXIT_UNREADABLE) from None


def _watch(seconds: float) -> Watched:
    try:
        with _interruptible() as asked:
            return watch(seconds, lambda: bool(asked))
    except LinkError as error:
        raise Failure(f"--watch: {error}", EXIT_UNREADABLE) from None


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Ctrl-C ends the look and not the command: what was seen until then is told."""
    asked: list[int] = []

    def note(number: int, _: types.FrameType | None) -> None:
        asked.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def document(verdict: Verdict, sight: Sight) -> dict[str, Any]:
    """Everything, for programs."""
    watched = sight.watched
    return {
        "roles": list(verdict.roles),
        "remarks": [to_builtins(remark) for remark in verdict.remarks],
        "served": [{"flow": flow, "by": by} for flow, by in verdict.served],
        "seen": [{"flow": flow, "packets": packets} for flow, packets in verdict.seen],
        "unchecked": [to_builtins(one) for one in verdict.unchecked],
        "sight": {
            "owners_hidden": sight.found.nameless,
            "processes_hidden": sight.found.hidden,
            "namespaces_left": sight.found.namespaces_left,
            "connections_read": sight.tracked,
            "watched": {**to_builtins(watched), "conversations": len(watched.conversations)} if watched else None,
        },
    }


def told(scene: Scene, verdict: Verdict, sight: Sight) -> Iterator[str]:
    """The lines for people."""
    playing = ", ".join(verdict.roles) or "no role"
    where = ", ".join(address.said() for address in scene.outward) or "no address"
    yield f"this host ({where}) plays {playing}; {_listening(len(scene.listeners))} here"
    for flow, by in verdict.served:
        yield f"✓ {flow}: {by}"
    for remark in verdict.remarks:
        yield from _remark(remark)
    if verdict.seen:
        yield "seen: " + ", ".join(f"{flow} {packets}" for flow, packets in verdict.seen) + " (packets)"
    for line in _blind(sight):
        yield f"? {line}"
    if verdict.unchecked:
        yield f"not checked from here: {len(verdict.unchecked)} conditions (--json tells them and why)"
    complaints, hints = len(verdict.complaints), len(verdict.remarks) - len(verdict.complaints)
    yield f"{_count(complaints, 'complaint')}, {_count(hints, 'hint')}"


def _remark(remark: Remark) -> Iterator[str]:
    yield f"{MARKS[remark.weight]} {remark.sentence}"
    yield f"    {remark.proof}"
    yield f"    → {remark.advice}"


def _blind(sight: Sight) -> Iterator[str]:
    """What was not seen, so that silence is not taken for peace."""
    found, watched = sight.found, sight.watched
    if found.nameless:
        yield (
            f"the owners of {_count(found.nameless, 'socket')} cannot be seen by this user"
            + (f" ({_count(found.hidden, 'process', 'processes')} may not be looked into)" if found.hidden else "")
            + "; run as root to have them named"
        )
    if found.namespaces_left:
        yield f"{found.namespaces_left} more network namespaces were not looked into"
    if watched is None:
        only = (
            "of traffic only the kernel's table of connections was read"
            if sight.tracked
            else "traffic was not looked at"
        )
        yield f"{only}: --watch SECONDS looks at it"
    if watched and watched.dropped:
        yield f"{watched.dropped} frames came too fast to be counted"
    if watched and watched.forgotten:
        yield f"{watched.forgotten} packets belong to more conversations than are kept"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _listening(number: int) -> str:
    return f"{number} socket listens" if number == 1 else f"{number} sockets listen"
