"""What `bellrock vlan validate` does and prints."""

import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from bellrock.beacon.reach import runs
from bellrock.beacon.trunks import Judged, Meant, validate
from bellrock.cli.output import EXIT_NO, EXIT_UNREADABLE, Failure, print_json, printable
from bellrock.cli.regionapi import answered
from bellrock.cli.vlanscan import MAX_NAMED, Scanned, Wanted, exit_code, scan, tell_end
from bellrock.diagnosis.findings_document import all_told
from bellrock.flows import Site
from bellrock.model import Finding
from bellrock.wire.keys import Keyring

Intent = dict[tuple[str, str], Meant]
"""By host and interface."""
SOME: Final = "\0"
"""In the place of a VLAN that is not said yet."""


def run_validate(
    keyring: Keyring, interfaces: Iterable[str], wanted: Wanted, intent: Intent, name: str, *, as_json: bool
) -> int:
    """Scan, judge, print, and the exit code."""
    host = name or socket.gethostname()
    sure = frozenset(vid for meant in intent.values() for vid in (*meant.tagged, meant.untagged or 0)) - {0}
    scanned = scan(keyring, interfaces, msgspec.structs.replace(wanted, sure=sure & frozenset(wanted.vids)), host)
    judged = judge_all(host, scanned, intent)
    if as_json:
        ports = [{"host": host, "interface": interface} for host, interface in judged.ports]
        print_json(
            {
                "interfaces": list(scanned.rows),
                "findings": all_told(judged.findings),
                "unknown": judged.unknown,
                "judged": ports,
            }
        )
    else:
        _print(judged)
    tell_end(scanned)
    code = exit_code(scanned)
    if code not in (0, EXIT_NO):
        return code
    if judged.findings:
        return EXIT_NO
    return 0 if judged.ports and not code else EXIT_UNREADABLE


def judge_all(host: str, scanned: Scanned, intent: Mapping[tuple[str, str], Meant]) -> Judged:
    """Of all interfaces, each finding once."""
    findings: dict[tuple[str, str, str, int | None], Finding] = {}
    unknown: dict[str, None] = {}
    ports: dict[tuple[str, str], None] = {}
    for interface, row in scanned.rows.items():
        judged = validate((host, interface), row, intent)
        for one in judged.findings:
            findings.setdefault((one.id, one.host, one.interface, one.vid), one)
        unknown |= dict.fromkeys(judged.unknown)
        ports |= dict.fromkeys(judged.ports)
    return Judged(findings=tuple(findings.values()), unknown=tuple(unknown), ports=tuple(ports))


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
    return from_interfaces(answered(region, state_dir, list[dict[str, Any]], lambda api: api.interfaces()))


def from_interfaces(interfaces: Iterable[Mapping[str, Any]]) -> Intent:
    """The same of the region's answer: a VLAN interface wants its VID on its lower device, on which others may pass, too."""
    wanted: dict[tuple[str, str], set[int]] = {}
    for one in interfaces:
        if one.get("kind") == "vlan" and one.get("vid") and one.get("parents"):
            wanted.setdefault((one["host"], one["parents"][0]), set()).add(one["vid"])
    return {end: Meant(tagged=frozenset(vids), exact=False) for end, vids in wanted.items()}


def together(findings: Iterable[Finding]) -> list[Finding]:
    """The same of several VLANs as one finding, whose VID is None: a port that passes everything is told in one, not in thousands."""
    alike: dict[Finding, list[Finding]] = {}
    for one in findings:
        alike.setdefault(_of_any(one), []).append(one)
    return [_of_all(one, many) if len(many) > 1 else many[0] for one, many in alike.items()]


def _of_all(one: Finding, many: list[Finding]) -> Finding:
    """What is so of any of them, of all."""
    vids = runs(sorted(other.vid for other in many if other.vid is not None))
    rest = one.what.removeprefix(f"{SOME} ")
    lost = rest.startswith("does not pass")
    said = f"none passes{rest.removeprefix('does not pass')}" if lost else f"each {rest}"
    return msgspec.structs.replace(one, what=f"VLANs {vids}: {said}")


def _of_any(one: Finding) -> Finding:
    """A finding that says of its VLAN what it is, but not which."""
    if not one.what.startswith(f"VLAN {one.vid} "):
        return one
    vlan, vid = re.compile(rf"\bVLAN {one.vid}\b"), re.compile(rf"\bVID {one.vid}\b")

    def said(text: str, them: str) -> str:
        return vid.sub("that VID", vlan.sub(them, text))

    proof = tuple(
        said(text, "any of them") if text.startswith("no ") else said(re.sub("^it ", "each ", text), "each of them")
        for text in one.proof
    )
    fix = tuple(said(text, "them") for text in one.fix)
    return msgspec.structs.replace(one, vid=None, what=vlan.sub(SOME, one.what, count=1), proof=proof, fix=fix)


def _print(judged: Judged) -> None:
    for one in together(judged.findings):
        click.echo(printable(f"{one.severity}: {one.what}" + (f" ({one.cause})" if one.cause else "")))
        for proof in one.proof:
            click.echo(printable(f"    {proof}"))
        for fix in one.fix:
            click.echo(printable(f"    to mend it: {fix}"))
    if not judged.findings and not judged.ports:
        click.echo("nothing could be judged")
    elif not judged.findings:
        more = f" and {len(judged.ports) - MAX_NAMED} more" if len(judged.ports) > MAX_NAMED else ""
        named = ", ".join("/".join(end) for end in judged.ports[:MAX_NAMED])
        click.echo(printable(f"all that could be judged is as it is meant, at {named}{more}"))
    for what in judged.unknown:
        click.echo(printable(f"not known: {what}"))
