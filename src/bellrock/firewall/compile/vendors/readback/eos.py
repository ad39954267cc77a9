"""Arista's traffic policies: matches with actions; without any, a match lets its packets through."""

import re
from typing import Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange

_MATCH: Final = re.compile(r"match (\S+) (ipv4|ipv6)")
_PROTOCOL: Final = re.compile(
    r"protocol (?P<name>\S+)(?P<established> flags established)?(?: source port (?P<source>[\d -]+?))?"
    r"(?: destination port (?P<destination>[\d -]+))?(?: type (?P<type>\S+)(?: code (?P<code>\S+))?)?"
)


def read(text: str) -> list[Rule]:
    """The matches of all traffic policies, the two defaults of each last.

    Raises:
        ReadbackError: a line that is not understood.
    """
    rules: list[Rule] = []
    match: _Match | None = None
    for line in (line.strip() for line in text.splitlines()):
        header = _MATCH.fullmatch(line)
        if header:
            match = _Match(header[1], 6 if header[2] == "ipv6" else 4)
        elif line == "!" and match:
            rules.append(match.rule())
            match = None
        elif match:
            match.read(line)
        elif line and not line.startswith(("!", "$", "traffic-polic", "no traffic-policy ")):
            raise ReadbackError(f"outside of any match: {line}")
    if match:
        raise ReadbackError(f"match {match.name} does not end")
    return sorted(rules, key=lambda rule: rule.name.endswith("-default-all"))


class _Match:
    """One match, line by line."""

    def __init__(self, name: str, family: Family) -> None:
        self.name = name
        self._family = family
        self._ends: dict[str, tuple[AddressRange, ...]] = {}
        self._protocol = ""
        self._acts = self._drops = False

    def read(self, line: str) -> None:
        """Another line of it."""
        first, _, rest = line.partition(" ")
        if line == "actions":
            self._acts = True
        elif line == "drop" and self._acts:
            self._drops = True
        elif first in ("source", "destination") and rest.startswith("prefix ") and first not in self._ends:
            self._ends[first] = tuple(self._network(text) for text in rest.split()[1:])
        elif first == "protocol" and not self._protocol:
            self._protocol = line
        elif line and not line.startswith("!!"):
            raise ReadbackError(f"match {self.name}: '{line}' is not understood")

    def rule(self) -> Rule:
        """What it says."""
        found = _PROTOCOL.fullmatch(self._protocol)
        if self._protocol and not found:
            raise ReadbackError(f"match {self.name}: '{self._protocol}' is not understood")
        if self._acts and not self._drops:
            raise ReadbackError(f"match {self.name}: actions without one")
        said = found.groupdict() if found else {}
        return Rule(
            name=self.name,
            accept=not self._drops,
            family=self._family,
            protocol=words.protocol(said["name"], self._family) if said else None,
            sources=self._ends.get("source", (words.whole(self._family),)),
            destinations=self._ends.get("destination", (words.whole(self._family),)),
            source_ports=_ports(said.get("source")),
            destination_ports=_ports(said.get("destination")),
            types=_types(said.get("type"), said.get("code")),
            established=bool(said.get("established")),
        )

    def _network(self, text: str) -> AddressRange:
        family, span = words.network(text)
        if family != self._family:
            raise ReadbackError(f"match {self.name}: {text} is of the other family")
        return span


def _ports(text: str | None) -> tuple[PortRange, ...]:
    return tuple(words.port(part) for part in text.split()) if text else EVERY_PORT


def _types(kinds: str | None, codes: str | None) -> tuple[tuple[int, int | None], ...]:
    if not kinds:
        return ()
    said: list[int | None] = [None]
    if codes not in (None, "all"):
        said = [words.number(code, "ICMP code") for code in codes.split(",")]
    return tuple((words.number(kind, "ICMP type"), code) for kind in kinds.split(",") for code in said)
