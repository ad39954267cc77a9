"""What `bellrock vlan scan` and `stop` do and print."""

import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import click
from msgspec import Struct

from bellrock.agent.loop import now
from bellrock.agent.run import new_id
from bellrock.agent.scanning import ScanError, Street, open_street
from bellrock.beacon.reach import How, Met, judge, runs
from bellrock.beacon.rouse import Rouser
from bellrock.beacon.scanner import Plan, Reached, Scanner
from bellrock.beacon.stopper import Stopper
from bellrock.cli.output import (
    EXIT_INTERRUPTED,
    EXIT_NO,
    EXIT_UNREADABLE,
    EXIT_USAGE,
    Failure,
    print_json,
    print_table,
    printable,
)
from bellrock.link.capabilities import can_raw, grant_hint
from bellrock.link.device import LinkError
from bellrock.wire.ethernet import Tag
from bellrock.wire.keys import Keyring

EXIT_PRIVILEGE: Final = 77
"""EX_NOPERM of sysexits.h."""
SHOW_EVERY: Final = 0.1
INTERRUPTED: Final = "interrupted"
MAX_NAMED: Final = 8
"""Ends that one line of the table names."""
MAX_STRANGE: Final = 4
"""Machines with another secret that are named."""
COLOURS: Final = {"reaches": "green", "another": "yellow", "silent": "dim"}


class Wanted(Struct, frozen=True, kw_only=True):
    """What to scan, as the command line says it."""

    vids: tuple[int, ...]
    outer: int | None = None
    tpid: int = 0x88A8
    rate: float = 1000.0
    version: int = 2
    patience: float = 60.0
    sure: frozenset[int] = frozenset()

    def plan(self) -> Plan:
        """The same for the scanner."""
        outer = None if self.outer is None else Tag(self.tpid, self.outer)
        return Plan(
            vids=self.vids, outer=outer, rate=self.rate, version=self.version, patience=self.patience, sure=self.sure
        )


class Scanned(Struct, frozen=True, kw_only=True):
    """What a scan has found."""

    rows: dict[str, dict[int, tuple[Reached, ...]]]
    """By interface, and VID as sent; 0: untagged."""
    host: str
    """The name that was scanned as."""
    outer: int | None
    seconds: float
    why: str
    unsent: dict[str, int]
    strangers: frozenset[tuple[str, str]] = frozenset()
    """Interface and source MAC of beacons with another secret."""


def run_scan(keyring: Keyring, interfaces: Iterable[str], wanted: Wanted, name: str, *, as_json: bool) -> int:
    """Scan, print, and the exit code."""
    scanned = scan(keyring, interfaces, wanted, name)
    if as_json:
        documents = [_document(interface, scanned) for interface in scanned.rows]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        _print(scanned)
    tell_end(scanned)
    return exit_code(scanned)


def scan(keyring: Keyring, interfaces: Iterable[str], wanted: Wanted, name: str) -> Scanned:
    """Scan to the end, or until Ctrl-C, with progress on stderr.

    Raises:
        Failure: no privilege, or an interface that cannot be scanned.
    """
    names = tuple(dict.fromkeys(interfaces))
    with _street(keyring, names, name) as street, _polite():
        begin = time.monotonic()
        scanner = Scanner(street.identity, new_id, wanted.plan(), street.ports, now())
        progress = _Progress(scanner, begin)
        try:
            street.run(scanner, scanner, progress.show)
        except KeyboardInterrupt:
            scanner.end(INTERRUPTED, now())
            street.run(scanner, scanner)
        progress.clear()
        rows = {interface: scanner.result(interface) for interface in names}
        took = time.monotonic() - begin
        if not scanner.why and wanted.outer is None:
            _rouse(street, {interface for interface, row in rows.items() if not any(row.values())})
        return Scanned(
            rows=rows,
            host=street.identity.host,
            outer=wanted.outer,
            seconds=took,
            why=scanner.why,
            unsent=street.unsent,
            strangers=frozenset(street.strangers),
        )


