"""Kubernetes NetworkPolicies: what the pods of a namespace may receive (`ingress`) and send (`egress`).

Policies add up, and a pod that none selects in a direction may do everything; so the empty one that selects all is what denies.
"""

from collections.abc import Iterator
from typing import Any, Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule, everything
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

_WAYS: Final = {"Ingress": ("in", "from"), "Egress": ("out", "to")}
_PROTOCOLS: Final = {"TCP": Protocol.TCP, "UDP": Protocol.UDP}
_FAMILIES: Final[tuple[Family, ...]] = (4, 6)


def read(text: str) -> list[Rule]:
    """What is let through, then the denials.

    Raises:
        ReadbackError: no list of NetworkPolicies, or a part that is not understood.
    """
    import yaml  # type: ignore[import-untyped,unused-ignore] # of the extra, as Aerleon is

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ReadbackError(f"no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict) or found.get("kind") != "NetworkPolicyList":
        raise ReadbackError("no list of NetworkPolicies")
    rules = [rule for item in found["items"] for rule in _rules(item)]
    return sorted(rules, key=lambda rule: not rule.accept)


def _rules(item: dict[str, Any]) -> Iterator[Rule]:
    name, spec = item["metadata"]["name"], item["spec"]
    if item["kind"] != "NetworkPolicy" or spec["podSelector"] != {} or len(spec["policyTypes"]) != 1:
        raise ReadbackError(f"policy {name}: not for every pod, or not for one direction")
    way = spec["policyTypes"][0]
    direction, ends = _WAYS[way]
    if set(spec) - {"podSelector", "policyTypes", way.lower()}:
        raise ReadbackError(f"policy {name}: a part that is not understood")
    if way.lower() not in spec:
        yield from (everything(family, direction=direction) for family in _FAMILIES)
    for part in spec.get(way.lower(), []):
        if set(part) != {"ports", ends}:
            raise ReadbackError(f"policy {name}: every port, or everybody")
        yield from _allowed(name, direction, part["ports"], [_network(peer, name) for peer in part[ends]])


def _allowed(
    name: str, direction: str, ports: list[dict[str, Any]], peers: list[tuple[Family, AddressRange]]
) -> Iterator[Rule]:
    for family in _FAMILIES:
        spans = tuple(span for version, span in peers if version == family)
        everybody = (words.whole(family),)
        for port in ports if spans else []:
            yield Rule(
                name=name,
                accept=True,
                family=family,
                protocol=_PROTOCOLS[port["protocol"]],
                sources=spans if direction == "in" else everybody,
                destinations=everybody if direction == "in" else spans,
                destination_ports=_span(port),
                direction=direction,
            )


def _network(peer: dict[str, Any], name: str) -> tuple[Family, AddressRange]:
    if set(peer) != {"ipBlock"} or set(peer["ipBlock"]) != {"cidr"}:
        raise ReadbackError(f"policy {name}: a peer that is not understood")
    return words.network(peer["ipBlock"]["cidr"])


def _span(port: dict[str, Any]) -> tuple[PortRange, ...]:
    if "port" not in port:
        return EVERY_PORT
    first = str(port["port"])
    return (words.ports_between(first, str(port.get("endPort", first))),)
