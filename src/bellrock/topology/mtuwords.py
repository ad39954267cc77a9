"""MTU culprits in one sentence each, with what speaks for them and what to look at."""

from collections.abc import Callable

from bellrock.model import MtuLimit, Neighbour, Port
from bellrock.topology.mtu import SMALLEST, Culprit, CulpritKind, Direction
from bellrock.topology.sentence import Names, label

NeighbourOf = Callable[[Port], Neighbour | None]
"""The switch port that a port is plugged into, where LLDP tells it."""
ETHERNET = 18
"""Octets of an Ethernet header and its frame check sequence, which LLDP's maximum frame size counts (IEEE 802.3 §79.3.4)."""
CHECK_SEQUENCE = 4
"""Some switches (Junos: 1514) do not count it, as one sees where more passes than they would let one expect."""
NAMED = 4
"""Ports that a sentence names on one side; of more it says how many."""

_HOW = {
    MtuLimit.FRAGMENTS: "larger ones arrive in fragments, although they must not be fragmented",
    MtuLimit.ICMP: "for larger ones an ICMP message says that they are too big",
    MtuLimit.LINK: "larger ones vanish without a word",
    MtuLimit.PEER: "larger ones vanish at the receiving interface",
    MtuLimit.INTERFACE: "",
}


def sentence_of(culprit: Culprit, names: Names, neighbour_of: NeighbourOf) -> str:
    """The one sentence: what stops where, and whose fault it is."""
    if culprit.kind is CulpritKind.PORT:
        return _port(culprit, names, neighbour_of)
    return _SAYING[culprit.kind](culprit, names)


def proof_of(culprit: Culprit, names: Names, neighbour_of: NeighbourOf) -> tuple[str, ...]:
    """What speaks for it, one sentence each."""
    if culprit.kind is CulpritKind.SUBNET:
        return ("The site file says what its subnet is meant to have, and the interface's kernel what it has.",)
    count = len(culprit.pairs)
    said = [
        f"{count} measured direction{'s' if count != 1 else ''} between neighbours show{'s' if count == 1 else ''} it."
    ]
    if how := _HOW[culprit.how]:
        said.append(f"{how[0].upper()}{how[1:]}.")
    for port in culprit.where if culprit.kind is CulpritKind.PORT else ():
        neighbour = neighbour_of(port)
        if neighbour is not None and neighbour.max_frame_size:
            room = neighbour.max_frame_size - ETHERNET
            room += CHECK_SEQUENCE if room < culprit.mtu else 0
            said.append(
                f"{_switch(neighbour)} tells a maximum frame size of {neighbour.max_frame_size:,}, which holds packets of "
                f"{room:,}: it {'is what limits' if room <= culprit.mtu else 'should pass more than'} {label(port, names)}."
            )
    return tuple(said)


def _interface(culprit: Culprit, names: Names) -> str:
    if culprit.towards:
        return _differing(culprit, names)
    (port,) = culprit.where
    where = _on(label(_untagged(port), names), culprit)
    if culprit.mtu < SMALLEST:
        return f"{where} has an MTU of {culprit.mtu:,}; IPv6 requires {SMALLEST:,} of every link (RFC 8200 §5)."
    if culprit.mtu > culprit.others:
        return (
            f"{where} has an MTU of {culprit.mtu:,} while the rest of its link has {culprit.others:,}: what it sends "
            "larger than that is lost; its own MTU is too large."
        )
    return f"All pairs through {where} stop at {culprit.mtu:,} while the rest have an MTU of {culprit.others:,}: its own MTU."


def _differing(culprit: Culprit, names: Names) -> str:
    near, far = _all(culprit.where, names), _on(_all(culprit.towards, names), culprit)
    return (
        f"Their MTUs differ: {near} {_having(culprit.where)} {culprit.mtu:,}, {far} {culprit.others:,}; nothing tells which is "
        f"meant. What is larger than {culprit.mtu:,} is lost between them."
    )


def _having(ports: tuple[Port, ...]) -> str:
    return "has" if len(ports) == 1 else "have"


def _port(culprit: Culprit, names: Names, neighbour_of: NeighbourOf) -> str:
    (port,) = culprit.where
    where = _on(label(_untagged(port), names), culprit)
    neighbour = neighbour_of(port)
    switch = "its switch port" if neighbour is None else f"its switch port ({_switch(neighbour)})"
    limit = _limit(culprit.mtu)
    if culprit.direction is Direction.BOTH:
        return f"All pairs through {where} {limit} while the rest pass {culprit.others:,}: {switch} or its cable, not its own MTU."
    if culprit.direction is Direction.OUT:
        said = f"What {where} sends {limit.replace('stop', 'stops')}"
        return f"{said} while the rest pass {culprit.others:,}: {switch}, inwards, or the sending side of its card."
    said = f"What is sent to {where} {limit.replace('stop', 'stops')}"
    return f"{said} while the rest pass {culprit.others:,}: {switch}, outwards, or the receiving side of its card."


def _between(culprit: Culprit, names: Names) -> str:
    near, far = _all(culprit.where, names), _all(culprit.towards, names)
    limit = _limit(culprit.mtu)
    both = culprit.direction is Direction.BOTH
    said = f"Packets between {near} and {far} {limit}" if both else f"Packets from {near} to {far} {limit}"
    if culprit.kind is CulpritKind.LINK:
        return f"{_on(said, culprit)} while they pass {culprit.others:,} among themselves: the link between their switches."
    return f"{_on(said, culprit)} although both interfaces take {culprit.others:,}: a switch or cable between the two."


def _segment(culprit: Culprit, names: Names) -> str:
    where = _on(f"the link of {_all(culprit.where, names)}", culprit)
    return f"No pair on {where} passes more than {culprit.mtu or SMALLEST - 1:,} although the interfaces take {culprit.others:,}: the switch."


def _subnet(culprit: Culprit, names: Names) -> str:
    (port,) = culprit.where
    return f"{label(port, names)} has an MTU of {culprit.mtu:,}; its subnet is meant to have {culprit.others:,}."


_SAYING = {
    CulpritKind.INTERFACE: _interface,
    CulpritKind.PAIR: _between,
    CulpritKind.LINK: _between,
    CulpritKind.SEGMENT: _segment,
    CulpritKind.SUBNET: _subnet,
}


def _limit(mtu: int) -> str:
    return f"stop at {mtu:,}" if mtu else f"stop below {SMALLEST:,}"


def _switch(neighbour: Neighbour) -> str:
    return f"{neighbour.system_name or neighbour.chassis_id} port {neighbour.port_id}"


def _all(ports: tuple[Port, ...], names: Names) -> str:
    named = [label(_untagged(port), names) for port in ports[:NAMED]]
    more = len(ports) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _untagged(port: Port) -> Port:
    return Port(port.host, port.interface)


def _on(text: str, culprit: Culprit) -> str:
    if not culprit.vids:
        return text
    numbers = ", ".join(map(str, culprit.vids))
    return f"{text} (VID{'s' if len(culprit.vids) > 1 else ''} {numbers})"