def _rouse(street: Street, silent: set[str]) -> None:
    """Where nobody answered, give those with another secret an occasion to be heard."""
    silent -= {interface for interface, _ in street.strangers}
    ports = [facts for facts in street.ports if facts.port.interface in silent]
    if ports:
        with suppress(KeyboardInterrupt):
            street.run(Rouser(street.identity, new_id, ports, now()))


def run_stop(keyring: Keyring, interface: str, within: float, name: str, *, as_json: bool) -> int:
    """Have a scan end; the exit code."""
    with _street(keyring, (interface,), name) as street, _polite():
        stopper = Stopper(street.identity, new_id, street.ports, within, now())
        try:
            street.run(stopper)
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED
        if stopper.scan is None:
            _rouse(street, {interface})
        strangers = frozenset(street.strangers)
    host = stopper.scan[1] if stopper.scan else None
    if host is None and strangers:
        _say(strange(strangers))
    if as_json:
        print_json({"interface": interface, "scan": host, "stopped": stopper.stopped})
    elif host is None:
        click.echo(f"no scan was heard on {interface} within {within:g} s")
    elif stopper.stopped:
        click.echo(printable(f"the scan by {host} has stopped"))
    else:
        click.echo(printable(f"{host} is scanning, and has not answered within {within:g} s"))
    return 0 if stopper.stopped else EXIT_NO if host is None else EXIT_UNREADABLE


def exit_code(scanned: Scanned) -> int:
    """What a scan ends with."""
    if scanned.why:
        return EXIT_INTERRUPTED if scanned.why == INTERRUPTED else EXIT_UNREADABLE
    return 0 if any(found for row in scanned.rows.values() for found in row.values()) else EXIT_NO


def tell_end(scanned: Scanned) -> None:
    """One line on stderr for what was done, and one for each thing that was not."""
    asked = sum(len(set(row) - {0}) for row in scanned.rows.values())
    reached = sum(bool(found) for row in scanned.rows.values() for vid, found in row.items() if vid)
    peers = {(who.host, who.interface) for row in scanned.rows.values() for found in row.values() for who in found}
    where = next(iter(scanned.rows)) if len(scanned.rows) == 1 else f"{len(scanned.rows)} interfaces"
    _say(
        f"{asked} VIDs called on {where} in {scanned.seconds:.1f} s: {reached} reach {len(peers)} interfaces, "
        f"{asked - reached} are silent"
    )
    if scanned.strangers:
        _say(strange(scanned.strangers))
    for code, count in scanned.unsent.items():
        _say(f"{count} calls were not sent ({code}): of their VIDs nothing is known")
    if scanned.why:
        _say(f"{scanned.why}: VIDs that are not listed were not called")


def strange(strangers: frozenset[tuple[str, str]]) -> str:
    """What is said of beacons that this secret does not open; `strangers`: interface and source MAC."""
    macs = sorted({mac for _, mac in strangers})
    where = ", ".join(sorted({interface for interface, _ in strangers}))
    who = "one machine beacons" if len(macs) == 1 else f"{len(macs)} machines beacon"
    named = ", ".join(macs[:MAX_STRANGE]) + (", …" if len(macs) > MAX_STRANGE else "")
    return (
        f"{who} on {where} with another secret ({named}), and cannot be asked with this one: if they are yours, "
        "this is the wrong secret"
    )


@contextmanager
def _street(keyring: Keyring, names: tuple[str, ...], name: str) -> Iterator[Street]:
    if not can_raw():
        hint = grant_hint(sys.executable)
        raise Failure(
            f"frames with tags need raw sockets, which this process may not open; to allow it: {hint}", EXIT_PRIVILEGE
        )
    try:
        with open_street(keyring, names, name or socket.gethostname()) as street:
            yield street
    except ScanError as error:
        raise Failure(str(error), EXIT_USAGE if error.usage else EXIT_UNREADABLE) from None
    except LinkError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None


