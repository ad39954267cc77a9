"""Addresses, subnets and ports as people write them in site files; what is wrong is said in one clause."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from bellrock.flows.addresses import EVERYTHING, Network, range_of
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family

Spans = tuple[tuple[Family, AddressRange], ...]


class WrittenError(ValueError):
    """A text that is not what it should be: one clause, what was expected included."""


def network(text: str) -> Network:
    """`10.1.0.0/24`: a subnet.

    Raises:
        WrittenError: no address, no prefix length, host bits set, or addresses that no machine has.
    """
    if "/" not in text:
        address = _address(text)
        raise WrittenError(
            f"{text} has no prefix length; write {text}/{24 if address.version == 4 else 64} or whatever it is"
        )
    found = _network(text)
    if found is None:
        raise WrittenError(f"{text!r} is no subnet; expected one like 10.1.0.0/24 or fd00:1::/64")
    if ip_address(text.partition("/")[0]) != found.network_address:
        raise WrittenError(f"{text} has host bits set; the subnet is {found}")
    _check_unicast(text, found)
    return found


def spans(text: str) -> Spans:
    """An address, a prefix, a range `10.0.0.10-10.0.0.20`, or `any`, as ranges of integers.

    Raises:
        WrittenError: none of these.
    """
    if text == "any":
        return ((4, EVERYTHING[4]), (6, EVERYTHING[6]))
    if "/" in text:
        found = network(text) if text not in ("0.0.0.0/0", "::/0") else ip_network(text)
        return ((family_of(found), range_of(found)),)
    if "-" in text:
        return (_span(text),)
    address = _address(text)
    _check_unicast(text, ip_network(address))
    return ((family_of(address), (int(address), int(address))),)


def family_of(thing: Network | IPv4Address | IPv6Address) -> Family:
    """The IP version of an address or network."""
    return 4 if thing.version == 4 else 6


def ports(items: tuple[int | str, ...]) -> tuple[int, ...]:
    """Port numbers, spans `5250-5270` spread out, each once and in the order given.

    Raises:
        WrittenError: a span that is out of range or the wrong way round.
    """
    out: dict[int, None] = {}
    for item in items:
        out.update(dict.fromkeys([item] if isinstance(item, int) else _port_span(item)))
    return tuple(out)


def _port_span(text: str) -> range:
    first, last = (int(part) for part in text.split("-"))
    if not 1 <= first <= last <= 65535:
        raise WrittenError(f"{text} is no span of ports; expected first-last within 1-65535")
    return range(first, last + 1)


def _span(text: str) -> tuple[Family, AddressRange]:
    first, last = (_address(part.strip(" ")) for part in text.split("-", 1))
    if first.version != last.version or int(first) > int(last):
        raise WrittenError(f"{text} is no range; expected the lower and the upper address of one family")
    return family_of(first), (int(first), int(last))


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        found = ip_address(text)
    except ValueError:
        raise WrittenError(
            f"{text!r} is no address; expected one like 10.0.0.2, fd00::2, 10.0.0.0/24, any or internet"
        ) from None
    if getattr(found, "scope_id", None):
        raise WrittenError(f"{text!r} names an interface; give the address alone")
    return found


def _network(text: str) -> Network | None:
    try:
        # A zone belongs to an address on a link, though the library takes one here.
        return None if "%" in text else ip_network(text, strict=False)
    except ValueError:
        return None


def _check_unicast(text: str, found: Network) -> None:
    if found.is_multicast:
        raise WrittenError(f"{text} is multicast; machines have unicast addresses")
    if found.is_link_local:
        raise WrittenError(f"{text} is link-local, the same on every link; give the addresses that routers know")
    if found.is_unspecified:
        raise WrittenError(f"{text} is nobody's address; write any for everybody")
