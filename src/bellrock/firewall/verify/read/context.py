"""What a rule's meaning depends on besides its own words: its chain, and what the rest of the ruleset says."""

from typing import Any

from msgspec import Struct, field

from bellrock.firewall.verify.boxes import Boxes

SetKey = tuple[str, str, str]
"""Family, table, name."""


class Known(Struct):
    """What the whole ruleset says, gathered before any rule is read."""

    sets: dict[SetKey, dict[str, Any]] = field(default_factory=dict)
    """Named sets and maps, as nft prints them."""
    filled: set[SetKey] = field(default_factory=set)
    """Those that rules add to or delete from: what is in them now is not what will be."""
    helpers: dict[SetKey, tuple[str, str, str]] = field(default_factory=dict)
    """Conntrack helper objects: type, protocol, and family of addresses."""
    chains: set[str] = field(default_factory=set)
    marks: frozenset[int] = frozenset({0})
    """Every value that a mark can take, as far as the ruleset's own constants lead."""
    fragments: bool = False
    """A rule asks for the fragment offset: then it must be told that fragments have no transport header."""
    memory: dict[Any, Boxes] = field(default_factory=dict)
    """Sets of packets made once and used by many rules, so that equal sets are the same object."""


class Context(Struct):
    """Where a rule stands. One is made for each rule."""

    family: str
    table: str
    known: Known
    link_layer: bool
    """The chain sees frames as they are on the cable, with their tags: bridge, netdev, ingress."""
    tagged: bool = False
    """An earlier match of this rule asked for a tag, so that what follows is inside of it."""
    tag_named: bool = False
    """An earlier match of this rule said by `ether type` which kind of tag."""

    def key(self, name: str) -> SetKey:
        """Of an object of the rule's own table."""
        return (self.family, self.table, name.removeprefix("@"))

    def chain(self, name: str) -> str:
        """The key of a chain of the rule's own table."""
        return f"{self.family} {self.table} {name}"
