"""Which hosts have no way to an address: asked for each host that advertises one, answered without walking all hosts each time.

Sets of hosts are whole numbers with a bit for each host: to take one from another is one operation, however many hosts there are.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from bellrock.diagnosis.addresses import Address, address, network
from bellrock.model.here import Here


class Wayless:
    """Hosts that told their routes, by where these lead."""

    def __init__(self, here: Iterable[Here]) -> None:
        self._here = [one for one in here if one.routes]
        self._masks: dict[tuple[int, int, int], int] = {}

    def first(self, to: Sequence[Address], but: str) -> Here | None:
        """The first host but one, by name, that has addresses of the families of these, and none of these itself, nor a way to any."""
        left = (1 << len(self._here)) - 1
        for one in to:
            left &= self._of_family[one.version]
            for bits in self._lengths[one.version]:
                if left:
                    left &= ~self._through(one, bits)
            if left:
                left &= ~self._own.get(one, 0)
        while left:
            lowest = left & -left
            found = self._here[lowest.bit_length() - 1]
            if found.host != but:
                return found
            left ^= lowest
        return None

    def _through(self, to: Address, bits: int) -> int:
        """Hosts with a route of this prefix length to it."""
        key = to.version, bits, int(to) >> (to.max_prefixlen - bits)
        mask = self._masks.get(key)
        if mask is None:
            mask = self._masks[key] = _mask(self._routes.get(key, ()))
        return mask

    @cached_property
    def _routes(self) -> dict[tuple[int, int, int], list[int]]:
        """Family, prefix length, and that much of the address → hosts with that route, by number."""
        texts: dict[str, list[int]] = {}
        for number, one in enumerate(self._here):
            for route in one.routes or ():
                texts.setdefault(route.destination, []).append(number)
        found: dict[tuple[int, int, int], list[int]] = {}
        for text, numbers in texts.items():
            if (there := network(text)) is not None:
                start = int(there.network_address) >> (there.max_prefixlen - there.prefixlen)
                found.setdefault((there.version, there.prefixlen, start), []).extend(numbers)
        return found

    @cached_property
    def _lengths(self) -> dict[int, list[int]]:
        """Family → prefix lengths of routes, the shortest first: a default route is a way to anywhere, and most hosts have one."""
        return {family: sorted({bits for version, bits, _ in self._routes if version == family}) for family in (4, 6)}

    @cached_property
    def _of_family(self) -> dict[int, int]:
        """Family → hosts with an address of it beyond their links."""
        found: dict[int, list[int]] = {4: [], 6: []}
        for number, one in enumerate(self._here):
            for version in _families(one):
                found[version].append(number)
        return {version: _mask(numbers) for version, numbers in found.items()}

    @cached_property
    def _own(self) -> dict[Address, int]:
        """Address → hosts that have it."""
        found: dict[Address, int] = {}
        for number, one in enumerate(self._here):
            for _, text in one.addresses:
                if (known := address(text)) is not None:
                    found[known] = found.get(known, 0) | 1 << number
        return found


def has_family(one: Here, to: Address) -> bool:
    """Whether a host has an address of that family beyond its links."""
    return to.version in _families(one)


def _families(one: Here) -> set[int]:
    own = [address(text) for _, text in one.addresses]
    return {it.version for it in own if it is not None and not (it.is_link_local or it.is_loopback)}


def _mask(numbers: Iterable[int]) -> int:
    octets = bytearray()
    for number in numbers:
        at = number >> 3
        if at >= len(octets):
            octets.extend(bytes(at + 1 - len(octets)))
        octets[at] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")
