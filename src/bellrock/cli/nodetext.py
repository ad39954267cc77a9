"""What `bellrock node` has found, as JSON, as a MAAS result, and for people."""

from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.findingtext import print_findings
from bellrock.cli.output import print_table, printable

if TYPE_CHECKING:
    from bellrock.agent.node import Found
    from bellrock.diagnosis import Cable, Lies

COLOURS: Final = {"error": "red", "warning": "yellow", "notice": "cyan", "yes": "green", "no": "red"}


def document(found: "Found") -> dict[str, Any]:
    """{interfaces, region, findings} and what led to them. Times in seconds, MTU in octets, speed in Mb/s."""
    from bellrock.diagnosis.findings_document import all_told

    placed = {one.interface: one for one in found.look.placed}
    return {
        "host": found.look.host,
        "interfaces": [_interface(cable, placed.get(cable.interface.name)) for cable in found.look.cables],
        "region": found.look.told or None,
        "via": found.told.via or None,
        "not_delivered": None if found.look.told else found.told.why,
        "findings": list(all_told(found.findings)),
        "seconds": round(found.took, 3),
        "unexplained": unexplained(found),
        "not_restored": list(found.left),
    }


def unexplained(found: "Found") -> list[str]:
    """Interfaces with carrier that the region took note of and placed nowhere, and of which no finding says why."""
    placed = {one.interface for one in found.look.placed}
    placed |= {
        cable.interface.name for cable in found.look.cables if cable.heard_above or cable.interface.master in placed
    }
    known = placed | {one.interface for one in found.findings}
    lit = [cable.interface.name for cable in found.look.cables if cable.carrier_for is not None]
    return [name for name in lit if name not in known] if found.look.told else []


def maas_results(found: "Found", code: int) -> dict[str, Any]:
    """The content of $RESULT_PATH (YAML, of which JSON is a part): a status, and one line for each interface."""
    warned = any(one.severity == "warning" for one in found.findings)
    status = "failed" if code else "degraded" if warned else "passed"
    placed = {one.interface: one for one in found.look.placed}
    results = {
        cable.interface.name: ", ".join(_said(cable, placed.get(cable.interface.name))) for cable in found.look.cables
    }
    results["region"] = found.look.told or found.told.why
    results |= {f"finding {number}": f"{one.severity}: {one.what}" for number, one in enumerate(found.findings, 1)}
    return {"status": status, "results": results}


def print_found(found: "Found") -> None:
    """A table of the cables, then the findings with proof and fix."""
    placed = {one.interface: one for one in found.look.placed}
    rows = []
    for cable in found.look.cables:
        one = _interface(cable, placed.get(cable.interface.name))
        carrier = {True: "yes", False: "no", None: "?"}[one["carrier"]]
        rate = f"{one['speed']} {one['duplex']}" if one["speed"] else "-"
        heard = ", ".join(one["heard"]) or "-"
        rows.append(
            (one["name"], carrier, rate, one["mtu"], one["fabric"] or "-", ", ".join(one["vlans"]) or "-", one["switch"] or "-", heard)
        )  # fmt: skip
    columns = ("interface", "carrier", "Mb/s", "MTU", "fabric", "VLANs", "switch", "heard")
    print_table(columns, rows, "no Ethernet interfaces", COLOURS)
    if found.look.told:
        via = f" through {found.told.via}" if found.told.via else ""
        click.echo(printable(f"reported to {found.look.told}{via}, {found.took:.1f} s after the start"))
    else:
        click.echo(printable(f"not reported: {found.told.why}"))
    print_findings(found.findings)
    for name in unexplained(found):
        click.echo(printable(f"{name} has carrier; the region places it nowhere, and nothing here says why"))


def _interface(cable: "Cable", lies: "Lies | None") -> dict[str, Any]:
    interface, neighbour = cable.interface, cable.neighbour
    return {
        "name": interface.name,
        "mac": interface.permanent_mac or interface.mac,
        "carrier": interface.carrier,
        "vlans": list(lies.vlans) if lies else [],
        "vids": list(lies.vids) if lies else [],
        "fabric": lies.fabric if lies else "",
        "switch": f"{neighbour.system_name or neighbour.chassis_id} {neighbour.port_id}" if neighbour else "",
        "mtu": interface.mtu,
        "speed": interface.speed,
        "duplex": interface.duplex,
        "heard": sorted({one.peer_name for one in cable.peers}),
        "tags": list(cable.tags),
        "lacp": cable.lacp is not None,
        "spanning_tree": cable.bpdu.bridge if cable.bpdu else "",
        "carrier_for": _rounded(cable.carrier_for),
        "first_frame": _rounded(cable.first_frame),
        "first_passed": _rounded(cable.first_passed),
    }


def _said(cable: "Cable", lies: "Lies | None") -> list[str]:
    if cable.interface.carrier is False:
        return ["not connected"]
    one = _interface(cable, lies)
    return [
        f"VLANs {' '.join(one['vlans'])} of {one['fabric']}" if lies else "no place known",
        *([f"switch {one['switch']}"] if one["switch"] else []),
        f"MTU {one['mtu']}",
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
