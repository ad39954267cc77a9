"""Filters in libpcap's language that take the packets of flows in both directions, and no others.

Beside whole packets they take:
- of a fragmented datagram the first fragment, which shows the ports; and the later UDP fragments between known addresses, which show none;
- TFTP's data by what is in it (RFC 1350 §5, RFC 2347), because a filter cannot remember which ports a request opened.
"""

from collections.abc import Iterator
from typing import Final

from bellrock.capture.grammar import Row, both, either, factored, hosts, number, ports, tagged
from bellrock.capture.quoted import quoted
from bellrock.capture.shapes import join_ranges, shapes
from bellrock.capture.values import Network, NothingWantedError, Shape, Wanted
from bellrock.flows.values import ANY_PORT, PortRange, Protocol

_FIRST_FRAGMENT6: Final = "(ip6[6] = 44 and ip6[40] = 17 and ip6[42:2] & 0xfff8 = 0)"
_LATER_FRAGMENT6: Final = "(ip6[6] = 44 and ip6[40] = 17 and ip6[42:2] & 0xfff8 != 0)"
_LATER_FRAGMENT4: Final = "(ip proto 17 and ip[6:2] & 0x1fff != 0)"
_LETTERS: Final = ((0x41, 0x5A), (0x61, 0x7A))


def expression(wanted: Wanted) -> str:
    """The filter of a selection; with no flows, of every packet of whom the capture is about.

    Its length grows with the addresses: see `fitted`.

    Raises:
        NothingWantedError: no packet can be one of those wanted.
    """
    untagged = body(wanted)
    return tagged(untagged, wanted.tags) if untagged else ""


def body(wanted: Wanted) -> str:
    """The same for untagged frames alone; empty where everything is wanted.

    Raises:
        NothingWantedError: no packet can be one of those wanted.
    """
    stations = either(f"ether host {mac}" for mac in wanted.stations) if wanted.stations else ""
    if not wanted.flows:
        about = hosts("", wanted.about or None)
        return both(about, stations) if about or stations else ""
    found = shapes(wanted)
    rows = [row for shape in _without_twins(found) for row in _rows(shape, found, wanted.about)]
    if not rows:
        raise NothingWantedError(
            "no packet of these flows runs between the addresses given: are they of the other IP version?"
        )
    errors = [row for shape in found for row in quoted(shape, wanted.about)] if wanted.errors else []
    return both(either(factored(part) for part in (rows, errors) if part), stations)


def notes(wanted: Wanted) -> tuple[str, ...]:
    """What the filter cannot tell apart or leaves out, each in a sentence for a person."""
    found = shapes(wanted)
    said = []
    if any(shape.tftp and not shape.certain for shape in found):
        said.append(
            "TFTP's data packets have no port of their own: UDP between ports from 1024 on that begins as they do (opcode 3 to 6, "
            "length to match) is taken for them; give --rack and --node to narrow it"
        )
    if any(_open(shape) and shape.protocol is Protocol.UDP for shape in found):
        said.append(
            "of UDP datagrams in fragments only the first is taken where no address is known, because later ones show no port"
        )
    if any(_later_fragments(shape) for shape in found):
        said.append("later fragments of UDP show no port: all those between the addresses are taken")
    if wanted.about and any(shape.free for shape in found):
        said.append("packets to groups or broadcast, or from no address, are taken whomever they concern")
    if any(shape.family != 4 and shape.protocol in (Protocol.TCP, Protocol.UDP) for shape in found):
        said.append("IPv6 packets with extension headers other than the fragment header are not seen")
    return tuple(said)


def _open(shape: Shape) -> bool:
    return shape.source is None and shape.destination is None


def _later_fragments(shape: Shape) -> bool:
    return shape.protocol is Protocol.UDP and not _open(shape) and not shape.free


def _without_twins(found: tuple[Shape, ...]) -> Iterator[Shape]:
    """Of two directions that one clause says, the first."""
    seen: set[Shape] = set()
    for shape in found:
        if not (shape.turned in seen and _one_clause(shape, found)):
            seen.add(shape)
            yield shape


def _one_clause(shape: Shape, found: tuple[Shape, ...]) -> bool:
    """Whether both directions are said by `tcp port 80`: no addresses, and one end's ports are of no concern."""
    return (
        _open(shape)
        and not shape.tftp
        and ANY_PORT in (shape.source_ports, shape.destination_ports)
        and shape.turned in found
    )


def _rows(shape: Shape, found: tuple[Shape, ...], about: tuple[Network, ...]) -> Iterator[Row]:
    """What is shared by most comes first: the longer list of addresses, the other, whom it is about, the kind of packet."""
    mine = () if shape.free else tuple(net for net in about if shape.family in (None, net.version))
    if about and not mine and not shape.free:
        return
    ends = [
        (len(shape.source or ()), hosts("src", shape.source)),
        (len(shape.destination or ()), hosts("dst", shape.destination)),
    ]
    longer, shorter = sorted(ends, key=lambda end: end[0], reverse=True)
    for kind, test in _tests(shape, found):
        yield longer[1], shorter[1], hosts("", mine or None), kind, test


