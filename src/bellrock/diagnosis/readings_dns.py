"""Readings of DNS: what each client asked of each resolver, and what it was told."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.packets import Answered, Asked, Packet, Wire

_AT_A_VENTURE: Final = (
    "wpad", "isatap", "use-application-dns", "local", "localhost", "instance-data", "ubuntu-mirror", "debian-mirror", "does-not-exist",
)  # fmt: skip
"""First labels of names that clients try without counting on them: browsers, Windows, and cloud-init when it looks for its source."""
_NEVER: Final = ("invalid", "example.com", "example.net", "example.org", "metadata.google.internal")
"""Names that lead nowhere by design (RFC 6761 §6): cloud-init asks for some to find resolvers that answer whatever is asked."""
_REVERSED: Final = re.compile(r"(\d{1,3}\.){4}\w")
"""An address with its octets turned round before a zone: a list of senders is asked, where most are not on (RFC 5782 §2.1)."""


class Lookup(Struct, kw_only=True):
    """One name and type, asked of one resolver by one client, however often and at however many points."""

    client: str
    resolver: str
    name: str
    type: str
    asked: list[Packet] = []
    answers: list[Packet] = []

    @property
    def rcode(self) -> str:
        """Of the last answer; empty: there was none."""
        said = self.answers[-1].said if self.answers else None
        return said.rcode if isinstance(said, Answered) else ""

    @property
    def known(self) -> bool:
        """Whether an answer said that the name exists."""
        return any(isinstance(packet.said, Answered) and packet.said.rcode == "NOERROR" for packet in self.answers)


def lookups(wire: Wire) -> Iterator[Lookup]:
    """By time of the first question. Names are compared without regard to case (RFC 4343)."""
    found: dict[tuple[str, str, str, str], Lookup] = {}
    for packet in wire.packets:
        said = packet.said
        if isinstance(said, Asked):
            key = (packet.source, packet.destination, said.name.lower().rstrip("."), said.type)
            one = found.get(key) or Lookup(client=key[0], resolver=key[1], name=key[2], type=key[3])
            found.setdefault(key, one).asked.append(packet)
        elif isinstance(said, Answered):
            answered = found.get((packet.destination, packet.source, said.name.lower().rstrip("."), said.type))
            if answered is not None:
                answered.answers.append(packet)
    yield from found.values()


def wanted(one: Lookup) -> bool:
    """Whether the client needs the name: an address of a host, not tried at a venture (RFC 8552: names with `_` are services)."""
    first = one.name.partition(".")[0]
    if one.type not in ("A", "AAAA") or "." not in one.name or first.startswith("_") or first in _AT_A_VENTURE:
        return False
    return not (_REVERSED.match(one.name) or any(one.name == name or one.name.endswith(f".{name}") for name in _NEVER))


def searched(name: str, names: set[str]) -> bool:
    """Whether a name is another one with a search domain behind it, or the other way round (resolv.conf, `search`)."""
    return any(name.startswith(f"{other}.") or other.startswith(f"{name}.") for other in names)


def by_client(wire: Wire) -> dict[str, list[Lookup]]:
    """The same, those of each client together."""
    found: dict[str, list[Lookup]] = defaultdict(list)
    for one in lookups(wire):
        found[one.client].append(one)
    return found
