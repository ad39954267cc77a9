"""PAN-OS configuration in XML: security rules, with the services, applications and addresses that they name."""

import xml.etree.ElementTree as ET  # what it reads was generated in this process
from typing import Final

from msgspec import Struct

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule, everything
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

_RULE: Final = {"description", "to", "from", "source", "destination", "service", "action", "application"}
_ANY: Final = ["any"]


class _Traffic(Struct, frozen=True):
    """What a service or an application takes."""

    protocol: Protocol
    source_ports: tuple[PortRange, ...] = EVERY_PORT
    destination_ports: tuple[PortRange, ...] = EVERY_PORT
    types: tuple[tuple[int, int | None], ...] = ()


def read(text: str) -> list[Rule]:
    """The security rules.

    Raises:
        ReadbackError: no XML, a rule that is not understood, or a name that nothing has.
    """
    try:
        top = ET.fromstring(text)  # noqa: S314 # see above
    except ET.ParseError as error:
        raise ReadbackError(f"no XML: {error}") from None
    systems = top.findall("./devices/entry/vsys/entry")
    if len(systems) != 1:
        raise ReadbackError(f"{len(systems)} virtual systems")
    book = _Book(systems[0])
    return [rule for entry in systems[0].findall("./rulebase/security/rules/entry") for rule in book.rules(entry)]


class _Book:
    """Names and what they stand for."""

    def __init__(self, system: ET.Element) -> None:
        self._addresses = {_name(entry): entry for entry in system.findall("./address/entry")}
        self._groups = {_name(entry): _members(entry, "static") for entry in system.findall("./address-group/entry")}
        self._services = {_name(entry): _service(entry) for entry in system.findall("./service/entry")}
        self._applications = {_name(entry): _application(entry) for entry in system.findall("./application/entry")}

    def rules(self, entry: ET.Element) -> list[Rule]:
        """What an entry of the rulebase says, for each family and kind of traffic."""
        name = _name(entry)
        said = {part: _members(entry, part) for part in _RULE - {"description", "action"}}
        action = entry.findtext("action")
        if {child.tag for child in entry} - _RULE or said["to"] != _ANY or said["from"] != _ANY:
            raise ReadbackError(f"rule {name}: a part that is not understood, or not for every zone")
        if action not in ("allow", "deny"):
            raise ReadbackError(f"rule {name}: action {action}")
        if said["source"] == said["destination"] == said["service"] == said["application"] == _ANY:
            if action == "allow":
                raise ReadbackError(f"rule {name}: it allows everything")
            return [everything(4), everything(6)]
        return [
            Rule(
                name=name,
                accept=action == "allow",
                family=family,
                protocol=traffic.protocol,
                sources=sources,
                destinations=destinations,
                source_ports=traffic.source_ports,
                destination_ports=traffic.destination_ports,
                types=traffic.types,
            )
            for family, sources, destinations in self._ends(said)
            for traffic in self._traffic(name, said)
        ]

    def _traffic(self, name: str, said: dict[str, list[str]]) -> list[_Traffic]:
        if said["application"] == _ANY:
            book, names = self._services, said["service"]
        elif said["service"] == ["application-default"]:
            book, names = self._applications, said["application"]
        else:
            raise ReadbackError(f"rule {name}: services and applications at once")
        for one in names:
            if one not in book:
                raise ReadbackError(f"rule {name}: nothing is named '{one}'")
        return [book[one] for one in names]

    def _ends(
        self, said: dict[str, list[str]]
    ) -> list[tuple[Family, tuple[AddressRange, ...], tuple[AddressRange, ...]]]:
        """A family is there where both ends have addresses of it."""
        found: list[tuple[Family, tuple[AddressRange, ...], tuple[AddressRange, ...]]] = []
        for family in (4, 6):
            sources, destinations = (self._spans(said[end], family) for end in ("source", "destination"))
            if sources and destinations:
                found.append((4 if family == 4 else 6, sources, destinations))
        return found

    def _spans(self, names: list[str], family: int) -> tuple[AddressRange, ...]:
        if names == _ANY:
            return (words.whole(4 if family == 4 else 6),)
        members = [member for name in names for member in self._groups.get(name, [name])]
        networks = [self._network(member) for member in members]
        return tuple(span for version, span in networks if version == family)

    def _network(self, name: str) -> tuple[Family, AddressRange]:
        entry = self._addresses.get(name)
        text = None if entry is None else entry.findtext("ip-netmask")
        if text is None:
            raise ReadbackError(f"no address '{name}'")
        return words.network(text)


def _name(entry: ET.Element) -> str:
    return entry.get("name", "")


def _members(entry: ET.Element, part: str) -> list[str]:
    return [member.text or "" for member in entry.findall(f"./{part}/member")]


def _service(entry: ET.Element) -> _Traffic:
    kinds = entry.findall("./protocol/*")
    if (
        len(kinds) != 1
        or kinds[0].tag not in ("tcp", "udp")
        or {part.tag for part in kinds[0]} - {"port", "source-port"}
    ):
        raise ReadbackError(f"service {_name(entry)} is not understood")
    return _Traffic(Protocol(kinds[0].tag), _ports(kinds[0].findtext("source-port")), _ports(kinds[0].findtext("port")))


def _ports(text: str | None) -> tuple[PortRange, ...]:
    return tuple(words.port(part) for part in text.split(",")) if text else EVERY_PORT


def _application(entry: ET.Element) -> _Traffic:
    for tag, protocol in (("ident-by-icmp-type", Protocol.ICMP), ("ident-by-icmp6-type", Protocol.ICMPV6)):
        found = entry.find(f"./default/{tag}")
        if found is not None and {part.tag for part in found} <= {"type", "code"}:
            code = found.findtext("code")
            kind = words.number(found.findtext("type", ""), "ICMP type")
            return _Traffic(protocol, types=((kind, words.number(code, "ICMP code") if code else None),))
    raise ReadbackError(f"application {_name(entry)} is not understood")
