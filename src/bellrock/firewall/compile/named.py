"""Named sets: one per party and family, its elements written once however many rules compare with it."""

import re
from collections.abc import Iterable
from typing import Final

from bellrock.firewall.compile.policy import is_whole
from bellrock.firewall.compile.text import address_range, braces, quoted, wrapped
from bellrock.flows.passages import Party

_INLINE: Final = 3
"""A party without a name of its own stands in the rule itself up to so many ranges (`ff02::1:2`)."""
_INTERFACES_INLINE: Final = 4
_ROLE: Final = re.compile(r"[a-z][a-z0-9-]*")
_TYPES: Final = {4: "ipv4_addr", 6: "ipv6_addr"}


class Sets:
    """What rules compare addresses with: `@node_v4`, or the few addresses that no role has."""

    def __init__(self, parties: Iterable[Party]) -> None:
        self._references: dict[Party, str] = {}
        self._named: dict[str, Party] = {}
        for party in parties:
            self._references[party] = self._reference(party)

    def of(self, party: Party) -> str:
        """What to compare an address with; empty where the party is everybody."""
        return self._references[party]

    def text(self) -> list[str]:
        """The declarations."""
        return [_declaration(name, party) for name, party in self._named.items()]

    def _reference(self, party: Party) -> str:
        if is_whole(party):
            return ""
        if len(party.ranges) <= _INLINE and not _ROLE.fullmatch(party.name):
            return braces([address_range(party.family, span) for span in party.ranges])
        name = self._name(party)
        self._named[name] = party
        return f"@{name}"

    def _name(self, party: Party) -> str:
        """`node_v4`; a number is added where another party took it."""
        words = re.sub(r"[^a-z0-9]+", "_", party.name.lower().removesuffix(f"-v{party.family}")).strip("_")
        # Names of nft must begin with a letter.
        base = f"{'' if words[:1].isalpha() else 'addresses_'}{words[:40]}".rstrip("_") + f"_v{party.family}"
        name, number = base, 2
        while name in self._named:
            name, number = f"{base}_{number}", number + 1
        return name


class InterfaceSets:
    """What rules compare interface names with."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, ...], str] = {}

    def of(self, names: tuple[str, ...]) -> str:
        """A name, a few in braces, or a named set where there are many."""
        if len(names) <= _INTERFACES_INLINE:
            return braces([quoted(name) for name in names])
        return "@" + self._named.setdefault(names, f"interfaces_{len(self._named) + 1}")

    def text(self) -> list[str]:
        """The declarations of those that rules have asked for."""
        return [
            f"\tset {name} {{\n\t\ttype ifname\n\t\telements = {{ {wrapped([quoted(n) for n in names], _INDENT)} }}\n\t}}\n"
            for names, name in self._named.items()
        ]


_INDENT: Final = "\t\t\t     "


def _declaration(name: str, party: Party) -> str:
    elements = wrapped([address_range(party.family, span) for span in party.ranges], _INDENT)
    return (
        f"\tset {name} {{\n\t\ttype {_TYPES[party.family]}\n\t\tflags interval\n\t\telements = {{ {elements} }}\n\t}}\n"
    )
