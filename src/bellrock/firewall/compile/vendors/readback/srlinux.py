"""Nokia SR Linux's acl-filters in JSON, as releases since 24.3 have them."""

from typing import Any, Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.readback.openconfig import address, document
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule
from bellrock.flows.values import Family, PortRange

_FAMILIES: Final[dict[str, Family]] = {"ipv4": 4, "ipv6": 6}
_ACTIONS: Final = {"accept": True, "drop": False}


def read(text: str) -> list[Rule]:
    """The entries of all filters.

    Raises:
        ReadbackError: a leaf that is not understood.
    """
    rules: list[Rule] = []
    for one in document(text):
        body = one.get("acl-filter")
        if not isinstance(body, dict) or body.get("type") not in _FAMILIES:
            raise ReadbackError("a filter without a type")
        rules += [_rule(entry, _FAMILIES[body["type"]]) for entry in body["entry"]]
    return rules


def _rule(entry: dict[str, Any], family: Family) -> Rule:
    name = str(entry.get("description", entry["sequence-id"]))
    match = entry["match"]
    header, transport = dict(match.get(f"ipv{family}", {})), dict(match.get("transport", {}))
    protocol = header.pop("protocol" if family == 4 else "next-header", None)
    ends = [_prefix(header.pop(end, None)) for end in ("source-ip", "destination-ip")]
    ports = [transport.pop(end, None) for end in ("source-port", "destination-port")]
    flags = transport.pop("tcp-flags", None)
    unknown = {*header, *transport, *match} - {f"ipv{family}", "transport"}
    action = [*entry["action"]]
    if unknown or flags not in (None, "ack|rst") or len(action) != 1 or action[0] not in _ACTIONS:
        raise ReadbackError(f"entry {name}: {' '.join([*sorted(unknown), *action])} is not understood")
    return Rule(
        name=name,
        accept=_ACTIONS[action[0]],
        family=family,
        protocol=None if protocol is None else words.protocol(str(protocol), family),
        sources=address(ends[0], family),
        destinations=address(ends[1], family),
        source_ports=_ports(ports[0]),
        destination_ports=_ports(ports[1]),
        established=flags is not None,
    )


def _prefix(said: dict[str, Any] | None) -> str | None:
    if said is None:
        return None
    if set(said) != {"prefix"}:
        raise ReadbackError(f"an end that is {said} is not understood")
    return str(said["prefix"])


def _ports(said: dict[str, Any] | None) -> tuple[PortRange, ...]:
    match said:
        case None:
            return EVERY_PORT
        case {"value": value}:
            return (words.port(str(value)),)
        case {"range": {"start": first, "end": last}}:
            return (words.ports_between(str(first), str(last)),)
        case _:
            raise ReadbackError(f"ports {said} are not understood")
