"""A topology document as text that a person can read: `topology show`, and the lab's found beside wired."""

from collections.abc import Iterator
from typing import Any, Final

import click

from bellrock.cli.output import printable

MARKS: Final = {"confirmed": "●", "heard": "◐", "lldp": "◆", "configured": "■", "inferred": "○"}
_COLOURS: Final = {"confirmed": "green", "heard": "yellow"}


def topology_lines(document: dict[str, Any]) -> Iterator[str]:
    """The lines of a topology document, styled; click takes the styles out where there is no terminal."""
    yield headline(document)
    for conflict in document["conflicts"]:
        where = ", ".join(port_text(port) for port in conflict["where"])
        yield click.style(f"\n! {printable(conflict['kind'])}: {where}", fg="red", bold=True)
        yield f"  {printable(conflict['proof'])}"
    for fabric in document["fabrics"]:
        yield "\n" + click.style(printable(fabric["name"]), bold=True)
        for vlan in fabric["vlans"]:
            yield from _vlan_lines(vlan)
    if document["unknown"]:
        yield "\n" + click.style("unknown", bold=True)
        width = max(len(port_text(unknown)) for unknown in document["unknown"])
        for unknown in document["unknown"]:
            yield f"  ? {port_text(unknown):<{width}}  {printable(unknown['why'])}"
    yield "\n" + click.style("  ".join(f"{mark} {strength}" for strength, mark in MARKS.items()), dim=True)


def headline(document: dict[str, Any]) -> str:
    """What was found, in one sentence."""
    vlans = [vlan for fabric in document["fabrics"] for vlan in fabric["vlans"]]
    hosts = {member["host"] for vlan in vlans for member in vlan["members"]}
    return (
        f"{count(document['fabrics'], 'fabric')}, {count(vlans, 'VLAN')}, {count(hosts, 'host')}; "
        f"{count(document['conflicts'], 'conflict')}; {count(document['unknown'], 'interface')} unknown"
    )


def port_text(port: dict[str, Any]) -> str:
    """`rack-1/eth0.10`, or `rack-1/eth0` for untagged frames."""
    vid = port.get("vid")
    return printable(f"{port['host']}/{port['interface']}" + (f".{vid}" if vid is not None else ""))


def _vlan_lines(vlan: dict[str, Any]) -> Iterator[str]:
    subnets = "  ".join(printable(subnet) for subnet in vlan["subnets"] if subnet not in vlan["name"])
    yield f"  {click.style(printable(vlan['name']), fg='cyan')}  {subnets}".rstrip()
    members = vlan["members"]
    width = max((len(port_text(member)) for member in members), default=0)
    for member in members:
        strength = printable(member["strength"])
        mark = click.style(MARKS.get(strength, "·"), fg=_COLOURS.get(strength))
        age = f"  as of {age_text(member['age'])}" if member.get("age") is not None else ""
        yield f"    {mark} {port_text(member):<{width}}  {strength}{age}".rstrip()


def age_text(seconds: float) -> str:
    """`0.4 s ago`, `12 s ago`, `3 min ago`."""
    if seconds < 1:
        return f"{max(seconds, 0.0):.1f} s ago"
    if seconds < 100:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago"


def count(things: Any, word: str) -> str:  # noqa: ANN401 -- anything with a length
    """`1 host`, `2 hosts`."""
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
