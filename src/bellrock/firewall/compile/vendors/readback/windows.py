"""`netsh advfirewall`: rules that allow or block, and what happens to the rest.

A rule that blocks wins over every rule that allows, wherever it stands; so blocks come first in what is read.
"""

import re
from collections.abc import Iterator
from typing import Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule, everything
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

_ADD: Final = "netsh advfirewall firewall add rule "
_DELETE: Final = re.compile(r"netsh advfirewall firewall delete rule name=\S+(?: >nul)?")
_DEFAULT: Final = re.compile(
    r"netsh advfirewall set allprofiles firewallpolicy (block|allow)inbound,(block|allow)outbound"
)
_NEEDED: Final = {"name", "enable", "interfacetype", "dir", "remoteip", "localip", "protocol", "action"}
_KEYS: Final = {*_NEEDED, "remoteport", "localport"}
_FAMILIES: Final[tuple[Family, ...]] = (4, 6)


def read(text: str) -> list[Rule]:
    """Blocks, then what is allowed, then what becomes of the rest.

    Raises:
        ReadbackError: a command that is not understood.
    """
    rules: list[Rule] = []
    last: list[Rule] = []
    for line in (line.strip() for line in text.splitlines()):
        policy = _DEFAULT.fullmatch(line)
        if policy:
            blocked = [way for way, what in (("in", policy[1]), ("out", policy[2])) if what == "block"]
            last = [everything(family, direction=way) for way in blocked for family in _FAMILIES]
        elif line.startswith(_ADD):
            rules += _rules(line.removeprefix(_ADD))
        elif line and not line.startswith(":") and not _DELETE.fullmatch(line):
            raise ReadbackError(f"'{line}' is not understood")
    return [*sorted(rules, key=lambda rule: rule.accept), *last]


def _rules(line: str) -> Iterator[Rule]:
    said = dict(part.partition("=")[::2] for part in line.split())
    if len(said) != len(line.split()) or _NEEDED - set(said):
        raise ReadbackError(f"a rule that says too little, or something twice: {line}")
    if (
        set(said) - _KEYS
        or said["enable"] != "yes"
        or said["interfacetype"] != "any"
        or said["dir"] not in ("in", "out")
    ):
        raise ReadbackError(f"rule {said.get('name')}: a part that is not understood")
    if said["action"] not in ("allow", "block"):
        raise ReadbackError(f"rule {said['name']}: action {said['action']}")
    ends = [("remoteip", "remoteport"), ("localip", "localport")]
    (source, source_port), (destination, destination_port) = ends if said["dir"] == "in" else reversed(ends)
    protocol, types, families = _protocol(said["protocol"])
    for family in families:
        sources, destinations = _spans(said[source], family), _spans(said[destination], family)
        if sources and destinations:
            yield Rule(
                name=said["name"],
                accept=said["action"] == "allow",
                family=family,
                protocol=protocol,
                sources=sources,
                destinations=destinations,
                source_ports=_ports(said.get(source_port)),
                destination_ports=_ports(said.get(destination_port)),
                types=types,
                direction=said["dir"],
            )


def _protocol(text: str) -> tuple[Protocol | None, tuple[tuple[int, int | None], ...], tuple[Family, ...]]:
    """With the families in which it is spoken."""
    name, colon, rest = text.partition(":")
    kind, _, code = rest.partition(",")
    types: tuple[tuple[int, int | None], ...] = ()
    if colon and kind != "any":
        types = ((words.number(kind, "ICMP type"), None if code == "any" else words.number(code, "ICMP code")),)
    if name in ("icmpv4", "icmpv6"):
        return words.protocol(name, 4), types, (4,) if name == "icmpv4" else (6,)
    if name not in ("tcp", "udp", "any"):
        raise ReadbackError(f"protocol {text} is not understood")
    return None if name == "any" else Protocol(name), types, _FAMILIES


def _spans(text: str, family: Family) -> tuple[AddressRange, ...]:
    if text == "any":
        return (words.whole(family),)
    return tuple(span for version, span in map(words.network, text.split(",")) if version == family)


def _ports(text: str | None) -> tuple[PortRange, ...]:
    return tuple(words.port(part) for part in text.split(",")) if text not in (None, "any") else EVERY_PORT
