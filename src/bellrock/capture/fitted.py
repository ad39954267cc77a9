"""Filters that the kernel takes: where addresses make a program too long, neighbouring prefixes become one that covers them."""

from collections import Counter
from ipaddress import collapse_addresses, ip_network
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
_EVERYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
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
    most, dropped, said = MAX_PREFIXES, 0, ""
    while True:
        wider, widened = _widened(wanted, most, dropped)
        text = expression(wider)
        try:
            program = compile_filter(text)
        except NoCompilerError:
            if most > UNCHECKED_PREFIXES:
                most, said = UNCHECKED_PREFIXES, "libpcap is not to be had here: the filter was not compiled"
                continue
            program = None
        if program is None or len(program) <= limit:
            return Fitted(
                expression=text, program=program, wanted=wider,
                notes=tuple(note for note in (*notes(wider), *widened, said) if note),
            )  # fmt: skip
        if most > 1:
            # The size grows with the prefixes, beside a part that does not: so this is never too small a step.
            most = max(1, min(most - 1, _most_used(wider) - 1, most * limit // len(program)))
        elif dropped < len(wanted.addresses):
            dropped += 1
        else:
            raise _too_long(len(program), limit)


def _most_used(wanted: Wanted) -> int:
    """Prefixes in the longest list of one family: a bound above it would change nothing."""
    lists = (*wanted.addresses.values(), wanted.about)
    return max((sum(net.version == version for net in nets) for nets in lists for version in (4, 6)), default=0)


def _too_long(size: int, limit: int) -> FilterError:
    return FilterError(
        f"the filter has {size} instructions, and the kernel takes {limit}: ask for fewer flows, fewer VLAN tags or no errors"
    )


def _widened(wanted: Wanted, most: int, dropped: int) -> tuple[Wanted, list[str]]:
    """With at most so many prefixes for each role and family, without the addresses of so many roles, and what is to be said of it."""
    said: list[str] = []

    def cover(who: str, nets: tuple[Network, ...]) -> tuple[Network, ...]:
        wider = covering(nets, most)
        extra = sum(net.num_addresses for net in wider) - sum(net.num_addresses for net in covering(nets, len(nets)))
        if extra:
            said.append(
                f"{len(nets)} prefixes of {who} were widened to {len(wider)} that cover them and {extra} more addresses"
            )
        return wider

    # Those that narrow least go first.
    largest = sorted(wanted.addresses, key=lambda role: -sum(net.num_addresses for net in wanted.addresses[role]))[
        :dropped
    ]
    if largest:
        said.append(
            f"the filter would be too long with the addresses of {', '.join(largest)}: they may be anywhere in it"
        )
    # Everywhere, not unknown: where several roles are one end, an unknown one is left out.
    addresses = {
        role: _EVERYWHERE if role in largest else cover(f"role {role}", nets) for role, nets in wanted.addresses.items()
    }
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
