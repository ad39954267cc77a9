"""Junos firewall filters: terms of what must match (`from`) and what is done (`then`)."""

from collections.abc import Iterator
from typing import Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.readback.curly import Statement, parse
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, ReadbackError, Rule
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange

_FAMILIES: Final[dict[str, Family]] = {"inet": 4, "inet6": 6}
_PROTOCOL: Final = ("protocol", "next-header", "payload-protocol")
_ACTIONS: Final = {"accept": True, "discard": False, "reject": False}
_KNOWN: Final = {
    "source-address",
    "destination-address",
    *_PROTOCOL,
    "source-port",
    "destination-port",
    "icmp-type",
    "icmp-code",
    "tcp-established",
}


def read(text: str) -> list[Rule]:
    """The terms of all filters.

    Raises:
        ReadbackError: a statement that is not understood.
    """
    return [rule for family, term in _terms(parse(text)) for rule in _Term(term, family).rules()]


def _terms(statements: tuple[Statement, ...]) -> Iterator[tuple[Family, Statement]]:
    for firewall in _named(statements, "firewall"):
        for family in _named(firewall.block, "family"):
            if len(family.words) < 2 or family.words[1] not in _FAMILIES:
                raise ReadbackError(f"'{' '.join(family.words)}' is no family of filters")
            for one in family.block:
                yield from ((_FAMILIES[family.words[1]], term) for term in _terms_of(one))


def _terms_of(one: Statement) -> Iterator[Statement]:
    for statement in one.block:
        if statement.words == ("interface-specific",):
            continue
        if statement.words[:1] != ("term",):
            raise ReadbackError(f"'{' '.join(statement.words)}' is no term")
        yield statement


def _named(statements: tuple[Statement, ...], name: str) -> Iterator[Statement]:
    for statement in statements:
        if statement.words[:1] != (name,):
            raise ReadbackError(f"'{' '.join(statement.words)}' where {name} is expected")
        yield statement


class _Term:
    """One term."""

    def __init__(self, term: Statement, family: Family) -> None:
        self._name = " ".join(term.words[1:])
        self._family = family
        parts = {statement.words[0]: statement for statement in term.block}
        if len(parts) != len(term.block) or set(parts) - {"from", "then"}:
            raise ReadbackError(f"term {self._name}: more than from and then")
        self._from = self._conditions(parts.get("from"))
        self._then = parts.get("then")

    def rules(self) -> Iterator[Rule]:
        """What it says: a term may name several protocols, and then is several rules."""
        accept = self._action()
        names = [name for key in _PROTOCOL for name in self._values(key)]
        said: list[str | None] = [*names] or [None]
        for name in said:
            yield Rule(
                name=self._name,
                accept=accept,
                family=self._family,
                protocol=words.protocol(name, self._family) if name else None,
                sources=self._addresses("source-address"),
                destinations=self._addresses("destination-address"),
                source_ports=self._ports("source-port"),
                destination_ports=self._ports("destination-port"),
                types=self._types(),
                established="tcp-established" in self._from,
            )

    def _conditions(self, statement: Statement | None) -> dict[str, Statement]:
        found: dict[str, Statement] = {}
        for condition in statement.block if statement else ():
            name = condition.words[0]
            if name not in _KNOWN or name in found:
                raise ReadbackError(f"term {self._name}: '{' '.join(condition.words)}' is not understood")
            found[name] = condition
        return found

    def _action(self) -> bool:
        then = self._then
        said = [] if then is None else [*then.words[1:], *(word for inner in then.block for word in inner.words)]
        if len(said) != 1 or said[0] not in _ACTIONS:
            raise ReadbackError(f"term {self._name}: '{' '.join(said)}' is no action")
        return _ACTIONS[said[0]]

    def _values(self, name: str) -> tuple[str, ...]:
        found = self._from.get(name)
        return found.words[1:] if found else ()

    def _addresses(self, name: str) -> tuple[AddressRange, ...]:
        condition = self._from.get(name)
        if condition is None:
            return (words.whole(self._family),)
        if condition.words[1:] or not all(len(inner.words) == 1 for inner in condition.block):
            raise ReadbackError(f"term {self._name}: {name} is not a plain list")
        found = [words.network(inner.words[0]) for inner in condition.block]
        if any(family != self._family for family, _ in found):
            raise ReadbackError(f"term {self._name}: an address of the other family")
        return tuple(span for _, span in found)

    def _ports(self, name: str) -> tuple[PortRange, ...]:
        return tuple(words.port(text) for text in self._values(name)) or EVERY_PORT

    def _types(self) -> tuple[tuple[int, int | None], ...]:
        codes: list[int | None] = [words.number(text, "ICMP code") for text in self._values("icmp-code")]
        kinds = [words.number(text, "ICMP type") for text in self._values("icmp-type")]
        if codes and not kinds:
            raise ReadbackError(f"term {self._name}: codes without types")
        return tuple((kind, code) for kind in kinds for code in codes or [None])