@contextmanager
def _polite() -> Iterator[None]:
    """SIGTERM is a Ctrl-C here: both end a scan with a word to the others."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Progress:
    """One line on a terminal that is written over; elsewhere only what one has to know."""

    def __init__(self, scanner: Scanner, begin: float) -> None:
        self._scanner = scanner
        self._shown = begin
        self._waiting = ""
        self._line = False

    def show(self) -> None:
        """Show it, if it is time."""
        moment = now()
        waiting = self._scanner.waits_for(moment)
        if waiting is not None and waiting[0] != self._waiting:
            self._waiting = waiting[0]
            self.clear()
            _say(f"{waiting[0]} is scanning this segment: waiting, for about {waiting[1]:.0f} s")
        if sys.stderr.isatty() and moment.mono - self._shown >= SHOW_EVERY:
            self._shown, self._line = moment.mono, True
            made, left = self._scanner.calls
            text = f"{self._scanner.phase}: {made} of {made + left} calls, {self._scanner.peers} interfaces heard"
            click.echo(f"\r{text:<70}", nl=False, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._line:
            click.echo(f"\r{'':<70}\r", nl=False, err=True)
            self._line = False


def _say(text: str) -> None:
    click.echo(printable(text), err=True)


def _document(interface: str, scanned: Scanned) -> dict[str, Any]:
    row = scanned.rows[interface]
    stacked = scanned.outer is not None
    vids = {str(vid): [_end(who, stacked=stacked) for who in found] for vid, found in row.items() if vid}
    document: dict[str, Any] = {"interface": interface, "vids": vids}
    if 0 in row:
        document["untagged"] = [_end(who, stacked=stacked) for who in row[0]]
    return document | ({"outer": scanned.outer} if stacked else {})


def _end(who: Reached, *, stacked: bool) -> dict[str, Any]:
    end = {"host": who.host, "interface": who.interface, "vid": who.vid}
    return end | ({"outer": who.outer} if stacked else {})


def _print(scanned: Scanned) -> None:
    rows = [
        (interface, *line)
        for interface, row in scanned.rows.items()
        for line in lines(judge(row, scanned.outer or 0), (scanned.host, interface))
    ]
    print_table(("interface", "VIDs", "", "who"), rows, "no VID was called", COLOURS)


def lines(judged: Mapping[int, tuple[Met, ...]], here: tuple[str, str] = ("", "")) -> list[tuple[str, str, str]]:
    """VIDs that came out alike, what that is called, and who is there. `here`: host and interface that called."""
    alike: dict[tuple[str, str], list[int]] = {}
    for vid, found in judged.items():
        alike.setdefault((_verdict(vid, found), _who(found, here)), []).append(vid)
    return [(_vids(vids), verdict, who) for (verdict, who), vids in sorted(alike.items(), key=lambda item: item[1])]


def _vids(vids: list[int]) -> str:
    return ", ".join((["untagged"] if 0 in vids else []) + ([runs([v for v in vids if v])] if vids != [0] else []))


def _verdict(vid: int, found: tuple[Met, ...]) -> str:
    if not found:
        return "silent"
    if vid and all(met.how in (How.TRANSLATED, How.MISMATCH) for met in found):
        return "another VID answers"
    return "reaches"


def _who(found: tuple[Met, ...], here: tuple[str, str]) -> str:
    named = [_name(met, here) for met in found[:MAX_NAMED]]
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return ", ".join(named) + more


def _name(met: Met, here: tuple[str, str]) -> str:
    who = met.who
    if (who.host, who.interface) == here:
        return "this interface itself: a loop"
    tags = "untagged" if who.vid is None else f"VID {who.vid}" if not who.outer else f"VID {who.outer}.{who.vid}"
    place = f"{who.host}/{who.interface}"
    match met.how:
        case How.REACHES:
            return place
        case How.UNTAGGED:
            return f"{place} (untagged there)"
        case How.NATIVE:
            return f"{place} (as {tags}, which is native here)"
        case How.TRANSLATED:
            return f"{place} (as {tags}: translated)"
        case How.MISMATCH:
            return f"{place} (as {tags}, like VID {runs(sorted(met.others))}: native VLANs differ)"
