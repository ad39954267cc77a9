"""Rules to text, by Aerleon.

It is handed one family and one protocol in each term, since terms that mix them open more than they say, and addresses by
name, each of one family. Everybody is written as a network of its family and never left out: a term without addresses
holds for both families wherever one list holds both.
"""

import sys
from collections.abc import Iterator
from typing import Any, Final

from bellrock.firewall.compile.policy import CompileError
from bellrock.firewall.compile.prefixes import networks
from bellrock.firewall.compile.vendors.platforms import Platform
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, PORTED, Rule
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange

MISSING: Final = "needs the extra bellrock[vendors]"


def generate(rules: list[Rule], platform: Platform, *, target: str, name: str) -> str:
    """The text of a platform for rules that it is able to say.

    Raises:
        CompileError: Aerleon is missing, or refuses.
    """
    try:
        from absl import logging as absl_logging  # the only user of which in this process is Aerleon
        from aerleon import api
        from aerleon.lib import naming
    except ImportError as error:
        raise CompileError(f"{target}: {MISSING}") from error
    book = _Book()
    filters = [
        {
            "header": {"targets": {platform.generator: platform.header(name, family, direction)}},
            "terms": [*(book.term(rule, platform) for rule in part), *_last(platform, family)],
        }
        for family, direction, part in _lists(rules, platform)
    ]
    definitions = naming.Naming()
    definitions.ParseDefinitionsObject(book.definitions(), "bellrock")
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.FATAL)  # what it would warn of is found by reading its text
    try:
        texts = api.Generate([{"filename": "bellrock", "filters": filters}], definitions)  # type: ignore[list-item,arg-type,typeddict-item,unused-ignore] # plain dictionaries, as its manual has them
    except Exception as error:  # its generators raise whatever Python does
        raise CompileError(f"{target}: Aerleon refuses: {_line(error)}") from error
    finally:
        absl_logging.set_verbosity(verbosity)
    if not texts:
        raise CompileError(f"{target}: Aerleon wrote nothing")
    return next(iter(texts.values()))


def _lists(rules: list[Rule], platform: Platform) -> Iterator[tuple[Family, str, list[Rule]]]:
    directions = tuple(dict.fromkeys(rule.direction for rule in rules))
    for direction in directions:
        part = [rule for rule in rules if rule.direction == direction]
        if platform.one_list:
            yield part[0].family, direction, part
            continue
        for family in platform.families:
            of_family = [rule for rule in part if rule.family == family]
            if of_family:
                yield family, direction, of_family


def _last(platform: Platform, family: Family) -> list[dict[str, Any]]:
    name = "default-deny" if platform.one_list else f"default-deny-v{family}"
    return [{"name": name, "comment": "Everything else", "action": "deny"}] if platform.denies else []


_SPELLED: Final = str.maketrans({"–": "-", "—": "-", "→": "to", "…": "..."})


class _Book:
    """Names for addresses and ports, each made once."""

    def __init__(self) -> None:
        self._networks: dict[tuple[Family, tuple[AddressRange, ...]], str] = {}
        self._services: dict[tuple[str, tuple[PortRange, ...]], str] = {}

    def term(self, rule: Rule, platform: Platform) -> dict[str, Any]:
        term: dict[str, Any] = {
            "name": rule.name,
            "comment": _ascii(rule.comment),
            "protocol": str(rule.protocol),
            "action": "accept" if rule.accept else "deny",
        }
        if platform.own_addresses or rule.direction == "in":
            term["source-address"] = self._network(rule.family, rule.sources)
        if platform.own_addresses or rule.direction == "out":
            term["destination-address"] = self._network(rule.family, rule.destinations)
        if rule.protocol in PORTED:
            term |= self._ports(rule, platform)
        if rule.types:
            term |= _types(rule)
        if rule.established:
            term["option"] = ["tcp-established"]
        return term

    def definitions(self) -> dict[str, Any]:
        """As its naming reads them."""
        addresses = {
            name: {"values": [{"address": str(network)} for network in networks(ranges, family)]}
            for (family, ranges), name in self._networks.items()
        }
        services = {
            name: [{"protocol": protocol, "port": _port(one)} for one in ranges]
            for (protocol, ranges), name in self._services.items()
        }
        return {"networks": addresses, "services": services}

    def _network(self, family: Family, ranges: tuple[AddressRange, ...]) -> str:
        return self._networks.setdefault((family, ranges), f"BELLROCK_V{family}_{len(self._networks):03}")

    def _ports(self, rule: Rule, platform: Platform) -> dict[str, str]:
        found: dict[str, str] = {}
        if rule.source_ports != EVERY_PORT:
            found["source-port"] = self._service(str(rule.protocol), rule.source_ports)
        if rule.destination_ports != EVERY_PORT:
            found["destination-port"] = self._service(str(rule.protocol), rule.destination_ports)
        elif platform.every_port:
            found["destination-port"] = self._service(str(rule.protocol), ((1, 65535),))
        return found

    def _service(self, protocol: str, ranges: tuple[PortRange, ...]) -> str:
        return self._services.setdefault((protocol, ranges), f"PORTS_{len(self._services):03}")


def _types(rule: Rule) -> dict[str, Any]:
    # In this process already: it was imported to get here.
    names = sys.modules["aerleon.lib.aclgenerator"].Term.ICMP_TYPE[rule.family]
    by_number = {number: name for name, number in names.items()}
    unknown = [kind for kind, _ in rule.types if kind not in by_number]
    if unknown:
        raise CompileError(f"flow {rule.name}: Aerleon has no name for type {unknown[0]} of {rule.protocol}")
    found: dict[str, Any] = {"icmp-type": [by_number[kind] for kind, _ in rule.types]}
    codes = [code for _, code in rule.types if code is not None]
    if codes:
        found["icmp-code"] = codes
    return found


def _port(ports: PortRange) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def _ascii(text: str) -> str:
    """Plain words: quotes, stars and what is not ASCII would end comments on one platform or another."""
    kept = (char for char in text.translate(_SPELLED) if char.isascii() and (char.isalnum() or char in " -.,:()/+"))
    return " ".join("".join(kept).split())[:96]


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
