"""Flows as rows: the shape that `bellrock flows list --json` keeps."""

from typing import Any

from bellrock.flows.values import Flow, Role


def row(flow: Flow) -> dict[str, Any]:
    """{id, title, group, source, destination, protocols: [{protocol, ports}], note, profile}; ends are role ids joined by `/`."""
    return {
        "id": flow.id,
        "title": flow.title,
        "group": flow.group.value,
        "source": ends(flow.source),
        "destination": ends(flow.destination),
        "protocols": [{"protocol": one.protocol.value, "ports": list(one.ports)} for one in flow.protocols],
        "note": flow.note,
        "profile": flow.profile,
    }


def ends(roles: tuple[Role, ...]) -> str:
    """`rack/region`."""
    return "/".join(role.value for role in roles)
