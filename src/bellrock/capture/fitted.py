"""Filters that the kernel takes: where addresses make a program too long, neighbouring prefixes become one that covers them."""

from collections import Counter
from ipaddress import collapse_addresses
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct, structs

from bellrock.capture.compiled import MAX_INSTRUCTIONS, FilterError, NoCompilerError, compile_filter
from bellrock.capture.filter import expression, notes
from bellrock.capture.values import Network, Wanted
from bellrock.link.filter import Instruction

MAX_PREFIXES: Final = 300
"""Prefixes of one role that are handed to libpcap: its optimizer takes seconds for a thousand, and the kernel would refuse them."""
UNCHECKED_PREFIXES: Final = 16
"""The same where there is no libpcap to check the size."""
_SPARE: Final = 64
"""Instructions left for what live capture puts around a filter."""


class Fitted(Struct, frozen=True, kw_only=True):
    """A filter, what it became, and what is to be said about it."""

    expression: str
    program: tuple[Instruction, ...] | None
    """None: there is no libpcap here."""
    wanted: Wanted
    """With its addresses as wide as they had to be made."""
    notes: tuple[str, ...]


def fitted(wanted: Wanted, limit: int = MAX_INSTRUCTIONS - _SPARE) -> Fitted:
    """The filter of a selection, with addresses widened as far as its size demands and no further; each widening is noted.

    Raises:
        NothingWantedError: no packet can be one of those wanted.
        FilterError: libpcap refuses the filter, or even the widest addresses leave it too long.
    """
    most, said = MAX_PREFIXES, ""
    while True:
        narrowed, widened = _widened(wanted, most)
        text = expression(narrowed)
        try:
            program = compile_filter(text)
        except NoCompilerError:
            if most > UNCHECKED_PREFIXES:
                most, said = UNCHECKED_PREFIXES, "libpcap is not to be had here: the filter was not compiled"
                continue
            program = None
        if program is not None and len(program) > limit and most == 1:
            raise FilterError(
                f"the filter has {len(program)} instructions, and the kernel takes {limit}: ask for fewer flows, fewer VLAN tags or no errors"
            )
        if program is None or len(program) <= limit:
            return Fitted(
                expression=text, program=program, wanted=narrowed,
                notes=tuple(note for note in (*notes(narrowed), *widened, said) if note),
            )  # fmt: skip
        # The size grows with the prefixes, beside a part that does not: so this is never too small a step.
        most = max(1, min(most - 1, most * limit // len(program)))


def _widened(wanted: Wanted, most: int) -> tuple[Wanted, list[str]]:
    said: list[str] = []

    def cover(who: str, nets: tuple[Network, ...]) -> tuple[Network, ...]:
        wider = covering(nets, most)
        extra = sum(net.num_addresses for net in wider) - sum(net.num_addresses for net in covering(nets, len(nets)))
        if extra:
            said.append(
                f"{len(nets)} prefixes of {who} were widened to {len(wider)} that cover them and {extra} more addresses"
            )
        return wider

    addresses = {role: cover(f"role {role}", nets) for role, nets in wanted.addresses.items()}
    about = cover("the hosts and subnets asked for", wanted.about)
    return structs.replace(wanted, addresses=addresses, about=about), said


def covering(nets: tuple[Network, ...], most: int) -> tuple[Network, ...]:
    """At most `most` prefixes of each family that cover all of `nets`; the neighbours that add the fewest addresses go first."""
    return tuple(net for version in (4, 6) for net in _cover([net for net in nets if net.version == version], most))


def _cover(nets: list[Any], most: int) -> list[Any]:
    nets = list(collapse_addresses(nets))
    while (surplus := len(nets) - most) > 0:
        nets = list(collapse_addresses([*nets, *_nearest(nets, surplus)]))
    return nets


def _nearest(nets: list[Any], surplus: int) -> list[Any]:
    """The longest prefixes that each cover neighbours, as many as make `nets` shorter by `surplus` or fewer if those are one length."""
    joined = Counter(_joined(a, b) for a, b in pairwise(nets))
    longest = max(net.prefixlen for net in joined)
    chosen = []
    for net, pairs in joined.items():
        if surplus > 0 and net.prefixlen == longest:
            chosen.append(net)
            surplus -= pairs
    return chosen


def _joined(a: Any, b: Any) -> Any:  # noqa: ANN401 -- IPv4Network or IPv6Network, both the same
    """The longest prefix that covers both."""
    different = int(a.network_address) ^ int(b.network_address)
    length = min(a.prefixlen, b.prefixlen, a.max_prefixlen - different.bit_length())
    return a.supernet(new_prefix=length)
