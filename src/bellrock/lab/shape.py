"""A lab's truth as a document in the shape of `topology show --json`."""

from typing import Any

from bellrock.model import Fabric, Topology, Vlan


def document(topology: Topology) -> dict[str, Any]:
    """The document. A wiring has no age, and what speaks for it is the lab file alone."""
    return {
        "fabrics": [_fabric(fabric) for fabric in topology.fabrics],
        "conflicts": [
            {
                "kind": conflict.kind.value,
                "where": [{"host": p.host, "interface": p.interface, "vid": p.vid} for p in conflict.where],
                "proof": conflict.proof,
            }
            for conflict in topology.conflicts
        ],
        "unknown": [{"host": it.host, "interface": it.interface, "why": it.why} for it in topology.unknown],
    }


def _fabric(fabric: Fabric) -> dict[str, Any]:
    return {"id": fabric.id, "name": fabric.name, "vlans": [_vlan(vlan) for vlan in fabric.vlans]}


def _vlan(vlan: Vlan) -> dict[str, Any]:
    members = [
        {
            "host": member.port.host,
            "interface": member.port.interface,
            "vid": member.port.vid,
            "strength": member.strength.value,
        }
        for member in vlan.members
    ]
    return {"id": vlan.id, "name": vlan.name, "vid": vlan.vid, "members": members, "subnets": list(vlan.subnets)}
