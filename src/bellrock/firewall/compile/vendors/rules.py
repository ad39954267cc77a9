"""What a packet filter's line says, whatever the platform: the common tongue in which intent and text are compared."""

from typing import Final

from msgspec import Struct, structs

from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

EVERY_PORT: Final[tuple[PortRange, ...]] = ((0, 65535),)
WHOLE: Final[dict[Family, tuple[AddressRange, ...]]] = {4: ((0, 2**32 - 1),), 6: ((0, 2**128 - 1),)}
PORTED: Final = (Protocol.TCP, Protocol.UDP)
NUMBERS: Final[dict[int, Protocol]] = {
    1: Protocol.ICMP,
    2: Protocol.IGMP,
    6: Protocol.TCP,
    17: Protocol.UDP,
    58: Protocol.ICMPV6,
}
"""IANA's protocol numbers."""


class Rule(Struct, frozen=True, kw_only=True):
    """A line: what it takes, and whether it lets it through."""

    name: str
    """Of the term, where the platform keeps it; for messages."""
    accept: bool
    family: Family
    protocol: Protocol | None
    """None: whatever the IP header carries."""
    sources: tuple[AddressRange, ...]
    destinations: tuple[AddressRange, ...]
    source_ports: tuple[PortRange, ...] = EVERY_PORT
    destination_ports: tuple[PortRange, ...] = EVERY_PORT
    types: tuple[tuple[int, int | None], ...] = ()
    """ICMP type and code (None: any); () for all."""
    established: bool = False
    """Only TCP segments with ACK or RST."""
    direction: str = ""
    """`in` or `out` where the platform has a list for each."""
    comment: str = ""
    """For the reader of the text."""

    @property
    def takes_all(self) -> bool:
        """Whether nothing of its family and direction gets past it."""
        return (
            self.protocol is None
            and self.sources == WHOLE[self.family]
            and self.destinations == WHOLE[self.family]
            and self.source_ports == self.destination_ports == EVERY_PORT
            and not self.established
        )


class ReadbackError(ValueError):
    """A generated text says something that its reader does not know: one line."""


def everything(family: Family, *, direction: str = "") -> Rule:
    """The last line: deny all."""
    return Rule(
        name="default-deny",
        accept=False,
        family=family,
        protocol=None,
        sources=WHOLE[family],
        destinations=WHOLE[family],
        direction=direction,
    )


def protocol_of(number: int) -> Protocol:
    """By IANA's number.

    Raises:
        ReadbackError: one that no flow has.
    """
    if number not in NUMBERS:
        raise ReadbackError(f"protocol {number} is none that any flow has")
    return NUMBERS[number]


def joined(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sorted, disjoint and not adjacent."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def with_comment(rule: Rule, comment: str) -> Rule:
    """The same, with one more remark."""
    return structs.replace(rule, comment=f"{rule.comment}; {comment}" if rule.comment else comment)
