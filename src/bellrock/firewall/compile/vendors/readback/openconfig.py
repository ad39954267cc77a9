"""OpenConfig's ACL model in JSON, and SONiC's variant of it."""

import json
from typing import Any, Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule, protocol_of
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange

_FAMILIES: Final[dict[str, Family]] = {"ACL_IPV4": 4, "ACL_IPV6": 6}
_ACTIONS: Final = {"ACCEPT": True, "DROP": False, "REJECT": False}
_ESTABLISHED: Final = (
    {"detail-mode": "BUILTIN", "builtin-detail": "TCP_ESTABLISHED"},
    {"tcp-session-established": True},
)


def read(text: str) -> list[Rule]:
    """The entries of all ACL sets.

    Raises:
        ReadbackError: a leaf that is not understood.
    """
    rules: list[Rule] = []
    for one in document(text):
        if one["type"] not in _FAMILIES or one["type"] != one["config"]["type"]:
            raise ReadbackError(f"ACL set {one['name']}: type {one['type']}")
        family = _FAMILIES[one["type"]]
        rules += [_rule(entry, family) for entry in one["acl-entries"]["acl-entry"]]
    return rules


def document(text: str) -> list[dict[str, Any]]:
    """JSON that must be a list.

    Raises:
        ReadbackError: it is not.
    """
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise ReadbackError(f"no JSON: {error}") from None
    if not isinstance(found, list):
        raise ReadbackError("not a list of filters")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8259 §4: what happens to a name that stands twice is anybody's guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ReadbackError(f"a name stands twice among {', '.join(sorted(found))}")
    return found


def _rule(entry: dict[str, Any], family: Family) -> Rule:
    number = entry["sequence-id"]
    header = entry.get(f"ipv{family}", {}).get("config", {})
    transport = dict(entry.get("transport", {}).get("config", {}))
    source, destination = transport.pop("source-port", None), transport.pop("destination-port", None)
    unknown = set(entry) - {"actions", "sequence-id", "transport", f"ipv{family}"}
    unknown |= set(header) - {"source-address", "destination-address", "protocol"}
    if unknown or (transport and transport not in _ESTABLISHED):
        raise ReadbackError(f"entry {number}: {' '.join(sorted(unknown | set(transport)))} is not understood")
    action = entry["actions"]["config"]["forwarding-action"]
    if action not in _ACTIONS:
        raise ReadbackError(f"entry {number}: action {action}")
    return Rule(
        name=str(number),
        accept=_ACTIONS[action],
        family=family,
        protocol=protocol_of(header["protocol"]) if "protocol" in header else None,
        sources=address(header.get("source-address"), family),
        destinations=address(header.get("destination-address"), family),
        source_ports=_ports(source),
        destination_ports=_ports(destination),
        established=bool(transport),
    )


def address(text: str | None, family: Family) -> tuple[AddressRange, ...]:
    """A prefix, or everybody.

    Raises:
        ReadbackError: it is of the other family.
    """
    if text is None:
        return (words.whole(family),)
    version, span = words.network(text)
    if version != family:
        raise ReadbackError(f"{text} is of the other family")
    return (span,)


def _ports(said: int | str | None) -> tuple[PortRange, ...]:
    if said is None:
        return EVERY_PORT
    return (words.port(str(said).replace("..", "-")),)
