"""Junos security policies of SRX: address book, applications, and global policies that name both."""

from typing import Final

from msgspec import Struct

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.readback.curly import Statement, parse
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, PORTED, ReadbackError, Rule, everything
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

_FAMILIES: Final[tuple[Family, ...]] = (4, 6)


class _Application(Struct, frozen=True):
    """What an application's term takes."""

    protocol: Protocol
    source_ports: tuple[PortRange, ...]
    destination_ports: tuple[PortRange, ...]
    types: tuple[tuple[int, int | None], ...]


def read(text: str) -> list[Rule]:
    """The global policies.

    Raises:
        ReadbackError: a statement that is not understood, or a name that nothing has.
    """
    book = _Book()
    policies: list[Statement] = []
    for top in parse(text):
        if top.words == ("replace:", "applications"):
            book.applications(top.block)
        elif top.words == ("security",):
            policies += _security(top, book)
        else:
            raise ReadbackError(f"'{' '.join(top.words)}' is not understood")
    return [rule for policy in policies for rule in _rules(policy, book)]


def _security(top: Statement, book: "_Book") -> list[Statement]:
    policies: list[Statement] = []
    for part in top.block:
        if part.words == ("replace:", "address-book"):
            book.addresses(part)
        elif part.words == ("replace:", "policies") and all(zone.words == ("global",) for zone in part.block):
            policies += [policy for zone in part.block for policy in zone.block]
        else:
            raise ReadbackError(f"'{' '.join(part.words)}' is not understood")
    return policies


class _Book:
    """Names and what they stand for."""

    def __init__(self) -> None:
        self._networks: dict[str, list[tuple[Family, AddressRange]]] = {}
        self._applications: dict[str, list[_Application]] = {}

    def addresses(self, book: Statement) -> None:
        """The global book: addresses, then sets of them."""
        for entry in (entry for part in book.block for entry in part.block):
            match entry.words:
                case ("address", name, prefix):
                    self._networks[name] = [words.network(prefix)]
                case ("address-set", name):
                    members = [self._member(inner, "address") for inner in entry.block]
                    self._networks[name] = [one for member in members for one in self.networks(member)]
                case _:
                    raise ReadbackError(f"'{' '.join(entry.words)}' is no address")

    def applications(self, entries: tuple[Statement, ...]) -> None:
        """Applications, then sets of them."""
        for entry in entries:
            match entry.words:
                case ("application", name):
                    self._applications[name] = [_application(term) for term in entry.block]
                case ("application-set", name):
                    members = [self._member(inner, "application") for inner in entry.block]
                    self._applications[name] = [one for member in members for one in self.named(member)]
                case _:
                    raise ReadbackError(f"'{' '.join(entry.words)}' is no application")

    def networks(self, name: str) -> list[tuple[Family, AddressRange]]:
        """What an address's name stands for."""
        if name not in self._networks:
            raise ReadbackError(f"no address '{name}'")
        return self._networks[name]

    def named(self, name: str) -> list[_Application]:
        """What an application's name stands for."""
        if name not in self._applications:
            raise ReadbackError(f"no application '{name}'")
        return self._applications[name]

    @staticmethod
    def _member(statement: Statement, kind: str) -> str:
        if len(statement.words) != 2 or statement.words[0] != kind:
            raise ReadbackError(f"'{' '.join(statement.words)}' is no {kind}")
        return statement.words[1]


def _application(term: Statement) -> _Application:
    """`term t1 protocol icmp icmp-type 3 inactivity-timeout 60;`: pairs."""
    said = dict(zip(term.words[::2], term.words[1::2], strict=False))
    unknown = set(said) - {
        "term", "protocol", "source-port", "destination-port", "inactivity-timeout",
        "icmp-type", "icmp-code", "icmp6-type", "icmp6-code",
    }  # fmt: skip
    if unknown or len(term.words) % 2 or "protocol" not in said:
        raise ReadbackError(f"'{' '.join(term.words)}' is no term of an application")
    kind, code = said.get("icmp-type", said.get("icmp6-type")), said.get("icmp-code", said.get("icmp6-code"))
    types = () if kind is None else ((words.number(kind, "type"), words.number(code, "code") if code else None),)
    return _Application(
        protocol=words.protocol(said["protocol"], 4),
        source_ports=(words.port(said["source-port"]),) if "source-port" in said else EVERY_PORT,
        destination_ports=(words.port(said["destination-port"]),) if "destination-port" in said else EVERY_PORT,
        types=types,
    )


def _rules(policy: Statement, book: _Book) -> list[Rule]:
    name = policy.words[1]
    parts = {part.words[0]: part for part in policy.block}
    if set(parts) != {"match", "then"}:
        raise ReadbackError(f"policy {name}: it has no match, or no then")
    said = {statement.words[0]: statement.words[1:] for statement in parts["match"].block}
    if set(said) != {"source-address", "destination-address", "application"}:
        raise ReadbackError(f"policy {name}: '{' '.join(sorted(said))}' is not understood")
    action = [word for inner in parts["then"].block for word in inner.words]
    if action not in (["permit"], ["deny"]):
        raise ReadbackError(f"policy {name}: '{' '.join(action)}' is no action")
    if list(said.values()) == [("any",)] * 3:
        if action == ["permit"]:
            raise ReadbackError(f"policy {name}: it permits everything")
        return [everything(family) for family in _FAMILIES]
    return [
        rule
        for family in _FAMILIES
        for word in said["application"]
        for application in book.named(word)
        for rule in _of_family(said, book, family, application, name=name, accept=action == ["permit"])
    ]


def _of_family(
    said: dict[str, tuple[str, ...]],
    book: _Book,
    family: Family,
    application: _Application,
    *,
    name: str,
    accept: bool,
) -> list[Rule]:
    """Nothing where an end has no address of the family: the policy cannot match then."""
    sources, destinations = (_ends(said[end], book, family) for end in ("source-address", "destination-address"))
    if not sources or not destinations:
        return []
    ported = application.protocol in PORTED
    return [
        Rule(
            name=name,
            accept=accept,
            family=family,
            protocol=application.protocol,
            sources=sources,
            destinations=destinations,
            source_ports=application.source_ports if ported else EVERY_PORT,
            destination_ports=application.destination_ports if ported else EVERY_PORT,
            types=application.types,
        )
    ]


def _ends(names: tuple[str, ...], book: _Book, family: Family) -> tuple[AddressRange, ...]:
    if names == ("any",):
        return (words.whole(family),)
    return tuple(span for name in names for version, span in book.networks(name) if version == family)
