"""What `bellrock vlan validate` does and prints."""

import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from bellrock.beacon.trunks import Judged, Meant, validate
from bellrock.cli.client import get
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, print_json, printable
from bellrock.cli.vlanscan import Scanned, Wanted, exit_code, scan, tell_end
from bellrock.flows import Site
from bellrock.model import Finding
from bellrock.wire.keys import Keyring

Intent = dict[tuple[str, str], Meant]
"""By host and interface."""


def run_validate(
    keyring: Keyring, interfaces: Iterable[str], wanted: Wanted, intent: Intent, name: str, *, as_json: bool
) -> int:
    """Scan, judge, print, and the exit code."""
    host = name or socket.gethostname()
    sure = frozenset(vid for meant in intent.values() for vid in (*meant.tagged, meant.untagged or 0)) - {0}
    scanned = scan(keyring, interfaces, msgspec.structs.replace(wanted, sure=sure & frozenset(wanted.vids)), host)
    judged = judge_all(host, scanned, intent)
    if as_json:
        print_json({"interfaces": list(scanned.rows), "findings": judged.findings, "unknown": judged.unknown})
    else:
        _print(judged)
    tell_end(scanned)
    code = exit_code(scanned)
    if code not in (0, EXIT_NO):
        return code
    return EXIT_NO if judged.findings else EXIT_UNREADABLE if code else 0


def judge_all(host: str, scanned: Scanned, intent: Mapping[tuple[str, str], Meant]) -> Judged:
    """Of all interfaces, each finding once."""
    findings: dict[tuple[str, str, str, int | None], Finding] = {}
    unknown: dict[str, None] = {}
    for interface, row in scanned.rows.items():
        judged = validate((host, interface), row, intent)
        for one in judged.findings:
            findings.setdefault((one.id, one.host, one.interface, one.vid), one)
        unknown |= dict.fromkeys(judged.unknown)
    return Judged(findings=tuple(findings.values()), unknown=tuple(unknown))


def of_site(site: Site) -> Intent:
    """What a site file means.

    Raises:
        Failure: it says nothing of switch ports.
    """
    if not site.switchports:
        raise Failure("the site file has no [[switchport]], so nothing says which VLANs are meant to pass; add them")
    return {(port.host, port.interface): Meant(tagged=port.tagged, untagged=port.untagged) for port in site.switchports}


def of_region(region: str, state_dir: Path) -> Intent:
    """What the VLAN interfaces of all hosts that a region knows mean: each of their VIDs is wanted there.

    Raises:
        Failure: no region there, or it says no.
    """
    return from_interfaces(get(region, state_dir, "/interfaces"))


def from_interfaces(interfaces: Iterable[Mapping[str, Any]]) -> Intent:
    """The same of the region's answer: a VLAN interface wants its VID on its lower device, on which others may pass, too."""
    wanted: dict[tuple[str, str], set[int]] = {}
    for one in interfaces:
        if one.get("kind") == "vlan" and one.get("vid") and one.get("parents"):
            wanted.setdefault((one["host"], one["parents"][0]), set()).add(one["vid"])
    return {end: Meant(tagged=frozenset(vids), exact=False) for end, vids in wanted.items()}


def _print(judged: Judged) -> None:
    for one in judged.findings:
        click.echo(printable(f"{one.severity}: {one.what}" + (f" ({one.cause})" if one.cause else "")))
        for proof in one.proof:
            click.echo(printable(f"    {proof}"))
        for fix in one.fix:
            click.echo(printable(f"    to mend it: {fix}"))
    if not judged.findings:
        click.echo("all that could be judged is as it is meant")
    for what in judged.unknown:
        click.echo(printable(f"not known: {what}"))