def _tests(shape: Shape, found: tuple[Shape, ...]) -> Iterator[tuple[str, str]]:
    """Kinds of packets, and what tells those of the shape among them."""
    match shape.protocol:
        case Protocol.TCP:
            yield _family(shape), _ported("tcp", shape, found)
        case Protocol.UDP:
            yield from _udp(shape, found)
        case Protocol.ICMP:
            yield "icmp", _types(("icmp[0]", "icmp[1]"), shape)
        case Protocol.ICMPV6:
            # RFC 3810 §5: listener messages come behind a hop-by-hop header, which holds the router alert and is 8 octets long.
            yield "ip6[6] = 58", _types(("ip6[40]", "ip6[41]"), shape)
            yield "(ip6[6] = 0 and ip6[40] = 58 and ip6[41] = 0)", _types(("ip6[48]", "ip6[49]"), shape)
        case Protocol.IGMP:
            yield "igmp", ""


def _family(shape: Shape) -> str:
    """Said only where no address says it."""
    named = any(nets and any(net.prefixlen for net in nets) for nets in (shape.source, shape.destination))
    return "" if named or shape.family is None else "ip" if shape.family == 4 else "ip6"


def _ported(word: str, shape: Shape, found: tuple[Shape, ...]) -> str:
    if _one_clause(shape, found):
        given = shape.source_ports if shape.destination_ports == ANY_PORT else shape.destination_ports
        return ports(word, given) or word
    tests = ports(f"{word} src", shape.source_ports), ports(f"{word} dst", shape.destination_ports)
    return both(*tests) if any(tests) else word


def _udp(shape: Shape, found: tuple[Shape, ...]) -> Iterator[tuple[str, str]]:
    tests = _ported("udp", shape, found)
    if not shape.tftp:
        yield _family(shape), tests
    elif shape.family != 6:
        yield "ip", both(tests, _tftp("udp", 0, shape.certain))
    if shape.tftp and shape.family != 4:
        yield "ip6", both(tests, _tftp("ip6", 40, shape.certain))
    if shape.family != 4:
        yield _FIRST_FRAGMENT6, _in_fragment6(shape, found)
    if _later_fragments(shape) and shape.family != 6:
        yield _LATER_FRAGMENT4, ""
    if _later_fragments(shape) and shape.family != 4:
        yield _LATER_FRAGMENT6, ""


def _in_fragment6(shape: Shape, found: tuple[Shape, ...]) -> str:
    """RFC 8200 §4.5: behind the header of 40 octets the fragment header of 8, then UDP. libpcap's `port` does not look there."""
    source, destination = _raw("ip6[48:2]", shape.source_ports), _raw("ip6[50:2]", shape.destination_ports)
    if _one_clause(shape, found):
        given = shape.source_ports if shape.destination_ports == ANY_PORT else shape.destination_ports
        return either([_raw("ip6[48:2]", given), _raw("ip6[50:2]", given)]) if given != ANY_PORT else ""
    return both(source, destination, both("ip6[56:2] = 3", "ip6[52:2] >= 12") if shape.tftp else "")


def _raw(load: str, ranges: tuple[PortRange, ...]) -> str:
    return "" if ranges == ANY_PORT else number(load, ranges)


def _tftp(word: str, base: int, certain: bool) -> str:
    """RFC 1350 §5, RFC 2347: opcode, then a block or error number, or texts that each end in 0.

    `base` is where UDP's header begins, counted from what `word` counts from.
    """
    length, opcode, second = f"{word}[{base + 4}:2]", f"{word}[{base + 8}:2]", f"{word}[{base + 10}:2]"
    if certain:
        return both(f"{length} >= 12", f"{opcode} >= 3", f"{opcode} <= 6")
    last = f"{word}[{base} + {length} - 1] = 0" if base else f"{word}[{length} - 1] = 0"
    data = both(f"{opcode} = 3", f"{length} >= 12")
    acknowledgement = both(f"{opcode} = 4", f"{length} = 12")
    error = both(f"{opcode} = 5", f"{length} >= 13", f"{second} <= 8", last)
    options = both(f"{opcode} = 6", f"{length} >= 14", number(f"{word}[{base + 10}]", _LETTERS), last)
    return either([data, acknowledgement, error, options])


def _types(loads: tuple[str, str], shape: Shape) -> str:
    if not shape.types:
        return ""
    plain = [(kind, kind) for kind, code in shape.types if code is None]
    coded = [both(f"{loads[0]} = {kind}", f"{loads[1]} = {code}") for kind, code in shape.types if code is not None]
    return either([*([number(loads[0], join_ranges([plain]))] if plain else []), *coded])
