"""FortiOS configuration: addresses, groups, services and policies, each in a block of edits."""

import shlex
from typing import Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule, everything
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

Settings = dict[str, list[str]]

_BLOCKS: Final = {
    "firewall address",
    "firewall addrgrp",
    "firewall address6",
    "firewall addrgrp6",
    "firewall service custom",
    "firewall policy",
}
_POLICY: Final = {
    *("name", "srcintf", "dstintf", "action", "srcaddr", "dstaddr", "srcaddr6", "dstaddr6"),
    *("schedule", "service", "logtraffic", "comments"),
}
_ALWAYS: Final = {"schedule": ["always"], "srcintf": ["any"], "dstintf": ["any"]}
_SUFFIX: Final[dict[Family, str]] = {4: "", 6: "6"}


def read(text: str) -> list[Rule]:
    """The policies, with what their names stand for.

    Raises:
        ReadbackError: a block, a setting or a name that is not understood.
    """
    blocks = _blocks(text)
    policies = blocks.get("firewall policy", {}).values()
    return [rule for policy in policies for family in (4, 6) for rule in _rules(policy, family, blocks)]


def _blocks(text: str) -> dict[str, dict[str, Settings]]:
    found: dict[str, dict[str, Settings]] = {}
    block: dict[str, Settings] = {}
    entry: Settings = {}
    for line in text.splitlines():
        match shlex.split(line, comments=True):
            case ["config", *name] if " ".join(name) in _BLOCKS:
                block = found.setdefault(" ".join(name), {})
            case ["edit", name] if name not in block:
                entry = block.setdefault(name, {})
            case ["set", key, *values] if key not in entry:
                entry[key] = values
            case [] | ["next"] | ["end"]:
                pass
            case _:
                raise ReadbackError(f"'{line.strip()}' is not understood")
    return found


def _rules(policy: Settings, family: Family, blocks: dict[str, dict[str, Settings]]) -> list[Rule]:
    name = policy.get("name", [""])[0]
    if set(policy) - _POLICY or any(policy.get(key) != value for key, value in _ALWAYS.items()):
        raise ReadbackError(f"policy {name}: a setting that is not understood, or not for always and every interface")
    suffix = _SUFFIX[family]
    if f"srcaddr{suffix}" not in policy:
        return []
    accept = policy.get("action", ["deny"])
    if accept not in (["accept"], ["deny"]):
        raise ReadbackError(f"policy {name}: action {' '.join(accept)}")
    sources, destinations = (
        [span for one in policy[f"{end}addr{suffix}"] for span in _addresses(one, family, blocks)]
        for end in ("src", "dst")
    )
    if policy["service"] == ["ALL"]:
        if accept == ["accept"] or sources + destinations != [words.whole(family)] * 2:
            raise ReadbackError(f"policy {name}: every service, and not as the last denial")
        return [everything(family)]
    return [
        Rule(
            name=name,
            accept=accept == ["accept"],
            family=family,
            protocol=protocol,
            sources=tuple(sources),
            destinations=tuple(destinations),
            source_ports=source_ports,
            destination_ports=destination_ports,
        )
        for service in policy["service"]
        for protocol, source_ports, destination_ports in _service(service, blocks)
    ]


def _addresses(name: str, family: Family, blocks: dict[str, dict[str, Settings]]) -> list[AddressRange]:
    suffix = _SUFFIX[family]
    if name == "all":
        return [words.whole(family)]
    group = blocks.get(f"firewall addrgrp{suffix}", {}).get(name)
    members = [name] if group is None else group["member"]
    return [_address(member, family, blocks.get(f"firewall address{suffix}", {})) for member in members]


def _address(name: str, family: Family, book: dict[str, Settings]) -> AddressRange:
    match book.get(name), family:
        case {"type": ["ipmask"], "subnet": [address, mask]}, 4:
            return words.masked(address, mask)
        case {"type": ["ipprefix"], "ip6": [prefix]}, 6:
            return words.network(prefix)[1]
        case _:
            raise ReadbackError(f"no address '{name}' of IPv{family}")


def _service(
    name: str, blocks: dict[str, dict[str, Settings]]
) -> list[tuple[Protocol, tuple[PortRange, ...], tuple[PortRange, ...]]]:
    service = blocks.get("firewall service custom", {}).get(name)
    if not service or set(service) - {"tcp-portrange", "udp-portrange"}:
        raise ReadbackError(f"no service '{name}' of ports")
    found: list[tuple[Protocol, tuple[PortRange, ...], tuple[PortRange, ...]]] = []
    for key, pairs in service.items():
        for pair in pairs:
            # Destination first, then source (FortiOS CLI reference, firewall service custom).
            destination, colon, source = pair.partition(":")
            ports = (words.port(source),) if colon else EVERY_PORT
            found.append((Protocol(key.removesuffix("-portrange")), ports, (words.port(destination),)))
    return found
